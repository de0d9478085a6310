package store

import (
	"context"

	"rollcall/identity"
)

// memberTable is where one kind of members is.
type memberTable struct {
	name, column string // of the memberships
	of           string // the table of the members themselves
	unknown      unknown
}

var (
	accountMembers = memberTable{"group_members", "account_id", "accounts", unknownAccount}
	groupMembers   = memberTable{"group_groups", "member_id", "groups", unknownGroup}
)

func membersTable(m identity.Member) memberTable {
	if m.Group != "" {
		return groupMembers
	}
	return accountMembers
}

// AddMembers adds those of one kind whom nobody calls anything but their own names many at a time.
func (t *transaction) AddMembers(ctx context.Context, org identity.OrgID, group identity.GroupID, members ...identity.Member) ([]identity.Member, error) {
	var added []identity.Member
	for len(members) > 0 {
		first, n := members[0], 1
		for n < min(len(members), rowsAtOnce) && membersTable(members[n]) == membersTable(first) && members[n].Display == first.Display {
			n++
		}
		part, err := t.addAlike(ctx, org, group, members[:n])
		if err != nil {
			return nil, err
		}
		added, members = append(added, part...), members[n:]
	}
	return added, nil
}

// addAlike adds members of one kind who are called the same. It selects what it inserts, so that a group or a member that is not there is no
// violation.
func (t *transaction) addAlike(ctx context.Context, org identity.OrgID, group identity.GroupID, members []identity.Member) ([]identity.Member, error) {
	table := membersTable(members[0])
	c := &compiler{dialect: t.dialect}
	added, err := t.idsOf(ctx, `INSERT INTO `+table.name+` (org_id, group_id, `+table.column+`, display)
		SELECT groups.org_id, groups.id, m.id, `+c.arg(orNull(members[0].Display))+` FROM groups JOIN `+table.of+` m ON m.org_id = groups.org_id
		WHERE groups.org_id = `+c.arg(org)+` AND groups.id = `+c.arg(group)+` AND m.id IN (`+listed(c, idsOf(members))+`)
		ON CONFLICT (org_id, group_id, `+table.column+`) DO NOTHING RETURNING `+table.column, c.args)
	if err != nil {
		return nil, err
	}
	t.conn.wrote = t.conn.wrote || len(added) > 0
	clear(t.shared.accounts) // an account says whether it is in groups
	var joined, rest []identity.Member
	for _, m := range members {
		if id := idOf(m); added[id] {
			joined = append(joined, m)
			delete(added, id) // who is named twice joins once
		} else {
			rest = append(rest, m)
		}
	}
	if len(rest) == 0 {
		return joined, nil
	}
	if err := t.exists(ctx, unknownGroup, `SELECT 1 FROM groups WHERE org_id = $1 AND id = $2`, org, group); err != nil {
		return nil, err
	}
	c = &compiler{dialect: t.dialect}
	there, err := t.idsOf(ctx, `SELECT id FROM `+table.of+` WHERE org_id = `+c.arg(org)+` AND id IN (`+listed(c, idsOf(rest))+`)`, c.args)
	if err != nil {
		return nil, err
	}
	for _, id := range idsOf(rest) {
		if !there[id] {
			return nil, table.unknown.err()
		}
	}
	return joined, nil
}

// idOf returns the id of an account or a group; they are stored alike.
func idOf(m identity.Member) identity.AccountID { return m.Account + identity.AccountID(m.Group) }

func idsOf(members []identity.Member) []identity.AccountID {
	ids := make([]identity.AccountID, len(members))
	for i, m := range members {
		ids[i] = idOf(m)
	}
	return ids
}

func (t *transaction) idsOf(ctx context.Context, query string, args []any) (map[identity.AccountID]bool, error) {
	ids := map[identity.AccountID]bool{}
	for id, err := range rows(ctx, t.run, scanAccountID, query, args) {
		if err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, nil
}

func (t *transaction) RemoveMember(ctx context.Context, org identity.OrgID, group identity.GroupID, m identity.Member) (bool, error) {
	table := membersTable(m)
	n, err := t.exec(ctx, `DELETE FROM `+table.name+` WHERE org_id = $1 AND group_id = $2 AND `+table.column+` = $3`, org, group, idOf(m))
	return n > 0, err
}
