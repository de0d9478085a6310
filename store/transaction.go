package store

import (
	"context"
	"database/sql"
	"errors"

	"rollcall/identity"
)

var errOver = errors.New("store: the transaction is over; a Tx must not be used after its function has returned")

// transaction is identity.Tx: one caller's part of SQLite's present batch, or a transaction of its own.
type transaction struct {
	reader
	conn     *connection
	shared   *shared
	accounts map[identity.AccountID]seenAccount
	logged   map[identity.TokenID]identity.OrgID // of exchanges that were inserted
}

// connection runs the statements of one caller until one of them fails.
type connection struct {
	within  context.Context // of all statements, whoever asks for them
	conn    *sql.Conn
	dialect *dialect
	err     error // the first error; nothing succeeds after it
	wrote   bool  // a statement has changed something
	rows    int   // how many were changed
	unsent  []statement
	beside  insertions
}

func newTransaction(within context.Context, conn *sql.Conn, d *dialect, s *shared) *transaction {
	c := &connection{within: within, conn: conn, dialect: d}
	return &transaction{reader: reader{run: c, dialect: d}, conn: c, shared: s, accounts: map[identity.AccountID]seenAccount{},
		logged: map[identity.TokenID]identity.OrgID{}}
}

// A writer's statements never see the caller's context: interrupting one would make SQLite roll back the whole batch, and cost
// PostgreSQL's pool the connection. A caller that has gone away is noticed between two statements.
func (c *connection) ready(ctx context.Context) error {
	if c.err == nil {
		return ctx.Err()
	}
	return c.err
}

func (c *connection) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	if err := c.send(); err != nil {
		return nil, err
	}
	return c.conn.QueryContext(c.within, c.dialect.rebind(query), bound...)
}

func (c *connection) failed(err error) error {
	if c.err == nil {
		c.err = refusal(err)
	}
	return c.err
}

// exec runs a statement and returns how many rows it changed.
func (t *transaction) exec(ctx context.Context, query string, args ...any) (int, error) {
	if err := t.conn.ready(ctx); err != nil {
		return 0, t.conn.failed(err)
	}
	bound, err := bind(args)
	if err != nil {
		return 0, t.conn.failed(err)
	}
	if err := t.conn.send(); err != nil {
		return 0, err
	}
	clear(t.shared.accounts)
	result, err := t.conn.conn.ExecContext(t.conn.within, t.dialect.rebind(query), bound...)
	if err != nil {
		return 0, t.conn.failed(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, t.conn.failed(err)
	}
	t.conn.wrote = t.conn.wrote || n > 0
	t.conn.rows += int(n)
	return int(n), nil
}

// write runs a statement that changes one row of one organization, and says that there is none if it changed nothing.
func (t *transaction) write(ctx context.Context, what unknown, query string, args ...any) error {
	n, err := t.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return what.err()
	}
	return err
}

// stale tells a row that has moved on from one that is not there, after a statement bound to a version changed nothing.
func (t *transaction) stale(ctx context.Context, what unknown, query string, args ...any) error {
	version, err := one(ctx, t.run, what, scanInt, query, args...)
	if err != nil {
		return err
	}
	return t.conn.failed(moved(version))
}

func moved(version int) error {
	return identity.Refuse(identity.Stale, identity.RuleVersionMismatch,
		"somebody else has written this in the meantime (its version is now %d); read it again and repeat the change", version)
}

func scanInt(r *sql.Rows) (int, error) {
	var n int
	return n, r.Scan(&n)
}
