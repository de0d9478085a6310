package storetest

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// job makes a queued job that is not stored yet.
func (w world) job(org identity.OrgID, kind identity.JobKind) identity.Job {
	return identity.Job{
		ID: identity.JobID(w.ids.New()), Org: org, Kind: kind, State: identity.JobQueued, Total: -1, CreatedAt: start, Version: 1,
		By: identity.Actor{Kind: identity.Administrator, ID: "i s", Name: "Ada", Org: org},
	}
}

func (w world) insertJob(t testing.TB, j identity.Job) identity.Job {
	t.Helper()
	w.must(t, func(tx identity.Tx) error { return tx.InsertJob(ctx, j) })
	return j
}

// updateJob writes a job and returns it as it is then stored.
func (w world) updateJob(t testing.TB, j identity.Job) identity.Job {
	t.Helper()
	w.must(t, func(tx identity.Tx) error { return tx.UpdateJob(ctx, j) })
	j.Version++
	return j
}

func testJobs(t *testing.T, w world) {
	t.Run("a job is kept with who asked for it", func(t *testing.T) {
		j := w.job(w.own, identity.JobImport)
		j.Options, j.Next = json.RawMessage(`{"dryRun":true}`), "17"
		j.By.Standing, j.By.Account = identity.StandingPartner, identity.AccountID(w.ids.New())
		j.By.Request = identity.Request{Email: "ada@example.com", Role: identity.RoleFull, IP: "192.0.2.1", UserAgent: "curl", TrackingID: "t"}
		w.insertJob(t, j)
		got, err := w.store.Job(ctx, w.own, j.ID)
		require.NoError(t, err)
		require.Equal(t, j, got)

		j.State, j.Options, j.Total, j.Processed, j.Succeeded, j.Failed, j.Next, j.Error = identity.JobFailed, nil, 9, 5, 4, 1, "", "no disk"
		j.StartedAt, j.FinishedAt, j.ExpiresAt, j.LeaseUntil = start.Add(time.Microsecond), start.Add(2*time.Hour), start.Add(3*time.Hour), start.Add(4*time.Hour)
		changed := j
		changed.Kind, changed.By, changed.CreatedAt = identity.JobExport, identity.Actor{}, start.Add(time.Hour)
		w.updateJob(t, changed)
		j.Version = 2
		got, err = w.store.Job(ctx, w.own, j.ID)
		require.NoError(t, err)
		require.Equal(t, j, got, "kind, actor and beginning stay")
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateJob(ctx, changed) }), identity.Stale, identity.RuleVersionMismatch)
		changed.ID = "none"
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateJob(ctx, changed) }), identity.NotFound, identity.RuleUnknownJob)
	})
	t.Run("CSV-01 one job of a kind is queued or running at a time", func(t *testing.T) {
		first := w.insertJob(t, w.job(w.own, identity.JobInvite))
		second := func() error {
			return w.do(func(tx identity.Tx) error { return tx.InsertJob(ctx, w.job(w.own, identity.JobInvite)) })
		}
		refused(t, second(), identity.Conflict, identity.RuleJobRunning)
		first.State = identity.JobRunning
		first = w.updateJob(t, first)
		refused(t, second(), identity.Conflict, identity.RuleJobRunning)
		w.insertJob(t, w.job(w.other, identity.JobInvite))
		w.insertJob(t, w.job(w.own, identity.JobTemplate))
		first.State = identity.JobDone
		w.updateJob(t, first)
		require.NoError(t, second())
	})
	t.Run("any number of exports run", func(t *testing.T) {
		for range 3 {
			w.insertJob(t, w.job(w.own, identity.JobExport))
		}
	})
	t.Run("of many who start a job one does", func(t *testing.T) {
		org := w.organization(t)
		winners := race(t, 16, func(int) error {
			return w.do(func(tx identity.Tx) error { return tx.InsertJob(ctx, w.job(org, identity.JobImport)) })
		}, identity.RuleJobRunning)
		require.Len(t, winners, 1)
	})
	t.Run("jobs are listed, the newest first", func(t *testing.T) {
		org := w.organization(t)
		one, two, three := w.insertJob(t, w.job(org, identity.JobExport)), w.insertJob(t, w.job(org, identity.JobImport)), w.insertJob(t, w.job(org, identity.JobExport))
		for _, c := range []struct {
			kind  identity.JobKind
			after identity.JobID
			limit int
			want  []identity.Job
		}{
			{"", "", 10, []identity.Job{three, two, one}},
			{"", "", 2, []identity.Job{three, two}},
			{"", two.ID, 2, []identity.Job{one}},
			{identity.JobExport, "", 10, []identity.Job{three, one}},
			{identity.JobExport, three.ID, 10, []identity.Job{one}},
			{identity.JobInvite, "", 10, nil},
		} {
			got, err := w.store.Jobs(ctx, org, c.kind, c.after, c.limit)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		}
		_, err := w.store.Jobs(ctx, org, "", "", 0)
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

// allJobs are the kinds of jobs.
var allJobs = []identity.JobKind{identity.JobImport, identity.JobExport, identity.JobInvite, identity.JobTemplate, identity.JobClaim, identity.JobPlan, identity.JobApply}

func testJobsOpen(t *testing.T, w world) {
	now := start
	open := func(at time.Time, limit int) []identity.Job {
		got, err := w.store.JobsOpen(ctx, allJobs, at, limit)
		require.NoError(t, err)
		return got
	}
	leased := w.job(w.own, identity.JobImport)
	leased.State, leased.LeaseUntil = identity.JobRunning, now
	never := w.job(w.other, identity.JobImport)
	never.State = identity.JobRunning
	queued := w.job(w.own, identity.JobExport)
	queued.LeaseUntil = now.Add(identity.Day)
	done, failed := w.job(w.own, identity.JobInvite), w.job(w.own, identity.JobTemplate)
	done.State, failed.State = identity.JobDone, identity.JobFailed
	for _, j := range []identity.Job{leased, never, queued, done, failed} {
		w.insertJob(t, j)
	}
	require.Equal(t, []identity.Job{never, queued}, open(now.Add(-time.Microsecond), 10), "somebody works on it until its lease ends")
	require.Equal(t, []identity.Job{leased, never, queued}, open(now, 10))
	require.Equal(t, []identity.Job{leased, never}, open(now, 2))
	exports, err := w.store.JobsOpen(ctx, []identity.JobKind{identity.JobExport, identity.JobPlan}, now, 10)
	require.NoError(t, err)
	require.Equal(t, []identity.Job{queued}, exports, "of these kinds only")
	none, err := w.store.JobsOpen(ctx, nil, now, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	leased.LeaseUntil = now.Add(time.Minute)
	leased = w.updateJob(t, leased)
	require.Equal(t, []identity.Job{never, queued}, open(now.Add(time.Minute-time.Microsecond), 10))
	require.Equal(t, []identity.Job{leased, never, queued}, open(now.Add(time.Minute), 10))
}

func testJobFiles(t *testing.T, w world) {
	j := w.insertJob(t, w.job(w.own, identity.JobImport))
	var all []identity.JobRow
	for n := range 40 {
		all = append(all, identity.JobRow{Number: n + 1, Input: json.RawMessage(strconv.Itoa(n))})
	}
	rows := func(after, limit int) []identity.JobRow {
		got, err := w.store.JobRows(ctx, w.own, j.ID, after, limit)
		require.NoError(t, err)
		return got
	}
	chunk := func(n int) ([]byte, error) { return w.store.JobChunk(ctx, w.own, j.ID, n) }
	put := func(n int, data []byte) {
		w.must(t, func(tx identity.Tx) error { return tx.PutJobChunk(ctx, w.own, j.ID, n, data) })
	}
	t.Run("rows are listed in the order of their numbers", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			if err := tx.InsertJobRows(ctx, w.own, j.ID, all[20:]); err != nil {
				return err
			}
			return tx.InsertJobRows(ctx, w.own, j.ID, all[:20])
		})
		require.Equal(t, all, rows(0, 100))
		require.Equal(t, all[:7], rows(0, 7))
		require.Equal(t, all[38:], rows(38, 7))
		require.Empty(t, rows(40, 7))
	})
	t.Run("a row says what came of it", func(t *testing.T) {
		all[1] = identity.JobRow{Number: 2, Done: true, Outcome: "failed", Account: identity.AccountID(w.ids.New()), Code: identity.RuleEmailTaken, Message: "taken"}
		w.must(t, func(tx identity.Tx) error { return tx.UpdateJobRow(ctx, w.own, j.ID, all[1]) })
		require.Equal(t, all, rows(0, 100))
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateJobRow(ctx, w.own, j.ID, identity.JobRow{Number: 41}) }),
			identity.NotFound, identity.RuleUnknownJob)
	})
	t.Run("parts of a file are bytes, and replaced", func(t *testing.T) {
		put(0, []byte("a\x00\xff"))
		put(1, nil)
		put(0, []byte("b\x00\xff"))
		got, err := chunk(0)
		require.NoError(t, err)
		require.Equal(t, []byte("b\x00\xff"), got)
		got, err = chunk(1)
		require.NoError(t, err)
		require.Empty(t, got)
		_, err = chunk(2)
		refused(t, err, identity.NotFound, identity.RuleUnknownJob)
	})
	t.Run("the rows and the file of a job go when it expires, and the job stays", func(t *testing.T) {
		other := w.insertJob(t, w.job(w.own, identity.JobExport))
		w.must(t, func(tx identity.Tx) error { return tx.PutJobChunk(ctx, w.own, other.ID, 0, []byte("x")) })
		for _, limit := range []int{0, -1} {
			refused(t, w.do(func(tx identity.Tx) error { _, err := tx.DeleteJobFiles(ctx, start, limit); return err }), identity.Invalid, identity.RuleInvalidValue)
		}
		j.State, j.ExpiresAt = identity.JobDone, start.Add(time.Hour)
		j = w.updateJob(t, j)
		remove := func(now time.Time, limit int) int {
			return w.deleted(t, func(tx identity.Tx, limit int) (int, error) { return tx.DeleteJobFiles(ctx, now, limit) }, limit)
		}
		require.Zero(t, remove(j.ExpiresAt.Add(-time.Microsecond), 100))
		require.Equal(t, all, rows(0, 100))
		_, err := chunk(0)
		require.NoError(t, err)
		require.Equal(t, 15, remove(j.ExpiresAt, 15))
		require.Len(t, rows(0, 100), 25)
		require.Equal(t, 25, remove(j.ExpiresAt, 25), "as many as there are rows")
		require.Empty(t, rows(0, 100))
		_, err = chunk(1)
		require.NoError(t, err)
		require.Equal(t, 2, remove(j.ExpiresAt, 3))
		require.Zero(t, remove(j.ExpiresAt, 3))
		_, err = chunk(0)
		refused(t, err, identity.NotFound, identity.RuleUnknownJob)
		got, err := w.store.Job(ctx, w.own, j.ID)
		require.NoError(t, err)
		require.Equal(t, j, got)
		kept, err := w.store.JobChunk(ctx, w.own, other.ID, 0)
		require.NoError(t, err)
		require.Equal(t, []byte("x"), kept, "a job that is not finished keeps its file")
	})
}
