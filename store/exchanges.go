package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const exchangeColumns = `org_id, token_id, at, id, method, path, query, status, scim_type, detail, duration_us, body, request_id, user_agent`

func scanExchange(r *sql.Rows) (e identity.Exchange, err error) {
	var took int64
	err = r.Scan(scanID(&e.Org), scanID(&e.Token), instant{&e.At}, scanID(&e.ID), &e.Method, &e.Path, &e.Query, &e.Status, &e.Code, &e.Detail, &took,
		&e.Body, &e.RequestID, &e.UserAgent)
	e.Took = time.Duration(took) * time.Microsecond
	return e, err
}

func (r reader) Exchanges(ctx context.Context, org identity.OrgID, q identity.ExchangeQuery) ([]identity.Exchange, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query := `SELECT ` + exchangeColumns + ` FROM scim_exchanges WHERE org_id = ` + c.arg(org) + ` AND token_id = ` + c.arg(q.Token)
	if q.After.ID != "" {
		query += ` AND (at, id) < (` + c.arg(q.After.At) + `, ` + c.arg(q.After.ID) + `)`
	}
	if q.Failed {
		query += ` AND (status >= 400 OR detail <> '')`
	}
	return list(ctx, r.run, scanExchange, query+` ORDER BY at DESC, id DESC LIMIT `+c.arg(q.Limit), c.args...)
}

// insertExchange looks for the token in the same statement.
const insertExchange = `INSERT INTO scim_exchanges (` + exchangeColumns + `)
	SELECT org_id, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM tokens WHERE org_id = $1 AND id = $2`

// InsertExchange waits for the first one of a token, which says whether the token is there. Most exchanges come in batches, and while those are
// written nobody else can write in the organization.
func (t *transaction) InsertExchange(ctx context.Context, e identity.Exchange) error {
	args := []any{e.Org, e.Token, e.At, e.ID, e.Method, e.Path, e.Query, e.Status, e.Code, e.Detail, e.Took.Microseconds(), e.Body, e.RequestID,
		e.UserAgent}
	if org, found := t.logged[e.Token]; found && org == e.Org {
		return t.insert(ctx, insertExchange, args...)
	}
	err := t.write(ctx, unknownToken, insertExchange, args...)
	if err == nil {
		t.logged[e.Token] = e.Org
	}
	return err
}

// trimExchanges counts from the newest on; what is beyond is less than a batch.
const trimExchanges = `DELETE FROM scim_exchanges WHERE org_id = $1 AND token_id = $2 AND (at, id) <=
	(SELECT at, id FROM scim_exchanges WHERE org_id = $1 AND token_id = $2 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $3)`

func (t *transaction) TrimExchanges(ctx context.Context, org identity.OrgID, token identity.TokenID, keep int) error {
	_, err := t.exec(ctx, trimExchanges, org, token, keep)
	return err
}
