package filter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseReadsTheGrammar(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"a comparison":                         {`userName eq "bjensen"`, `userName eq "bjensen"`},
		"operators in any case":                {`userName EQ "x" AND title Pr`, `userName eq "x" and title pr`},
		"spaces around and tabs between":       {"  title\t pr  ", `title pr`},
		"and binds tighter than or":            {`a pr or b pr and c pr`, `a pr or b pr and c pr`},
		"parentheses keep or inside and":       {`(a pr or b pr) and c pr`, `(a pr or b pr) and c pr`},
		"needless parentheses go":              {`((a pr)) and (b pr and c pr)`, `a pr and b pr and c pr`},
		"not":                                  {`not (a eq 1)`, `not (a eq 1)`},
		"not not":                              {`NOT(not(a pr))`, `not (not (a pr))`},
		"a sub-attribute":                      {`name.familyName co "O'Malley"`, `name.familyName co "O'Malley"`},
		"a name with its schema":               {`urn:ietf:params:scim:schemas:core:2.0:User:name.givenName sw "J"`, `urn:ietf:params:scim:schemas:core:2.0:User:name.givenName sw "J"`},
		"an element":                           {`emails[type eq "work" and value co "@x"]`, `emails[type eq "work" and value co "@x"]`},
		"an element with a comparison after":   {`emails[type eq "work"].value eq "a@x"`, `emails[type eq "work"].value eq "a@x"`},
		"an element and more":                  {`emails[type eq "work"] and active eq true`, `emails[type eq "work"] and active eq true`},
		"a not inside brackets":                {`emails[not (type eq "work")]`, `emails[not (type eq "work")]`},
		"a reference":                          {`manager.$ref pr`, `manager.$ref pr`},
		"literals in any case":                 {`a eq TRUE and b eq False and c ne NULL`, `a eq true and b eq false and c ne null`},
		"a number keeps every digit":           {`a gt -12345678901234567890.50e-3`, `a gt -12345678901234567890.50e-3`},
		"escaped quotes and backslashes":       {`a eq "say \"hi\" c:\\x\/y"`, `a eq "say \"hi\" c:\\x/y"`},
		"a surrogate pair":                     {`a eq "\ud83d\ude00"`, `a eq "😀"`},
		"unicode as it is":                     {`a eq "Žluťoučký"`, `a eq "Žluťoučký"`},
		"operators and brackets inside a text": {`a eq ") or (b pr]"`, `a eq ") or (b pr]"`},
		"an empty text":                        {`a eq ""`, `a eq ""`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n, err := Parse(tt.in)
			require.NoError(t, err)
			require.Equal(t, tt.want, n.String())
		})
	}
}

func TestParseTellsWhereAndWhatWasExpected(t *testing.T) {
	tests := map[string]struct {
		in   string
		pos  int
		text string
	}{
		"nothing":                         {"", 0, "the filter is empty"},
		"only spaces":                     {"   ", 3, "the filter is empty"},
		"an unknown operator":             {`userName is "x"`, 9, "expected a comparison operator"},
		"a missing value":                 {`userName eq`, 11, "expected a value"},
		"a text without quotes":           {`userName eq bjensen`, 12, "expected a value"},
		"a text in single quotes":         {`userName eq 'x'`, 12, `unexpected character '\''`},
		"an open string":                  {`userName eq "x`, 12, "without closing quote"},
		"an unknown escape":               {`a eq "\q"`, 6, "unknown escape"},
		"half a surrogate":                {`a eq "\ud83d"`, 6, "half of a surrogate pair"},
		"two high surrogates":             {`a eq "\ud83d\ud83d"`, 6, "half of a surrogate pair"},
		"a control character":             {"a eq \"x\ny\"", 7, "control character"},
		"invalid UTF-8":                   {"a eq \"\xff\"", 6, "invalid UTF-8"},
		"an open parenthesis":             {`(a pr`, 5, "expected and, or, or )"},
		"a closing parenthesis too many":  {`a pr)`, 4, "expected and, or, or the end"},
		"an operator without right side":  {`a pr and`, 8, "expected an attribute name"},
		"not without parentheses":         {`not a pr`, 4, "expected ( after not"},
		"brackets in brackets":            {`a[b[c pr]]`, 3, "brackets cannot stand inside brackets"},
		"brackets after a sub-attribute":  {`a.b[c pr]`, 3, "no brackets after the sub-attribute"},
		"an element's sub without an op":  {`emails[type pr].value`, 21, "expected a comparison operator"},
		"a dotted sub-sub-attribute":      {`a.b.c pr`, 0, "expected an attribute name"},
		"a number with a leading zero":    {`a eq 01`, 5, "malformed number"},
		"a number run into letters":       {`a eq 1x`, 5, "malformed number"},
		"a value first":                   {`"x" eq a`, 0, "expected an attribute name"},
		"a stray character":               {`a pr; b pr`, 4, `unexpected character ';'`},
		"a URN without an attribute name": {`urn:ietf: pr`, 0, "expected an attribute name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tt.in)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.pos, e.Pos, e.Text)
			require.Contains(t, e.Text, tt.text)
		})
	}
}

