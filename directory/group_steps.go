package directory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/identity"
)

// grouping plans what becomes of groups, after it is known what becomes of people.
type grouping struct {
	*survey
	linked   map[identity.ObjectID]*LinkedGroup
	read     map[identity.ObjectID]*GroupEntry
	arriving map[identity.ObjectID]arrival // whoever gets an account, or gets it back, by the same plan
	returned map[identity.AccountID]bool   // those who had one
	apart    map[identity.AccountID]bool   // whose memberships stay as they are: lost by the same plan, or nobody knows
	strays   int
	held     string
	steps    []Step
	late     []Step // groups join groups once all of them are there
}

// arrival is somebody who gets an account, or gets it back.
type arrival struct {
	account identity.AccountID // empty for a new one
	name    string
}

func newGrouping(s *survey) *grouping {
	g := &grouping{survey: s, linked: map[identity.ObjectID]*LinkedGroup{}, read: map[identity.ObjectID]*GroupEntry{},
		arriving: map[identity.ObjectID]arrival{}, returned: map[identity.AccountID]bool{}, apart: map[identity.AccountID]bool{}}
	for i := range s.Groups.Linked {
		g.linked[s.Groups.Linked[i].Directory.Object] = &s.Groups.Linked[i]
	}
	for i := range s.Snapshot.Groups {
		if s.Groups.Mode == "" {
			break
		}
		g.read[s.Snapshot.Groups[i].ID] = &s.Snapshot.Groups[i]
	}
	return g
}

// observe takes notice of what becomes of somebody.
func (g *grouping) observe(step Step) {
	if len(g.read)+len(g.linked) == 0 {
		return
	}
	switch {
	case step.Op == OpCreate || step.Op == OpAdopt || step.Op == OpRestore:
		g.arriving[step.Object] = arrival{step.Account, step.UserName}
		g.returned[step.Account] = true
	case step.Op == OpRemove || step.Code == RuleLossUnproven || step.Code == RuleClaimUndecided:
		g.apart[step.Account] = true
	}
}

// plan returns the steps of groups, after it has seen those of people, and why an administrator must look first, if one must.
func (g *grouping) plan() (steps []Step, held string) {
	for _, id := range slices.Sorted(maps.Keys(g.read)) {
		g.entry(g.read[id])
	}
	for _, id := range slices.Sorted(maps.Keys(g.linked)) {
		if g.read[id] == nil {
			g.missing(g.linked[id])
		}
	}
	g.strayMembers = g.strays
	slices.SortStableFunc(g.steps, func(a, b Step) int {
		return cmp.Or(cmp.Compare(rank(a.Op), rank(b.Op)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Object, b.Object))
	})
	return append(g.steps, g.late...), g.held
}

// entry plans for a group that was read.
func (g *grouping) entry(e *GroupEntry) {
	here := g.linked[e.ID]
	step := Step{Op: OpGroupCreate, Object: e.ID, DN: e.DN, Name: e.Name, Reason: reasonGroupCreate, Evidence: &Evidence{Finding: Present, DN: e.DN}}
	if here != nil {
		step.Op, step.Group, step.Reason = OpGroupUpdate, here.ID, reasonGroupMembers
	}
	members, problem := g.membersOf(e)
	if problem == "" {
		problem = nameProblem(e.Name)
	}
	if problem != "" {
		step.Op, step.Code, step.Reason, step.Unsettled = OpGroupSkip, RuleGroupUnread, problem, true
		if step.Name == "" && here != nil {
			step.Name = here.Name
		}
		g.steps = append(g.steps, step)
		return
	}
	if here == nil {
		step.Changes = []Change{{Attribute: "name", After: e.Name}}
	} else if step.Changes = g.changesOf(here, e); len(step.Changes) > 0 {
		step.Reason = reasonGroupRename
	}
	change := g.compare(here, members)
	if step.Op == OpGroupUpdate && len(step.Changes) == 0 && change.empty() {
		return
	}
	step.Notes = change.notes()
	g.put(step, change)
}

func nameProblem(name string) string {
	g := identity.Group{Name: name}
	if err := g.Validate(); err != nil {
		return sentence(err)
	}
	return ""
}

func (g *grouping) changesOf(here *LinkedGroup, e *GroupEntry) (changes []Change) {
	for _, c := range []Change{{"name", here.Name, e.Name}, {"directory.dn", here.Directory.DN, e.DN}} {
		if c.Before != c.After {
			changes = append(changes, c)
		}
	}
	return changes
}

// memberChange is who joins and who leaves a group.
type memberChange struct {
	join    []identity.ObjectID // people
	groups  []identity.ObjectID // groups that join
	leave   []MemberID
	joining []string // their names
	leaving []string
	strays  []string // whom nobody synchronizes
	kept    int      // who would leave if the reading were good enough
}

