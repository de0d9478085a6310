package directory

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func daily() identity.Schedule {
	return identity.Schedule{FullEvery: 24 * time.Hour, IncrementalEvery: 4 * time.Hour, NextFullAt: noon, NextIncrementalAt: noon.Add(-time.Minute)}
}

func TestAnIntervalIsSpreadByATenthAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(30*identity.Day)).Draw(t, "interval"))
		seed := rapid.String().Draw(t, "seed")
		got := spread(d, seed)
		require.GreaterOrEqual(t, got, d)
		require.LessOrEqual(t, got, d+d/10)
		require.Equal(t, got, spread(d, seed))
	})
	seen := map[time.Duration]bool{}
	for i := range 100 {
		seen[spread(time.Hour, time.Duration(i).String())] = true
	}
	require.Greater(t, len(seen), 90, "different seeds, different times")
}

func TestFailuresPutOffTheNextAttemptTwiceAsLongEveryTime(t *testing.T) {
	s, now := daily(), noon
	want := []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour}
	for i, pause := range want {
		require.Zero(t, s.QuarantinedAt)
		s = failed(s, identity.SyncFull, "It does not answer.", now, "x", DefaultPatience)
		require.Equal(t, i+1, s.Failures)
		require.Equal(t, noon, s.FailingSince)
		require.Equal(t, now.Add(spread(pause, "x")), s.NextFullAt)
		require.False(t, s.NextIncrementalAt.Before(s.NextFullAt), "the other kind would fail likewise")
		now = s.NextFullAt
	}
	require.NotZero(t, s.QuarantinedAt, "the tenth in a row ends patience")
	require.Zero(t, s.DueAt())
	require.Contains(t, whyQuarantined(s), "10 attempts in a row failed, the first at 2026-03-01 12:00:00 UTC. The last one: It does not answer.")
	s = succeeded(s, Reading{Complete: true}, "r", now)
	require.Zero(t, s.QuarantinedAt, "a run by hand that succeeds proves that all is well again")
	require.Zero(t, s.Failures)
}

func TestFourWeeksOfFailuresEndPatienceToo(t *testing.T) {
	s := failed(daily(), identity.SyncFull, "Refused.", noon, "x", DefaultPatience)
	s = failed(s, identity.SyncFull, "Refused.", noon.Add(28*identity.Day-1), "x", DefaultPatience)
	require.Zero(t, s.QuarantinedAt)
	s = failed(s, identity.SyncFull, "Refused.", noon.Add(28*identity.Day), "x", DefaultPatience)
	require.NotZero(t, s.QuarantinedAt)
	require.Equal(t, 3, s.Failures)
}

func TestWhatComesAfterAnAttempt(t *testing.T) {
	full, incremental := identity.SyncFull, identity.SyncIncremental
	refuse := func(rule identity.Rule) error { return identity.Refuse(identity.Conflict, rule, "no") }
	in := func(d time.Duration) time.Time { return noon.Add(spread(d, "x")) }
	onlyIncremental := daily().WithEvery(full, 0, noon)
	ended := daily().WithNext(full, in(24*time.Hour)).WithNext(incremental, in(4*time.Hour))
	for name, c := range map[string]struct {
		before            identity.Schedule
		kind              identity.SyncKind
		o                 outcome
		full, incremental time.Time
		failures          int
	}{
		"a run that ended":                {ended, full, outcome{report: Report{Run: "r"}}, in(24 * time.Hour), in(4 * time.Hour), 0},
		"a run that was ended by others":  {daily(), full, outcome{report: Report{Run: "r"}}, in(24 * time.Hour), in(4 * time.Hour), 0},
		"held":                            {daily(), full, outcome{stored: identity.Plan{State: identity.PlanHeld}}, in(24 * time.Hour), in(4 * time.Hour), 0},
		"an incremental one held":         {daily(), incremental, outcome{stored: identity.Plan{State: identity.PlanHeld}}, noon, in(4 * time.Hour), 0},
		"refused":                         {daily(), full, outcome{stored: identity.Plan{State: identity.PlanRefused}}, in(15 * time.Minute), in(15 * time.Minute), 1},
		"an error":                        {daily(), full, outcome{err: errors.New("broken")}, in(15 * time.Minute), in(15 * time.Minute), 1},
		"the settings are wrong":          {daily(), full, outcome{err: refuse(identity.RuleInvalidValue)}, in(15 * time.Minute), in(15 * time.Minute), 1},
		"somebody else runs":              {daily(), full, outcome{err: refuse(RuleRunUnfinished)}, noon.Add(5 * time.Minute), noon.Add(-time.Minute), 0},
		"somebody was faster":             {daily(), incremental, outcome{err: refuse(RulePlanStale)}, noon, noon.Add(5 * time.Minute), 0},
		"a full one is wanted first":      {daily(), incremental, outcome{err: refuse(identity.RuleFullSyncRequired)}, noon, in(4 * time.Hour), 0},
		"wanted, but full ones are off":   {onlyIncremental, incremental, outcome{err: refuse(identity.RuleFullSyncRequired)}, time.Time{}, in(15 * time.Minute), 1},
		"an error, and full ones are off": {onlyIncremental, incremental, outcome{err: errors.New("broken")}, time.Time{}, in(15 * time.Minute), 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := settled(c.before, c.kind, c.o, noon, "x", DefaultPatience)
			require.Equal(t, c.full, got.NextFullAt)
			require.Equal(t, c.incremental, got.NextIncrementalAt)
			require.Equal(t, c.failures, got.Failures)
		})
	}
}

func TestDIR14_WhichRunsAreNews(t *testing.T) {
	for name, c := range map[string]struct {
		reading  Reading
		noLosses string
		report   Report
		news     bool
	}{
		"a clean full one":                     {Reading{Kind: identity.SyncFull, Complete: true}, "", Report{}, true},
		"one from before there were two kinds": {Reading{Complete: true}, "", Report{}, true},
		"a clean incremental one":              {Reading{Kind: identity.SyncIncremental, Complete: true}, "", Report{Applied: map[Op]int{OpCreate: 3}, Skipped: 1}, false},
		"an incremental one with an error":     {Reading{Kind: identity.SyncIncremental, Complete: true}, "", Report{Failed: 1}, true},
		"one with a user who changed since":    {Reading{Kind: identity.SyncIncremental, Complete: true}, "", Report{Stale: 1}, true},
		"one that was not proven complete":     {Reading{Kind: identity.SyncIncremental}, "", Report{}, true},
		"one that may not lose anybody":        {Reading{Kind: identity.SyncIncremental, Complete: true}, "Too few.", Report{}, true},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.news, tellsOfRun(c.reading, c.noLosses, c.report)) })
	}
}

func TestIntervalsAreWrittenInShort(t *testing.T) {
	for want, d := range map[string]time.Duration{"off": 0, "24h": 24 * time.Hour, "4h": 4 * time.Hour, "30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "5m30s": 330 * time.Second} {
		require.Equal(t, want, interval(d))
	}
}
