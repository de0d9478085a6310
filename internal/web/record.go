package web

import (
	"context"
	"crypto/rand"
	"net/http"
)

// RequestIDHeader names a request across programs. A sane value of the client's is kept, so that its log and ours can be
// laid side by side.
const RequestIDHeader = "X-Request-Id"

// StatusClientGone is what the log and the metrics show of a request whose client hung up before the answer; nobody
// receives it.
const StatusClientGone = 499

// MaxRequestID is the length in bytes up to which a client's request id is kept.
const MaxRequestID = 64

// record is one request as it goes through the server: the response writer that counts, and what the log and the metrics
// will say of it.
type record struct {
	http.ResponseWriter
	id     string
	route  string
	status int // 0 until the header is written
	bytes  int64
}

type recordKey struct{}

func (w *record) WriteHeader(status int) {
	// Informational answers (1xx) come before the one that counts.
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *record) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *record) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// RequestID returns the id of the request that ctx belongs to; the empty string outside of [Front].
func RequestID(ctx context.Context) string {
	if w, ok := ctx.Value(recordKey{}).(*record); ok {
		return w.id
	}
	return ""
}

// SetRoute names the route of a request for the log and the metrics, for surfaces that do not route by http.ServeMux. The
// name is one of a fixed few: it must not hold anything that a client chose.
func SetRoute(ctx context.Context, route string) {
	if w, ok := ctx.Value(recordKey{}).(*record); ok {
		w.route = route
	}
}

// requestID keeps the client's id if it can do no harm in a log or header, and makes one otherwise.
func requestID(given string) string {
	if given == "" || len(given) > MaxRequestID {
		return rand.Text()
	}
	for i := range len(given) {
		if !saneInID(given[i]) {
			return rand.Text()
		}
	}
	return given
}

func saneInID(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '_' || b == '.' || b == ':'
}
