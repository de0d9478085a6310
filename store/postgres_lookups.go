package store

import (
	"context"
	"database/sql"
	"runtime"
	"sync"

	"rollcall/identity"
)

// lookups looks accounts up for several callers at once. While a message is under way those who come wait for the next one, and then go
// together: with many callers that saves most journeys, and who is alone waits for nobody. Only look-ups by a key are done so, which all take
// equally long.
type lookups struct {
	db *sql.DB

	mu      sync.Mutex
	waiting []*lookup
	asked   int // look-ups of the messages that are under way
	serving int // goroutines that look at the moment, with a message each
	most    int // of those
}

const (
	lookupsAtOnce = 32 // that a message has at most
	lookupsApart  = 4  // so many may go in messages of their own
)

func newLookups(db *sql.DB) *lookups { return &lookups{db: db, most: runtime.GOMAXPROCS(0)} }

// lookup is what one caller looks for, and what came of it.
type lookup struct {
	question
	found []confirmed
	err   error
	done  chan struct{}
}

func newLookup(query string, args []any) *lookup {
	l := &lookup{done: make(chan struct{})}
	l.question = question{statement{query, args}, taking(scanConfirmed, func(c confirmed) { l.found = append(l.found, c) })}
	return l
}

// AccountFor finds what reader.AccountFor finds.
func (s *Store) AccountFor(ctx context.Context, key identity.AccountKey, tokenHash string) (identity.Account, bool, error) {
	if s.lookups == nil {
		return s.reader.AccountFor(ctx, key, tokenHash)
	}
	query, args := accountFor(key, tokenHash)
	bound, err := bind(args)
	if err != nil {
		return identity.Account{}, false, s.run.failed(err)
	}
	l := newLookup(query, bound)
	switch err := s.lookups.find(ctx, l); {
	case err != nil:
		return identity.Account{}, false, s.run.failed(err)
	case len(l.found) == 0:
		return identity.Account{}, false, unknownAccount.err()
	}
	return l.found[0].Account, l.found[0].good, nil
}

// find returns when somebody has looked.
func (w *lookups) find(ctx context.Context, l *lookup) error {
	w.mu.Lock()
	w.waiting = append(w.waiting, l)
	serve := w.worthMessage()
	if serve {
		w.serving++
	}
	w.mu.Unlock()
	if serve {
		go w.serve()
	}
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// worthMessage reports whether those who wait get a message of their own beside those that are under way: if a few callers are all there are, who
// should not wait for each other, or if they are as many as a message has. In between a second message would only halve the first: each costs server
// and client as much as several look-ups, and with several servers on one database there would be more of them with fewer look-ups in each.
func (w *lookups) worthMessage() bool {
	return w.serving < w.most && (w.asked < lookupsApart || len(w.waiting) >= lookupsAtOnce)
}

// serve looks until nobody waits.
func (w *lookups) serve() {
	for {
		w.mu.Lock()
		some := w.waiting[:min(len(w.waiting), lookupsAtOnce)]
		w.waiting = w.waiting[len(some):]
		if len(some) == 0 {
			w.serving--
			w.waiting = nil
			w.mu.Unlock()
			return
		}
		w.asked += len(some)
		w.mu.Unlock()
		w.look(some)
		w.mu.Lock()
		w.asked -= len(some)
		w.mu.Unlock()
		for _, l := range some {
			close(l.done)
		}
	}
}

// look looks for all at once, and if that fails for each by itself.
func (w *lookups) look(all []*lookup) {
	ctx, cancel := context.WithTimeout(context.Background(), statementLimit)
	defer cancel()
	if len(all) > 1 && w.ask(ctx, all...) == nil {
		return
	}
	for _, l := range all {
		// Again where a connection had ended, such as one that is older than the server's last start. All others may have, too.
		for left := w.db.Stats().MaxOpenConnections; ; left-- {
			if l.err = w.ask(ctx, l); l.err == nil || left <= 0 || unreached(l.err) || !lostConnection(l.err) {
				break
			}
		}
	}
}

func (w *lookups) ask(ctx context.Context, all ...*lookup) error {
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back
	questions := make([]question, len(all))
	for i, l := range all {
		l.found = nil
		questions[i] = l.question
	}
	return askTogether(ctx, conn, questions)
}
