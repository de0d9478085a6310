package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The limits on asking an issuer. Anybody can send tokens with key ids that nobody knows, and every one of them is a reason
// to fetch the keys again; so there is a pause between two fetches.
const (
	fetchPause     = 10 * time.Second
	failurePause   = 5 * time.Second // after a fetch that failed: an issuer that comes back is found soon
	maxIssuerReply = 1 << 20         // bytes
)

// unreachable says that the issuer gave no answer that can be used.
type unreachable struct{ cause error }

func (e *unreachable) Error() string {
	return "admin: the issuer gave no usable answer: " + e.cause.Error()
}
func (e *unreachable) Unwrap() error { return e.cause }

// attempt is the last time that something was fetched, and what came of it. The error is remembered, so that an issuer in
// trouble is not asked once for every request.
type attempt struct {
	at  time.Time // zero: never
	err error
}

// again reports whether the pause after the attempt is over. A clock that was set back does not stretch it.
func (a attempt) again(now time.Time) bool {
	pause := fetchPause
	if a.err != nil {
		pause = failurePause
	}
	return a.at.IsZero() || now.Before(a.at) || now.Sub(a.at) >= pause
}

// wholeJSON lets through only answers that are 200, JSON and of a sane length, and reads them whole.
type wholeJSON struct{ next http.RoundTripper }

func (t wholeJSON) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
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
