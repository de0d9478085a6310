package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"rollcall/identity"
)

// How jobs are worked on.
const (
	jobLease  = time.Minute     // how long a server that has gone silent keeps a job
	noteEvery = 2 * time.Second // how far a job is, for those who watch; it renews the lease
	mostTakes = 3               // of a job that servers die of
)

// jobKinds are the kinds of jobs that this package knows how to do.
var jobKinds = []identity.JobKind{identity.JobPlan, identity.JobApply}

// errJobLost says that another server has the job, or that its organization is being deleted.
var errJobLost = errors.New("directory: another server has the job")

// Work does what jobs are open, one after another, and returns how many, at most limit. A server calls Work several times side by side, so that a
// slow directory does not keep everybody waiting.
func (j *Jobs) Work(ctx context.Context, limit int) (int, error) {
	now, err := j.service.SharedNow(ctx)
	if err != nil {
		return 0, err
	}
	open, err := j.service.Reader().JobsOpen(ctx, jobKinds, now, limit)
	if err != nil {
		return 0, err
	}
	done := 0
	var errs []error
	for _, job := range open {
		if ctx.Err() != nil {
			break
		}
		err := (&jobTurn{Jobs: j, job: job}).work(ctx)
		switch {
		case errors.Is(err, errJobLost):
		case err != nil:
			errs = append(errs, fmt.Errorf("directory: job %s: %w", job.ID, err))
		default:
			done++
		}
	}
	return done, errors.Join(errs...)
}

// jobTurn is one server's time with one job.
type jobTurn struct {
	*Jobs
	errand errand

	mu    sync.Mutex // for what follows: the work tells how far it is, and another goroutine writes it down
	job   identity.Job
	note  Note
	phase string
	done  int
	total int
}

func (t *jobTurn) work(ctx context.Context) error {
	if err := json.Unmarshal(t.job.Options, &t.errand); err != nil {
		return err
	}
	var err error
	if t.note, err = NoteOf(t.job); err != nil {
		return err
	}
	t.note.Takes++
	err = t.write(ctx, func(job identity.Job, now time.Time) identity.Job {
		job.State, job.LeaseUntil = identity.JobRunning, now.Add(jobLease)
		if job.StartedAt.IsZero() {
			job.StartedAt = now
		}
		return job
	}, nil)
	if err != nil {
		return err
	}
	if t.note.Takes > mostTakes {
		return t.end(ctx, fmt.Errorf("%d servers ended while they were at it", mostTakes))
	}
	running, stop := context.WithCancelCause(ctx)
	var noting sync.WaitGroup
	noting.Go(func() { t.tellOn(running, stop) })
	err = t.protected(running)
	lost := errors.Is(context.Cause(running), errJobLost)
	stop(nil)
	noting.Wait()
	if lost {
		return errJobLost
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingBack)
	defer cancel()
	if ctx.Err() != nil { // the server is being stopped; the next one begins again, or goes on with the run
		t.note.Takes--
		return t.write(settling, func(job identity.Job, _ time.Time) identity.Job {
			job.LeaseUntil = time.Time{}
			return job
		}, nil)
	}
	return t.end(settling, err)
}

// protected makes an error of a panic, so that one job does not keep the others.
func (t *jobTurn) protected(ctx context.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return t.run(ctx)
}

