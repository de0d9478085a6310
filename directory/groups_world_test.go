package directory_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// team is a group of a made-up directory.
type team struct {
	id      identity.ObjectID
	name    string
	members []identity.ObjectID
	problem string
}

// group puts a group with members into the directory, or changes it.
func (m *madeUp) group(name string, members ...string) *team {
	id := identity.ObjectID("group-" + name)
	g := m.team(id)
	if g == nil {
		g = &team{id: id, name: name}
		m.groups = append(m.groups, g)
	}
	g.members = nil
	for _, member := range members {
		g.members = append(g.members, objectOf(member))
	}
	m.touch(id)
	return g
}

// objectOf is the id of a person, or of a group that is written "@name".
func objectOf(member string) identity.ObjectID {
	if name, group := strings.CutPrefix(member, "@"); group {
		return identity.ObjectID("group-" + name)
	}
	return identity.ObjectID("object-" + member)
}

func (m *madeUp) team(id identity.ObjectID) *team {
	for _, g := range m.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

func (m *madeUp) touch(id identity.ObjectID) {
	if m.touched == nil {
		m.touched = map[identity.ObjectID]int{}
	}
	m.happened++
	m.touched[id] = m.happened
}

// disband takes a group out of the directory.
func (m *madeUp) disband(name string) {
	id := objectOf("@" + name)
	m.groups = slices.DeleteFunc(m.groups, func(g *team) bool { return g.id == id })
	m.touch(id)
}

// exists reports whether an entry is anywhere in the directory.
func (m *madeUp) exists(id identity.ObjectID) bool {
	if m.team(id) != nil || slices.ContainsFunc(m.entries, func(e directory.Entry) bool { return e.ID == id }) {
		return true
	}
	kind := m.findings[id]
	return kind == directory.OutOfScope || kind == directory.Unknown
}

// forget takes those who do not exist out of all groups, and says nothing of it.
func (m *madeUp) forget() {
	for _, g := range m.groups {
		g.members = slices.DeleteFunc(g.members, func(id identity.ObjectID) bool { return !m.exists(id) })
	}
}

func (m *madeUp) shownGroups() (shown []directory.GroupEntry) {
	for _, g := range m.groups {
		e := directory.GroupEntry{ID: g.id, DN: "cn=" + g.name + ",ou=groups", Name: g.name, Problem: g.problem}
		for _, id := range g.members {
			if m.exists(id) {
				e.Members = append(e.Members, directory.GroupMember{ID: id, DN: "cn=" + string(id)})
			}
		}
		shown = append(shown, e)
	}
	return shown
}

func (d *teller) Groups(_ context.Context, ids []identity.ObjectID) (directory.Snapshot, error) {
	groups := d.shownGroups()
	if ids != nil {
		groups = slices.DeleteFunc(groups, func(g directory.GroupEntry) bool { return !slices.Contains(ids, g.ID) })
	}
	return directory.Snapshot{Groups: groups, Complete: len(d.gaps) == 0, Gaps: d.gaps}, nil
}

func (d *teller) GroupsWith(_ context.Context, dns []string) (ids []identity.ObjectID, err error) {
	for _, g := range d.groups {
		named := func(dn string, id identity.ObjectID) bool {
			return slices.Contains(dns, dn) && slices.Contains(g.members, id)
		}
		if slices.ContainsFunc(d.entries, func(e directory.Entry) bool { return named(e.DN, e.ID) }) ||
			slices.ContainsFunc(d.shownGroups(), func(e directory.GroupEntry) bool { return named(e.DN, e.ID) }) {
			ids = append(ids, g.id)
		}
	}
	return ids, nil
}

var _ directory.GroupSource = (*teller)(nil)

// mirroring makes the world's connector mirror groups.
func (w *world) mirroring(mode directory.GroupMode) *world {
	raw, err := json.Marshal(map[string]any{"groups": directory.GroupSettings{Members: mode}, "policy": map[string]any{"maxDropPercent": 100}})
	require.NoError(w.t, err)
	w.configure(string(raw))
	return w
}

// teams are the groups of the store: their names, each with its members in order, people as objects and groups as "@name".
func (w *world) teams() map[string][]string {
	ctx := w.t.Context()
	groups, err := w.store.Groups(ctx, w.org, identity.GroupQuery{Limit: 10_000})
	require.NoError(w.t, err)
	teams := map[string][]string{}
	for _, g := range groups {
		members, err := w.store.LinkedMembers(ctx, w.org, g.ID)
		require.NoError(w.t, err)
		list := []string{}
		for _, m := range members {
			if m.Group != "" {
				list = append(list, "@"+m.Name)
			} else if name, ok := strings.CutPrefix(string(m.Object), "object-"); ok {
				list = append(list, name)
			} else {
				list = append(list, m.Name)
			}
		}
		slices.Sort(list)
		teams[g.Name] = list
	}
	return teams
}
