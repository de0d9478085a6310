package directory_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/store/fresh"
)

// undo plans to take back a run.
func (w *world) undo(id identity.RunID) (identity.Plan, directory.Plan) {
	stored, plan, err := w.syncer.Undo(w.t.Context(), w.org, id, admin, nil)
	require.NoError(w.t, err)
	return stored, plan
}

// approved applies a plan, held or not.
func (w *world) approved(stored identity.Plan) directory.Report {
	if stored.State == identity.PlanHeld {
		_, err := w.syncer.Approve(w.t.Context(), w.org, stored.ID, admin)
		require.NoError(w.t, err)
	}
	return w.apply(stored.ID)
}

// sameAs is what an undone account has in common with the one from before.
func sameAs(a identity.Account) string {
	return fmt.Sprintf("%s %s %v %s %s (%s) %s %+v", a.UserName, a.ExternalID, a.Emails, a.Profile, a.Status, a.InactiveReason, a.PreviousStatus, a.Directory)
}

func TestUndo_EveryKindOfStepIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	system := identity.Actor{Kind: identity.System}
	require.NoError(t, w.service.Transact(t.Context(), w.org, system, func(c *identity.Acts) error {
		for _, name := range []string{"adopted", "adoptedoff"} {
			d := identity.Draft{UserName: name + "@corp.example", Emails: []identity.AccountEmail{{Value: name + "@corp.example", Display: "Old", Primary: true}}, Active: true}
			if _, err := c.Create(t.Context(), d, identity.Origin{Source: identity.SourceManual}); err != nil {
				return err
			}
		}
		return nil
	}))
	w.source.set(append(people(60), entry("gone"), entry("off"), entry("on", disabled), entry("back"), entry("title"), entry("swap1"), entry("swap2"),
		entry("chain"), entry("off-gone", disabled), entry("mover"), entry("byhand"), entry("byhand-gone"))...)
	w.sync()
	w.source.set(append(people(60), entry("gone"), entry("off"), entry("on", disabled), entry("title"), entry("swap1"), entry("swap2"), entry("chain"),
		entry("off-gone", disabled), entry("mover"), entry("byhand"), entry("byhand-gone"))...)
	w.sync()
	_, err := w.service.DisableSync(t.Context(), admin, w.org)
	require.NoError(t, err)
	for _, name := range []string{"byhand@corp.example", "byhand-gone@corp.example"} {
		require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
			_, err := c.Deactivate(t.Context(), w.user(name).ID, nil)
			return err
		}))
	}
	_, err = w.service.EnableSync(t.Context(), admin, w.org)
	require.NoError(t, err)
	before := map[identity.AccountID]string{}
	for _, a := range w.accounts() {
		before[a.ID] = sameAs(a)
	}

	w.source.set(append(people(60), entry("off", disabled), entry("on"), entry("back"), entry("title", called("New name")),
		entry("swap1", mail("swap2@corp.example")), entry("swap2", mail("swap1@corp.example")), entry("chain", mail("new@corp.example")),
		entry("mover", dn("cn=mover,ou=other")), entry("made"), entry("adopted"), entry("adoptedoff", disabled), entry("byhand"))...)
	run := w.sync()
	require.Zero(t, run.Failed+run.Stale)

	stored, plan := w.undo(run.Run)
	require.Equal(t, run.Run, stored.Undoes)
	require.Equal(t, -1, stored.Mismatched)
	require.Equal(t, map[directory.Op]int{directory.OpRestore: 3, directory.OpEnable: 2, directory.OpDisable: 2, directory.OpRemove: 2, directory.OpRename: 4,
		directory.OpUpdate: 1, directory.OpUntie: 1}, plan.Figures.Ops, said(plan))
	var text strings.Builder
	require.NoError(t, plan.Print(&text))
	require.Contains(t, text.String(), "UNDO of the run "+string(run.Run))
	require.Contains(t, text.String(), "the next synchronization does the same again, unless what was wrong is set right first")
	require.Equal(t, 4, plan.Guard.Losses, "one is disabled again, one inactive, one gone, and one was added")

	report := w.approved(stored)
	require.Equal(t, identity.RunCompleted, report.State, "%+v", report.Items)
	for _, a := range w.accounts() {
		if want, known := before[a.ID]; known {
			require.Equal(t, want, sameAs(a))
		} else {
			require.Equal(t, identity.DirectoryDeleted, a.InactiveReason, "whom the run added")
		}
	}
	n, err := w.store.Connector(t.Context(), w.org, w.connector)
	require.NoError(t, err)
	require.Empty(t, n.Cursor)
	_, _, err = w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, directory.RuleFullSyncRequired, identity.RuleOf(err))

	_, again := w.undo(run.Run)
	require.True(t, again.Empty(), said(again))
	_, _, err = w.syncer.Undo(t.Context(), w.org, report.Run, admin, nil)
	require.Equal(t, directory.RuleRunUndoes, identity.RuleOf(err))

	_, _, _, err = w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, identity.RuleDryRunRequired, identity.RuleOf(err), "it would do the same again")
	_, repeated := w.plan()
	require.False(t, repeated.Empty())
}

func TestUndo_WhatHasMovedOnSinceIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(append(people(60), entry("ada"), entry("bob"), entry("eve"), entry("kim"))...)
	w.sync()
	w.source.set(append(people(60), entry("ada", called("First")), entry("kim", mail("new@corp.example")), entry("lea", mail("kim@corp.example")))...)
	run := w.sync()
	// Ada gets another name, Bob comes back, and Eve is deleted early; the address that Kim had is Lea's, who was added by the run.
	w.source.set(append(people(60), entry("ada", called("Second")), entry("bob"), entry("kim", mail("new@corp.example")), entry("lea", mail("kim@corp.example")))...)
	w.sync()
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error { return c.Delete(t.Context(), w.user("eve@corp.example").ID, nil) }))

	stored, plan := w.undo(run.Run)
	require.Equal(t, "remove kim; conflict new NOT_UNDOABLE; skip ada ACCOUNT_CHANGED_SINCE; skip bob ACCOUNT_CHANGED_SINCE; skip eve UNKNOWN_USER", said(plan))
	w.apply(stored.ID)
	require.Equal(t, identity.Profile(`{"displayName":"Second"}`), w.user("ada@corp.example").Profile)
}

func TestUndo_OfAManagerWhomTheRunAddedIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(append(people(30), entry("ada"))...)
	w.sync()
	before := sameAs(w.user("ada@corp.example"))
	w.source.set(append(people(30), entry("ada", ledBy("bob")), entry("bob"))...)
	run := w.sync()
	require.NotEqual(t, before, sameAs(w.user("ada@corp.example")))
	stored, plan := w.undo(run.Run)
	require.Equal(t, "remove bob; update ada", said(plan))
	w.approved(stored)
	require.Equal(t, before, sameAs(w.user("ada@corp.example")))
	_, again := w.undo(run.Run)
	require.Equal(t, "skip ada ACCOUNT_CHANGED_SINCE; skip bob ACCOUNT_CHANGED_SINCE", said(again))
}

func TestUndo_ASignInSinceTheRunIsNoObstacle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(append(people(30), entry("ada", disabled))...)
	w.sync()
	w.source.set(append(people(30), entry("ada", called("Ada")))...)
	run := w.sync()
	ada := w.user("ada@corp.example")
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error { _, err := c.SignIn(t.Context(), ada.ID); return err }))
	stored, plan := w.undo(run.Run)
	require.Equal(t, "disable ada", said(plan))
	w.apply(stored.ID)
	ada = w.user("ada@corp.example")
	require.Equal(t, identity.DirectoryDisabled, ada.InactiveReason)
	require.Equal(t, identity.Active, ada.PreviousStatus)
	require.Equal(t, identity.Profile(`{"displayName":"ADA"}`), ada.Profile)
}

