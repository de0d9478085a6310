package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"rollcall/identity"
)

// How long a batch is held open for more callers. A caller that is alone never waits.
const (
	lull       = time.Millisecond     // no longer than this since the last arrival
	patience   = 8 * time.Millisecond // no longer than this since the batch began
	batchLimit = 512                  // callers that share one commit
	busyLimit  = 10 * time.Second     // how long another process may keep the database
	busyPause  = time.Millisecond     // between two attempts to get it
)

var errClosed = &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable, Detail: "the store is closed"}

// writer lets callers write one after another on one connection and commits for many of them at once. Each caller runs its
// own function, on its own goroutine, inside a savepoint, when the committer gives it the turn; so a panic or Goexit in a
// function ends its own goroutine and nobody else's.
type writer struct {
	db      *sql.DB
	conn    *sql.Conn
	dialect *dialect
	queue   chan *call
	closing chan struct{}
	close   sync.Once
	stopped chan struct{}

	expected     int // callers of the last batch: how many are likely to come back
	transactions atomic.Int64
	commits      atomic.Int64
}

// call is one caller of Do.
type call struct {
	begun  atomic.Bool  // taken by the committer, or withdrawn by the caller: whoever swaps it first
	turn   chan error   // nil: run now; else the batch could not begin
	ran    chan outcome // how the function ended
	answer chan error   // the outcome of the commit
}

// outcome is how a caller left its savepoint.
type outcome struct {
	wrote  bool  // released; false: rolled back
	broken error // the savepoint could not be left, so the batch is lost
}

func newWriter(ctx context.Context, db *sql.DB, d *dialect) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, conn: conn, dialect: d, queue: make(chan *call, batchLimit),
		closing: make(chan struct{}), stopped: make(chan struct{})}
	go w.commitBatches()
	return w, nil
}

// do runs fn in a savepoint of a batch and returns when the batch has been committed.
func (w *writer) do(ctx context.Context, fn func(identity.Tx) error) error {
	c := &call{turn: make(chan error, 1), ran: make(chan outcome, 1), answer: make(chan error, 1)}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.queue <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	var err error
	select {
	case err = <-c.turn:
	case <-ctx.Done():
		if c.begun.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		err = <-c.turn
	case <-w.stopped:
		if c.begun.CompareAndSwap(false, true) {
			return errClosed
		}
		err = <-c.turn
	}
	if err != nil {
		return err
	}
	refused := w.run(c, fn)
	// Also a refusal waits: what it rests on may have been written by a neighbour whose commit still can fail.
	if err := <-c.answer; err != nil {
		return err
	}
	return refused
}

// run calls fn in a savepoint. Whatever ends fn, the committer hears of it.
func (w *writer) run(c *call, fn func(identity.Tx) error) (err error) {
	tx := newTransaction(w.conn, w.dialect)
	returned := false
	defer func() {
		failed := tx.conn.err
		tx.conn.err = errOver
		if err == nil {
			err = failed
		}
		leave := "RELEASE caller"
		if err != nil || !returned {
			leave = "ROLLBACK TO caller; RELEASE caller"
		}
		_, broken := w.conn.ExecContext(context.Background(), leave)
		if broken != nil {
			broken = lost(failed, broken)
			err = broken
		}
		c.ran <- outcome{wrote: err == nil && returned, broken: broken}
	}()
	if _, err := w.conn.ExecContext(context.Background(), "SAVEPOINT caller"); err != nil {
		returned = true
		return refusal(err)
	}
	err = fn(tx)
	returned = true
	return err
}

// lost is what everybody in a batch hears that the engine gave up in the middle: what made it do so, if that is an outage.
func lost(cause, leaving error) error {
	if identity.KindOf(cause) == identity.Unavailable {
		return cause
	}
	return &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable,
		Detail: "the database gave up on the transaction, so nothing was stored; try again", Err: errors.Join(cause, leaving)}
}

// commitBatches is the committer: it owns the connection and lends it to one caller at a time.
func (w *writer) commitBatches() {
	defer close(w.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case c := <-w.queue:
			w.batch(c, timer)
		case <-w.closing:
			return
		}
	}
}

// batch serves the first caller and whoever arrives in time, and commits.
func (w *writer) batch(first *call, timer *time.Timer) {
	if !first.begun.CompareAndSwap(false, true) {
		return
	}
	if err := w.begin(); err != nil {
		w.turnAway(first, err)
		return
	}
	var callers []*call
	var broken error
	wrote, began := 0, time.Now()
	for c := first; c != nil; {
		c.turn <- nil
		end := <-c.ran
		callers = append(callers, c)
		if end.wrote {
			wrote++
		}
		if broken = end.broken; broken != nil {
			break
		}
		c = w.next(len(callers), began, timer)
	}
	err := broken
	if err == nil {
		err = w.commit()
	}
	if err != nil {
		w.rollback()
	} else if wrote > 0 {
		w.commits.Add(1)
		w.transactions.Add(int64(wrote))
	}
	w.expected = len(callers)
	for _, c := range callers {
		c.answer <- err
	}
}

// next returns the next caller of the batch, or nil if it is time to commit: at once if nobody is waiting and nobody is
// expected; else when as many have come as last time, or they stay away.
func (w *writer) next(served int, began time.Time, timer *time.Timer) *call {
	if served >= batchLimit {
		return nil
	}
	for {
		select {
		case c := <-w.queue:
			if c.begun.CompareAndSwap(false, true) {
				return c
			}
			continue
		default:
		}
		wait := min(lull, patience-time.Since(began))
		if served >= w.expected || wait <= 0 {
			return nil
		}
		timer.Reset(wait)
		select {
		case c := <-w.queue:
			if c.begun.CompareAndSwap(false, true) {
				return c
			}
		case <-timer.C:
			return nil
		case <-w.closing:
			return nil
		}
	}
}

// begin takes the database's write lock. SQLite's own waiting sleeps up to 100 ms at a time and would hardly ever meet the
// short gaps that another busy process leaves, so this asks more often.
func (w *writer) begin() error {
	for began := time.Now(); ; time.Sleep(busyPause) {
		_, err := w.conn.ExecContext(context.Background(), "BEGIN IMMEDIATE")
		var engine sqlite3.Error
		busy := errors.As(err, &engine) && engine.Code == sqlite3.ErrBusy
		if !busy || time.Since(began) > busyLimit {
			return refusal(err)
		}
		select {
		case <-w.closing:
			return errClosed
		default:
		}
	}
}

func (w *writer) commit() error {
	_, err := w.conn.ExecContext(context.Background(), "COMMIT")
	return refusal(err)
}

// rollback ends a batch that is lost. SQLite may have rolled it back by itself already, which is then its answer.
func (w *writer) rollback() {
	_, _ = w.conn.ExecContext(context.Background(), "ROLLBACK")
}

// turnAway answers everybody who is waiting when a batch cannot begin, so that they do not wait one after another.
func (w *writer) turnAway(first *call, err error) {
	first.turn <- err
	for {
		select {
		case c := <-w.queue:
			if c.begun.CompareAndSwap(false, true) {
				c.turn <- err
			}
		default:
			return
		}
	}
}

// stop lets the batch that is under way finish, turns everybody else away and closes the connection.
func (w *writer) stop() error {
	w.close.Do(func() { close(w.closing) })
	<-w.stopped
	if err := errors.Join(w.conn.Close(), w.db.Close()); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}