func (c memberChange) empty() bool { return len(c.join)+len(c.groups)+len(c.leave) == 0 }

// compare says who joins and who leaves, given whom the directory has in the group.
func (g *grouping) compare(here *LinkedGroup, members []GroupMember) memberChange {
	var c memberChange
	now := map[MemberID]*identity.LinkedMember{}
	if here != nil {
		for i := range here.Members {
			m := &here.Members[i]
			now[MemberID{m.Account, m.Group}] = m
		}
	}
	stays := make(map[MemberID]bool, len(members))
	for _, m := range members {
		id, name, group, known := g.whoIs(m)
		if !known {
			g.strays++
			c.strays = append(c.strays, cmp.Or(m.DN, string(m.ID), "somebody whom the directory does not show"))
			continue
		}
		stays[id] = true
		switch {
		case id != (MemberID{}) && now[id] != nil:
		case group:
			c.groups, c.joining = append(c.groups, m.ID), append(c.joining, name)
		default:
			c.join, c.joining = append(c.join, m.ID), append(c.joining, name)
		}
	}
	for id, m := range now {
		switch {
		case stays[id], g.apart[id.Account] && id.Account != "", m.SetApart && !g.returned[id.Account]:
		case g.noLosses != "":
			c.kept++
		default:
			c.leave = append(c.leave, id)
			c.leaving = append(c.leaving, m.Name)
		}
	}
	slices.Sort(c.join)
	slices.Sort(c.groups)
	slices.SortFunc(c.leave, func(a, b MemberID) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Group, b.Group))
	})
	return c
}

// whoIs says who a member of a group is here. id is empty if the same plan adds it.
func (g *grouping) whoIs(m GroupMember) (id MemberID, name string, group, known bool) {
	if m.ID == "" {
		return MemberID{}, "", false, false
	}
	if who, ok := g.arriving[m.ID]; ok {
		return MemberID{Account: who.account}, who.name, false, true
	}
	if person, ok := g.person(m.ID); ok && !person.SetApart && !g.apart[person.Account] {
		return MemberID{Account: person.Account}, person.Name, false, true
	}
	if g.Groups.Mode != NestedMembers {
		return MemberID{}, "", false, false
	}
	here, entry := g.linked[m.ID], g.read[m.ID]
	other, elsewhere := g.Groups.Others[m.ID]
	switch {
	case here != nil:
		return MemberID{Group: here.ID}, here.Name, true, true
	case elsewhere:
		return MemberID{Group: other.ID}, other.Name, true, true
	case entry != nil && entry.Problem == "" && nameProblem(entry.Name) == "":
		return MemberID{}, entry.Name, true, true
	}
	return MemberID{}, "", false, false
}

// person returns the account that is linked to an entry, whichever connector links it.
func (s *survey) person(id identity.ObjectID) (identity.LinkedMember, bool) {
	if i, ok := s.linked[id]; ok {
		return s.Accounts.glance(i).member(), true
	}
	m, ok := s.Groups.People[id]
	return m, ok
}

// member is the account as a member of groups.
func (g glance) member() identity.LinkedMember {
	return identity.LinkedMember{Account: g.ID, Connector: g.Connector, Object: g.Object, Name: g.UserName,
		SetApart: g.Shadow || g.Status == identity.DeferredClaim || g.gone()}
}

// membersOf returns whom a group has, as the mode wants it, or why nobody can tell.
func (g *grouping) membersOf(e *GroupEntry) ([]GroupMember, string) {
	if e.Problem != "" {
		return nil, e.Problem
	}
	switch g.Groups.Mode {
	case FlattenedMembers:
		return g.everybodyIn(e)
	case NestedMembers: // a group is not in itself here, whatever a directory permits
		return slices.DeleteFunc(slices.Clone(e.Members), func(m GroupMember) bool { return m.ID == e.ID }), ""
	}
	return slices.DeleteFunc(slices.Clone(e.Members), func(m GroupMember) bool { return g.isGroup(m.ID) }), ""
}

func (g *grouping) isGroup(id identity.ObjectID) bool {
	_, other := g.Groups.Others[id]
	return g.read[id] != nil || g.linked[id] != nil || other
}

// unknown reports whether a group is mirrored here, was not read, and nothing says why.
func (g *grouping) unknown(id identity.ObjectID) bool {
	f, found := g.Findings[id]
	return g.linked[id] != nil && (!found || f.Kind == Unknown)
}

