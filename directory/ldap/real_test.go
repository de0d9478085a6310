package ldap_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
)

// connectorTo returns settings for a running directory, over LDAPS, as the account made for synchronization.
func connectorTo(t testing.TB, d *fixtures.Directory, bases ...string) ldap.Settings {
	return ldap.Settings{Kind: string(d.Kind), URLs: []string{d.LDAPSURL}, CAFile: d.CAFile, BindDN: d.SyncDN,
		BindPasswordFile: passwordFile(t, d.SyncPassword), BaseDNs: bases, RetryDelay: ldap.Duration(time.Millisecond)}
}

func read(t testing.TB, s ldap.Settings) directory.Snapshot {
	got, err := open(t, s).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	return got
}

func byID(s directory.Snapshot, id string) (directory.Entry, bool) {
	for _, e := range s.Entries {
		if string(e.ID) == strings.ToLower(id) {
			return e, true
		}
	}
	return directory.Entry{}, false
}

func findOne(t testing.TB, s ldap.Settings, id, known string) directory.Finding {
	found, err := open(t, s).Find(t.Context(), []identity.ObjectID{identity.ObjectID(id)}, identity.ObjectID(known))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestDIR07_DIR18_LifeOfAPersonInActiveDirectory(t *testing.T) {
	for name, recycleBin := range map[string]bool{"tombstones": false, "recycle bin": true} {
		t.Run(name, func(t *testing.T) {
			d := fixtures.StartSamba(t, fixtures.SambaOptions{RecycleBin: recycleBin})
			d.AddOU(t, d.BaseDN, "Staff")
			d.AddOU(t, "OU=Staff,"+d.BaseDN, "Sales")
			d.AddOU(t, d.BaseDN, "Outside")
			staff := "OU=Staff," + d.BaseDN
			zoe := d.AddUser(t, fixtures.User{OU: staff, Login: "zoe", Given: "Zoë", Surname: "Müller", Mail: "zoe@corp.example.com",
				More: map[string][]string{"telephoneNumber": {"+49 30 1"}, "department": {"R&D"}, "streetAddress": {"Line 1\r\nLine 2"}}})
			bob := d.AddUser(t, fixtures.User{OU: staff, Login: "bob", Given: "Bob", Surname: "Stone", Mail: "bob@corp.example.com", Disabled: true})
			d.AddComputer(t, staff, "pc1")
			settings := connectorTo(t, d, staff)

			got := read(t, settings)
			require.True(t, got.Complete, got.Gaps)
			require.Len(t, got.Entries, 2, "a computer is nobody")
			require.NotEmpty(t, got.InvocationID)
			require.Positive(t, got.HighestUSN)
			e, _ := byID(got, zoe)
			require.Equal(t, "zoe@corp.example.com", e.UserName)
			require.Equal(t, "Zoë", e.Attribute("name.givenName"))
			require.Equal(t, "+49 30 1", e.Attribute(`phoneNumbers[type eq "work"].value`))
			require.Equal(t, "R&D", e.Attribute("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"))
			require.False(t, e.Disabled)
			e, _ = byID(got, bob)
			require.True(t, e.Disabled)

			d.Disable(t, zoe)
			d.Enable(t, bob)
			d.Rename(t, zoe, "Zoë Schmidt, geb. Müller")
			d.Move(t, bob, "OU=Sales,"+staff)
			got = read(t, settings)
			e, _ = byID(got, zoe)
			require.True(t, e.Disabled)
			require.Contains(t, e.DN, "Schmidt")
			e, _ = byID(got, bob)
			require.False(t, e.Disabled)
			require.Contains(t, e.DN, "OU=Sales")

			d.Move(t, zoe, "OU=Outside,"+d.BaseDN)
			found := findOne(t, settings, zoe, bob)
			require.Equal(t, directory.OutOfScope, found.Kind)
			require.Contains(t, found.DN, "OU=Outside")
			require.Equal(t, directory.Unknown, findOne(t, settings, zoe, uuidOf(7)).Kind, "a look-up that does not find what exists proves nothing")
			require.Equal(t, directory.Unknown, findOne(t, settings, bob, zoe).Kind, "an entry that is in its place is not lost")

			d.Delete(t, zoe)
			found = findOne(t, settings, zoe, bob)
			require.Equal(t, directory.Tombstone, found.Kind)
			require.Contains(t, found.DN, `\0ADEL:`)
			require.Len(t, read(t, settings).Entries, 1)

			plain := settings
			plain.BindDN, plain.BindPasswordFile = d.PlainDN, passwordFile(t, d.PlainPassword)
			found = findOne(t, plain, zoe, bob)
			require.Equal(t, directory.Absent, found.Kind)
			require.Contains(t, found.Detail, "sees nothing at all in CN=Deleted Objects")
			found = findOne(t, settings, uuidOf(9), bob)
			require.Equal(t, directory.Absent, found.Kind)
			require.Contains(t, found.Detail, "lost the right to see it")

			d.Restore(t, zoe)
			d.Move(t, zoe, staff)
			got = read(t, settings)
			e, ok := byID(got, zoe)
			require.True(t, ok)
			require.Equal(t, recycleBin, e.Problem == "", "without the Recycle Bin a restored entry has lost its address")
		})
	}
}

func TestADomainRootReferringToItsOwnPartitionsIsComplete(t *testing.T) {
	d := fixtures.SharedSamba(t)
	settings := connectorTo(t, d, d.BaseDN)
	for name, edit := range map[string]func(*ldap.Settings){
		"LDAPS":            func(*ldap.Settings) {},
		"StartTLS":         func(s *ldap.Settings) { s.URLs, s.StartTLS = []string{d.URL}, true },
		"pages of one":     func(s *ldap.Settings) { s.PageSize = 1 },
		"ordinary account": func(s *ldap.Settings) { s.BindDN, s.BindPasswordFile = d.PlainDN, passwordFile(t, d.PlainPassword) },
	} {
		t.Run(name, func(t *testing.T) {
			s := settings
			edit(&s)
			got := read(t, s)
			require.True(t, got.Complete, got.Gaps)
			require.NotEmpty(t, got.Entries)
		})
	}
	settings.CAFile = d.OtherCAFile
	_, err := open(t, settings).Snapshot(t.Context(), nil)
	require.ErrorContains(t, err, "not signed by the authorities in")
}

func TestDIR18_LifeOfAPersonInOpenLDAP(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	people := "ou=People," + d.BaseDN
	d.AddOU(t, d.BaseDN, "Outside")
	ada := d.AddUser(t, fixtures.User{Login: "ada", Given: "Ada", Surname: "Lovelace", Mail: "ada@example.com"})
	bob := d.AddUser(t, fixtures.User{Login: "bob", Given: "Bob", Surname: "Stone", Mail: "bob@example.com"})
	settings := connectorTo(t, d, people)
	got := read(t, settings)
	require.True(t, got.Complete, got.Gaps)
	require.Len(t, got.Entries, 2)

	d.Disable(t, ada)
	named, err := open(t, settings).Named(t.Context(), []string{"UID=bob, " + people, "uid=nobody," + people, "no name", "uid=x,dc=elsewhere"})
	require.NoError(t, err)
	require.Equal(t, map[string]identity.ObjectID{"UID=bob, " + people: identity.ObjectID(bob)}, named)
	d.Rename(t, bob, "robert")
	got = read(t, settings)
	e, _ := byID(got, ada)
	require.True(t, e.Disabled)
	e, _ = byID(got, bob)
	require.Contains(t, e.DN, "uid=robert")
	d.Enable(t, ada)
	e, _ = byID(read(t, settings), ada)
	require.False(t, e.Disabled)

	d.Move(t, ada, "ou=Outside,"+d.BaseDN)
	require.Equal(t, directory.OutOfScope, findOne(t, settings, ada, bob).Kind)
	d.Delete(t, ada)
	require.Equal(t, directory.Absent, findOne(t, settings, ada, bob).Kind)
}

func TestASizeLimitOfOpenLDAPIsNoAnswer(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{People: 600})
	settings := connectorTo(t, d, "ou=People,"+d.BaseDN)
	settings.BindDN, settings.BindPasswordFile = d.PlainDN, passwordFile(t, d.PlainPassword)
	_, err := open(t, settings).Snapshot(t.Context(), nil)
	require.ErrorContains(t, err, "size limit cut the answer off")
}

