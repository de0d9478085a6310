package mapping_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

const uuidText = "00112233-4455-6677-8899-aabbccddeeff"

var guid = []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}

// values are an entry's attributes.
type values map[string][]string

// raw is an entry of OpenLDAP.
func raw(attributes values) mapping.Raw {
	r := mapping.Raw{DN: "uid=ada,dc=corp"}
	all := values{"entryUUID": {uuidText}, "mail": {"ada@corp.example"}}
	maps.Copy(all, attributes)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := mapping.Attribute{Name: name}
		for _, value := range all[name] {
			a.Values = append(a.Values, []byte(value))
		}
		r.Attributes = append(r.Attributes, a)
	}
	return r
}

// mapper is one of OpenLDAP's schema with an edited mapping in JSON.
func mapper(t testing.TB, edited string) *mapping.Mapper {
	var m mapping.Mapping
	require.NoError(t, json.Unmarshal([]byte(edited), &m))
	require.NoError(t, m.Check(mapping.OpenLDAP))
	return mapping.New(mapping.OpenLDAP, m.WithDefaults(mapping.OpenLDAP), 1<<20)
}

func TestWhatASourceMakes(t *testing.T) {
	long := strings.Repeat("x", 32<<10)
	for name, c := range map[string]struct {
		source  string
		values  values
		want    string
		problem string
	}{
		"an attribute":                         {`"cn"`, values{"cn": {"Ada"}}, "Ada", ""},
		"an attribute in another case":         {`"CN"`, values{"cN": {"Ada"}}, "Ada", ""},
		"the first of several values":          {`"cn"`, values{"cn": {" ", "Ada", "Bob"}}, "Ada", ""},
		"spaces around":                        {`"cn"`, values{"cn": {" Ada "}}, "Ada", ""},
		"an attribute that is not there":       {`"cn"`, nil, "", ""},
		"another language":                     {`"cn"`, values{"cn;lang-de": {"Ada"}}, "", ""},
		"a part of the values":                 {`"cn"`, values{"cn;range=0-1": {"Ada"}}, "", "only a part of them"},
		"not text":                             {`"cn"`, values{"cn": {"a\x00b"}}, "", "not text"},
		"a value of 32 KiB":                    {`"cn"`, values{"cn": {long}}, long, ""},
		"a larger value":                       {`"cn"`, values{"cn": {long + "x"}}, "", "has 32769 bytes"},
		"a constant":                           {`{"constant":" Person "}`, nil, "Person", ""},
		"first: the first":                     {`{"first":["cn","sn"]}`, values{"cn": {"a"}, "sn": {"b"}}, "a", ""},
		"first: the second":                    {`{"first":["cn","sn"]}`, values{"cn": {""}, "sn": {"b"}}, "b", ""},
		"first: a constant at last":            {`{"first":["cn",{"constant":"c"}]}`, nil, "c", ""},
		"first: one that is not needed is bad": {`{"first":["cn","st"]}`, values{"cn": {"a"}, "st": {"\xff"}}, "a", ""},
		"first: one that is needed is bad":     {`{"first":["st","cn"]}`, values{"cn": {"a"}, "st": {"\xff"}}, "", "not text"},
		"join":                                 {`{"join":["givenName","sn"],"separator":" "}`, values{"givenName": {"Ada"}, "sn": {"King", "Byron"}}, "Ada King", ""},
		"join: one is missing":                 {`{"join":["givenName","sn"],"separator":" "}`, values{"sn": {"King"}}, "King", ""},
		"join: all are missing":                {`{"join":["givenName","sn"],"separator":" "}`, nil, "", ""},
		"join: only the constant is there":     {`{"join":["uid",{"constant":"corp.example"}],"separator":"@"}`, nil, "", ""},
		"join: with a constant":                {`{"join":["uid",{"constant":"corp.example"}],"separator":"@"}`, values{"uid": {"ada"}}, "ada@corp.example", ""},
		"join: nothing but constants":          {`{"join":[{"constant":"a"},{"constant":"b"}]}`, nil, "ab", ""},
		"join: too much":                       {`{"join":["cn","sn"]}`, values{"cn": {long}, "sn": {"x"}}, "", "What is joined has 32769 bytes"},
		"lower":                                {`{"lower":"cn"}`, values{"cn": {"ADA Ä"}}, "ada ä", ""},
		"match":                                {`{"match":"uid","pattern":"^([^@]+)@"}`, values{"uid": {"ada@x"}}, "ada", ""},
		"match: spaces around":                 {`{"match":"uid","pattern":"^(.*)@"}`, values{"uid": {"ada @x"}}, "ada", ""},
		"match: nothing":                       {`{"match":"uid","pattern":"^([^@]+)@"}`, values{"uid": {"ada"}}, "", ""},
		"match: an empty group":                {`{"match":"uid","pattern":"^(x*)"}`, values{"uid": {"ada"}}, "", ""},
		"match: the second value":              {`{"match":"uid","pattern":"^([^@]+)@"}`, values{"uid": {"ada", "bob@x"}}, "bob", ""},
		"nested":                               {`{"first":[{"match":{"lower":"cn"},"pattern":"^x(.)"},{"lower":"sn"}]}`, values{"cn": {"Xy"}, "sn": {"S"}}, "y", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, drop, gap := mapper(t, title(c.source)).Entry(raw(c.values))
			require.False(t, drop)
			require.Empty(t, gap)
			if c.problem != "" {
				require.Contains(t, e.Problem, c.problem)
				require.Nil(t, e.Attributes)
				return
			}
			require.Empty(t, e.Problem)
			require.Equal(t, c.want, e.Attributes["title"])
			_, there := e.Attributes["title"]
			require.Equal(t, c.want != "", there, "what the entry lacks is not in it")
		})
	}
}

