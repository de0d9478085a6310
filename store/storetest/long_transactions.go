package storetest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// testLongTransactions is about transactions of so many insertions that an engine may not run each one when it is asked to.
func testLongTransactions(t *testing.T, w world) {
	const many = 300
	w.add(t, w.account(w.own, "taken"), hold("taken@example.com", identity.HoldPrimary))
	key := func(name string, i int) identity.EmailKey {
		return identity.EmailKey(fmt.Sprintf("%s-%d@example.com", name, i))
	}
	insert := func(tx identity.Tx, name string, i int) (identity.Account, error) {
		a := w.account(w.own, fmt.Sprintf("%s-%d", name, i))
		a.Emails = []identity.AccountEmail{{Value: string(key(name, i)), Primary: true}}
		if err := tx.InsertAccount(ctx, a, []identity.Hold{{Key: key(name, i), Kind: identity.HoldPrimary}}); err != nil {
			return a, err
		}
		return a, tx.Record(ctx, identity.Event{ID: identity.EventID(w.ids.New()), Org: w.own, At: start, Kind: identity.AccountCreated, Account: a.ID})
	}
	there := func(t *testing.T, name string) (n int) {
		for i := range many {
			_, err := w.store.Hold(ctx, key(name, i))
			if !identity.IsNotFound(err) {
				require.NoError(t, err)
				n++
			}
		}
		return n
	}
	for _, often := range []int{1, 2, 31, 32, 33, 64, 100, many} {
		name := fmt.Sprintf("look-each-%d", often)
		t.Run(fmt.Sprintf("it reads its own writes after each %d", often), func(t *testing.T) {
			w.must(t, func(tx identity.Tx) error {
				for i := range many {
					a, err := insert(tx, name, i)
					if err != nil {
						return err
					}
					if (i+1)%often != 0 {
						continue
					}
					got, err := tx.Account(ctx, w.own, a.ID)
					require.NoError(t, err)
					require.Equal(t, a, got)
					_, err = tx.Hold(ctx, key(name, 0))
					require.NoError(t, err)
				}
				return nil
			})
			require.Equal(t, many, there(t, name))
		})
	}
	for _, at := range []int{0, 1, 15, 31, 32, 63, 64, 65, many / 2, many - 1} {
		name := fmt.Sprintf("conflict-at-%d", at)
		t.Run(fmt.Sprintf("a conflict of insertion %d is told, and undoes all of it", at), func(t *testing.T) {
			err := w.do(func(tx identity.Tx) error {
				for i := range many {
					if i == at {
						if err := tx.InsertAccount(ctx, w.account(w.own, name), []identity.Hold{hold("taken@example.com", identity.HoldPrimary)}); err != nil {
							return err
						}
					}
					if _, err := insert(tx, name, i); err != nil {
						return err
					}
				}
				return nil
			})
			refused(t, err, identity.Conflict, identity.RuleEmailTaken)
			require.Zero(t, there(t, name))
		})
	}
	for name, end := range map[string]func() error{
		"fails":       func() error { return errChangedMyMind },
		"panics":      func() error { panic("boom") },
		"never-comes": func() error { runtime.Goexit(); return nil },
	} {
		t.Run("one whose function "+name+" leaves nothing, and the next one is served", func(t *testing.T) {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				defer func() { _ = recover() }()
				_ = w.do(func(tx identity.Tx) error {
					for i := range many {
						if _, err := insert(tx, name, i); err != nil {
							return err
						}
					}
					return end()
				})
			}()
			<-ended
			require.Zero(t, there(t, name))
			w.add(t, w.account(w.own, "after-"+name))
		})
	}
	t.Run("several at once, of which some fail", func(t *testing.T) {
		var all sync.WaitGroup
		failures := make([]error, 6)
		for n := range failures {
			all.Go(func() {
				failures[n] = w.do(func(tx identity.Tx) error {
					for i := range many {
						if _, err := insert(tx, fmt.Sprintf("crowd-%d", n), i); err != nil {
							return err
						}
					}
					if n%2 == 1 {
						return tx.InsertAccount(ctx, w.account(w.own, "taken"), nil)
					}
					return nil
				})
			})
		}
		all.Wait()
		for n, err := range failures {
			if n%2 == 1 {
				refused(t, err, identity.Conflict, identity.RuleUserNameTaken)
				require.Zero(t, there(t, fmt.Sprintf("crowd-%d", n)))
			} else {
				require.NoError(t, err)
				require.Equal(t, many, there(t, fmt.Sprintf("crowd-%d", n)))
			}
		}
	})
}
