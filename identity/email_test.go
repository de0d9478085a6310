package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

var ascii = identity.EmailPolicy{}

func TestEML02_WhatIsTheSameAddress(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"letters of either case":              {"A@X.com", "a@x.COM", true},
		"white space around it":               {"  a@x.com\t", "a@x.com", true},
		"dots of the local part count":        {"a.b@gmail.com", "ab@gmail.com", false},
		"plus tags count":                     {"a+b@gmail.com", "a@gmail.com", false},
		"a domain and its A-label":            {"a@bücher.example", "a@xn--bcher-kva.example", true},
		"a domain in upper case beyond ASCII": {"a@BÜCHER.example", "a@bücher.example", true},
		"a decomposed domain":                 {"a@bu\u0308cher.example", "a@bücher.example", true},
		"full-width letters of a domain":      {"a@ｘ.com", "a@x.com", true},
		"sharp s is not double s (IDNA2008)":  {"a@straße.example", "a@strasse.example", false},
		"sub-domains":                         {"a@mail.x.com", "a@x.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := identity.ParseEmail(c.a, ascii)
			require.NoError(t, err)
			b, err := identity.ParseEmail(c.b, ascii)
			require.NoError(t, err)
			require.Equal(t, c.same, a.Key == b.Key, "%q and %q", a.Key, b.Key)
			require.Equal(t, strings.TrimSpace(c.a), a.Display, "the spelling is kept")
		})
	}
}

func TestEML02_WhatIsNoAddress(t *testing.T) {
	long := strings.Repeat("a", identity.MaxLocalPart)
	// 64 + 1 + 189: the longest address there is.
	domain := strings.Repeat("d", 63) + "." + strings.Repeat("e", 63) + "." + strings.Repeat("f", 57) + ".com"
	require.Len(t, long+"@"+domain, identity.MaxEmail)
	for _, good := range []string{long + "@x.com", long + "@" + domain, "o'brien!#$%&*+-/=?^_`{|}~@x.com"} {
		_, err := identity.ParseEmail(good, ascii)
		require.NoError(t, err)
	}
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                       {"   ", "empty"},
		"no at sign":                    {"ada.example.com", `no "@"`},
		"two at signs":                  {"a@b@x.com", `more than one "@"`},
		"nothing before the at sign":    {"@x.com", `nothing stands before`},
		"nothing after it":              {"a@", "the domain is empty"},
		"a space inside":                {"a b@x.com", "position 2"},
		"a quoted local part":           {`"a b"@x.com`, "position 1"},
		"a dot at the start":            {".a@x.com", "a dot"},
		"a dot at the end":              {"a.@x.com", "a dot"},
		"two dots":                      {"a..b@x.com", "a dot"},
		"a line break":                  {"a\nb@x.com", "position 2"},
		"a zero byte":                   {"a\x00@x.com", "position 2"},
		"bytes that are not UTF-8":      {"a\xff@x.com", "UTF-8"},
		"a local part of 65 bytes":      {long + "a@x.com", "65 bytes"},
		"255 bytes in all":              {long + "@" + strings.Replace(domain, "fff", "ffff", 1), "at most 254"},
		"an address literal":            {"a@[192.0.2.1]", "address literal"},
		"an IP address":                 {"a@192.0.2.1", "ends with a number"},
		"one label":                     {"a@localhost", "one label"},
		"a trailing dot":                {"a@x.com.", "ends with a dot"},
		"an empty label":                {"a@x..com", "not a domain"},
		"an underscore in the domain":   {"a@x_y.com", "not a domain"},
		"a full-width full stop":        {"a@x．com.org", "stand for a dot"},
		"an ideographic full stop":      {"a@x。com.org", "stand for a dot"},
		"a full-width at sign":          {"a＠x.com@y.com", "beyond ASCII"},
		"a local part beyond ASCII":     {"zoë@x.com", "beyond ASCII"},
		"a megabyte":                    {strings.Repeat("a", 1<<20) + "@x.com", "at most 254"},
		"mixed directions in one label": {"a@aא.com", "not a domain"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := identity.ParseEmail(c.text, ascii)
			require.Equal(t, identity.RuleInvalidEmail, identity.RuleOf(err))
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 400, "a message never repeats a whole long input")
		})
	}
}

func TestCLM41_TheNamespaceOfClaimedUsersIsReserved(t *testing.T) {
	for _, text := range []string{"a@convert-user.local", "a@x.com.convert-user.local", "a@X.CONVERT-USER.LOCAL"} {
		_, err := identity.ParseEmail(text, ascii)
		require.Equal(t, identity.RuleReservedDomain, identity.RuleOf(err), text)
	}
	_, err := identity.ParseEmail("a@notconvert-user.local", ascii)
	require.NoError(t, err, "a domain that only ends alike is free")
	t.Run("as a userName, however it is spelt", func(t *testing.T) {
		w := newWorld(t)
		org := w.org("A")
		for _, text := range []string{"a@convert-user.local", "a@X.CONVERT-USER.LOCAL", "a@ｃonvert-user.local"} {
			_, err := w.add(org, provider, identity.Draft{UserName: text})
			require.Equal(t, identity.Invalid, identity.KindOf(err), text)
		}
	})
}

func TestEML02_LocalPartsBeyondASCIINeedTheOperatorsSwitch(t *testing.T) {
	wide := identity.EmailPolicy{NonASCIILocalParts: true}
	a, err := identity.ParseEmail("Zoë@x.com", wide)
	require.NoError(t, err)
	b, err := identity.ParseEmail("ZOE\u0308@x.com", wide)
	require.NoError(t, err)
	require.Equal(t, a.Key, b.Key)
	for name, text := range map[string]string{
		"a full-width at sign": "zoë＠y@x.com",
		"a one dot leader":     "zoë․b@x.com",
		"a zero width joiner":  "zo\u200dë@x.com",
	} {
		_, err := identity.ParseEmail(text, wide)
		require.Equal(t, identity.RuleInvalidEmail, identity.RuleOf(err), name)
	}
}

func TestEML02_AKeyIsItsOwnKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-Za-z0-9!+.é@ｘ-]{1,30}@[A-Za-z0-9äß.-]{1,30}`).Draw(t, "address")
		policy := identity.EmailPolicy{NonASCIILocalParts: rapid.Bool().Draw(t, "wide")}
		e, err := identity.ParseEmail(text, policy)
		if err != nil {
			return
		}
		again, err := identity.ParseEmail(string(e.Key), policy)
		require.NoError(t, err)
		require.Equal(t, e.Key, again.Key)
		require.Equal(t, 1, strings.Count(string(e.Key), "@"))
		require.Equal(t, e.Domain, e.Key.DomainOf())
	})
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"a@x.com", "A.b+c@bücher.example", "a＠x.com@y.com", "@", "a@[::1]", "a@x。com"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, wide bool) {
		policy := identity.EmailPolicy{NonASCIILocalParts: wide}
		e, err := identity.ParseEmail(text, policy)
		if err != nil {
			require.NotEqual(t, identity.Internal, identity.KindOf(err))
			return
		}
		again, err := identity.ParseEmail(string(e.Key), policy)
		require.NoError(t, err)
		require.Equal(t, e.Key, again.Key)
		require.LessOrEqual(t, len(e.Key), identity.MaxEmail)
	})
}
