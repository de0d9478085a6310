package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// schedule stores the schedule of a connector.
func (w world) schedule(t testing.TB, n identity.Connector) identity.Schedule {
	t.Helper()
	s := identity.NewSchedule(n)
	w.must(t, func(tx identity.Tx) error { return tx.InsertSchedule(ctx, s) })
	return s
}

func (w world) updateSchedule(t testing.TB, s identity.Schedule) identity.Schedule {
	t.Helper()
	w.must(t, func(tx identity.Tx) error { return tx.UpdateSchedule(ctx, s) })
	s.Version++
	return s
}

// mode puts an organization into a mode of synchronization.
func (w world) mode(t testing.TB, org identity.OrgID, m identity.SyncMode) {
	t.Helper()
	w.must(t, func(tx identity.Tx) error {
		o, err := tx.Organization(ctx, org)
		if err != nil {
			return err
		}
		o.SyncMode = m
		return tx.UpdateOrganization(ctx, o)
	})
}

func testSchedules(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	_, err := w.store.Schedule(ctx, w.own, n.ID)
	refused(t, err, identity.NotFound, identity.RuleUnknownConnector)
	s := w.schedule(t, n)
	read := func(of identity.Schedule) identity.Schedule {
		got, err := w.store.Schedule(ctx, of.Org, of.Connector)
		require.NoError(t, err)
		return got
	}
	due := func(at time.Time, limit int) []identity.Schedule {
		got, err := w.store.SchedulesDue(ctx, at, limit)
		require.NoError(t, err)
		return got
	}
	t.Run("everything in a schedule is kept", func(t *testing.T) {
		require.Equal(t, s, read(s))
		full := identity.Schedule{Org: s.Org, Connector: s.Connector, FullEvery: 36 * time.Hour, IncrementalEvery: 5 * time.Minute, NextFullAt: start.Add(time.Microsecond),
			NextIncrementalAt: start.Add(2 * time.Microsecond), Failures: 3, FailingSince: start.Add(3 * time.Microsecond), QuarantinedAt: start.Add(4 * time.Microsecond),
			Trouble: "It does not answer.", AttemptAt: start.Add(5 * time.Microsecond), AttemptKind: identity.SyncIncremental, SuccessAt: start.Add(6 * time.Microsecond),
			SuccessKind: identity.SyncFull, SuccessRun: identity.RunID(w.ids.New()), LeaseBy: "me", LeaseUntil: start.Add(7 * time.Microsecond), Version: s.Version}
		full = w.updateSchedule(t, full)
		require.Equal(t, full, read(s))
		off := identity.Schedule{Org: s.Org, Connector: s.Connector, Version: full.Version}
		s = w.updateSchedule(t, off)
		require.Equal(t, s, read(s))
	})
	t.Run("a schedule is written only if it is still the one that was read", func(t *testing.T) {
		old := s
		old.Version--
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateSchedule(ctx, old) }), identity.Stale, identity.RuleVersionMismatch)
		require.Equal(t, s, read(s))
	})
	t.Run("what is due in organizations in automatic mode is found, the longest overdue first", func(t *testing.T) {
		s.FullEvery, s.NextFullAt = time.Hour, start
		s = w.updateSchedule(t, s)
		second := w.schedule(t, w.connector(t, w.own, "Branch"))
		second.NextFullAt, second.NextIncrementalAt = start.Add(time.Hour), start.Add(-time.Hour)
		second = w.updateSchedule(t, second)
		foreign := w.schedule(t, w.connector(t, w.other, "Elsewhere"))
		for _, mode := range identity.SyncModes {
			w.mode(t, w.own, mode)
			if mode != identity.SyncAuto {
				require.Empty(t, due(start.Add(identity.Day), 10), mode)
			}
		}
		w.mode(t, w.own, identity.SyncAuto)
		require.Equal(t, []identity.Schedule{second, s}, due(start, 10))
		require.Equal(t, []identity.Schedule{second}, due(start, 1))
		require.Equal(t, []identity.Schedule{second}, due(start.Add(-time.Microsecond), 10))
		require.Empty(t, due(start.Add(-2*time.Hour), 10))
		w.mode(t, w.other, identity.SyncAuto)
		require.ElementsMatch(t, []identity.Schedule{second, s, foreign}, due(start, 10))
		second.LeaseBy, second.LeaseUntil = "me", start.Add(time.Minute)
		second = w.updateSchedule(t, second)
		require.ElementsMatch(t, []identity.Schedule{s, foreign}, due(start, 10), "somebody is at it")
		require.Len(t, due(start.Add(time.Minute), 10), 3, "and perhaps is not any more")
		s.QuarantinedAt = start
		s = w.updateSchedule(t, s)
		require.NotContains(t, due(start.Add(identity.Day), 10), s)
		_, err := w.store.SchedulesDue(ctx, start, 0)
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
	t.Run("a schedule goes with its connector", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteConnector(ctx, w.own, n.ID) })
		_, err := w.store.Schedule(ctx, w.own, n.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownConnector)
	})
}
