package identity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
	"rollcall/store/fresh"
)

func TestUSR10_WithTheAccountGoItsAddressAndItsLicence(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("calling", 1))
	a, err := w.deactivate(admin, w.licensed(org, "ada@example.com", "calling"))
	require.NoError(t, err)
	w.clock.move(30*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	require.Equal(t, 1, w.used(org, "calling"), "an inactive user keeps the licence")
	_, err = w.add(w.org("B"), provider, person("ada@example.com"))
	refusedWith(t, err, identity.RuleEmailTaken)
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge())
	require.Zero(t, w.used(org, "calling"))
	w.must(w.org("B"), provider, person("ada@example.com"))
	require.Equal(t, "USR-10", string(w.why(a).Rule))
	require.Equal(t, identity.System, w.why(a).Actor.Kind)
}

func TestUSR12_AfterSevenDaysItIsAnotherAccount(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	_, err := w.mirror(a, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	w.clock.move(7*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge())
	require.NotEqual(t, a.ID, w.synchronized(org, "ada@example.com", false).ID)
}

func TestUSR15_WhoIsGoneFromTheDirectoryCanBeDeletedEarly(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("calling", 1))
	gone, blocked := w.synchronized(org, "gone@example.com", false), w.synchronized(org, "blocked@example.com", true)
	require.NoError(t, w.addLicences(gone, "calling"))
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	refusedWith(t, w.delete(admin, gone), identity.RuleManagedByDirectory)
	_, err := w.mirror(w.account(gone), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	refusedWith(t, w.delete(provider, gone), identity.RuleManagedByDirectory)
	require.NoError(t, w.delete(admin, gone))
	require.Zero(t, w.used(org, "calling"), "at once")
	refusedWith(t, w.delete(admin, blocked), identity.RuleManagedByDirectory)
}

func TestUSR14_AfterSynchronizationTheOrdinaryClockRuns(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, disabled := w.synchronized(org, "ada@example.com", false), w.synchronized(org, "disabled@example.com", true)
	w.set(org, func(o *identity.Organization) { o.SyncMode, o.RetentionDays = identity.SyncDisabled, 40 })
	_, err := w.deactivate(admin, a)
	require.NoError(t, err)
	w.clock.move(40*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge())
	w.clock.move(400 * identity.Day)
	require.Zero(t, w.purge())
	require.Equal(t, identity.StateDisabled, w.account(disabled).State(), "whoever was disabled before stays until somebody acts")
}

// TestI8_TheReaperMayRunTwiceLateOrBesideAnother compares a store whose worker runs every hour with one whose worker runs when it
// likes, several at once.
func TestI8_TheReaperMayRunTwiceLateOrBesideAnother(t *testing.T) {
	onTime, atWill := newWorld(t), newWorld(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		type person struct {
			hour, days int
			why        identity.InactiveReason
		}
		people := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) person {
			return person{rapid.IntRange(0, 48).Draw(t, "hour"), 30, rapid.SampledFrom([]identity.InactiveReason{"", identity.ByAdministrator,
				identity.ByProvider, identity.ClaimedInactive, identity.DirectoryDeleted, identity.DirectoryDisabled}).Draw(t, "why")}
		}), 1, 4).Draw(rt, "people")
		days := rapid.IntRange(30, 34).Draw(rt, "days")
		end := rapid.IntRange(0, 40*24).Draw(rt, "hours")
		runs := rapid.SliceOfN(rapid.IntRange(0, end), 0, 4).Draw(rt, "runs")
		results := [2]string{}
		for i, w := range []*world{onTime, atWill} {
			org := w.org(fmt.Sprint("Org ", round))
			w.set(org, func(o *identity.Organization) { o.RetentionDays = days })
			start := w.clock.Now()
			accounts := make([]identity.Account, len(people))
			for j, p := range people {
				a := w.must(org, admin, identity.Draft{UserName: fmt.Sprint("p", j), Active: true})
				if p.why != "" {
					a.Status, a.PreviousStatus, a.InactiveReason = identity.Inactive, identity.Active, p.why
					a.StatusAt = start.Add(time.Duration(p.hour) * time.Hour)
					w.store(a)
				}
				accounts[j] = a
			}
			for hour := range end + 1 {
				switch {
				case hour == end, i == 0 && hour%24 == 0:
					w.purge()
				case i == 1 && slices.Contains(runs, hour):
					w.purgeTogether(3)
				}
				if hour < end {
					w.clock.move(time.Hour)
				}
			}
			w.purgeTogether(2)
			for _, a := range accounts {
				_, err := w.Reader().Account(w.ctx, org, a.ID)
				gone := 0
				for _, kind := range w.events(a) {
					if kind == identity.AccountDeleted {
						gone++
					}
				}
				require.Equal(rt, identity.IsNotFound(err), gone == 1)
				results[i] += fmt.Sprint(a.UserName, " deleted ", gone, " times; ")
			}
		}
		require.Equal(rt, results[0], results[1])
	})
}

