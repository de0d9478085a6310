package store

import (
	"context"
	"errors"
	"sync/atomic"

	"rollcall/identity"
)

// call is one caller of Do on its way through a batch.
type call struct {
	taken atomic.Bool  // by the committer, or back by the caller who would not wait: whoever is first
	turn  chan turn    // from the committer
	ran   chan outcome // to the committer
	gone  bool         // the function did not return: the caller is not there any more
}

// turn tells a caller what to do next.
type turn struct {
	end bool // stop waiting: what the functions's batch came to is err
	err error
	how manner
}

// manner is how a function runs.
type manner bool

const (
	runPlainly     manner = false // what it wrote cannot be undone without undoing the whole batch
	runInSavepoint manner = true
)

// outcome is what a function left behind.
type outcome struct {
	wrote   int   // 1 if it succeeded and changed something
	spoiled bool  // it failed after writing, so the batch cannot be committed
	broken  error // not even a savepoint helped
	gone    bool
}

var errClosed = &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable, Detail: "the store is closed"}

func (c *call) take() bool { return c.taken.CompareAndSwap(false, true) }

// serve gives the caller its turn and waits until its function has ended. For the committer.
func (c *call) serve(how manner) outcome {
	c.turn <- turn{how: how}
	end := <-c.ran
	c.gone = end.gone
	return end
}

// do runs fn as part of a batch and returns when the batch has been committed.
func (w *writer) do(ctx context.Context, _ identity.OrgLock, fn func(identity.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Buffered, so that the committer never waits for a caller that is gone.
	c := &call{turn: make(chan turn, 1), ran: make(chan outcome, 1)}
	select {
	case w.queue <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	select {
	case first := <-c.turn:
		return w.follow(c, first, fn)
	case <-ctx.Done():
		if c.take() {
			return ctx.Err()
		}
	case <-w.stopped:
		if c.take() {
			return errClosed
		}
	}
	return w.follow(c, <-c.turn, fn)
}

// follow does what the committer says until it says how the batch ended. Also a refusal waits for that: what it rests on may
// have been written by a neighbour whose commit can still fail.
func (w *writer) follow(c *call, t turn, fn func(identity.Tx) error) error {
	var refused error
	for ; !t.end; t = <-c.turn {
		refused = w.run(c, t.how, fn)
	}
	if t.err != nil {
		return t.err
	}
	return refused
}

// run calls fn. Whatever ends fn, the committer hears of it.
func (w *writer) run(c *call, how manner, fn func(identity.Tx) error) (err error) {
	tx := newTransaction(context.Background(), w.conn, w.dialect, w.shared)
	end := outcome{gone: true}
	defer func() {
		failed := tx.conn.err
		tx.conn.err = errOver
		if err == nil {
			err = failed
		}
		ok := err == nil && !end.gone
		if ok && tx.conn.wrote {
			end.wrote = 1
		}
		// An engine that fails to write may have given up on the whole transaction.
		end.spoiled = !ok && (tx.conn.wrote || identity.KindOf(failed) == identity.Unavailable)
		if how == runInSavepoint {
			if broken := w.leave(ok); broken != nil {
				end.broken = lost(failed, broken)
				err = end.broken
			}
		}
		c.ran <- end
	}()
	if how == runInSavepoint {
		if err := w.exec("SAVEPOINT caller"); err != nil {
			end.gone = false
			return err
		}
	}
	err = fn(tx)
	end.gone = false
	return err
}

// leave ends a savepoint, keeping what was written in it or not.
func (w *writer) leave(keep bool) error {
	if keep {
		// Within the savepoint, so that the table has what the next one may have to go back to.
		if err := w.shared.writeHeads(context.Background(), w.conn, w.dialect); err != nil {
			return err
		}
	} else {
		w.shared.undo()
		if err := w.exec("ROLLBACK TO caller"); err != nil {
			return err
		}
	}
	return w.exec("RELEASE caller")
}

// lost is what everybody in a batch hears that the engine gave up in the middle: what made it do so, if that is an outage.
func lost(cause, leaving error) error {
	if identity.KindOf(cause) == identity.Unavailable {
		return cause
	}
	return &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable,
		Detail: "the database gave up on the transaction, so nothing was stored; try again", Err: errors.Join(cause, leaving)}
}
