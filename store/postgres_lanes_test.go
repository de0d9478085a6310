package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// personalLane is where writers of personal accounts wait.
func personalLane(s *Store) *lane {
	return &s.transactor.(*sessions).lanes[bucketsOf(identity.Shared(identity.ConsumerOrgID))[0]]
}

func (l *lane) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// crowdedLane lets callers wait in the lane of the personal accounts while one writes there, and returns what each of them hears. meanwhile runs
// before they come.
func crowdedLane(t *testing.T, s *Store, meanwhile func(), callers ...func(identity.Tx) error) []error {
	t.Helper()
	begun, goOn := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
			_, err := tx.Organization(ctx, identity.ConsumerOrgID)
			begun <- struct{}{}
			<-goOn
			return errors.Join(err, tx.InsertAccount(ctx, newAccount("first", 10), nil))
		}))
	})
	<-begun
	meanwhile()
	already := personalLane(s).length()
	heard := make([]error, len(callers))
	for i, fn := range callers {
		all.Go(func() {
			heard[i] = errors.New("did not return")
			heard[i] = s.Do(ctx, identity.Shared(identity.ConsumerOrgID), fn)
		})
	}
	require.Eventually(t, func() bool { return personalLane(s).length() == already+len(callers) }, time.Minute, time.Millisecond)
	close(goOn)
	all.Wait()
	return heard
}

func TestPostgres_ThoseWhoWaitShareACommit(t *testing.T) {
	s := openServer(t, serverURL(t))
	before := s.Stats()
	var callers []func(identity.Tx) error
	for i := range 20 {
		callers = append(callers, func(tx identity.Tx) error {
			return tx.InsertAccount(ctx, newAccount(fmt.Sprint("user-", i), 10), nil)
		})
	}
	require.NoError(t, errors.Join(crowdedLane(t, s, func() {}, callers...)...))
	require.EqualValues(t, 21, s.Stats().Transactions-before.Transactions)
	require.EqualValues(t, 2, s.Stats().Commits-before.Commits)
}

func TestPostgres_WhoFailsAfterWritingCostsNeighboursNothing(t *testing.T) {
	s := openServer(t, serverURL(t))
	refused := identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "no")
	write := func(name string, then func(identity.Tx) error) func(identity.Tx) error {
		return func(tx identity.Tx) error {
			return errors.Join(tx.InsertAccount(ctx, newAccount(name, 10), nil), tx.Record(ctx, identity.Event{ID: identity.EventID(name), Org: identity.ConsumerOrgID,
				At: time.Unix(1, 0), Kind: identity.AccountCreated, AccountName: name}), then(tx))
		}
	}
	well := func(identity.Tx) error { return nil }
	heard := crowdedLane(t, s, func() {}, write("a", well), write("b", func(identity.Tx) error { return refused }), write("c", well),
		write("d", func(identity.Tx) error { runtime.Goexit(); return nil }),
		write("e", func(tx identity.Tx) error { return tx.InsertAccount(ctx, newAccount("first", 10), nil) }), write("f", well),
		func(identity.Tx) error { return refused })
	for i, want := range []error{nil, refused, nil, errors.New("did not return"), nil, nil, refused} {
		switch {
		case i == 4:
			require.Equal(t, identity.RuleUserNameTaken, identity.RuleOf(heard[i]))
		case want == nil:
			require.NoError(t, heard[i])
		default:
			require.EqualError(t, heard[i], want.Error())
		}
	}
	found, err := s.Accounts(ctx, identity.ConsumerOrgID, identity.AccountQuery{Limit: 100})
	require.NoError(t, err)
	var names []string
	for _, a := range found {
		names = append(names, a.UserName)
	}
	require.ElementsMatch(t, []string{"first", "a", "c", "f"}, names)
	events, err := s.Chain(ctx, identity.ConsumerOrgID, 0, 100)
	require.NoError(t, err)
	require.Len(t, events, 3)
	require.Empty(t, verifyChain(t, s, identity.ConsumerOrgID).Fault)
}

func TestPostgres_WhoComesLaterSeesWhatWasAcknowledgedBefore(t *testing.T) {
	s := openServer(t, serverURL(t))
	other := customer(t, s)
	var seen string
	require.NoError(t, errors.Join(crowdedLane(t, s, func() {
		require.NoError(t, s.Do(ctx, identity.Shared(other), func(tx identity.Tx) error { return rename(tx, other, func() {}, "new") }))
	}, func(tx identity.Tx) error {
		o, err := tx.Organization(ctx, other)
		seen = o.Name
		return err
	})...))
	require.Equal(t, "-new", seen)
}

func TestPostgres_WhoDoesNotWaitAnyLongerIsLeftOut(t *testing.T) {
	s := openServer(t, serverURL(t))
	gone, leave := context.WithCancel(ctx)
	heard := make(chan error, 1)
	require.NoError(t, errors.Join(crowdedLane(t, s, func() {
		go func() {
			heard <- s.Do(gone, identity.Shared(identity.ConsumerOrgID), func(identity.Tx) error { panic("nobody waits for it") })
		}()
		require.Eventually(t, func() bool { return personalLane(s).length() == 1 }, time.Minute, time.Millisecond)
		leave()
		require.ErrorIs(t, <-heard, context.Canceled)
	}, func(tx identity.Tx) error { return tx.InsertAccount(ctx, newAccount("second", 10), nil) })...))
}

func TestPostgres_WhoComesWhenThoseWhoWaitedHaveGoneIsNotTakenForOneOfThem(t *testing.T) {
	w := openServer(t, serverURL(t)).transactor.(*sessions)
	late := newCall()
	asked := 0
	w.write([]uint32{0}, false, func() []*call {
		if asked++; asked == 1 {
			return nil // everybody who waited has gone away
		}
		return []*call{late}
	})
	require.Empty(t, late.turn, "it was told how its transaction ended before it had one")
}

func TestPostgres_WhoKeepsEverybodyFromWritingComesAfterThoseWhoHaveBegun(t *testing.T) {
	address := serverURL(t)
	one, other := openServer(t, address), openServer(t, address)
	begun, goOn := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		require.NoError(t, one.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
			_, err := tx.DomainHolders(ctx, "acme.example")
			begun <- struct{}{}
			<-goOn
			return errors.Join(err, tx.InsertAccount(ctx, newAccount("first", 10), nil))
		}))
	})
	<-begun
	seen := 0
	all.Go(func() {
		require.NoError(t, other.Do(ctx, identity.Everybody("somebody else"), func(tx identity.Tx) (err error) {
			seen, err = tx.CountAccounts(ctx, identity.ConsumerOrgID, nil)
			return err
		}))
	})
	require.Eventually(t, func() bool {
		return len(columnOf(t, one.readers, `SELECT CAST(pid AS text) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
			WHERE relname = 'writers' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)) == 1
	}, time.Minute, time.Millisecond, "it did not wait")
	close(goOn)
	all.Wait()
	require.Equal(t, 1, seen)
}
