package rollcall_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// The pipes through which people come into an organization.
const (
	byHand      = "administration"
	byFile      = "file"
	bySCIM      = "SCIM"
	byDirectory = "directory"
)

// address is what every pipe tries to add.
const address = "u@d.example"

// holder is an organization that is not ours.
func (w *world) holder() identity.OrgID { return w.organization("The other organization") }

// decisions is the table of EML-15: who holds the address, and what else, makes which answer. The directory has answers of its
// own for what is held elsewhere (EML-12); SCIM tells no more than that something is in the way (EML-13).
var decisions = []struct {
	row       string
	make      func(w *world, pipe string)
	code      identity.Rule // empty: the user is added
	directory identity.Rule // if it is another one
	adds      []string      // the pipes that add the user all the same
}{
	{row: "1: the directory owns the organization", code: identity.RuleManagedByDirectory, adds: []string{byDirectory},
		make: func(w *world, _ string) { w.synchronized(w.org) }},
	{row: "2: nobody holds it, and another organization claimed the domain", code: identity.RuleDomainClaimed,
		make: func(w *world, _ string) { w.domain(w.holder(), identity.DomainClaimed) }},
	{row: "3: nobody holds it, and only verified domains are wanted", code: identity.RuleDomainNotVerified,
		make: func(w *world, _ string) {
			w.verify(w.org, "own.example")
			w.change(w.org, func(o *identity.Organization) { o.EnforceVerifiedDomains = true })
		}},
	{row: "4: nobody holds it", make: func(*world, string) {}},
	{row: "4: nobody holds it, in a domain of ours, and only verified domains are wanted", make: func(w *world, _ string) {
		w.domain(w.org, identity.DomainVerified)
		w.change(w.org, func(o *identity.Organization) { o.EnforceVerifiedDomains = true })
	}},
	{row: "5: a live user of ours", code: identity.RuleEmailTaken, make: func(w *world, pipe string) {
		// By its primary address a file would name this very user, and a directory would mean it.
		w.domain(w.org, identity.DomainVerified)
		w.create(w.org, identity.Origin{Source: identity.SourceManual, Link: w.otherConnector(pipe)}, "first@d.example", address)
	}},
	{row: "6: a user who is gone from a directory", code: identity.RuleEmailHeld, make: func(w *world, _ string) { w.gone(w.holder()) }},
	{row: "6: a change of address that is not confirmed", code: identity.RuleEmailHeld, make: func(w *world, _ string) {
		org := w.holder()
		a := w.create(org, identity.Origin{Source: identity.SourceManual}, "before@d.example")
		w.act(org, operator, func(c *identity.Acts) error {
			_, err := c.ChangeEmail(w.ctx, a.ID, nil, address)
			return err
		})
	}},
	{row: "7: the creator of a trial organization", code: identity.RuleUserOwnsTrialOrg, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			org := w.trial()
			a := w.create(org, identity.Origin{Source: identity.SourceSelf}, address)
			w.change(org, func(o *identity.Organization) { o.Creator = a.ID })
		}},
	{row: "7: the last full administrator of a trial organization, in a domain of ours", code: identity.RuleUserOwnsTrialOrg, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.domain(w.org, identity.DomainVerified)
			org := w.trial()
			w.administers(org, w.create(org, identity.Origin{Source: identity.SourceManual}, address))
		}},
	{row: "8: a personal account that we may claim", code: identity.RuleEmailClaimable, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.domain(w.org, identity.DomainVerified)
			w.create(identity.ConsumerOrgID, identity.Origin{Source: identity.SourceSelf}, address)
		}},
	{row: "9: a personal account in a domain that is not ours", code: identity.RuleDomainNotAvailable, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.create(identity.ConsumerOrgID, identity.Origin{Source: identity.SourceSelf}, address)
		}},
	{row: "9: a personal account in a domain that is not ours alone", code: identity.RuleDomainNotAvailable, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.domain(w.org, identity.DomainVerified)
			w.domain(w.holder(), identity.DomainVerified)
			w.create(identity.ConsumerOrgID, identity.Origin{Source: identity.SourceSelf}, address)
		}},
	{row: "10: a user of another organization whom we may claim", code: identity.RuleEmailClaimable, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.domain(w.org, identity.DomainVerified)
			w.create(w.holder(), identity.Origin{Source: identity.SourceManual}, address)
		}},
	{row: "11: a user of another organization in a domain that is not ours", code: identity.RuleEmailTaken, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.create(w.holder(), identity.Origin{Source: identity.SourceManual}, address)
		}},
	{row: "11: a user of an organization with single sign-on", code: identity.RuleEmailTaken, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.domain(w.org, identity.DomainVerified)
			org := w.holder()
			w.create(org, identity.Origin{Source: identity.SourceManual}, address)
			w.change(org, func(o *identity.Organization) { o.SSOProvider = "https://idp.example" })
		}},
	{row: "11: a user of an organization with a directory", code: identity.RuleEmailTaken, directory: directory.RuleNotConverted,
		make: func(w *world, _ string) {
			w.domain(w.org, identity.DomainVerified)
			org := w.holder()
			w.create(org, identity.Origin{Source: identity.SourceManual}, address)
			w.synchronized(org)
		}},
}

