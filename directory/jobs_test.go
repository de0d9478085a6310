package directory_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/system"
)

// jobs are one server's, over the world's store.
func (w *world) jobs(sleep func(context.Context, time.Duration) error) *directory.Jobs {
	return w.jobsOf(w.syncer, sleep)
}

func (w *world) jobsOf(syncer *directory.Syncer, sleep func(context.Context, time.Duration) error) *directory.Jobs {
	service := identity.NewService(w.store, w.clock, system.IDs{}, identity.EmailPolicy{})
	return directory.NewJobs(service, syncer, slog.New(slog.DiscardHandler)).WithSleep(sleep)
}

func (w *world) job(t *testing.T, id identity.JobID) (identity.Job, directory.Note) {
	t.Helper()
	job, err := w.service.Reader().Job(t.Context(), w.org, id)
	require.NoError(t, err)
	note, err := directory.NoteOf(job)
	require.NoError(t, err)
	return job, note
}

func worked(t *testing.T, j *directory.Jobs, n int) {
	t.Helper()
	done, err := j.Work(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, n, done)
}

func TestDIR03_APlanIsMadeAndAppliedInTheBackground(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(directory.Entry{ID: "1", UserName: "ada@corp.example", Emails: []string{"ada@corp.example"}},
		directory.Entry{ID: "2", UserName: "bob@corp.example", Emails: []string{"bob@corp.example"}})
	jobs := w.jobs(never)
	by := identity.Actor{Kind: identity.Administrator, ID: "a1", Name: "Olga"}

	started, err := jobs.StartPlan(t.Context(), by, w.org, w.connector, directory.ReadFull, directory.Purging{})
	require.NoError(t, err)
	_, err = jobs.StartPlan(t.Context(), by, w.org, w.connector, directory.ReadFull, directory.Purging{})
	require.Equal(t, identity.RuleJobRunning, identity.RuleOf(err))
	job, note := w.job(t, started.ID)
	require.Equal(t, identity.JobQueued, job.State)
	require.Equal(t, w.connector, note.Connector)
	worked(t, jobs, 1)
	job, note = w.job(t, started.ID)
	require.Equal(t, identity.JobDone, job.State)
	require.Equal(t, "planning", note.Phase)
	require.Equal(t, 2, job.Processed)
	require.False(t, job.FinishedAt.IsZero())
	stored, _, err := w.syncer.Show(t.Context(), w.org, note.Plan)
	require.NoError(t, err)
	require.Equal(t, identity.PlanReady, stored.State)

	// The first step alone, and then the rest.
	started, err = jobs.StartApply(t.Context(), by, w.org, stored.ID, 1)
	require.NoError(t, err)
	worked(t, jobs, 1)
	job, note = w.job(t, started.ID)
	require.Equal(t, identity.JobDone, job.State)
	require.Equal(t, "paused", note.Phase)
	require.Equal(t, []int{1, 2, 1}, []int{job.Processed, job.Total, job.Succeeded})
	require.Equal(t, stored.ID, note.Plan)
	run, err := w.service.Reader().Run(t.Context(), w.org, note.Run)
	require.NoError(t, err)
	require.Equal(t, identity.RunPaused, run.State)
	require.Equal(t, by.Name, run.Actor.Name)
	started, err = jobs.StartApply(t.Context(), by, w.org, stored.ID, 0)
	require.NoError(t, err)
	worked(t, jobs, 1)
	job, note = w.job(t, started.ID)
	require.Equal(t, "completed", note.Phase)
	require.Equal(t, 2, job.Processed)
	_, err = jobs.StartApply(t.Context(), by, w.org, stored.ID, 0)
	require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err), "what can be told at once is")

	// What cannot be done says why, by its code too.
	w.source.down = identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the filter is none")
	started, err = jobs.StartPlan(t.Context(), by, w.org, w.connector, directory.ReadFull, directory.Purging{})
	require.NoError(t, err)
	worked(t, jobs, 1)
	job, note = w.job(t, started.ID)
	require.Equal(t, identity.JobFailed, job.State)
	require.Equal(t, "The filter is none.", job.Error)
	require.Equal(t, identity.RuleInvalidValue, note.Code)
	worked(t, jobs, 0)

	events, err := w.service.Reader().Events(t.Context(), w.org, identity.EventQuery{Kinds: []identity.EventKind{identity.JobFinished}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 4)
}

func TestWhatCanBeToldOfASynchronizationAtOnceIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jobs := w.jobs(never)
	for name, c := range map[string]struct {
		start func() error
		want  identity.Rule
	}{
		"changes before everything was read once": {func() error {
			_, err := jobs.StartPlan(t.Context(), admin, w.org, w.connector, directory.ReadChanges, directory.Purging{})
			return err
		}, directory.RuleFullSyncRequired},
		"a connector that is not there": {func() error {
			_, err := jobs.StartPlan(t.Context(), admin, w.org, "none", directory.ReadFull, directory.Purging{})
			return err
		}, identity.RuleUnknownConnector},
		"a plan that is not there": {func() error {
			_, err := jobs.StartApply(t.Context(), admin, w.org, "none", 0)
			return err
		}, identity.RuleUnknownPlan},
		"a plan that was refused": {func() error {
			w.source.set()
			plan, _ := w.plan()
			require.Equal(t, identity.PlanRefused, plan.State)
			_, err := jobs.StartApply(t.Context(), admin, w.org, plan.ID, 0)
			return err
		}, directory.RulePlanRefused},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, identity.RuleOf(c.start())) })
	}
	worked(t, jobs, 0)
}

