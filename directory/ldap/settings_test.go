package ldap_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

func receivers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("r%02d@corp.example", i)
	}
	return list
}

func TestSettingsSayWhatIsWrongAndWhere(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	empty, notPEM := write("empty", "\n"), write("not.pem", "hello")
	long := strings.Repeat("x", 129)
	for name, c := range map[string]struct {
		edit  func(*ldap.Settings)
		field string // empty: accepted
		says  string
	}{
		"as it should be":                {func(s *ldap.Settings) {}, "", ""},
		"kind unknown":                   {func(s *ldap.Settings) { s.Kind = "novell" }, "kind", "use ad or openldap"},
		"no URL":                         {func(s *ldap.Settings) { s.URLs = nil }, "urls", "ldaps://dc1.corp.example.com"},
		"malformed URL":                  {func(s *ldap.Settings) { s.URLs = []string{"ldaps://[::1"} }, "urls[0]", "is not a URL"},
		"another scheme":                 {func(s *ldap.Settings) { s.URLs = []string{"https://dc1"} }, "urls[0]", "does not begin with ldap://"},
		"no scheme":                      {func(s *ldap.Settings) { s.URLs = []string{"dc1.corp.example"} }, "urls[0]", "does not begin with ldap://"},
		"no host":                        {func(s *ldap.Settings) { s.URLs = []string{"ldaps://"} }, "urls[0]", "names no host"},
		"port 0":                         {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1:0"} }, "urls[0]", "between 1 and 65535"},
		"port 65536":                     {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1:65536"} }, "urls[0]", "between 1 and 65535"},
		"a base in the URL":              {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1/DC=corp"} }, "urls[0]", "fields of their own"},
		"a password in the URL":          {func(s *ldap.Settings) { s.URLs = []string{"ldaps://u:p@dc1"} }, "urls[0]", "must not hold a user or password"},
		"clear text":                     {func(s *ldap.Settings) { s.URLs = []string{"ldap://dc1"} }, "urls[0]", "clear text"},
		"clear text, allowed":            {func(s *ldap.Settings) { s.URLs, s.AllowPlaintext = []string{"ldap://dc1"}, true }, "", ""},
		"clear text on loopback":         {func(s *ldap.Settings) { s.URLs = []string{"ldap://127.0.0.21"} }, "", ""},
		"StartTLS":                       {func(s *ldap.Settings) { s.URLs, s.StartTLS = []string{"ldap://dc1"}, true }, "", ""},
		"StartTLS over LDAPS":            {func(s *ldap.Settings) { s.StartTLS = true }, "startTLS", "use startTLS with ldap:// only"},
		"two servers":                    {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1", "ldaps://dc2:636"} }, "", ""},
		"two servers, one in clear text": {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1", "ldap://dc2"} }, "urls[1]", "clear text"},
		"a server twice":                 {func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1", "ldaps://dc1:636/"} }, "urls[1]", "listed twice"},
		"nine servers":                   {func(s *ldap.Settings) { s.URLs = strings.Fields(strings.Repeat("ldaps://dc1 ", 9)) }, "urls", "at most 8"},
		"one name for two servers": {func(s *ldap.Settings) {
			s.URLs, s.ServerName = []string{"ldaps://dc1", "ldaps://dc2"}, "dc1.corp.example"
		}, "serverName", "use those names in urls"},
		"one name for a domain":           {func(s *ldap.Settings) { s.URLs, s.SRV, s.ServerName = nil, "corp.example", "dc1.corp.example" }, "serverName", "use those names in urls"},
		"servers from the DNS":            {func(s *ldap.Settings) { s.URLs, s.SRV = nil, "corp.example.com" }, "", ""},
		"servers listed and from the DNS": {func(s *ldap.Settings) { s.SRV = "corp.example.com" }, "srv", "use one of the two"},
		"a domain that is none":           {func(s *ldap.Settings) { s.URLs, s.SRV = nil, "ldaps://corp.example.com" }, "srv", "not the name of a domain"},
		"no such CA file":                 {func(s *ldap.Settings) { s.CAFile = filepath.Join(folder, "none") }, "caFile", "cannot be read"},
		"no certificate in the CA file":   {func(s *ldap.Settings) { s.CAFile = notPEM }, "caFile", "holds no certificate"},
		"no bind DN":                      {func(s *ldap.Settings) { s.BindDN = "" }, "bindDN", "missing"},
		"no password file":                {func(s *ldap.Settings) { s.BindPasswordFile = "" }, "bindPasswordFile", "missing"},
		"no such password file":           {func(s *ldap.Settings) { s.BindPasswordFile = filepath.Join(folder, "none") }, "bindPasswordFile", "cannot be read"},
		"an empty password":               {func(s *ldap.Settings) { s.BindPasswordFile = empty }, "bindPasswordFile", "anonymous bind"},
		"no base":                         {func(s *ldap.Settings) { s.BaseDNs = nil }, "baseDNs", "no base DN"},
		"a base that is no name":          {func(s *ldap.Settings) { s.BaseDNs = []string{"DC=corp", "people"} }, "baseDNs[1]", "not a distinguished name"},
		"an empty base":                   {func(s *ldap.Settings) { s.BaseDNs = []string{""} }, "baseDNs[0]", "not a distinguished name"},
		"a base inside another":           {func(s *ldap.Settings) { s.BaseDNs = []string{"DC=corp", "ou=people, dc=CORP"} }, "baseDNs[1]", "overlaps"},
		"two bases":                       {func(s *ldap.Settings) { s.BaseDNs = []string{"OU=a,DC=corp", "OU=b,DC=corp"} }, "", ""},
		"a filter that is none":           {func(s *ldap.Settings) { s.Filter = "(&(a=b)" }, "filter", "RFC 4515"},
		"an attribute nobody knows":       {func(s *ldap.Settings) { s.Mapping = map[string]string{"shoeSize": "x"} }, "mapping.shoeSize", "not an attribute that a directory can fill"},
		"a source that is no name":        {func(s *ldap.Settings) { s.Mapping = map[string]string{"title": "a)(b"} }, "mapping.title", "not the name of an LDAP attribute"},
		"a source of 129 letters":         {func(s *ldap.Settings) { s.Mapping = map[string]string{"title": long} }, "mapping.title", "not the name"},
		"a source of 128 letters":         {func(s *ldap.Settings) { s.Mapping = map[string]string{"title": long[:128]} }, "", ""},
		"a default taken away":            {func(s *ldap.Settings) { s.Mapping = map[string]string{"title": ""} }, "", ""},
		"nothing for userName":            {func(s *ldap.Settings) { s.Mapping = map[string]string{"userName": ""} }, "mapping.userName", "nobody can be synchronized without it"},
		"page size 100000":                {func(s *ldap.Settings) { s.PageSize = 100_000 }, "", ""},
		"page size 100001":                {func(s *ldap.Settings) { s.PageSize = 100_001 }, "pageSize", "use 1 to 100000"},
		"negative page size":              {func(s *ldap.Settings) { s.PageSize = -1 }, "pageSize", "use 1 to 100000"},
		"page of 64 KiB":                  {func(s *ldap.Settings) { s.MaxPageBytes = 64 << 10 }, "", ""},
		"page of less than 64 KiB":        {func(s *ldap.Settings) { s.MaxPageBytes = 64<<10 - 1 }, "maxPageBytes", "use 65536"},
		"negative timeout":                {func(s *ldap.Settings) { s.PageTimeout = -1 }, "pageTimeout", "negative"},
		"30 receivers of reports":         {func(s *ldap.Settings) { s.ReportTo = receivers(30) }, "", ""},
		"31 receivers of reports":         {func(s *ldap.Settings) { s.ReportTo = receivers(31) }, "reportTo[30]", "at most 30 are allowed"},
		"a receiver without address":      {func(s *ldap.Settings) { s.ReportTo = []string{"Olga"} }, "reportTo[0]", "is not an e-mail address"},
		"a policy that is none":           {func(s *ldap.Settings) { s.Policy.OutOfScope = "burn" }, "policy.outOfScope", "remove, retain or hold"},
	} {
		t.Run(name, func(t *testing.T) {
			s := ldap.Settings{Kind: ldap.AD, URLs: []string{"ldaps://dc1.corp.example"}, BindDN: "CN=reader,DC=corp", BindPasswordFile: passwordFile(t, "secret"), BaseDNs: []string{"OU=People,DC=corp"}}
			c.edit(&s)
			err := s.Validate()
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, identity.Invalid, e.Kind)
			require.Equal(t, c.field, e.Field)
			require.Contains(t, e.Detail, c.says)
			require.NotContains(t, e.Detail, "secret")
		})
	}
}

func TestSettingsThatAreNoJSON(t *testing.T) {
	for _, raw := range []string{``, `[]`, `{"kind":1}`, `{"pageTimeout":"soon"}`, `{"kind":"ad","pagesize":5,"basedn":"x"}`} {
		_, err := ldap.ParseSettings([]byte(raw))
		require.Equal(t, identity.RuleInvalidValue, identity.RuleOf(err), raw)
	}
}

func TestDefaultMappingsAreKnownAttributes(t *testing.T) {
	for _, kind := range []string{ldap.AD, ldap.OpenLDAP} {
		for path := range (ldap.Settings{Kind: kind}).WithDefaults().Mapping {
			require.True(t, path == "userName" || path == "emails" || directory.KnownAttribute(path), path)
		}
	}
}

// TestSettingsOfBeforeAreRead: a connector that was stored with one URL is read as one with a list of one.
func TestSettingsOfBeforeAreRead(t *testing.T) {
	raw := fmt.Sprintf(`{"kind":"ad","url":"ldaps://dc1.corp.example","bindDN":"CN=reader","bindPasswordFile":%q,"baseDNs":["DC=corp"]}`, passwordFile(t, "secret"))
	s, err := ldap.ParseSettings([]byte(raw))
	require.NoError(t, err)
	require.Equal(t, []string{"ldaps://dc1.corp.example"}, s.URLs)
}
