package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

// seenAccount is what a caller knows of an account that it has read or written in its transaction. Nobody else writes there meanwhile, so it need
// not look again before it writes.
type seenAccount struct {
	org     identity.OrgID
	version int64
	emails  string // as they are stored
}

// Account remembers what it has found.
func (t *transaction) Account(ctx context.Context, org identity.OrgID, id identity.AccountID) (identity.Account, error) {
	if err := t.conn.ready(ctx); err != nil {
		return identity.Account{}, t.conn.failed(err)
	}
	a, ok := t.shared.accounts[id]
	if ok = ok && a.Org == org; ok {
		delete(t.shared.accounts, id) // it is this caller's now, who may change it
	} else {
		var err error
		if a, err = t.reader.Account(ctx, org, id); err != nil {
			return a, err
		}
	}
	emails, err := encodeAddresses(a.Emails)
	if err != nil {
		return a, t.conn.failed(err)
	}
	t.accounts[id] = seenAccount{org, a.Version, emails}
	return a, nil
}

// seen returns what is known of an account, and reads it if nothing is.
func (t *transaction) seen(ctx context.Context, org identity.OrgID, id identity.AccountID) (seenAccount, error) {
	if known, ok := t.accounts[id]; ok && known.org == org {
		return known, nil
	}
	return one(ctx, t.run, unknownAccount, func(r *sql.Rows) (seenAccount, error) {
		found := seenAccount{org: org}
		return found, r.Scan(&found.version, &found.emails)
	}, `SELECT version, emails FROM accounts WHERE org_id = $1 AND id = $2`, org, id)
}
