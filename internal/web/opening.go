package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// openingPatience is how long a request waits for the surfaces: most servers have opened their database much earlier, and a proxy that tries one
// again as soon as it has its port need not know.
const openingPatience = 2 * time.Second

// Opening stands in for the surfaces of a server that has its port and not yet what they need: its database may have to be migrated first. It
// says that the process lives and that it is not ready. Everything else waits a little and is then 503.
type Opening struct {
	opened   chan struct{}
	once     sync.Once
	surfaces http.Handler // once opened is closed
	waiting  http.Handler
}

// NewOpening returns one that says what the server is doing, in a sentence that anybody may read.
func NewOpening(why NotReady, logger *slog.Logger) *Opening {
	o := &Opening{opened: make(chan struct{})}
	mux := http.NewServeMux()
	AddHealth(mux, logger, func(context.Context) error { return why }, nil)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { tellNotReady(w, r, why) })
	o.waiting = Front(mux, logger, nil)
	return o
}

// Open has everything from now on answered by the surfaces.
func (o *Opening) Open(surfaces http.Handler) {
	o.once.Do(func() {
		o.surfaces = surfaces
		close(o.opened)
	})
}

func (o *Opening) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-o.opened:
		o.surfaces.ServeHTTP(w, r)
		return
	default:
	}
	if path := r.Method + " " + r.URL.Path; path != healthPath && path != readyPath {
		patience := time.NewTimer(openingPatience)
		defer patience.Stop()
		select {
		case <-o.opened:
			o.surfaces.ServeHTTP(w, r)
			return
		case <-r.Context().Done():
		case <-patience.C:
		}
	}
	o.waiting.ServeHTTP(w, r)
}
