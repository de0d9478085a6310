package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"rollcall/identity"
)

// How often a transaction is tried, and from when on nobody else may write meanwhile.
const (
	attempts   = 8
	politeness = 3
	firstPause = 5 * time.Millisecond
	longPause  = 500 * time.Millisecond
)

// sessions runs each transaction on a connection of its own. Those who wait to write in the same organizations share one; see [lane].
//
// Transactions are serializable, so whoever decides by what it has read is safe, whatever it read. That alone would make those who want
// the same thing start over again and again. So each one waits for the others of its organizations first, and who was in somebody's way
// too often runs while nobody else writes.
type sessions struct {
	db      *sql.DB
	dialect *dialect
	begin   string // what every transaction begins with
	turns   [buckets]chan struct{}
	lanes   [buckets]lane

	inquiryLimit time.Duration

	transactions, commits atomic.Int64

	rows, analyzeAt atomic.Int64 // rows written, and how many shall be when the server looks at its tables next
	analyses        sync.WaitGroup
	open            context.Context // until the store is closed
	close           context.CancelFunc
}

func newSessions(p *postgres, d *dialect, size int) *sessions {
	begin := "BEGIN ISOLATION LEVEL SERIALIZABLE; " +
		// A scan of a whole table would collide with everything that is written to it.
		"SET LOCAL enable_seqscan = off; " +
		// Accounts that are inserted are counted once for all, by writeHeads. A trigger would double what inserting them costs.
		"SET LOCAL rollcall.counts_accounts = 'yes'; " +
		// Whatever the server does otherwise: what is acknowledged is on its disk.
		"SET LOCAL synchronous_commit = on; " +
		"SET LOCAL statement_timeout = " + p.limit("statement_timeout", statementLimit) + "; " +
		"SET LOCAL lock_timeout = " + p.limit("lock_timeout", lockLimit) + "; " +
		"SET LOCAL idle_in_transaction_session_timeout = " + p.limit("idle_in_transaction_session_timeout", idleLimit)
	w := &sessions{db: p.pool(size), dialect: d, begin: begin, inquiryLimit: inquiryLimit}
	w.open, w.close = context.WithCancel(context.Background())
	w.analyzeAt.Store(firstAnalysis)
	for i := range w.turns {
		w.turns[i] = make(chan struct{}, 1)
	}
	return w
}

// counts reads in this order, so that there are never more commits than transactions.
func (w *sessions) counts() Stats {
	commits := w.commits.Load()
	return Stats{Transactions: w.transactions.Load(), Commits: commits}
}

func (w *sessions) stop() error {
	w.close()
	w.analyses.Wait()
	if err := w.db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// ending says how an attempt came out.
type ending int

const (
	settled  ending = iota // it is over, well or not
	collided               // somebody else was in the way
	disputed               // a constraint was violated that nobody's mistake violates, perhaps by what somebody has just committed
	cut                    // the connection was lost, and nothing was stored
	spoiled                // one of several callers failed after writing
)

// buckets is how many locks organizations share. The migration makes the tables.
const buckets = 64

// bucketsOf returns the locks of a transaction, always in the same order.
func bucketsOf(lock identity.OrgLock) []uint32 {
	var numbers []uint32
	for _, org := range lock.Orgs {
		h := fnv.New32a()
		_, _ = h.Write([]byte(org)) // never fails
		numbers = append(numbers, h.Sum32()%buckets)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// locks returns the statements that take a transaction's locks. Every transaction records an event in the chain of its organization, so two of
// one organization could not both be committed: shared or exclusive, one waits for the other.
func locks(numbers []uint32, alone bool) string {
	if alone {
		return "; LOCK TABLE writers IN EXCLUSIVE MODE"
	}
	var b strings.Builder
	b.WriteString("; LOCK TABLE writers IN ROW SHARE MODE")
	for _, n := range numbers {
		fmt.Fprintf(&b, "; LOCK TABLE writers_%02d IN EXCLUSIVE MODE", n)
	}
	return b.String()
}

// whatEnded tells from the error that ended a transaction how it goes on.
func whatEnded(err error) ending {
	switch c := code(err); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return settled
	case c == serializationFailure || c == deadlockDetected:
		return collided
	case strings.HasPrefix(c, integrityClass) && identity.KindOf(refusal(err)) == identity.Internal:
		return disputed
	case lostConnection(err):
		return cut
	}
	return settled
}

// session is a connection while a transaction is under way on it.
type session struct {
	within context.Context
	conn   *sql.Conn
	over   bool // the transaction has ended on the server
}

// exec runs statements without arguments, all in one message, after what still waits.
func (s *session) exec(statements string) error {
	return s.conn.Raw(func(conn any) error {
		c := conn.(*postgresConn)
		if err := c.flush(s.within); err != nil {
			return err
		}
		_, err := c.Conn.Conn().Exec(s.within, statements)
		return err
	})
}

// flush sends what waits.
func (s *session) flush() error {
	return s.conn.Raw(func(conn any) error { return conn.(*postgresConn).flush(s.within) })
}

// undo runs statements that undo what was written, also what was not sent.
func (s *session) undo(statements string) error {
	_ = s.conn.Raw(func(conn any) error {
		conn.(*postgresConn).unsent = nil
		return nil
	}) // an error means that it is not there any more
	return s.exec(statements)
}

// commit sends what waits, a mark if there is one, and COMMIT, all in one message, and returns what the server says of the latter.
func (s *session) commit(mark []byte) (tag string, err error) {
	err = s.conn.Raw(func(conn any) error {
		c := conn.(*postgresConn)
		if mark != nil {
			c.unsent = append(c.unsent, statement{putMark, []any{mark}})
		}
		tag, err = c.last(s.within, commitStatement)
		return err
	})
	return tag, err
}

// leave rolls back what is not over and gives the connection back, if it can still be used.
func (s *session) leave() {
	if !s.over {
		if err := s.undo("ROLLBACK"); err != nil {
			_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // so that the pool closes it
		}
	}
	_ = s.conn.Close() // gives it back
}

// broken reports whether the connection has ended.
func (s *session) broken() bool {
	broken := true
	_ = s.conn.Raw(func(conn any) error {
		broken = pgxConn(conn).IsClosed()
		return nil
	}) // an error means that it is not there any more
	return broken
}

func pgxConn(conn any) *pgx.Conn { return conn.(*postgresConn).Conn.Conn() }