func TestDIR04_AddressAndUserNameAreMadeLikeEverythingElse(t *testing.T) {
	m := mapper(t, `{"emails":{"first":["mail","userPrincipalName"]},"userName":{"lower":{"first":["mail","userPrincipalName"]}},"externalId":"uid"}`)
	e, _, _ := m.Entry(raw(values{"mail": {"Ada@corp.example", "Second@corp.example"}, "uid": {"a1"}}))
	require.Equal(t, []string{"Ada@corp.example", "Second@corp.example"}, e.Emails, "all values of the first that has any")
	require.Equal(t, "ada@corp.example", e.UserName)
	require.Equal(t, identity.ExternalID("a1"), e.ExternalID)
	require.Empty(t, e.Manager)
	e, _, _ = m.Entry(raw(values{"manager": {"uid=boss,dc=corp"}}))
	require.Equal(t, "uid=boss,dc=corp", e.Manager)
	require.NotContains(t, e.Attributes, directory.ManagerPath, "it is an entry's name, not a value of ours")
	e, _, _ = m.Entry(raw(values{"mail": nil, "userPrincipalName": {"Ada@corp.example"}}))
	require.Equal(t, []string{"Ada@corp.example"}, e.Emails)
	e, _, _ = m.Entry(raw(values{"mail": nil}))
	require.Equal(t, `The entry has no e-mail address (made from {"first":["mail","userPrincipalName"]}); it is synchronized once it has one.`, e.Problem)

	proxies := mapper(t, `{"emails":{"match":"proxyAddresses","pattern":"(?i)^smtp:(.+)$"}}`)
	e, _, _ = proxies.Entry(raw(values{"proxyAddresses": {"SMTP:ada@corp.example", "sip:ada@corp.example", "smtp:a@corp.example"}}))
	require.Equal(t, []string{"ada@corp.example", "a@corp.example"}, e.Emails)
}

