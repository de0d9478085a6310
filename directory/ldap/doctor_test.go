package ldap_test

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
)

func examine(t testing.TB, s ldap.Settings) []ldap.Check {
	return examineAt(t, s, time.Now)
}

// examineAt lets the doctor's clock say what it will.
func examineAt(t testing.TB, s ldap.Settings, now func() time.Time) []ldap.Check {
	checks := ldap.Doctor{Now: now}.Examine(t.Context(), s)
	for _, c := range checks {
		require.NotEmpty(t, c.Seen, c.Name)
		require.NotContains(t, c.Seen+c.Remedy, "secret", "a password is shown to nobody")
		require.NotContains(t, c.Seen+c.Remedy, "Passw0rd", "a password is shown to nobody")
		require.Equal(t, c.Result == ldap.CheckWarning || c.Result == ldap.CheckFailed, c.Remedy != "", "%s: what is wrong has a remedy, and nothing else has", c.Name)
	}
	return checks
}

// outcome is every check with its result, in order; those that are fine are counted.
func outcome(checks []ldap.Check) string {
	var b strings.Builder
	good := 0
	for _, c := range checks {
		if c.Result == ldap.CheckOK {
			good++
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", c.Name, c.Result)
	}
	fmt.Fprintf(&b, "ok: %d", good)
	return b.String()
}

func checkOf(t testing.TB, checks []ldap.Check, name string) ldap.Check {
	for _, c := range checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %q", name)
	return ldap.Check{}
}

func TestDoctorTellsWhatAnAccountMayDoInActiveDirectory(t *testing.T) {
	d := fixtures.StartSamba(t, fixtures.SambaOptions{})
	d.AddOU(t, d.BaseDN, "Staff")
	staff := "OU=Staff," + d.BaseDN
	d.AddUser(t, fixtures.User{OU: staff, Login: "zoe", Given: "Zoë", Surname: "Müller", Mail: "zoe@corp.example.com"})
	gone := d.AddUser(t, fixtures.User{OU: staff, Login: "bob", Given: "Bob", Surname: "Stone", Mail: "bob@corp.example.com"})
	settings := connectorTo(t, d, staff)

	checks := examine(t, settings)
	require.Equal(t, "ok: 21", outcome(checks))
	require.Contains(t, checkOf(t, checks, "incremental").Seen, "the DirSync control")
	require.Equal(t, ldap.CheckOK, ldap.Worst(checks))
	require.Contains(t, checkOf(t, checks, "root DSE").Seen, "dc1.corp.example.com is Active Directory (Samba")
	require.Contains(t, checkOf(t, checks, "TLS").Seen, "TLS 1.3; the certificate is for [dc1.corp.example.com localhost ")
	require.Contains(t, checkOf(t, checks, "size limits").Seen, "MaxPageSize 1000, MaxValRange 1500")
	require.Contains(t, checkOf(t, checks, "DirSync").Seen, "the account has the right to replicate")
	require.Contains(t, checkOf(t, checks, "deleted objects").Seen, "can be read; nothing is in it yet")
	require.True(t, slices.ContainsFunc(checks, func(c ldap.Check) bool {
		return c.Name == "sample" && strings.Contains(c.Seen, "name.familyName=Müller")
	}))
	require.Equal(t, "groups are not mirrored", checkOf(t, checks, "groups").Seen)
	settings.Groups = &directory.GroupSettings{}
	require.Contains(t, checkOf(t, examine(t, settings), "groups").Remedy, "check groups.baseDNs")
	d.AddGroup(t, staff, "Readers", gone, d.IDOf(t, "CN=Administrator,CN=Users,"+d.BaseDN))
	require.Equal(t, "groups: 1 with 2 memberships, 1 of them of somebody who is not read", checkOf(t, examine(t, settings), "groups").Seen)
	settings.Groups = nil
	d.Delete(t, gone)
	require.Contains(t, checkOf(t, examine(t, settings), "deleted objects").Seen, "what was deleted is seen")

	settings.BindDN, settings.BindPasswordFile = d.PlainDN, passwordFile(t, d.PlainPassword)
	checks = examine(t, settings)
	require.Equal(t, "deleted objects: warning\nincremental: warning\nok: 18", outcome(checks))
	require.Equal(t, ldap.CheckWarning, ldap.Worst(checks))
	require.Contains(t, checkOf(t, checks, "deleted objects").Seen, "DELETED PEOPLE CANNOT BE SEEN")
	require.Contains(t, checkOf(t, checks, "deleted objects").Remedy, `dsacls "CN=Deleted Objects,DC=corp,DC=example,DC=com"`)
	require.Contains(t, checkOf(t, checks, "DirSync").Seen, "it has no right to replicate")

	settings.Kind, settings.Filter = ldap.OpenLDAP, "(objectClass=user)"
	checks = examine(t, settings)
	require.Equal(t, ldap.CheckFailed, checkOf(t, checks, "root DSE").Result)
	require.Contains(t, checkOf(t, checks, "root DSE").Remedy, "kind is openldap, and this server is Active Directory")
}

func TestDoctorTellsWhatAnAccountMayDoInOpenLDAP(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{People: 600})
	settings := connectorTo(t, d, "ou=People,"+d.BaseDN)
	checks := examine(t, settings)
	require.Equal(t, "clock: not tried\nusable entries: warning\naddresses: warning\nok: 17", outcome(checks))
	require.Contains(t, checkOf(t, checks, "root DSE").Seen, "is OpenLDAP; it holds dc=example,dc=org")
	require.Contains(t, checkOf(t, checks, "size limits").Seen, "571")
	require.Contains(t, checkOf(t, checks, "usable entries").Seen, "24 of 571")
	require.Contains(t, checkOf(t, checks, "addresses").Seen, "addresses of several entries: 2, such as erik.turing.446@example.com (uid=eturing000446,")

	settings.BindDN, settings.BindPasswordFile = d.PlainDN, passwordFile(t, d.PlainPassword)
	checks = examine(t, settings)
	require.Equal(t, "size limits: failed\nclock: not tried\nreading: not tried\nincremental: not tried\nusable entries: not tried\naddresses: not tried\ngroups: not tried\nsample: not tried\nok: 10", outcome(checks))
	require.Equal(t, ldap.CheckFailed, ldap.Worst(checks))
	require.Contains(t, checkOf(t, checks, "size limits").Seen, "about 500 entries")
	require.Contains(t, checkOf(t, checks, "size limits").Remedy, `limits dn.exact="cn=plain,dc=example,dc=org" size=unlimited`)
	require.Equal(t, "not tried, because of size limits", checkOf(t, checks, "sample").Seen)
}

