package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// claim makes an open claim that is not stored yet. Nobody has the accounts that it is about.
func (w world) claim(target, source identity.OrgID) identity.Claim {
	return identity.Claim{
		ID: identity.ClaimID(w.ids.New()), Target: target, Source: source, NewAccount: identity.AccountID(w.ids.New()),
		OldAccount: identity.AccountID(w.ids.New()), Mode: identity.ClaimDeferred, Email: "Ada@Example.com", Domain: "example.com",
		Carried: identity.Carried{Status: identity.Active}, ClaimedAt: start, Version: 1,
	}
}

func (w world) insertClaim(t testing.TB, c identity.Claim) identity.Claim {
	t.Helper()
	w.must(t, func(tx identity.Tx) error { return tx.InsertClaim(ctx, c) })
	return c
}

// settle writes how a claim ended.
func (w world) settle(t testing.TB, c identity.Claim, outcome identity.ClaimOutcome) identity.Claim {
	t.Helper()
	c.Outcome, c.SettledAt = outcome, start.Add(time.Hour)
	w.must(t, func(tx identity.Tx) error { return tx.UpdateClaim(ctx, c) })
	c.Version++
	return c
}

func testClaims(t *testing.T, w world) {
	full := w.claim(w.own, w.other)
	full.Mode, full.ContentLost, full.SignedInAt = identity.ClaimImmediate, true, start.Add(time.Microsecond)
	full.Carried = identity.Carried{Status: identity.Inactive, StatusEvent: identity.EventID(w.ids.New()), Licences: []identity.Licence{"free", `"; --`}}
	full.Outcome, full.SettledAt = identity.OutcomeKept, start.Add(2*time.Hour)
	bare := w.claim(w.own, identity.ConsumerOrgID)
	for name, c := range map[string]identity.Claim{"every field set": full, "nothing that can be left out": bare} {
		t.Run("claim: "+name, func(t *testing.T) {
			w.insertClaim(t, c)
			for what, ask := range map[string]func(identity.Reader) (identity.Claim, error){
				"by its id":       func(r identity.Reader) (identity.Claim, error) { return r.Claim(ctx, c.Target, c.ID) },
				"by what came":    func(r identity.Reader) (identity.Claim, error) { return r.ClaimOf(ctx, c.Target, c.NewAccount) },
				"by what it left": func(r identity.Reader) (identity.Claim, error) { return r.ClaimAway(ctx, c.Source, c.OldAccount) },
			} {
				got, err := ask(w.store)
				require.NoError(t, err, what)
				require.Equal(t, c, got, what)
			}
		})
	}
	t.Run("what has become of a claim is written, and nothing else of it", func(t *testing.T) {
		changed := w.claim(w.own, w.other)
		changed.ID, changed.Target, changed.Version = bare.ID, bare.Target, bare.Version
		changed.Mode, changed.Email, changed.Domain, changed.ContentLost = identity.ClaimImmediate, "x@example.org", "example.org", true
		changed.Carried, changed.ClaimedAt = full.Carried, start.Add(time.Hour)
		changed.SignedInAt, changed.Outcome, changed.SettledAt = start.Add(time.Minute), identity.OutcomeAutomatic, start.Add(time.Hour)
		w.must(t, func(tx identity.Tx) error { return tx.UpdateClaim(ctx, changed) })
		bare.SignedInAt, bare.Outcome, bare.SettledAt, bare.Version = changed.SignedInAt, changed.Outcome, changed.SettledAt, 2
		got, err := w.store.Claim(ctx, w.own, bare.ID)
		require.NoError(t, err)
		require.Equal(t, bare, got)
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateClaim(ctx, changed) }), identity.Stale, identity.RuleVersionMismatch)
	})
	t.Run("CLM-10f nobody is claimed twice at a time, by whatever organization", func(t *testing.T) {
		first := w.insertClaim(t, w.claim(w.own, identity.ConsumerOrgID))
		for _, target := range []identity.OrgID{w.own, w.other} {
			second := w.claim(target, first.Source)
			second.OldAccount = first.OldAccount
			refused(t, w.do(func(tx identity.Tx) error { return tx.InsertClaim(ctx, second) }), identity.Conflict, identity.RuleClaimAlreadyPending)
		}
	})
	t.Run("CLM-10f of many who claim somebody at once one does", func(t *testing.T) {
		old := identity.AccountID(w.ids.New())
		winners := race(t, 16, func(i int) error {
			c := w.claim([]identity.OrgID{w.own, w.other}[i%2], identity.ConsumerOrgID)
			c.OldAccount = old
			return w.do(func(tx identity.Tx) error { return tx.InsertClaim(ctx, c) })
		}, identity.RuleClaimAlreadyPending)
		require.Len(t, winners, 1)
	})
	t.Run("no account comes by two open claims", func(t *testing.T) {
		first := w.insertClaim(t, w.claim(w.own, w.other))
		second := w.claim(w.own, identity.ConsumerOrgID)
		second.NewAccount = first.NewAccount
		err := w.do(func(tx identity.Tx) error { return tx.InsertClaim(ctx, second) })
		require.Equal(t, identity.Internal, identity.KindOf(err), "%v", err)
	})
	t.Run("a claim is between organizations that there are", func(t *testing.T) {
		for _, c := range []identity.Claim{w.claim("nobody", w.own), w.claim(w.own, "nobody")} {
			err := w.do(func(tx identity.Tx) error { return tx.InsertClaim(ctx, c) })
			require.Equal(t, identity.Internal, identity.KindOf(err), "%v", err)
		}
	})
	t.Run("CLM-67 who has been settled can be claimed again, and the latest claim counts", func(t *testing.T) {
		first := w.insertClaim(t, w.claim(w.own, identity.ConsumerOrgID))
		first = w.settle(t, first, identity.OutcomeRevoked)
		second := w.claim(w.other, first.Source)
		second.OldAccount = first.OldAccount
		w.insertClaim(t, second)
		away, err := w.store.ClaimAway(ctx, first.Source, first.OldAccount)
		require.NoError(t, err)
		require.Equal(t, second, away)
		second = w.settle(t, second, identity.OutcomeRevoked)
		third := w.claim(w.own, first.Source)
		third.OldAccount, third.NewAccount = first.OldAccount, first.NewAccount
		w.insertClaim(t, third)
		away, err = w.store.ClaimAway(ctx, first.Source, first.OldAccount)
		require.NoError(t, err)
		require.Equal(t, third, away)
		came, err := w.store.ClaimOf(ctx, w.own, first.NewAccount)
		require.NoError(t, err)
		require.Equal(t, third, came)
		came, err = w.store.ClaimOf(ctx, w.other, second.NewAccount)
		require.NoError(t, err)
		require.Equal(t, second, came, "settled, and still how the account came to be")
	})
	t.Run("a claim is one side's to find", func(t *testing.T) {
		c := w.insertClaim(t, w.claim(w.own, w.other))
		for name, ask := range map[string]func() (identity.Claim, error){
			"the source by its id":                    func() (identity.Claim, error) { return w.store.Claim(ctx, c.Source, c.ID) },
			"the source by the new account":           func() (identity.Claim, error) { return w.store.ClaimOf(ctx, c.Source, c.NewAccount) },
			"the claimant by the account it takes":    func() (identity.Claim, error) { return w.store.ClaimAway(ctx, c.Target, c.OldAccount) },
			"the claimant among those who came":       func() (identity.Claim, error) { return w.store.ClaimOf(ctx, c.Target, c.OldAccount) },
			"the source among those who were claimed": func() (identity.Claim, error) { return w.store.ClaimAway(ctx, c.Source, c.NewAccount) },
		} {
			_, err := ask()
			require.True(t, identity.IsNotFound(err), name)
			require.Equal(t, identity.RuleUnknownClaim, identity.RuleOf(err), name)
		}
	})
}

