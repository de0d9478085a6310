package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// plan is a plan of a connector with so many users whom no entry matches.
func (w *world) plan(n identity.Connector, state identity.PlanState, mismatched int) identity.Plan {
	w.t.Helper()
	p := identity.Plan{ID: identity.PlanID(w.NewID()), Org: n.Org, Connector: n.ID, Hash: "x", State: state, Mismatched: mismatched,
		Summary: []byte(`{}`), Body: []byte(`{}`), Version: 1}
	require.NoError(w.t, w.Transact(w.ctx, n.Org, operator, func(c *identity.Acts) error {
		p.CreatedAt = c.Now()
		return c.Tx().InsertPlan(w.ctx, p)
	}))
	return p
}

func (w *world) run(p identity.Plan, state identity.RunState) {
	w.t.Helper()
	require.NoError(w.t, w.Transact(w.ctx, p.Org, operator, func(c *identity.Acts) error {
		return c.Tx().InsertRun(w.ctx, identity.Run{ID: identity.RunID(w.NewID()), Org: p.Org, Connector: p.Connector, Plan: p.ID, State: state, Actor: operator,
			StartedAt: c.Now(), Version: 1})
	}))
}

// matched makes every connector of an organization one that has run and has exactly its people.
func (w *world) matched(org identity.OrgID) {
	w.t.Helper()
	all, err := w.Reader().Connectors(w.ctx, org)
	require.NoError(w.t, err)
	for _, n := range all {
		w.run(w.plan(n, identity.PlanApplied, 0), identity.RunCompleted)
	}
}

func (w *world) automatic(org identity.OrgID) error {
	_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncAuto
		return o
	})
	return err
}

func TestDIR05_AutomaticModeOnlyWhenTheDirectoriesMatchExactly(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world, n identity.Connector)
		rule identity.Rule // empty: allowed
	}{
		"no run yet":           {func(*world, identity.Connector) {}, identity.RuleFullSyncRequired},
		"only a plan yet":      {func(w *world, n identity.Connector) { w.plan(n, identity.PlanReady, 0) }, identity.RuleFullSyncRequired},
		"a run that was ended": {func(w *world, n identity.Connector) { w.run(w.plan(n, identity.PlanApplied, 0), identity.RunFailed) }, identity.RuleFullSyncRequired},
		"everybody matches":    {func(w *world, n identity.Connector) { w.matched(n.Org) }, ""},
		"some run had errors": {func(w *world, n identity.Connector) {
			w.run(w.plan(n, identity.PlanApplied, 0), identity.RunErrors)
		}, ""},
		"one whom no entry matches": {func(w *world, n identity.Connector) {
			w.run(w.plan(n, identity.PlanApplied, 1), identity.RunCompleted)
		}, identity.RuleMismatchesLeft},
		"one in the last plan": {func(w *world, n identity.Connector) {
			w.matched(n.Org)
			w.plan(n, identity.PlanReady, 1)
		}, identity.RuleMismatchesLeft},
		"none in the last plan any more": {func(w *world, n identity.Connector) {
			w.run(w.plan(n, identity.PlanApplied, 1), identity.RunCompleted)
			w.plan(n, identity.PlanReady, 0)
		}, ""},
		"the last plan does not tell": {func(w *world, n identity.Connector) {
			w.matched(n.Org)
			w.plan(n, identity.PlanRefused, -1)
		}, ""},
		"no plan tells": {func(w *world, n identity.Connector) {
			w.run(w.plan(n, identity.PlanApplied, -1), identity.RunCompleted)
		}, identity.RuleDryRunRequired},
		"another connector has not run": {func(w *world, n identity.Connector) {
			w.matched(n.Org)
			w.connected(n.Org, "LDS")
		}, identity.RuleFullSyncRequired},
		"the settings changed": {func(w *world, n identity.Connector) {
			w.matched(n.Org)
			w.clock.move(time.Second)
			w.settle(n, `{"filter":"(cn=*)"}`)
		}, identity.RuleFullSyncRequired},
		"the settings changed, and it ran since": {func(w *world, n identity.Connector) {
			w.settle(n, `{"filter":"(cn=*)"}`)
			w.clock.move(time.Second)
			w.matched(n.Org)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("Corp")
			c.do(w, w.connected(org, "AD"))
			err := w.automatic(org)
			if c.rule == "" {
				require.NoError(t, err)
				require.Equal(t, identity.SyncAuto, w.syncMode(org))
				return
			}
			refusedWith(t, err, c.rule)
			require.Equal(t, identity.Conflict, identity.KindOf(err))
			require.Equal(t, identity.SyncRegistered, w.syncMode(org))
		})
	}
	w := newWorld(t)
	refusedWith(t, w.automatic(w.org("without a directory")), identity.RuleNoConnector)
}