func TestDoctorLooksAtCertificates(t *testing.T) {
	good := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	good.AddUser(t, fixtures.User{Login: "ada", Mail: "ada@example.com"})
	wrong := fixtures.StartSlapd(t, fixtures.SlapdOptions{TLS: fixtures.WrongHostTLS})
	expired := fixtures.StartSlapd(t, fixtures.SlapdOptions{TLS: fixtures.ExpiredTLS})
	for name, c := range map[string]struct {
		of     *fixtures.Directory
		edit   func(*ldap.Settings)
		later  time.Duration
		result ldap.Result
		seen   string
		remedy string
	}{
		"LDAPS":                       {good, func(*ldap.Settings) {}, 0, ldap.CheckOK, "CN=ldap.example.org < CN=ca,O=Rollcall tests", ""},
		"StartTLS":                    {good, func(s *ldap.Settings) { s.URLs, s.StartTLS = []string{good.URL}, true }, 0, ldap.CheckOK, "(29 days)", ""},
		"ends in a fortnight":         {good, func(*ldap.Settings) {}, 15 * 24 * time.Hour, ldap.CheckWarning, "(14 days)", "renew "},
		"none":                        {good, func(s *ldap.Settings) { s.URLs = []string{good.URL} }, 0, ldap.CheckWarning, "the password travels in clear text", "use ldaps://"},
		"another authority":           {good, func(s *ldap.Settings) { s.CAFile = good.OtherCAFile }, 0, ldap.CheckFailed, "not signed by the authorities in", "set caFile"},
		"made out to somebody else":   {wrong, func(*ldap.Settings) {}, 0, ldap.CheckFailed, "for another name ([other.example.net])", "use that name in the URL"},
		"expired":                     {expired, func(*ldap.Settings) {}, 0, ldap.CheckFailed, "is not valid now", "renew it"},
		"LDAPS at the port for plain": {good, func(s *ldap.Settings) { s.URLs = []string{strings.Replace(good.URL, "ldap:", "ldaps:", 1)} }, 0, ldap.CheckFailed, "no encrypted connection came about", "use the port for LDAPS (636)"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := connectorTo(t, c.of, "ou=People,"+c.of.BaseDN)
			c.edit(&settings)
			checks := examineAt(t, settings, func() time.Time { return time.Now().Add(c.later) })
			got := checkOf(t, checks, "TLS")
			require.Equal(t, c.result, got.Result)
			require.Contains(t, got.Seen, c.seen)
			require.Contains(t, got.Remedy, c.remedy)
			if c.result == ldap.CheckFailed {
				require.Equal(t, "not tried, because of TLS", checkOf(t, checks, "bind").Seen)
				require.Equal(t, "not tried, because of TLS", checkOf(t, checks, "sample").Seen)
			} else {
				require.Equal(t, ldap.CheckOK, checkOf(t, checks, "sample").Result)
			}
		})
	}
}

