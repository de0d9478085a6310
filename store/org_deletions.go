package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"rollcall/identity"
)

func scanSite(r *sql.Rows) (l identity.SiteLink, err error) {
	return l, r.Scan(scanID(&l.Org), &l.Site, text(&l.Licence), text(&l.Status), instant{&l.CreatedAt}, instant{&l.UpdatedAt})
}

func (r reader) SiteLinks(ctx context.Context, org identity.OrgID) ([]identity.SiteLink, error) {
	return list(ctx, r.run, scanSite, `SELECT org_id, site, licence, status, created_at, updated_at FROM site_links WHERE org_id = $1 ORDER BY site`, org)
}

func (t *transaction) PutSiteLink(ctx context.Context, l identity.SiteLink) error {
	_, err := t.exec(ctx, `INSERT INTO site_links (org_id, site, licence, status, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (org_id, site) DO UPDATE SET licence = excluded.licence, status = excluded.status, updated_at = excluded.updated_at`,
		l.Org, l.Site, l.Licence, l.Status, l.CreatedAt, l.UpdatedAt)
	return err
}

func (t *transaction) DeleteSiteLink(ctx context.Context, org identity.OrgID, site string) error {
	return t.write(ctx, unknownSite, `DELETE FROM site_links WHERE org_id = $1 AND site = $2`, org, site)
}

const deletionColumns = `org_id, id, handling, state, actor, requested_at, users_at, deleted_at, converted, removed, version`

func scanDeletion(r *sql.Rows) (d identity.OrgDeletion, err error) {
	var by storedActor
	err = r.Scan(scanID(&d.Org), scanID(&d.ID), text(&d.Handling), text(&d.State), structured{&by}, instant{&d.RequestedAt}, instant{&d.UsersAt},
		instant{&d.DeletedAt}, &d.Converted, &d.Removed, &d.Version)
	d.By = identity.Actor(by)
	return d, err
}

func (r reader) OrgDeletion(ctx context.Context, org identity.OrgID) (identity.OrgDeletion, error) {
	return one(ctx, r.run, unknownDeletion, scanDeletion, `SELECT `+deletionColumns+` FROM org_deletions WHERE org_id = $1`, org)
}

func (r reader) OrgDeletionsOpen(ctx context.Context, limit int) ([]identity.OrgDeletion, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanDeletion, `SELECT `+deletionColumns+` FROM org_deletions WHERE state <> 'deleted' ORDER BY requested_at LIMIT $1`, limit)
}

func (r reader) CountUsers(ctx context.Context, org identity.OrgID) (int, error) {
	return one(ctx, r.run, unknownOrganization, scanInt, `SELECT COALESCE((SELECT n FROM org_counts WHERE org_id = $1 AND kind = $2), 0)
		- (SELECT count(*) FROM accounts WHERE org_id = $1 AND (shadow OR machine))`, org, countedAccounts)
}

func (t *transaction) InsertOrgDeletion(ctx context.Context, d identity.OrgDeletion) error {
	by, err := json.Marshal(storedActor(d.By))
	if err != nil {
		return t.conn.failed(err)
	}
	_, err = t.exec(ctx, `INSERT INTO org_deletions (`+deletionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)`,
		d.Org, d.ID, d.Handling, d.State, json.RawMessage(by), d.RequestedAt, d.UsersAt, d.DeletedAt, d.Converted, d.Removed)
	return err
}

func (t *transaction) UpdateOrgDeletion(ctx context.Context, d identity.OrgDeletion) error {
	n, err := t.exec(ctx, `UPDATE org_deletions SET state = $3, users_at = $4, deleted_at = $5, converted = $6, removed = $7, version = version + 1
		WHERE org_id = $1 AND version = $2`, d.Org, d.Version, d.State, d.UsersAt, d.DeletedAt, d.Converted, d.Removed)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownDeletion, `SELECT version FROM org_deletions WHERE org_id = $1`, d.Org)
	}
	return err
}

// purges are the tables that hold what an organization has, each with the condition that finds its rows, in an order in which
// nothing is deleted that something else still refers to. Tables whose rows go with others' are not in it. A test compares it
// with the schema.
var purges = []purge{
	{"scim_exchanges", "org_id, token_id, at, id", "org_id = $1"},
	{"tokens", "id", "org_id = $1"},
	{"runs", "id", "org_id = $1"},
	{"plan_photos", "org_id, plan_id, digest", "org_id = $1"},
	{"plans", "id", "org_id = $1"},
	{"sync_schedules", "connector_id", "org_id = $1"},
	{"identity_providers", "issuer", "org_id = $1"},
	{"domain_challenges", "org_id, name", "org_id = $1"},
	{"domains", "org_id, name", "org_id = $1"},
	{"relationships", "managing, managed", "managing = $1 OR managed = $1"},
	{"templates", "org_id, group_id", "org_id = $1"},
	{"groups", "org_id, id", "org_id = $1"},
	{"connectors", "id", "org_id = $1"},
	{"assignments", "org_id, account_id, licence", "org_id = $1"},
	{"subscriptions", "org_id, id", "org_id = $1"},
	{"job_rows", "org_id, job_id, number", "org_id = $1"},
	{"job_chunks", "org_id, job_id, number", "org_id = $1"},
	{"jobs", "org_id, id", "org_id = $1"},
	{"items", "org_id, type, id", "org_id = $1"},
	{"claims", "id", "target = $1"}, // those of its own users are what other organizations did, and name its id
	{"site_links", "org_id, site", "org_id = $1"},
	{"messages", "org_id, id", "org_id = $1 AND NOT (channel = 'order' AND state IN ('waiting', 'parked'))"},
	{"grants", "org_id, issuer, subject", "org_id = $1"},
	{"receipts", "caller, key", "org_id = $1"},
	{"org_counts", "org_id, kind", "org_id = $1 AND n = 0"}, // what came before counts down to it
}

func (t *transaction) PurgeOrganization(ctx context.Context, org identity.OrgID, limit int) (int, error) {
	defer t.shared.forget()
	return t.deleteAmong(ctx, purges, org, limit)
}

func (r reader) ReminderLater(ctx context.Context, org identity.OrgID, account identity.AccountID, prompt string) (time.Time, error) {
	return one(ctx, r.run, unknownPrompt, func(rows *sql.Rows) (at time.Time, err error) { return at, rows.Scan(instant{&at}) },
		`SELECT later_at FROM reminders WHERE org_id = $1 AND account_id = $2 AND prompt = $3`, org, account, prompt)
}

func (t *transaction) PutReminder(ctx context.Context, org identity.OrgID, account identity.AccountID, prompt string, at time.Time) error {
	_, err := t.exec(ctx, `INSERT INTO reminders (org_id, account_id, prompt, later_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, account_id, prompt) DO UPDATE SET later_at = excluded.later_at`, org, account, prompt, at)
	return err
}
