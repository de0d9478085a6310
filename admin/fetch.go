package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"rollcall/identity"
)

// The limits on asking an issuer. Anybody can send tokens with key ids that nobody knows, and every one of them is a reason
// to fetch the keys again; so there is a pause between two fetches.
const (
	fetchPause     = 10 * time.Second
	failurePause   = 5 * time.Second // after a fetch that failed: an issuer that comes back is found soon
	maxIssuerReply = 1 << 20         // bytes
)

// errFetchedLately says that the keys are as fresh as they get: a token that they do not verify is bad.
var errFetchedLately = errors.New("admin: the issuer was asked a moment ago")

// unreachable says that the issuer gave no answer that can be used. It is remembered until the pause is over, so that an
// issuer in trouble is not asked once for every request.
type unreachable struct{ cause error }

func (e *unreachable) Error() string {
	return "admin: the issuer gave no usable answer: " + e.cause.Error()
}
func (e *unreachable) Unwrap() error { return e.cause }

// fetchLimit is the way to one issuer. It allows one fetch of a URL per pause, reads answers whole under a limit, and makes
// every failure an *unreachable, which go-oidc passes on.
type fetchLimit struct {
	clock identity.Clock
	next  http.RoundTripper

	mu   sync.Mutex
	last map[string]fetched
}

type fetched struct {
	at  time.Time
	err error
}

func newFetchLimit(clock identity.Clock) *fetchLimit {
	return &fetchLimit{clock: clock, last: map[string]fetched{}}
}

func (l *fetchLimit) RoundTrip(r *http.Request) (*http.Response, error) {
	target := r.URL.String()
	if err := l.begin(target); err != nil {
		return nil, err
	}
	response, err := l.fetch(r)
	if err != nil {
		err = &unreachable{cause: err}
		l.mu.Lock()
		l.last[target] = fetched{at: l.last[target].at, err: err}
		l.mu.Unlock()
		return nil, err
	}
	return response, nil
}

// begin takes the one fetch that the pause allows.
func (l *fetchLimit) begin(target string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	before, asked := l.last[target]
	since := now.Sub(before.at)
	switch {
	case !asked || since < 0: // a clock that was set back must not stretch the pause
	case before.err != nil && since < failurePause:
		return before.err
	case before.err == nil && since < fetchPause:
		return errFetchedLately
	}
	l.last[target] = fetched{at: now}
	return nil
}

func (l *fetchLimit) fetch(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxIssuerReply+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxIssuerReply:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxIssuerReply)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the answer is %s", response.Status)
	case !json.Valid(body):
		return nil, errors.New("the answer is not JSON")
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