// healthy is what a scripted server shows where nothing is wrong.
var healthy = map[string][]string{"namingContexts": {suffix}, "objectClass": {"top", "OpenLDAProotDSE"},
	"supportedControl": {"1.2.840.113556.1.4.319", "1.3.6.1.4.1.4203.1.9.1.1", "1.2.840.113556.1.4.841"}}

// with is the healthy root DSE with something else in it.
func with(name string, values ...string) map[string][]string {
	root := map[string][]string{}
	for k, v := range healthy {
		root[k] = v
	}
	root[name] = values
	return root
}

func withCSN(s *session, q query) {
	s.entry(q.base, map[string][]string{"contextCSN": {"20261128000000.000000Z#000000#001#000000"}})
	s.done(0)
}

// somebody sends people, in one page.
func somebody(people ...map[string][]string) func(s *session, q query) {
	return func(s *session, q query) {
		for i, attributes := range people {
			s.entry(fmt.Sprintf("uid=u%d,ou=people,%s", i, suffix), attributes)
		}
		s.donePage("")
	}
}

func known(i int, mail ...string) map[string][]string {
	p := person(i)
	p["mail"] = mail
	return p
}

// TestDoctorTellsFaults: every server here speaks in clear text on loopback, which is a warning of its own.
func TestDoctorTellsFaults(t *testing.T) {
	const afterPaging = "size limits: not tried\nsyncrepl: ok\nclock: not tried\nreading: not tried\nincremental: not tried\nusable entries: not tried\naddresses: not tried\ngroups: not tried\nsample: not tried"
	for name, c := range map[string]struct {
		answer func(s *session, q query)
		root   map[string][]string
		base   func(s *session, q query)
		edit   func(*ldap.Settings)
		want   string // those that are not ok
		check  string
		seen   string
		remedy string
	}{
		"nothing": {answer: somebody(person(1), person(2)), check: "usable entries", seen: "all 2"},
		"no paging": {answer: func(s *session, q query) { s.person(1); s.done(0) }, check: "paging",
			want: "paging: failed\n" + strings.ReplaceAll(afterPaging, "syncrepl: ok\n", ""), seen: "ignores the paging control", remedy: "RFC 2696"},
		"people of another server": {answer: func(s *session, q query) { s.person(1); s.refer("ldap://other.example/"); s.donePage("") },
			want: "reading: warning", check: "reading", seen: "people: 1, and it is not proven that these are all: The server refers to", remedy: "nobody is removed"},
		"nobody": {answer: somebody(), want: "reading: warning\nsample: not tried", check: "reading", seen: "nobody is in the base", remedy: "check the base DN"},
		"one address twice": {answer: somebody(known(1, "a@corp.example"), known(2, "a@corp.example"), person(3)),
			want: "addresses: warning", check: "addresses", seen: "addresses of several entries: 1, such as a@corp.example (uid=u0,ou=people,dc=example | uid=u1,", remedy: "one entry"},
		"one address in two cases": {answer: somebody(known(1, "a@corp.example"), known(2, "A@corp.example")),
			want: "addresses: warning", check: "addresses", seen: "differ in upper and lower case: 1, such as a@corp.example", remedy: "whatever its case"},
		"one address twice in one entry": {answer: somebody(known(1, "a@corp.example", "A@corp.example")), check: "addresses", seen: "addresses: 1, each of one entry"},
		"no address": {answer: somebody(person(1), known(2), known(3), known(4), known(5)),
			want: "usable entries: warning", check: "usable entries", seen: "4 of 5, such as uid=u1,ou=people,dc=example: The entry has no e-mail address", remedy: "map another attribute"},
		"something that is no address": {answer: somebody(known(1, "nobody")), want: "usable entries: warning", check: "usable entries", seen: "1 of 1, such as uid=u0"},
		"cut off":                      {answer: func(s *session, q query) { _ = s.conn.Close() }, want: "paging: failed\n" + strings.ReplaceAll(afterPaging, "syncrepl: ok", "syncrepl: failed"), check: "paging", seen: "the connection broke"},
		"a size limit": {answer: sizeLimit, check: "size limits", seen: "about 100 entries", remedy: `limits dn.exact="cn=reader,dc=example"`,
			want: "size limits: failed\nclock: not tried\nreading: not tried\nincremental: not tried\nusable entries: not tried\naddresses: not tried\ngroups: not tried\nsample: not tried"},
		"no syncrepl":        {answer: somebody(person(1)), root: with("supportedControl"), want: "syncrepl: warning\nincremental: warning", check: "syncrepl", seen: "does not offer", remedy: "overlay syncprov"},
		"no contextCSN":      {answer: somebody(person(1)), base: func(s *session, q query) { s.entry(q.base, nil); s.done(0) }, want: "syncrepl: warning\nincremental: warning", check: "syncrepl", seen: "contextCSN of dc=example cannot be read", remedy: "overlay syncprov"},
		"a nameless server":  {answer: somebody(person(1)), root: with("objectClass", "top"), want: "root DSE: warning", check: "root DSE", seen: "does not say what it is", remedy: "kind"},
		"another kind":       {answer: somebody(person(1)), root: with("supportedCapabilities", "1.2.840.113556.1.4.800"), want: "root DSE: failed\n" + rest("base DNs", "paging", "size limits", "syncrepl", "clock", "reading", "incremental", "usable entries", "addresses", "groups", "sample"), check: "root DSE", remedy: "this server is Active Directory"},
		"no such base":       {answer: somebody(person(1)), base: func(s *session, q query) { s.done(32) }, want: "base DNs: failed\n" + rest("paging", "size limits", "syncrepl", "clock", "reading", "incremental", "usable entries", "addresses", "groups", "sample"), check: "base DNs", seen: "ou=people,dc=example: there is no such entry", remedy: "check the base DN"},
		"no naming contexts": {answer: somebody(person(1)), root: with("namingContexts"), want: "base DNs: warning\nsyncrepl: not tried\nincremental: warning", check: "base DNs", seen: "none of the naming contexts"},
		"the settings": {answer: nil, edit: func(s *ldap.Settings) { s.BindPasswordFile = filepath.Join(filepath.Dir(s.BindPasswordFile), "none") },
			want:  "settings: failed\n" + rest("servers", "DNS", "TCP", "TLS", "bind", "root DSE", "base DNs", "paging", "size limits", "syncrepl", "clock", "reading", "incremental", "usable entries", "addresses", "groups", "sample"),
			check: "settings", seen: "bind password cannot be read", remedy: "correct the settings"},
		"nobody there": {answer: nil, edit: func(s *ldap.Settings) { s.URLs = []string{"ldap://127.0.0.1:1"} },
			want:  "TCP: failed\n" + rest("TLS", "bind", "root DSE", "base DNs", "paging", "size limits", "syncrepl", "clock", "reading", "incremental", "usable entries", "addresses", "groups", "sample"),
			check: "TCP", seen: "nobody answers there", remedy: "check the host and the port"},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, c.answer)
			server.root = func(int) map[string][]string {
				if c.root != nil {
					return c.root
				}
				return healthy
			}
			server.base = withCSN
			if c.base != nil {
				server.base = c.base
			}
			settings := server.settings()
			if c.edit != nil {
				c.edit(&settings)
			}
			checks := examine(t, settings)
			require.Equal(t, c.want, trouble(checks))
			got := checkOf(t, checks, c.check)
			require.Contains(t, got.Seen, c.seen)
			require.Contains(t, got.Remedy, c.remedy)
		})
	}
}

