package mapping_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// title is a mapping whose title is made from a source in JSON.
func title(source string) string { return `{"title":` + source + `}` }

// nested returns an attribute in n objects.
func nested(n int) string { return strings.Repeat(`{"lower":`, n) + `"cn"` + strings.Repeat("}", n) }

// sources returns a list of n attributes.
func sources(n int) string { return `[` + strings.TrimSuffix(strings.Repeat(`"cn",`, n), ",") + `]` }

// parts is a source of 1 + 3 + 3*n + more parts.
func parts(n, more int) string {
	three := strings.TrimSuffix(strings.Repeat(`{"join":`+sources(n)+`},`, 3), ",")
	return `{"first":[` + three + strings.Repeat(`,"cn"`, more) + `]}`
}

func TestAMappingSaysWhatIsWrongAndWhere(t *testing.T) {
	for name, c := range map[string]struct{ mapping, field, says string }{
		"a name":                             {title(`"jobTitle"`), "", ""},
		"nothing":                            {title(`""`), "", ""},
		"a constant":                         {title(`{"constant":"Person"}`), "", ""},
		"first, join, lower, match together": {title(`{"first":[{"lower":"title"},{"join":["l",{"constant":"x"}],"separator":", "},{"match":"mail","pattern":"^(.+)@"}]}`), "", ""},
		"no object":                          {`[]`, "mapping", "not an object"},
		"a number":                           {title(`1`), "mapping.title", "this is no source; use the name of an attribute, or an object"},
		"null":                               {title(`null`), "mapping.title", "this is no source"},
		"a list":                             {title(`["a"]`), "mapping.title", "this is no source"},
		"an unknown key":                     {title(`{"upper":"cn"}`), "mapping.title.upper", `"upper" is nothing that a source can have`},
		"an unknown key beside a known one":  {title(`{"lower":"cn","uper":1}`), "mapping.title.uper", "is nothing that a source can have"},
		"an empty object":                    {title(`{}`), "mapping.title", "says nothing about where the value comes from"},
		"two forms":                          {title(`{"constant":"a","lower":"cn"}`), "mapping.title", "constant and lower exclude each other"},
		"an empty constant":                  {title(`{"constant":""}`), "mapping.title.constant", "the constant is empty"},
		"a constant of spaces":               {title(`{"constant":"  "}`), "mapping.title.constant", "spaces only"},
		"a constant that is a number":        {title(`{"constant":1}`), "mapping.title.constant", "no text"},
		"a constant that is null":            {title(`{"constant":null}`), "mapping.title.constant", "no text"},
		"a constant with a line end":         {title(`{"constant":"a\nb"}`), "mapping.title.constant", "control characters"},
		"a constant of 256 bytes":            {title(`{"constant":"` + strings.Repeat("x", 256) + `"}`), "", ""},
		"a constant of 257 bytes":            {title(`{"constant":"` + strings.Repeat("x", 257) + `"}`), "mapping.title.constant", "at most 256"},
		"a bad name in a list":               {title(`{"first":["title","a)(b"]}`), "mapping.title.first[1]", "not the name of an LDAP attribute"},
		"an empty name in a list":            {title(`{"join":[""]}`), "mapping.title.join[0]", "not the name"},
		"a number in a list":                 {title(`{"first":["title",{"lower":7}]}`), "mapping.title.first[1].lower", "this is no source"},
		"no list":                            {title(`{"first":"title"}`), "mapping.title.first", "no list of sources"},
		"an empty list":                      {title(`{"first":[]}`), "mapping.title.first", "give 1 to 8"},
		"8 sources":                          {title(`{"first":` + sources(8) + `}`), "", ""},
		"9 sources":                          {title(`{"first":` + sources(9) + `}`), "mapping.title.first", "give 1 to 8"},
		"9 sources to join":                  {title(`{"join":` + sources(9) + `}`), "mapping.title.join", "give 1 to 8"},
		"32 parts":                           {title(parts(8, 4)), "", ""},
		"33 parts":                           {title(parts(8, 5)), "mapping.title.first[7]", "more than 32 parts"},
		"4 deep":                             {title(nested(4)), "", ""},
		"5 deep":                             {title(nested(5)), "mapping.title.lower.lower.lower.lower", "more than 4 deep"},
		"1000 deep":                          {title(nested(1000)), "mapping.title.lower.lower.lower.lower", "more than 4 deep"},
		"a separator of 16 bytes":            {title(`{"join":["l","st"],"separator":"` + strings.Repeat("-", 16) + `"}`), "", ""},
		"a separator of 17 bytes":            {title(`{"join":["l","st"],"separator":"` + strings.Repeat("-", 17) + `"}`), "mapping.title.separator", "at most 16"},
		"a separator without a join":         {title(`{"lower":"cn","separator":"-"}`), "mapping.title.separator", "belongs to join"},
		"a pattern without a match":          {title(`{"lower":"cn","pattern":"(x)"}`), "mapping.title.pattern", "belongs to match"},
		"a match without a pattern":          {title(`{"match":"cn"}`), "mapping.title.pattern", "needs a pattern with one group"},
		"a pattern that is none":             {title(`{"match":"cn","pattern":"("}`), "mapping.title.pattern", "not a regular expression"},
		"a pattern that only others know":    {title(`{"match":"cn","pattern":"(?=x)(y)"}`), "mapping.title.pattern", "not a regular expression"},
		"a pattern without a group":          {title(`{"match":"cn","pattern":"x"}`), "mapping.title.pattern", "has 0 groups"},
		"a pattern with two groups":          {title(`{"match":"cn","pattern":"(x)(y)"}`), "mapping.title.pattern", "has 2 groups"},
		"a pattern with a group not counted": {title(`{"match":"cn","pattern":"(?:x)(y)"}`), "", ""},
		"a pattern of 256 bytes":             {title(`{"match":"cn","pattern":"(` + strings.Repeat("x", 254) + `)"}`), "", ""},
		"a pattern of 257 bytes":             {title(`{"match":"cn","pattern":"(` + strings.Repeat("x", 255) + `)"}`), "mapping.title.pattern", "at most 256"},
		"a pattern that is long to run":      {title(`{"match":"cn","pattern":"((?:wxyz){999})"}`), "mapping.title.pattern", "lower its repetitions"},
		"an attribute that nobody knows":     {`{"shoeSize":"x"}`, "mapping.shoeSize", "not an attribute that a directory can fill"},
		"nothing for userName":               {`{"userName":""}`, "mapping.userName", "nobody can be synchronized without it"},
		"a constant for userName":            {`{"userName":{"first":[{"constant":"x"}]}}`, "mapping.userName", "everybody the same userName"},
		"a constant for emails":              {`{"emails":{"constant":"a@corp.example"}}`, "mapping.emails", "everybody the same emails"},
		"emails that depend on the entry":    {`{"emails":{"join":["uid",{"constant":"corp.example"}],"separator":"@"}}`, "", ""},
		"a list with a filter in its path":   {`{"phoneNumbers[type eq \"work\"].value":{"first":["a b"]}}`, `mapping.phoneNumbers[type eq "work"].value.first[0]`, "not the name"},
	} {
		t.Run(name, func(t *testing.T) {
			var m mapping.Mapping
			err := json.Unmarshal([]byte(c.mapping), &m)
			if err == nil {
				err = m.Check(mapping.AD)
			}
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, identity.Invalid, e.Kind)
			require.Equal(t, c.field, e.Field)
			require.Contains(t, e.Detail, c.says)
		})
	}
}

