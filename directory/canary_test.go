package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

func (w *world) applyFirst(id identity.PlanID, n int) directory.Report {
	report, err := w.syncer.ApplyFirst(w.t.Context(), w.org, id, admin, n, nil)
	require.NoError(w.t, err)
	return report
}

func TestTheFirstStepsAreAppliedAndTheRunWaits(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(30)...)
	stored, _ := w.plan()
	report := w.applyFirst(stored.ID, 3)
	require.Equal(t, identity.RunPaused, report.State)
	require.Equal(t, 3, report.Done)
	require.Len(t, w.accounts(), 3)

	other, _ := w.plan()
	_, err := w.syncer.Apply(t.Context(), w.org, other.ID, admin, nil)
	require.Equal(t, directory.RuleRunPaused, identity.RuleOf(err))
	_, _, _, err = w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, directory.RuleRunPaused, identity.RuleOf(err), "nothing goes on by itself")
	require.Len(t, w.accounts(), 3)

	t.Run("a few more", func(t *testing.T) {
		require.Equal(t, 10, w.applyFirst(stored.ID, 10).Done)
		require.Len(t, w.accounts(), 10)
		require.Equal(t, 10, w.applyFirst(stored.ID, 5).Done, "they have been applied already")
	})
	t.Run("and the rest", func(t *testing.T) {
		report := w.apply(stored.ID)
		require.Equal(t, identity.RunCompleted, report.State)
		require.Equal(t, map[directory.Op]int{directory.OpCreate: 30}, report.Applied)
		n, err := w.store.Connector(t.Context(), w.org, w.connector)
		require.NoError(t, err)
		require.Equal(t, 30, n.LastGoodCount)
	})
}

func TestARunThatIsEndedLeavesTheRestToTheNextPlan(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(30)...)
	stored, _ := w.plan()
	_, err := w.syncer.End(t.Context(), w.org, stored.ID, admin)
	require.Equal(t, directory.RuleRunNotPaused, identity.RuleOf(err))
	w.applyFirst(stored.ID, 3)
	report, err := w.syncer.End(t.Context(), w.org, stored.ID, admin)
	require.NoError(t, err)
	require.Equal(t, identity.RunEnded, report.State)
	_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err))
	_, plan := w.plan()
	require.Equal(t, 27, plan.Figures.Ops[directory.OpCreate])
	require.Equal(t, 27, w.sync().Applied[directory.OpCreate])
}

func TestSwappedAddressesAreNotPartedByAPause(t *testing.T) {
	w := newWorld(t)
	w.source.set(append(people(3), entry("ada", mail("ada@corp.example")), entry("bob", mail("bob@corp.example")))...)
	w.sync()
	w.source.set(append(people(3), entry("ada", mail("bob@corp.example")), entry("bob", mail("ada@corp.example")))...)
	stored, plan := w.plan()
	require.Len(t, plan.Steps, 2)
	report := w.applyFirst(stored.ID, 1)
	require.Equal(t, identity.RunCompleted, w.apply(stored.ID).State)
	require.Equal(t, 2, report.Done)
}

func TestARunThatIsPausedEndsWhenSynchronizationIsSwitchedOff(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(3)...)
	stored, _ := w.plan()
	w.applyFirst(stored.ID, 1)
	_, err := w.service.DisableSync(t.Context(), admin, w.org)
	require.NoError(t, err)
	_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.Error(t, err)
	require.Len(t, w.accounts(), 1)
}
