package model_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// TestMain asks for fewer and longer sequences than rapid does by itself; -rapid.checks and -rapid.steps say otherwise.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.checks": "20", "rapid.steps": "100"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestI1ToI11_WhateverHappensIsWhatTheRuleBookSays(t *testing.T) {
	o := newOrigin(t)
	dir := t.TempDir()
	rapid.Check(t, func(t2 *rapid.T) {
		x, end := o.begin(t, t2, filepath.Join(dir, "one"))
		defer end()
		w := &worlds{t: t2, m: newModel(), x: x}
		w.compare()
		t2.Repeat(actions(func() *model { return w.m }, func(t *rapid.T, e event) {
			t.Log(e)
			w.play(e)
		}))
		x.revealsNothing()
	})
}

// worlds are the model and the real thing side by side.
type worlds struct {
	t    require.TestingT
	m    *model
	x    *actual
	step int
}

// play lets an event happen in both, and looks at everything. What is refused changes nothing, so then nothing else need be looked at.
func (w *worlds) play(e event) {
	fresh := w.m.people
	v, n := w.m.play(e)
	if !v.ok() {
		before := w.x.dump()
		_, _, err := w.x.perform(e, fresh)
		w.judge(e, v, err)
		require.Equal(w.t, before, w.x.dump(), "I7: what is refused changes nothing")
		w.telling(e)
		return
	}
	id, claim, err := w.x.perform(e, fresh)
	w.judge(e, v, err)
	w.x.noted(n, id, claim)
	w.step++
	w.compare()
	w.returned()
	w.telling(e)
	w.listing()
}

// noted remembers what was made under the numbers that the model gave it. No id is ever given twice (I6).
func (x *actual) noted(n made, id identity.AccountID, claim identity.ClaimID) {
	fresh := func(id string) {
		require.False(x.t, x.seen[id], "I6: ids are never reused")
		x.seen[id] = true
	}
	if n.account >= 0 {
		require.Len(x.t, x.accounts, n.account)
		x.accounts = append(x.accounts, id)
		fresh(string(id))
	}
	if n.claim >= 0 {
		x.claims = append(x.claims, claim)
		fresh(string(claim))
	}
}

// judge compares what came of an event with what the model expects of it.
func (w *worlds) judge(e event, v verdict, err error) {
	if v.ok() {
		require.NoError(w.t, err)
		return
	}
	require.Error(w.t, err, "the rule book refuses it with %v", v.against)
	require.NotEqual(w.t, identity.Internal, identity.KindOf(err), "%v", err)
	rules := rulesOf(err)
	if e.what == "claim" && len(rules) > 1 {
		require.Equal(w.t, v.against, rules, "CLM-10: every reason, in order")
	}
	for _, r := range rules {
		require.Contains(w.t, v.against, r, "%v", err)
	}
}

func (w *worlds) compare() { require.Equal(w.t, w.m.view(), w.x.view()) }

// returned holds I10: who was claimed and came back is who they were, whatever happened in between.
func (w *worlds) returned() {
	for i, c := range w.m.claims {
		before, open := w.x.before[i]
		if !open || c.outcome == "" {
			continue
		}
		delete(w.x.before, i)
		if c.outcome != identity.OutcomeRevoked || w.m.accounts[c.old].gone {
			continue
		}
		now, err := w.x.Reader().Account(w.x.ctx, before.Org, before.ID)
		require.NoError(w.t, err)
		if before.Status == identity.Inactive {
			require.Equal(w.t, before.StatusAt.Add(c.settledAt.Sub(c.at)), now.StatusAt, "the time elsewhere does not count")
		}
		now.StatusAt, now.UpdatedAt, now.Version = before.StatusAt, before.UpdatedAt, before.Version
		before.PendingEmail, before.PendingSince = now.PendingEmail, now.PendingSince
		require.Equal(w.t, before, now, "I10")
		w.x.noTrace(w.x.accounts[c.young])
	}
}

// transitions are the events of which each transition writes exactly one (I9).
var transitions = []identity.EventKind{identity.AccountCreated, identity.AccountVerified, identity.AccountActivated, identity.AccountDeactivated,
	identity.AccountReactivated, identity.AccountDeleted, identity.DomainAttested, identity.DomainChallenged, identity.DomainChanged, identity.DomainRemoved,
	identity.AccountConverted, identity.UserClaimed, identity.UserClaimedAway, identity.ClaimSettled, identity.ClaimTakenAway, identity.EventRefused}