func TestASourceMadeInGoIsCheckedLikeOneInJSON(t *testing.T) {
	cn := mapping.From("cn")
	for name, s := range map[string]mapping.Source{
		"two forms":                    {Constant: "x", Lower: &cn},
		"a form and an attribute":      {Attribute: "cn", Lower: &cn},
		"an empty source in another":   {Lower: &mapping.Source{}},
		"a separator and no join":      {Lower: &cn, Separator: "-"},
		"a constant that is not UTF-8": {Constant: "\xff"},
	} {
		err := mapping.Mapping{"title": s}.Check(mapping.AD)
		require.Equal(t, identity.RuleInvalidValue, identity.RuleOf(err), name)
	}
}

func TestAMappingSurvivesItsJSON(t *testing.T) {
	for _, text := range []string{`{}`, `{"title":"jobTitle"}`, `{"title":""}`,
		`{"title":{"first":["a",{"join":["b",{"constant":"<&>"}],"separator":"/"},{"lower":"c"},{"match":"d","pattern":"(x)"}]}}`} {
		var m, again mapping.Mapping
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		raw, err := json.Marshal(m)
		require.NoError(t, err)
		require.JSONEq(t, text, string(raw))
		require.NoError(t, json.Unmarshal(raw, &again))
		require.Equal(t, m, again)
	}
}

func TestASourceOnTheCommandLine(t *testing.T) {
	for text, want := range map[string]string{
		"mail": "mail", "": "", " mail ": "mail",
		` {"first": ["mail", "userPrincipalName"]}`: `{"first":["mail","userPrincipalName"]}`,
		`{"match":"cn","pattern":"<(x)>"}`:          `{"match":"cn","pattern":"<(x)>"}`,
	} {
		s, err := mapping.Parse("emails", text)
		require.NoError(t, err)
		require.Equal(t, want, s.String())
	}
	_, err := mapping.Parse("emails", `{"first":["mail"]`)
	require.ErrorContains(t, err, "this is no source")
}

func TestDefaultMappingsAreSound(t *testing.T) {
	for _, kind := range []string{mapping.AD, mapping.OpenLDAP} {
		require.NoError(t, mapping.Mapping{}.Check(kind))
		for _, path := range mapping.Defaults(kind).Owns() {
			require.True(t, path == "userName" || path == "emails" || directory.KnownAttribute(path), path)
		}
	}
}

func ExampleParse() {
	s, _ := mapping.Parse("userName", `{"lower": {"first": ["mail", "userPrincipalName"]}}`)
	fmt.Println(s)
	// Output: {"lower":{"first":["mail","userPrincipalName"]}}
}
