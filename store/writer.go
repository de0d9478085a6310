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
)

// How long a batch is held open for more callers. A caller that is alone never waits.
const (
	lull       = time.Millisecond     // no longer than this since the last arrival
	patience   = 8 * time.Millisecond // no longer than this since the batch began
	batchLimit = 512                  // callers that share one commit
	enough     = 12                   // callers that are worth a commit while others are still on their way
)

// How long another process may keep the database, and how often it is asked for.
const (
	busyLimit = 10 * time.Second
	busyPause = time.Millisecond
)

// writer lets callers write one after another on one connection and commits for many of them at once. Each caller runs its
// own function, on its own goroutine, when the committer gives it the turn; so a panic or Goexit in a function ends its own
// goroutine and nobody else's.
//
// A function that fails before it has written anything leaves nothing behind. If one fails after that, the batch is rolled
// back and everybody in it runs again, each in a savepoint. Savepoints from the start would cost every write a copy of every
// page that it touches, to be ready for what hardly ever happens.
type writer struct {
	db      *sql.DB
	conn    *sql.Conn
	dialect *dialect
	queue   chan *call
	closing chan struct{}
	close   sync.Once
	stopped chan struct{}

	busyLimit time.Duration

	checkpointer *checkpointer
	shared       *shared
	expected     int // callers of the last batch: how many are likely to come back
	transactions atomic.Int64
	commits      atomic.Int64
}

func newWriter(ctx context.Context, db *sql.DB, checkpoints *checkpointer, d *dialect) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, checkpoints.stop())
	}
	w := &writer{db: db, conn: conn, checkpointer: checkpoints, dialect: d, queue: make(chan *call, batchLimit),
		closing: make(chan struct{}), stopped: make(chan struct{}), shared: newShared(), busyLimit: busyLimit}
	go w.commitBatches()
	return w, nil
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
	if !first.take() {
		return
	}
	if err := w.begin(); err != nil {
		w.turnAway(first, err)
		return
	}
	var callers []*call
	var end outcome
	wrote, began := 0, time.Now()
	for c := first; c != nil; {
		end = c.serve(w, runPlainly)
		callers = append(callers, c)
		wrote += end.wrote
		if end.spoiled {
			break
		}
		c = w.next(len(callers), began, timer)
	}
	w.expected = len(callers)
	var err error
	if end.spoiled {
		w.rollback()
		wrote, err = w.again(callers)
	}
	if err == nil {
		err = w.shared.writeHeads(context.Background(), w.conn, w.dialect)
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		w.rollback()
	} else if wrote > 0 {
		w.commits.Add(1)
		w.transactions.Add(int64(wrote))
		w.checkpointer.tell()
	}
	for _, c := range callers {
		c.turn <- turn{end: true, err: err}
	}
}

// again runs everybody once more after somebody spoiled the batch, this time each in a savepoint. Somebody who was alone has
// failed for good.
func (w *writer) again(callers []*call) (wrote int, err error) {
	if err := w.begin(); err != nil || len(callers) == 1 {
		return 0, err
	}
	for _, c := range callers {
		if c.gone {
			continue
		}
		end := c.serve(w, runInSavepoint)
		if end.broken != nil {
			return 0, end.broken
		}
		wrote += end.wrote
	}
	return wrote, nil
}

// next returns the next caller of the batch, or nil if it is time to commit: at once if nobody is waiting and nobody is
// expected; else when enough have come, or as many as last time, or they stay away. Waiting for everybody would make callers
// and committer take turns at the processor instead of working side by side.
func (w *writer) next(served int, began time.Time, timer *time.Timer) *call {
	for served < batchLimit {
		select {
		case c := <-w.queue:
			if c.take() {
				return c
			}
			continue
		default:
		}
		wait := min(lull, patience-time.Since(began))
		if served >= min(w.expected, enough) || wait <= 0 {
			return nil
		}
		timer.Reset(wait)
		select {
		case c := <-w.queue:
			if c.take() {
				return c
			}
		case <-timer.C:
			return nil
		case <-w.closing:
			return nil
		}
	}
	return nil
}

// begin takes the database's write lock. SQLite's own waiting sleeps up to 100 ms at a time and would hardly ever meet the
// short gaps that another busy process leaves, so this asks more often.
func (w *writer) begin() error {
	w.shared.undo()
	for began := time.Now(); ; time.Sleep(busyPause) {
		err := w.exec("BEGIN IMMEDIATE")
		var engine sqlite3.Error
		busy := errors.As(err, &engine) && engine.Code == sqlite3.ErrBusy
		if !busy || time.Since(began) > w.busyLimit {
			return err
		}
		select {
		case <-w.closing:
			return errClosed
		default:
		}
	}
}

// rollback ends a batch that is lost. SQLite may have rolled it back by itself already, which is then its answer.
func (w *writer) rollback() { _ = w.exec("ROLLBACK") }

func (w *writer) exec(statement string) error {
	_, err := w.conn.ExecContext(context.Background(), statement)
	return refusal(err)
}

// turnAway answers everybody who was waiting when a batch could not begin, so that they do not wait one after another. Whoever
// comes later, perhaps because of such an answer, tries anew.
func (w *writer) turnAway(first *call, err error) {
	for range len(w.queue) {
		if c := <-w.queue; c.take() {
			c.turn <- turn{end: true, err: err}
		}
	}
	first.turn <- turn{end: true, err: err}
}

// counts reads in this order, so that there are never more commits than transactions.
func (w *writer) counts() Stats {
	commits := w.commits.Load()
	return Stats{Transactions: w.transactions.Load(), Commits: commits}
}

// stop lets the batch that is under way finish, turns everybody else away and closes the connection.
func (w *writer) stop() error {
	var failed error
	w.close.Do(func() {
		close(w.closing)
		<-w.stopped
		failed = w.checkpointer.stop()
	})
	<-w.stopped
	if err := errors.Join(failed, w.conn.Close(), w.db.Close()); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}
