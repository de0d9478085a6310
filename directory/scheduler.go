package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"rollcall/identity"
)

// How attempts are made.
const (
	lease      = 3 * time.Minute // how long a server that has gone silent keeps a connector
	renewEvery = lease / 3
	givingBack = 10 * time.Second // to note what came of an attempt, even if the server is being stopped
)

// Runs is what a schedule starts. [Syncer] has both.
type Runs interface {
	Run(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) (identity.Plan, Plan, Report, error)
	RunIncremental(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) (identity.Plan, Plan, Report, error)
}

// errLeaseLost says that another server took the connector for abandoned and has it now.
var errLeaseLost = errors.New("directory: another server has the connector")

// Scheduler starts what is due. Any number of servers may have one over the same store: a lease in the store keeps them from working on the
// same connector at the same time. A server that was killed in the middle loses its lease, and the next one finishes its run.
type Scheduler struct {
	service  *identity.Service
	runs     Runs
	logger   *slog.Logger
	sleep    func(context.Context, time.Duration) error
	patience Patience
}

// NewScheduler returns a scheduler that starts runs.
func NewScheduler(service *identity.Service, runs Runs, logger *slog.Logger) *Scheduler {
	return &Scheduler{service: service, runs: runs, logger: logger, sleep: sleep, patience: DefaultPatience}
}

// WithSleep returns the scheduler with another way to wait between two renewals of a lease.
func (s *Scheduler) WithSleep(sleep func(context.Context, time.Duration) error) *Scheduler {
	changed := *s
	changed.sleep = sleep
	return &changed
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Work starts what is due in all organizations, one after another, and returns how many connectors it looked at, at most limit. What comes
// of a connector is noted in its schedule and is no error. A server calls Work several times side by side, so that a slow directory
// does not keep the others waiting.
func (s *Scheduler) Work(ctx context.Context, limit int) (int, error) {
	now, err := s.service.SharedNow(ctx)
	if err != nil {
		return 0, err
	}
	due, err := s.service.Reader().SchedulesDue(ctx, now, limit)
	if err != nil {
		return 0, err
	}
	var errs []error
	for i, d := range due {
		if ctx.Err() != nil {
			return i, errors.Join(errs...)
		}
		if err := s.attempt(ctx, d); err != nil {
			errs = append(errs, fmt.Errorf("directory: schedule of connector %s: %w", d.Connector, err))
		}
	}
	return len(due), errors.Join(errs...)
}

// turn is one server's time with one connector.
type turn struct {
	*Scheduler
	org       identity.OrgID
	connector identity.Connector
	kind      identity.SyncKind
	id        string // of the lease
}

func (s *Scheduler) attempt(ctx context.Context, due identity.Schedule) error {
	t, err := s.take(ctx, due)
	if t == nil || err != nil {
		return unlessGone(err)
	}
	running, stop := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { t.renew(running, stop) })
	o := t.protected(running)
	lost := errors.Is(context.Cause(running), errLeaseLost)
	stop(nil)
	renewing.Wait()
	if lost {
		s.logger.WarnContext(ctx, "another server goes on with a synchronization", "connector", t.connector.ID)
		return nil
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingBack)
	defer cancel()
	return unlessGone(t.settle(settling, o, ctx.Err() != nil))
}

// take makes the connector this server's, unless somebody was faster or there is nothing to do after all.
func (s *Scheduler) take(ctx context.Context, due identity.Schedule) (t *turn, err error) {
	id := s.service.NewID()
	err = s.service.Transact(ctx, due.Org, schedule, func(c *identity.Acts) error {
		t = nil
		tx := c.Tx()
		n, err := tx.Connector(ctx, due.Org, due.Connector)
		if err != nil {
			return err
		}
		now, err := tx.Schedule(ctx, due.Org, due.Connector)
		if err != nil {
			return err
		}
		at, err := c.SharedNow(ctx)
		if err != nil {
			return err
		}
		kind, ok := now.Due(at)
		if !ok || c.Org().SyncMode != identity.SyncAuto {
			return nil
		}
		plans, err := tx.Plans(ctx, due.Org, due.Connector, "", 1)
		if err != nil {
			return err
		}
		if len(plans) > 0 && awaits(plans[0]) {
			return tx.UpdateSchedule(ctx, putOff(now, kind, at, id))
		}
		now.LeaseBy, now.LeaseUntil = id, at.Add(lease)
		t = &turn{Scheduler: s, org: due.Org, connector: n, kind: kind, id: id}
		return tx.UpdateSchedule(ctx, now)
	})
	return t, err
}