func testClaimQueries(t *testing.T, w world) {
	now := start
	deadline := identity.ClaimDays * identity.Day
	add := func(edit func(*identity.Claim)) identity.Claim {
		c := w.claim(w.own, identity.ConsumerOrgID)
		edit(&c)
		return w.insertClaim(t, c)
	}
	put := func(name string, state identity.DomainState) {
		w.must(t, func(tx identity.Tx) error {
			return tx.PutDomain(ctx, identity.Domain{Org: w.own, Name: name, State: state, UpdatedAt: start})
		})
	}
	put("example.com", identity.DomainVerified)
	put("example.net", identity.DomainClaimed)
	w.must(t, func(tx identity.Tx) error {
		return tx.PutDomain(ctx, identity.Domain{Org: w.other, Name: "example.org", State: identity.DomainClaimed, UpdatedAt: start})
	})
	late := add(func(c *identity.Claim) { c.ClaimedAt = now.Add(-deadline) })
	last := add(func(c *identity.Claim) { c.ClaimedAt = now.Add(-deadline + time.Microsecond) })
	seen := add(func(c *identity.Claim) { c.SignedInAt = now })
	done := add(func(c *identity.Claim) { c.Outcome, c.SettledAt = identity.OutcomeDeleted, now })
	owned := add(func(c *identity.Claim) { c.Domain = "example.net" })
	foreign := add(func(c *identity.Claim) { c.Domain, c.Mode = "example.org", identity.ClaimImmediate })
	elsewhere := w.insertClaim(t, w.claim(w.other, w.own))
	for _, c := range []struct {
		name string
		q    identity.ClaimQuery
		want []identity.Claim
	}{
		{"all, the newest first", identity.ClaimQuery{Limit: 10}, []identity.Claim{foreign, owned, done, seen, last, late}},
		{"some", identity.ClaimQuery{Limit: 2}, []identity.Claim{foreign, owned}},
		{"the older ones", identity.ClaimQuery{After: seen.ID, Limit: 10}, []identity.Claim{last, late}},
		{"open ones", identity.ClaimQuery{Open: true, Limit: 10}, []identity.Claim{foreign, owned, seen, last, late}},
		{"open ones, older", identity.ClaimQuery{Open: true, After: owned.ID, Limit: 2}, []identity.Claim{seen, last}},
		{"of a domain", identity.ClaimQuery{Domain: "example.com", Limit: 10}, []identity.Claim{done, seen, last, late}},
		{"open, of a domain", identity.ClaimQuery{Open: true, Domain: "example.com", Limit: 10}, []identity.Claim{seen, last, late}},
		{"open, of a domain, older", identity.ClaimQuery{Open: true, Domain: "example.com", After: seen.ID, Limit: 1}, []identity.Claim{last}},
		{"some that are named", identity.ClaimQuery{IDs: []identity.ClaimID{late.ID, elsewhere.ID, owned.ID}, Limit: 10}, []identity.Claim{owned, late}},
		{"revocable ones of those that are named", identity.ClaimQuery{IDs: []identity.ClaimID{late.ID, last.ID, owned.ID}, Revocable: now, Limit: 10}, []identity.Claim{last}},
		{"of a domain that has none", identity.ClaimQuery{Domain: "example", Limit: 10}, nil},
		{"CLM-61 CLM-62 revocable", identity.ClaimQuery{Revocable: now, Limit: 10}, []identity.Claim{foreign, last}},
		{"CLM-61 revocable a microsecond before", identity.ClaimQuery{Revocable: now.Add(-time.Microsecond), Limit: 10}, []identity.Claim{foreign, last, late}},
		{"CLM-61 revocable a microsecond later", identity.ClaimQuery{Revocable: now.Add(time.Microsecond), Limit: 10}, []identity.Claim{foreign}},
		{"revocable, older, of a domain", identity.ClaimQuery{Revocable: now, Domain: "example.com", After: foreign.ID, Limit: 1}, []identity.Claim{last}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := w.store.Claims(ctx, w.own, c.q)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	t.Run("CLM-62 a domain that is released makes its claims revocable, and one that is claimed does not", func(t *testing.T) {
		put("example.net", identity.DomainVerified)
		put("example.com", identity.DomainClaimed)
		got, err := w.store.Claims(ctx, w.own, identity.ClaimQuery{Revocable: now, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []identity.Claim{foreign, owned}, got)
	})
	t.Run("the claims by which several accounts came", func(t *testing.T) {
		var ids []identity.AccountID
		for range 40 {
			ids = append(ids, identity.AccountID(w.ids.New()))
		}
		ids[0], ids[20], ids[39] = late.NewAccount, done.NewAccount, foreign.NewAccount
		got, err := w.store.ClaimsOf(ctx, w.own, ids)
		require.NoError(t, err)
		require.ElementsMatch(t, []identity.Claim{late, done, foreign}, got)
		got, err = w.store.ClaimsOf(ctx, w.own, nil)
		require.NoError(t, err)
		require.Empty(t, got)
		got, err = w.store.ClaimsOf(ctx, w.other, ids)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("a limit asks for something", func(t *testing.T) {
		_, err := w.store.Claims(ctx, w.own, identity.ClaimQuery{})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

func testOpenClaims(t *testing.T, w world) {
	deadline := start
	add := func(target, source identity.OrgID, edit func(*identity.Claim)) identity.Claim {
		c := w.claim(target, source)
		if edit != nil {
			edit(&c)
		}
		return w.insertClaim(t, c)
	}
	mine := add(w.own, identity.ConsumerOrgID, func(c *identity.Claim) { c.ClaimedAt = deadline })
	lost := add(w.other, w.own, func(c *identity.Claim) { c.ClaimedAt = deadline.Add(-time.Hour) })
	theirs := add(w.other, identity.ConsumerOrgID, func(c *identity.Claim) { c.ClaimedAt = deadline.Add(time.Microsecond) })
	kept := add(w.own, w.other, func(c *identity.Claim) { c.Mode, c.ClaimedAt = identity.ClaimImmediate, deadline.Add(-time.Hour) })
	add(w.own, w.other, func(c *identity.Claim) {
		c.Outcome, c.SettledAt, c.ClaimedAt = identity.OutcomeRevoked, start, deadline.Add(-time.Hour)
	})
	open := func(t testing.TB, org identity.OrgID, limit int) []identity.Claim {
		got, err := w.store.OpenClaims(ctx, org, limit)
		require.NoError(t, err)
		return got
	}
	due := func(t testing.TB, at time.Time, limit int) []identity.Claim {
		got, err := w.store.ClaimsDue(ctx, at, limit)
		require.NoError(t, err)
		return got
	}
	t.Run("ORG-21 open claims are found from both sides, each once", func(t *testing.T) {
		require.ElementsMatch(t, []identity.Claim{mine, lost, kept}, open(t, w.own, 10))
		require.ElementsMatch(t, []identity.Claim{lost, theirs, kept}, open(t, w.other, 10))
		require.ElementsMatch(t, []identity.Claim{mine, theirs}, open(t, identity.ConsumerOrgID, 10))
		require.Empty(t, open(t, w.organization(t), 10))
		require.Len(t, open(t, w.own, 2), 2)
	})
	t.Run("CLM-23 CLM-57 deferred claims are due from their instant on, the oldest first", func(t *testing.T) {
		require.Equal(t, []identity.Claim{lost}, due(t, deadline.Add(-time.Microsecond), 10))
		require.Equal(t, []identity.Claim{lost, mine}, due(t, deadline, 10))
		require.Equal(t, []identity.Claim{lost, mine, theirs}, due(t, deadline.Add(time.Microsecond), 10))
		require.Equal(t, []identity.Claim{lost}, due(t, deadline.Add(time.Hour), 1))
	})
	t.Run("what is settled is neither open nor due", func(t *testing.T) {
		w.settle(t, lost, identity.OutcomeAutomatic)
		require.ElementsMatch(t, []identity.Claim{mine, kept}, open(t, w.own, 10))
		require.Equal(t, []identity.Claim{mine}, due(t, deadline, 10))
	})
	t.Run("CLM-56 who has signed in and not decided is due all the same", func(t *testing.T) {
		mine.SignedInAt = start
		w.must(t, func(tx identity.Tx) error { return tx.UpdateClaim(ctx, mine) })
		mine.Version++
		require.Equal(t, []identity.Claim{mine}, due(t, deadline, 10))
	})
	t.Run("ORG-21 nothing of an organization that is being deleted is due", func(t *testing.T) {
		o, err := w.store.Organization(ctx, mine.Target)
		require.NoError(t, err)
		o = w.becomes(t, o, identity.OrgDeleting)
		require.Empty(t, due(t, deadline, 10))
		w.becomes(t, o, identity.OrgActive)
		require.Equal(t, []identity.Claim{mine}, due(t, deadline, 10))
	})
	t.Run("a limit asks for something", func(t *testing.T) {
		_, err := w.store.OpenClaims(ctx, w.own, 0)
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
		_, err = w.store.ClaimsDue(ctx, start, 0)
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}