// trouble is what is not ok, beside the clear text and the clock that OpenLDAP does not tell where nothing else is wrong.
func trouble(checks []ldap.Check) string {
	var lines []string
	bad := false
	for _, c := range checks {
		bad = bad || c.Result == ldap.CheckFailed
	}
	for _, c := range checks {
		switch {
		case c.Result == ldap.CheckOK, c.Name == "TLS" && c.Result == ldap.CheckWarning, c.Name == "clock" && !bad:
		default:
			lines = append(lines, c.Name+": "+string(c.Result))
		}
	}
	return strings.Join(lines, "\n")
}

// rest is checks that are not tried.
func rest(names ...string) string { return strings.Join(names, ": not tried\n") + ": not tried" }

// sizeLimit cuts off after the first page of a count.
func sizeLimit(s *session, q query) {
	if q.cookie != "" {
		s.done(4)
		return
	}
	s.next(s.page(q))
}

func TestDoctorTellsFaultsOfActiveDirectory(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	people := func(s *session, q query) {
		switch q.filter {
		case "(objectClass=group)":
			s.entry("CN=all,"+suffix, map[string][]string{"member;range=0-1499": {"CN=x"}})
			s.entry("CN=few,"+suffix, map[string][]string{"member;range=0-*": {"CN=x"}})
			s.donePage("")
		case "(objectClass=user)":
			guid := "0123456789abcdef"
			s.entry("CN=Ada,"+suffix, map[string][]string{"objectGUID": {guid}, "userAccountControl": {"512"}, "mail": {"ada@corp.example"}})
			s.donePage("")
		case "(isDeleted=TRUE)":
			s.donePage("")
		default: // DirSync
			s.done(50)
		}
	}
	server := startBadServer(t, people)
	server.root = func(int) map[string][]string {
		root := with("objectClass", "top")
		root["supportedCapabilities"] = []string{"1.2.840.113556.1.4.800"}
		root["currentTime"] = []string{"20261128115000.0Z"}
		root["isSynchronized"] = []string{"FALSE"}
		return root
	}
	checks := examineAt(t, server.settings(func(s *ldap.Settings) { s.Kind = ldap.AD }), func() time.Time { return at })
	require.Equal(t, "TLS: warning\nroot DSE: warning\nDirSync: warning\ndeleted objects: warning\nclock: warning\nincremental: warning\nok: 14", outcome(checks))
	require.Contains(t, checkOf(t, checks, "root DSE").Seen, "has not caught up")
	require.Contains(t, checkOf(t, checks, "DirSync").Seen, "may not ask for changes")
	require.Contains(t, checkOf(t, checks, "clock").Seen, "10m0s from ours")
	require.Contains(t, checkOf(t, checks, "value ranges").Seen, "groups with more than 1500 members: 1 of 2")
	require.Contains(t, checkOf(t, checks, "size limits").Seen, "MaxPageSize unknown")
}

