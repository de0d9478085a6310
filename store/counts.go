package store

import (
	"context"

	"rollcall/identity"
)

// The table org_counts says how many accounts, groups and items of each type an organization has. Triggers of the schema keep it, but for accounts that
// are inserted, which a transaction adds up. A list
// without a filter tells how many there are in all, and counting them takes longer than reading the page.

// What is counted, as the table names it.
const (
	countedAccounts = "accounts"
	countedGroups   = "groups"
	countedItems    = "items/" // and their type
)

// counted returns how many of a kind an organization has.
func (r reader) counted(ctx context.Context, org identity.OrgID, kind string) (int, error) {
	found, err := list(ctx, r.run, scanInt, `SELECT n FROM org_counts WHERE org_id = $1 AND kind = $2`, org, kind)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}

// addCount counts what no trigger has counted. What is not written yet stands in shared.
const addCount = `INSERT INTO org_counts AS c (org_id, kind, n) VALUES ($1, $2, $3) ON CONFLICT (org_id, kind) DO UPDATE SET n = c.n + excluded.n`

// counted also has what the batch has inserted so far.
func (t *transaction) counted(ctx context.Context, org identity.OrgID, kind string) (int, error) {
	n, err := t.reader.counted(ctx, org, kind)
	if kind == countedAccounts {
		n += t.shared.inserted[org]
	}
	return n, err
}

func (t *transaction) CountAccounts(ctx context.Context, org identity.OrgID, where identity.Condition) (int, error) {
	if where == nil {
		return t.counted(ctx, org, countedAccounts)
	}
	return t.reader.CountAccounts(ctx, org, where)
}

func (t *transaction) CountUsers(ctx context.Context, org identity.OrgID) (int, error) {
	n, err := t.reader.CountUsers(ctx, org)
	return n + t.shared.inserted[org], err
}
