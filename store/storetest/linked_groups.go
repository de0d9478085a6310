package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// mirror stores a group that mirrors an entry.
func (w world) mirror(t testing.TB, n identity.Connector, object identity.ObjectID) identity.Group {
	t.Helper()
	g := w.group(t, n.Org, string(object))
	g.Directory, g.Source = &identity.DirectoryLink{Connector: n.ID, Object: object, DN: "cn=" + string(object)}, identity.SourceDirectory
	w.must(t, func(tx identity.Tx) error { return tx.UpdateGroup(ctx, g) })
	g.Version++
	return g
}

func testLinkedGroups(t *testing.T, w world) {
	n, second := w.connector(t, w.own, "Head office"), w.connector(t, w.own, "Branch")
	staff, sales, other := w.mirror(t, n, "staff"), w.mirror(t, n, "sales"), w.mirror(t, second, "staff")
	local := w.group(t, w.own, "Local")
	t.Run("a group is read with its entry", func(t *testing.T) {
		got, err := w.store.Group(ctx, w.own, staff.ID)
		require.NoError(t, err)
		require.Equal(t, staff, got)
	})
	t.Run("an entry is mirrored by one group", func(t *testing.T) {
		twice := w.group(t, w.own, "Twice")
		twice.Directory = staff.Directory
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateGroup(ctx, twice) }), identity.Conflict, identity.RuleObjectLinked)
	})
	t.Run("groups are found by connector and by entry", func(t *testing.T) {
		got, err := w.store.Groups(ctx, w.own, identity.GroupQuery{Connector: n.ID, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []identity.Group{staff, sales}, got)
		got, err = w.store.LinkedGroups(ctx, w.own, n.ID, []identity.ObjectID{"sales", "none"})
		require.NoError(t, err)
		require.Equal(t, []identity.Group{sales}, got)
		got, err = w.store.LinkedGroups(ctx, w.own, n.ID, nil)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	person := func(name string, change func(*identity.Account)) identity.Account {
		a := w.account(w.own, name)
		change(&a)
		return w.add(t, a)
	}
	linked := func(a *identity.Account) {
		a.Directory = &identity.DirectoryLink{Connector: n.ID, Object: identity.ObjectID(a.UserName), DN: "cn=" + a.UserName}
	}
	inactive := func(why identity.InactiveReason) func(*identity.Account) {
		return func(a *identity.Account) {
			linked(a)
			a.Status, a.InactiveReason, a.StatusAt = identity.Inactive, why, start
		}
	}
	people := map[identity.AccountID]identity.LinkedMember{}
	for _, c := range []struct {
		a     identity.Account
		apart bool
	}{
		{person("here", linked), false},
		{person("unlinked", func(*identity.Account) {}), false},
		{person("disabled", inactive(identity.DirectoryDisabled)), false},
		{person("deleted", inactive(identity.DirectoryDeleted)), true},
		{person("moved", inactive(identity.DirectoryOutOfScope)), true},
		{person("claimed", func(a *identity.Account) { linked(a); a.Status = identity.DeferredClaim }), true},
		{person("shadow", func(a *identity.Account) { linked(a); a.Shadow = true }), true},
	} {
		m := identity.LinkedMember{Account: c.a.ID, Name: c.a.UserName, SetApart: c.apart}
		if c.a.Directory != nil {
			m.Connector, m.Object = n.ID, c.a.Directory.Object
		}
		people[c.a.ID] = m
		w.member(t, staff, c.a.ID)
	}
	for _, g := range []identity.Group{sales, local} {
		w.join(t, staff, identity.Member{Group: g.ID})
	}
	t.Run("members are listed with their ties, and with who is set apart", func(t *testing.T) {
		got, err := w.store.LinkedMembers(ctx, w.own, staff.ID)
		require.NoError(t, err)
		require.Len(t, got, len(people)+2)
		for _, m := range got[:len(people)] {
			require.Equal(t, people[m.Account], m)
		}
		require.Equal(t, []identity.LinkedMember{{Group: sales.ID, Connector: n.ID, Object: "sales", Name: "sales"}, {Group: local.ID, Name: "Local"}}, got[len(people):])
		got, err = w.store.LinkedMembers(ctx, w.own, other.ID)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("people are found by their entries", func(t *testing.T) {
		got, err := w.store.LinkedPeople(ctx, w.own, n.ID, []identity.ObjectID{"here", "moved", "unlinked", "none"})
		require.NoError(t, err)
		require.Len(t, got, 2)
		for _, m := range got {
			require.Equal(t, people[m.Account], m)
		}
		got, err = w.store.LinkedPeople(ctx, w.own, second.ID, []identity.ObjectID{"here"})
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("memberships of a connector's groups are counted", func(t *testing.T) {
		w.member(t, sales, firstOf(people))
		for connector, want := range map[identity.ConnectorID]int{n.ID: len(people) + 1, second.ID: 0} {
			got, err := w.store.CountMemberships(ctx, w.own, connector)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
	t.Run("groups stay when their connector goes", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteConnector(ctx, w.own, second.ID) })
		got, err := w.store.Group(ctx, w.own, other.ID)
		require.NoError(t, err)
		other.Directory, other.Source, other.Version = nil, identity.SourceManual, other.Version+1
		require.Equal(t, other, got)
	})
}

func firstOf(people map[identity.AccountID]identity.LinkedMember) (first identity.AccountID) {
	for id := range people {
		if first == "" || id < first {
			first = id
		}
	}
	return first
}