// everybodyIn returns whom a group has, directly or by way of others, each once.
func (g *grouping) everybodyIn(e *GroupEntry) (all []GroupMember, problem string) {
	seen := map[identity.ObjectID]bool{e.ID: true}
	for queue := []*GroupEntry{e}; len(queue) > 0; queue = queue[1:] {
		if queue[0].Problem != "" {
			return nil, fmt.Sprintf("%s is in this group and could not be read, so nobody can tell who is. %s", queue[0].DN, queue[0].Problem)
		}
		for _, m := range queue[0].Members {
			if m.ID != "" && seen[m.ID] {
				continue
			}
			seen[m.ID] = true
			switch within := g.read[m.ID]; {
			case within != nil:
				queue = append(queue, within)
			case g.unknown(m.ID):
				return nil, fmt.Sprintf("%s is in this group and was not read, so nobody can tell who is.", g.linked[m.ID].Directory.DN)
			default:
				all = append(all, m)
			}
		}
	}
	return all, ""
}

// put adds a step, in several if it has many members.
func (g *grouping) put(step Step, c memberChange) {
	first := true
	add := func(join []identity.ObjectID, leave []MemberID) {
		part := step
		part.Join, part.Leave, part.Ends = join, leave, len(leave)
		if !first {
			part.Op, part.Changes, part.Reason, part.Notes = OpGroupUpdate, nil, reasonGroupFurther, nil
		}
		first = false
		g.steps = append(g.steps, part)
	}
	join, leave := c.join, c.leave
	for first || len(join)+len(leave) > 0 {
		n := min(len(leave), membersPerStep)
		k := min(len(join), membersPerStep-n)
		add(join[:k], leave[:n])
		join, leave = join[k:], leave[n:]
	}
	for part := range slices.Chunk(c.groups, membersPerStep) {
		own := step
		own.Op, own.Changes, own.Notes, own.Reason, own.Join = OpGroupUpdate, nil, nil, reasonGroupsJoin, part
		g.late = append(g.late, own)
	}
}

func (c memberChange) notes() (notes []string) {
	for _, list := range []struct {
		text  string
		names []string
	}{{"Joining", c.joining}, {"Leaving", c.leaving}, {"Nobody who is synchronized, so no members here", c.strays}} {
		if len(list.names) > 0 {
			notes = append(notes, fmt.Sprintf("%s (%d): %s.", list.text, len(list.names), someOf(list.names)))
		}
	}
	if c.kept > 0 {
		notes = append(notes, fmt.Sprintf("Members who stay though the directory does not have them, because this reading is not good enough to let anybody leave (DIR-19): %d.", c.kept))
	}
	return notes
}

func someOf(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if more := len(names) - namesShown; more > 0 {
		return strings.Join(names[:namesShown], "; ") + fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(names, "; ")
}

// within lists the entries of the groups that a group is in.
func (g *grouping) within(id identity.GroupID) (parents []identity.ObjectID) {
	for object, other := range g.linked {
		if slices.ContainsFunc(other.Members, func(m identity.LinkedMember) bool { return m.Group == id }) {
			parents = append(parents, object)
		}
	}
	slices.Sort(parents)
	return parents
}

// missing plans for a group that the reading lacks.
func (g *grouping) missing(here *LinkedGroup) {
	step := Step{Op: OpGroupSkip, Group: here.ID, Object: here.Directory.Object, DN: here.Directory.DN, Name: here.Name}
	gone := func(reason string) {
		step.Op, step.Reason, step.Ends = OpGroupDelete, reason, max(1, len(here.Members))
		for _, m := range here.Members { // for whoever wants it back
			step.Leave = append(step.Leave, MemberID{m.Account, m.Group})
		}
		step.Within = g.within(here.ID)
	}
	if g.Groups.Mode == "" {
		step.Op, step.Reason = OpGroupRelease, reasonGroupRelease
		g.steps = append(g.steps, step)
		return
	}
	if g.noLosses != "" {
		return // the plan says so once, for everything
	}
	f, ok := g.Findings[here.Directory.Object]
	if !ok {
		f = Finding{Kind: Unknown, Detail: "The entry was not looked up."}
	}
	step.Evidence = &Evidence{Finding: f.Kind, DN: f.DN, Detail: f.Detail}
	switch {
	case f.Kind == Tombstone || f.Kind == Absent:
		gone(reasonGroupDelete)
	case f.Kind == OutOfScope && g.Policy.OutOfScope == ScopeRetain:
		step.Code, step.Reason = RuleRetained, reasonGroupRetained
	case f.Kind == OutOfScope:
		gone(reasonGroupOutOfScope)
		if g.Policy.OutOfScope == ScopeHold {
			g.held = "Groups left the synchronized part of the directory, and the connector's policy asks an administrator first."
		}
	default:
		step.Code, step.Reason, step.Unsettled = RuleLossUnproven, reasonGroupUnknown, true
	}
	g.steps = append(g.steps, step)
}
