package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// flaky is a store whose transactions can be made to fail, like those of a process that is killed.
type flaky struct {
	identity.Store
	mu     sync.Mutex
	before func(n int) error // sees the number of the transaction, from 1, and may end it before it begins
	after  func(n int) error // may lose the answer of one that was committed
	n      int
}

func (f *flaky) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	f.mu.Lock()
	f.n++
	n, before, after := f.n, f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(n); err != nil {
			return err
		}
	}
	if err := f.Store.Do(ctx, lock, fn); err != nil || after == nil {
		return err
	}
	return after(n)
}

func (f *flaky) set(before, after func(n int) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after, f.n = before, after, 0
}

func newFlakyWorld(t *testing.T) (*world, *flaky) {
	t.Helper()
	s := fresh.Open(t)
	f := &flaky{Store: s}
	return newWorldOver(t, f), f
}

var errKilled = errors.New("killed")

// mixed is a file with rows of every outcome, in an organization where some of its people are already.
func (w *world) mixed(n int) string {
	w.t.Helper()
	w.seats(n/4, "calling")
	other := w.organization()
	rows := []string{only + ",Title,calling"}
	for i := range n {
		address := fmt.Sprintf("p%d@example.com", i)
		switch i % 5 {
		case 0:
			w.add(other, address, "")
		case 1:
			w.add(w.org, address, `{"title":"T"}`)
		case 2:
			w.add(w.org, address, "")
		}
		rows = append(rows, address+",T,"+[]string{"TRUE", ""}[i%2])
	}
	return lines(rows...)
}

// settled is what can be seen of an import's end.
type settled struct {
	outcomes  []string
	succeeded int
	failed    int
	users     int
	seats     int
	events    map[identity.EventKind]int
}

func (w *world) settled(j identity.Job) settled {
	w.t.Helper()
	j = w.job(j.ID)
	require.Equal(w.t, identity.JobDone, j.State, j.Error)
	s := settled{outcomes: w.outcomes(j), succeeded: j.Succeeded, failed: j.Failed, users: w.count(), events: w.eventKinds()}
	list, err := w.service.Reader().Subscriptions(w.ctx, w.org)
	require.NoError(w.t, err)
	for _, sub := range list {
		for _, p := range sub.Pools {
			s.seats += p.Used
		}
	}
	return s
}

func (w *world) eventKinds() map[identity.EventKind]int {
	w.t.Helper()
	list, err := w.service.Reader().Chain(w.ctx, w.org, 0, 10_000)
	require.NoError(w.t, err)
	kinds := map[identity.EventKind]int{}
	for _, e := range list {
		kinds[e.Kind]++
	}
	report, err := w.service.VerifyChain(w.ctx, w.org)
	require.NoError(w.t, err)
	require.False(w.t, report.Broken(), report.Fault)
	return kinds
}

// An import that is killed before or after any of its transactions, again and again, ends as one that was left alone.
func TestCSV01_AnImportThatIsKilledAnywhereGoesOnWithoutDoingAnythingTwice(t *testing.T) {
	const people = 230
	w, _ := newFlakyWorld(t)
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(w.mixed(people)), bulk.ImportOptions{})
	require.NoError(t, err)
	w.work()
	want := w.settled(j)
	require.Len(t, want.outcomes, people)
	require.Subset(t, want.outcomes, []string{bulk.Created, bulk.Changed, bulk.Unchanged, "EMAIL_TAKEN", "NO_LICENSES"})

	for name, kill := range map[string]func(f *flaky, at int){
		"before a transaction": func(f *flaky, at int) {
			f.set(func(n int) error { return killedAt(n, at) }, nil)
		},
		"after it was committed": func(f *flaky, at int) {
			f.set(nil, func(n int) error { return killedAt(n, at) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, f := newFlakyWorld(t)
			j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(w.mixed(people)), bulk.ImportOptions{})
			require.NoError(t, err)
			kills := 0
			for at := 1; w.job(j.ID).State != identity.JobDone; at = at%8 + 1 {
				kill(f, at)
				if _, err := w.Work(w.ctx, 1000); err != nil {
					require.ErrorIs(t, err, errKilled)
					kills++
				}
				f.set(nil, nil)
				w.clock.move(time.Hour) // the lease of the dead one is over
			}
			require.Greater(t, kills, 2)
			got := w.settled(j)
			delete(got.events, identity.EventRefused)
			delete(want.events, identity.EventRefused)
			require.Equal(t, want, got)
		})
	}
}

