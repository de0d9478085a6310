package scim

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"rollcall/identity"
)

// How many exchanges wait in memory. Beyond it nothing is kept back from anybody, only the log has gaps, and says so.
const (
	mostWaiting = 10_000 // of all tokens
	flushAtOnce = 200    // in one transaction, so that others who write need not wait long
)

// exchanges is the log of what was asked and how it was answered, until a worker takes it to the store. Of each token it has the last
// [identity.MaxExchanges], because no more would be kept there either.
type exchanges struct {
	service  *identity.Service
	redactor redactor
	log      *slog.Logger

	mu      sync.Mutex
	waiting map[identity.TokenID]*lastExchanges
	count   int
	lost    int
}

func newExchanges(service *identity.Service, log *slog.Logger, types []*resourceType) *exchanges {
	return &exchanges{service: service, redactor: newRedactor(types), log: log, waiting: map[identity.TokenID]*lastExchanges{}}
}

// lastExchanges are those of one token. The oldest gives way when there are too many.
type lastExchanges struct {
	kept   []*exchange
	oldest int // where, once there are as many as are kept
}

// add reports whether there is one more now.
func (l *lastExchanges) add(x *exchange) bool {
	if len(l.kept) < identity.MaxExchanges {
		l.kept = append(l.kept, x)
		return true
	}
	l.kept[l.oldest] = x
	l.oldest = (l.oldest + 1) % len(l.kept)
	return false
}

// all lists them, the oldest first.
func (l *lastExchanges) all() []*exchange { return slices.Concat(l.kept[l.oldest:], l.kept[:l.oldest]) }

// watch lets a handler answer a request, and logs it.
func (l *exchanges) watch(next http.Handler, w http.ResponseWriter, r *http.Request) {
	x := newExchange(w, r, l.service.Now())
	defer l.end(x) // also if the connection is cut
	if r.Body != nil && r.Body != http.NoBody {
		inner := *r
		inner.Body = watchedBody{r.Body, x}
		r = &inner
	}
	next.ServeHTTP(x, r)
}

// end takes an exchange in. A request whose token was not good is nobody's.
func (l *exchanges) end(x *exchange) {
	if x.status == 0 {
		x.status = http.StatusOK // net/http sends it for a handler that wrote nothing
	}
	if x.token.ID == "" || x.status == http.StatusUnauthorized {
		return
	}
	x.took = l.service.Now().Sub(x.at)
	x.ResponseWriter = nil // nothing is written any more, and the connection is not to be kept for it
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(x)
}

// add is for those who have the lock.
func (l *exchanges) add(x *exchange) {
	last := l.waiting[x.token.ID]
	if l.count >= mostWaiting && (last == nil || len(last.kept) < identity.MaxExchanges) {
		l.lost++
		return
	}
	if last == nil {
		last = &lastExchanges{}
		l.waiting[x.token.ID] = last
	}
	if last.add(x) {
		l.count++
	}
}

// take empties the log.
func (l *exchanges) take() (taken []*exchange, lost int) {
	for _, last := range l.waiting {
		taken = append(taken, last.all()...)
	}
	lost = l.lost
	l.waiting, l.count, l.lost = map[identity.TokenID]*lastExchanges{}, 0, 0
	return taken, lost
}

// FlushExchanges takes the log of requests to the store, where administrators can read it. A worker calls it every few seconds.
func (s *Server) FlushExchanges(ctx context.Context) error { return s.exchanges.flush(ctx) }

// flush takes to the store what has come since the last time. What the store did not take waits for the next time.
func (l *exchanges) flush(ctx context.Context) error {
	l.mu.Lock()
	taken, lost := l.take()
	l.mu.Unlock()
	if lost > 0 {
		l.log.WarnContext(ctx, "exchanges are missing in the log of requests: there were too many", "missing", lost)
	}
	for len(taken) > 0 {
		some := taken[:min(flushAtOnce, len(taken))]
		entries := make([]identity.Exchange, len(some))
		for i, x := range some {
			entries[i] = x.entry(l.redactor)
		}
		if err := l.service.KeepExchanges(ctx, entries); err != nil {
			l.putBack(taken)
			return errors.Join(errors.New("scim: exchanges could not be logged"), err)
		}
		taken = taken[len(some):]
	}
	return nil
}

// putBack puts exchanges before those that have come meanwhile.
func (l *exchanges) putBack(older []*exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	newer, lost := l.take()
	l.lost = lost
	for _, x := range slices.Concat(older, newer) {
		l.add(x)
	}
}
