package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

// head is where an organization's chain of events ends.
type head struct {
	seq     int64
	hash    string // empty for a chain without events
	written bool   // the table says the same
}

func (r reader) ChainHead(ctx context.Context, org identity.OrgID) (int64, string, error) {
	h, err := r.head(ctx, org)
	return h.seq, h.hash, err
}

func (r reader) head(ctx context.Context, org identity.OrgID) (head, error) {
	found, err := list(ctx, r.run, func(rows *sql.Rows) (h head, err error) {
		return h, rows.Scan(&h.seq, digestColumn{&h.hash})
	}, `SELECT seq, hash FROM audit_heads WHERE org_id = $1`, org)
	if err != nil || len(found) == 0 {
		return head{}, err
	}
	return found[0], nil
}

func (r reader) Chain(ctx context.Context, org identity.OrgID, after int64, limit int) ([]identity.Event, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanEvent,
		`SELECT `+eventColumns+` FROM events WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, org, after, limit)
}

// ChainHead knows what the batch has recorded before the table does.
func (t *transaction) ChainHead(ctx context.Context, org identity.OrgID) (int64, string, error) {
	h, err := t.head(ctx, org)
	return h.seq, h.hash, err
}

func (t *transaction) head(ctx context.Context, org identity.OrgID) (head, error) {
	if err := t.conn.ready(ctx); err != nil {
		return head{}, t.conn.failed(err)
	}
	if h, ok := t.shared.heads[org]; ok {
		return h, nil
	}
	h, err := t.reader.head(ctx, org)
	if err == nil {
		h.written = true
		t.shared.heads[org] = h
	}
	return h, err
}

const putHead = `INSERT INTO audit_heads (org_id, seq, hash) VALUES ($1, $2, $3)
	ON CONFLICT (org_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`

// writeHeads writes where the chains end that have grown, and how many accounts were inserted. Once for a batch: in between only the batch
// itself can look.
func (s *shared) writeHeads(ctx context.Context, conn *sql.Conn, d *dialect) error {
	var list []statement
	add := func(query string, args ...any) error {
		bound, err := bind(args)
		list = append(list, statement{query, bound})
		return err
	}
	for org, h := range s.heads {
		if h.written {
			continue
		}
		if err := add(putHead, org, h.seq, digest(h.hash)); err != nil {
			return err
		}
		h.written = true
		s.heads[org] = h
	}
	for org, n := range s.inserted {
		if err := add(addCount, org, countedAccounts, n); err != nil {
			return err
		}
	}
	clear(s.inserted)
	if len(list) == 0 {
		return nil
	}
	return refusal(d.run(ctx, conn, list))
}
