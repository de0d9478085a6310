package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

const eventColumns = `id, org_id, at, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason, evidence`

func scanEvent(r *sql.Rows) (e identity.Event, err error) {
	return e, r.Scan(scanID(&e.ID), scanID(&e.Org), instant{&e.At}, text(&e.Kind), text(&e.Rule), text(&e.Actor.Kind), &e.Actor.ID,
		&e.Actor.Name, scanID(&e.Actor.Org), scanID(&e.Account), &e.AccountName, text(&e.Reason), document{&e.Evidence})
}

func (r reader) Event(ctx context.Context, org identity.OrgID, id identity.EventID) (identity.Event, error) {
	return one(ctx, r.run, unknownEvent, scanEvent, `SELECT `+eventColumns+` FROM events WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Events(ctx context.Context, org identity.OrgID, q identity.EventQuery) ([]identity.Event, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	query, args := r.dialect.eventsQuery(org, q)
	return list(ctx, r.run, scanEvent, query, args...)
}

// eventsQuery relies on ids that are made later being greater: their order is the order in which events happened.
func (d *dialect) eventsQuery(org identity.OrgID, q identity.EventQuery) (string, []any) {
	c := &compiler{dialect: d}
	query := `SELECT ` + eventColumns + ` FROM events WHERE org_id = ` + c.arg(org)
	if q.Account != "" {
		query += ` AND account_id = ` + c.arg(q.Account)
	}
	beyond, order := ` > `, ` ORDER BY id LIMIT `
	if q.Newest {
		beyond, order = ` < `, ` ORDER BY id DESC LIMIT `
	}
	if q.After != "" {
		query += ` AND id` + beyond + c.arg(q.After)
	}
	return query + order + c.arg(q.Limit), c.args
}

func (t *transaction) Record(ctx context.Context, e identity.Event) error {
	_, err := t.exec(ctx, `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.ID, e.Org, e.At, e.Kind, e.Rule, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Org, orNull(e.Account), e.AccountName, e.Reason, e.Evidence)
	return err
}
