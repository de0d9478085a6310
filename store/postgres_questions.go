package store

import (
	"context"
	"database/sql"
)

// question is one of several that are asked in one message.
type question struct {
	statement
	take func(*sql.Rows) error // one row of the answer
}

// taking scans a row and keeps what is in it.
func taking[T any](scan func(*sql.Rows) (T, error), keep func(T)) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		v, err := scan(rows)
		if err == nil {
			keep(v)
		}
		return err
	}
}

// askTogether asks all questions in one message. An error is about any of them.
func askTogether(ctx context.Context, conn *sql.Conn, all []question) error {
	if len(all) == 0 {
		return nil
	}
	last := len(all) - 1
	err := conn.Raw(func(raw any) error {
		c := raw.(*postgresConn)
		for _, q := range all[:last] {
			c.asked = append(c.asked, q.stored())
		}
		return nil
	})
	if err != nil {
		return err
	}
	found, err := conn.QueryContext(ctx, all[last].query, all[last].args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for _, q := range all {
		for found.Next() {
			if err := q.take(found); err != nil {
				return err
			}
		}
		found.NextResultSet()
	}
	return found.Err()
}

// stored is the statement with its arguments as PostgreSQL stores them.
func (s statement) stored() statement {
	for i := range s.args {
		s.args[i], _ = storedValue(s.args[i])
	}
	return s
}
