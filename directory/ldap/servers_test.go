package ldap_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
)

// nobody is an address at which nobody answers.
func nobody(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return "ldap://" + listener.Addr().String()
}

// wellBehaved has 300 people; reading counts the searches.
func wellBehaved(t testing.TB, searches *atomic.Int32) *badServer {
	return startBadServer(t, func(s *session, q query) { searches.Add(1); s.next(s.page(q)) })
}

// TestDIR16_TheNextServerIsTried has the first of two servers fail in every way in which the second may do better.
func TestDIR16_TheNextServerIsTried(t *testing.T) {
	for name, first := range map[string]func(s *session, q query){
		"breaks at once":                  func(s *session, q query) { _ = s.conn.Close() },
		"breaks in the middle of a page":  func(s *session, q query) { s.person(1000); _ = s.conn.Close() },
		"breaks after the first page":     func(s *session, q query) { secondPageBreaks(s, q) },
		"is busy":                         func(s *session, q query) { s.done(51) },
		"shuts down after the first page": func(s *session, q query) { secondPageFails(s, q, 52) },
	} {
		t.Run(name, func(t *testing.T) {
			var searches atomic.Int32
			bad, good := startBadServer(t, first), wellBehaved(t, &searches)
			got, err := open(t, good.settings(func(s *ldap.Settings) { s.URLs = append(bad.settings().URLs, s.URLs...) })).Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.True(t, got.Complete, got.Gaps)
			require.Len(t, got.Entries, 300, "nothing of the first server's answer counts")
			require.Equal(t, good.listener.Addr().String(), got.Server)
			require.EqualValues(t, 3, searches.Load(), "all pages come from the second server")
		})
	}
	t.Run("is down", func(t *testing.T) {
		var searches atomic.Int32
		good := wellBehaved(t, &searches)
		got, err := open(t, good.settings(func(s *ldap.Settings) { s.URLs = append([]string{nobody(t)}, s.URLs...) })).Snapshot(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, got.Entries, 300)
	})
}

func secondPageBreaks(s *session, q query) {
	if q.cookie != "" {
		_ = s.conn.Close()
		return
	}
	s.next(s.page(q))
}

func secondPageFails(s *session, q query, code int) {
	if q.cookie != "" {
		s.done(code)
		return
	}
	s.next(s.page(q))
}

func TestDIR16_EveryServerIsNamedWhenAllFail(t *testing.T) {
	busy := startBadServer(t, func(s *session, q query) { s.done(51) })
	down := nobody(t)
	_, err := open(t, busy.settings(func(s *ldap.Settings) { s.URLs = append([]string{down}, s.URLs...) })).Snapshot(t.Context(), nil)
	require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
	require.EqualError(t, unwrapped(err), "reading the directory failed: (1) at "+down+": nobody answers there; check the host and the port, and that the server runs; "+
		"(2) at "+busy.settings().URLs[0]+": the server is busy; try again later")
}

// unwrapped is an error without its cause.
func unwrapped(err error) error {
	var refusal *identity.Error
	if errors.As(err, &refusal) {
		return errors.New(refusal.Detail)
	}
	return err
}

// TestAServerThatSaysNoIsBelieved: the next server is not asked, above all not with a password that was refused.
func TestAServerThatSaysNoIsBelieved(t *testing.T) {
	for name, code := range map[string]int{"no such base": 32, "no right": 50, "size limit": 4} {
		t.Run(name, func(t *testing.T) {
			var searches atomic.Int32
			first, second := startBadServer(t, func(s *session, q query) { s.done(code) }), wellBehaved(t, &searches)
			_, err := open(t, second.settings(func(s *ldap.Settings) { s.URLs = append(first.settings().URLs, s.URLs...) })).Snapshot(t.Context(), nil)
			require.Error(t, err)
			require.Zero(t, searches.Load())
			require.NotContains(t, err.Error(), second.listener.Addr().String())
		})
	}
	t.Run("a wrong password", func(t *testing.T) {
		var searches atomic.Int32
		first, second := startBadServer(t, nil), wellBehaved(t, &searches)
		first.bind = 49
		_, err := open(t, second.settings(func(s *ldap.Settings) { s.URLs = append(first.settings().URLs, s.URLs...) })).Snapshot(t.Context(), nil)
		require.ErrorContains(t, err, "refused the bind DN or its password")
		require.Equal(t, 1, first.binds, "each refusal counts towards the lock of the account")
		require.Zero(t, second.binds)
	})
}

