package mapping_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory/mapping"
)

// attribute returns what a preview says about one of our attributes.
func attribute(t *testing.T, v mapping.Preview, path string) mapping.Made {
	for _, m := range v.Attributes {
		if m.Attribute == path {
			return m
		}
	}
	t.Fatalf("the preview says nothing about %s", path)
	return mapping.Made{}
}

func TestAPreviewShowsWhereEverythingComesFrom(t *testing.T) {
	m := mapper(t, `{"nickName":{"first":[{"lower":"uid"},{"join":["cn","UID"]}]},"title":{"constant":"x"},"userName":"cn"}`)
	v := m.Preview(raw(values{"uid": {"ADA", "B"}, "l": {"\xff\xfe"}, "pwdAccountLockedTime": {"000001010000Z"}}))
	require.Equal(t, "uid=ada,dc=corp", v.DN)
	require.True(t, v.Disabled)
	require.Equal(t, `A value of the attribute l is not text (UTF-8).`, v.Skipped)
	nick := attribute(t, v, "nickName")
	require.Equal(t, []mapping.Given{{Name: "uid", Values: []string{"ADA", "B"}}, {Name: "cn", Values: []string{}}}, nick.From)
	require.Equal(t, []string{"ada"}, nick.Values)
	require.Empty(t, attribute(t, v, "title").From)
	require.Equal(t, []string{"x"}, attribute(t, v, "title").Values)
	place := attribute(t, v, `addresses[type eq "work"].locality`)
	require.Equal(t, []mapping.Given{{Name: "l", Values: []string{"(2 bytes)"}}}, place.From)
	require.Equal(t, v.Skipped, place.Problem)
	require.Empty(t, place.Values)
	out, err := json.Marshal(v)
	require.NoError(t, err)
	require.Contains(t, string(out), `"source":{"first":[{"lower":"uid"},{"join":["cn","UID"]}]}`)
	require.Contains(t, string(out), `"from":[],"values":["x"]`)
}

func TestAPreviewSaysWhyAnEntryIsSkipped(t *testing.T) {
	m := mapping.New(mapping.AD, mapping.Defaults(mapping.AD), 1<<20)
	entry := func(more ...mapping.Attribute) mapping.Raw {
		return mapping.Raw{DN: "CN=x", Attributes: append(more, mapping.Attribute{Name: "objectGUID", Values: [][]byte{guid}})}
	}
	state := mapping.Attribute{Name: "userAccountControl", Values: [][]byte{[]byte("512")}}
	for name, c := range map[string]struct {
		raw  mapping.Raw
		says string
	}{
		"a computer":      {entry(state, mapping.Attribute{Name: "objectClass", Values: [][]byte{[]byte("Computer")}}), "nobody's account"},
		"no state":        {entry(), "without a usable userAccountControl"},
		"no address":      {entry(state), "no e-mail address (attribute mail)"},
		"nothing missing": {entry(state, mapping.Attribute{Name: "mail", Values: [][]byte{[]byte("a@corp.example")}}), ""},
	} {
		v := m.Preview(c.raw)
		require.Equal(t, c.says == "", v.Skipped == "", name)
		require.Contains(t, v.Skipped, c.says, name)
	}
}
