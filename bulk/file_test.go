package bulk

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

var licences = []offer{
	{licence: "Calling", subscriptions: []identity.SubscriptionID{"01a", "02b"}},
	{licence: "title", subscriptions: []identity.SubscriptionID{"01a"}},
}

// readAll returns the ids of the columns and all rows.
func readAll(r io.Reader) (columns []string, rows [][]string, err error) {
	f, err := openFile(r, sheet{fixed: userColumns, licences: licences})
	if err != nil {
		return nil, nil, err
	}
	for _, c := range f.columns {
		columns = append(columns, c.id)
	}
	for {
		cells, err := f.next()
		if errors.Is(err, io.EOF) {
			return columns, rows, nil
		}
		if err != nil {
			return columns, rows, err
		}
		rows = append(rows, append([]string(nil), cells...))
	}
}

func TestCSV07_FilesThatAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		columns []string
		rows    [][]string
	}{
		"the address alone":           {userHeader + "\na@x.com\n", []string{"user"}, [][]string{{"a@x.com"}}},
		"a byte order mark":           {"\xef\xbb\xbf" + userHeader + "\na@x.com\n", []string{"user"}, [][]string{{"a@x.com"}}},
		"no line end at the end":      {userHeader + "\na@x.com", []string{"user"}, [][]string{{"a@x.com"}}},
		"line ends of Windows":        {userHeader + ",Title\r\na@x.com,T\r\n", []string{"user", "title"}, [][]string{{"a@x.com", "T"}}},
		"headers in any case":         {"USER id/email (REQUIRED),  first name \na@x.com,A\n", []string{"user", "first"}, [][]string{{"a@x.com", "A"}}},
		"quotes, commas, line ends":   {userHeader + ",Title\na@x.com,\"a \"\"b\"\", c\nd\"\n", []string{"user", "title"}, [][]string{{"a@x.com", "a \"b\", c\nd"}}},
		"a licence":                   {userHeader + ",calling\na@x.com,TRUE\n", []string{"user", "licence:Calling"}, [][]string{{"a@x.com", "TRUE"}}},
		"a licence of a subscription": {userHeader + ",Calling (02B)\na@x.com,\n", []string{"user", "licence:Calling"}, [][]string{{"a@x.com", ""}}},
		"a licence called like a column": {userHeader + ",title,Title (01a)\na@x.com,T,TRUE\n", []string{"user", "title", "licence:title"},
			[][]string{{"a@x.com", "T", "TRUE"}}},
		"rows with nothing in them": {userHeader + ",Title\n,\n\na@x.com,\n , \n", []string{"user", "title"}, [][]string{{"a@x.com", ""}}},
		"a header alone":            {userHeader + "\n", []string{"user"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
				columns, rows, err := readAll(r)
				require.NoError(t, err)
				require.Equal(t, c.columns, columns)
				require.Equal(t, c.rows, rows)
			}
		})
	}
}

func TestCSV07_FilesThatAreRefusedSayWhere(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"empty":                      {"", "the file is empty"},
		"no address":                 {"First Name\nAda\n", `the column "User ID/Email (Required)" is missing`},
		"an unknown column":          {userHeader + ",Shoe Size\n", `column 2, "Shoe Size", is not known; there are "User ID/Email (Required)", "First Name", `},
		"an unknown subscription":    {userHeader + ",Calling (03c)\n", `column 2, "Calling (03c)", is not known`},
		"a column twice":             {userHeader + ",Title,TITLE\n", `column 3, "TITLE", is there twice`},
		"a licence twice":            {userHeader + ",Calling (01a),Calling (02b)\n", `column 3, "Calling (02b)", is there twice`},
		"semicolons":                 {userHeader + ";Title\n", "separated by commas"},
		"too few columns":            {userHeader + ",Title\na@x.com,T\nb@x.com\n", "line 3: the row has 1 columns, and the header has 2"},
		"too many columns":           {userHeader + "\na@x.com,T\n", "line 2: the row has 2 columns, and the header has 1"},
		"a quote in a bare cell":     {userHeader + ",Title\na@x.com,b\"c\n", "line 2, position 10"},
		"a quote that is not closed": {userHeader + ",Title\na@x.com,\"b\n", "a quoted cell ends in the wrong place or not at all"},
		"Latin-1":                    {userHeader + ",Title\na@x.com,\xe5\n", "line 2: column 2 is not UTF-8"},
		"UTF-16":                     {"\xff\xfeU\x00s\x00e\x00r\x00\n", "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.says)
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			require.Equal(t, identity.RuleInvalidValue, identity.RuleOf(err))
		})
	}
}

func TestARowHasALimit(t *testing.T) {
	row := func(size int) string { return "a@x.com," + strings.Repeat("x", size-len("a@x.com,\n")) + "\n" }
	begin := userHeader + ",Title\n" + row(100)
	_, rows, err := readAll(strings.NewReader(begin + row(MaxRowBytes)))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	_, _, err = readAll(strings.NewReader(begin + row(MaxRowBytes+1)))
	require.ErrorContains(t, err, "row 2 has more than 32768 bytes")

	endless := io.MultiReader(strings.NewReader(begin+`a@x.com,"`), endlessly('x'))
	_, _, err = readAll(endless)
	require.ErrorContains(t, err, "row 2 has more than 32768 bytes; perhaps a quotation mark is not closed")
	_, _, err = readAll(endlessly('x'))
	require.ErrorContains(t, err, "the header has more than 32768 bytes")
}

type endlessly byte

func (e endlessly) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestAFileThatBreaksOffIsRefused(t *testing.T) {
	_, _, err := readAll(io.MultiReader(strings.NewReader(userHeader+"\na@x.com\n"), iotest.ErrReader(errors.New("secret of the network"))))
	var refusal *identity.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, identity.Invalid, refusal.Kind)
	require.NotContains(t, refusal.Detail, "secret")
}

// Whatever comes, a file is read whole or refused with a reason for people; no row is longer than it may be.
func FuzzFile(f *testing.F) {
	f.Add([]byte(userHeader + ",Title,Calling\na@x.com,\"T\"\"\n\",TRUE\n"))
	f.Add([]byte("\xef\xbb\xbf" + userHeader + "\r\n'=a@x.com\r\n\r\n,\r\n"))
	f.Add([]byte(userHeader + ";x\n\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		columns, rows, err := readAll(strings.NewReader(string(data)))
		if err != nil {
			var refusal *identity.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, identity.Invalid, refusal.Kind)
			require.NotEmpty(t, refusal.Detail)
		}
		for _, row := range rows {
			require.Len(t, row, len(columns))
			for _, cell := range row {
				require.LessOrEqual(t, len(cell), MaxRowBytes)
			}
		}
	})
}
