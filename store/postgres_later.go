package store

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
)

// Statements that have nothing to say wait on their connection for the one that has: they are sent with it, in one message. Each message is a
// journey there and back, and while a transaction waits for one, all who write for its organization do.

// laterLimit is how many statements wait at most.
const laterLimit = 256

// sendLater lets statements wait for the next message.
func sendLater(ctx context.Context, conn *sql.Conn, list []statement) error {
	return conn.Raw(func(raw any) error {
		c := raw.(*postgresConn)
		for _, s := range list {
			c.unsent = append(c.unsent, s.stored())
		}
		if len(c.unsent) < laterLimit {
			return nil
		}
		return c.flush(ctx)
	})
}

// ResetSession lets nobody send what somebody else has left.
func (c *postgresConn) ResetSession(ctx context.Context) error {
	c.unsent, c.asked = nil, nil
	return c.Conn.ResetSession(ctx)
}

// flush sends what waits.
func (c *postgresConn) flush(ctx context.Context) error {
	if len(c.unsent) == 0 {
		return nil
	}
	answers, err := c.send(ctx, c.unsent)
	if err != nil {
		return err
	}
	return answers.Close()
}

// last sends what waits and one more statement, and returns what the server says of that.
func (c *postgresConn) last(ctx context.Context, query string, args ...any) (tag string, err error) {
	answers, err := c.send(ctx, c.unsent, statement{query, args})
	if err != nil {
		return "", err
	}
	said, err := answers.Exec()
	if closing := answers.Close(); err == nil {
		err = closing
	}
	return said.String(), err
}

func (c *postgresConn) execLast(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	answers, err := c.send(ctx, c.unsent, statement{query, values(args)})
	if err != nil {
		return nil, err
	}
	said, err := answers.Exec()
	if closing := answers.Close(); err == nil {
		err = closing
	}
	return driver.RowsAffected(said.RowsAffected()), err
}

func (c *postgresConn) queryLast(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	questions := append(c.asked, statement{query, values(args)})
	c.asked = nil
	answers, err := c.send(ctx, c.unsent, questions...)
	if err != nil {
		return nil, err
	}
	rows := &heldRows{}
	for range questions {
		found, failed := answers.Query()
		if err = failed; err == nil {
			err = rows.read(found, c.Conn.Conn().TypeMap())
		}
		if err != nil {
			break
		}
	}
	if closing := answers.Close(); err == nil {
		err = closing
	}
	return rows, err
}

// send sends statements and reads the answers to those that waited. It returns the first error.
func (c *postgresConn) send(ctx context.Context, waiting []statement, last ...statement) (pgx.BatchResults, error) {
	c.unsent = nil
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	var batch pgx.Batch
	for _, s := range waiting {
		batch.Queue(s.query, s.args...)
	}
	for _, s := range last {
		batch.Queue(s.query, s.args...)
	}
	answers := c.Conn.Conn().SendBatch(ctx, &batch)
	for range waiting {
		said, err := answers.Exec()
		if err == nil && said.RowsAffected() == 0 {
			err = errNothingChanged
		}
		if err != nil {
			_ = answers.Close() // says the same
			return nil, err
		}
	}
	return answers, nil
}

// values are the arguments as they are stored.
func values(args []driver.NamedValue) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		list[i], _ = storedValue(arg.Value)
	}
	return list
}
