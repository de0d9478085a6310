package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/internal/worker"
)

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// clock does not wait: sleeping moves it. After the last of its naps it stops the runner.
type clock struct {
	now  time.Time
	naps int
	stop context.CancelFunc
}

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.naps--; c.naps < 0 {
		c.stop()
		return ctx.Err()
	}
	c.now = c.now.Add(d)
	return nil
}

// run runs tasks for so many naps and returns what was logged.
func run(t *testing.T, naps int, random float64, tasks func(c *clock) []worker.Task) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &clock{now: t0, naps: naps, stop: stop}
	var lines bytes.Buffer
	r, err := worker.NewWithClock(slog.New(slog.NewTextHandler(&lines, nil)), c, func() float64 { return random }, tasks(c)...)
	require.NoError(t, err)
	r.Run(ctx)
	return lines.String()
}

func at(c *clock) string { return c.now.Sub(t0).String() }

func TestTasksRunAtOnceAndThenEachAtItsOwnPace(t *testing.T) {
	var runs []string
	run(t, 5, 0, func(c *clock) []worker.Task {
		note := func(name string) func(context.Context) error {
			return func(context.Context) error { runs = append(runs, name+" "+at(c)); return nil }
		}
		return []worker.Task{{Name: "a", Every: 2 * time.Minute, Run: note("a")}, {Name: "b", Every: 3 * time.Minute, Run: note("b")}}
	})
	require.Equal(t, []string{"a 0s", "b 0s", "a 2m0s", "b 3m0s", "a 4m0s", "a 6m0s", "b 6m0s", "a 8m0s"}, runs)
}

func TestJitterPutsRunsOffByUpToATenth(t *testing.T) {
	var runs []string
	run(t, 3, 0.5, func(c *clock) []worker.Task {
		return []worker.Task{{Name: "a", Every: time.Minute, Run: func(context.Context) error { runs = append(runs, at(c)); return nil }}}
	})
	require.Equal(t, []string{"3s", "1m6s", "2m9s"}, runs)
}

func TestAFailingTaskBacksOffAndRecovers(t *testing.T) {
	var runs []string
	lines := run(t, 8, 0, func(c *clock) []worker.Task {
		return []worker.Task{{Name: "a", Every: time.Minute, Run: func(context.Context) error {
			runs = append(runs, at(c))
			if len(runs) <= 6 {
				return fmt.Errorf("failure %d", len(runs))
			}
			return nil
		}}}
	})
	// 2, 4, 8, 16, 16, 16 minutes, and back to one.
	require.Equal(t, []string{"0s", "2m0s", "6m0s", "14m0s", "30m0s", "46m0s", "1h2m0s", "1h3m0s", "1h4m0s"}, runs)
	require.Contains(t, lines, `level=ERROR msg="task failed" task=a`)
	require.Contains(t, lines, `error="failure 6"`)
}

func TestAPanicIsAFailureOfTheTaskOnly(t *testing.T) {
	ran := 0
	lines := run(t, 2, 0, func(c *clock) []worker.Task {
		return []worker.Task{
			{Name: "bad", Every: time.Hour, Run: func(context.Context) error { panic("the cause") }},
			{Name: "good", Every: time.Minute, Run: func(context.Context) error { ran++; return nil }},
		}
	})
	require.Equal(t, 3, ran)
	require.Contains(t, lines, "the cause")
}

func TestTheRunnerStopsWithItsContextAndCallsThatNoFailure(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var lines bytes.Buffer
	r, err := worker.New(slog.New(slog.NewTextHandler(&lines, nil)), worker.Task{Name: "a", Every: time.Nanosecond, Run: func(ctx context.Context) error {
		stop()
		return ctx.Err()
	}})
	require.NoError(t, err)
	r.Run(ctx)
	require.Contains(t, lines.String(), "task stopped")
	require.NotContains(t, lines.String(), "failed")
}

func TestWithoutTasksTheRunnerWaitsForItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r, err := worker.New(slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	stop()
	r.Run(ctx)
	require.Error(t, ctx.Err())
}

func TestATaskThatCannotRunIsRefused(t *testing.T) {
	nothing := func(context.Context) error { return nil }
	for name, task := range map[string]worker.Task{
		"no name":        {Every: 1, Run: nothing},
		"no interval":    {Name: "a", Run: nothing},
		"nothing to run": {Name: "a", Every: 1},
	} {
		_, err := worker.New(slog.New(slog.NewTextHandler(io.Discard, nil)), task)
		require.Error(t, err, name)
	}
}

func TestDrainGoesOnUntilNothingIsLeft(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		rounds []int
		fails  []error
		calls  int
		err    error
	}{
		"nothing to do":               {[]int{0}, []error{nil}, 1, nil},
		"less than the limit":         {[]int{9}, []error{nil}, 1, nil},
		"exactly the limit":           {[]int{10, 0}, []error{nil, nil}, 2, nil},
		"several rounds":              {[]int{10, 10, 3}, []error{nil, nil, nil}, 3, nil},
		"one that cannot be done":     {[]int{9, 9, 4, 0}, []error{broken, broken, broken, broken}, 4, broken},
		"nothing can be done":         {[]int{0}, []error{broken}, 1, broken},
		"trouble that goes by itself": {[]int{9, 2}, []error{broken, nil}, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			err := worker.Drain(10, func(_ context.Context, limit int) (int, error) {
				require.Equal(t, 10, limit)
				calls++
				return c.rounds[calls-1], c.fails[calls-1]
			})(t.Context())
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.calls, calls)
		})
	}
}

func TestDrainStopsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	calls := 0
	err := worker.Drain(1, func(context.Context, int) (int, error) { calls++; stop(); return 1, nil })(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, calls)
}
