package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

const (
	healthPath  = "GET /healthz"
	readyPath   = "GET /readyz"
	metricsPath = "GET /metrics"
)

// readyWithin is how long a readiness check may take.
const readyWithin = 2 * time.Second

// NotReady is why a server is not ready, in a sentence that anybody may read.
type NotReady string

func (e NotReady) Error() string { return string(e) }

// AddHealth adds /healthz, which says that the process answers, /readyz, which says whether ready returns nil within two
// seconds, and /metrics unless metrics is nil. Why a server is not ready is for its log, and for whoever asks only if it is a [NotReady].
func AddHealth(mux *http.ServeMux, logger *slog.Logger, ready func(context.Context) error, metrics *Metrics) {
	mux.HandleFunc(healthPath, func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc(readyPath, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
		defer cancel()
		if err := ready(ctx); err != nil {
			logger.WarnContext(ctx, "not ready", "request", RequestID(ctx), "error", err)
			why := NotReady("the server cannot work now; try again in a few seconds")
			errors.As(err, &why)
			tellNotReady(w, r, why)
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	if metrics != nil {
		mux.Handle(metricsPath, metrics.Handler())
	}
}

func tellNotReady(w http.ResponseWriter, r *http.Request, why NotReady) {
	w.Header().Set("Retry-After", "5")
	WriteProblem(w, r, NewProblem(http.StatusServiceUnavailable, "NOT_READY", string(why), "Wait as long as Retry-After says, or ask another instance."))
}