var pipes = map[string]func(*world) identity.Rule{
	byHand: (*world).addByHand, byFile: (*world).addByFile, bySCIM: (*world).addBySCIM, byDirectory: (*world).addByDirectory,
}

// In each round every pipe adds the same address to an organization of its own, all at once.
func TestEML01_OneOfAllPipesGetsTheAddress(t *testing.T) {
	for range 5 {
		w := newWorld(t)
		places := map[string]*world{}
		for pipe := range pipes {
			places[pipe] = w.of(pipe)
		}
		places[byDirectory].synchronized(places[byDirectory].org)
		answers := make(chan identity.Rule, len(pipes))
		for pipe, add := range pipes {
			go func() {
				got := identity.Rule("NO_ANSWER")
				defer func() { answers <- got }() // also if the call fails the test
				got = add(places[pipe])
			}()
		}
		added := 0
		for range pipes {
			switch got := <-answers; got {
			case "":
				added++
			case identity.RuleEmailTaken, "uniqueness", directory.RuleNotConverted:
			default:
				require.Fail(t, "no other answer fits", got)
			}
		}
		require.Equal(t, 1, added)
		holders := 0
		for _, a := range w.people().accounts {
			if a.PrimaryEmail() == address {
				holders++
			}
		}
		require.Equal(t, 1, holders)
	}
}

func TestEML15_AddingAUserThroughEveryPipe(t *testing.T) {
	for _, d := range decisions {
		for pipe, add := range pipes {
			t.Run(d.row+", by "+pipe, func(t *testing.T) {
				w := newWorld(t)
				if pipe == byDirectory {
					w.synchronized(w.org)
				}
				d.make(w, pipe)
				before, events := w.people(), w.told()
				got := add(w)
				after := w.people()
				if d.code == "" || slices.Contains(d.adds, pipe) {
					require.Empty(t, got)
					require.Len(t, after.accounts, len(before.accounts)+1)
					require.Equal(t, w.org, after.hold.Org)
					return
				}
				want := d.code
				if pipe == byDirectory && d.directory != "" {
					want = d.directory
				}
				if pipe == bySCIM && want != identity.RuleManagedByDirectory {
					want = "uniqueness"
				}
				require.Equal(t, want, got)
				require.Equal(t, before, after, "nobody and nothing has changed")
				for _, e := range w.told()[len(events):] {
					require.False(t, strings.HasPrefix(string(e.Kind), "account."), "%s", e.Kind)
				}
			})
		}
	}
}

