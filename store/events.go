package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"rollcall/identity"
)

const eventColumns = `id, org_id, at, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason, evidence,
	actor_account, request, target_type, target_id, target_name, error, message, seq, hash`

func scanEvent(r *sql.Rows) (e identity.Event, err error) {
	return e, r.Scan(scanID(&e.ID), scanID(&e.Org), instant{&e.At}, text(&e.Kind), text(&e.Rule), text(&e.Actor.Kind), &e.Actor.ID,
		&e.Actor.Name, scanID(&e.Actor.Org), scanID(&e.Account), &e.AccountName, text(&e.Reason), document{&e.Evidence},
		scanID(&e.Actor.Account), requestColumn{&e.Actor.Request}, text(&e.Target.Type), text(&e.Target.ID), &e.Target.Name, text(&e.Error), &e.Message,
		&e.Seq, digestColumn{&e.Hash})
}

func (r reader) Event(ctx context.Context, org identity.OrgID, id identity.EventID) (identity.Event, error) {
	return one(ctx, r.run, unknownEvent, scanEvent, `SELECT `+eventColumns+` FROM events WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Events(ctx context.Context, org identity.OrgID, q identity.EventQuery) ([]identity.Event, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	if q.Skip < 0 {
		return nil, r.run.failed(identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "cannot skip %d events", q.Skip).At("skip"))
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
	if q.Target != "" {
		// An account's id is stored as a key, another target's as the text that it is.
		query += ` AND (account_id = ` + c.arg(identity.AccountID(q.Target)) + ` OR target_id = ` + c.arg(q.Target) + `)`
	}
	if !q.From.IsZero() {
		query += ` AND at >= ` + c.arg(q.From)
	}
	if !q.Until.IsZero() {
		query += ` AND at < ` + c.arg(q.Until)
	}
	if q.Actor != "" {
		query += ` AND actor_id = ` + c.arg(q.Actor)
	}
	if len(q.Kinds) > 0 {
		query += ` AND kind IN (`
		for i, kind := range q.Kinds {
			if i > 0 {
				query += `, `
			}
			query += c.arg(kind)
		}
		query += `)`
	}
	beyond, order := ` > `, ` ORDER BY id LIMIT `
	if q.Newest {
		beyond, order = ` < `, ` ORDER BY id DESC LIMIT `
	}
	if q.After != "" {
		query += ` AND id` + beyond + c.arg(q.After)
	}
	query += order + c.arg(q.Limit)
	if q.Skip > 0 {
		query += ` OFFSET ` + c.arg(q.Skip)
	}
	return query, c.args
}

// Record keeps where the chain ends with the batch, which writes it to the table when it ends.
func (t *transaction) Record(ctx context.Context, e identity.Event) error {
	h, err := t.head(ctx, e.Org)
	if err != nil {
		return err
	}
	e.Actor.Request = storable(e.Actor.Request)
	request, err := encodeRequest(e.Actor.Request)
	if err != nil {
		return t.conn.failed(err)
	}
	e.Seq = h.seq + 1
	e.Hash = e.Digest(h.hash)
	if err := t.insert(ctx, `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
		$17, $18, $19, $20, $21, $22)`,
		e.ID, e.Org, e.At, e.Kind, e.Rule, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Org, orNull(e.Account), e.AccountName, e.Reason, e.Evidence,
		orNull(e.Actor.Account), request, e.Target.Type, orNull(e.Target.ID), e.Target.Name, e.Error, e.Message, e.Seq, digest(e.Hash)); err != nil {
		return err
	}
	t.shared.heads[e.Org] = head{seq: e.Seq, hash: e.Hash}
	return nil
}

// storable makes of a request what JSON gives back unchanged, because the event's hash is over what is read.
func storable(r identity.Request) identity.Request {
	for _, s := range []*string{&r.Email, &r.IP, &r.UserAgent, &r.TrackingID, &r.Operation} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	r.Role = identity.Role(strings.ToValidUTF8(string(r.Role), "\uFFFD"))
	return r
}

// encodeRequest is NULL for a request of which nothing is known.
func encodeRequest(r identity.Request) (any, error) {
	if r == (identity.Request{}) {
		return nil, nil
	}
	b, err := json.Marshal(r)
	return string(b), err
}

// requestColumn scans the JSON of where an act came from; NULL is the empty one.
type requestColumn struct{ to *identity.Request }

func (c requestColumn) Scan(src any) error {
	var s string
	if err := text(&s).Scan(src); err != nil {
		return err
	}
	*c.to = identity.Request{}
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), c.to)
}
