package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"rollcall/identity"
)

// The last column is an answer more than a column: looked up in an index, it saves most readers from asking for groups. PostgreSQL would
// read all groups of all organizations for EXISTS, to be ready for many accounts, and then be asked for a page of them.
const accountColumns = `accounts.id, accounts.org_id, user_name, external_id, emails, profile, status, previous_status,
	inactive_reason, status_at, status_event, source, connector_id, object_id, dn, shadow, pending_email, pending_since,
	invited_at, first_sign_in_at, last_sign_in_at, accounts.created_at, accounts.updated_at, accounts.version,
	(SELECT 1 FROM group_members WHERE group_members.org_id = accounts.org_id AND group_members.account_id = accounts.id LIMIT 1) IS NOT NULL`

func scanAccount(r *sql.Rows) (identity.Account, error) { return scanAccountAfter(r) }

// scanAccountAfter scans an account whose columns stand behind others.
func scanAccountAfter(r *sql.Rows, others ...any) (identity.Account, error) {
	var a identity.Account
	var link identity.DirectoryLink
	err := r.Scan(append(others, scanID(&a.ID), scanID(&a.Org), &a.UserName, text(&a.ExternalID), addressList{&a.Emails}, text(&a.Profile),
		text(&a.Status), text(&a.PreviousStatus), text(&a.InactiveReason), instant{&a.StatusAt}, scanID(&a.StatusEvent), text(&a.Source),
		scanID(&link.Connector), text(&link.Object), text(&link.DN), &a.Shadow, text(&a.PendingEmail), instant{&a.PendingSince}, instant{&a.InvitedAt},
		instant{&a.FirstSignInAt}, instant{&a.LastSignInAt}, instant{&a.CreatedAt}, instant{&a.UpdatedAt}, &a.Version, &a.InGroups)...)
	if link.Connector != "" {
		a.Directory = &link
	}
	return a, err
}

func (r reader) Account(ctx context.Context, org identity.OrgID, id identity.AccountID) (identity.Account, error) {
	return one(ctx, r.run, unknownAccount, scanAccount, selectAccount, org, id)
}

const selectAccount = `SELECT ` + accountColumns + ` FROM accounts WHERE org_id = $1 AND id = $2`

func (r reader) AccountByUserName(ctx context.Context, org identity.OrgID, key identity.NameKey) (identity.Account, error) {
	return one(ctx, r.run, unknownAccount, scanAccount,
		`SELECT `+accountColumns+` FROM accounts WHERE org_id = $1 AND user_name_key = $2`, org, key)
}

func (r reader) AccountFor(ctx context.Context, key identity.AccountKey, tokenHash string) (identity.Account, bool, error) {
	query, args := accountFor(key, tokenHash)
	found, err := one(ctx, r.run, unknownAccount, scanConfirmed, query, args...)
	return found.Account, found.good, err
}

// accountFor asks for an account, and whether a token is good.
func accountFor(key identity.AccountKey, tokenHash string) (query string, args []any) {
	if key.ID == "" {
		return selectConfirmed + `user_name_key = $3`, []any{tokenHash, key.Org, key.Name}
	}
	return selectConfirmed + `id = $3`, []any{tokenHash, key.Org, key.ID}
}

const selectConfirmed = `SELECT EXISTS (SELECT 1 FROM tokens WHERE hash = $1 AND revoked_at IS NULL), ` + accountColumns + `
	FROM accounts WHERE org_id = $2 AND `

// confirmed is an account with whether the token of whoever asks is good.
type confirmed struct {
	identity.Account
	good bool
}

func scanConfirmed(r *sql.Rows) (c confirmed, err error) {
	c.Account, err = scanAccountAfter(r, &c.good)
	return c, err
}

func (r reader) Accounts(ctx context.Context, org identity.OrgID, q identity.AccountQuery) ([]identity.Account, error) {
	query, args, err := r.dialect.accountsQuery(org, q)
	if err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanAccount, query, args...)
}

// accountsQuery compiles a query. To skip, it looks for the first id of the page in an index that holds everything a
// condition compares, and reads whole accounts from there on.
func (d *dialect) accountsQuery(org identity.OrgID, q identity.AccountQuery) (string, []any, error) {
	if err := positive(q.Limit); err != nil {
		return "", nil, err
	}
	if q.Skip < 0 {
		return "", nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "cannot skip %d accounts", q.Skip).At("skip")
	}
	c, where, err := d.accountsWhere(org, q.Where)
	if err != nil {
		return "", nil, err
	}
	if q.After != "" {
		where += " AND id > " + c.arg(q.After)
	}
	query := `SELECT ` + accountColumns + ` FROM accounts WHERE ` + where
	if q.Skip > 0 {
		query += ` AND id >= (SELECT id FROM accounts WHERE ` + where + ` ORDER BY id LIMIT 1 OFFSET ` + c.arg(q.Skip) + `)`
	}
	query += ` ORDER BY id LIMIT ` + c.arg(q.Limit)
	return query, c.args, nil
}

// accountsWhere compiles the condition on one organization.
func (d *dialect) accountsWhere(org identity.OrgID, where identity.Condition) (*compiler, string, error) {
	c := &compiler{dialect: d, org: org}
	own := "org_id = " + c.arg(org)
	if where == nil {
		return c, own, nil
	}
	condition, err := c.condition(where, 1)
	return c, own + " AND (" + condition + ")", err
}

