package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// When a transaction's insertions are run beside it: after so many of them, in lists of about so many, and with no more than so many waiting.
const (
	longTransaction = 64
	besideList      = 32
	besideLimit     = 512
)

// errNothingChanged is an error of this program: what is not waited for must be certain to change something.
var errNothingChanged = errors.New("store: a statement that was certain to change something changed nothing")

// insert runs a statement that is certain to change something, perhaps with others of the kind, before the next statement of another kind or when
// the function of the transaction has returned. If it fails, the transaction does.
func (t *transaction) insert(ctx context.Context, query string, args ...any) error {
	c := t.conn
	if c.dialect.send == nil && c.rows < longTransaction {
		n, err := t.exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = c.failed(errNothingChanged)
		}
		return err
	}
	if err := c.ready(ctx); err != nil {
		return c.failed(err)
	}
	bound, err := bind(args)
	if err != nil {
		return c.failed(err)
	}
	c.unsent = append(c.unsent, statement{query, bound})
	c.wrote = true
	c.rows++
	if c.dialect.send == nil {
		return c.sendBeside()
	}
	return nil
}

// statement is one that has not been sent yet.
type statement struct {
	query string
	args  []any
}

// sendBeside has what has not been sent run beside the transaction, unless it is too little to be worth that, or something is running still.
func (c *connection) sendBeside() error {
	if len(c.unsent) < besideList {
		return nil
	}
	idle, err := c.beside.idle()
	if !idle && len(c.unsent) >= besideLimit {
		idle, err = true, c.beside.settle()
	}
	if err != nil {
		return c.failed(err)
	}
	if idle {
		c.beside.start(c.within, c.conn, c.dialect, c.unsent)
		c.unsent = make([]statement, 0, 2*besideList)
	}
	return nil
}

// send sends what has not been sent, all at once, and waits for it.
func (c *connection) send() error {
	if err := c.beside.settle(); err != nil {
		return c.failed(err)
	}
	if len(c.unsent) == 0 {
		return nil
	}
	unsent := c.unsent
	c.unsent = nil
	if err := c.dialect.run(c.within, c.conn, unsent); err != nil {
		return c.failed(err)
	}
	return nil
}

// insertions runs the insertions of a long transaction on a goroutine of its own, one list at a time, while the transaction's function goes on: an
// import spends as much time in thinking of a row as in writing it. No two goroutines use the connection at once, because whoever needs it
// settles first.
type insertions struct {
	ended   chan error
	running bool
}

// start runs a list; nothing may be running.
func (b *insertions) start(within context.Context, conn *sql.Conn, d *dialect, list []statement) {
	if b.ended == nil {
		b.ended = make(chan error, 1)
	}
	b.running = true
	go func() { b.ended <- d.run(within, conn, list) }()
}

// settle waits for the list that is running, if there is one, and returns what it met with.
func (b *insertions) settle() error {
	if !b.running {
		return nil
	}
	b.running = false
	return <-b.ended
}

// idle says whether a list can be started. It returns what the one before met with.
func (b *insertions) idle() (bool, error) {
	if !b.running {
		return true, nil
	}
	select {
	case err := <-b.ended:
		b.running = false
		return true, err
	default:
		return false, nil
	}
}

// run executes statements one after another. SQLite's driver is called without database/sql in between, which takes a fifth of what SQLite itself
// takes for a row.
func (d *dialect) run(within context.Context, conn *sql.Conn, list []statement) error {
	if d.send != nil {
		return d.send(within, conn, list)
	}
	return conn.Raw(func(engine any) error {
		execer := engine.(driver.ExecerContext)
		var args []driver.NamedValue
		for _, s := range list {
			args = args[:0]
			for i, arg := range s.args {
				value, err := driver.DefaultParameterConverter.ConvertValue(arg)
				if err != nil {
					return err
				}
				args = append(args, driver.NamedValue{Ordinal: i + 1, Value: value})
			}
			result, err := execer.ExecContext(within, d.rebind(s.query), args)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				return cmp.Or(err, errNothingChanged)
			}
		}
		return nil
	})
}
