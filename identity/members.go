package identity

import (
	"context"
	"slices"
)

// RenameGroup gives a group another name; see [Acts.EditGroup].
func (c *Acts) RenameGroup(ctx context.Context, id GroupID, expect func(Group) error, name string) (Group, error) {
	return c.EditGroup(ctx, id, expect, func(Group) (GroupEdit, error) { return GroupEdit{Name: &name}, nil })
}

// AddMember makes accounts direct members of a group; see [Acts.EditGroup].
func (c *Acts) AddMember(ctx context.Context, id GroupID, expect func(Group) error, accounts ...AccountID) (Group, error) {
	return c.EditGroup(ctx, id, expect, func(Group) (GroupEdit, error) { return GroupEdit{Join: members(accounts)}, nil })
}

// RemoveMember ends memberships; accounts that are no members change nothing. See [Acts.EditGroup].
func (c *Acts) RemoveMember(ctx context.Context, id GroupID, expect func(Group) error, accounts ...AccountID) (Group, error) {
	return c.EditGroup(ctx, id, expect, func(Group) (GroupEdit, error) { return GroupEdit{Leave: members(accounts)}, nil })
}

func members(accounts []AccountID) []Member {
	all := make([]Member, len(accounts))
	for i, a := range accounts {
		all[i] = Member{Account: a}
	}
	return all
}

// editMembers lets members leave and join, and adds to said who did. Everybody is looked at first, so that a refusal leaves the group as
// it was.
func (c *Acts) editMembers(ctx context.Context, g Group, e GroupEdit, said map[string]any) error {
	if err := c.joining(ctx, g, e.Join); err != nil {
		return err
	}
	leave, err := e.Leave, error(nil)
	if e.Only {
		if leave, err = c.everybodyBut(ctx, g, e.Join); err != nil {
			return err
		}
	}
	left, err := c.leave(ctx, g, leave)
	if err != nil {
		return err
	}
	joined, err := c.join(ctx, g, e.Join)
	if err != nil {
		return err
	}
	for what, list := range map[string][]string{"removed": left, "added": joined} {
		if len(list) > 0 {
			said[what] = list
		}
	}
	return nil
}

// joining looks at the accounts that are to join, and refuses whoever cannot.
func (c *Acts) joining(ctx context.Context, g Group, join []Member) error {
	var ids []AccountID
	for _, m := range join {
		if m.Group == "" {
			ids = append(ids, m.Account)
		}
	}
	found, err := c.tx.SettledAmong(ctx, c.org.ID, ids)
	if err != nil {
		return err
	}
	settled := make(map[AccountID]bool, len(found))
	for _, id := range found {
		settled[id] = true
	}
	for _, m := range join {
		if m.Group != "" {
			if _, err := c.tx.Group(ctx, c.org.ID, m.Group); err != nil {
				return err
			}
			if m.Group == g.ID {
				return Refuse(Invalid, RuleInvalidValue, "a group cannot be a member of itself").At("members")
			}
			continue
		}
		if settled[m.Account] {
			continue
		}
		a, err := c.load(ctx, m.Account, nil)
		if err != nil {
			return err
		}
		if err := c.settled(a); err != nil {
			return err
		}
	}
	return nil
}

func (c *Acts) everybodyBut(ctx context.Context, g Group, stay []Member) ([]Member, error) {
	now, err := c.tx.MembersOf(ctx, c.org.ID, []GroupID{g.ID})
	if err != nil {
		return nil, err
	}
	stays := make(map[Member]bool, len(stay))
	for _, m := range stay {
		stays[m.id()] = true
	}
	now = slices.DeleteFunc(now, func(m Membership) bool { return stays[m.Member.id()] })
	others := make([]Member, len(now))
	for i, m := range now {
		others[i] = m.Member
	}
	return others, nil
}

func (c *Acts) leave(ctx context.Context, g Group, leave []Member) (left []string, err error) {
	for _, m := range leave {
		was, err := c.tx.RemoveMember(ctx, c.org.ID, g.ID, m)
		if err != nil {
			return nil, err
		}
		if was {
			left = append(left, string(m.Account)+string(m.Group))
		}
	}
	return left, nil
}

func (c *Acts) join(ctx context.Context, g Group, join []Member) (joined []string, err error) {
	var template Template
	if c.org.LicenceTemplates > 0 {
		if template, err = c.template(ctx, g.ID); err != nil {
			return nil, err
		}
	}
	added, err := c.tx.AddMembers(ctx, c.org.ID, g.ID, join...)
	if err != nil {
		return nil, err
	}
	for _, m := range added {
		joined = append(joined, string(m.Account)+string(m.Group))
		if m.Group != "" || len(template.Licences) == 0 {
			continue
		}
		a, err := c.load(ctx, m.Account, nil)
		if err != nil {
			return nil, err
		}
		if err := c.licenceMember(ctx, a, template.Licences); err != nil {
			return nil, err
		}
	}
	return joined, nil
}