func TestUndo_TheLossGuardHoldsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(people(40)...)
	run := w.sync()
	_, _, err := w.syncer.Undo(t.Context(), w.org, "nothing", admin, nil)
	require.Equal(t, identity.RuleUnknownRun, identity.RuleOf(err))
	stored, plan := w.undo(run.Run)
	require.Equal(t, identity.PlanHeld, stored.State)
	require.Equal(t, 40, plan.Guard.Losses)
	_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.Equal(t, directory.RulePlanHeld, identity.RuleOf(err))
}

func TestUndo_APausedRunIsEndedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(people(30)...)
	w.sync()
	w.source.set(append(people(30), entry("x1"), entry("x2"), entry("x3"))...)
	stored, _ := w.plan()
	report, err := w.syncer.ApplyFirst(t.Context(), w.org, stored.ID, admin, 1, nil)
	require.NoError(t, err)
	_, _, err = w.syncer.Undo(t.Context(), w.org, report.Run, admin, nil)
	require.Equal(t, directory.RuleRunPaused, identity.RuleOf(err))
	_, err = w.syncer.End(t.Context(), w.org, stored.ID, admin)
	require.NoError(t, err)
	_, plan := w.undo(report.Run)
	require.Equal(t, "remove x1", said(plan))
}

func TestUndo_ACrashIsResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(people(450)...)
	w.sync()
	for i := range w.source.entries {
		called("Wrong")(&w.source.entries[i])
	}
	run := w.sync()
	stored, _ := w.undo(run.Run)
	left := &atomic.Int64{}
	left.Store(2)
	_, err := w.syncerOver(brittle{w.store, left}).Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.ErrorIs(t, err, errKilled)
	report := w.apply(stored.ID)
	require.Equal(t, identity.RunCompleted, report.State)
	require.Equal(t, 450, report.Applied[directory.OpUpdate])
	require.Equal(t, identity.Profile(`{"displayName":"P0449"}`), w.user("p0449@corp.example").Profile)
}

// TestPropertyUndo_ARunAndItsUndoingLeaveTheAccountsAsTheyWere takes an organization through directories drawn at random, and takes the
// last run back.
func TestPropertyUndo_ARunAndItsUndoingLeaveTheAccountsAsTheyWere(t *testing.T) {
	t.Parallel()
	s := fresh.Open(t)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		domain := fmt.Sprintf("d%d", number)
		w := worldOver(t, s, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		w.configure(`{"groups":{"members":"nested"}}`)
		var teams map[string][]string
		before := map[identity.AccountID]identity.Account{}
		var run directory.Report
		for range 2 {
			w.source.entries = ledDirectoryOf(t, domain)
			for i := range 7 {
				kind := rapid.SampledFrom([]directory.FindingKind{directory.Tombstone, directory.OutOfScope}).Draw(t, "finding")
				w.source.findings[identity.ObjectID(fmt.Sprintf("object-%s-%d", domain, i))] = kind
			}
			w.source.drawTeams(t, domain)
			stored, _ := w.plan()
			if stored.State == identity.PlanRefused {
				continue
			}
			clear(before)
			teams = w.teams()
			for _, a := range w.accounts() {
				before[a.ID] = a
			}
			run = w.approved(stored)
		}
		if run.Run == "" {
			return
		}
		stored, plan := w.undo(run.Run)
		report := w.approved(stored)
		require.Zero(t, report.Stale, "%+v", report.Items)
		unchanged := map[identity.AccountID]bool{}
		for _, step := range plan.Steps {
			unchanged[step.Account] = !step.Op.Acts() || len(step.Notes) > 0
			if !step.Op.Acts() && !step.Op.OfGroup() {
				require.Equal(t, directory.OpConflict, step.Op, "nothing has happened since the run: %+v", step)
			}
		}
		for _, a := range w.accounts() {
			was, known := before[a.ID]
			switch {
			case !known:
				require.Equal(t, identity.StateDeleted, a.State())
			case unchanged[a.ID]:
				require.Equal(t, was.State(), a.State())
			default:
				require.Equal(t, sameAs(was), sameAs(a))
			}
		}
		require.Equal(t, teams, w.teams())
		again, second := w.undo(run.Run)
		require.True(t, second.Empty(), said(second))
		require.Equal(t, identity.PlanReady, again.State)
	})
}
