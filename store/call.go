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
	lock  identity.OrgLock
}

// newCall has room for what the two say to each other, so that the committer never waits for a caller that is gone.
func newCall() *call { return &call{turn: make(chan turn, 1), ran: make(chan outcome, 1)} }

// turn tells a caller what to do next.
type turn struct {
	end bool // stop waiting: what the functions's batch came to is err
	err error
	in  batch
	how manner
}

// batch is a transaction that callers share, in the way of an engine. run calls a caller's function in it; whatever ends the function, the
// committer hears of it.
type batch interface {
	run(c *call, how manner, fn func(identity.Tx) error) error
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
	failed  error // what the engine refused
	broken  error // not even a savepoint helped
	gone    bool
}

var errClosed = &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable, Detail: "the store is closed"}

func (c *call) take() bool { return c.taken.CompareAndSwap(false, true) }

// serve gives the caller its turn and waits until its function has ended. For the committer.
func (c *call) serve(in batch, how manner) outcome {
	c.turn <- turn{in: in, how: how}
	end := <-c.ran
	c.gone = end.gone
	return end
}

// do runs fn as part of a batch and returns when the batch has been committed.
func (w *writer) do(ctx context.Context, _ identity.OrgLock, fn func(identity.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := newCall()
	select {
	case w.queue <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	select {
	case first := <-c.turn:
		return c.follow(first, fn)
	case <-ctx.Done():
		if c.take() {
			return ctx.Err()
		}
	case <-w.stopped:
		if c.take() {
			return errClosed
		}
	}
	return c.follow(<-c.turn, fn)
}

// follow does what the committer says until it says how the batch ended. Also a refusal waits for that: what it rests on may
// have been written by a neighbour whose commit can still fail.
func (c *call) follow(t turn, fn func(identity.Tx) error) error {
	var refused error
	for ; !t.end; t = <-c.turn {
		refused = t.in.run(c, t.how, fn)
	}
	if t.err != nil {
		return t.err
	}
	return refused
}

func (w *writer) run(c *call, how manner, fn func(identity.Tx) error) (err error) {
	tx := newTransaction(context.Background(), w.conn, w.dialect, w.shared)
	end := outcome{gone: true}
	defer func() {
		// Whatever became of the function: the connection goes to somebody else now.
		if running := tx.conn.beside.settle(); running != nil {
			_ = tx.conn.failed(running)
		}
		failed := tx.conn.err
		tx.conn.err = errOver
		if err == nil {
			err = failed
		}
		ok := err == nil && !end.gone
		if ok && tx.conn.wrote {
			end.wrote = 1
		}
		end.failed = failed
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
	if err == nil {
		err = tx.conn.send()
	}
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
