package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w world) group(t testing.TB, org identity.OrgID, name string) identity.Group {
	t.Helper()
	g := identity.Group{
		ID: identity.GroupID(w.ids.New()), Org: org, Name: name, Source: identity.SourceManual, CreatedAt: start, UpdatedAt: start, Version: 1,
	}
	w.must(t, func(tx identity.Tx) error { return tx.InsertGroup(ctx, g) })
	return g
}

// member adds a member and reports whether it was none before.
func (w world) member(t testing.TB, g identity.Group, account identity.AccountID) bool {
	t.Helper()
	return len(w.join(t, g, identity.Member{Account: account})) == 1
}

// join adds members and returns those who were none before.
func (w world) join(t testing.TB, g identity.Group, members ...identity.Member) (added []identity.Member) {
	t.Helper()
	w.must(t, func(tx identity.Tx) (err error) {
		added, err = tx.AddMembers(ctx, g.Org, g.ID, members...)
		return err
	})
	return added
}

func testGroups(t *testing.T, w world) {
	first, second, third := w.group(t, w.own, "Sales"), w.group(t, w.own, "Sales"), w.group(t, w.own, "Änderungen")
	t.Run("groups are listed in the order of ids", func(t *testing.T) {
		for _, c := range []struct {
			after identity.GroupID
			limit int
			want  []identity.Group
		}{
			{"", 10, []identity.Group{first, second, third}},
			{"", 2, []identity.Group{first, second}},
			{second.ID, 2, []identity.Group{third}},
			{third.ID, 1, nil},
		} {
			got, err := w.store.Groups(ctx, w.own, identity.GroupQuery{After: c.after, Limit: c.limit})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		}
		_, err := w.store.Groups(ctx, w.own, identity.GroupQuery{})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
	t.Run("a group is changed with the version that was read", func(t *testing.T) {
		update := func(g identity.Group) error {
			return w.do(func(tx identity.Tx) error { return tx.UpdateGroup(ctx, g) })
		}
		changed := third
		changed.Name, changed.ExternalID, changed.Source, changed.UpdatedAt = "Changes", "EXT-1", identity.SourceSCIM, start.Add(time.Hour)
		changed.Attributes = `{"urn:x":{"a":9007199254740993}}`
		require.NoError(t, update(changed))
		refused(t, update(changed), identity.Stale, identity.RuleVersionMismatch)
		changed.Version++
		got, err := w.store.Group(ctx, w.own, third.ID)
		require.NoError(t, err)
		require.Equal(t, changed, got)
		third = changed
		changed.ID = "none"
		refused(t, update(changed), identity.NotFound, identity.RuleUnknownGroup)
	})
	ada, bob, cyd := w.add(t, w.account(w.own, "ada")), w.add(t, w.account(w.own, "bob")), w.add(t, w.account(w.own, "cyd"))
	members := func(t *testing.T, g identity.Group, after identity.AccountID, limit int) []identity.AccountID {
		ids, err := w.store.Members(ctx, w.own, g.ID, after, limit)
		require.NoError(t, err)
		return ids
	}
	count := func(t *testing.T, g identity.Group) int {
		n, err := w.store.CountMembers(ctx, w.own, g.ID)
		require.NoError(t, err)
		return n
	}
	t.Run("a member is one once", func(t *testing.T) {
		require.Zero(t, count(t, first))
		for _, a := range []identity.Account{cyd, ada, bob} {
			require.True(t, w.member(t, first, a.ID))
			require.False(t, w.member(t, first, a.ID))
		}
		require.True(t, w.member(t, second, bob.ID))
		require.Equal(t, 3, count(t, first))
	})
	t.Run("many join at once, each of them once", func(t *testing.T) {
		crowd := w.group(t, w.own, "Crowd")
		var all []identity.Member
		for i := range 40 {
			all = append(all, identity.Member{Account: w.add(t, w.account(w.own, fmt.Sprint("crowd", i))).ID})
		}
		all[20].Display = "Crowd's twentieth"
		all = append(all, identity.Member{Group: second.ID})
		require.Equal(t, all[3:5], w.join(t, crowd, all[3], all[4], all[3]))
		require.Equal(t, slices.Concat(all[:3], all[5:]), w.join(t, crowd, all...), "in the order given, without those who were members")
		require.Empty(t, w.join(t, crowd, all...))
		require.Empty(t, w.join(t, crowd))
		require.Equal(t, 40, count(t, crowd))
		err := w.do(func(tx identity.Tx) error {
			_, err := tx.AddMembers(ctx, w.own, crowd.ID, all[0], identity.Member{Account: "nobody"})
			return err
		})
		refused(t, err, identity.NotFound, identity.RuleUnknownAccount)
	})
	t.Run("members are listed in the order of ids", func(t *testing.T) {
		require.Equal(t, []identity.AccountID{ada.ID, bob.ID, cyd.ID}, members(t, first, "", 10))
		require.Equal(t, []identity.AccountID{ada.ID, bob.ID}, members(t, first, "", 2))
		require.Equal(t, []identity.AccountID{cyd.ID}, members(t, first, bob.ID, 2))
		require.Empty(t, members(t, first, cyd.ID, 2))
		groups, err := w.store.GroupsOf(ctx, w.own, bob.ID)
		require.NoError(t, err)
		require.Equal(t, []identity.Group{first, second}, groups)
	})
	t.Run("group and member are of the same organization", func(t *testing.T) {
		foreigner, foreign := w.add(t, w.account(w.other, "eve")), w.group(t, w.other, "Others")
		for name, c := range map[string]struct {
			org     identity.OrgID
			group   identity.GroupID
			account identity.AccountID
			rule    identity.Rule
		}{
			"no such account":                     {w.own, first.ID, "nobody", identity.RuleUnknownAccount},
			"another organization's account":      {w.own, first.ID, foreigner.ID, identity.RuleUnknownAccount},
			"no such group":                       {w.own, "none", ada.ID, identity.RuleUnknownGroup},
			"another organization's group":        {w.own, foreign.ID, ada.ID, identity.RuleUnknownGroup},
			"both of another organization":        {w.other, first.ID, ada.ID, identity.RuleUnknownGroup},
			"our account in a group of the other": {w.other, foreign.ID, ada.ID, identity.RuleUnknownAccount},
		} {
			w.must(t, func(tx identity.Tx) error {
				_, err := tx.AddMembers(ctx, c.org, c.group, identity.Member{Account: c.account})
				refused(t, err, identity.NotFound, c.rule)
				_, err = tx.Group(ctx, w.own, first.ID)
				require.NoError(t, err, "%s: the transaction stays usable", name)
				return nil
			})
		}
		require.Equal(t, 3, count(t, first))
	})
	t.Run("a member leaves once", func(t *testing.T) {
		remove := func(org identity.OrgID) (was bool) {
			w.must(t, func(tx identity.Tx) (err error) {
				was, err = tx.RemoveMember(ctx, org, first.ID, identity.Member{Account: cyd.ID})
				return err
			})
			return was
		}
		require.False(t, remove(w.other))
		require.True(t, remove(w.own))
		require.False(t, remove(w.own))
		require.Equal(t, []identity.AccountID{ada.ID, bob.ID}, members(t, first, "", 10))
	})
	t.Run("an account that is deleted leaves its groups", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, ada.ID, 1) })
		require.Equal(t, []identity.AccountID{bob.ID}, members(t, first, "", 10))
	})
	t.Run("a group is deleted with its memberships, with the version that was read", func(t *testing.T) {
		remove := func(version int64) error {
			return w.do(func(tx identity.Tx) error { return tx.DeleteGroup(ctx, w.own, first.ID, version) })
		}
		refused(t, remove(2), identity.Stale, identity.RuleVersionMismatch)
		require.NoError(t, remove(1))
		refused(t, remove(1), identity.NotFound, identity.RuleUnknownGroup)
		_, err := w.store.Group(ctx, w.own, first.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownGroup)
		require.Zero(t, count(t, first))
		groups, err := w.store.GroupsOf(ctx, w.own, bob.ID)
		require.NoError(t, err)
		require.Equal(t, []identity.Group{second}, groups)
	})
}
