package ldap_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// fault is what goes wrong with one page of three. It sends the page, or a part of it, and ends it.
type fault struct {
	page func(s *session, n int)
	edit func(*ldap.Settings)
	root func(bad bool) map[string][]string
	says string // to the administrator
}

// hundred sends page n, each person as edit makes them; nil drops them.
func hundred(s *session, n int, edit func(i int, a map[string][]string) map[string][]string) {
	for i := n * 100; i < n*100+100; i++ {
		a := person(i)
		if edit != nil {
			a = edit(i, a)
		}
		if a != nil {
			s.entry(fmt.Sprintf("uid=u%d,ou=people,%s", i, suffix), a)
		}
	}
}

// partly leaves out half of a page.
func partly(i int, a map[string][]string) map[string][]string {
	if i%2 == 0 {
		return nil
	}
	return a
}

var faults = map[string]fault{
	"no paging control":          {page: func(s *session, n int) { hundred(s, n, partly); s.done(0) }, says: "came without the paging control"},
	"a referral":                 {page: func(s *session, n int) { hundred(s, n, partly); s.refer("ldap://dc9.example/ou=x"); s.next(n) }, says: "ldap://dc9.example/ou=x"},
	"a cut in the middle":        {page: func(s *session, n int) { hundred(s, n, partly); _ = s.conn.Close() }, says: "the connection broke"},
	"a size limit":               {page: func(s *session, n int) { hundred(s, n, partly); s.done(4) }, says: "size limit cut the answer off"},
	"a time limit":               {page: func(s *session, n int) { hundred(s, n, partly); s.done(3) }, says: "time limit cut the answer off"},
	"a limit of the server":      {page: func(s *session, n int) { s.done(11) }, says: "a limit of the server cut the answer off"},
	"busy":                       {page: func(s *session, n int) { s.done(51) }, says: "the server is busy"},
	"no paging any more":         {page: func(s *session, n int) { s.done(12) }, says: "does not support what was asked for"},
	"no right any more":          {page: func(s *session, n int) { s.done(50) }, says: "no right to read there"},
	"the base is gone":           {page: func(s *session, n int) { s.done(32) }, says: "there is no such entry"},
	"silence":                    {page: func(s *session, n int) {}, edit: impatient, says: "did not answer in time"},
	"an entry without an id":     {page: func(s *session, n int) { hundred(s, n, nameless); s.next(n) }, says: "came without a usable entryUUID"},
	"one id twice":               {page: func(s *session, n int) { hundred(s, n, partly); s.person(n*100 + 1); s.next(n) }, says: "two entries with the id"},
	"a page again":               {page: func(s *session, n int) { hundred(s, n, partly); s.donePage(fmt.Sprint(n)) }, says: "goes round in circles"},
	"half of the page, and fine": {page: func(s *session, n int) { hundred(s, n, partly); s.next(n) }, says: "does not even find an entry that is known to exist"},
	"an answer too large": {page: func(s *session, n int) {
		hundred(s, n, func(_ int, a map[string][]string) map[string][]string {
			a["title"] = []string{strings.Repeat("x", 2000)}
			return a
		})
		s.next(n)
	}, edit: func(s *ldap.Settings) { s.MaxPageBytes = 64 << 10 }, says: "more than 65536 bytes (maxPageBytes)"},
	"rubbish": {page: func(s *session, n int) {
		_, _ = s.conn.Write([]byte(strings.Repeat("\x30\x80", 1000)))
		_ = s.conn.Close()
	}, says: "the connection broke"},
	"no address in sight": {page: func(s *session, n int) {
		hundred(s, n, func(_ int, a map[string][]string) map[string][]string { delete(a, "mail"); return a })
		s.next(n)
	}, says: "The attribute emails vanished from 100 of 300 people"},
	"another server": {page: func(s *session, n int) { hundred(s, n, partly); s.next(n) }, root: func(bad bool) map[string][]string {
		if bad {
			return map[string][]string{"namingContexts": {suffix}, "dnsHostName": {"dc2.example"}}
		}
		return map[string][]string{"namingContexts": {suffix}, "dnsHostName": {"dc1.example"}}
	}, says: "The server changed while it was read"},
}

func nameless(i int, a map[string][]string) map[string][]string {
	if i%2 == 0 {
		delete(a, "entryUUID")
	}
	return a
}

func impatient(s *ldap.Settings) {
	s.PageTimeout, s.TotalTimeout = ldap.Duration(50*time.Millisecond), ldap.Duration(200*time.Millisecond)
}

// TestDIR16_DIR19_NoFaultLosesAnybody has a synchronized directory of 300 people go wrong in every way, at the first, then the middle and then the
// last page: nobody is lost, and the plan says what was wrong and that nothing was changed.
func TestDIR16_DIR19_NoFaultLosesAnybody(t *testing.T) {
	by := identity.Actor{Kind: identity.Operator, Name: "Olga"}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			type trouble struct {
				at   int // page
				read atomic.Bool
			}
			var now atomic.Pointer[trouble] // the server may still be busy with what the client gave up
			server := startBadServer(t, func(s *session, q query) {
				wrong := now.Load()
				switch {
				case !q.paged:
					s.done(0) // a look-up
				case wrong != nil && (q.cookie == fmt.Sprint(wrong.at) || wrong.at == 0 && q.cookie == ""):
					wrong.read.Store(true)
					f.page(s, wrong.at)
				default:
					s.next(s.page(q))
				}
			})
			if f.root != nil {
				server.root = func(int) map[string][]string {
					wrong := now.Load()
					return f.root(wrong != nil && wrong.read.Load())
				}
			}
			s := fresh.Open(t)
			service := identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
			org, err := service.CreateOrganization(t.Context(), by, identity.Organization{Name: "Corp", Kind: identity.Customer})
			require.NoError(t, err)
			connector, err := service.CreateConnector(t.Context(), by, identity.Connector{Org: org.ID, Name: "c", Kind: ldap.OpenLDAP})
			require.NoError(t, err)
			settings := server.settings()
			syncer := directory.New(service, func(context.Context, identity.Connector) (directory.Source, error) { return open(t, settings), nil })
			plan, _, err := syncer.Plan(t.Context(), org.ID, connector.ID, by, nil)
			require.NoError(t, err)
			_, err = syncer.Apply(t.Context(), org.ID, plan.ID, by, nil)
			require.NoError(t, err)
			before := accountsIn(t, s, org.ID)
			require.Len(t, before, 300)

			if f.edit != nil {
				f.edit(&settings)
			}
			for n, position := range []string{"first", "middle", "last"} {
				t.Run(position+" page", func(t *testing.T) {
					wrong := &trouble{at: n}
					now.Store(wrong)
					_, bad, report, err := syncer.Run(t.Context(), org.ID, connector.ID, by, nil)
					require.NoError(t, err)
					require.Zero(t, report.Applied[directory.OpRemove]+report.Applied[directory.OpDisable])
					require.Equal(t, before, accountsIn(t, s, org.ID))
					var b strings.Builder
					require.NoError(t, bad.Print(&b))
					require.Contains(t, b.String(), f.says)
					require.True(t, bad.Refused != "" || bad.NoLosses != "" || bad.Figures.Ops[directory.OpSkip] > 0, "it says that nobody was lost")
				})
			}
		})
	}
}

func accountsIn(t *testing.T, s identity.Store, org identity.OrgID) []identity.Account {
	list, err := s.Accounts(t.Context(), org, identity.AccountQuery{Limit: 1000})
	require.NoError(t, err)
	return list
}
