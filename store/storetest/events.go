package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// testEvents reads a history in both directions, as a whole and of one account.
func testEvents(t *testing.T, w world) {
	var all, ofAda []identity.EventID
	w.must(t, func(tx identity.Tx) error {
		all, ofAda = nil, nil
		for i := range 17 {
			e := identity.Event{ID: identity.EventID(w.ids.New()), Org: w.own, At: start, Kind: identity.AccountChanged, Account: "bob"}
			switch {
			case i%3 == 0:
				e.Account = "ada"
				ofAda = append(ofAda, e.ID)
			case i%5 == 0:
				e.Account = ""
			}
			all = append(all, e.ID)
			foreign := e
			foreign.ID, foreign.Org = identity.EventID(w.ids.New()), w.other
			if err := errors.Join(tx.Record(ctx, e), tx.Record(ctx, foreign)); err != nil {
				return err
			}
		}
		return nil
	})
	t.Run("in the order they happened or backwards, in pages of any size", rapid.MakeCheck(func(rt *rapid.T) {
		q := identity.EventQuery{Newest: rapid.Bool().Draw(rt, "newest"), Limit: rapid.IntRange(1, 20).Draw(rt, "limit")}
		want := slices.Clone(all)
		if rapid.Bool().Draw(rt, "of one account") {
			q.Account, want = "ada", slices.Clone(ofAda)
		}
		if q.Newest {
			slices.Reverse(want)
		}
		var got []identity.EventID
		for {
			page, err := w.store.Events(ctx, w.own, q)
			require.NoError(rt, err)
			require.LessOrEqual(rt, len(page), q.Limit)
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				got = append(got, e.ID)
			}
			q.After = got[len(got)-1]
		}
		require.Equal(rt, want, got)
	}))
	t.Run("an event outlives its account", func(t *testing.T) {
		a := w.add(t, w.account(w.own, "leaver"))
		w.must(t, func(tx identity.Tx) error {
			e := identity.Event{ID: identity.EventID(w.ids.New()), Org: w.own, At: start, Kind: identity.AccountDeleted, Account: a.ID, AccountName: "leaver"}
			return errors.Join(tx.Record(ctx, e), tx.DeleteAccount(ctx, w.own, a.ID, 1))
		})
		events, err := w.store.Events(ctx, w.own, identity.EventQuery{Account: a.ID, Limit: 1})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, "leaver", events[0].AccountName)
	})
}