// blocking is a directory whose reading takes until it is told to go on.
type blocking struct {
	*madeUp
	reading chan struct{}
	on      chan struct{}
}

func (b *blocking) Snapshot(ctx context.Context, p directory.Progress) (directory.Snapshot, error) {
	p("reading the directory", 700, 0)
	b.reading <- struct{}{}
	select {
	case <-b.on:
		return b.madeUp.Snapshot(ctx, p)
	case <-ctx.Done():
		return directory.Snapshot{}, ctx.Err()
	}
}

func TestHowFarAJobIsCanBeSeenFromEveryServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := &blocking{w.source, make(chan struct{}), make(chan struct{})}
	source.set(directory.Entry{ID: "1", UserName: "ada@corp.example", Emails: []string{"ada@corp.example"}})
	syncer := directory.New(w.service, func(context.Context, identity.Connector) (directory.Source, error) { return source, nil })
	// The server notes how far it is whenever the test says so.
	note, noted := make(chan struct{}), make(chan struct{}, 10)
	first := true
	sleep := func(ctx context.Context, _ time.Duration) error {
		if !first {
			noted <- struct{}{}
		}
		first = false
		select {
		case <-note:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	jobs := w.jobsOf(syncer, sleep)
	started, err := jobs.StartPlan(t.Context(), admin, w.org, w.connector, directory.ReadFull, directory.Purging{})
	require.NoError(t, err)

	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := jobs.Work(ctx, 1); ended <- err }()
	<-source.reading
	note <- struct{}{}
	<-noted
	job, seen := w.job(t, started.ID)
	require.Equal(t, identity.JobRunning, job.State)
	require.Equal(t, "reading the directory", seen.Phase)
	require.Equal(t, []int{700, -1}, []int{job.Processed, job.Total})
	other := w.jobs(never)
	worked(t, other, 0) // the first one has it

	// One that is stopped leaves the job to be done by the next, at once; one that is killed, when its lease is over.
	kill()
	require.NoError(t, <-ended)
	worked(t, other, 1)
	job, _ = w.job(t, started.ID)
	require.Equal(t, identity.JobDone, job.State)
	require.Empty(t, job.LeaseUntil)
}

func TestAJobThatServersDieOfIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jobs := w.jobs(never)
	started, err := jobs.StartPlan(t.Context(), admin, w.org, w.connector, directory.ReadFull, directory.Purging{})
	require.NoError(t, err)
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
		job, err := c.Tx().Job(t.Context(), w.org, started.ID)
		require.NoError(t, err)
		job.State, job.Next, job.LeaseUntil = identity.JobRunning, `{"takes":3}`, c.Now().Add(time.Minute)
		return c.Tx().UpdateJob(t.Context(), job)
	}))
	worked(t, jobs, 0)
	w.clock.move(time.Minute)
	worked(t, jobs, 1)
	job, _ := w.job(t, started.ID)
	require.Equal(t, identity.JobFailed, job.State)
	require.Contains(t, job.Error, "its log has the details")
}

func TestDIR10_ARunIsTakenBackAndSomebodyDeletedEarlyInTheBackground(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.set(append(people(30), entry("ada"))...)
	jobs := w.jobs(never)
	planned := func(job identity.Job, err error) directory.Plan {
		t.Helper()
		require.NoError(t, err)
		worked(t, jobs, 1)
		done, note := w.job(t, job.ID)
		require.Equal(t, identity.JobDone, done.State, done.Error)
		_, plan, err := w.syncer.Show(t.Context(), w.org, note.Plan)
		require.NoError(t, err)
		return plan
	}
	w.sync()
	w.source.set(people(30)...)
	report := w.sync()
	ada, present := w.user("ada@corp.example").ID, w.user("p0001@corp.example").ID

	undo := planned(jobs.StartUndo(t.Context(), admin, w.org, report.Run))
	require.Equal(t, report.Run, undo.Reading.Undoes.Run)
	require.Equal(t, "restore ada", said(undo))
	_, err := jobs.StartUndo(t.Context(), admin, w.org, "none")
	require.Equal(t, identity.RuleUnknownRun, identity.RuleOf(err), "what can be told at once is")

	for name, purge := range map[string]directory.Purging{"everybody": {All: true}, "whoever was named": {Users: []identity.AccountID{ada}}} {
		require.Equal(t, "purge ada", said(planned(jobs.StartPlan(t.Context(), admin, w.org, w.connector, directory.ReadFull, purge))), name)
	}
	for name, c := range map[string]struct {
		purge directory.Purging
		want  identity.Rule
	}{
		"somebody who is there":  {directory.Purging{Users: []identity.AccountID{present}}, identity.RuleInvalidTransition},
		"nobody":                 {directory.Purging{Users: []identity.AccountID{"none"}}, identity.RuleUnknownAccount},
		"everybody and somebody": {directory.Purging{All: true, Users: []identity.AccountID{ada}}, identity.RuleInvalidValue},
	} {
		_, err := jobs.StartPlan(t.Context(), admin, w.org, w.connector, directory.ReadFull, c.purge)
		require.Equal(t, c.want, identity.RuleOf(err), name)
	}
}