// killedAt kills a process at one of its transactions: that one and every later one fails, also the one that would give the job
// back.
func killedAt(n, at int) error {
	if n < at {
		return nil
	}
	return fmt.Errorf("%w: %w", errKilled, context.Canceled)
}

func TestCSV01_TwoWorkersDoEveryRowOnce(t *testing.T) {
	rows := max(1000, fresh.Rounds(3000)) // ten turns at least
	url := fresh.URL(t)
	s := fresh.OpenAgain(t, url)
	w := newWorldOver(t, s)
	var jobs []identity.Job
	for range 2 {
		export, err := w.StartExport(w.ctx, admin, w.org, bulk.ExportOptions{})
		require.NoError(t, err)
		jobs = append(jobs, export)
	}
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(rows)), bulk.ImportOptions{})
	require.NoError(t, err)

	var wait sync.WaitGroup
	failures := make(chan error, 1000)
	for range 2 {
		second := fresh.OpenAgain(t, url)
		runner := bulk.New(identity.NewService(second, w.clock, system.IDs{}, identity.EmailPolicy{}), slog.New(slog.DiscardHandler))
		wait.Go(func() {
			for range 1000 {
				// One step at a time, so that the job changes hands often.
				if _, err := runner.Work(w.ctx, 1); err != nil {
					failures <- err
					return
				}
				if job, err := w.service.Reader().Job(w.ctx, w.org, j.ID); err != nil || job.State == identity.JobDone {
					return
				}
			}
		})
	}
	wait.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	w.work()
	got := w.settled(j)
	require.Equal(t, rows, got.users)
	require.Equal(t, rows, got.succeeded)
	require.Equal(t, rows, got.events[identity.AccountCreated])
	require.Equal(t, 3, got.events[identity.JobFinished])
	for _, export := range jobs {
		require.Equal(t, identity.JobDone, w.job(export.ID).State)
	}
}

func TestJobsShareAWorkersSteps(t *testing.T) {
	w := newWorld(t)
	var started []identity.Job
	for i := range 2 {
		w.org = w.organization()
		j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(strings.ReplaceAll(manyRows(1000), "@", fmt.Sprintf("@%d.", i))), bulk.ImportOptions{})
		require.NoError(t, err)
		started = append(started, j)
	}
	processed := func() (counts [2]int) {
		for i, j := range started {
			now, err := w.service.Reader().Job(w.ctx, j.Org, j.ID)
			require.NoError(t, err)
			counts[i] = now.Processed
		}
		return counts
	}
	for range 2 {
		n, err := w.Work(w.ctx, 5)
		require.NoError(t, err)
		require.Equal(t, 5, n)
	}
	require.Equal(t, [2]int{600, 400}, processed(), "the older one takes what is left over")
	n, err := w.Work(w.ctx, 1000)
	require.NoError(t, err)
	require.Less(t, n, 1000, "everything was done, so a worker may rest")
	require.Equal(t, [2]int{1000, 1000}, processed())
	n, err = w.Work(w.ctx, 1000)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestAJobWithALeaseIsLeftAlone(t *testing.T) {
	w, f := newFlakyWorld(t)
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(10)), bulk.ImportOptions{})
	require.NoError(t, err)
	f.set(func(n int) error { return killedAt(n, 2) }, nil)
	_, err = w.Work(w.ctx, 10)
	require.ErrorIs(t, err, errKilled)
	f.set(nil, nil)
	w.work()
	require.Equal(t, identity.JobRunning, w.job(j.ID).State, "whoever took it may still be alive")
	w.clock.move(time.Minute)
	w.work()
	require.Equal(t, identity.JobDone, w.job(j.ID).State)
}

func TestAWorkerThatIsStoppedGivesItsJobBackAtOnce(t *testing.T) {
	w, f := newFlakyWorld(t)
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(500)), bulk.ImportOptions{})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(w.ctx)
	f.set(nil, func(n int) error {
		if n == 3 {
			stop()
		}
		return nil
	})
	_, err = w.Work(ctx, 1000)
	require.ErrorIs(t, err, context.Canceled)
	f.set(nil, nil)
	require.Equal(t, 200, w.job(j.ID).Processed)
	w.work()
	require.Equal(t, 500, w.settled(j).users)
}

