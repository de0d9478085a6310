package directory

import (
	"context"
	"fmt"
	"slices"

	"rollcall/identity"
)

// undoGroups plans to take back what the run did to groups, as far as they still are as it left them. What somebody else did since
// stays: who joined or left by another hand, a name that was given later.
func (s *Syncer) undoGroups(ctx context.Context, u *undoing) error {
	read, org := s.service.Reader(), u.Org.ID
	for _, step := range slices.Backward(u.teams) {
		back := Step{Op: OpGroupSkip, Group: step.Group, Object: step.Object, DN: step.DN, Name: step.Name, Code: RuleAccountMovedOn}
		linked, err := read.LinkedGroups(ctx, org, u.Connector.ID, []identity.ObjectID{step.Object})
		if err != nil {
			return err
		}
		switch step.Op {
		case OpGroupDelete:
			if len(linked) > 0 {
				back.Reason = reasonUndoGroupThere
				break
			}
			u.restoreGroup(back, step)
			continue
		case OpGroupRelease:
			if back.Reason, err = s.released(ctx, org, step.Group); err != nil {
				return err
			}
			if back.Reason == "" {
				back.Op, back.Code, back.Reason = OpGroupUpdate, "", reasonUndoRelease
			}
		default:
			if len(linked) == 0 {
				back.Reason = reasonUndoGroupGone
				break
			}
			if err := s.undoGroup(ctx, u, &back, step, linked[0]); err != nil {
				return err
			}
		}
		u.teamSteps = append(u.teamSteps, back)
	}
	u.teamSteps = append(u.teamSteps, u.within...)
	var err error
	u.Groups.Memberships, err = read.CountMemberships(ctx, org, u.Connector.ID)
	return err
}

// restoreGroup plans to make a group again, with everybody who was in it, in as many steps as that takes.
func (u *undoing) restoreGroup(back, step Step) {
	back.Op, back.Group, back.Code, back.Reason = OpGroupCreate, "", "", reasonUndoDelete
	back.Changes = []Change{{Attribute: "name", After: step.Name}}
	for part := range slices.Chunk(step.Leave, membersPerStep) {
		back.Return = part
		u.teamSteps = append(u.teamSteps, back)
		back.Op, back.Changes, back.Reason = OpGroupUpdate, nil, reasonGroupFurther
	}
	if len(step.Leave) == 0 {
		u.teamSteps = append(u.teamSteps, back)
	}
	for _, parent := range step.Within {
		u.within = append(u.within, Step{Op: OpGroupUpdate, Object: parent, Name: step.Name, Reason: reasonUndoWithin, Join: []identity.ObjectID{step.Object}})
	}
}

// released says why a group that was let go cannot be tied again; nothing if it can.
func (s *Syncer) released(ctx context.Context, org identity.OrgID, id identity.GroupID) (string, error) {
	g, err := s.service.Reader().Group(ctx, org, id)
	switch {
	case identity.IsNotFound(err):
		return reasonUndoGroupGone, nil
	case err == nil && g.Directory != nil:
		return reasonUndoGroupThere, nil
	}
	return "", err
}

// undoGroup plans for a group that the run made or changed.
func (s *Syncer) undoGroup(ctx context.Context, u *undoing, back *Step, step Step, g identity.Group) error {
	back.Group = g.ID
	if back.Name = g.Name; step.Op == OpGroupCreate {
		members, err := s.service.Reader().CountMembers(ctx, u.Org.ID, g.ID)
		if err != nil {
			return err
		}
		back.Op, back.Code, back.Reason, back.Ends = OpGroupDelete, "", reasonUndoCreate, max(1, members)
		return nil
	}
	for _, change := range step.Changes {
		if change.Attribute != "name" {
			continue
		}
		if g.Name == change.After {
			back.Changes = []Change{{Attribute: "name", Before: change.After, After: change.Before}}
		} else {
			back.Notes = append(back.Notes, fmt.Sprintf("The name stays: the group is called %s by now.", g.Name))
		}
	}
	now, err := s.service.Reader().LinkedMembers(ctx, u.Org.ID, g.ID)
	if err != nil {
		return err
	}
	joined := map[identity.ObjectID]bool{}
	for _, id := range step.Join {
		joined[id] = true
	}
	in := map[MemberID]bool{}
	for _, m := range now {
		in[MemberID{m.Account, m.Group}] = true
		if m.Object != "" && joined[m.Object] {
			back.Leave = append(back.Leave, MemberID{m.Account, m.Group})
		}
	}
	for _, m := range step.Leave {
		there, err := s.exists(ctx, u.Org.ID, m)
		if err != nil {
			return err
		}
		if there && !in[m] {
			back.Return = append(back.Return, m)
		}
	}
	if back.Ends = len(back.Leave); len(back.Changes)+len(back.Leave)+len(back.Return) == 0 {
		back.Reason = reasonUndoGroupOther
		return nil
	}
	back.Op, back.Code, back.Reason = OpGroupUpdate, "", reasonUndoGroup
	back.Notes = append(back.Notes, fmt.Sprintf("Members who leave again: %d; who are back: %d.", len(back.Leave), len(back.Return)))
	return nil
}

// exists reports whether somebody who was in a group is still anybody. A group that the run deleted, too, comes back with a new id; see Within.
func (s *Syncer) exists(ctx context.Context, org identity.OrgID, m MemberID) (bool, error) {
	var err error
	if m.Group != "" {
		_, err = s.service.Reader().Group(ctx, org, m.Group)
	} else {
		_, err = s.service.Reader().Account(ctx, org, m.Account)
	}
	if identity.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
