package directory

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

// How a schedule puts things off.
const (
	firstPause   = 15 * time.Minute // after a failure; every other in a row doubles it
	longestPause = 24 * time.Hour
	busyPause    = 5 * time.Minute // after an attempt that only came at a bad moment
)

// Patience is how long a connector may fail before nothing more is tried by itself.
type Patience struct {
	Failures int           // in a row
	Failing  time.Duration // since the first of them
}

// DefaultPatience is some days of tries, or four weeks of rare ones.
var DefaultPatience = Patience{Failures: 10, Failing: 28 * identity.Day}

// spread makes an interval longer by up to a tenth, so that connectors that were set up together do not go on reading together. The same
// seed gives the same answer.
func spread(d time.Duration, seed string) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(seed)) // never fails
	return d + time.Duration(float64(d/10)*float64(h.Sum32())/(1<<32))
}

// putOff puts off what has just been done. A full synchronization has done what an incremental one would.
func putOff(s identity.Schedule, kind identity.SyncKind, now time.Time, seed string) identity.Schedule {
	if kind == identity.SyncFull {
		s = s.WithNext(identity.SyncFull, now.Add(spread(s.FullEvery, seed)))
	}
	return s.WithNext(identity.SyncIncremental, now.Add(spread(s.IncrementalEvery, seed)))
}

// answered notes that a directory answered well enough to go on as planned. trouble is what was not well all the same.
func answered(s identity.Schedule, kind identity.SyncKind, trouble string, now time.Time, seed string) identity.Schedule {
	s.AttemptAt, s.AttemptKind, s.Trouble = now, kind, trouble
	s.Failures, s.FailingSince, s.QuarantinedAt = 0, time.Time{}, time.Time{}
	return putOff(s, kind, now, seed)
}

// succeeded notes a run that ended, by itself or by hand. One whose reading was not proven complete is no success, but no failure either:
// it did what it could.
func succeeded(s identity.Schedule, reading Reading, run identity.RunID, now time.Time) identity.Schedule {
	trouble := ""
	if !reading.Complete {
		trouble = "The reading was not proven complete, so nobody's loss was planned (DIR-19): " + strings.Join(reading.Gaps, " ")
	}
	s = answered(s, reading.kind(), trouble, now, string(run))
	if trouble == "" {
		s.SuccessAt, s.SuccessKind, s.SuccessRun = now, reading.kind(), run
	}
	return s
}

// failed notes an attempt that came to nothing. The next one comes later every time, until patience ends: then the schedule stops until
// somebody resumes it, or synchronizes by hand with success.
func failed(s identity.Schedule, kind identity.SyncKind, trouble string, now time.Time, seed string, patience Patience) identity.Schedule {
	s.AttemptAt, s.AttemptKind, s.Trouble = now, kind, trouble
	if s.Failures == 0 {
		s.FailingSince = now
	}
	s.Failures++
	again := now.Add(spread(pause(s.Failures), seed))
	for _, k := range []identity.SyncKind{identity.SyncFull, identity.SyncIncremental} {
		if s.Next(k).Before(again) {
			s = s.WithNext(k, again)
		}
	}
	if s.Failures >= patience.Failures || now.Sub(s.FailingSince) >= patience.Failing {
		s.QuarantinedAt = now
	}
	return s
}

// pause is how long to wait after so many failures in a row.
func pause(failures int) time.Duration {
	d := firstPause
	for range failures - 1 {
		d = min(2*d, longestPause)
	}
	return d
}

// outcome is what an attempt came to.
type outcome struct {
	stored identity.Plan
	plan   Plan
	report Report
	err    error
}

// badMoments are refusals that say nothing about the directory: somebody else was at work.
var badMoments = []identity.Rule{RuleRunUnfinished, RuleRunPaused, RulePlanStale, RulePlanApplied, RuleSyncOff, RuleSyncPaused}

// settled is the schedule after an attempt. A run that ended has been noted already, with its last step.
func settled(s identity.Schedule, kind identity.SyncKind, o outcome, now time.Time, seed string, patience Patience) identity.Schedule {
	rule := identity.RuleOf(o.err)
	switch {
	case rule == identity.RuleFullSyncRequired && kind == identity.SyncIncremental && s.FullEvery > 0:
		return putOff(s, kind, now, seed).WithNext(identity.SyncFull, now)
	case slices.Contains(badMoments, rule):
		return s.WithNext(kind, now.Add(busyPause))
	case o.err != nil:
		return failed(s, kind, sentence(o.err), now, seed, patience)
	case o.report.Run != "" && s.Next(kind).After(now):
		return s
	case o.report.Run != "": // it was ended from outside
		return putOff(s, kind, now, seed)
	case o.stored.State == identity.PlanRefused:
		return failed(s, kind, o.plan.Refused, now, seed, patience)
	}
	return answered(s, kind, "", now, seed) // held: that is for somebody to decide, and no failure
}

// awaits reports whether a plan, the newest of its connector, has to be dealt with by hand before anything else happens.
func awaits(p identity.Plan) bool {
	return p.State == identity.PlanHeld || p.State == identity.PlanApproved
}

// whyQuarantined says why a schedule stopped.
func whyQuarantined(s identity.Schedule) string {
	return fmt.Sprintf("Nothing synchronizes by itself any more since %s: %d attempts in a row failed, the first at %s. The last one: %s",
		at(s.QuarantinedAt), s.Failures, at(s.FailingSince), s.Trouble)
}

func at(t time.Time) string { return t.UTC().Format(time.DateTime + " MST") }