// telling holds I9: the events, and the mails and orders.
func (w *worlds) telling(e event) {
	w.x.countEvents()
	for i := range w.m.orgs {
		for _, kind := range transitions {
			k := telling{i, kind}
			if kind == identity.EventRefused && e.what != "claim" && e.what != "revoke" {
				w.m.told[k] = w.x.told[k] // what else is refused need not be written down (AUD-04)
			}
			require.Equal(w.t, w.m.told[k], w.x.told[k], "I9: %s in %s", kind, orgNames[i])
		}
	}
	// What waits to be delivered goes with its organization, except orders.
	count := func(alive func(*claim) bool, outcomes ...identity.ClaimOutcome) int {
		n := 0
		for _, c := range w.m.claims {
			if alive(c) && (len(outcomes) == 0 || slices.Contains(outcomes, c.outcome)) {
				n++
			}
		}
		return n
	}
	target := func(c *claim) bool { return !w.m.orgs[c.target].deleted }
	source := func(c *claim) bool { return !w.m.orgs[c.source].deleted }
	always := func(*claim) bool { return true }
	deleted := len(w.m.others(-1, func(o *organization) bool { return o.deleted }))
	sent := w.x.messages()
	require.Equal(w.t, count(target), sent[identity.MessageClaim], "I9: one mail for each claim")
	require.Equal(w.t, count(source, identity.OutcomeRevoked), sent[identity.MessageClaimRevoked])
	require.Equal(w.t, count(always, identity.OutcomeTransferred, identity.OutcomeAutomatic), sent[identity.OrderTransfer], "CLM-23: one order for each transfer")
	require.Equal(w.t, w.m.given+deleted+count(always, identity.OutcomeDeleted), sent[identity.OrderPurge], "CLM-26, ORG-15: one order for each account and organization that is given up")
}

var errUndo = errors.New("undo it")

// listing holds I2: who is listed can be claimed, and the other way round, and the same of claims that can be revoked.
func (w *worlds) listing() {
	for org := 1; org <= 3; org++ {
		if w.m.orgs[org].deleted {
			continue
		}
		var eligible []string
		for _, a := range addresses {
			if len(w.m.reasonsAgainst(org, a)) == 0 {
				eligible = append(eligible, a)
			}
		}
		list, err := w.x.Claimable(w.x.ctx, w.x.orgs[org], identity.ClaimableQuery{})
		require.NoError(w.t, err)
		slices.Sort(eligible)
		require.Equal(w.t, eligible, emails(list), "I2: who is claimable")
		require.Equal(w.t, len(eligible), list.Total)

		var revocable []identity.ClaimID
		for i, c := range w.m.claims {
			if c.target == org && !c.forgotten && w.m.mayRevoke(c).ok() {
				revocable = append(revocable, w.x.claims[i])
			}
		}
		found, err := w.x.Reader().Claims(w.x.ctx, w.x.orgs[org], identity.ClaimQuery{Revocable: w.x.Now(), Limit: 1000})
		require.NoError(w.t, err)
		require.ElementsMatch(w.t, revocable, claimIDs(found), "I2: what is revocable")
		if org == w.step%3+1 && !w.m.orgs[org].deleting {
			w.try(org, eligible)
		}
	}
}

// try claims everybody, and takes it back before anybody sees it.
func (w *worlds) try(org int, eligible []string) {
	for _, address := range addresses {
		var refusal error
		err := w.x.TransactClaims(w.x.ctx, admin, w.x.orgs[org], []string{address}, func(c *identity.Acts) error {
			_, _, refusal = c.Claim(w.x.ctx, identity.ClaimRequest{Email: address, Licences: []identity.Licence{}})
			return errUndo
		})
		require.ErrorIs(w.t, err, errUndo)
		require.Equal(w.t, slices.Contains(eligible, address), refusal == nil, "I2: %s: %v", address, refusal)
	}
}

func emails(list identity.ClaimableList) []string {
	var all []string
	for _, u := range list.Users {
		all = append(all, u.Email)
	}
	return all
}

func claimIDs(claims []identity.Claim) []identity.ClaimID {
	var all []identity.ClaimID
	for _, c := range claims {
		all = append(all, c.ID)
	}
	return all
}