// TestDIR18_MissingEntriesAreLookedUpWhereTheyWereMissed: the server of the reading is asked, not the first of the list.
func TestDIR18_MissingEntriesAreLookedUpWhereTheyWereMissed(t *testing.T) {
	var fails atomic.Bool
	var firstAsked, secondAsked atomic.Int32
	fails.Store(true)
	first := startBadServer(t, func(s *session, q query) {
		if firstAsked.Add(1); fails.Load() {
			_ = s.conn.Close()
			return
		}
		s.next(s.page(q))
	})
	second := startBadServer(t, func(s *session, q query) {
		if secondAsked.Add(1); q.paged {
			s.next(s.page(q))
			return
		}
		s.person(1)
		s.done(0)
	})
	source := open(t, second.settings(func(s *ldap.Settings) { s.URLs = append(first.settings().URLs, s.URLs...) }))
	_, err := source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, firstAsked.Load())
	fails.Store(false)
	found, err := source.Find(t.Context(), []identity.ObjectID{identity.ObjectID(uuidOf(900))}, identity.ObjectID(uuidOf(1)))
	require.NoError(t, err)
	require.Equal(t, directory.Absent, found[0].Kind)
	require.EqualValues(t, 1, firstAsked.Load(), "the first server is not asked")
	require.EqualValues(t, 5, secondAsked.Load())

	got, err := source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, first.listener.Addr().String(), got.Server, "the next reading begins with the first server again")
}

// TestDIR06_ChangesAreAskedForWhereTheyWereCounted: a domain controller numbers the changes that it has heard of itself.
func TestDIR06_ChangesAreAskedForWhereTheyWereCounted(t *testing.T) {
	var firstDown, secondDown atomic.Bool
	var firstAsked atomic.Int32
	firstDown.Store(true)
	ada := map[string][]string{"objectGUID": {"0123456789abcdef"}, "userAccountControl": {"512"}, "mail": {"ada@corp.example"}}
	answer := func(s *session) {
		s.entry("CN=Ada,"+suffix, ada)
		s.donePage("")
	}
	first := startBadServer(t, func(s *session, q query) {
		if firstAsked.Add(1); firstDown.Load() {
			_ = s.conn.Close()
			return
		}
		answer(s)
	})
	second := startBadServer(t, func(s *session, q query) {
		if secondDown.Load() {
			_ = s.conn.Close()
			return
		}
		answer(s)
	})
	for _, server := range []*badServer{first, second} {
		server.root = func(int) map[string][]string {
			return map[string][]string{"namingContexts": {suffix}, "highestCommittedUSN": {"10"}}
		}
		server.base = func(s *session, q query) { s.entry(q.base, map[string][]string{"isDeleted": {"TRUE"}}); s.done(0) }
	}
	settings := second.settings(func(s *ldap.Settings) {
		s.URLs, s.Kind, s.Changes = append(first.settings().URLs, s.URLs...), ldap.AD, ldap.ChangesUSN
	})
	full, err := open(t, settings).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, second.listener.Addr().String(), full.Server)
	firstDown.Store(false)
	firstAsked.Store(0)

	source := open(t, settings)
	nobodyLinked := func() ([]identity.ObjectID, error) { return nil, nil }
	changes, err := source.Changes(t.Context(), full.Cursor, nobodyLinked)
	require.NoError(t, err)
	require.Empty(t, changes.FullReading)
	require.Len(t, changes.IDs, 1)
	got, err := source.Entries(t.Context(), changes.IDs)
	require.NoError(t, err)
	require.Equal(t, second.listener.Addr().String(), got.Server)
	secondDown.Store(true)
	second.base = func(s *session, _ query) { _ = s.conn.Close() }
	_, err = source.Entries(t.Context(), changes.IDs)
	require.ErrorContains(t, err, second.listener.Addr().String())
	_, err = source.Named(t.Context(), []string{"CN=Ada," + suffix})
	require.ErrorContains(t, err, second.listener.Addr().String(), "the first server may not have heard of a name either")
	require.Zero(t, firstAsked.Load(), "the first server may not have heard of the change yet")

	changes, err = open(t, settings).Changes(t.Context(), full.Cursor, nobodyLinked)
	require.NoError(t, err)
	require.Contains(t, changes.FullReading, "Another server answers")
}

// records is a DNS with one answer.
type records struct {
	asked *[]string
	found []*net.SRV
	err   error
}

func (r records) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	*r.asked = append(*r.asked, name)
	return name, r.found, r.err
}

func (r records) LookupHost(context.Context, string) ([]string, error) {
	return []string{"127.0.0.1"}, r.err
}

