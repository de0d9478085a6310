package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// The headers of every answer. Answers carry personal data, so nobody may keep them, and none of them is a page unless a
// surface says otherwise by replacing the policy. The slices are shared and never written to.
var (
	noSniff    = []string{"nosniff"}
	noStore    = []string{"no-store"}
	noReferrer = []string{"no-referrer"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
	onlyTLS    = []string{"max-age=31536000"}
)

// Front stands before every surface. It gives the request an id, sets the headers that no answer should lack, catches
// panics, and tells logger and metrics how the request ended. metrics may be nil.
//
// The log shows path and route, never the query or a header: filters hold names of people, and headers hold tokens.
func Front(next http.Handler, logger *slog.Logger, metrics *Metrics) http.Handler {
	next = Recover(next, logger, tellInternal)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &record{ResponseWriter: w, id: requestID(r.Header.Get(RequestIDHeader))}
		setHeaders(w.Header(), rec.id, r.TLS != nil)
		inner := r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		defer func() {
			route := rec.route
			if route == "" {
				route = inner.Pattern
			}
			taken := time.Since(start)
			if metrics != nil {
				metrics.observe(route, r.Method, rec.status, taken)
			}
			logEnd(logger, inner, rec, route, taken)
		}()
		next.ServeHTTP(rec, inner)
		if rec.status == 0 {
			rec.status = http.StatusOK // net/http sends 200 for a handler that wrote nothing
		}
	})
}

func setHeaders(h http.Header, id string, tls bool) {
	h[RequestIDHeader] = []string{id}
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = noContent
	if tls {
		h["Strict-Transport-Security"] = onlyTLS
	}
}

func logEnd(logger *slog.Logger, r *http.Request, rec *record, route string, taken time.Duration) {
	level := slog.LevelInfo
	switch {
	case rec.status >= 500 && rec.status != http.StatusNotImplemented: // what there is not is asked for by mistake
		level = slog.LevelError
	case route == healthPath || route == readyPath || route == metricsPath:
		level = slog.LevelDebug // asked every few seconds by whoever watches the server
	}
	if !logger.Enabled(r.Context(), level) {
		return
	}
	logger.LogAttrs(r.Context(), level, "request",
		slog.String("request", rec.id), slog.String("method", shorten(r.Method)), slog.String("path", shorten(r.URL.Path)),
		slog.String("route", route), slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", taken), slog.String("remote", r.RemoteAddr))
}

// Recover turns a panic below it into one full entry in the log and an answer that says no more than "internal". tell
// writes that answer in the surface's own form. If the answer had begun already, the connection is cut, so that the client
// does not take half an answer for a whole one.
func Recover(next http.Handler, logger *slog.Logger, tell http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			logger.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request", RequestID(r.Context())),
				slog.String("method", r.Method), slog.String("path", shorten(r.URL.Path)), slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
			if begun(w) {
				panic(http.ErrAbortHandler)
			}
			tell(w, r)
		}()
		next.ServeHTTP(w, r)
	})
}

// begun reports whether the header of the answer has been sent.
func begun(w http.ResponseWriter) bool {
	for {
		if rec, ok := w.(*record); ok {
			return rec.status != 0
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

func tellInternal(w http.ResponseWriter, r *http.Request) {
	WriteProblem(w, r, Internal())
}

// shorten keeps a client from filling the log with one request.
func shorten(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