func TestDoctorLooksAtEveryServer(t *testing.T) {
	start := func(people func(s *session, q query)) *badServer {
		server := startBadServer(t, people)
		server.root, server.base = func(int) map[string][]string { return healthy }, withCSN
		return server
	}
	both := func(first []string, second *badServer) ldap.Settings {
		return second.settings(func(s *ldap.Settings) { s.URLs = append(first, s.URLs...) })
	}
	t.Run("the first is down", func(t *testing.T) {
		checks := examine(t, both([]string{nobody(t)}, start(somebody(person(1)))))
		require.Equal(t, "TCP: warning\nTLS: not tried\nTLS: warning\nbind: not tried\nclock: not tried\nok: 17", outcome(checks))
	})
	t.Run("both are down", func(t *testing.T) {
		settings := start(nil).settings()
		settings.URLs = []string{nobody(t), nobody(t)}
		checks := examine(t, settings)
		require.Equal(t, ldap.CheckFailed, ldap.Worst(checks))
	})
	t.Run("a refused password is used once", func(t *testing.T) {
		first, second := start(nil), start(somebody(person(1)))
		first.bind = 49
		checks := examine(t, both(first.settings().URLs, second))
		require.Equal(t, 1, first.binds)
		require.Zero(t, second.binds)
		require.Equal(t, ldap.CheckFailed, checkOf(t, checks, "bind").Result)
		require.Equal(t, ldap.CheckFailed, ldap.Worst(checks))
	})
	t.Run("the DNS names none", func(t *testing.T) {
		server := start(nil)
		var asked []string
		doctor := ldap.Doctor{Now: time.Now, Resolver: records{asked: &asked, err: &net.DNSError{Err: "no such host", IsNotFound: true}}}
		checks := doctor.Examine(t.Context(), server.settings(func(s *ldap.Settings) { s.URLs, s.SRV = nil, "corp.example.com" }))
		require.Equal(t, []string{"_ldap._tcp.corp.example.com."}, asked)
		require.Equal(t, "not tried, because of servers", checkOf(t, checks, "DNS").Seen)
		require.Contains(t, checkOf(t, checks, "servers").Remedy, "list the servers in urls")
	})
	t.Run("a name that is not known", func(t *testing.T) {
		var asked []string
		doctor := ldap.Doctor{Now: time.Now, Resolver: records{asked: &asked, err: errors.New("no such host")}}
		checks := doctor.Examine(t.Context(), start(nil).settings(func(s *ldap.Settings) { s.URLs = []string{"ldaps://dc1.corp.example"} }))
		require.Equal(t, ldap.CheckFailed, checkOf(t, checks, "DNS").Result)
		require.Equal(t, "not tried, because of DNS", checkOf(t, checks, "TCP").Seen)
	})
}

// TestTheDocumentationListsTheDoctorsChecks compares the table of docs/connect-directory.md with what the doctor does.
func TestTheDocumentationListsTheDoctorsChecks(t *testing.T) {
	text := contents(t, "../../docs/connect-directory.md")
	_, table, _ := strings.Cut(text, "| check | looks at |\n|---|---|\n")
	var listed []string
	for line := range strings.Lines(table) {
		listed = append(listed, strings.TrimSpace(strings.Split(line, "|")[1]))
	}
	for _, kind := range []string{ldap.AD, ldap.OpenLDAP} {
		rest := listed
		for _, c := range examine(t, ldap.Settings{Kind: kind}) {
			i := slices.Index(rest, c.Name)
			require.GreaterOrEqual(t, i, 0, "%s, in this order", c.Name)
			rest = rest[i+1:]
		}
	}
	require.Len(t, listed, 21)
}
