package scim

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/internal/web"
)

// How much of a request is kept in memory until it is in the log.
const (
	maxLoggedBody   = 4 << 10
	maxLoggedQuery  = 4 << 10
	maxLoggedPath   = 1 << 10
	maxLoggedMethod = 20
	maxLoggedErrors = 50 // of the operations of a bulk request
)

// exchange is one request and its answer, as they pass, on the way into the log. It is the response writer that everything below
// it gets. What it holds is not masked yet: that waits for [exchanges.flush], because requests wait for nothing of the log.
type exchange struct {
	http.ResponseWriter
	method, path, query  string
	requestID, userAgent string

	token   identity.Token // zero as long as nobody knows who asks
	at      time.Time
	took    time.Duration
	status  int // 0 until the header is written
	failure *scimerrors.ScimError
	refused []string // operations of a bulk request, with the reasons
	more    int      // operations that were refused too
	body    []byte   // the beginning of the request's
	size    int64    // of the request's body, as far as it was read
}

// newExchange begins an exchange. It keeps no more of the request than it needs: many of them wait at the same time.
func newExchange(w http.ResponseWriter, r *http.Request, at time.Time) *exchange {
	return &exchange{
		ResponseWriter: w, at: at, method: start(r.Method, maxLoggedMethod), path: start(r.URL.Path, maxLoggedPath),
		query: start(r.URL.RawQuery, maxLoggedQuery), requestID: web.RequestID(r.Context()), userAgent: start(r.UserAgent(), web.MaxUserAgent),
	}
}

// WriteHeader notes the status. Informational answers (1xx) come before the one that counts.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// watchedBody shows an exchange what is read of its request.
type watchedBody struct {
	io.ReadCloser
	exchange *exchange
}

func (w watchedBody) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	x := w.exchange
	if room := maxLoggedBody - len(x.body); room > 0 {
		x.body = append(x.body, p[:min(n, room)]...)
	}
	x.size += int64(n)
	return n, err
}

// exchangeOf finds the exchange that an answer belongs to.
func exchangeOf(w http.ResponseWriter) (*exchange, bool) {
	for {
		if x, ok := w.(*exchange); ok {
			return x, true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil, false
		}
		w = u.Unwrap()
	}
}

// noteToken tells the log whose the exchange is.
func noteToken(w http.ResponseWriter, token identity.Token) {
	if x, ok := exchangeOf(w); ok {
		x.token = token
	}
}

// noteFailure tells the log why the answer is what it is.
func noteFailure(w http.ResponseWriter, e *scimerrors.ScimError) {
	if x, ok := exchangeOf(w); ok {
		x.failure = e
	}
}

// noteOperation tells the log why an operation of a bulk request failed. The answer to the request itself is 200.
func noteOperation(w http.ResponseWriter, i int, e *scimerrors.ScimError) {
	x, ok := exchangeOf(w)
	switch {
	case !ok:
	case len(x.refused) == maxLoggedErrors:
		x.more++
	default:
		x.refused = append(x.refused, fmt.Sprintf("Operation %d: %d %s", i+1, e.Status, strings.TrimPrefix(string(e.ScimType)+": ", ": ")+e.Detail))
	}
}

// entry is the exchange as it is kept: without what administrators must not see.
func (x *exchange) entry(r redactor) identity.Exchange {
	e := identity.Exchange{
		Org: x.token.Org, Token: x.token.ID, At: x.at, Method: legible(x.method), Path: legible(maskPath(x.path)), Query: legible(r.maskQuery(x.query)),
		Status: x.status, Took: max(0, x.took), Body: legible(r.maskBody(x.body, x.size)), RequestID: x.requestID, UserAgent: legible(withoutTokens(x.userAgent)),
	}
	switch {
	case x.failure != nil:
		e.Code, e.Detail = string(x.failure.ScimType), legible(withoutTokens(x.failure.Detail))
	case len(x.refused) > 0:
		e.Detail = legible(withoutTokens(strings.Join(x.refused, " ")))
		if x.more > 0 {
			e.Detail += fmt.Sprintf(" And %d more.", x.more)
		}
	case x.status == web.StatusClientGone:
		e.Detail = "The client hung up before it was answered."
	}
	return e
}
