package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// person is somebody who might be claimed, with all that speaks for or against it.
type person struct {
	account identity.Account
	hold    identity.Hold
	claimed bool // a claim by which the account came is open
	full    bool // the owner is a full administrator of the account's organization
}

// candidate says what identity.CandidateQuery says.
func candidate(q identity.CandidateQuery, o identity.Organization, p person) bool {
	if p.hold.Key.DomainOf() != q.Domain || p.hold.Key <= q.After || o.ID == q.Claimant {
		return false
	}
	if q.Any {
		return p.hold.Kind == identity.HoldPrimary || p.hold.Kind == identity.HoldClaim || p.hold.Kind == identity.HoldSoftDeleted
	}
	if p.hold.Kind != identity.HoldPrimary {
		return false
	}
	inCharge := o.Kind != identity.Consumer && (p.full || o.Creator == p.account.ID)
	return o.State == identity.OrgActive && !o.UsesSSO() && !o.SynchronizesPeople() && p.account.Status != identity.DeferredClaim &&
		!p.account.Shadow && !p.claimed && !slices.Contains(q.Without, o.ID) && (inCharge || !q.InCharge)
}

// testCandidates compares what is found in random organizations with what candidate says of each person in them.
func testCandidates(t *testing.T, w world) {
	round := 0
	t.Run("CLM-10 CLM-30 users who may be claimed are found and counted", rapid.MakeCheck(func(rt *rapid.T) {
		round++
		c := candidates{world: w, domain: fmt.Sprintf("d%d.example", round)}
		for range rapid.IntRange(1, 4).Draw(rt, "organizations") {
			c.organization(rt)
		}
		consumer, err := w.store.Organization(ctx, identity.ConsumerOrgID)
		require.NoError(rt, err)
		c.organizations = append(c.organizations, consumer)
		for range rapid.IntRange(0, 20).Draw(rt, "people") {
			c.person(rt)
		}
		slices.SortFunc(c.people, func(a, b person) int { return strings.Compare(string(a.hold.Key), string(b.hold.Key)) })
		for range 4 {
			c.compare(rt, c.query(rt))
		}
	}))
	t.Run("a limit asks for something", func(t *testing.T) {
		_, err := w.store.Candidates(ctx, identity.CandidateQuery{Claimant: w.own, Domain: "example.com"})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

// candidates is one round's organizations and people, who share a domain that no other round has.
type candidates struct {
	world
	domain        string
	organizations []identity.Organization
	people        []person
}

// usual draws what is mostly the first value, so that there is often one thing only that speaks against somebody.
func usual[T any](rt *rapid.T, label string, value T, others ...T) T {
	return rapid.SampledFrom(slices.Concat(slices.Repeat([]T{value}, 10), others)).Draw(rt, label)
}

func (c *candidates) organization(rt *rapid.T) {
	o := identity.Organization{
		ID: identity.OrgID(c.ids.New()), Name: "Somebody Ltd", Kind: usual(rt, "kind", identity.Customer, identity.Partner),
		State:       usual(rt, "state", identity.OrgActive, identity.OrgDeleting, identity.OrgDeleted),
		SyncMode:    usual(rt, "sync", identity.SyncDisabled, identity.SyncRegistered, identity.SyncPaused),
		SSOProvider: usual(rt, "sso", "", "https://idp.example"), ActiveProviders: usual(rt, "providers", 0, 1),
		ProviderAuthoritative: usual(rt, "authoritative", false, true), CreatedAt: start, UpdatedAt: start,
	}
	require.NoError(rt, c.do(func(tx identity.Tx) error { return tx.InsertOrganization(ctx, o) }))
	o.Version = 1
	c.organizations = append(c.organizations, o)
}

func (c *candidates) person(rt *rapid.T) {
	at := rapid.IntRange(0, len(c.organizations)-1).Draw(rt, "organization")
	o := &c.organizations[at]
	key := fmt.Sprintf("%s%d@%s", usual(rt, "name", "p", "", "é"), len(c.people), usual(rt, "domain", c.domain, "x."+c.domain, c.domain+".org", "x"+c.domain))
	p := person{account: c.account(o.ID, key)}
	p.account.Status = usual(rt, "status", identity.Active, identity.NotVerified, identity.Inactive, identity.DeferredClaim)
	p.account.Shadow = usual(rt, "shadow", false, true)
	p.hold = identity.Hold{Key: identity.EmailKey(key), Org: o.ID, Account: p.account.ID,
		Kind: usual(rt, "hold", identity.HoldPrimary, identity.HoldSoftDeleted, identity.HoldAlternate)}
	switch { // whoever is claimed holds no address as the primary one
	case p.hold.Kind != identity.HoldPrimary:
	case p.account.Status == identity.DeferredClaim:
		p.hold.Kind = identity.HoldClaim
	case p.account.Shadow:
		p.hold.Kind = identity.HoldAlternate
	}
	bound, granted := rapid.Bool().Draw(rt, "bound"), rapid.Bool().Draw(rt, "granted")
	role := usual(rt, "role", identity.RoleFull, identity.RoleUser)
	where := rapid.SampledFrom(c.organizations).Draw(rt, "granted in").ID
	p.full = bound && granted && role == identity.RoleFull && where == o.ID
	claim := c.claim(o.ID, c.other)
	claim.NewAccount = p.account.ID
	claimed := usual(rt, "claim", "none", "open", "settled", "away")
	p.claimed = claimed == "open"
	creator := usual(rt, "creator", false, true) && o.Kind != identity.Consumer
	require.NoError(rt, c.do(func(tx identity.Tx) error {
		if err := tx.InsertAccount(ctx, p.account, []identity.Hold{p.hold}); err != nil {
			return err
		}
		issuer, subject := "https://idp", string(p.account.ID)
		if bound {
			if err := tx.InsertBinding(ctx, identity.Binding{Issuer: issuer, Subject: subject, Org: o.ID, Account: p.account.ID, CreatedAt: start}); err != nil {
				return err
			}
		}
		if granted {
			if err := tx.PutGrant(ctx, identity.Grant{Org: where, Issuer: issuer, Subject: subject, Role: role, CreatedAt: start}); err != nil {
				return err
			}
		}
		switch claimed {
		case "settled":
			claim.Outcome, claim.SettledAt = identity.OutcomeKept, start
		case "away": // the account is the old one
			claim.Target, claim.Source, claim.NewAccount, claim.OldAccount = c.other, o.ID, claim.OldAccount, p.account.ID
		}
		if claimed != "none" {
			if err := tx.InsertClaim(ctx, claim); err != nil {
				return err
			}
		}
		if !creator {
			return nil
		}
		o.Creator = p.account.ID
		return tx.UpdateOrganization(ctx, *o)
	}))
	if creator {
		o.Version++
	}
	c.people = append(c.people, p)
}

func (c *candidates) query(rt *rapid.T) identity.CandidateQuery {
	q := identity.CandidateQuery{
		Claimant: rapid.SampledFrom(append([]identity.OrgID{c.own}, c.organizations[0].ID)).Draw(rt, "claimant"), Domain: c.domain,
		InCharge: rapid.Bool().Draw(rt, "in charge"), Any: rapid.IntRange(0, 4).Draw(rt, "any") == 0, Limit: rapid.IntRange(1, 20).Draw(rt, "limit"),
	}
	for range rapid.IntRange(0, 3).Draw(rt, "without") {
		q.Without = append(q.Without, rapid.SampledFrom(c.organizations).Draw(rt, "without").ID)
	}
	if len(c.people) > 0 && rapid.Bool().Draw(rt, "after") {
		q.After = rapid.SampledFrom(c.people).Draw(rt, "after").hold.Key
	}
	return q
}

func (c *candidates) compare(rt *rapid.T, q identity.CandidateQuery) {
	var want []identity.Candidate
	for _, p := range c.people {
		i := slices.IndexFunc(c.organizations, func(o identity.Organization) bool { return o.ID == p.account.Org })
		if candidate(q, c.organizations[i], p) {
			want = append(want, identity.Candidate{Key: p.hold.Key, Account: p.account})
		}
	}
	n, err := c.store.CountCandidates(ctx, q)
	require.NoError(rt, err)
	require.Equal(rt, len(want), n)
	got, err := c.store.Candidates(ctx, q)
	require.NoError(rt, err)
	require.Equal(rt, want[:min(q.Limit, len(want))], got)
}

func testDomainsAround(t *testing.T, w world) {
	third := w.organization(t)
	all := map[string]identity.Domain{}
	for i, name := range []string{"example.com", "mail.example.com", "a.b.mail.example.com", "notexample.com", "example.com.evil.org", "com", "org",
		"example.co", "example.comm", "example-x.com", "xn--bcher-kva.example", "mail-x.example.com", "evil.org", "a.example.org"} {
		d := identity.Domain{Org: []identity.OrgID{w.own, w.other}[i%2], Name: name, State: []identity.DomainState{identity.DomainVerified, identity.DomainClaimed}[i%2], UpdatedAt: start}
		w.must(t, func(tx identity.Tx) error { return tx.PutDomain(ctx, d) })
		all[name] = d
	}
	twice := identity.Domain{Org: third, Name: "mail.example.com", State: identity.DomainVerified, UpdatedAt: start}
	w.must(t, func(tx identity.Tx) error { return tx.PutDomain(ctx, twice) })
	for name, want := range map[string][]string{
		"example.com":             {"com", "example.com", "mail.example.com", "a.b.mail.example.com", "mail-x.example.com"},
		"mail.example.com":        {"com", "example.com", "mail.example.com", "a.b.mail.example.com"},
		"b.mail.example.com":      {"com", "example.com", "mail.example.com", "a.b.mail.example.com"},
		"z.a.b.mail.example.com":  {"com", "example.com", "mail.example.com", "a.b.mail.example.com"},
		"other.com":               {"com"},
		"example.com.evil.org":    {"org", "evil.org", "example.com.evil.org"},
		"evil.org":                {"org", "evil.org", "example.com.evil.org"},
		"example":                 {"xn--bcher-kva.example"},
		"xn--bcher-kva.example":   {"xn--bcher-kva.example"},
		"nobody.has.this.example": nil,
		"ample.com":               {"com"},
	} {
		t.Run("CLM-10i around "+name, func(t *testing.T) {
			var expected []identity.Domain
			for _, n := range want {
				expected = append(expected, all[n])
				if n == twice.Name {
					expected = append(expected, twice)
				}
			}
			got, err := w.store.DomainsAround(ctx, name)
			require.NoError(t, err)
			require.ElementsMatch(t, expected, got)
		})
	}
	t.Run("a domain that is given up is around nothing", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteDomain(ctx, w.own, "example.com") })
		got, err := w.store.DomainsAround(ctx, "x.example.com")
		require.NoError(t, err)
		require.ElementsMatch(t, []identity.Domain{all["com"]}, got)
	})
}
