package directory_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/system"
)

// runs counts what a scheduler starts, and hands it to a Syncer.
type runs struct {
	*directory.Syncer
	full, incremental atomic.Int32
	before            func(context.Context)
}

func (r *runs) Run(ctx context.Context, org identity.OrgID, n identity.ConnectorID, by identity.Actor, p directory.Progress) (identity.Plan, directory.Plan, directory.Report, error) {
	r.full.Add(1)
	if r.before != nil {
		r.before(ctx)
	}
	return r.Syncer.Run(ctx, org, n, by, p)
}

func (r *runs) RunIncremental(ctx context.Context, org identity.OrgID, n identity.ConnectorID, by identity.Actor, p directory.Progress) (identity.Plan, directory.Plan, directory.Report, error) {
	r.incremental.Add(1)
	return r.Syncer.RunIncremental(ctx, org, n, by, p)
}

// server is one server's scheduler.
type server struct {
	*directory.Scheduler
	runs *runs
}

// never waits until there is nothing to wait for any more: a lease that nobody renews.
func never(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// server starts one over a store.
func (w *world) server(s identity.Store) server {
	r := &runs{Syncer: w.syncerOver(s)}
	service := identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{})
	return server{directory.NewScheduler(service, r, slog.New(slog.DiscardHandler)).WithSleep(never), r}
}

func (s server) work(t testing.TB) int {
	t.Helper()
	n, err := s.Work(t.Context(), 10)
	require.NoError(t, err)
	return n
}

// automatic is a world whose organization has synchronized by hand and does so by itself from now on.
func automatic(t testing.TB, n int) *world {
	w := newWorld(t).reportTo("olga@corp.example")
	w.source.set(people(n)...)
	w.sync()
	w.mode(identity.SyncAuto)
	return w
}

func (w *world) mode(m identity.SyncMode) {
	_, err := w.service.ChangeOrganization(w.t.Context(), admin, w.org, func(o identity.Organization) identity.Organization {
		o.SyncMode = m
		return o
	})
	require.NoError(w.t, err)
}

func (w *world) schedule() identity.Schedule {
	s, err := w.store.Schedule(w.t.Context(), w.org, w.connector)
	require.NoError(w.t, err)
	return s
}

func (w *world) status() directory.Status {
	all, err := w.syncer.Status(w.t.Context(), w.org)
	require.NoError(w.t, err)
	require.Len(w.t, all, 1)
	return all[0]
}

func (w *world) runsMade() []identity.Run {
	list, err := w.syncer.History(w.t.Context(), w.org, w.connector, 1000)
	require.NoError(w.t, err)
	return list
}

func TestDIR05_OnlyAutomaticModeRunsByItself(t *testing.T) {
	w := automatic(t, 3)
	s := w.server(w.store)
	for _, mode := range []identity.SyncMode{identity.SyncPaused, identity.SyncManual, identity.SyncRegistered, identity.SyncDisabled} {
		w.mode(mode)
		w.clock.move(2 * identity.Day)
		require.Zero(t, s.work(t), mode)
		require.Contains(t, w.status().Idle, "mode is "+string(mode))
	}
	w.mode(identity.SyncAuto)
	require.Equal(t, 1, s.work(t))
	require.EqualValues(t, 1, s.runs.full.Load())
	require.Len(t, w.runsMade(), 2)
}

func TestDIR05_WhoMatchesNobodyKeepsAnOrganizationFromAutomaticMode(t *testing.T) {
	w := newWorld(t)
	w.mode(identity.SyncDisabled)
	_, err := w.add("eve@corp.example")
	require.NoError(t, err)
	w.mode(identity.SyncManual)
	w.source.set(people(3)...)
	w.sync()
	_, plan := w.plan()
	require.Equal(t, 1, plan.Figures.Mismatched)
	_, err = w.service.ChangeOrganization(t.Context(), admin, w.org, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncAuto
		return o
	})
	require.Equal(t, identity.RuleMismatchesLeft, identity.RuleOf(err))
	require.ErrorContains(t, err, "has 1 users whom no entry matches")
	w.source.set(append(people(3), entry("eve"))...)
	w.sync()
	w.plan()
	w.mode(identity.SyncAuto)
}