func TestLimitsAtAndOnePast(t *testing.T) {
	text := func(n int) string { return `a eq "` + strings.Repeat("x", n-len(`a eq ""`)) + `"` }
	nested := func(n int) string { return strings.Repeat("(", n) + "a pr" + strings.Repeat(")", n) }
	// n expressions joined by n-1 operators count 2n-1.
	terms := func(n int) string { return strings.Repeat("a pr or ", n-1) + "a pr" }
	tests := map[string]struct{ at, past, says string }{
		"length": {text(MaxLength), text(MaxLength + 1), "8193 bytes; at most 8192"},
		"depth":  {nested(MaxDepth), nested(MaxDepth + 1), "nested deeper than 32 levels"},
		"nodes":  {terms(MaxNodes / 2), terms(MaxNodes/2 + 1), "more than 512 expressions"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tt.at)
			require.NoError(t, err)
			_, err = Parse(tt.past)
			require.ErrorContains(t, err, tt.says)
		})
	}
	t.Run("100,000 parentheses", func(t *testing.T) {
		_, err := Parse(nested(100_000))
		require.ErrorContains(t, err, "at most 8192")
	})
	t.Run("parentheses to the full length", func(t *testing.T) {
		_, err := Parse(strings.Repeat("(", MaxLength))
		require.ErrorContains(t, err, "nested deeper than 32 levels")
	})
	t.Run("negations to the full length", func(t *testing.T) {
		_, err := Parse(strings.Repeat("not(", MaxLength/4))
		require.ErrorContains(t, err, "nested deeper than 32 levels")
	})
}

func TestParsePath(t *testing.T) {
	tests := map[string]struct {
		in   string
		want Path
	}{
		"an attribute":                {`userName`, Path{Attr: AttrPath{Name: "userName"}}},
		"a sub-attribute":             {`name.familyName`, Path{Attr: AttrPath{Name: "name", Sub: "familyName"}}},
		"an extension attribute":      {`urn:a:2.0:User:manager.value`, Path{Attr: AttrPath{URN: "urn:a:2.0:User", Name: "manager", Sub: "value"}}},
		"an element":                  {`emails[type eq "work"]`, Path{Attr: AttrPath{Name: "emails"}, Where: &Compare{Path: AttrPath{Name: "type"}, Op: Eq, Value: Value{Kind: String, Text: "work"}}}},
		"an element's sub-attribute":  {`emails[type pr].value`, Path{Attr: AttrPath{Name: "emails"}, Where: &Compare{Path: AttrPath{Name: "type"}, Op: Pr}, Sub: "value"}},
		"spaces inside the brackets":  {`emails[ type pr ]`, Path{Attr: AttrPath{Name: "emails"}, Where: &Compare{Path: AttrPath{Name: "type"}, Op: Pr}}},
		"nothing but an extension":    {`urn:a:2.0:User`, Path{Attr: AttrPath{URN: "urn:a:2.0", Name: "User"}}},
		"a reference sub-attribute":   {`manager.$ref`, Path{Attr: AttrPath{Name: "manager", Sub: "$ref"}}},
		"an extension multi-value":    {`urn:a:2.0:User:cars[value eq "x"]`, Path{Attr: AttrPath{URN: "urn:a:2.0:User", Name: "cars"}, Where: &Compare{Path: AttrPath{Name: "value"}, Op: Eq, Value: Value{Kind: String, Text: "x"}}}},
		"a hyphen and an underscore":  {`x-y_z`, Path{Attr: AttrPath{Name: "x-y_z"}}},
		"a sub-attribute any spelled": {`NAME.FamilyName`, Path{Attr: AttrPath{Name: "NAME", Sub: "FamilyName"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePath(tt.in)
			require.NoError(t, err)
			require.Equal(t, tt.want, p)
		})
	}
	for name, bad := range map[string]string{
		"nothing": "", "a filter": `userName eq "x"`, "an open bracket": `emails[type pr`, "an index": `emails[0]`,
		"a space before the dot": `emails[type pr] .value`, "a dot at the end": `name.`, "two dots": `a..b`, "empty brackets": `emails[]`,
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			_, err := ParsePath(bad)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.GreaterOrEqual(t, e.Pos, 0)
		})
	}
}

