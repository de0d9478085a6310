package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// race runs n attempts at once and returns which succeeded. The others must have failed with the rule.
func race(t testing.TB, n int, attempt func(i int) error, rule identity.Rule) []int {
	t.Helper()
	failures := make([]error, n)
	var ready, all sync.WaitGroup
	ready.Add(n)
	for i := range n {
		all.Go(func() {
			ready.Done()
			ready.Wait()
			failures[i] = attempt(i)
		})
	}
	all.Wait()
	var winners []int
	for i, err := range failures {
		if err == nil {
			winners = append(winners, i)
			continue
		}
		require.Equal(t, rule, identity.RuleOf(err), "%v", err)
	}
	return winners
}

func testHolds(t *testing.T, w world) {
	keyOf := func(t testing.TB, spelling string) identity.EmailKey {
		e, err := identity.ParseEmail(spelling, identity.EmailPolicy{})
		require.NoError(t, err)
		return e.Key
	}
	t.Run("EML-01 of 16 who create the same address at once, in any spelling and organization, one succeeds", func(t *testing.T) {
		spellings := []string{"eva@bücher.example", "EVA@bücher.example", "eva@BÜCHER.example", " Eva@xn--bcher-kva.example "}
		winners := race(t, 16, func(i int) error {
			org := []identity.OrgID{w.own, w.other}[i%2]
			a := w.account(org, strings.Repeat("x", i+1))
			a.Emails = []identity.AccountEmail{{Value: spellings[i%4]}}
			return w.do(func(tx identity.Tx) error {
				return tx.InsertAccount(ctx, a, []identity.Hold{{Key: keyOf(t, spellings[i%4]), Kind: identity.HoldPrimary}})
			})
		}, identity.RuleEmailTaken)
		require.Len(t, winners, 1)
		all := 0
		for _, org := range []identity.OrgID{w.own, w.other} {
			n, err := w.store.CountAccounts(ctx, org, nil)
			require.NoError(t, err)
			all += n
		}
		require.Equal(t, 1, all, "those who lost left nothing")
	})
	t.Run("EML-02 addresses that differ in a dot are two", func(t *testing.T) {
		w.add(t, w.account(w.own, "dotted"), hold("a.b@gmail.example", identity.HoldPrimary))
		w.add(t, w.account(w.own, "plain"), hold("ab@gmail.example", identity.HoldPrimary))
	})
	for kind, address := range map[identity.HoldKind]string{
		identity.HoldPrimary: "p@example.com", identity.HoldUserName: "u@example.com", identity.HoldAlternate: "a@example.com",
		identity.HoldSoftDeleted: "s@example.com", identity.HoldPending: "c@example.com", identity.HoldClaim: "d@example.com",
	} {
		t.Run("EML-03 EML-04 an address is taken as "+string(kind), func(t *testing.T) {
			holder := w.add(t, w.account(w.own, address), hold(address, kind))
			h, err := w.store.Hold(ctx, identity.EmailKey(address))
			require.NoError(t, err)
			require.Equal(t, identity.Hold{Key: identity.EmailKey(address), Org: w.own, Account: holder.ID, Kind: kind}, h)
			err = w.do(func(tx identity.Tx) error {
				return tx.InsertAccount(ctx, w.account(w.other, address), []identity.Hold{hold(address, identity.HoldPrimary)})
			})
			refused(t, err, identity.Conflict, identity.RuleEmailTaken)
		})
	}
	t.Run("an update replaces what is held, or leaves it", func(t *testing.T) {
		a := w.add(t, w.account(w.own, "mover"), hold("old@example.com", identity.HoldPrimary), hold("kept@example.com", identity.HoldAlternate))
		update := func(holds []identity.Hold) {
			w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, a, holds) })
			a.Version++
		}
		update(nil)
		require.Equal(t, []bool{true, true, false}, w.held(t, "old@example.com", "kept@example.com", "new@example.com"))
		update([]identity.Hold{hold("kept@example.com", identity.HoldPrimary), hold("new@example.com", identity.HoldAlternate)})
		require.Equal(t, []bool{false, true, true}, w.held(t, "old@example.com", "kept@example.com", "new@example.com"))
		update([]identity.Hold{})
		require.Equal(t, []bool{false, false, false}, w.held(t, "old@example.com", "kept@example.com", "new@example.com"))
	})
	t.Run("a deleted account frees its addresses and is found by none", func(t *testing.T) {
		a := w.account(w.own, "leaver")
		a.Emails = []identity.AccountEmail{{Value: "leaver@example.com"}}
		w.add(t, a, hold("leaver@example.com", identity.HoldPrimary))
		byEmail := &identity.Compare{Field: identity.FieldEmail, Op: identity.Equal, Text: "leaver@example.com"}
		n, err := w.store.CountAccounts(ctx, w.own, byEmail)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, a.ID, 1) })
		require.Equal(t, []bool{false}, w.held(t, "leaver@example.com"))
		a.ID = identity.AccountID(w.ids.New())
		a.Emails = nil
		w.add(t, a, hold("leaver@example.com", identity.HoldPrimary))
		n, err = w.store.CountAccounts(ctx, w.own, byEmail)
		require.NoError(t, err)
		require.Zero(t, n)
	})
	t.Run("two accounts exchange their addresses in one transaction", func(t *testing.T) {
		a := w.add(t, w.account(w.own, "left"), hold("left@example.com", identity.HoldPrimary))
		b := w.add(t, w.account(w.own, "right"), hold("right@example.com", identity.HoldPrimary))
		exchange := func(tx identity.Tx) error {
			return errors.Join(
				tx.UpdateAccount(ctx, a, []identity.Hold{hold("right@example.com", identity.HoldPrimary)}),
				tx.UpdateAccount(ctx, b, []identity.Hold{hold("left@example.com", identity.HoldPrimary)}))
		}
		refused(t, w.do(exchange), identity.Conflict, identity.RuleEmailTaken)
		w.must(t, func(tx identity.Tx) error {
			return errors.Join(tx.ReleaseHolds(ctx, w.own, a.ID), tx.ReleaseHolds(ctx, w.own, b.ID), exchange(tx))
		})
		h, err := w.store.Hold(ctx, "left@example.com")
		require.NoError(t, err)
		require.Equal(t, b.ID, h.Account)
	})
	t.Run("the holders of many addresses are found at once", func(t *testing.T) {
		var want []identity.Hold
		keys := []identity.EmailKey{"nobody@example.com"}
		for i := range 40 {
			org := w.own
			if i%2 == 1 {
				org = w.other
			}
			key := identity.EmailKey(fmt.Sprintf("many%d@example.com", i))
			a := w.add(t, w.account(org, string(key)), hold(string(key), identity.HoldPrimary))
			want = append(want, identity.Hold{Key: key, Org: org, Account: a.ID, Kind: identity.HoldPrimary})
			keys = append(keys, key)
		}
		got, err := w.store.HoldsAmong(ctx, keys)
		require.NoError(t, err)
		require.ElementsMatch(t, want, got)
		got, err = w.store.HoldsAmong(ctx, nil)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

// held says which addresses somebody holds.
func (w world) held(t testing.TB, keys ...identity.EmailKey) []bool {
	t.Helper()
	var held []bool
	for _, key := range keys {
		_, err := w.store.Hold(ctx, key)
		if !identity.IsNotFound(err) {
			require.NoError(t, err)
		}
		held = append(held, err == nil)
	}
	return held
}