// Who has an account elsewhere keeps it, and a released domain is open again (DOM-13). Where people go who register on their own
// is DOM-11.
func TestDOM10_AClaimedDomainIsClosedToTheOtherOrganizations(t *testing.T) {
	for pipe, add := range pipes {
		t.Run("by "+pipe, func(t *testing.T) {
			w := newWorld(t)
			if pipe == byDirectory {
				w.synchronized(w.org)
			}
			_, domain, _ := strings.Cut(address, "@")
			there := w.create(identity.ConsumerOrgID, identity.Origin{Source: identity.SourceSelf}, "before@"+domain)
			owner := w.holder()
			w.verify(owner, domain)
			_, err := w.ClaimDomain(w.ctx, operator, owner, domain)
			require.NoError(t, err)
			want := identity.RuleDomainClaimed
			if pipe == bySCIM {
				want = "uniqueness"
			}
			require.Equal(t, want, add(w))
			people := w.people().accounts
			require.Contains(t, people, there)
			require.False(t, slices.ContainsFunc(people, func(a identity.Account) bool { return a.PrimaryEmail() == address }))

			_, err = w.ReleaseDomain(w.ctx, operator, owner, domain)
			require.NoError(t, err)
			require.Empty(t, add(w))
		})
	}
}

// addByHand adds the user as an administrator does, with a token.
func (w *world) addByHand() identity.Rule {
	status, body := w.call(http.MethodPost, "/api/v1/organizations/"+string(w.org)+"/users", w.bearer(), "application/json", fmt.Sprintf(`{"users":[{"email":%q}]}`, address))
	if status == http.StatusCreated {
		return ""
	}
	require.Equal(w.t, http.StatusConflict, status, body)
	require.NotContains(w.t, body["detail"], "The other organization", "EML-13")
	return identity.Rule(body["code"].(string))
}

// addByFile imports a file with one row.
func (w *world) addByFile() identity.Rule {
	status, body := w.call(http.MethodPost, "/api/v1/organizations/"+string(w.org)+"/imports", w.bearer(), "text/csv", "User ID/Email (Required)\n"+address+"\n")
	require.Equal(w.t, http.StatusAccepted, status, body)
	w.work()
	id := identity.JobID(body["id"].(string))
	rows, err := w.Reader().JobRows(w.ctx, w.org, id, 0, 10)
	require.NoError(w.t, err)
	require.Len(w.t, rows, 1)
	require.True(w.t, rows[0].Done)
	require.NotContains(w.t, rows[0].Message, "The other organization", "EML-13")
	return rows[0].Code
}

// addBySCIM adds the user as an identity provider does.
func (w *world) addBySCIM() identity.Rule {
	status, body := w.call(http.MethodPost, "/scim/"+string(w.org)+"/v2/Users", w.provider, "application/scim+json", fmt.Sprintf(
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"emails":[{"value":%q,"type":"work","primary":true}]}`, address, address))
	if status == http.StatusCreated {
		return ""
	}
	require.Equal(w.t, http.StatusConflict, status, body)
	if body["scimType"] != nil {
		require.NotContains(w.t, body["detail"], "d.example", "EML-13: nothing but that it is not unique")
		return identity.Rule(body["scimType"].(string))
	}
	_, code, _ := strings.Cut(body["detail"].(string), "(")
	return identity.Rule(strings.TrimSuffix(code, ")"))
}

// addByDirectory synchronizes a directory with the user in it, beside another one.
func (w *world) addByDirectory() identity.Rule {
	w.source.entries = []directory.Entry{
		{ID: "object-1", DN: "cn=other", UserName: "other@directory.example", Emails: []string{"other@directory.example"}},
		{ID: "object-2", DN: "cn=u", UserName: address, Emails: []string{address}},
	}
	_, _, report, err := w.syncer.Run(w.ctx, w.org, w.connector, operator, nil)
	require.NoError(w.t, err)
	if len(report.Items) == 0 {
		require.Equal(w.t, identity.RunCompleted, report.State)
		return ""
	}
	require.Len(w.t, report.Items, 1)
	require.Equal(w.t, address, report.Items[0].UserName)
	require.Equal(w.t, identity.RunErrors, report.State, "the rest goes on")
	require.NotContains(w.t, report.Items[0].Detail, "The other organization", "EML-13")
	return report.Items[0].Code
}

// instant is when everything in these tests happens.
var instant = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