func genNode(depth int, inside bool) *rapid.Generator[Node] {
	name := rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9_-]{0,5}`).Filter(func(s string) bool {
		return !strings.EqualFold(s, "not")
	})
	value := rapid.OneOf(
		rapid.Just(Value{}),
		rapid.Map(rapid.Bool(), func(b bool) Value { return Value{Kind: Bool, Bool: b} }),
		rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?`), func(s string) Value { return Value{Kind: Number, Text: s} }),
		rapid.Map(rapid.String(), func(s string) Value { return Value{Kind: String, Text: strings.ToValidUTF8(s, "�")} }),
	)
	return rapid.Custom(func(t *rapid.T) Node {
		path := AttrPath{Name: name.Draw(t, "name")}
		if rapid.Bool().Draw(t, "hasSub") {
			path.Sub = name.Draw(t, "sub")
		}
		if rapid.Bool().Draw(t, "hasURN") {
			path.URN = "urn:x:2.0:User"
		}
		op := Op(rapid.IntRange(int(Eq), int(Pr)).Draw(t, "op"))
		compare := &Compare{Path: path, Op: op}
		if op != Pr {
			compare.Value = value.Draw(t, "value")
		}
		if depth == 0 {
			return compare
		}
		many := func(skip func(Node) bool) []Node {
			return rapid.SliceOfN(genNode(depth-1, inside).Filter(func(n Node) bool { return !skip(n) }), 2, 3).Draw(t, "terms")
		}
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			return &And{Terms: many(func(n Node) bool { _, and := n.(*And); return and })}
		case 1:
			return &Or{Terms: many(func(n Node) bool { _, or := n.(*Or); return or })}
		case 2:
			return &Not{Term: genNode(depth-1, inside).Draw(t, "term")}
		case 3:
			if inside {
				return compare
			}
			e := &Element{Path: AttrPath{URN: path.URN, Name: path.Name}, Where: genNode(depth-1, true).Draw(t, "where"), Sub: path.Sub}
			if e.Sub != "" {
				e.Op, e.Value = compare.Op, compare.Value
			}
			return e
		}
		return compare
	})
}

func TestPrintedFilterParsesToTheSameTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genNode(3, false).Draw(t, "filter")
		got, err := Parse(want.String())
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		require.Equal(t, want, got)
	})
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "x"`, `a[b pr].c eq 1 and not (d pr)`, `((a pr`, `a eq "\ud83d\ude00"`, `urn:a:b.c sw null`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(n.String())
		if len(n.String()) > MaxLength {
			return // escapes may grow in print
		}
		require.NoError(t, err, n.String())
		require.Equal(t, n, again)
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{`emails[type eq "work"].value`, `urn:a:2.0:User:manager`, `name.`, `a[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePath(s)
		if err != nil || len(p.String()) > MaxLength {
			return
		}
		again, err := ParsePath(p.String())
		require.NoError(t, err, p.String())
		require.Equal(t, p, again)
	})
}
