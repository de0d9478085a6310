package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// newAccount returns an account of the built-in organization with so many bytes of profile.
func newAccount(userName string, size int) identity.Account {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return identity.Account{
		ID: identity.AccountID(system.IDs{}.New()), Org: identity.ConsumerOrgID, UserName: userName, Status: identity.NotVerified,
		Profile: identity.Profile(`"` + strings.Repeat("x", size) + `"`), StatusAt: at, CreatedAt: at, UpdatedAt: at, Source: identity.SourceManual,
	}
}

func insert(s *Store, a identity.Account) error {
	return s.Do(ctx, identity.Shared(a.Org), func(tx identity.Tx) error {
		return tx.InsertAccount(ctx, a, []identity.Hold{{Key: identity.EmailKey(a.UserName), Kind: identity.HoldPrimary}})
	})
}

// hold keeps the committer: everything that is queued before release shares one batch with the first caller.
func (s *Store) hold(t testing.TB) (release func() error) {
	entered, released, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once // the batch may run again
	go func() {
		done <- s.Do(ctx, identity.OrgLock{}, func(identity.Tx) error {
			once.Do(func() { close(entered) })
			<-released
			return nil
		})
	}()
	select {
	case <-entered:
	case err := <-done:
		require.NoError(t, err, "the batch has not begun")
	}
	return func() error {
		close(released)
		return <-done
	}
}

// together runs functions so that they share one batch, and returns what each of them came to.
func together(t testing.TB, s *Store, functions ...func() error) []error {
	release := s.hold(t)
	results := make([]error, len(functions))
	var all sync.WaitGroup
	for i, fn := range functions {
		queued := len(writerOf(s).queue)
		all.Go(func() { results[i] = fn() })
		require.Eventually(t, func() bool { return len(writerOf(s).queue) > queued }, 10*time.Second, 50*time.Microsecond)
	}
	_ = release()
	all.Wait()
	return results
}

func TestCallersWhoWaitAtTheSameTimeShareOneCommit(t *testing.T) {
	s := openTemp(t)
	before := s.Stats()
	var creates []func() error
	for i := range 100 {
		creates = append(creates, func() error { return insert(s, newAccount(fmt.Sprint("user-", i), 10)) })
	}
	for _, err := range together(t, s, creates...) {
		require.NoError(t, err)
	}
	require.Equal(t, Stats{Transactions: 100, Commits: 1}, Stats{s.Stats().Transactions - before.Transactions, s.Stats().Commits - before.Commits})
}

func TestWhatOnlyReadsOrFailsIsNoCommit(t *testing.T) {
	s := openTemp(t)
	require.NoError(t, s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
		_, err := tx.Organization(ctx, identity.ConsumerOrgID)
		return err
	}))
	require.Error(t, s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
		require.NoError(t, tx.InsertAccount(ctx, newAccount("undone", 1), nil))
		return errors.New("no")
	}))
	require.Equal(t, Stats{}, s.Stats())
}

func TestABatchThatOneCallerSpoilsRunsAgainWithoutWhatTheCallerWrote(t *testing.T) {
	s := openTemp(t)
	no := errors.New("no")
	runs := make([]int, 4)
	write := func(i int, then error) func() error {
		return func() error {
			return s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
				runs[i]++
				return errors.Join(tx.InsertAccount(ctx, newAccount(fmt.Sprint("user-", i), 10), nil), then)
			})
		}
	}
	panics := func() error {
		defer func() { _ = recover() }()
		return s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
			runs[2]++
			_ = tx.InsertAccount(ctx, newAccount("user-2", 10), nil)
			panic("boom")
		})
	}
	results := together(t, s, write(0, nil), write(1, no), panics, write(3, nil))
	require.NoError(t, results[0])
	require.ErrorIs(t, results[1], no)
	require.NoError(t, results[3])
	require.Equal(t, 2, runs[0], "a neighbour of the one that failed has run twice")
	require.Equal(t, 1, runs[2], "a function that panicked is not called again")
	accounts, err := s.Accounts(ctx, identity.ConsumerOrgID, identity.AccountQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, accounts, 2)
	require.Equal(t, []string{"user-0", "user-3"}, []string{accounts[0].UserName, accounts[1].UserName})
}

func TestACallerSeesNothingOfWhatANeighbourTookBack(t *testing.T) {
	s := openTemp(t)
	var seen []string
	rename := func(name string, then error) func() error {
		return func() error {
			return s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
				o, err := tx.Organization(ctx, identity.ConsumerOrgID)
				require.NoError(t, err)
				o.Name = name
				require.NoError(t, tx.UpdateOrganization(ctx, o))
				_, err = tx.Organization(ctx, o.ID)
				return errors.Join(err, then)
			})
		}
	}
	look := func() error {
		return s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
			o, err := tx.Organization(ctx, identity.ConsumerOrgID)
			seen = append(seen, o.Name)
			return err
		})
	}
	results := together(t, s, rename("kept", nil), rename("taken back", errors.New("no")), look)
	require.NoError(t, errors.Join(results[0], results[2]))
	require.Error(t, results[1])
	require.Equal(t, []string{"kept"}, seen)
}

