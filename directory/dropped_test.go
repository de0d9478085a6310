package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// TestPlansAreKeptAsLongAsTheyCanBeOfUse looks at the limits: 7 days for a plan that nobody applied, 30 for what a run did.
func TestPlansAreKeptAsLongAsTheyCanBeOfUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(people(30)...)
	run := w.sync()
	applied, _, err := w.syncer.Show(t.Context(), w.org, run.Plan)
	require.NoError(t, err)
	w.source.set(people(20)...)
	waiting, _ := w.plan()
	require.Equal(t, identity.PlanHeld, waiting.State)
	forget := func(at time.Time) int {
		w.clock.move(at.Sub(w.clock.Now()))
		n, err := w.service.ForgetPlans(t.Context(), 10)
		require.NoError(t, err)
		return n
	}
	short := time.Millisecond // the clock of the test moves on by itself
	require.Zero(t, forget(waiting.CreatedAt.Add(identity.OtherPlanDays*identity.Day-short)))
	require.Equal(t, 1, forget(waiting.CreatedAt.Add(identity.OtherPlanDays*identity.Day)))
	require.Zero(t, forget(applied.CreatedAt.Add(identity.AppliedPlanDays*identity.Day-short)))
	_, undo := w.undo(run.Run)
	require.False(t, undo.Empty())
	require.Equal(t, 1, forget(applied.CreatedAt.Add(identity.AppliedPlanDays*identity.Day)))

	_, _, err = w.syncer.Undo(t.Context(), w.org, run.Run, admin, nil)
	require.Equal(t, directory.RulePlanDropped, identity.RuleOf(err))
	require.ErrorContains(t, err, "what a run did can be taken back for 30 days")
	_, err = w.syncer.Apply(t.Context(), w.org, waiting.ID, admin, nil)
	require.Equal(t, directory.RulePlanDropped, identity.RuleOf(err))
	_, err = w.syncer.Approve(t.Context(), w.org, waiting.ID, admin)
	require.Equal(t, directory.RulePlanNotHeld, identity.RuleOf(err))

	for id, state := range map[identity.PlanID]identity.PlanState{waiting.ID: identity.PlanDropped, applied.ID: identity.PlanApplied} {
		stored, plan, err := w.syncer.Show(t.Context(), w.org, id)
		require.NoError(t, err)
		require.Equal(t, state, stored.State)
		require.Empty(t, plan.Steps)
		var text strings.Builder
		require.NoError(t, plan.Print(&text))
		require.Contains(t, text.String(), "Guard: ")
		require.Contains(t, text.String(), "The steps are not kept any more since ")
	}
	runs, err := w.syncer.History(t.Context(), w.org, w.connector, 10)
	require.NoError(t, err)
	require.Len(t, runs, 1, "what was done stays in the history")
}
