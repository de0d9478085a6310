package ldap_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// crew sends group i of three, which everybody of six people is in but one.
func (s *session) crew(i int, edit func(map[string][]string)) {
	attributes := map[string][]string{"entryUUID": {uuidOf(900 + i)}, "cn": {fmt.Sprintf("crew %d", i)}}
	for n := range 6 {
		if n != i {
			attributes["member"] = append(attributes["member"], fmt.Sprintf("uid=u%d,ou=people,%s", n, suffix))
		}
	}
	if edit != nil {
		edit(attributes)
	}
	s.entry(fmt.Sprintf("cn=crew %d,ou=groups,%s", i, suffix), attributes)
}

// groupFaults go wrong with one page of groups, of three with a group each.
var groupFaults = map[string]fault{
	"no paging control":          {page: func(s *session, _ int) { s.done(0) }, says: "came without the paging control"},
	"a referral":                 {page: func(s *session, n int) { s.refer("ldap://dc9.example/ou=x"); s.next(n) }, says: "ldap://dc9.example/ou=x"},
	"a cut in the middle":        {page: func(s *session, n int) { s.crew(n, nil); _ = s.conn.Close() }, says: "the connection broke"},
	"a size limit":               {page: func(s *session, _ int) { s.done(4) }, says: "size limit cut the answer off"},
	"a time limit":               {page: func(s *session, _ int) { s.done(3) }, says: "time limit cut the answer off"},
	"busy":                       {page: func(s *session, _ int) { s.done(51) }, says: "the server is busy"},
	"no right any more":          {page: func(s *session, _ int) { s.done(50) }, says: "no right to read there"},
	"the base is gone":           {page: func(s *session, _ int) { s.done(32) }, says: "there is no such entry"},
	"silence":                    {page: func(*session, int) {}, edit: impatient, says: "did not answer in time"},
	"a group without an id":      {page: func(s *session, n int) { s.crew(n, func(a map[string][]string) { delete(a, "entryUUID") }); s.next(n) }, says: "came without a usable entryUUID"},
	"one id twice":               {page: func(s *session, n int) { s.crew(n, nil); s.crew(n, nil); s.next(n) }, says: "two entries with the id"},
	"a page again":               {page: func(s *session, n int) { s.crew(n, nil); s.donePage(strconv.Itoa(n)) }, says: "goes round in circles"},
	"an empty page, and fine":    {page: func(s *session, n int) { s.next(n) }, says: "does not even find an entry that is known to exist"},
	"no members in sight":        {page: func(s *session, n int) { s.crew(n, func(a map[string][]string) { delete(a, "member") }); s.next(n) }, says: "may lack the right to read who is in it"},
	"a name that is none at all": {page: func(s *session, n int) { s.crew(n, func(a map[string][]string) { a["cn"] = []string{" "} }); s.next(n) }, says: "The group has no name"},
}

// TestDIR16_DIR19_NoFaultEndsAMembership has a directory go wrong while its groups are read, at the first, the middle and the last page: every
// group stays as it was, and the plan says what was wrong.
func TestDIR16_DIR19_NoFaultEndsAMembership(t *testing.T) {
	by := identity.Actor{Kind: identity.Operator, Name: "Olga"}
	type trouble struct {
		fault
		at int // page
	}
	var now atomic.Pointer[trouble] // the server may still be busy with what the client gave up
	server := startBadServer(t, func(s *session, q query) {
		n, _ := strconv.Atoi(q.cookie)
		wrong := now.Load()
		switch {
		case !q.paged:
			s.done(0) // a look-up
		case !strings.Contains(q.filter, "groupOfNames"):
			for i := range 6 {
				s.person(i)
			}
			s.donePage("")
		case wrong != nil && n == wrong.at:
			wrong.page(s, n)
		default:
			s.crew(n, nil)
			s.next(n)
		}
	})
	s := fresh.Open(t)
	service := identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	org, err := service.CreateOrganization(t.Context(), by, identity.Organization{Name: "Corp", Kind: identity.Customer})
	require.NoError(t, err)
	connector, err := service.CreateConnector(t.Context(), by, identity.Connector{Org: org.ID, Name: "c", Kind: ldap.OpenLDAP, Settings: []byte(`{"groups":{}}`)})
	require.NoError(t, err)
	grouped := func(s *ldap.Settings) { s.Groups = &directory.GroupSettings{} }
	settings := server.settings(grouped)
	syncer := directory.New(service, func(context.Context, identity.Connector) (directory.Source, error) { return open(t, settings), nil })
	members := func() map[string][]identity.LinkedMember {
		all := map[string][]identity.LinkedMember{}
		groups, err := s.Groups(t.Context(), org.ID, identity.GroupQuery{Limit: 10})
		require.NoError(t, err)
		for _, g := range groups {
			all[g.Name], err = s.LinkedMembers(t.Context(), org.ID, g.ID)
			require.NoError(t, err)
		}
		return all
	}
	plan, _, err := syncer.Plan(t.Context(), org.ID, connector.ID, by, nil)
	require.NoError(t, err)
	_, err = syncer.Apply(t.Context(), org.ID, plan.ID, by, nil)
	require.NoError(t, err)
	before := members()
	require.Len(t, before, 3)
	require.Len(t, before["crew 1"], 5)

	for name, f := range groupFaults {
		for n, position := range []string{"first", "middle", "last"} {
			t.Run(name+", "+position+" page", func(t *testing.T) {
				now.Store(&trouble{f, n})
				if settings = server.settings(grouped); f.edit != nil {
					f.edit(&settings)
				}
				_, plan, _, err := syncer.Run(t.Context(), org.ID, connector.ID, by, nil)
				require.NoError(t, err)
				require.Equal(t, before, members())
				var text strings.Builder
				require.NoError(t, plan.Print(&text))
				require.Contains(t, text.String(), f.says)
			})
		}
	}
}
