package identity_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store/contents"
)

// boss adds an account whose owner is a full administrator of the organization, and returns both.
func (w *world) boss(org identity.OrgID, address string) (identity.Account, identity.Person) {
	w.t.Helper()
	a, p := w.bound(org, address)
	w.grant(org, p, identity.RoleFull)
	return a, p
}

// as is a person as an actor in an organization.
func (w *world) as(p identity.Person, org identity.OrgID) identity.Actor {
	w.t.Helper()
	c := w.caller(p)
	access, err := w.AccessTo(w.ctx, c, org)
	require.NoError(w.t, err)
	return c.Actor(access, identity.Request{})
}

// guided is a request that says all that it has to.
func guided(h identity.UserHandling) identity.DeletionRequest {
	return identity.DeletionRequest{Handling: h, AcknowledgeUsers: h, AcknowledgeIrreversible: true}
}

// end carries all deletions out.
func (w *world) end() {
	w.t.Helper()
	for {
		n, err := w.ContinueDeletions(w.ctx, 500)
		require.NoError(w.t, err)
		if n < 500 {
			return
		}
	}
}

func (w *world) deletionOf(org identity.OrgID) identity.OrgDeletion {
	w.t.Helper()
	d, err := w.Deletion(w.ctx, org)
	require.NoError(w.t, err)
	return d
}

// wasDeleted requires that nothing is left of an organization but its tombstone, its audit, orders that wait, and that others have claimed
// its users: such a claim names its id.
func (w *world) wasDeleted(org identity.OrgID) {
	w.t.Helper()
	_, err := w.Reader().Organization(w.ctx, org)
	refusedWith(w.t, err, identity.RuleUnknownOrg)
	d := w.deletionOf(org)
	require.Equal(w.t, identity.DeletionDone, d.State)
	require.Equal(w.t, w.Now(), d.DeletedAt)
	left := w.contents().Without("events", "audit_heads").Mentioning(string(org))
	for _, m := range left["messages"] {
		require.Contains(w.t, m, "channel=order")
	}
	for _, c := range left["claims"] {
		require.Contains(w.t, c, "source="+string(org))
		require.NotContains(w.t, c, "target="+string(org))
		require.NotContains(w.t, c, "outcome=<nil>")
	}
	require.Equal(w.t, []string{"org_deletions", "organizations"}, left.Without("messages", "claims").Tables(), "%v", left)
	require.Len(w.t, left["organizations"], 1)
	require.Len(w.t, left["org_deletions"], 1)
}

// contents is everything that the store holds.
func (w *world) contents() contents.Contents {
	w.t.Helper()
	c, err := contents.ReadURL(context.Background(), w.url)
	require.NoError(w.t, err)
	return c
}

// changesNothing requires that what do does leaves the store as it was, but for the audit.
func (w *world) changesNothing(do func()) {
	w.t.Helper()
	before := w.contents()
	do()
	require.Equal(w.t, before.Without("events", "audit_heads"), w.contents().Without("events", "audit_heads"))
}

// told lists the events of an organization of some kinds.
func (w *world) heard(org identity.OrgID, kinds ...identity.EventKind) []identity.Event {
	w.t.Helper()
	all, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: kinds, Limit: 1000})
	require.NoError(w.t, err)
	return all
}

// byAddress finds whoever holds an address.
func (w *world) byAddress(address string) identity.Account {
	w.t.Helper()
	e, err := identity.ParseEmail(address, identity.EmailPolicy{})
	require.NoError(w.t, err)
	h, err := w.Reader().Hold(w.ctx, e.Key)
	require.NoError(w.t, err)
	return w.at(h.Org, h.Account)
}

func (w *world) free(address string) {
	w.t.Helper()
	e, err := identity.ParseEmail(address, identity.EmailPolicy{})
	require.NoError(w.t, err)
	_, err = w.Reader().Hold(w.ctx, e.Key)
	require.True(w.t, identity.IsNotFound(err), "%s is held", address)
}

// reasonsOf returns the codes of everything that a refusal says.
func reasonsOf(t *testing.T, err error) []identity.Rule {
	t.Helper()
	var refusal *identity.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, identity.Conflict, refusal.Kind, "%v", err)
	require.Equal(t, codesOf(refusal.Why), rulesOf(refusal.Blocks))
	return rulesOf(refusal.Blocks)
}
