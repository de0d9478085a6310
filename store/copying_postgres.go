package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unlimited lets a transaction take as long as it takes: to write a file to a slow disk, or to read one that comes over the network.
const unlimited = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; "

func (p *postgres) exporting(ctx context.Context) (*copying, error) {
	return beginCopying(ctx, p.patient().pool(1), newPostgresDialect(), "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "+unlimited)
}

// importing begins when no transaction of a server is under way, and lets none begin: whoever writes meanwhile is told to try again.
func (p *postgres) importing(ctx context.Context) (*copying, error) {
	c, err := beginCopying(ctx, p.patient().pool(1), newPostgresDialect(), "BEGIN; "+unlimited+"SET LOCAL synchronous_commit = on; "+
		"SET LOCAL lock_timeout = "+p.limit("lock_timeout", lockLimit)+"; LOCK TABLE writers IN EXCLUSIVE MODE")
	if err != nil {
		return nil, err
	}
	c.load, c.commit = c.copyIn, c.commitPostgres
	return c, nil
}

// commitPostgres tells the server's planner what there is now, and commits.
func (c *copying) commitPostgres(ctx context.Context) error {
	var names []string
	for _, t := range copiedTables() {
		names = append(names, `"`+t.name+`"`)
	}
	if _, err := c.conn.ExecContext(ctx, "ANALYZE "+strings.Join(names, ", ")); err != nil {
		return refusal(err)
	}
	_, err := c.conn.ExecContext(ctx, "COMMIT")
	if lostConnection(err) {
		return unavailable("the connection was lost while the import was being stored, so it is not known whether it was; "+
			"import again: it is refused if everything is there", err)
	}
	return refusal(err)
}

// copyIn writes a table by PostgreSQL's COPY.
func (c *copying) copyIn(ctx context.Context, t copiedTable, next func() ([]any, error)) error {
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		values, err := next()
		for i, v := range values {
			switch v := v.(type) {
			case looseKey:
				values[i] = v.bytes()
			case string:
				if special(v) {
					values[i] = escape(v)
				}
			}
		}
		return values, err
	})
	return c.conn.Raw(func(conn any) error {
		_, err := pgxConn(conn).CopyFrom(ctx, pgx.Identifier{t.name}, t.names(), rows)
		return err
	})
}
