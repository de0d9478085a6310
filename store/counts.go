package store

import (
	"context"

	"rollcall/identity"
)

// The table org_counts says how many accounts, groups and items of each type an organization has. Triggers of the schema keep it. A list
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