// add adds a user by hand.
func (w *world) add(address string) (identity.Account, error) {
	var a identity.Account
	err := w.service.Transact(w.t.Context(), w.org, admin, func(c *identity.Acts) error {
		var err error
		a, err = c.Create(w.t.Context(), identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address, Primary: true}}, Active: true},
			identity.Origin{Source: identity.SourceManual})
		return err
	})
	return a, err
}

func TestDIR06_FullDailyAndEveryFourHoursWhatChanged(t *testing.T) {
	w := automatic(t, 3)
	s := w.server(w.store)
	w.clock.move(3 * time.Hour)
	require.Zero(t, s.work(t))
	w.clock.move(time.Hour + 30*time.Minute)
	require.Equal(t, 1, s.work(t))
	require.Zero(t, s.work(t), "and that is all for now")
	require.EqualValues(t, 1, s.runs.incremental.Load())
	require.Zero(t, s.runs.full.Load())
	before := w.schedule()
	require.Equal(t, identity.RunID(w.runsMade()[0].ID), before.SuccessRun)
	w.clock.move(27 * time.Hour)
	require.Equal(t, 1, s.work(t))
	require.EqualValues(t, 1, s.runs.full.Load(), "a full one makes the other needless")
	require.EqualValues(t, 1, s.runs.incremental.Load())
	after := w.schedule()
	for _, c := range []struct {
		next  time.Time
		every time.Duration
	}{{after.NextFullAt, 24 * time.Hour}, {after.NextIncrementalAt, 4 * time.Hour}} {
		put := c.next.Sub(after.SuccessAt)
		require.GreaterOrEqual(t, put, c.every)
		require.LessOrEqual(t, put, c.every+c.every/10)
	}
}

func TestDIR16_ADirectoryThatDoesNotAnswerIsLeftAloneInTheEnd(t *testing.T) {
	w := automatic(t, 3)
	s := w.server(w.store)
	w.source.down = identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "dc1 does not answer")
	mails := len(w.reports())
	tries := 0
	for ; w.schedule().QuarantinedAt.IsZero(); tries++ {
		require.Less(t, tries, 20)
		w.clock.move(w.schedule().DueAt().Sub(w.clock.Now()) + time.Second)
		require.Equal(t, 1, s.work(t))
		require.Zero(t, s.work(t), "not before its time")
		st := w.status()
		require.Equal(t, tries+1, st.Failures)
		require.Contains(t, st.Attempt.Trouble, "Dc1 does not answer.")
		require.Equal(t, identity.SyncFull, st.Success.Kind)
		require.Equal(t, 3, st.Success.Applied[directory.OpCreate], "what went well before is still told")
	}
	require.Equal(t, 10, tries)
	require.Len(t, w.accounts(), 3)
	st := w.status()
	require.Contains(t, st.Idle, "10 attempts in a row failed")
	require.Contains(t, st.Idle, "rollcall sync resume --org "+string(w.org)+" --connector "+string(w.connector))
	told := w.reports()[mails:]
	require.Len(t, told, 2, "the first failure and the end of patience")
	require.Equal(t, "quarantined", told[1].Data["state"])
	require.Contains(t, told[1].Data["text"], "10 attempts in a row failed")
	w.clock.move(90 * identity.Day)
	require.Zero(t, s.work(t))

	w.source.down = nil
	require.NoError(t, w.syncer.Resume(t.Context(), w.org, w.connector, admin))
	require.Equal(t, 1, s.work(t))
	require.Zero(t, w.status().Failures)
	require.Empty(t, w.status().Idle)
	err := w.syncer.Resume(t.Context(), w.org, w.connector, admin)
	require.Equal(t, directory.RuleNotQuarantined, identity.RuleOf(err))
	var kinds []identity.EventKind
	events, err := w.store.Events(t.Context(), w.org, identity.EventQuery{Kinds: []identity.EventKind{identity.SyncQuarantined, identity.SyncResumed}, Limit: 10})
	require.NoError(t, err)
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	require.Equal(t, []identity.EventKind{identity.SyncQuarantined, identity.SyncResumed}, kinds)
}

