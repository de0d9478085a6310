package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testNestedGroups(t *testing.T, w world) {
	staff, sales, north := w.group(t, w.own, "Staff"), w.group(t, w.own, "SALES"), w.group(t, w.own, "North")
	ada, bob := w.add(t, w.account(w.own, "ada")), w.add(t, w.account(w.own, "bob"))
	into := func(group, member identity.Group) bool {
		return len(w.join(t, group, identity.Member{Group: member.ID})) == 1
	}
	t.Run("a group is in a group once, and groups may be in each other", func(t *testing.T) {
		require.True(t, into(staff, sales))
		require.False(t, into(staff, sales))
		require.True(t, into(sales, north))
		require.True(t, into(north, staff))
	})
	w.member(t, staff, bob.ID)
	w.member(t, north, ada.ID)
	account := func(in identity.Group, a identity.Account) identity.Membership {
		return identity.Membership{Group: in.ID, Member: identity.Member{Account: a.ID}, Name: a.UserName, Direct: true}
	}
	group := func(in, g identity.Group) identity.Membership {
		return identity.Membership{Group: in.ID, Member: identity.Member{Group: g.ID}, Name: g.Name, Direct: true}
	}
	t.Run("members are accounts and groups", func(t *testing.T) {
		got, err := w.store.MembersOf(ctx, w.own, []identity.GroupID{staff.ID, north.ID})
		require.NoError(t, err)
		require.Equal(t, []identity.Membership{account(staff, bob), group(staff, sales), account(north, ada), group(north, staff)}, got)
	})
	t.Run("an account knows whether it is in groups", func(t *testing.T) {
		cy := w.add(t, w.account(w.own, "cy"))
		for id, want := range map[identity.AccountID]bool{ada.ID: true, bob.ID: true, cy.ID: false} {
			a, err := w.store.Account(ctx, w.own, id)
			require.NoError(t, err)
			require.Equal(t, want, a.InGroups)
		}
	})
	t.Run("an account is in groups by way of others too", func(t *testing.T) {
		got, err := w.store.MembershipsOf(ctx, w.own, []identity.AccountID{ada.ID, bob.ID})
		require.NoError(t, err)
		of := func(a identity.Account, g identity.Group, direct bool) identity.Membership {
			return identity.Membership{Group: g.ID, Member: identity.Member{Account: a.ID}, Name: g.Name, Direct: direct}
		}
		require.Equal(t, []identity.Membership{of(ada, staff, false), of(ada, sales, false), of(ada, north, true),
			of(bob, staff, true), of(bob, sales, false), of(bob, north, false)}, got)
	})
	t.Run("groups are found by what is asked for", func(t *testing.T) {
		for name, c := range map[string]struct {
			q    identity.GroupQuery
			want []identity.Group
		}{
			"all":                     {identity.GroupQuery{}, []identity.Group{staff, sales, north}},
			"name, in any case":       {identity.GroupQuery{Name: identity.Fold("Sales")}, []identity.Group{sales}},
			"id":                      {identity.GroupQuery{ID: north.ID}, []identity.Group{north}},
			"an account":              {identity.GroupQuery{Member: string(ada.ID)}, []identity.Group{north}},
			"a group":                 {identity.GroupQuery{Member: string(staff.ID)}, []identity.Group{north}},
			"id and account":          {identity.GroupQuery{ID: staff.ID, Member: string(ada.ID)}, nil},
			"a provider's id":         {identity.GroupQuery{ExternalID: "x"}, nil},
			"beyond one":              {identity.GroupQuery{After: staff.ID}, []identity.Group{sales, north}},
			"a name that nobody has":  {identity.GroupQuery{Name: "none"}, nil},
			"a member that nobody is": {identity.GroupQuery{Member: "none"}, nil},
		} {
			q := c.q
			q.Limit = 10
			got, err := w.store.Groups(ctx, w.own, q)
			require.NoError(t, err, name)
			require.Equal(t, c.want, got, name)
			n, err := w.store.CountGroups(ctx, w.own, c.q)
			require.NoError(t, err, name)
			require.Equal(t, len(c.want), n, name)
		}
		got, err := w.store.Groups(ctx, w.own, identity.GroupQuery{Skip: 1, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, []identity.Group{sales}, got)
	})
	t.Run("a member is called what whoever added it calls it", func(t *testing.T) {
		w.join(t, sales, identity.Member{Account: ada.ID, Display: "Ada L."})
		got, err := w.store.MembersOf(ctx, w.own, []identity.GroupID{sales.ID})
		require.NoError(t, err)
		require.Equal(t, []string{"Ada L.", "North"}, []string{got[0].Name, got[1].Name})
		w.must(t, func(tx identity.Tx) error {
			_, err := tx.RemoveMember(ctx, w.own, sales.ID, identity.Member{Account: ada.ID})
			return err
		})
	})
	t.Run("both groups are of the organization", func(t *testing.T) {
		foreign := w.group(t, w.other, "Others")
		w.must(t, func(tx identity.Tx) error {
			for _, c := range [][2]identity.GroupID{{staff.ID, foreign.ID}, {foreign.ID, staff.ID}, {staff.ID, "none"}} {
				_, err := tx.AddMembers(ctx, w.own, c[0], identity.Member{Group: c[1]})
				refused(t, err, identity.NotFound, identity.RuleUnknownGroup)
			}
			was, err := tx.RemoveMember(ctx, w.other, staff.ID, identity.Member{Group: sales.ID})
			require.NoError(t, err)
			require.False(t, was)
			return nil
		})
	})
	t.Run("a group leaves once, and a group that is deleted leaves its groups", func(t *testing.T) {
		for _, want := range []bool{true, false} {
			w.must(t, func(tx identity.Tx) error {
				was, err := tx.RemoveMember(ctx, w.own, north.ID, identity.Member{Group: staff.ID})
				require.Equal(t, want, was)
				return err
			})
		}
		w.must(t, func(tx identity.Tx) error { return tx.DeleteGroup(ctx, w.own, sales.ID, sales.Version) })
		got, err := w.store.MembersOf(ctx, w.own, []identity.GroupID{staff.ID})
		require.NoError(t, err)
		require.Equal(t, []identity.Membership{account(staff, bob)}, got)
	})
}
