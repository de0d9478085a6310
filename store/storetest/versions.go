package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// testVersions writes each kind of row twice with the version that was read, of which the second comes too late.
func testVersions(t *testing.T, w world) {
	p := w.property(t)
	org, err := w.store.Organization(ctx, w.own)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		write   func(identity.Tx) error
		missing func(identity.Tx) error
		unknown identity.Rule
	}{
		"UpdateOrganization": {
			func(tx identity.Tx) error { return tx.UpdateOrganization(ctx, org) },
			func(tx identity.Tx) error { o := org; o.ID = "nobody"; return tx.UpdateOrganization(ctx, o) }, identity.RuleUnknownOrg},
		"UpdateAccount": {
			func(tx identity.Tx) error { return tx.UpdateAccount(ctx, p.account, nil) },
			func(tx identity.Tx) error { a := p.account; a.ID = "nobody"; return tx.UpdateAccount(ctx, a, nil) }, identity.RuleUnknownAccount},
		"UpdateConnector": {
			func(tx identity.Tx) error { return tx.UpdateConnector(ctx, p.connector) },
			func(tx identity.Tx) error { n := p.connector; n.ID = "none"; return tx.UpdateConnector(ctx, n) }, identity.RuleUnknownConnector},
		"UpdatePlan": {
			func(tx identity.Tx) error { return tx.UpdatePlan(ctx, p.plan) },
			func(tx identity.Tx) error { l := p.plan; l.ID = "none"; return tx.UpdatePlan(ctx, l) }, identity.RuleUnknownPlan},
		"UpdateRun": {
			func(tx identity.Tx) error { return tx.UpdateRun(ctx, p.run) },
			func(tx identity.Tx) error { r := p.run; r.ID = "none"; return tx.UpdateRun(ctx, r) }, identity.RuleUnknownRun},
		"UpdateClaim": {
			func(tx identity.Tx) error { return tx.UpdateClaim(ctx, p.moves.claim) },
			func(tx identity.Tx) error { c := p.moves.claim; c.ID = "none"; return tx.UpdateClaim(ctx, c) }, identity.RuleUnknownClaim},
		"UpdateOrgDeletion": {
			func(tx identity.Tx) error { return tx.UpdateOrgDeletion(ctx, p.moves.deletion) },
			func(tx identity.Tx) error {
				d := p.moves.deletion
				d.Org = "nobody"
				return tx.UpdateOrgDeletion(ctx, d)
			}, identity.RuleUnknownDeletion},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, w.do(c.write), "with the version that was read")
			refused(t, w.do(c.write), identity.Stale, identity.RuleVersionMismatch)
			refused(t, w.do(c.missing), identity.NotFound, c.unknown)
		})
	}
	t.Run("a version counts writes", func(t *testing.T) {
		got := w.read(t, p)
		require.EqualValues(t, 2, got.account.Version)
		require.EqualValues(t, 2, got.connector.Version)
		require.EqualValues(t, 2, got.plan.Version)
		require.EqualValues(t, 2, got.run.Version)
		require.EqualValues(t, 2, got.moves.claim.Version)
		require.EqualValues(t, 2, got.moves.deletion.Version)
	})
	t.Run("DeleteAccount", func(t *testing.T) {
		remove := func(version int64) error {
			return w.do(func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, p.account.ID, version) })
		}
		refused(t, remove(1), identity.Stale, identity.RuleVersionMismatch)
		refused(t, remove(3), identity.Stale, identity.RuleVersionMismatch)
		require.NoError(t, remove(2))
		refused(t, remove(2), identity.NotFound, identity.RuleUnknownAccount)
	})
	t.Run("of many who read the same version one writes", func(t *testing.T) {
		a := w.add(t, w.account(w.own, "contended"))
		winners := race(t, 16, func(i int) error {
			mine := a
			mine.UpdatedAt = start.Add(time.Duration(i) * time.Second)
			return w.do(func(tx identity.Tx) error { return tx.UpdateAccount(ctx, mine, nil) })
		}, identity.RuleVersionMismatch)
		require.Len(t, winners, 1)
		got, err := w.store.Account(ctx, w.own, a.ID)
		require.NoError(t, err)
		require.Equal(t, start.Add(time.Duration(winners[0])*time.Second), got.UpdatedAt)
	})
}
