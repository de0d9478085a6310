package directory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"rollcall/identity"
)

// weight is how much of a transaction a step takes: one that lets many join is as much work as many steps.
func (s Step) weight() int { return 1 + len(s.Join) + len(s.Leave) + len(s.Return) + s.photoWeight() }

// applyGroup applies a step of a group. What else became of the group meanwhile does not make a step stale: who joins and who leaves is
// said one by one. Only a name that somebody changed is not written over.
func (a *application) applyGroup(ctx context.Context, c *identity.Acts, s Step, evidence json.RawMessage) error {
	link := &identity.DirectoryLink{Connector: a.plan.Connector, Object: s.Object, DN: s.DN}
	if s.Op == OpGroupCreate {
		g, err := c.CreateGroup(ctx, s.Name, "", identity.Origin{Source: identity.SourceDirectory, Link: link, Evidence: evidence})
		if err != nil || len(s.Join)+len(s.Return) == 0 {
			return err
		}
		return a.editGroup(ctx, c, g, s, identity.GroupEdit{Evidence: evidence})
	}
	groups, err := c.Tx().LinkedGroups(ctx, a.plan.Org, a.plan.Connector, []identity.ObjectID{s.Object})
	if err != nil {
		return err
	}
	if len(groups) == 0 && s.Group != "" && a.stored.Reading.Kind == ReadUndo {
		return a.tieAgain(ctx, c, s, link, evidence)
	}
	if len(groups) == 0 || s.Group != "" && groups[0].ID != s.Group {
		return identity.Refuse(identity.NotFound, RuleAccountMovedOn, "no group mirrors the entry %s", s.Object)
	}
	switch g := groups[0]; s.Op {
	case OpGroupDelete:
		return c.DeleteGroup(ctx, g.ID, nil, evidence)
	case OpGroupRelease:
		return a.editGroup(ctx, c, g, s, identity.GroupEdit{Release: true, Evidence: evidence})
	default:
		return a.editGroup(ctx, c, g, s, identity.GroupEdit{Link: link, Evidence: evidence})
	}
}

// tieAgain takes back that a group was let go.
func (a *application) tieAgain(ctx context.Context, c *identity.Acts, s Step, link *identity.DirectoryLink, evidence json.RawMessage) error {
	g, err := c.Tx().Group(ctx, a.plan.Org, s.Group)
	if err != nil {
		return err
	}
	if g.Directory != nil {
		return identity.Refuse(identity.Stale, RuleAccountMovedOn, "the group %s mirrors another entry by now", g.Name)
	}
	return a.editGroup(ctx, c, g, s, identity.GroupEdit{Link: link, Evidence: evidence})
}

func (a *application) editGroup(ctx context.Context, c *identity.Acts, g identity.Group, s Step, e identity.GroupEdit) error {
	for _, change := range s.Changes {
		if change.Attribute != "name" || s.Op == OpGroupCreate {
			continue
		}
		if g.Name != change.Before {
			return identity.Refuse(identity.Stale, RuleAccountMovedOn, "the group %s was renamed after the plan was made", g.Name)
		}
		e.Name = &change.After
	}
	for _, m := range s.Leave {
		e.Leave = append(e.Leave, identity.Member{Account: m.Account, Group: m.Group})
	}
	var err error
	if e.Join, err = a.joiners(ctx, c, s.Join); err != nil {
		return err
	}
	back, err := a.returning(ctx, c, s.Return)
	if err != nil {
		return err
	}
	e.Join = append(e.Join, back...)
	_, err = c.EditGroup(ctx, g.ID, nil, func(identity.Group) (identity.GroupEdit, error) { return e, nil })
	return err
}

// joiners finds who is linked to entries by now: people of any connector of the organization, and groups of this one. Somebody whose account
// did not come about joins once it does: the next plan looks again.
func (a *application) joiners(ctx context.Context, c *identity.Acts, objects []identity.ObjectID) (join []identity.Member, err error) {
	if len(objects) == 0 {
		return nil, nil
	}
	people, err := linkedPeople(ctx, c.Tx(), a.plan.Org, a.plan.Connector, objects)
	if err != nil {
		return nil, err
	}
	groups, err := c.Tx().LinkedGroups(ctx, a.plan.Org, a.plan.Connector, objects)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		if m := people[id]; !m.SetApart {
			join = append(join, identity.Member{Account: m.Account})
		}
	}
	for _, g := range groups {
		join = append(join, identity.Member{Group: g.ID})
	}
	return join, nil
}

// returning are those of former members who are still there and may join.
func (a *application) returning(ctx context.Context, c *identity.Acts, list []MemberID) (join []identity.Member, err error) {
	for _, m := range list {
		var apart bool
		if m.Group != "" {
			_, err = c.Tx().Group(ctx, a.plan.Org, m.Group)
		} else {
			var account identity.Account
			account, err = c.Tx().Account(ctx, a.plan.Org, m.Account)
			apart = account.Shadow || account.Status == identity.DeferredClaim
		}
		switch {
		case identity.IsNotFound(err):
		case err != nil:
			return nil, err
		case !apart:
			join = append(join, identity.Member{Account: m.Account, Group: m.Group})
		}
	}
	return join, nil
}