func TestARefusalIsNotToldBeforeWhatItRestsOnIsStored(t *testing.T) {
	s := openTemp(t)
	results := together(t, s, func() error {
		return s.Do(ctx, identity.OrgLock{}, func(tx identity.Tx) error {
			// What nobody belongs to is found out by the commit only, which fails.
			_, err := writerOf(s).conn.ExecContext(ctx, "PRAGMA defer_foreign_keys = 1")
			stray := newAccount("stray", 10)
			stray.Org = "no such organization"
			return errors.Join(err, tx.InsertAccount(ctx, newAccount("first", 10), nil), tx.InsertAccount(ctx, stray, nil))
		})
	}, func() error { return insert(s, newAccount("first", 10)) })
	for _, err := range results {
		require.ErrorContains(t, err, "FOREIGN KEY")
		require.Equal(t, identity.Internal, identity.KindOf(err))
	}
	require.NoError(t, insert(s, newAccount("first", 10)), "the name is free, and the writer goes on")
	require.Equal(t, Stats{Transactions: 1, Commits: 1}, s.Stats())
}

func TestACallerWhoGivesUpWaitingIsNotServed(t *testing.T) {
	s := openTemp(t)
	release := s.hold(t)
	impatient, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- s.Do(impatient, identity.OrgLock{}, func(identity.Tx) error { t.Error("the function has run"); return nil })
	}()
	require.Eventually(t, func() bool { return len(writerOf(s).queue) == 1 }, 10*time.Second, 50*time.Microsecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, release())
	require.NoError(t, insert(s, newAccount("next", 10)))
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s, err := Open(ctx, "sqlite:"+t.TempDir()+"/rollcall.db")
	require.NoError(t, err)
	release := s.hold(t)
	waiting, closed := make(chan error, 1), make(chan error, 1)
	go func() { waiting <- insert(s, newAccount("waiting", 10)) }()
	require.Eventually(t, func() bool { return len(writerOf(s).queue) == 1 }, 10*time.Second, 50*time.Microsecond)
	go func() { closed <- s.Close() }()
	<-writerOf(s).closing
	require.NoError(t, release())
	require.NoError(t, <-closed)
	if err := <-waiting; err != nil { // it was in time for the last batch, or not
		require.Equal(t, identity.Unavailable, identity.KindOf(err))
	}
	require.Equal(t, identity.Unavailable, identity.KindOf(insert(s, newAccount("late", 10))))
	_, err = s.Organization(ctx, identity.ConsumerOrgID)
	require.Error(t, err)
	require.NoError(t, s.Close(), "closing twice is once")
}

func TestAFullDatabaseRefusesAndKeepsWhatItSaidItKept(t *testing.T) {
	s := openTemp(t)
	limitPages(t, writerOf(s).conn, 200)
	var all sync.WaitGroup
	var mu sync.Mutex
	results := map[string]error{}
	for client := range 16 {
		all.Go(func() {
			for i := range 8 {
				name := fmt.Sprintf("user-%d-%d", client, i)
				err := insert(s, newAccount(name, 20<<10))
				mu.Lock()
				results[name] = err
				mu.Unlock()
			}
		})
	}
	all.Wait()
	refused, stored := 0, 0
	for name, err := range results {
		_, missing := s.AccountByUserName(ctx, identity.ConsumerOrgID, identity.NameKey(name))
		_, free := s.Hold(ctx, identity.EmailKey(name))
		if err == nil {
			stored++
			require.NoError(t, errors.Join(missing, free))
			continue
		}
		refused++
		require.Equal(t, identity.Unavailable, identity.KindOf(err), "%v", err)
		require.ErrorContains(t, err, "full")
		require.True(t, identity.IsNotFound(missing) && identity.IsNotFound(free), "%s was refused and is there", name)
	}
	require.NotZero(t, refused)
	require.NotZero(t, stored)
	limitPages(t, writerOf(s).conn, 100000)
	require.NoError(t, insert(s, newAccount("afterwards", 20<<10)))
	require.Equal(t, []string{"ok"}, columnOf(t, s.readers, "PRAGMA integrity_check"))
}

func limitPages(t testing.TB, conn *sql.Conn, pages int) {
	t.Helper()
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	require.NoError(t, err)
}

func TestADatabaseThatCannotBeWrittenSaysSo(t *testing.T) {
	s := openTemp(t)
	_, err := writerOf(s).conn.ExecContext(ctx, "PRAGMA query_only = 1")
	require.NoError(t, err)
	err = insert(s, newAccount("refused", 10))
	require.Equal(t, identity.Unavailable, identity.KindOf(err))
	require.ErrorContains(t, err, "cannot be written")
	_, err = s.AccountByUserName(ctx, identity.ConsumerOrgID, "refused")
	require.True(t, identity.IsNotFound(err))
}

func TestAnotherProcessThatKeepsTheDatabaseIsWaitedFor(t *testing.T) {
	path := t.TempDir() + "/rollcall.db"
	s, err := Open(ctx, "sqlite:"+path)
	require.NoError(t, err)
	other := openSQLite(path, migrationConnection)
	keeping, err := other.BeginTx(ctx, nil)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- insert(s, newAccount("patient", 10)) }()
	require.Never(t, func() bool { return len(done) > 0 }, 50*time.Millisecond, 10*time.Millisecond)
	require.NoError(t, keeping.Rollback())
	require.NoError(t, <-done)

	keeping, err = other.BeginTx(ctx, nil)
	require.NoError(t, err)
	writerOf(s).busyLimit = 20 * time.Millisecond
	for _, err := range []error{insert(s, newAccount("turned away", 10)), insert(s, newAccount("also", 10))} {
		require.Equal(t, identity.Unavailable, identity.KindOf(err))
		require.ErrorContains(t, err, "another process")
	}
	_, err = s.AccountByUserName(ctx, identity.ConsumerOrgID, "patient")
	require.NoError(t, err, "reading goes on")
	require.NoError(t, keeping.Rollback())
	require.NoError(t, insert(s, newAccount("turned away", 10)))
	require.NoError(t, errors.Join(other.Close(), s.Close()))
}