func TestEncryptionIsVerified(t *testing.T) {
	good := fixtures.StartSlapd(t, fixtures.SlapdOptions{RequireTLS: true})
	base := "ou=People," + good.BaseDN
	good.AddUser(t, fixtures.User{Login: "ada", Mail: "ada@example.com"})
	for name, c := range map[string]struct {
		edit func(*ldap.Settings)
		says string // empty: works
	}{
		"LDAPS":                            {func(s *ldap.Settings) {}, ""},
		"StartTLS":                         {func(s *ldap.Settings) { s.URLs, s.StartTLS = []string{good.URL}, true }, ""},
		"no TLS where the server wants it": {func(s *ldap.Settings) { s.URLs = []string{good.URL} }, "wants an encrypted connection"},
		"LDAPS, another authority":         {func(s *ldap.Settings) { s.CAFile = good.OtherCAFile }, "not signed by the authorities in"},
		"StartTLS, another authority":      {func(s *ldap.Settings) { s.URLs, s.StartTLS, s.CAFile = []string{good.URL}, true, good.OtherCAFile }, "not signed by the authorities in"},
		"LDAPS, the system's authorities":  {func(s *ldap.Settings) { s.CAFile = "" }, "not signed by the system's authorities"},
		"LDAPS, another name":              {func(s *ldap.Settings) { s.ServerName = "dc9.corp.example.com" }, "certificate is for another name"},
		"LDAPS to the port without TLS":    {func(s *ldap.Settings) { s.URLs = []string{strings.Replace(good.URL, "ldap://", "ldaps://", 1)} }, "no encrypted connection came about"},
		"a wrong password":                 {func(s *ldap.Settings) { s.BindPasswordFile = passwordFile(t, "wrong") }, "refused the bind DN or its password"},
		"nobody there":                     {func(s *ldap.Settings) { s.URLs = []string{"ldaps://127.0.0.1:1"} }, "nobody answers there"},
		"a base that is not there":         {func(s *ldap.Settings) { s.BaseDNs = []string{"ou=Nobody," + good.BaseDN} }, "check the base DN"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := connectorTo(t, good, base)
			c.edit(&settings)
			got, err := open(t, settings).Snapshot(t.Context(), nil)
			if c.says == "" {
				require.NoError(t, err)
				require.Len(t, got.Entries, 1)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
		})
	}
	for name, kind := range map[string]fixtures.TLS{"certificate is for another name": fixtures.WrongHostTLS, "certificate is not valid now": fixtures.ExpiredTLS} {
		t.Run(name, func(t *testing.T) {
			d := fixtures.StartSlapd(t, fixtures.SlapdOptions{TLS: kind})
			_, err := open(t, connectorTo(t, d, base)).Snapshot(t.Context(), nil)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestSettingsSurviveTheirJSON(t *testing.T) {
	d := ldap.Settings{Kind: ldap.AD, URLs: []string{"ldaps://dc1.corp.example"}, BindDN: "CN=reader", BindPasswordFile: passwordFile(t, "secret"),
		BaseDNs: []string{"OU=People,DC=corp"}, PageTimeout: ldap.Duration(30 * time.Second), Policy: directory.Policy{MaxLosses: 7}}
	raw, err := json.Marshal(d)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"pageTimeout":"30s"`)
	got, err := ldap.ParseSettings(raw)
	require.NoError(t, err)
	require.Equal(t, d, got)
	policy, err := directory.PolicyOf(raw)
	require.NoError(t, err)
	require.Equal(t, 7, policy.MaxLosses)
}
