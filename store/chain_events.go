package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

// chainEvents gives the events of a database that is older than chains their hashes, in the order in which the schema's
// migration numbered them, and notes where each chain ends. It reads the columns that events have in that schema: whoever adds
// to eventColumns keeps the present ones for it.
func chainEvents(ctx context.Context, tx *sql.Tx) error {
	d := newSQLiteDialect()
	run := migrating{tx, d}
	m := migration{reader{run: run, dialect: d}, run}
	orgs, err := list(ctx, run, func(rows *sql.Rows) (org identity.OrgID, err error) {
		return org, rows.Scan(scanID(&org))
	}, `SELECT id FROM organizations ORDER BY id`)
	if err != nil {
		return err
	}
	for _, org := range orgs {
		if err := m.chain(ctx, org); err != nil {
			return err
		}
	}
	return nil
}

// migration reads and writes within a migration's transaction.
type migration struct {
	reader
	migrating
}

// eventsAtOnce is how many events a migration holds in memory.
const eventsAtOnce = 1000

func (m migration) chain(ctx context.Context, org identity.OrgID) error {
	var h head
	for {
		events, err := m.Chain(ctx, org, h.seq, eventsAtOnce)
		if err != nil {
			return err
		}
		for _, e := range events {
			h.seq, h.hash = e.Seq, e.Digest(h.hash)
			if err := m.exec(ctx, `UPDATE events SET hash = $3 WHERE org_id = $1 AND id = $2`, org, e.ID, digest(h.hash)); err != nil {
				return err
			}
		}
		if len(events) < eventsAtOnce {
			break
		}
	}
	if h.seq == 0 {
		return nil
	}
	return m.exec(ctx, putHead, org, h.seq, digest(h.hash))
}

// migrating runs the statements of a migration.
type migrating struct {
	tx      *sql.Tx
	dialect *dialect
}

func (m migrating) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	return m.tx.QueryContext(ctx, m.dialect.rebind(query), bound...)
}

func (m migrating) failed(err error) error { return refusal(err) }

func (m migrating) exec(ctx context.Context, query string, args ...any) error {
	bound, err := bind(args)
	if err != nil {
		return err
	}
	_, err = m.tx.ExecContext(ctx, m.dialect.rebind(query), bound...)
	return err
}
