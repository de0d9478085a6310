package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// importConnection waits for whoever writes, and keeps much in memory, because indexes are filled everywhere.
const importConnection = "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_busy_timeout=10000&_cache_size=-65536"

// How many rows one statement inserts, and how many parameters it may have.
const (
	copiedAtOnce     = 50
	parametersAtOnce = 32766
)

func (f sqliteFile) exporting(ctx context.Context) (*copying, error) {
	c, err := beginCopying(ctx, openSQLite(f.path, inspectConnection), newSQLiteDialect(), "BEGIN")
	if err != nil {
		return nil, err
	}
	// A transaction sees what was there when it first looked.
	var ignored int64
	if err := c.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&ignored); err != nil {
		return nil, errors.Join(err, c.end())
	}
	return c, nil
}

func (f sqliteFile) importing(ctx context.Context) (*copying, error) {
	c, err := beginCopying(ctx, openSQLite(f.path, importConnection), newSQLiteDialect(), "BEGIN IMMEDIATE")
	if err != nil {
		return nil, err
	}
	c.load = func(ctx context.Context, t copiedTable, next func() ([]any, error)) error {
		if err := c.insert(ctx, t, next); err != nil || t.name != "accounts" {
			return err
		}
		_, err := c.conn.ExecContext(ctx, "INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'accounts', count(*) FROM accounts GROUP BY org_id")
		return err
	}
	c.commit = func(ctx context.Context) error {
		_, err := c.conn.ExecContext(ctx, "COMMIT")
		return refusal(err)
	}
	return c, nil
}

// beginCopying begins a transaction on a connection of its own.
func beginCopying(ctx context.Context, db *sql.DB, d *dialect, begin string) (*copying, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	run := &connection{within: ctx, conn: conn, dialect: d}
	return &copying{connection: run, reader: reader{run: run, dialect: d}, end: func() error {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // it is over already if it was committed or the connection is lost
		return errors.Join(conn.Close(), db.Close())
	}}, nil
}

// insert writes a table, many rows in a statement.
func (c *copying) insert(ctx context.Context, t copiedTable, next func() ([]any, error)) error {
	within := context.WithoutCancel(ctx) // watching for its end costs more than a statement; next looks
	atOnce := min(copiedAtOnce, parametersAtOnce/len(t.columns))
	many, err := c.conn.PrepareContext(within, t.insertion(atOnce))
	if err != nil {
		return err
	}
	defer func() { _ = many.Close() }() // what went wrong with it was told by its use
	args := make([]any, 0, atOnce*len(t.columns))
	for {
		values, err := next()
		if err != nil {
			return err
		}
		if values == nil {
			break
		}
		if args = append(args, values...); len(args) == cap(args) {
			if _, err := many.ExecContext(within, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err = c.conn.ExecContext(within, t.insertion(len(args)/len(t.columns)), args...)
	return err
}

// insertion is the statement that inserts so many rows into SQLite.
func (t copiedTable) insertion(rows int) string {
	row := "(" + strings.Repeat("?, ", len(t.columns)-1) + "?)"
	return `INSERT INTO "` + t.name + `" (` + t.list() + ") VALUES " + strings.Repeat(row+", ", rows-1) + row
}
