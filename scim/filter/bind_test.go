package filter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// testSchema has one attribute of every kind that compares differently.
func testSchema() Resolver {
	text := func(name string) *Attribute { return &Attribute{Name: name, Fold: strings.ToLower} }
	attrs := map[string]*Attribute{
		"username":   text("userName"),
		"externalid": {Name: "externalId"},
		"title":      text("title"),
		"active":     {Name: "active", Type: TypeBoolean},
		"age":        {Name: "age", Type: TypeDecimal},
		"created":    {Name: "created", Type: TypeDateTime},
		"photo":      {Name: "photo", Type: TypeBinary},
		"password":   {Name: "password", Hidden: true},
		"tags":       {Name: "tags", Multi: true},
		"name":       {Name: "name", Type: TypeComplex, Subs: map[string]*Attribute{"familyname": text("familyName")}},
		"emails": {Name: "emails", Type: TypeComplex, Multi: true, Subs: map[string]*Attribute{
			"value": text("value"), "type": text("type"), "primary": {Name: "primary", Type: TypeBoolean}}},
		"manager": {Name: "manager", Container: "urn:x:User", Type: TypeComplex, Subs: map[string]*Attribute{
			"value": {Name: "value"}}},
	}
	return func(p AttrPath) (*Attribute, *Attribute) {
		a := attrs[strings.ToLower(p.Name)]
		if a == nil || p.URN != "" && p.URN != a.Container {
			return nil, nil
		}
		return a, a.Sub(p.Sub)
	}
}

func decode(t require.TestingT, s string) map[string]any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var m map[string]any
	require.NoError(t, d.Decode(&m))
	return m
}

const ada = `{"userName":"Ada@X.org","externalId":"E1","title":"Émilie Director","active":true,"age":36.50,
 "created":"2024-03-01T10:00:00.5Z","tags":["a","b"],"photo":"AAAA","name":{"familyName":"Lovelace"},
 "emails":[{"value":"ada@x.org","type":"work","primary":true},{"value":"ada@home.org","type":"home"}],
 "urn:x:User":{"manager":{"value":"m1"}}}`

func TestEvaluate(t *testing.T) {
	tests := map[string]bool{
		`userName eq "ada@x.ORG"`:                     true,
		`USERNAME eq "ada@x.org"`:                     true,
		`userName ne "ada@x.org"`:                     false,
		`userName sw "ADA"`:                           true,
		`userName ew ".ORG"`:                          true,
		`userName co "@x"`:                            true,
		`userName gt "aaa"`:                           true,
		`userName lt "aaa"`:                           false,
		`externalId eq "E1"`:                          true,
		`externalId eq "e1"`:                          false,
		`title co "ÉMILIE"`:                           true,
		`title pr`:                                    true,
		`active eq true`:                              true,
		`active ne true`:                              false,
		`age eq 36.5`:                                 true,
		`age eq 3650e-2`:                              true,
		`age gt 36.49999999999999999999999999`:        true,
		`age lt 1e999999999999999999999`:              true,
		`age gt -1e999999999999999999999`:             true,
		`created gt "2024-03-01T10:00:00Z"`:           true,
		`created le "2024-03-01T12:00:00+02:00"`:      false,
		`created eq "2024-03-01T11:00:00.500+01:00"`:  true,
		`photo eq "AAAA"`:                             true,
		`photo eq "aaaa"`:                             false,
		`tags eq "b"`:                                 true,
		`tags ne "b"`:                                 false,
		`tags ne "c"`:                                 true,
		`tags[value eq "b"]`:                          true,
		`tags[value eq "c"]`:                          false,
		`name.familyName eq "LOVELACE"`:               true,
		`name pr`:                                     true,
		`emails eq "ada@home.org"`:                    true,
		`emails.value co "home"`:                      true,
		`emails[type eq "work" and value co "home"]`:  false,
		`emails[type eq "home" and value co "home"]`:  true,
		`emails[type eq "work"].value eq "ada@x.org"`: true,
		`emails[type eq "work"] eq "ada@x.org"`:       true,
		`emails[type eq "home"].value eq "ada@x.org"`: false,
		`emails[type eq "home"].primary pr`:           false,
		`emails[not (primary eq true)]`:               true,
		`urn:x:User:manager.value eq "m1"`:            true,
		`manager eq "m1"`:                             true,
		`manager eq null`:                             false,
		`not (title pr)`:                              false,
		`title pr and (active eq false or age gt 1)`:  true,
		`title eq null or userName eq null`:           false,
		`title ne null`:                               true,
		`created pr and externalId sw "E" and not (emails[type eq "other"])`: true,
	}
	for in, want := range tests {
		t.Run(in, func(t *testing.T) {
			n, err := Parse(in)
			require.NoError(t, err)
			p, err := Bind(n, testSchema(), Options{})
			require.NoError(t, err)
			require.Equal(t, want, p(decode(t, ada)))
		})
	}
}

