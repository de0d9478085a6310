package store

import (
	"context"
	"database/sql"
	"slices"

	"rollcall/identity"
)

const groupColumns = `groups.org_id, groups.id, groups.name, groups.external_id, groups.attributes, groups.source, groups.created_at, groups.updated_at,
	groups.version, groups.connector_id, groups.object_id, groups.dn`

func scanGroup(r *sql.Rows) (g identity.Group, err error) {
	var link identity.DirectoryLink
	err = r.Scan(scanID(&g.Org), scanID(&g.ID), &g.Name, text(&g.ExternalID), text(&g.Attributes), text(&g.Source), instant{&g.CreatedAt},
		instant{&g.UpdatedAt}, &g.Version, scanID(&link.Connector), text(&link.Object), text(&link.DN))
	if link.Connector != "" {
		g.Directory = &link
	}
	return g, err
}

func (r reader) Group(ctx context.Context, org identity.OrgID, id identity.GroupID) (identity.Group, error) {
	return one(ctx, r.run, unknownGroup, scanGroup, `SELECT `+groupColumns+` FROM groups WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Groups(ctx context.Context, org identity.OrgID, q identity.GroupQuery) ([]identity.Group, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	where, c := r.dialect.groups(org, q)
	query := `SELECT ` + groupColumns + where + ` ORDER BY groups.id LIMIT ` + c.arg(q.Limit)
	if q.Skip > 0 {
		query += ` OFFSET ` + c.arg(q.Skip)
	}
	return list(ctx, r.run, scanGroup, query, c.args...)
}

func (r reader) CountGroups(ctx context.Context, org identity.OrgID, q identity.GroupQuery) (int, error) {
	if q == (identity.GroupQuery{Skip: q.Skip, Limit: q.Limit}) {
		return r.counted(ctx, org, countedGroups)
	}
	where, c := r.dialect.groups(org, q)
	return one(ctx, r.run, unknownGroup, scanInt, `SELECT count(*)`+where, c.args...)
}

// groups compiles what of a query is the same for listing and counting.
func (d *dialect) groups(org identity.OrgID, q identity.GroupQuery) (string, *compiler) {
	c := &compiler{dialect: d}
	own := c.arg(org)
	where := ` FROM groups WHERE groups.org_id = ` + own
	if q.Connector != "" { // as in ConnectorAccounts
		where = ` FROM groups WHERE (groups.org_id = ` + own + `) IS TRUE AND groups.connector_id = ` + c.arg(q.Connector)
	}
	if q.Member != "" {
		member := c.arg(identity.AccountID(q.Member))
		where += ` AND groups.id IN (SELECT group_id FROM group_members WHERE org_id = ` + own + ` AND account_id = ` + member + `
			UNION ALL SELECT group_id FROM group_groups WHERE org_id = ` + own + ` AND member_id = ` + member + `)`
	}
	if q.ID != "" {
		where += ` AND groups.id = ` + c.arg(q.ID)
	}
	if q.Name != "" {
		where += ` AND groups.name_key = ` + c.arg(q.Name)
	}
	if q.ExternalID != "" {
		where += ` AND groups.external_id = ` + c.arg(q.ExternalID)
	}
	if q.After != "" {
		where += ` AND groups.id > ` + c.arg(q.After)
	}
	return where, c
}

func (r reader) MembersOf(ctx context.Context, org identity.OrgID, groups []identity.GroupID) ([]identity.Membership, error) {
	var all []identity.Membership
	for _, group := range groups {
		accounts, err := list(ctx, r.run, scanMembership(group, true), `SELECT accounts.id, NULL, COALESCE(m.display, accounts.user_name) FROM group_members m
			CROSS JOIN accounts
			WHERE accounts.org_id = m.org_id AND accounts.id = m.account_id AND m.org_id = $1 AND m.group_id = $2 ORDER BY m.account_id`, org, group)
		if err != nil {
			return nil, err
		}
		within, err := list(ctx, r.run, scanMembership(group, true), `SELECT NULL, groups.id, COALESCE(m.display, groups.name) FROM group_groups m
			CROSS JOIN groups
			WHERE groups.org_id = m.org_id AND groups.id = m.member_id AND m.org_id = $1 AND m.group_id = $2 ORDER BY m.member_id`, org, group)
		if err != nil {
			return nil, err
		}
		all = append(append(all, accounts...), within...)
	}
	return all, nil
}

func scanMembership(group identity.GroupID, direct bool) func(*sql.Rows) (identity.Membership, error) {
	return func(r *sql.Rows) (identity.Membership, error) {
		m := identity.Membership{Group: group, Direct: direct}
		return m, r.Scan(scanID(&m.Member.Account), scanID(&m.Member.Group), &m.Name)
	}
}

// MembershipsOf looks up the name of each group that it found: a join could read all groups of the organization.
func (r reader) MembershipsOf(ctx context.Context, org identity.OrgID, accounts []identity.AccountID) ([]identity.Membership, error) {
	var all []identity.Membership
	for part := range slices.Chunk(accounts, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		own := c.arg(org)
		found, err := list(ctx, r.run, scanMembershipOf, `WITH RECURSIVE found (account_id, group_id, direct) AS (
				SELECT account_id, group_id, 1 FROM group_members WHERE org_id = `+own+` AND account_id IN (`+listed(c, part)+`)
				UNION SELECT f.account_id, n.group_id, 0 FROM found f JOIN group_groups n ON n.org_id = `+own+` AND n.member_id = f.group_id)
			SELECT f.account_id, f.group_id, (SELECT name FROM groups WHERE org_id = `+own+` AND id = f.group_id), max(f.direct) FROM found f
			GROUP BY f.account_id, f.group_id ORDER BY f.account_id, f.group_id`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func scanAccountID(r *sql.Rows) (id identity.AccountID, err error) { return id, r.Scan(scanID(&id)) }

func scanMembershipOf(r *sql.Rows) (m identity.Membership, err error) {
	return m, r.Scan(scanID(&m.Member.Account), scanID(&m.Group), &m.Name, &m.Direct)
}

func (r reader) Members(ctx context.Context, org identity.OrgID, group identity.GroupID, after identity.AccountID, limit int) ([]identity.AccountID, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanAccountID, `SELECT account_id FROM group_members WHERE org_id = $1 AND group_id = $2 AND account_id > $3
		ORDER BY account_id LIMIT $4`, org, group, after, limit)
}

func (r reader) CountMembers(ctx context.Context, org identity.OrgID, group identity.GroupID) (int, error) {
	return one(ctx, r.run, unknownGroup, scanInt, `SELECT count(*) FROM group_members WHERE org_id = $1 AND group_id = $2`, org, group)
}

func (r reader) GroupsOf(ctx context.Context, org identity.OrgID, account identity.AccountID) ([]identity.Group, error) {
	return list(ctx, r.run, scanGroup, `SELECT `+groupColumns+` FROM group_members m
		JOIN groups ON groups.org_id = m.org_id AND groups.id = m.group_id
		WHERE m.org_id = $1 AND m.account_id = $2 ORDER BY m.group_id`, org, account)
}

func (t *transaction) InsertGroup(ctx context.Context, g identity.Group) error {
	link := linkColumns(g.Directory)
	_, err := t.exec(ctx, `INSERT INTO groups (org_id, id, name, name_key, external_id, source, created_at, updated_at, attributes, version,
			connector_id, object_id, dn)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $12)`,
		g.Org, g.ID, g.Name, identity.Fold(g.Name), orNull(g.ExternalID), g.Source, g.CreatedAt, g.UpdatedAt, g.Attributes, link[0], link[1], link[2])
	return err
}

func (t *transaction) UpdateGroup(ctx context.Context, g identity.Group) error {
	link := linkColumns(g.Directory)
	n, err := t.exec(ctx, `UPDATE groups SET name = $4, name_key = $5, external_id = $6, source = $7, created_at = $8, updated_at = $9,
			attributes = $10, connector_id = $11, object_id = $12, dn = $13, version = version + 1
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		g.Org, g.ID, g.Version, g.Name, identity.Fold(g.Name), orNull(g.ExternalID), g.Source, g.CreatedAt, g.UpdatedAt, g.Attributes,
		link[0], link[1], link[2])
	if err == nil && n == 0 {
		return t.staleGroup(ctx, g.Org, g.ID)
	}
	return err
}

// DeleteGroup leaves memberships to the schema's cascade.
func (t *transaction) DeleteGroup(ctx context.Context, org identity.OrgID, id identity.GroupID, version int64) error {
	n, err := t.exec(ctx, `DELETE FROM groups WHERE org_id = $1 AND id = $2 AND version = $3`, org, id, version)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.staleGroup(ctx, org, id)
	}
	_, err = t.exec(ctx, `DELETE FROM templates WHERE org_id = $1 AND group_id = $2`, org, id)
	return err
}

func (t *transaction) staleGroup(ctx context.Context, org identity.OrgID, id identity.GroupID) error {
	return t.stale(ctx, unknownGroup, `SELECT version FROM groups WHERE org_id = $1 AND id = $2`, org, id)
}
