package directory_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store/fresh"
)

func TestTwoServersNeverReadTheSameConnectorAtOnce(t *testing.T) {
	url := fresh.URL(t)
	open := func() identity.Store { return fresh.OpenAgain(t, url) }
	w := worldOver(t, open(), &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	w.source.set(people(5)...)
	w.sync()
	w.mode(identity.SyncAuto)
	var at, most atomic.Int32
	servers := []server{w.server(open()), w.server(open()), w.server(w.store)}
	for i := range servers {
		servers[i].runs.before = func(context.Context) {
			now := at.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
		}
	}
	const rounds = 5
	for range rounds {
		w.clock.move(2 * identity.Day)
		var all sync.WaitGroup
		for _, s := range servers {
			all.Go(func() {
				_, err := s.Work(t.Context(), 10)
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		at.Store(0) // whoever began in this round has ended
	}
	require.EqualValues(t, 1, most.Load(), "one server in each round")
	require.Len(t, w.runsMade(), 1+rounds)
}

func TestAServerThatWasKilledIsFollowedByAnother(t *testing.T) {
	for left := range int64(12) {
		w := automatic(t, 3)
		w.source.set(people(450)...)
		w.clock.move(2 * identity.Day)
		var transactions atomic.Int64
		transactions.Store(left)
		killed := w.server(brittle{w.store, &transactions})
		_, err := killed.Work(t.Context(), 10)
		if transactions.Load() >= 0 {
			require.NoError(t, err)
			require.Greater(t, left, int64(6), "a lease, a plan, a run, three batches, its end and the note")
			break
		}
		second := w.server(w.store)
		if left > 0 && w.schedule().LeaseBy != "" {
			require.Zero(t, second.work(t), "killed after %d transactions: the lease of the dead still counts", left)
		}
		w.clock.move(4 * time.Minute)
		if len(w.accounts()) < 450 || w.schedule().SuccessRun != w.runsMade()[0].ID {
			require.Equal(t, 1, second.work(t), "killed after %d transactions", left)
		}
		require.Zero(t, second.work(t), "killed after %d transactions: all is done", left)
		require.Len(t, w.accounts(), 450)
		for _, run := range w.runsMade() {
			require.Equal(t, identity.RunCompleted, run.State)
		}
		s := w.schedule()
		require.False(t, s.LeaseUntil.After(w.clock.Now()))
		require.Zero(t, s.Failures)
		require.True(t, s.NextFullAt.After(w.clock.Now()))
	}
}

func TestAServerThatLostItsLeaseStops(t *testing.T) {
	w := automatic(t, 3)
	w.clock.move(2 * identity.Day)
	slow, other := w.server(w.store), w.server(w.store)
	begun, renew := make(chan struct{}), make(chan struct{})
	slow.Scheduler = slow.WithSleep(func(ctx context.Context, _ time.Duration) error {
		select {
		case <-renew:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	slow.runs.before = func(ctx context.Context) {
		close(begun)
		<-ctx.Done() // the directory does not answer
	}
	var all sync.WaitGroup
	all.Go(func() {
		_, err := slow.Work(t.Context(), 10)
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	lease := w.schedule().LeaseUntil
	renew <- struct{}{}
	require.Eventually(t, func() bool { return w.schedule().LeaseUntil.After(lease) }, 10*time.Second, time.Millisecond, "who lives keeps the connector")
	require.Zero(t, other.work(t))
	require.NotNil(t, w.status().RunningUntil)
	w.clock.move(5 * time.Minute)
	require.Equal(t, 1, other.work(t))
	renew <- struct{}{}
	all.Wait()
	s := w.schedule()
	require.Empty(t, s.LeaseBy)
	require.Zero(t, s.Failures, "the one that was late has nothing to say any more")
	require.Len(t, w.runsMade(), 2)
}

func TestAServerThatIsStoppedLeavesItToTheNext(t *testing.T) {
	w := automatic(t, 3)
	w.clock.move(2 * identity.Day)
	s := w.server(w.store)
	ctx, stop := context.WithCancel(t.Context())
	s.runs.before = func(context.Context) { stop() }
	_, err := s.Work(ctx, 10)
	require.NoError(t, err)
	require.Zero(t, w.schedule().Failures)
	require.Empty(t, w.schedule().LeaseBy)
	require.Equal(t, 1, w.server(w.store).work(t), "at once")
	require.Len(t, w.runsMade(), 2)
}
