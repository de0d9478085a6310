package ldap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory/ldap"
	"rollcall/identity"
)

func TestASecretGoesToNobodyElse(t *testing.T) {
	for name, c := range map[string]struct {
		edit  func(*ldap.Settings)
		given bool
		names string // empty: allowed
	}{
		"nothing":                   {func(*ldap.Settings) {}, false, ""},
		"another base":              {func(s *ldap.Settings) { s.BaseDNs = []string{"DC=other"} }, false, ""},
		"another account":           {func(s *ldap.Settings) { s.BindDN = "CN=other" }, false, ""},
		"another host":              {func(s *ldap.Settings) { s.URLs = []string{"ldaps://evil.example"} }, false, "urls"},
		"one more host":             {func(s *ldap.Settings) { s.URLs = append(s.URLs, "ldaps://evil.example") }, false, "urls"},
		"another port":              {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1.corp.example:3269"} }, false, "urls"},
		"a domain":                  {func(s *ldap.Settings) { s.URLs, s.SRV = nil, "evil.example" }, false, "urls, srv"},
		"StartTLS":                  {func(s *ldap.Settings) { s.StartTLS = true }, false, "startTLS"},
		"clear text":                {func(s *ldap.Settings) { s.AllowPlaintext = true }, false, "allowPlaintext"},
		"another authority":         {func(s *ldap.Settings) { s.CAFile = "evil.pem" }, false, "caFile"},
		"another name":              {func(s *ldap.Settings) { s.ServerName = "evil.example" }, false, "serverName"},
		"another host, file given":  {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc2.corp.example"} }, true, ""},
		"the same file once more":   {func(s *ldap.Settings) { s.CAFile = "other.pem" }, true, ""},
		"another host, no password": {func(s *ldap.Settings) { s.URLs, s.BindPasswordFile = []string{"ldaps://dc2.corp.example"}, "" }, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := ldap.Settings{Kind: ldap.AD, URLs: []string{"ldaps://dc1.corp.example"}, BindDN: "CN=reader", BindPasswordFile: "password", BaseDNs: []string{"DC=corp"}}
			after := before
			after.URLs = append([]string(nil), before.URLs...)
			c.edit(&after)
			err := after.CheckSecret(before, c.given)
			if c.names == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, identity.RuleInvalidValue, identity.RuleOf(err))
			require.ErrorContains(t, err, c.names+" changed, and the password of before is not sent")
			require.ErrorContains(t, err, "give bindPasswordFile again")
		})
	}
}