func TestASearchAsksForWhatTheSourcesName(t *testing.T) {
	m := mapper(t, `{"emails":{"first":["mail","userPrincipalName"]},"title":{"join":["Title",{"lower":"l"},{"constant":"x"}]},"nickName":{"match":"TITLE","pattern":"(.)"},"displayName":""}`)
	got := m.Wanted()
	for _, name := range []string{"entryUUID", "pwdAccountLockedTime", "mail", "userPrincipalName", "l"} {
		require.Equal(t, 1, count(got, name), name)
	}
	require.Equal(t, 1, count(got, "title"), "no attribute is asked for twice: %v", got)
	require.Zero(t, count(got, "displayName"))
	require.Zero(t, count(got, "x"))
	require.Contains(t, m.Owns(), "nickName")
	require.NotContains(t, m.Owns(), "displayName")
	require.True(t, slices.IsSorted(m.Owns()))
}

func count(list []string, name string) (n int) {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			n++
		}
	}
	return n
}

func TestAnEntryOfMoreBytesThanAllowedIsNotRead(t *testing.T) {
	r := raw(values{"cn": {"Ada"}})
	size := len(r.DN)
	for _, a := range r.Attributes {
		for _, value := range a.Values {
			size += len(value)
		}
	}
	for limit, problem := range map[int]string{size: "", size - 1: "at most"} {
		e, _, _ := mapping.New(mapping.OpenLDAP, mapping.Defaults(mapping.OpenLDAP), limit).Entry(r)
		require.Equal(t, problem == "", e.Problem == "", e.Problem)
		require.Contains(t, e.Problem, problem)
	}
}

func TestIDsOfBothKinds(t *testing.T) {
	for name, c := range map[string]struct {
		kind  string
		value []byte
		want  identity.ObjectID
	}{
		"objectGUID is in mixed order": {mapping.AD, guid, uuidText},
		"objectGUID cut short":         {mapping.AD, guid[:15], ""},
		"entryUUID is text":            {mapping.OpenLDAP, []byte(uuidText), uuidText},
		"entryUUID in braces":          {mapping.OpenLDAP, []byte("{" + uuidText + "}"), ""},
	} {
		got, ok := mapping.IDOf(c.kind, c.value)
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.want != "", ok, name)
	}
}

// FuzzMapping reads arbitrary mappings and evaluates those that are accepted over arbitrary values. Whatever comes, nothing
// panics, what was accepted survives its JSON, and what is made is text within bounds.
func FuzzMapping(f *testing.F) {
	f.Add(`{"title":{"first":["cn",{"join":["sn","cn"],"separator":"-"}]}}`, []byte("Ada"), []byte("King"))
	f.Add(`{"emails":{"match":{"lower":"cn"},"pattern":"^(.*)@"},"userName":"sn"}`, []byte("A@b"), []byte("\xff"))
	f.Add(`{"title":{"constant":"x","lower":"cn"}}`, []byte(""), []byte("\x00"))
	f.Fuzz(func(t *testing.T, text string, cn, sn []byte) {
		var m mapping.Mapping
		if json.Unmarshal([]byte(text), &m) != nil || m.Check(mapping.OpenLDAP) != nil {
			return
		}
		out, err := json.Marshal(m)
		require.NoError(t, err)
		var again mapping.Mapping
		require.NoError(t, json.Unmarshal(out, &again))
		require.NoError(t, again.Check(mapping.OpenLDAP))
		p := mapping.New(mapping.OpenLDAP, again.WithDefaults(mapping.OpenLDAP), 1<<20)
		r := raw(nil)
		r.Attributes = append(r.Attributes, mapping.Attribute{Name: "cn", Values: [][]byte{cn, sn}}, mapping.Attribute{Name: "sn", Values: [][]byte{sn}})
		e, drop, gap := p.Entry(r)
		require.False(t, drop)
		require.Empty(t, gap)
		for path, value := range e.Attributes {
			require.True(t, utf8.ValidString(value) && value != "" && len(value) <= 100_000, path)
			require.True(t, directory.KnownAttribute(path), path)
		}
	})
}
