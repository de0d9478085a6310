package directory

import (
	"context"
	"maps"
	"slices"

	"rollcall/identity"
)

// GroupSource is a ChangeSource that can tell of single groups.
type GroupSource interface {
	ChangeSource
	// Groups reads those of the given entries that are groups in scope, or all groups in scope if ids is nil.
	Groups(ctx context.Context, ids []identity.ObjectID) (Snapshot, error)
	// GroupsWith returns the groups in scope that have one of the entries with these names as a direct member.
	GroupsWith(ctx context.Context, dns []string) ([]identity.ObjectID, error)
}

// groupsPerPage is how many groups are read at a time.
const groupsPerPage = 500

// mostArriving is how many people are asked one by one which groups they are in. Beyond it, reading everything is faster.
const mostArriving = 2000

// linkedPeople finds who is linked to entries, by a connector and by the others of the organization.
func linkedPeople(ctx context.Context, read identity.Reader, org identity.OrgID, first identity.ConnectorID, objects []identity.ObjectID) (map[identity.ObjectID]identity.LinkedMember, error) {
	connectors, err := read.Connectors(ctx, org)
	if err != nil {
		return nil, err
	}
	people := make(map[identity.ObjectID]identity.LinkedMember, len(objects))
	slices.SortStableFunc(connectors, func(a, b identity.Connector) int {
		switch {
		case a.ID == first:
			return -1
		case b.ID == first:
			return 1
		}
		return 0
	})
	for _, n := range connectors {
		var rest []identity.ObjectID
		for _, id := range objects {
			if _, known := people[id]; !known {
				rest = append(rest, id)
			}
		}
		found, err := read.LinkedPeople(ctx, org, n.ID, rest)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			people[m.Object] = m
		}
	}
	return people, nil
}

// loadGroups loads the groups of a connector with their members, for a reading of everything.
func (s *Syncer) loadGroups(ctx context.Context, in *Input) error {
	read, org := s.service.Reader(), in.Org.ID
	var after identity.GroupID
	for {
		page, err := read.Groups(ctx, org, identity.GroupQuery{Connector: in.Connector.ID, After: after, Limit: groupsPerPage})
		if err != nil {
			return err
		}
		if err := s.loadMembers(ctx, in, page); err != nil {
			return err
		}
		if len(page) < groupsPerPage {
			break
		}
		after = page[len(page)-1].ID
	}
	for _, g := range in.Groups.Linked {
		in.Groups.Memberships += len(g.Members)
	}
	in.Groups.People = map[identity.ObjectID]identity.LinkedMember{}
	for i := range in.Accounts.Len() {
		if a := in.Accounts.glance(i); a.Linked && a.Connector != in.Connector.ID {
			in.Groups.People[a.Object] = a.member()
		}
	}
	return nil
}

// loadMembers adds groups with their members to what is known. The members of a group that is to be released do not matter.
func (s *Syncer) loadMembers(ctx context.Context, in *Input, groups []identity.Group) error {
	for _, g := range groups {
		linked := LinkedGroup{Group: g}
		if in.Groups.Mode != "" {
			var err error
			if linked.Members, err = s.service.Reader().LinkedMembers(ctx, in.Org.ID, g.ID); err != nil {
				return err
			}
			linked.Members = slices.Clone(linked.Members) // a list that grew has room for more
			for i := range linked.Members {
				in.shareMember(&linked.Members[i])
			}
		}
		in.Groups.Linked = append(in.Groups.Linked, linked)
	}
	return nil
}

// shareMember lets a member of a group be named with the texts of the account, if it is among those that were listed.
func (in *Input) shareMember(m *identity.LinkedMember) {
	i, found := in.Accounts.find(m.Account)
	if !found {
		return
	}
	a := in.Accounts.glance(i)
	if m.Account = a.ID; m.Name == a.UserName {
		m.Name = a.UserName
	}
	if a.linkedBy(m.Connector) && m.Object == a.Object {
		m.Connector, m.Object = a.Connector, a.Object
	}
}

