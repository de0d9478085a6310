package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

func (w *world) planPurging(p directory.Purging) (identity.Plan, directory.Plan, error) {
	return w.syncer.PlanPurging(w.t.Context(), w.org, w.connector, admin, directory.ReadFull, p, nil)
}

// TestDIR10_USR15_SoftDeletedUsersArePurgedWithAPlan lets a new entry have the address of somebody who is deleted early by the same plan:
// it becomes a new user, not the old one.
func TestDIR10_USR15_SoftDeletedUsersArePurgedWithAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(append(people(30), entry("ada"), entry("bob"), entry("eve"))...)
	w.sync()
	ada, bob, eve := w.user("ada@corp.example"), w.user("bob@corp.example"), w.user("eve@corp.example")
	_, _, err := w.planPurging(directory.Purging{Users: []identity.AccountID{ada.ID}})
	require.Equal(t, identity.RuleInvalidTransition, identity.RuleOf(err))
	require.ErrorContains(t, err, "the user ada@corp.example is not_verified and not gone from the directory")
	w.source.set(people(30)...)
	w.sync()

	gone, err := w.syncer.Deleted(t.Context(), w.org, w.connector)
	require.NoError(t, err)
	require.Len(t, gone, 3)
	require.Equal(t, gone[0].Since.Add(7*identity.Day), gone[0].PurgeAt)
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.Operator, Name: "Olga"}, func(c *identity.Acts) error {
		_, err := c.Reactivate(t.Context(), ada.ID, nil)
		require.Equal(t, identity.RuleManagedByDirectory, identity.RuleOf(err), "USR-12, USR-22")
		require.ErrorContains(t, err, "only the directory brings the user back")
		return nil
	}))

	w.source.set(append(people(30), entry("ada2", mail("ada@corp.example")), entry("bob"))...)
	stored, plan, err := w.planPurging(directory.Purging{Users: []identity.AccountID{bob.ID, ada.ID, ada.ID}})
	require.NoError(t, err)
	require.Equal(t, "purge ada; restore bob; create ada; skip bob NOT_PURGED", said(plan))
	require.Zero(t, plan.Guard.Losses)
	report := w.apply(stored.ID)
	require.Equal(t, identity.RunCompleted, report.State, "%+v", report.Items)
	require.NotEqual(t, ada.ID, w.user("ada@corp.example").ID)
	_, err = w.store.Account(t.Context(), w.org, ada.ID)
	require.True(t, identity.IsNotFound(err))
	require.Equal(t, bob.ID, w.user("bob@corp.example").ID)

	w.source.gaps = []string{"A page was missing."}
	_, plan, err = w.planPurging(directory.Purging{All: true})
	require.NoError(t, err)
	require.Equal(t, "skip eve NOT_PURGED", said(plan), "DIR-19")
	w.source.gaps = nil
	stored, plan, err = w.planPurging(directory.Purging{All: true})
	require.NoError(t, err)
	require.Equal(t, "purge eve", said(plan))
	report = w.apply(stored.ID)
	require.Equal(t, map[directory.Op]int{directory.OpPurge: 1}, report.Applied)
	_, err = w.store.Account(t.Context(), w.org, eve.ID)
	require.True(t, identity.IsNotFound(err))

	_, undo := w.undo(report.Run)
	require.Equal(t, "skip eve UNKNOWN_USER", said(undo))
}

func TestDIR10_AUserWhoCameBackAfterThePlanIsNotPurged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(append(people(30), entry("ada"))...)
	w.sync()
	w.source.set(people(30)...)
	w.sync()
	stored, _, err := w.planPurging(directory.Purging{All: true})
	require.NoError(t, err)
	w.off()
	ada := w.user("ada@corp.example")
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
		_, err := c.Reactivate(t.Context(), ada.ID, nil)
		return err
	}), "USR-12: with synchronization off an administrator brings somebody back")
	require.NoError(t, w.on())
	report := w.apply(stored.ID)
	require.Equal(t, 1, report.Stale)
	require.NotEqual(t, identity.Inactive, w.user("ada@corp.example").Status)
}
