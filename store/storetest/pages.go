package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// testPages reads lists in pages of any size and gets each row once, in order.
func testPages(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	var ids []identity.AccountID
	w.must(t, func(tx identity.Tx) error {
		ids = nil
		for i, name := range numbered("user-%d", 23) {
			a := w.account(w.own, name)
			a.Directory = &identity.DirectoryLink{Connector: n.ID, Object: identity.ObjectID(fmt.Sprint(100 - i))}
			ids = append(ids, a.ID)
			if err := tx.InsertAccount(ctx, a, nil); err != nil {
				return err
			}
		}
		return tx.InsertAccount(ctx, w.account(w.other, "somebody else"), nil)
	})
	require.True(t, slices.IsSorted(ids))
	t.Run("accounts by key", rapid.MakeCheck(func(rt *rapid.T) {
		limit := rapid.IntRange(1, 30).Draw(rt, "limit")
		require.Equal(rt, ids, paged(rt, limit, func(after identity.AccountID) ([]identity.Account, error) {
			return w.store.Accounts(ctx, w.own, identity.AccountQuery{After: after, Limit: limit})
		}))
	}))
	t.Run("accounts by position", rapid.MakeCheck(func(rt *rapid.T) {
		skip, limit := rapid.IntRange(0, 30).Draw(rt, "skip"), rapid.IntRange(1, 30).Draw(rt, "limit")
		after := rapid.IntRange(-1, len(ids)-1).Draw(rt, "after")
		q := identity.AccountQuery{Skip: skip, Limit: limit}
		if after >= 0 {
			q.After = ids[after]
		}
		page, err := w.store.Accounts(ctx, w.own, q)
		require.NoError(rt, err)
		from := min(after+1+skip, len(ids))
		require.Equal(rt, ids[from:min(from+limit, len(ids))], idsOf(page))
	}))
	t.Run("accounts of a connector", rapid.MakeCheck(func(rt *rapid.T) {
		limit := rapid.IntRange(1, 30).Draw(rt, "limit")
		require.Equal(rt, ids, paged(rt, limit, func(after identity.AccountID) ([]identity.Account, error) {
			return w.store.ConnectorAccounts(ctx, w.own, n.ID, after, limit)
		}))
	}))
	t.Run("organizations", func(t *testing.T) {
		var all []identity.OrgID
		for after := identity.OrgID(""); ; after = all[len(all)-1] {
			page, err := w.store.Organizations(ctx, after, 2)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 2)
			if len(page) == 0 {
				break
			}
			for _, o := range page {
				all = append(all, o.ID)
			}
		}
		require.Equal(t, []identity.OrgID{identity.ConsumerOrgID, w.own, w.other}, all)
	})
	for name, list := range map[string]func(limit int) error{
		"Accounts": func(limit int) error {
			_, err := w.store.Accounts(ctx, w.own, identity.AccountQuery{Limit: limit})
			return err
		},
		"ConnectorAccounts": func(limit int) error { _, err := w.store.ConnectorAccounts(ctx, w.own, n.ID, "", limit); return err },
		"AccountsDue":       func(limit int) error { _, err := w.store.AccountsDue(ctx, start, limit); return err },
		"Organizations":     func(limit int) error { _, err := w.store.Organizations(ctx, "", limit); return err },
		"Events": func(limit int) error {
			_, err := w.store.Events(ctx, w.own, identity.EventQuery{Limit: limit})
			return err
		},
		"Plans":       func(limit int) error { _, err := w.store.Plans(ctx, w.own, "", "", limit); return err },
		"PlansToDrop": func(limit int) error { _, err := w.store.PlansToDrop(ctx, start, start, limit); return err },
		"Runs":        func(limit int) error { _, err := w.store.Runs(ctx, w.own, "", "", limit); return err },
	} {
		t.Run("a limit of "+name+" asks for something", func(t *testing.T) {
			require.NoError(t, list(1))
			refused(t, list(0), identity.Invalid, identity.RuleInvalidValue)
			refused(t, list(-1), identity.Invalid, identity.RuleInvalidValue)
		})
	}
	t.Run("nobody skips backwards", func(t *testing.T) {
		_, err := w.store.Accounts(ctx, w.own, identity.AccountQuery{Limit: 1, Skip: -1})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

func paged(t require.TestingT, limit int, next func(identity.AccountID) ([]identity.Account, error)) []identity.AccountID {
	var all []identity.AccountID
	after := identity.AccountID("")
	for {
		page, err := next(after)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), limit)
		if len(page) == 0 {
			return all
		}
		all = append(all, idsOf(page)...)
		after = all[len(all)-1]
	}
}

func idsOf(accounts []identity.Account) []identity.AccountID {
	ids := []identity.AccountID{}
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	return ids
}