func TestServersFromTheDNS(t *testing.T) {
	var searches atomic.Int32
	good := wellBehaved(t, &searches)
	host, port, err := net.SplitHostPort(good.listener.Addr().String())
	require.NoError(t, err)
	n, err := strconv.ParseUint(port, 10, 16)
	require.NoError(t, err)
	here := &net.SRV{Target: "localhost.", Port: uint16(n)}
	require.Equal(t, "127.0.0.1", host)
	missing := &net.DNSError{Err: "no such host", Name: "corp.example.com", IsNotFound: true}
	for name, c := range map[string]struct {
		dns   records
		kind  string
		asked string
		says  string // empty: works
	}{
		"a server":                          {records{found: []*net.SRV{here}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", ""},
		"the first is down":                 {records{found: []*net.SRV{{Target: "localhost.", Port: 1}, here}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", ""},
		"one of another domain beside it":   {records{found: []*net.SRV{{Target: "evil.example.", Port: uint16(n)}, here}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", ""},
		"one broken answer beside it":       {records{found: []*net.SRV{here}, err: errors.New("a malformed record")}, ldap.OpenLDAP, "_ldap._tcp.localhost.", ""},
		"servers of another domain only":    {records{found: []*net.SRV{{Target: "evil.example.", Port: 389}}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", "outside the domain (evil.example)"},
		"a name that ends like the domain":  {records{found: []*net.SRV{{Target: "evillocalhost.", Port: 389}}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", "outside the domain"},
		"no record":                         {records{err: missing}, ldap.OpenLDAP, "_ldap._tcp.localhost.", "the DNS names no server at _ldap._tcp.localhost"},
		"no record of a domain controller":  {records{err: missing}, ldap.AD, "_ldap._tcp.dc._msdcs.localhost.", "the DNS names no server at _ldap._tcp.dc._msdcs.localhost"},
		"the DNS does not answer":           {records{err: &net.DNSError{Err: "timeout", IsTimeout: true}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", "the DNS does not answer"},
		"everything that it names is down":  {records{found: []*net.SRV{{Target: "localhost.", Port: 1}}}, ldap.OpenLDAP, "_ldap._tcp.localhost.", "at ldap://localhost:1 failed: nobody answers there"},
		"without clear text it means LDAPS": {records{found: []*net.SRV{{Target: "dc1.localhost.", Port: 1}}}, "ldaps", "_ldap._tcp.localhost.", "at ldaps://dc1.localhost failed"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			c.dns.asked = &asked
			settings := good.settings(func(s *ldap.Settings) { s.URLs, s.SRV, s.AllowPlaintext, s.Kind = nil, "localhost", true, c.kind })
			if c.kind == "ldaps" {
				settings.Kind, settings.AllowPlaintext = ldap.OpenLDAP, false
			}
			got, err := open(t, settings).WithResolver(c.dns).Snapshot(t.Context(), nil)
			require.Equal(t, c.asked, asked[0])
			if c.says == "" {
				require.NoError(t, err)
				require.Len(t, got.Entries, 300)
				return
			}
			require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
			require.ErrorContains(t, err, c.says)
		})
	}
}

// TestOneOfTwoRealServers stops the first of two servers, and gives the second a certificate for somebody else.
func TestOneOfTwoRealServers(t *testing.T) {
	first := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	second := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	for _, d := range []*fixtures.Directory{first, second} {
		d.AddUser(t, fixtures.User{Login: "ada", Mail: "ada@example.com"})
	}
	authorities := passwordFile(t, contents(t, first.CAFile)+contents(t, second.CAFile))
	settings := connectorTo(t, first, "ou=People,"+first.BaseDN)
	settings.URLs, settings.CAFile, settings.PageTimeout = []string{first.LDAPSURL, second.LDAPSURL}, authorities, ldap.Duration(10*time.Second)
	host := func(url string) string { return strings.TrimPrefix(url, "ldaps://") }

	require.Equal(t, host(first.LDAPSURL), read(t, settings).Server)
	first.Stop(t)
	require.Equal(t, host(second.LDAPSURL), read(t, settings).Server)
	first.Start(t)
	require.Equal(t, host(first.LDAPSURL), read(t, settings).Server)

	settings.CAFile = second.CAFile
	require.Equal(t, host(second.LDAPSURL), read(t, settings).Server, "the authorities are those of every server, and the first is not signed by them")
	settings.CAFile = first.OtherCAFile
	_, err := open(t, settings).Snapshot(t.Context(), nil)
	require.ErrorContains(t, err, "(1) at "+first.LDAPSURL+": the server's certificate is not signed")
	require.ErrorContains(t, err, "(2) at "+second.LDAPSURL+": the server's certificate is not signed")
}
