package storetest

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

var errChangedMyMind = errors.New("changed my mind")

func testTransactions(t *testing.T, w world) {
	taken := w.add(t, w.account(w.own, "taken"), hold("taken@example.com", identity.HoldPrimary))
	insert := func(tx identity.Tx, userName string) error {
		return tx.InsertAccount(ctx, w.account(w.own, userName), nil)
	}
	exists := func(t *testing.T, userName string) bool {
		_, err := w.store.AccountByUserName(ctx, w.own, identity.NameKey(userName))
		if identity.IsNotFound(err) {
			return false
		}
		require.NoError(t, err)
		return true
	}
	t.Run("it reads its own writes, and nobody else does before the end", func(t *testing.T) {
		a := w.account(w.own, "own-writes")
		w.must(t, func(tx identity.Tx) error {
			require.NoError(t, tx.InsertAccount(ctx, a, []identity.Hold{hold("own@example.com", identity.HoldPrimary)}))
			got, err := tx.Account(ctx, w.own, a.ID)
			require.NoError(t, err)
			require.Equal(t, a, got)
			_, err = tx.Hold(ctx, "own@example.com")
			require.NoError(t, err)
			require.False(t, exists(t, "own-writes"))
			return nil
		})
		require.True(t, exists(t, "own-writes"))
	})
	t.Run("it reads an organization and a domain as it has changed them", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			for _, name := range []string{"first name", "second name"} {
				o, err := tx.Organization(ctx, w.other)
				require.NoError(t, err)
				o.Name = name
				require.NoError(t, tx.UpdateOrganization(ctx, o))
				changed, err := tx.Organization(ctx, w.other)
				require.NoError(t, err)
				o.Version++
				require.Equal(t, o, changed)
			}
			d := identity.Domain{Org: w.own, Name: "own.example", State: identity.DomainVerified, UpdatedAt: start}
			for _, state := range []identity.DomainState{identity.DomainVerified, identity.DomainClaimed} {
				d.State = state
				require.NoError(t, tx.PutDomain(ctx, d))
				holders, err := tx.DomainHolders(ctx, d.Name)
				require.NoError(t, err)
				require.Equal(t, []identity.Domain{d}, holders)
			}
			require.NoError(t, tx.DeleteDomain(ctx, w.own, d.Name))
			holders, err := tx.DomainHolders(ctx, d.Name)
			require.NoError(t, err)
			require.Empty(t, holders)
			return nil
		})
	})
	t.Run("what fails leaves nothing", func(t *testing.T) {
		err := w.do(func(tx identity.Tx) error {
			a := w.account(w.own, "undone")
			a.Emails = []identity.AccountEmail{{Value: "undone@example.com"}}
			require.NoError(t, tx.InsertAccount(ctx, a, []identity.Hold{hold("undone@example.com", identity.HoldPrimary)}))
			require.NoError(t, tx.Record(ctx, identity.Event{ID: "undone", Org: w.own, At: start, Kind: identity.AccountCreated}))
			require.NoError(t, tx.DeleteAccount(ctx, w.own, taken.ID, 1))
			return errChangedMyMind
		})
		require.ErrorIs(t, err, errChangedMyMind)
		require.False(t, exists(t, "undone"))
		require.True(t, exists(t, "taken"))
		require.Equal(t, []bool{false, true}, w.held(t, "undone@example.com", "taken@example.com"))
		_, err = w.store.Event(ctx, w.own, "undone")
		require.True(t, identity.IsNotFound(err))
	})
	t.Run("after an error nothing else succeeds, even if the function forgets it", func(t *testing.T) {
		err := w.do(func(tx identity.Tx) error {
			require.NoError(t, insert(tx, "sticky-before"))
			conflict := insert(tx, "taken")
			_, err := tx.Account(ctx, w.own, taken.ID)
			require.Error(t, err, "reading fails as well")
			refused(t, cmp.Or(conflict, err), identity.Conflict, identity.RuleUserNameTaken)
			require.Error(t, insert(tx, "sticky-after"))
			_, err = tx.Account(ctx, w.own, taken.ID)
			require.Error(t, err)
			require.False(t, identity.IsNotFound(err))
			return nil
		})
		refused(t, err, identity.Conflict, identity.RuleUserNameTaken)
		require.False(t, exists(t, "sticky-before"))
		require.False(t, exists(t, "sticky-after"))
	})
	t.Run("a stale version is such an error", func(t *testing.T) {
		stale := taken
		stale.Version = 7
		for _, write := range []func(identity.Tx) error{
			func(tx identity.Tx) error { return tx.UpdateAccount(ctx, stale, nil) },
			func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, stale.ID, stale.Version) },
		} {
			err := w.do(func(tx identity.Tx) error {
				require.Error(t, write(tx))
				require.Error(t, insert(tx, "after-stale"))
				return nil
			})
			refused(t, err, identity.Stale, identity.RuleVersionMismatch)
		}
	})
	t.Run("what does not exist is not such an error", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			_, err := tx.Account(ctx, w.own, "nobody")
			refused(t, err, identity.NotFound, identity.RuleUnknownAccount)
			refused(t, tx.DeleteAccount(ctx, w.own, "nobody", 1), identity.NotFound, identity.RuleUnknownAccount)
			return insert(tx, "after-not-found")
		})
		require.True(t, exists(t, "after-not-found"))
	})
	t.Run("a transaction that is over cannot be used", func(t *testing.T) {
		var kept identity.Tx
		w.must(t, func(tx identity.Tx) error { kept = tx; return nil })
		require.Error(t, insert(kept, "too-late"))
		_, err := kept.Account(ctx, w.own, taken.ID)
		require.Error(t, err)
		require.False(t, exists(t, "too-late"))
	})
	t.Run("a panic undoes the transaction, goes on in the caller and harms nobody else", func(t *testing.T) {
		require.PanicsWithValue(t, "boom", func() {
			_ = w.do(func(tx identity.Tx) error {
				require.NoError(t, insert(tx, "panicked"))
				panic("boom")
			})
		})
		require.False(t, exists(t, "panicked"))
		w.must(t, func(tx identity.Tx) error { return insert(tx, "after-panic") })
	})
	t.Run("so does a goroutine that ends", func(t *testing.T) {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = w.do(func(tx identity.Tx) error {
				if insert(tx, "exited") == nil {
					runtime.Goexit()
				}
				return nil
			})
		}()
		<-ended
		require.False(t, exists(t, "exited"))
		w.must(t, func(tx identity.Tx) error { return insert(tx, "after-exit") })
	})
	t.Run("a caller who has gone away is not served", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		cancel()
		err := w.store.Do(over, identity.Shared(w.own), func(tx identity.Tx) error {
			t.Error("the function has run")
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		_, err = w.store.Account(over, w.own, taken.ID)
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a caller who goes away in between leaves nothing", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		err := w.store.Do(over, identity.Shared(w.own), func(tx identity.Tx) error {
			require.NoError(t, tx.InsertAccount(over, w.account(w.own, "halfway"), nil))
			cancel()
			return tx.InsertAccount(over, w.account(w.own, "other-half"), nil)
		})
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, exists(t, "halfway"))
	})
	t.Run("a caller who goes away after the last write is told the truth", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		err := w.store.Do(over, identity.Shared(w.own), func(tx identity.Tx) error {
			defer cancel()
			return tx.InsertAccount(over, w.account(w.own, "truth"), nil)
		})
		require.Equal(t, err == nil, exists(t, "truth"))
	})
	t.Run("failures among many at once touch nobody else", func(t *testing.T) {
		names := numbered("crowd-%03d", 120)
		var all sync.WaitGroup
		failures := make([]error, len(names))
		for i, name := range names {
			all.Go(func() {
				defer func() { _ = recover() }()
				failures[i] = w.do(func(tx identity.Tx) error {
					if err := insert(tx, name); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return errChangedMyMind
					case 2:
						return insert(tx, "taken")
					case 3:
						panic("boom")
					}
					return nil
				})
			})
		}
		all.Wait()
		for i, name := range names {
			switch i % 4 {
			case 0:
				require.NoError(t, failures[i])
			case 1:
				require.ErrorIs(t, failures[i], errChangedMyMind)
			case 2:
				refused(t, failures[i], identity.Conflict, identity.RuleUserNameTaken)
			}
			require.Equal(t, i%4 == 0, exists(t, name), name)
		}
	})
}
