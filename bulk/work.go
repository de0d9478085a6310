package bulk

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"rollcall/identity"
)

// How a job is worked on.
const (
	lease       = time.Minute // how long a worker that has gone silent keeps a job; every step renews it
	mostTries   = 5           // of one step, before the job is given up
	givingBack  = 5 * time.Second
	retryPause  = 30 * time.Second // after the first failure in a row; it grows with every other
	uploadEnded = "The file did not arrive whole; send it again."
)

// kinds are the kinds of jobs that this package knows how to do.
var kinds = []identity.JobKind{identity.JobImport, identity.JobExport, identity.JobInvite, identity.JobTemplate, identity.JobClaim}

// errLost says that another worker has gone on with the job.
var errLost = errors.New("bulk: another worker has the job")

// Work goes on with the jobs that are due, all of them side by side, and returns how many steps it did, at most limit; fewer, if
// nothing else is due. Any number of workers may do so at the same time: a job has one at a time, and each step is stored whole
// or not at all. An error is one that nobody foresaw; the job it happened to is tried again later, and given up after some tries.
func (j *Jobs) Work(ctx context.Context, limit int) (int, error) {
	done := 0
	for done < limit && ctx.Err() == nil {
		n, err := j.round(ctx, limit-done)
		done += n
		if n == 0 || err != nil {
			return done, err
		}
	}
	return done, nil
}

// round gives every job that is due its turn. They share the steps, so that a short job does not wait for a long one.
func (j *Jobs) round(ctx context.Context, limit int) (int, error) {
	now, err := j.service.SharedNow(ctx)
	if err != nil {
		return 0, err
	}
	open, err := j.service.Reader().JobsOpen(ctx, kinds, now, limit)
	if err != nil || len(open) == 0 {
		return 0, err
	}
	done, share := 0, limit/len(open)
	var failures []error
	for _, job := range open {
		if ctx.Err() != nil {
			break
		}
		t := turn{jobs: j, job: job, size: rowsAtOnce}
		n, err := t.work(ctx, share)
		done += n
		if err != nil {
			failures = append(failures, fmt.Errorf("bulk: %s %s: %w", job.Kind, job.ID, err))
		}
	}
	return done, errors.Join(failures...)
}

// turn is one worker's time with one job.
type turn struct {
	jobs *Jobs
	job  identity.Job
	mark mark
	size int // how many rows are tried in one transaction
}

// stepper does the next step of a job and says whether that was the last.
type stepper func(ctx context.Context) (last bool, err error)

// protected makes an error of a panic, so that a row that nobody can do does not keep its job, and all that wait for it, for ever.
func (s stepper) protected(ctx context.Context) (last bool, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return s(ctx)
}

func (t *turn) work(ctx context.Context, steps int) (int, error) {
	var err error
	if t.mark, err = markOf(t.job); err != nil {
		return 0, err
	}
	if t.mark.Uploading {
		return 1, ours(t.end(ctx, func(now time.Time) identity.Job { return failed(t.job, now, uploadEnded) }))
	}
	if err := t.take(ctx); err != nil {
		return 0, ours(err)
	}
	step, err := t.stepper(ctx)
	done := 0
	for last := false; err == nil && !last && done < steps; {
		if last, err = step.protected(ctx); err == nil {
			done++
		}
		if err == nil && last {
			return done, ours(t.end(ctx, func(now time.Time) identity.Job { return finished(t.job, now) }))
		}
	}
	if errors.Is(err, errLost) {
		return done, nil
	}
	return done, errors.Join(err, t.giveBack(ctx, err))
}

// ours drops the news that another worker has the job, which is nothing to complain about.
func ours(err error) error {
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// take makes the job this worker's, unless somebody was faster.
func (t *turn) take(ctx context.Context) error {
	return t.write(ctx, func(now time.Time) identity.Job {
		job := t.job
		job.State, job.LeaseUntil = identity.JobRunning, now.Add(lease)
		if job.StartedAt.IsZero() {
			job.StartedAt = now
		}
		return job
	}, nil)
}

// giveBack lets others go on with the job: at once if all is well, after a pause if something failed, never if it failed too
// often. It does so even if the worker is being stopped, because otherwise the job waits for the lease to end.
func (t *turn) giveBack(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingBack)
	defer cancel()
	stopped := errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) || identity.KindOf(cause) == identity.Unavailable
	if cause != nil && !stopped {
		t.mark.Tries++
	}
	if t.mark.Tries >= mostTries {
		why := fmt.Sprintf("The server failed %d times after row %d; its log says why. What was done before stays done.", mostTries, t.job.Processed)
		return ours(t.end(ctx, func(now time.Time) identity.Job { return failed(t.job, now, why) }))
	}
	return ours(t.write(ctx, func(now time.Time) identity.Job {
		job := t.job
		job.Next, job.LeaseUntil = t.mark.String(), now.Add(time.Duration(t.mark.Tries)*retryPause)
		return job
	}, nil))
}

// end finishes the job and tells so.
func (t *turn) end(ctx context.Context, final func(now time.Time) identity.Job) error {
	err := t.write(ctx, final, func(c *identity.Acts, job identity.Job) error { return c.TellOfJob(ctx, identity.JobFinished, job) })
	if err == nil {
		t.jobs.logger.InfoContext(ctx, "job finished", "job", t.job.ID, "kind", t.job.Kind, "state", t.job.State, "processed", t.job.Processed,
			"failed", t.job.Failed)
	}
	return err
}

// write stores the job as it shall be, with what belongs to it. Stale, it is another worker's.
func (t *turn) write(ctx context.Context, next func(now time.Time) identity.Job, also func(*identity.Acts, identity.Job) error) error {
	var job identity.Job
	err := t.jobs.service.Transact(ctx, t.job.Org, t.job.By, func(c *identity.Acts) error {
		now, err := c.SharedNow(ctx)
		if err != nil {
			return err
		}
		job = next(now)
		if err := c.Tx().UpdateJob(ctx, job); err != nil {
			return lost(err)
		}
		if also != nil {
			return also(c, job)
		}
		return nil
	})
	if err == nil {
		t.job = job
		t.job.Version++
	}
	return unlessDeleted(err)
}

func lost(err error) error {
	if identity.KindOf(err) == identity.Stale {
		return errLost
	}
	return err
}

// unlessDeleted is lost for a whole transaction: an organization that is being deleted has no jobs any more.
func unlessDeleted(err error) error {
	if rule := identity.RuleOf(err); rule == identity.RuleOrgDeleting || rule == identity.RuleUnknownOrg {
		return errLost
	}
	return err
}

// stepper finds out what the job does.
func (t *turn) stepper(ctx context.Context) (stepper, error) {
	switch t.job.Kind {
	case identity.JobImport:
		return t.importer(ctx)
	case identity.JobInvite:
		return t.inviter()
	case identity.JobTemplate:
		return t.templater()
	case identity.JobExport:
		return t.exporter()
	case identity.JobClaim:
		return t.claimer()
	}
	return nil, fmt.Errorf("nobody knows how to do a job of kind %q", t.job.Kind)
}
