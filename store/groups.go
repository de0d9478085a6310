package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

const groupColumns = `groups.org_id, groups.id, groups.name, groups.external_id, groups.source, groups.created_at, groups.updated_at,
	groups.version`

func scanGroup(r *sql.Rows) (g identity.Group, err error) {
	return g, r.Scan(scanID(&g.Org), scanID(&g.ID), &g.Name, text(&g.ExternalID), text(&g.Source), instant{&g.CreatedAt},
		instant{&g.UpdatedAt}, &g.Version)
}

func (r reader) Group(ctx context.Context, org identity.OrgID, id identity.GroupID) (identity.Group, error) {
	return one(ctx, r.run, unknownGroup, scanGroup, `SELECT `+groupColumns+` FROM groups WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Groups(ctx context.Context, org identity.OrgID, after identity.GroupID, limit int) ([]identity.Group, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanGroup,
		`SELECT `+groupColumns+` FROM groups WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3`, org, after, limit)
}

func (r reader) Members(ctx context.Context, org identity.OrgID, group identity.GroupID, after identity.AccountID, limit int) ([]identity.AccountID, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	scan := func(r *sql.Rows) (id identity.AccountID, err error) { return id, r.Scan(scanID(&id)) }
	return list(ctx, r.run, scan, `SELECT account_id FROM group_members WHERE org_id = $1 AND group_id = $2 AND account_id > $3
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
	_, err := t.exec(ctx, `INSERT INTO groups (org_id, id, name, external_id, source, created_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`, g.Org, g.ID, g.Name, orNull(g.ExternalID), g.Source, g.CreatedAt, g.UpdatedAt)
	return err
}

func (t *transaction) UpdateGroup(ctx context.Context, g identity.Group) error {
	n, err := t.exec(ctx, `UPDATE groups SET name = $4, external_id = $5, source = $6, created_at = $7, updated_at = $8, version = version + 1
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		g.Org, g.ID, g.Version, g.Name, orNull(g.ExternalID), g.Source, g.CreatedAt, g.UpdatedAt)
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

// AddMember selects what it inserts, so that a group or an account that is not there is no violation.
func (t *transaction) AddMember(ctx context.Context, org identity.OrgID, group identity.GroupID, account identity.AccountID) (bool, error) {
	n, err := t.exec(ctx, `INSERT INTO group_members (org_id, group_id, account_id)
		SELECT groups.org_id, groups.id, accounts.id FROM groups JOIN accounts ON accounts.org_id = groups.org_id
		WHERE groups.org_id = $1 AND groups.id = $2 AND accounts.id = $3
		ON CONFLICT (org_id, group_id, account_id) DO NOTHING`, org, group, account)
	if err != nil || n > 0 {
		return n > 0, err
	}
	if err := t.exists(ctx, unknownGroup, `SELECT 1 FROM groups WHERE org_id = $1 AND id = $2`, org, group); err != nil {
		return false, err
	}
	return false, t.exists(ctx, unknownAccount, `SELECT 1 FROM accounts WHERE org_id = $1 AND id = $2`, org, account)
}

func (t *transaction) RemoveMember(ctx context.Context, org identity.OrgID, group identity.GroupID, account identity.AccountID) (bool, error) {
	n, err := t.exec(ctx, `DELETE FROM group_members WHERE org_id = $1 AND group_id = $2 AND account_id = $3`, org, group, account)
	return n > 0, err
}
