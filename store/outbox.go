package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const messageColumns = `org_id, id, account_id, kind, recipient, key, data, state, attempts, next_at, last_error, created_at, sent_at`

func scanMessage(r *sql.Rows) (m identity.Message, err error) {
	return m, r.Scan(scanID(&m.Org), scanID(&m.ID), scanID(&m.Account), text(&m.Kind), &m.To, &m.Key, structured{&m.Data}, text(&m.State),
		&m.Attempts, instant{&m.NextAt}, &m.LastError, instant{&m.CreatedAt}, instant{&m.SentAt})
}

func (r reader) Message(ctx context.Context, org identity.OrgID, id identity.MessageID) (identity.Message, error) {
	return one(ctx, r.run, unknownMessage, scanMessage, `SELECT `+messageColumns+` FROM messages WHERE org_id = $1 AND id = $2`, org, id)
}

// Messages relies on ids that are made later being greater.
func (r reader) Messages(ctx context.Context, org identity.OrgID, q identity.MessageQuery) ([]identity.Message, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query := `SELECT ` + messageColumns + ` FROM messages WHERE org_id = ` + c.arg(org)
	if q.State != "" {
		query += ` AND state = ` + c.arg(q.State)
	}
	if q.Account != "" {
		query += ` AND account_id = ` + c.arg(q.Account)
	}
	if q.After != "" {
		query += ` AND id < ` + c.arg(q.After)
	}
	return list(ctx, r.run, scanMessage, query+` ORDER BY id DESC LIMIT `+c.arg(q.Limit), c.args...)
}

func (r reader) MessagesDue(ctx context.Context, channel identity.Channel, now time.Time, limit int) ([]identity.Message, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanMessage, `SELECT `+messageColumns+` FROM messages WHERE state = 'waiting' AND channel = $1
		AND COALESCE(next_at, 0) <= $2 ORDER BY COALESCE(next_at, 0), id LIMIT $3`, channel, now, limit)
}

func (t *transaction) Enqueue(ctx context.Context, m identity.Message) (bool, error) {
	data, err := encode(m.Data, len(m.Data))
	if err != nil {
		return false, t.conn.failed(err)
	}
	n, err := t.exec(ctx, `INSERT INTO messages (`+messageColumns+`, channel)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (key) DO NOTHING`, m.Org, m.ID, orNull(m.Account), m.Kind, m.To, m.Key, data, m.State, m.Attempts, m.NextAt,
		m.LastError, m.CreatedAt, m.SentAt, m.Kind.Channel())
	return n > 0, err
}

func (t *transaction) UpdateMessage(ctx context.Context, m identity.Message) error {
	data, err := encode(m.Data, len(m.Data))
	if err != nil {
		return t.conn.failed(err)
	}
	return t.write(ctx, unknownMessage, `UPDATE messages SET data = $3, state = $4, attempts = $5, next_at = $6, last_error = $7, sent_at = $8
		WHERE org_id = $1 AND id = $2`, m.Org, m.ID, data, m.State, m.Attempts, m.NextAt, m.LastError, m.SentAt)
}

func (t *transaction) DeleteMessage(ctx context.Context, org identity.OrgID, id identity.MessageID) error {
	return t.write(ctx, unknownMessage, `DELETE FROM messages WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *transaction) DeleteMessagesBefore(ctx context.Context, sent time.Time, limit int) (int, error) {
	return t.deleteSome(ctx, sentMessages, sent, limit)
}
