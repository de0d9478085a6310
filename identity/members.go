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
	people, err := c.joining(ctx, g, e.Join)
	if err != nil {
		return err
	}
	leave := e.Leave
	if e.Only {
		if leave, err = c.everybodyBut(ctx, g, e.Join); err != nil {
			return err
		}
	}
	left, err := c.leave(ctx, g, leave)
	if err != nil {
		return err
	}
	joined, err := c.join(ctx, g, e.Join, people)
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

// joining reads the accounts that are to join, and refuses whoever cannot.
func (c *Acts) joining(ctx context.Context, g Group, join []Member) (map[AccountID]Account, error) {
	var ids []AccountID
	for _, m := range join {
		if m.Group == "" {
			ids = append(ids, m.Account)
		}
	}
	found, err := c.tx.AccountsAmong(ctx, c.org.ID, ids)
	if err != nil {
		return nil, err
	}
	people := make(map[AccountID]Account, len(found))
	for _, a := range found {
		people[a.ID] = a
	}
	for _, m := range join {
		if m.Group != "" {
			if _, err := c.tx.Group(ctx, c.org.ID, m.Group); err != nil {
				return nil, err
			}
			if m.Group == g.ID {
				return nil, Refuse(Invalid, RuleInvalidValue, "a group cannot be a member of itself").At("members")
			}
			continue
		}
		a, there := people[m.Account]
		if !there {
			if a, err = c.load(ctx, m.Account, nil); err != nil {
				return nil, err
			}
		}
		c.about = a
		if err := c.settled(a); err != nil {
			return nil, err
		}
	}
	return people, nil
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

func (c *Acts) join(ctx context.Context, g Group, join []Member, people map[AccountID]Account) (joined []string, err error) {
	var template Template
	if c.org.LicenceTemplates > 0 {
		if template, err = c.template(ctx, g.ID); err != nil {
			return nil, err
		}
	}
	for _, m := range join {
		isNew, err := c.tx.AddMember(ctx, c.org.ID, g.ID, m)
		if err != nil {
			return nil, err
		}
		if !isNew {
			continue
		}
		joined = append(joined, string(m.Account)+string(m.Group))
		if m.Group != "" {
			continue
		}
		if err := c.licenceMember(ctx, people[m.Account], template.Licences); err != nil {
			return nil, err
		}
	}
	return joined, nil
}