func TestAJobThatAlwaysFailsIsGivenUpAndSaysSo(t *testing.T) {
	w, f := newFlakyWorld(t)
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(250)), bulk.ImportOptions{})
	require.NoError(t, err)
	_, err = w.Work(w.ctx, 1)
	require.NoError(t, err)
	for try := 1; try <= 5; try++ {
		// The job is taken and given back, but what lies between fails: the next rows, and then the first of them alone.
		f.set(func(n int) error {
			switch {
			case try == 3 && n == 2:
				panic("a secret of the disk")
			case try != 3 && (n == 2 || n == 3):
				return errors.New("a secret of the disk")
			}
			return nil
		}, nil)
		require.Equal(t, identity.JobRunning, w.job(j.ID).State)
		_, err = w.Work(w.ctx, 1000)
		require.ErrorContains(t, err, "a secret of the disk", "for the log")
		n, err := w.Work(w.ctx, 1000)
		require.NoError(t, err)
		require.Zero(t, n, "not at once again")
		w.clock.move(5 * time.Minute)
	}
	j = w.job(j.ID)
	require.Equal(t, identity.JobFailed, j.State)
	require.Equal(t, "The server failed 5 times after row 100; its log says why. What was done before stays done.", j.Error)
	require.Len(t, w.outcomes(j), 100)
	_, err = w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(250)), bulk.ImportOptions{})
	require.NoError(t, err, "a job that was given up keeps nobody waiting")
}

func TestAnOutageOfTheStoreIsNoReasonToGiveAJobUp(t *testing.T) {
	w, f := newFlakyWorld(t)
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(250)), bulk.ImportOptions{})
	require.NoError(t, err)
	for range 20 {
		f.set(func(n int) error {
			if n == 2 || n == 3 {
				return identity.Refuse(identity.Unavailable, identity.RuleUnavailable, "the disk is full")
			}
			return nil
		}, nil)
		_, err = w.Work(w.ctx, 1000)
		refusedWith(t, err, identity.RuleUnavailable)
	}
	f.set(nil, nil)
	w.work()
	require.Equal(t, 250, w.settled(j).users)
}

func TestCSV01_AnUploadThatBreaksOffLeavesNothingThatRuns(t *testing.T) {
	w, f := newFlakyWorld(t)
	f.set(func(n int) error { return killedAt(n, 3) }, nil)
	_, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(2000)), bulk.ImportOptions{})
	require.ErrorIs(t, err, errKilled)
	f.set(nil, nil)
	w.work()
	list, err := w.service.Reader().Jobs(w.ctx, w.org, identity.JobImport, "", 10)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, identity.JobRunning, list[0].State, "the upload may still be going on")
	w.clock.move(2 * time.Minute)
	w.work()
	left := w.job(list[0].ID)
	require.Equal(t, identity.JobFailed, left.State)
	require.Contains(t, left.Error, "did not arrive whole")
	require.Zero(t, w.count())
	_, outcomes := w.imported(lines(only, "ada@example.com"), bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Created}, outcomes)
}

func TestCSV01_AFileThatComesTooSlowlyIsGivenUp(t *testing.T) {
	w := newWorld(t)
	file := manyRows(1200)
	r := &pausing{parts: []string{file[:len(file)/2], file[len(file)/2:]}, pause: func() {
		w.clock.move(2 * time.Minute)
		w.work()
	}}
	_, err := w.StartImport(w.ctx, admin, w.org, r, bulk.ImportOptions{})
	require.ErrorContains(t, err, "too slowly")
	w.work()
	require.Zero(t, w.count())
}

// pausing is a file that comes in parts, with something happening in between.
type pausing struct {
	parts []string
	pause func()
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.parts[0] == "" && len(p.parts) > 1 {
		p.parts = p.parts[1:]
		p.pause()
	}
	n, err := strings.NewReader(p.parts[0]).Read(b)
	p.parts[0] = p.parts[0][n:]
	return n, err
}
