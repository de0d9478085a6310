package history_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store/fresh"
)

// TestWhatAStoreDoesWrongIsFound plants mistakes in a store, of the kinds that histories are checked for. Each is found as soon as chance has it
// that it matters to somebody.
func TestWhatAStoreDoesWrongIsFound(t *testing.T) {
	for name, plant := range map[string]func(identity.Store) identity.Store{
		"two creators win one address":   func(s identity.Store) identity.Store { return twoWinners{s} },
		"an acknowledged delete is lost": func(s identity.Store) identity.Store { return &lostDeletes{Store: s} },
		"a read is of what was before": func(s identity.Store) identity.Store {
			return &staleReads{Store: s, before: map[identity.EmailKey]identity.Hold{}}
		},
		"an acknowledged write never ran": func(s identity.Store) identity.Store { return &neverRun{Store: s} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real := stores(t, "sqlite:"+fresh.Database(t), 1)[0]
			const worlds = 20
			for i := range worlds {
				// Two winners are in each other's way later, which fails, and is not what is asked here.
				history, _ := newWorld(t, i, plant(real)).play(t.Context(), uint64(i), 100)
				if check(history) == porcupine.Illegal {
					return
				}
			}
			require.Fail(t, "it was not found", "in %d worlds", worlds)
		})
	}
}

// change is a store whose transactions are others than they should be.
func change(ctx context.Context, s identity.Store, lock identity.OrgLock, fn func(identity.Tx) error, as func(identity.Tx) identity.Tx) error {
	return s.Do(ctx, lock, func(tx identity.Tx) error { return fn(as(tx)) })
}

// twoWinners lets an account be added with an address that somebody has.
type twoWinners struct{ identity.Store }

func (s twoWinners) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return change(ctx, s.Store, lock, fn, func(tx identity.Tx) identity.Tx { return twoWinnersTx{tx} })
}

type twoWinnersTx struct{ identity.Tx }

func (tx twoWinnersTx) InsertAccount(ctx context.Context, a identity.Account, holds []identity.Hold) error {
	return tx.Tx.InsertAccount(ctx, a, slices.DeleteFunc(holds, func(h identity.Hold) bool {
		_, err := tx.Hold(ctx, h.Key)
		return err == nil
	}))
}

// lostDeletes forgets every third deletion.
type lostDeletes struct {
	identity.Store
	mu sync.Mutex
	n  int
}

func (s *lostDeletes) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return change(ctx, s.Store, lock, fn, func(tx identity.Tx) identity.Tx { return lostDeletesTx{tx, s} })
}

type lostDeletesTx struct {
	identity.Tx
	store *lostDeletes
}

func (tx lostDeletesTx) DeleteAccount(ctx context.Context, org identity.OrgID, id identity.AccountID, version int64) error {
	tx.store.mu.Lock()
	defer tx.store.mu.Unlock()
	if tx.store.n++; tx.store.n%3 == 0 {
		return nil
	}
	return tx.Tx.DeleteAccount(ctx, org, id, version)
}

// staleReads answers every other question who has an address as the time before.
type staleReads struct {
	identity.Store
	mu     sync.Mutex
	n      int
	before map[identity.EmailKey]identity.Hold
}

func (s *staleReads) Hold(ctx context.Context, key identity.EmailKey) (identity.Hold, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.before[key]
	if s.n++; known && s.n%2 == 0 {
		return before, nil
	}
	h, err := s.Store.Hold(ctx, key)
	if err == nil {
		s.before[key] = h
	}
	return h, err
}

// neverRun says that every twentieth transaction is stored, and runs it only to know what it would come to.
type neverRun struct {
	identity.Store
	mu sync.Mutex
	n  int
}

func (s *neverRun) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	s.mu.Lock()
	s.n++
	skip := s.n > 10 && s.n%20 == 0 // the first ones make the world
	s.mu.Unlock()
	if !skip {
		return s.Store.Do(ctx, lock, fn)
	}
	errUndone := identity.Refuse(identity.Conflict, "UNDONE", "undone")
	err := s.Store.Do(ctx, lock, func(tx identity.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errUndone
	})
	if identity.RuleOf(err) == errUndone.Rule {
		return nil
	}
	return err
}