func (r reader) CountAccounts(ctx context.Context, org identity.OrgID, where identity.Condition) (int, error) {
	if where == nil {
		return r.counted(ctx, org, countedAccounts)
	}
	c, condition, err := r.dialect.accountsWhere(org, where)
	if err != nil {
		return 0, r.run.failed(err)
	}
	return one(ctx, r.run, unknownOrganization, scanInt, `SELECT count(*) FROM accounts WHERE `+condition, c.args...)
}

// ConnectorAccounts finds accounts by their connector, which is of one organization. PostgreSQL must not take the organization for the better way:
// a plan that it keeps for many values is for an organization with as many accounts as most have.
func (r reader) ConnectorAccounts(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, after identity.AccountID, limit int) ([]identity.Account, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanAccount, `SELECT `+accountColumns+` FROM accounts
		WHERE connector_id = $1 AND id > $2 AND (org_id = $3) IS TRUE ORDER BY id LIMIT $4`, connector, after, org, limit)
}

func (r reader) LinkedAccounts(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, objects []identity.ObjectID) ([]identity.Account, error) {
	var all []identity.Account
	for part := range slices.Chunk(objects, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanAccount, `SELECT `+accountColumns+` FROM accounts
			WHERE connector_id = `+c.arg(connector)+` AND object_id IN (`+listed(c, part)+`) AND (org_id = `+c.arg(org)+`) IS TRUE`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (r reader) ProfilesNaming(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, ids []identity.AccountID) ([]identity.ObjectID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	c := &compiler{dialect: r.dialect}
	query := `SELECT object_id FROM accounts WHERE connector_id = ` + c.arg(connector) + ` AND (org_id = ` + c.arg(org) + `) IS TRUE AND (`
	for i, id := range ids {
		if i > 0 {
			query += " OR "
		}
		query += r.dialect.contains("profile", string(id), c.arg)
	}
	return list(ctx, r.run, scanObject, query+")", c.args...)
}

func scanObject(r *sql.Rows) (object identity.ObjectID, err error) {
	return object, r.Scan(text(&object))
}

func (r reader) AccountsAmong(ctx context.Context, org identity.OrgID, ids []identity.AccountID) ([]identity.Account, error) {
	var all []identity.Account
	for part := range slices.Chunk(ids, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanAccount, `SELECT `+accountColumns+` FROM accounts
			WHERE org_id = `+c.arg(org)+` AND id IN (`+listed(c, part)+`)`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (r reader) SettledAmong(ctx context.Context, org identity.OrgID, ids []identity.AccountID) ([]identity.AccountID, error) {
	var all []identity.AccountID
	for part := range slices.Chunk(ids, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanAccountID, `SELECT id FROM accounts
			WHERE org_id = `+c.arg(org)+` AND id IN (`+listed(c, part)+`) AND NOT shadow AND status <> 'deferred_claim'`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// accountsDue says in SQL what identity.Account.Due says. What its organization says is looked up for each account, in the order of their clocks:
// a join would have PostgreSQL read all organizations first.
const accountsDue = `SELECT ` + accountColumns + ` FROM accounts
	WHERE status = 'inactive' AND NOT shadow AND inactive_reason IS DISTINCT FROM 'directory_disabled' AND status_at <= $1
		AND status_at <= $1 - $2 * CASE WHEN inactive_reason IN ('directory_deleted', 'directory_out_of_scope') THEN $3
			ELSE (SELECT retention_days FROM organizations WHERE id = accounts.org_id) END
		AND (inactive_reason IN ('directory_deleted', 'directory_out_of_scope')
			OR COALESCE((SELECT retention_cut_at FROM organizations WHERE id = accounts.org_id), $1 - $4) <= $1 - $4)
	ORDER BY status_at LIMIT $5`

func (r reader) AccountsDue(ctx context.Context, now time.Time, limit int) ([]identity.Account, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanAccount, accountsDue, now, identity.Day.Microseconds(), identity.DirectoryLossDays,
		identity.CutNotice.Microseconds(), limit)
}

func (r reader) EmailChangesDue(ctx context.Context, asked time.Time, limit int) ([]identity.Account, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanAccount, `SELECT `+accountColumns+` FROM accounts
		WHERE pending_since IS NOT NULL AND pending_since <= $1 ORDER BY pending_since LIMIT $2`, asked, limit)
}

func scanHold(r *sql.Rows) (h identity.Hold, err error) {
	return h, r.Scan(text(&h.Key), scanID(&h.Org), scanID(&h.Account), text(&h.Kind))
}

func (r reader) Hold(ctx context.Context, key identity.EmailKey) (identity.Hold, error) {
	return one(ctx, r.run, unknownHold, scanHold, `SELECT email_key, org_id, account_id, kind FROM address_holds WHERE email_key = $1`, key)
}

func (r reader) HoldsAmong(ctx context.Context, keys []identity.EmailKey) ([]identity.Hold, error) {
	var all []identity.Hold
	for part := range slices.Chunk(keys, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanHold, `SELECT email_key, org_id, account_id, kind FROM address_holds WHERE email_key IN (`+listed(c, part)+`)`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}
