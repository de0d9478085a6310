package store

import (
	"context"
	"database/sql"
	"slices"

	"rollcall/identity"
)

func (r reader) LinkedGroups(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, objects []identity.ObjectID) ([]identity.Group, error) {
	var all []identity.Group
	for part := range slices.Chunk(objects, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanGroup, `SELECT `+groupColumns+` FROM groups
			WHERE connector_id = `+c.arg(connector)+` AND object_id IN (`+listed(c, part)+`) AND (org_id = `+c.arg(org)+`) IS TRUE`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// linkedPerson selects what [scanLinkedPerson] reads.
const linkedPerson = `accounts.id, accounts.connector_id, accounts.object_id, accounts.user_name,
	accounts.shadow OR accounts.status = 'deferred_claim'
	OR accounts.status = 'inactive' AND accounts.inactive_reason IN ('directory_deleted', 'directory_out_of_scope')`

func scanLinkedPerson(r *sql.Rows) (m identity.LinkedMember, err error) {
	var apart sql.NullBool // NULL where somebody is inactive for no reason
	err = r.Scan(scanID(&m.Account), scanID(&m.Connector), text(&m.Object), &m.Name, &apart)
	m.SetApart = apart.Bool
	return m, err
}

func scanLinkedGroup(r *sql.Rows) (m identity.LinkedMember, err error) {
	return m, r.Scan(scanID(&m.Group), scanID(&m.Connector), text(&m.Object), &m.Name)
}

func (r reader) LinkedMembers(ctx context.Context, org identity.OrgID, group identity.GroupID) ([]identity.LinkedMember, error) {
	people, err := list(ctx, r.run, scanLinkedPerson, `SELECT `+linkedPerson+` FROM group_members m
		CROSS JOIN accounts
		WHERE accounts.org_id = m.org_id AND accounts.id = m.account_id AND m.org_id = $1 AND m.group_id = $2 ORDER BY m.account_id`, org, group)
	if err != nil {
		return nil, err
	}
	within, err := list(ctx, r.run, scanLinkedGroup, `SELECT groups.id, groups.connector_id, groups.object_id, groups.name FROM group_groups m
		CROSS JOIN groups
		WHERE groups.org_id = m.org_id AND groups.id = m.member_id AND m.org_id = $1 AND m.group_id = $2 ORDER BY m.member_id`, org, group)
	return append(people, within...), err
}

func (r reader) LinkedPeople(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, objects []identity.ObjectID) ([]identity.LinkedMember, error) {
	var all []identity.LinkedMember
	for part := range slices.Chunk(objects, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanLinkedPerson, `SELECT `+linkedPerson+` FROM accounts
			WHERE connector_id = `+c.arg(connector)+` AND object_id IN (`+listed(c, part)+`) AND (org_id = `+c.arg(org)+`) IS TRUE`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (r reader) CountMemberships(ctx context.Context, org identity.OrgID, connector identity.ConnectorID) (int, error) {
	return one(ctx, r.run, unknownGroup, scanInt, `SELECT count(*) FROM groups
		CROSS JOIN group_members m
		WHERE m.org_id = groups.org_id AND m.group_id = groups.id AND groups.connector_id = $1 AND (groups.org_id = $2) IS TRUE`, connector, org)
}