// gatherGroups reads the groups that changes concern, now that it is known what becomes of people: those that changed themselves, and those
// of whoever arrives. Of a member who comes back, or gets an account only now, a directory tells nothing with the group.
func (s *Syncer) gatherGroups(ctx context.Context, source Source, view *survey, people []Step) error {
	in := &view.Input
	if in.Groups.Mode == "" || len(in.Changed) == 0 {
		return nil
	}
	from, ok := source.(GroupSource)
	if !ok {
		return &errFullReading{"This kind of directory does not tell of single groups."}
	}
	concerned, err := s.concernedGroups(ctx, from, view, people)
	if err != nil || len(concerned) == 0 {
		return err
	}
	if in.Groups.Mode == FlattenedMembers {
		// Who is in a group by way of others, only all of them tell.
		return s.gatherAllGroups(ctx, from, view)
	}
	for asked := map[identity.ObjectID]bool{}; len(concerned) > 0; {
		for _, id := range concerned {
			asked[id] = true
		}
		around, err := s.gatherSomeGroups(ctx, from, view, concerned)
		if err != nil {
			return err
		}
		concerned = slices.DeleteFunc(around, func(id identity.ObjectID) bool { return asked[id] })
	}
	if err := s.loadGroupSurroundings(ctx, in); err != nil {
		return err
	}
	return s.lookUpGroups(ctx, source, view)
}

// gatherSomeGroups reads single groups and loads what is known of them. around are the groups that those are in that arrive, or may have
// left for another name, if groups in groups count.
func (s *Syncer) gatherSomeGroups(ctx context.Context, from GroupSource, view *survey, ids []identity.ObjectID) (around []identity.ObjectID, err error) {
	in := &view.Input
	reading, err := from.Groups(ctx, ids)
	if err != nil {
		return nil, err
	}
	view.takeGroups(reading)
	linked, err := s.service.Reader().LinkedGroups(ctx, in.Org.ID, in.Connector.ID, ids)
	if err != nil {
		return nil, err
	}
	if err := s.loadMembers(ctx, in, linked); err != nil || in.Groups.Mode != NestedMembers {
		return nil, err
	}
	before := map[identity.ObjectID]identity.Group{}
	for _, g := range linked {
		before[g.Directory.Object] = g
	}
	var dns []string
	for _, e := range reading.Groups {
		g, known := before[e.ID]
		if known && (g.Directory.DN == e.DN || !in.Snapshot.MembersByName) {
			continue
		}
		dns = append(dns, e.DN)
		if !known {
			continue
		}
		over, err := s.service.Reader().Groups(ctx, in.Org.ID, identity.GroupQuery{Member: string(g.ID), Limit: groupsPerPage})
		if err != nil {
			return nil, err
		}
		around = append(around, objectsOf(over, in.Connector.ID)...)
	}
	if len(dns) == 0 {
		return around, nil
	}
	with, err := from.GroupsWith(ctx, dns)
	return append(around, with...), err
}

// objectsOf are the entries of those groups that a connector mirrors.
func objectsOf(groups []identity.Group, connector identity.ConnectorID) (ids []identity.ObjectID) {
	for _, g := range groups {
		if g.Directory != nil && g.Directory.Connector == connector {
			ids = append(ids, g.Directory.Object)
		}
	}
	return ids
}

// takeGroups takes over what was read of groups. What is missing there proves nothing either.
func (s *survey) takeGroups(reading Snapshot) {
	s.Snapshot.Groups = append(s.Snapshot.Groups, reading.Groups...)
	s.Snapshot.MembersByName = s.Snapshot.MembersByName || reading.MembersByName
	if !reading.Complete {
		s.Snapshot.Complete = false
		s.Snapshot.Gaps = append(s.Snapshot.Gaps, reading.Gaps...)
		s.judgeReading(len(s.Snapshot.Entries))
	}
}

func (s *Syncer) gatherAllGroups(ctx context.Context, from GroupSource, view *survey) error {
	reading, err := from.Groups(ctx, nil)
	if err != nil {
		return err
	}
	view.takeGroups(reading)
	if err := s.loadGroups(ctx, &view.Input); err != nil {
		return err
	}
	if err := s.loadGroupSurroundings(ctx, &view.Input); err != nil {
		return err
	}
	return s.lookUpGroups(ctx, from, view)
}

