// Package worker runs what has to happen now and then without anybody asking for it, such as deleting accounts whose
// retention is over.
//
// Its one idea: a task is a function that looks at the state and does what is due, so it may run late, twice, or on several
// instances at once without harm; the schedule carries no meaning. Tasks run one after another, each at its own pace.
//
// It must not know what the tasks do: it imports nothing of the project.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// Task is something to do again and again.
type Task struct {
	Name  string
	Every time.Duration // from the end of one run to the beginning of the next; must be positive
	Run   func(context.Context) error
}

// Clock is the time as the runner sees it. Tests put one in that does not wait.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or for ctx, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// longestBackOff is how many intervals a task that keeps failing pauses at most.
const longestBackOff = 16

// jitter is the part of an interval by which a run is put off at random, so that instances started together do not go on
// running together.
const jitter = 0.1

// Runner runs tasks.
type Runner struct {
	logger *slog.Logger
	clock  Clock
	random func() float64 // in [0, 1)
	tasks  []*scheduled
}

type scheduled struct {
	Task
	due      time.Time
	failures int
}

// New returns a runner by the machine's clock.
func New(logger *slog.Logger, tasks ...Task) (*Runner, error) {
	return NewWithClock(logger, machine{}, rand.Float64, tasks...)
}

// NewWithClock returns a runner by another clock and another source of numbers in [0, 1).
func NewWithClock(logger *slog.Logger, clock Clock, random func() float64, tasks ...Task) (*Runner, error) {
	r := &Runner{logger: logger, clock: clock, random: random}
	for _, t := range tasks {
		if t.Every <= 0 || t.Run == nil || t.Name == "" {
			return nil, fmt.Errorf("worker: the task %q needs a name, a positive interval and something to run", t.Name)
		}
		r.tasks = append(r.tasks, &scheduled{Task: t})
	}
	return r, nil
}

// Run runs every task soon and then at its pace, until ctx is done; it returns when the run under way has come back. A task
// that fails is logged and pauses twice as long after every failure in a row.
func (r *Runner) Run(ctx context.Context) {
	start := r.clock.Now()
	for _, t := range r.tasks {
		t.due = start.Add(r.part(t.Every))
	}
	for ctx.Err() == nil {
		next := r.next()
		if next == nil {
			<-ctx.Done()
			return
		}
		if wait := next.due.Sub(r.clock.Now()); wait > 0 {
			if r.clock.Sleep(ctx, wait) != nil {
				return
			}
		}
		r.once(ctx, next)
	}
}

// next returns the task that is due first; of two, the one that was named first.
func (r *Runner) next() *scheduled {
	var first *scheduled
	for _, t := range r.tasks {
		if first == nil || t.due.Before(first.due) {
			first = t
		}
	}
	return first
}

func (r *Runner) once(ctx context.Context, t *scheduled) {
	start := r.clock.Now()
	err := protect(ctx, t.Run)
	took := r.clock.Now().Sub(start)
	switch {
	case err == nil:
		t.failures = 0
		r.logger.DebugContext(ctx, "task done", "task", t.Name, "took", took)
	case ctx.Err() != nil:
		r.logger.InfoContext(ctx, "task stopped", "task", t.Name, "took", took)
	default:
		t.failures++
		r.logger.ErrorContext(ctx, "task failed", "task", t.Name, "took", took, "failures", t.failures, "next", t.pause(), "error", err)
	}
	t.due = r.clock.Now().Add(t.pause() + r.part(t.Every))
}

// pause is the interval, doubled for every failure in a row.
func (t *scheduled) pause() time.Duration {
	factor := time.Duration(1)
	for range t.failures {
		factor = min(2*factor, longestBackOff)
	}
	return factor * t.Every
}

func (r *Runner) part(d time.Duration) time.Duration {
	return time.Duration(jitter * r.random() * float64(d))
}

// protect keeps a panic in one task from ending the server.
func protect(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return run(ctx)
}

// Drain returns a task that calls round until nothing is left: until it did less than limit, or, while some of it fails,
// until it did nothing. round does at most limit things and says how many it did.
func Drain(limit int, round func(ctx context.Context, limit int) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			done, err := round(ctx, limit)
			switch {
			case ctx.Err() != nil:
				return errors.Join(err, ctx.Err())
			case done == 0, done < limit && err == nil:
				return err
			}
		}
	}
}

type machine struct{}

func (machine) Now() time.Time { return time.Now() }

func (machine) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
