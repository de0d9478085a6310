package identity

import (
	"context"
	"time"
)

// SyncKind is what a synchronization reads of a directory.
type SyncKind string

// The kinds of synchronizations.
const (
	SyncFull        SyncKind = "full"        // everything in scope
	SyncIncremental SyncKind = "incremental" // what changed since the last one (DIR-06)
)

// How often a connector synchronizes by itself unless somebody says otherwise (DIR-06).
const (
	DefaultFullEvery        = 24 * time.Hour
	DefaultIncrementalEvery = 4 * time.Hour
)

// The bounds of an interval.
const (
	shortestInterval = 5 * time.Minute
	longestInterval  = 30 * Day
)

// Schedule says when a connector synchronizes by itself, and what came of it. It counts only while its organization's mode is
// automatic (DIR-05). An interval of zero is off, and the next time that belongs to it is zero then and only then.
type Schedule struct {
	Org               OrgID
	Connector         ConnectorID
	FullEvery         time.Duration
	IncrementalEvery  time.Duration
	NextFullAt        time.Time
	NextIncrementalAt time.Time

	Failures      int       // in a row
	FailingSince  time.Time // the first of them
	QuarantinedAt time.Time // nothing runs by itself any more; zero: it does
	Trouble       string    // why the last attempt was none too good, as a sentence

	AttemptAt   time.Time // the last attempt by itself, or the last run by hand that ended
	AttemptKind SyncKind
	SuccessAt   time.Time // the last run of a complete reading that ended, by itself or by hand
	SuccessKind SyncKind
	SuccessRun  RunID

	LeaseBy    string    // whoever is at it
	LeaseUntil time.Time // and until when nobody else is
	Version    int64
}

// NewSchedule is the schedule of a connector of which nobody has said anything else.
func NewSchedule(n Connector) Schedule {
	return Schedule{Org: n.Org, Connector: n.ID, FullEvery: DefaultFullEvery, IncrementalEvery: DefaultIncrementalEvery,
		NextFullAt: n.CreatedAt, NextIncrementalAt: n.CreatedAt.Add(DefaultIncrementalEvery), Version: 1}
}

// Every returns the interval of a kind.
func (s Schedule) Every(k SyncKind) time.Duration {
	if k == SyncFull {
		return s.FullEvery
	}
	return s.IncrementalEvery
}

// Next returns when a kind comes next; zero if it is off.
func (s Schedule) Next(k SyncKind) time.Time {
	if k == SyncFull {
		return s.NextFullAt
	}
	return s.NextIncrementalAt
}

// WithNext returns the schedule with a kind's next time. One that is off stays off.
func (s Schedule) WithNext(k SyncKind, at time.Time) Schedule {
	switch {
	case s.Every(k) == 0:
	case k == SyncFull:
		s.NextFullAt = at
	default:
		s.NextIncrementalAt = at
	}
	return s
}

// WithEvery returns the schedule with a kind's interval, which begins at now unless something comes sooner; zero switches it off.
func (s Schedule) WithEvery(k SyncKind, every time.Duration, now time.Time) Schedule {
	next := now.Add(every)
	switch before := s.Next(k); {
	case every == 0:
		next = time.Time{}
	case !before.IsZero() && before.Before(next):
		next = before
	}
	if k == SyncFull {
		s.FullEvery, s.NextFullAt = every, next
	} else {
		s.IncrementalEvery, s.NextIncrementalAt = every, next
	}
	return s
}

// Due returns what is to be done at now, if anything. A full synchronization makes an incremental one needless.
func (s Schedule) Due(now time.Time) (SyncKind, bool) {
	if !s.QuarantinedAt.IsZero() || now.Before(s.LeaseUntil) {
		return "", false
	}
	for _, k := range []SyncKind{SyncFull, SyncIncremental} {
		if next := s.Next(k); !next.IsZero() && !next.After(now) {
			return k, true
		}
	}
	return "", false
}

// DueAt returns from when on there is something to do; zero if there never is.
func (s Schedule) DueAt() time.Time {
	if !s.QuarantinedAt.IsZero() {
		return time.Time{}
	}
	due := s.NextFullAt
	if due.IsZero() || !s.NextIncrementalAt.IsZero() && s.NextIncrementalAt.Before(due) {
		due = s.NextIncrementalAt
	}
	if !due.IsZero() && due.Before(s.LeaseUntil) {
		due = s.LeaseUntil
	}
	return due
}

// Validate refuses intervals that make no schedule.
func (s Schedule) Validate() error {
	for _, k := range []SyncKind{SyncFull, SyncIncremental} {
		if every := s.Every(k); every != 0 && (every < shortestInterval || every > longestInterval) {
			return Refuse(Invalid, RuleInvalidValue, "a synchronization every %s is not possible; use %s to %s, or off", every, shortestInterval, longestInterval).At(string(k))
		}
	}
	return nil
}

// ScheduleReader reads schedules. It is part of [Reader].
type ScheduleReader interface {
	// Schedule returns a connector's schedule.
	Schedule(ctx context.Context, org OrgID, connector ConnectorID) (Schedule, error)
	// SchedulesDue is crossing: schedules of organizations in automatic mode that have something to do at now, the longest
	// overdue first, at most limit.
	SchedulesDue(ctx context.Context, now time.Time, limit int) ([]Schedule, error)
}

// ScheduleTx writes schedules. It is part of [Tx]. A schedule goes with its connector.
type ScheduleTx interface {
	InsertSchedule(ctx context.Context, s Schedule) error
	UpdateSchedule(ctx context.Context, s Schedule) error
}