// concernedGroups lists the entries that changes tell of and that may be groups, and the groups of those who arrive.
func (s *Syncer) concernedGroups(ctx context.Context, from GroupSource, view *survey, people []Step) ([]identity.ObjectID, error) {
	in := &view.Input
	concerned := map[identity.ObjectID]bool{}
	persons := map[identity.ObjectID]bool{}
	for i := range in.Snapshot.Entries {
		persons[in.Snapshot.Entries[i].ID] = true
	}
	for object := range view.linked {
		persons[object] = true
	}
	for id := range in.Changed {
		if !persons[id] {
			concerned[id] = true
		}
	}
	var dns []string
	var accounts []identity.AccountID
	for _, step := range people {
		moved := in.Snapshot.MembersByName && step.Op == OpRename && slices.ContainsFunc(step.Changes, func(c Change) bool { return c.Attribute == "directory.dn" })
		if step.Op != OpCreate && step.Op != OpAdopt && step.Op != OpRestore && !moved {
			continue
		}
		dns = append(dns, step.DN)
		if step.Account != "" {
			accounts = append(accounts, step.Account)
		}
	}
	if len(dns) > mostArriving {
		return nil, &errFullReading{"So many people arrive that reading all groups is faster than asking for those of each."}
	}
	if len(dns) > 0 {
		groups, err := from.GroupsWith(ctx, dns)
		if err != nil {
			return nil, err
		}
		for _, id := range groups {
			concerned[id] = true
		}
	}
	for _, account := range accounts {
		groups, err := s.service.Reader().GroupsOf(ctx, in.Org.ID, account)
		if err != nil {
			return nil, err
		}
		for _, id := range objectsOf(groups, in.Connector.ID) {
			concerned[id] = true
		}
	}
	return slices.Sorted(maps.Keys(concerned)), nil
}

// loadGroupSurroundings loads who the members of the groups are that were read, and how many memberships there are.
func (s *Syncer) loadGroupSurroundings(ctx context.Context, in *Input) error {
	wanted := map[identity.ObjectID]bool{}
	for _, e := range in.Snapshot.Groups {
		for _, m := range e.Members {
			if m.ID != "" {
				wanted[m.ID] = true
			}
		}
	}
	ids := slices.Sorted(maps.Keys(wanted))
	read, org := s.service.Reader(), in.Org.ID
	var err error
	if in.Groups.People, err = linkedPeople(ctx, read, org, in.Connector.ID, ids); err != nil {
		return err
	}
	groups, err := read.LinkedGroups(ctx, org, in.Connector.ID, ids)
	if err != nil {
		return err
	}
	in.Groups.Others = make(map[identity.ObjectID]identity.Group, len(groups))
	for _, g := range groups {
		in.Groups.Others[g.Directory.Object] = g
	}
	in.Groups.Memberships, err = read.CountMemberships(ctx, org, in.Connector.ID)
	return err
}

// lookUpGroups looks up the groups that a reading of changes lacks.
func (s *Syncer) lookUpGroups(ctx context.Context, source Source, view *survey) error {
	ids := view.missingGroups()
	if len(ids) == 0 || view.noLosses != "" {
		return nil
	}
	known := view.Known
	if known == "" && len(view.Snapshot.Groups) > 0 {
		known = view.Snapshot.Groups[0].ID
	}
	if known == "" {
		return &errFullReading{"Groups are missing, and no other entry is known that a look-up could be proven with."}
	}
	findings, err := source.Find(ctx, ids, known)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if view.Findings == nil {
		view.Findings = map[identity.ObjectID]Finding{}
	}
	for _, id := range ids {
		if err != nil { // no evidence: nothing is lost
			view.Findings[id] = Finding{ID: id, Kind: Unknown, Detail: sentence(err)}
		}
	}
	for _, f := range findings {
		view.Findings[f.ID] = f
	}
	return nil
}