func TestDIR09_AHeldPlanWaitsAndIsNoFailure(t *testing.T) {
	w := automatic(t, 40)
	s := w.server(w.store)
	mails := len(w.reports())
	w.source.set(people(25)...)
	w.clock.move(2 * identity.Day)
	require.Equal(t, 1, s.work(t))
	st := w.status()
	require.Zero(t, st.Failures)
	require.Equal(t, identity.PlanHeld, st.Waiting.State)
	require.Contains(t, st.Waiting.Why, "15 of 40 people would be lost")
	require.Equal(t, "rollcall sync apply --org "+string(w.org)+" "+string(st.Waiting.Plan)+" --approve --by NAME", st.Waiting.Command)
	for range 3 {
		w.clock.move(2 * identity.Day)
		require.Equal(t, 1, s.work(t), "looked at")
		require.Zero(t, s.work(t), "and put off")
	}
	require.EqualValues(t, 1, s.runs.full.Load(), "nothing is read before somebody decided")
	require.Len(t, w.reports(), mails+1, "mailed once")
	require.Len(t, w.accounts(), 40)

	t.Run("until a newer plan by hand", func(t *testing.T) {
		w.source.set(people(40)...)
		w.plan()
		require.Nil(t, w.status().Waiting)
		w.clock.move(2 * identity.Day)
		s.work(t)
		require.EqualValues(t, 2, s.runs.full.Load())
	})
	t.Run("or an approval", func(t *testing.T) {
		w.source.set(people(25)...)
		w.clock.move(2 * identity.Day)
		s.work(t)
		held := w.status().Waiting.Plan
		_, err := w.syncer.Approve(t.Context(), w.org, held, admin)
		require.NoError(t, err)
		require.Equal(t, identity.PlanApproved, w.status().Waiting.State)
		w.apply(held)
		require.Nil(t, w.status().Waiting)
		w.clock.move(2 * identity.Day)
		s.work(t)
		require.EqualValues(t, 4, s.runs.full.Load())
	})
}

func TestAPanicInOneConnectorIsItsOwnTrouble(t *testing.T) {
	w := automatic(t, 3)
	w.clock.move(2 * identity.Day)
	s := w.server(w.store)
	s.runs.before = func(context.Context) { panic("nil map") }
	require.Equal(t, 1, s.work(t))
	require.Equal(t, "Something went wrong inside the server; its log has the details.", w.status().Attempt.Trouble)
	require.Equal(t, 1, w.status().Failures)
}

func TestAScheduleIsChangedAndTold(t *testing.T) {
	w := automatic(t, 3)
	duration := func(d time.Duration) *time.Duration { return &d }
	require.NoError(t, w.syncer.Reschedule(t.Context(), w.org, w.connector, admin, duration(0), duration(30*time.Minute)))
	st := w.status()
	require.Equal(t, "off", st.FullEvery)
	require.Equal(t, "30m", st.IncrementalEvery)
	require.Zero(t, st.NextFull)
	require.WithinDuration(t, w.clock.Now().Add(30*time.Minute), st.NextIncremental, time.Second)
	require.NoError(t, w.syncer.Reschedule(t.Context(), w.org, w.connector, admin, nil, duration(0)))
	require.Contains(t, w.status().Idle, "Both kinds are off")
	require.NoError(t, w.syncer.Reschedule(t.Context(), w.org, w.connector, admin, nil, duration(0)), "once more is nothing")
	err := w.syncer.Reschedule(t.Context(), w.org, w.connector, admin, duration(time.Minute), nil)
	require.Equal(t, identity.Invalid, identity.KindOf(err))
	require.ErrorContains(t, err, "use 5m0s to 720h0m0s, or off")
	err = w.syncer.Reschedule(t.Context(), w.org, "unknown", admin, nil, nil)
	require.True(t, identity.IsNotFound(err))
	events, err := w.store.Events(t.Context(), w.org, identity.EventQuery{Kinds: []identity.EventKind{identity.ScheduleChanged}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 2)
}

func TestAConnectorThatIsGoneIsNoTrouble(t *testing.T) {
	w := automatic(t, 3)
	w.clock.move(2 * identity.Day)
	s := w.server(w.store)
	s.runs.before = func(context.Context) {
		require.NoError(t, w.service.RemoveConnector(context.WithoutCancel(t.Context()), admin, w.org, w.connector))
	}
	require.Equal(t, 1, s.work(t))
	require.Zero(t, s.work(t))
}
