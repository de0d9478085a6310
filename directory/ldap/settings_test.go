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
	"rollcall/directory/mapping"
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
		"as it should be":               {func(s *ldap.Settings) {}, "", ""},
		"kind unknown":                  {func(s *ldap.Settings) { s.Kind = "novell" }, "kind", "use ad or openldap"},
		"no URL":                        {func(s *ldap.Settings) { s.URL = "" }, "url", "ldaps://dc1.corp.example.com"},
		"malformed URL":                 {func(s *ldap.Settings) { s.URL = "ldaps://[::1" }, "url", "is not a URL"},
		"another scheme":                {func(s *ldap.Settings) { s.URL = "https://dc1" }, "url", "does not begin with ldap://"},
		"no scheme":                     {func(s *ldap.Settings) { s.URL = "dc1.corp.example" }, "url", "does not begin with ldap://"},
		"no host":                       {func(s *ldap.Settings) { s.URL = "ldaps://" }, "url", "names no host"},
		"port 0":                        {func(s *ldap.Settings) { s.URL = "ldaps://dc1:0" }, "url", "between 1 and 65535"},
		"port 65536":                    {func(s *ldap.Settings) { s.URL = "ldaps://dc1:65536" }, "url", "between 1 and 65535"},
		"a base in the URL":             {func(s *ldap.Settings) { s.URL = "ldaps://dc1/DC=corp" }, "url", "fields of their own"},
		"a password in the URL":         {func(s *ldap.Settings) { s.URL = "ldaps://u:p@dc1" }, "url", "must not hold a user or password"},
		"clear text":                    {func(s *ldap.Settings) { s.URL = "ldap://dc1" }, "url", "clear text"},
		"clear text, allowed":           {func(s *ldap.Settings) { s.URL, s.AllowPlaintext = "ldap://dc1", true }, "", ""},
		"clear text on loopback":        {func(s *ldap.Settings) { s.URL = "ldap://127.0.0.21" }, "", ""},
		"StartTLS":                      {func(s *ldap.Settings) { s.URL, s.StartTLS = "ldap://dc1", true }, "", ""},
		"StartTLS over LDAPS":           {func(s *ldap.Settings) { s.StartTLS = true }, "startTLS", "use startTLS with ldap:// only"},
		"no such CA file":               {func(s *ldap.Settings) { s.CAFile = filepath.Join(folder, "none") }, "caFile", "cannot be read"},
		"no certificate in the CA file": {func(s *ldap.Settings) { s.CAFile = notPEM }, "caFile", "holds no certificate"},
		"no bind DN":                    {func(s *ldap.Settings) { s.BindDN = "" }, "bindDN", "missing"},
		"no password file":              {func(s *ldap.Settings) { s.BindPasswordFile = "" }, "bindPasswordFile", "missing"},
		"no such password file":         {func(s *ldap.Settings) { s.BindPasswordFile = filepath.Join(folder, "none") }, "bindPasswordFile", "cannot be read"},
		"an empty password":             {func(s *ldap.Settings) { s.BindPasswordFile = empty }, "bindPasswordFile", "anonymous bind"},
		"no base":                       {func(s *ldap.Settings) { s.BaseDNs = nil }, "baseDNs", "no base DN"},
		"a base that is no name":        {func(s *ldap.Settings) { s.BaseDNs = []string{"DC=corp", "people"} }, "baseDNs[1]", "not a distinguished name"},
		"an empty base":                 {func(s *ldap.Settings) { s.BaseDNs = []string{""} }, "baseDNs[0]", "not a distinguished name"},
		"a base inside another":         {func(s *ldap.Settings) { s.BaseDNs = []string{"DC=corp", "ou=people, dc=CORP"} }, "baseDNs[1]", "overlaps"},
		"two bases":                     {func(s *ldap.Settings) { s.BaseDNs = []string{"OU=a,DC=corp", "OU=b,DC=corp"} }, "", ""},
		"a filter that is none":         {func(s *ldap.Settings) { s.Filter = "(&(a=b)" }, "filter", "RFC 4515"},
		"an attribute nobody knows":     {func(s *ldap.Settings) { s.Mapping = mapping.Mapping{"shoeSize": mapping.From("x")} }, "mapping.shoeSize", "not an attribute that a directory can fill"},
		"a source that is no name":      {func(s *ldap.Settings) { s.Mapping = mapping.Mapping{"title": mapping.From("a)(b")} }, "mapping.title", "not the name of an LDAP attribute"},
		"a source of 129 letters":       {func(s *ldap.Settings) { s.Mapping = mapping.Mapping{"title": mapping.From(long)} }, "mapping.title", "not the name"},
		"a source of 128 letters":       {func(s *ldap.Settings) { s.Mapping = mapping.Mapping{"title": mapping.From(long[:128])} }, "", ""},
		"a default taken away":          {func(s *ldap.Settings) { s.Mapping = mapping.Mapping{"title": {}} }, "", ""},
		"nothing for userName":          {func(s *ldap.Settings) { s.Mapping = mapping.Mapping{"userName": {}} }, "mapping.userName", "nobody can be synchronized without it"},
		"page size 100000":              {func(s *ldap.Settings) { s.PageSize = 100_000 }, "", ""},
		"page size 100001":              {func(s *ldap.Settings) { s.PageSize = 100_001 }, "pageSize", "use 1 to 100000"},
		"negative page size":            {func(s *ldap.Settings) { s.PageSize = -1 }, "pageSize", "use 1 to 100000"},
		"page of 64 KiB":                {func(s *ldap.Settings) { s.MaxPageBytes = 64 << 10 }, "", ""},
		"page of less than 64 KiB":      {func(s *ldap.Settings) { s.MaxPageBytes = 64<<10 - 1 }, "maxPageBytes", "use 65536"},
		"negative timeout":              {func(s *ldap.Settings) { s.PageTimeout = -1 }, "pageTimeout", "negative"},
		"30 receivers of reports":       {func(s *ldap.Settings) { s.ReportTo = receivers(30) }, "", ""},
		"31 receivers of reports":       {func(s *ldap.Settings) { s.ReportTo = receivers(31) }, "reportTo[30]", "at most 30 are allowed"},
		"a receiver without address":    {func(s *ldap.Settings) { s.ReportTo = []string{"Olga"} }, "reportTo[0]", "is not an e-mail address"},
		"a policy that is none":         {func(s *ldap.Settings) { s.Policy.OutOfScope = "burn" }, "policy.outOfScope", "remove, retain or hold"},
	} {
		t.Run(name, func(t *testing.T) {
			s := ldap.Settings{Kind: ldap.AD, URL: "ldaps://dc1.corp.example", BindDN: "CN=reader,DC=corp", BindPasswordFile: passwordFile(t, "secret"), BaseDNs: []string{"OU=People,DC=corp"}}
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