// schedule is who starts what is due.
var schedule = identity.Actor{Kind: identity.System, Name: "schedule"}

// protected makes an error of a panic, so that one connector does not keep the others from their turn.
func (t *turn) protected(ctx context.Context) (o outcome) {
	defer func() {
		if cause := recover(); cause != nil {
			o = outcome{err: fmt.Errorf("panic: %v\n%s", cause, debug.Stack())}
		}
	}()
	run := t.runs.Run
	if t.kind == identity.SyncIncremental {
		run = t.runs.RunIncremental
	}
	o.stored, o.plan, o.report, o.err = run(ctx, t.org, t.connector.ID, schedule, nil)
	return o
}

// renew keeps the lease until ctx is done, and stops the work if it is lost.
func (t *turn) renew(ctx context.Context, stop context.CancelCauseFunc) {
	for t.sleep(ctx, renewEvery) == nil {
		err := t.write(ctx, func(c *identity.Acts, s identity.Schedule) (identity.Schedule, error) {
			now, err := c.SharedNow(ctx)
			s.LeaseUntil = now.Add(lease)
			return s, err
		})
		switch {
		case errors.Is(err, errLeaseLost):
			stop(err)
			return
		case err != nil && ctx.Err() == nil:
			t.logger.WarnContext(ctx, "the lease of a synchronization could not be renewed", "connector", t.connector.ID, "error", err)
		}
	}
}

// settle notes what came of the attempt and gives the connector back. A server that is being stopped leaves it to be done again at once.
func (t *turn) settle(ctx context.Context, o outcome, stopped bool) error {
	var after identity.Schedule
	err := t.write(ctx, func(c *identity.Acts, s identity.Schedule) (identity.Schedule, error) {
		now, err := c.SharedNow(ctx)
		if err != nil {
			return s, err
		}
		s.LeaseBy, s.LeaseUntil = "", time.Time{}
		if !stopped {
			s = settled(s, t.kind, o, now, t.id, t.patience)
		}
		if after = s; s.QuarantinedAt.IsZero() {
			return s, nil
		}
		if err := c.Tell(ctx, identity.SyncQuarantined, map[string]any{"connector": t.connector.ID, "failures": s.Failures, "since": s.FailingSince, "why": s.Trouble}); err != nil {
			return s, err
		}
		return s, tellOfQuarantine(ctx, c, t.connector, s)
	})
	switch {
	case errors.Is(err, errLeaseLost):
		return nil
	case err != nil || stopped:
		return err
	}
	args := []any{"org", t.org, "connector", t.connector.ID, "kind", t.kind}
	switch {
	case o.err != nil || after.Failures > 0:
		t.logger.WarnContext(ctx, "a scheduled synchronization came to nothing", append(args, "trouble", after.Trouble, "failures", after.Failures,
			"quarantined", !after.QuarantinedAt.IsZero(), "error", o.err)...)
	case o.report.Run == "":
		t.logger.WarnContext(ctx, "a scheduled synchronization waits for an approval", append(args, "plan", o.stored.ID)...)
	default:
		t.logger.InfoContext(ctx, "scheduled synchronization done", append(args, "run", o.report.Run, "state", o.report.State)...)
	}
	return nil
}

// write changes the schedule as long as the lease is this server's.
func (t *turn) write(ctx context.Context, edit func(*identity.Acts, identity.Schedule) (identity.Schedule, error)) error {
	return t.service.Transact(ctx, t.org, schedule, func(c *identity.Acts) error {
		s, err := c.Tx().Schedule(ctx, t.org, t.connector.ID)
		if err != nil {
			return err
		}
		if s.LeaseBy != t.id {
			return errLeaseLost
		}
		if s, err = edit(c, s); err != nil {
			return err
		}
		return c.Tx().UpdateSchedule(ctx, s)
	})
}

// unlessGone drops the news that the connector or its organization is not there any more.
func unlessGone(err error) error {
	switch identity.RuleOf(err) {
	case identity.RuleOrgDeleting, identity.RuleUnknownOrg, identity.RuleUnknownConnector:
		return nil
	}
	return err
}