// run does what the job is for.
func (t *jobTurn) run(ctx context.Context) error {
	org, by, e := t.job.Org, t.job.By, t.errand
	if t.job.Kind == identity.JobPlan {
		var stored identity.Plan
		var err error
		if e.Undoes != "" {
			stored, _, err = t.syncer.Undo(ctx, org, e.Undoes, by, t.tell)
		} else {
			stored, _, err = t.syncer.PlanPurging(ctx, org, e.Connector, by, e.Kind, e.Purge, t.tell)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.note.Plan = stored.ID
		return err
	}
	var report Report
	var err error
	switch {
	case e.Plan == "":
		run := t.syncer.Run
		if e.Kind == ReadChanges {
			run = t.syncer.RunIncremental
		}
		var stored identity.Plan
		stored, _, report, err = run(ctx, org, e.Connector, by, t.tell)
		t.mu.Lock()
		t.note.Plan = stored.ID
		t.mu.Unlock()
		if err == nil && report.Run == "" { // a guard holds the plan
			return nil
		}
	case e.First > 0:
		report, err = t.syncer.ApplyFirst(ctx, org, e.Plan, by, e.First, t.tell)
	default:
		report, err = t.syncer.Apply(ctx, org, e.Plan, by, t.tell)
	}
	if err != nil {
		return err
	}
	t.tell(string(report.State), report.Done, report.Total)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note.Run = report.Run
	t.job.Failed = report.Failed + report.Stale
	for _, n := range report.Applied {
		t.job.Succeeded += n
	}
	return nil
}

// tell has the form of [Progress].
func (t *jobTurn) tell(phase string, done, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.phase, t.done, t.total = phase, done, total
}

// tellOn writes down how far the work is until ctx is done, and stops it if another server has the job.
func (t *jobTurn) tellOn(ctx context.Context, stop context.CancelCauseFunc) {
	for t.sleep(ctx, noteEvery) == nil {
		err := t.write(ctx, func(job identity.Job, now time.Time) identity.Job {
			job.LeaseUntil = now.Add(jobLease)
			return job
		}, nil)
		switch {
		case errors.Is(err, errJobLost):
			stop(err)
			return
		case err != nil && ctx.Err() == nil:
			t.logger.WarnContext(ctx, "how far a job is could not be noted", "job", t.job.ID, "error", err)
		}
	}
}

// end finishes the job and tells so.
func (t *jobTurn) end(ctx context.Context, why error) error {
	if why != nil {
		t.note.Code = identity.RuleOf(why)
	}
	err := t.write(ctx, func(job identity.Job, now time.Time) identity.Job {
		job.State, job.FinishedAt, job.ExpiresAt, job.LeaseUntil = identity.JobDone, now, now, time.Time{}
		if why != nil {
			job.State, job.Error = identity.JobFailed, sentence(why)
		}
		return job
	}, func(c *identity.Acts, job identity.Job) error { return c.TellOfJob(ctx, identity.JobFinished, job) })
	if err != nil {
		return err
	}
	if why != nil {
		t.logger.WarnContext(ctx, "job failed", "job", t.job.ID, "kind", t.job.Kind, "error", why)
	}
	return nil
}

// write stores the job with how far it is. Stale, it is another server's.
func (t *jobTurn) write(ctx context.Context, next func(identity.Job, time.Time) identity.Job, also func(*identity.Acts, identity.Job) error) error {
	t.mu.Lock()
	job, note := t.job, t.note
	if t.phase != "" {
		note.Phase, job.Processed = t.phase, t.done
		if job.Total = t.total; t.total == 0 {
			job.Total = -1
		}
	}
	t.mu.Unlock()
	var err error
	if job.Next, err = note.encode(); err != nil {
		return err
	}
	var stored identity.Job
	err = t.service.Transact(ctx, job.Org, job.By, func(c *identity.Acts) error {
		now, err := c.SharedNow(ctx)
		if err != nil {
			return err
		}
		stored = next(job, now)
		if err := c.Tx().UpdateJob(ctx, stored); err != nil {
			if identity.KindOf(err) == identity.Stale {
				return errJobLost
			}
			return err
		}
		if also != nil {
			return also(c, stored)
		}
		return nil
	})
	switch rule := identity.RuleOf(err); {
	case rule == identity.RuleOrgDeleting || rule == identity.RuleUnknownOrg:
		return errJobLost
	case err != nil:
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	succeeded, failed := t.job.Succeeded, t.job.Failed // the work may have set them meanwhile
	t.job = stored
	t.job.Succeeded, t.job.Failed = succeeded, failed
	t.job.Version++
	return nil
}
