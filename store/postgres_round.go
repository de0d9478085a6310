package store

import (
	"context"
	"errors"

	"rollcall/identity"
)

// round is the transaction of a crowd of callers, as often as it has to be tried.
//
// If one of several fails after writing, the transaction is rolled back and everybody runs again, each in a savepoint: from the start that
// would cost two messages more for every caller.
type round struct {
	sessions *sessions
	numbers  []uint32
	alone    bool   // nobody else writes meanwhile
	how      manner // of running the callers
	crowd    []*call

	session session // of the present attempt
	shared  *shared
	rows    int
}

// attempt runs everybody in one transaction. The crowd is who there is when the first one has its locks. The error tells everybody what
// became of the transaction; without one, each caller's own holds.
func (r *round) attempt(gather func() []*call) (end ending, err error) {
	w := r.sessions
	within, cancel := context.WithTimeout(context.Background(), transactionLimit)
	defer cancel()
	conn, err := w.db.Conn(within)
	if err != nil {
		return whatEnded(err), refusal(err)
	}
	r.session, r.shared = session{within: within, conn: conn}, newShared()
	defer r.session.leave()
	if err := r.session.exec(w.begin + locks(r.numbers, r.alone)); err != nil {
		return whatEnded(err), refusal(err)
	}
	if r.crowd == nil {
		r.crowd = gather()
	}
	if err := r.lookAhead(); err != nil {
		return whatEnded(err), refusal(err)
	}
	wrote := 0
	r.rows = 0
	for _, c := range r.crowd {
		if c.gone {
			continue
		}
		did := c.serve(r, r.how)
		wrote += did.wrote
		switch failed := errors.Join(did.broken, did.failed); {
		case !did.spoiled:
		case within.Err() != nil:
			return settled, unavailable("the transaction took too long, so nothing was stored; try again", failed)
		case whatEnded(failed) != settled:
			return whatEnded(failed), refusal(failed)
		case did.broken != nil:
			return settled, refusal(did.broken)
		case len(r.crowd) > 1:
			return spoiled, errSpoiled
		default:
			return settled, nil // the caller knows why
		}
	}
	if err := r.shared.writeHeads(within, conn, w.dialect); err != nil {
		return whatEnded(err), refusal(err)
	}
	// Also refusals end with a commit, which says whether what they rest on was so.
	end, err = w.commit(&r.session, wrote > 0)
	switch {
	case err == nil && end == settled:
		w.transactions.Add(int64(wrote))
		w.grow(r.rows)
		r.remember()
	case end == settled && !r.session.over && len(r.crowd) > 1 && r.how == runPlainly:
		return spoiled, errSpoiled // one of them wrote what the server has only now said no to
	}
	return end, err
}

// errSpoiled is seen by nobody: everybody runs again.
var errSpoiled = errors.New("store: a caller failed after writing")

func (r *round) run(c *call, how manner, fn func(identity.Tx) error) (err error) {
	tx := newTransaction(r.session.within, r.session.conn, r.sessions.dialect, r.shared)
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
			r.rows += tx.conn.rows
		}
		end.failed = failed
		// After an error of its own the engine does nothing more in the transaction, or up to the savepoint.
		end.spoiled = !ok && (tx.conn.wrote || code(failed) != "" || lostConnection(failed) || r.session.within.Err() != nil)
		if how == runInSavepoint && whatEnded(failed) == settled {
			end.broken = r.leave(ok)
			end.spoiled = end.broken != nil
		}
		c.ran <- end
	}()
	if how == runInSavepoint {
		if err := r.session.exec("SAVEPOINT caller"); err != nil {
			end.gone = false
			return tx.conn.failed(err)
		}
	}
	err = fn(tx)
	if err == nil {
		err = tx.conn.send()
	}
	if err == nil && how == runInSavepoint { // so that nobody else hears what is wrong with it
		if err = r.session.flush(); err != nil {
			err = tx.conn.failed(err)
		}
	}
	end.gone = false
	return err
}

// leave ends a savepoint, keeping what was written in it or not.
func (r *round) leave(keep bool) error {
	if !keep {
		r.shared.undo()
		return r.session.undo("ROLLBACK TO caller; RELEASE caller")
	}
	// Within the savepoint, so that the table has what the next one may have to go back to.
	if err := r.shared.writeHeads(r.session.within, r.session.conn, r.sessions.dialect); err != nil {
		return err
	}
	return r.session.exec("RELEASE caller")
}