// settle gives a connector other settings.
func (w *world) settle(n identity.Connector, settings string) {
	w.t.Helper()
	n.Settings = []byte(settings)
	_, err := w.ChangeConnector(w.ctx, operator, n)
	require.NoError(w.t, err)
}

func TestDIR03_OtherSettingsAreAsIfTheConnectorHadJustBeenRegistered(t *testing.T) {
	for _, c := range []struct{ before, after identity.SyncMode }{
		{identity.SyncDisabled, identity.SyncDisabled}, {identity.SyncRegistered, identity.SyncRegistered}, {identity.SyncManual, identity.SyncRegistered},
		{identity.SyncAuto, identity.SyncRegistered}, {identity.SyncPaused, identity.SyncRegistered},
	} {
		t.Run(string(c.before), func(t *testing.T) {
			w := newWorld(t)
			org := w.org("Corp")
			n := w.connected(org, "AD")
			w.matched(org)
			w.set(org, func(o *identity.Organization) { o.SyncMode = c.before })
			w.clock.move(time.Second)

			w.settle(n, `{}`)
			require.Equal(t, c.before, w.syncMode(org), "as they were")
			w.settle(n, `{"filter":"(cn=*)"}`)
			require.Equal(t, c.after, w.syncMode(org))
			got, err := w.Reader().Connector(w.ctx, org, n.ID)
			require.NoError(t, err)
			require.JSONEq(t, `{"filter":"(cn=*)"}`, string(got.Settings))
			require.True(t, got.UpdatedAt.After(n.UpdatedAt), "older plans are stale")
		})
	}
}

func TestDIR05_AnotherConnectorEndsAutomaticMode(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	n := w.connected(org, "AD")
	s, err := w.Reader().Schedule(w.ctx, org, n.ID)
	require.NoError(t, err)
	require.Equal(t, identity.NewSchedule(n), s, "DIR-06: daily, and every four hours what changed")
	w.matched(org)
	require.NoError(t, w.automatic(org))
	w.connected(org, "LDS")
	require.Equal(t, identity.SyncRegistered, w.syncMode(org))
}

func TestDIR06_WhatIsDue(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return now.Add(time.Duration(h) * time.Hour) }
	for name, c := range map[string]struct {
		s    identity.Schedule
		want identity.SyncKind
		due  time.Time
	}{
		"nothing, ever":                  {identity.Schedule{}, "", time.Time{}},
		"a full one":                     {identity.Schedule{NextFullAt: now}, identity.SyncFull, now},
		"an incremental one":             {identity.Schedule{NextFullAt: at(1), NextIncrementalAt: at(-1)}, identity.SyncIncremental, at(-1)},
		"both: the full one is enough":   {identity.Schedule{NextFullAt: now, NextIncrementalAt: at(-3)}, identity.SyncFull, at(-3)},
		"not yet":                        {identity.Schedule{NextFullAt: at(2), NextIncrementalAt: at(1)}, "", at(1)},
		"full ones are off":              {identity.Schedule{NextIncrementalAt: now}, identity.SyncIncremental, now},
		"in quarantine":                  {identity.Schedule{NextFullAt: now, QuarantinedAt: at(-5)}, "", time.Time{}},
		"somebody is at it":              {identity.Schedule{NextFullAt: at(-1), LeaseUntil: at(1)}, "", at(1)},
		"somebody was at it and is gone": {identity.Schedule{NextFullAt: at(-2), LeaseUntil: now}, identity.SyncFull, now},
	} {
		t.Run(name, func(t *testing.T) {
			kind, due := c.s.Due(now)
			require.Equal(t, c.want, kind)
			require.Equal(t, c.want != "", due)
			require.Equal(t, c.due, c.s.DueAt())
		})
	}
}

func TestDIR06_Intervals(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	s := identity.NewSchedule(identity.Connector{CreatedAt: now})
	require.NoError(t, s.Validate())
	s = s.WithEvery(identity.SyncFull, 0, now)
	require.Zero(t, s.NextFullAt)
	require.Equal(t, s, s.WithNext(identity.SyncFull, now), "off stays off")
	s = s.WithEvery(identity.SyncFull, 48*time.Hour, now)
	require.Equal(t, now.Add(48*time.Hour), s.NextFullAt)
	s = s.WithEvery(identity.SyncIncremental, time.Hour, now)
	require.Equal(t, now.Add(time.Hour), s.NextIncrementalAt, "sooner than it would have come")
	s = s.WithEvery(identity.SyncIncremental, 9*time.Hour, now)
	require.Equal(t, now.Add(time.Hour), s.NextIncrementalAt, "what was promised sooner stays")
	require.NoError(t, s.Validate())
	for _, every := range []time.Duration{-time.Hour, time.Minute, 31 * identity.Day} {
		err := s.WithEvery(identity.SyncFull, every, now).Validate()
		refusedWith(t, err, identity.RuleInvalidValue)
	}
}