func TestEvaluateAnAbsentAttribute(t *testing.T) {
	for in, want := range map[string]bool{
		`title eq "x"`: false, `title ne "x"`: true, `title pr`: false, `title eq null`: true, `emails pr`: false,
		`emails.value ne "x"`: true, `emails[type eq "work"]`: false, `age gt 1`: false, `active eq false`: false,
		`manager.value eq "m"`: false, `name.familyName co ""`: false,
	} {
		t.Run(in, func(t *testing.T) {
			n, err := Parse(in)
			require.NoError(t, err)
			p, err := Bind(n, testSchema(), Options{})
			require.NoError(t, err)
			require.Equal(t, want, p(map[string]any{}))
			require.Equal(t, want, p(decode(t, `{"title":"","emails":[],"name":{},"manager":null}`)))
		})
	}
}

func TestBindRefusesWhatTheTypeDoesNotKnow(t *testing.T) {
	for in, says := range map[string]string{
		`unknown pr`:                 "unknown is no attribute",
		`name.unknown pr`:            "name.unknown is no attribute",
		`emails[unknown pr]`:         "unknown is no attribute",
		`emails[type pr].x pr`:       "emails has no sub-attribute x",
		`name[familyName pr]`:        "name has a single value",
		`name eq "x"`:                "like name.familyName",
		`active eq "true"`:           "without quotes",
		`active gt true`:             "knows only eq, ne and pr",
		`age eq "1"`:                 "without quotes",
		`age co 1`:                   "does not know co",
		`created eq "yesterday"`:     "compare it with one like",
		`created sw "2024"`:          "does not know sw",
		`photo gt "A"`:               "is binary",
		`title eq 5`:                 "in double quotes, not with 5",
		`title gt null`:              "null can only be compared with eq and ne",
		`password sw "a"`:            "never returned",
		`title pr and (unknown pr)`:  "unknown is no attribute",
		`not (tags[type eq "a"])`:    "type is no attribute",
		`urn:other:manager.value pr`: "is no attribute",
	} {
		t.Run(in, func(t *testing.T) {
			n, err := Parse(in)
			require.NoError(t, err)
			_, err = Bind(n, testSchema(), Options{})
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, -1, e.Pos)
			require.Contains(t, e.Text, says)
		})
	}
}

func TestStringBooleansAreASwitch(t *testing.T) {
	n, err := Parse(`emails[primary eq "True"].value eq "ada@x.org"`)
	require.NoError(t, err)
	_, err = Bind(n, testSchema(), Options{})
	require.ErrorContains(t, err, "without quotes")
	p, err := Bind(n, testSchema(), Options{StringBooleans: true})
	require.NoError(t, err)
	require.True(t, p(decode(t, ada)))

	n, err = Parse(`active eq "maybe"`)
	require.NoError(t, err)
	_, err = Bind(n, testSchema(), Options{StringBooleans: true})
	require.ErrorContains(t, err, "compare it with true or false")
}

func TestNegationAndExcludedMiddle(t *testing.T) {
	doc := decode(t, ada)
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SampledFrom([]string{`userName`, `title`, `externalId`, `emails.value`, `tags`, `name.familyName`}).Draw(t, "attr") +
			rapid.SampledFrom([]string{" eq ", " ne ", " co ", " sw ", " ew ", " gt ", " ge ", " lt ", " le "}).Draw(t, "op") +
			quote(rapid.SampledFrom([]string{"", "a", "ada@x.org", "E1", "LOVELACE", "b", "É"}).Draw(t, "value"))
		eval := func(s string) bool {
			n, err := Parse(s)
			require.NoError(t, err)
			p, err := Bind(n, testSchema(), Options{})
			require.NoError(t, err)
			return p(doc)
		}
		require.NotEqual(t, eval(src), eval("not ("+src+")"))
		require.True(t, eval(src+" or not ("+src+")"))
		require.False(t, eval(src+" and not ("+src+")"))
	})
}

func TestDecimalComparesExactly(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"0", "-0.0", 0}, {"1", "1.000", 0}, {"10", "1e1", 0}, {"0.001", "1E-3", 0}, {"-2", "-10", 1}, {"2", "10", -1},
		{"9007199254740993", "9007199254740992", 1}, {"1e1000000000", "9e999999999", 1}, {"0.1", "0.10000000000000000000001", -1},
		{"-1", "1", -1}, {"0", "1e-999999999999999999999", -1}, {"100", "99.9", 1},
	} {
		t.Run(tt.a+" and "+tt.b, func(t *testing.T) {
			require.Equal(t, tt.want, parseDecimal(tt.a).compare(parseDecimal(tt.b)))
			require.Equal(t, -tt.want, parseDecimal(tt.b).compare(parseDecimal(tt.a)))
		})
	}
}

func BenchmarkParseLookup(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(`userName eq "ada@example.org"`); err != nil {
			b.Fatal(err)
		}
	}
}