// purgeTogether runs several workers at the same time.
func (w *world) purgeTogether(n int) {
	w.t.Helper()
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() { _, errs[i] = w.PurgeDue(w.ctx, 2+i) })
	}
	all.Wait()
	require.NoError(w.t, errors.Join(errs...))
}

func TestPurgeDue_AccountsThatCannotBeDeletedKeepNobodyWaiting(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	stuck := map[identity.AccountID]bool{}
	for i := range 30 {
		a, err := w.deactivate(admin, w.must(org, admin, identity.Draft{UserName: fmt.Sprint("u", i), Active: true}))
		require.NoError(t, err)
		if i < 25 {
			stuck[a.ID] = true
		}
		w.clock.move(time.Second)
	}
	w.clock.move(31 * identity.Day)
	service := identity.NewService(stubborn{w.under, stuck}, w.clock, system.IDs{}, identity.EmailPolicy{})
	n, err := service.PurgeDue(w.ctx, 4)
	require.Equal(t, 4, n, "those behind 25 that cannot be deleted")
	require.ErrorIs(t, err, errStuck)
	n, err = service.PurgeDue(w.ctx, 4)
	require.Equal(t, 1, n)
	require.ErrorContains(t, err, "the organization "+string(org))
	left, err := w.Reader().CountAccounts(w.ctx, org, nil)
	require.NoError(t, err)
	require.Equal(t, 25, left)
}

var errStuck = errors.New("it is stuck")

// stubborn is a store that does not let some accounts go.
type stubborn struct {
	fresh.Store
	stuck map[identity.AccountID]bool
}

func (s stubborn) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return s.Store.Do(ctx, lock, func(tx identity.Tx) error { return fn(stubbornTx{tx, s.stuck}) })
}

type stubbornTx struct {
	identity.Tx
	stuck map[identity.AccountID]bool
}

func (t stubbornTx) DeleteAccount(ctx context.Context, org identity.OrgID, id identity.AccountID, version int64) error {
	if t.stuck[id] {
		return errStuck
	}
	return t.Tx.DeleteAccount(ctx, org, id, version)
}

func TestRetention_DeletesNobodyByAClockThatJumpedAndSaysSo(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, err := w.deactivate(admin, w.must(org, admin, person("ada@example.com")))
	require.NoError(t, err)
	var told []string
	up := time.Duration(0)
	retention := identity.NewRetention(w.Service, func() time.Duration { return up }, func(_, now identity.ClockWatch) {
		switch {
		case now.Paused():
			told = append(told, "paused: "+now.Why)
		case now.Waiting():
			told = append(told, "wait")
		default:
			told = append(told, "go on")
		}
	})
	pass := func(d time.Duration) { up += d; w.clock.move(d) }
	round := func() int {
		n, err := retention.Round(w.ctx, 10)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, round())
	require.Empty(t, told)

	w.clock.move(30 * identity.Day)
	pass(time.Minute)
	require.Zero(t, round(), "the clock says that the time is over, and nobody believes it")
	require.True(t, retention.Watch().Paused())
	require.Zero(t, round())
	require.Len(t, told, 1)
	require.Contains(t, told[0], "paused: the clock jumped")
	require.Contains(t, told[0], "30 days apart")
	pass(time.Minute)
	require.NoError(t, retention.Mark(w.ctx))
	require.Len(t, told, 1, "once is enough")

	w.clock.move(-30 * identity.Day)
	require.Zero(t, round())
	require.False(t, retention.Watch().Paused())
	require.Equal(t, "wait", told[1])
	pass(30*identity.Day - 3*time.Minute)
	require.Zero(t, round(), "a microsecond early is early")
	require.Equal(t, []string{"wait", "go on"}, told[1:])
	pass(time.Minute)
	require.Equal(t, 1, round())
	require.Equal(t, "deleted", w.why(a).Status)

	w.clock.move(2 * time.Hour)
	require.NoError(t, retention.Mark(w.ctx))
	require.True(t, retention.Watch().Paused())
	before, err := w.ResumeDeletions(w.ctx)
	require.NoError(t, err)
	require.True(t, before.Paused())
	require.NoError(t, retention.Mark(w.ctx))
	require.True(t, retention.Watch().MayDelete())
}

func TestRetention_TheMarkOutlivesTheProcess(t *testing.T) {
	url := fresh.URL(t)
	now := &clock{now: t0}
	look := func() identity.ClockWatch {
		s, err := store.Open(t.Context(), url)
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		retention := identity.NewRetention(identity.NewService(s, now, system.IDs{}, identity.EmailPolicy{}), system.Uptime(), func(_, _ identity.ClockWatch) {})
		require.NoError(t, retention.Mark(t.Context()))
		return retention.Watch()
	}
	require.True(t, look().MayDelete())
	now.move(2 * time.Hour)
	require.True(t, look().Waiting())
	now.move(-2 * time.Hour)
	require.True(t, look().Paused())
}
