package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// result is what asking a server came to.
type result struct {
	Operation string  `json:"operation"`
	Clients   int     `json:"clients"`
	Seconds   float64 `json:"seconds"`
	Requests  int     `json:"requests"` // that were answered rightly
	Errors    int     `json:"errors"`   // that were not, or not at all
	Error     string  `json:"error,omitempty"`
	PerSecond float64 `json:"perSecond"` // of right answers
	P50       float64 `json:"p50ms"`
	P99       float64 `json:"p99ms"`
}

// exchange is one request and what its answer has to be.
type exchange struct {
	method, path string // the path goes on where the target's URL ends
	body         []byte
	check        func(status int, body []byte) error
}

// target is a server that is asked.
type target struct {
	name  string
	url   string // of its SCIM endpoint, without a slash at the end
	token string

	present int     // people that it had before anybody was created here
	people  []known // some of those, spread over all
	prefix  string  // of userNames that are created here
	created atomic.Int64
	patched atomic.Int64
	mirror  *mirrored // what an echo is sent; nil for servers that know people
	client  *http.Client
}

// known is somebody whom a server has.
type known struct{ id, userName string }

func newTarget(name, url, token string) *target {
	const connections = 64
	return &target{name: name, url: strings.TrimSuffix(url, "/"), token: token, prefix: uniquePrefix(),
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections}}}
}

// ask sends one request and checks the answer.
func (t *target) ask(ctx context.Context, e exchange, buffer *bytes.Buffer) error {
	r, err := http.NewRequestWithContext(ctx, e.method, t.url+e.path, bytes.NewReader(e.body))
	if err != nil {
		return err
	}
	if len(e.body) > 0 {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	if t.token != "" {
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	resp, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	buffer.Reset()
	if _, err := io.Copy(buffer, resp.Body); err != nil {
		return err
	}
	if err := e.check(resp.StatusCode, buffer.Bytes()); err != nil {
		return fmt.Errorf("%s %s: %w", e.method, e.path, err)
	}
	return nil
}

// drive asks for so long from so many clients at once. next returns the i-th request.
func drive(ctx context.Context, t *target, clients int, long time.Duration, next func(i int) exchange) result {
	type client struct {
		took   []time.Duration
		errors int
		first  error
	}
	all := make([]client, clients)
	var counter atomic.Int64
	var wait sync.WaitGroup
	began := time.Now()
	end := began.Add(long)
	for n := range all {
		c := &all[n]
		wait.Go(func() {
			var buffer bytes.Buffer
			for ctx.Err() == nil {
				e := next(int(counter.Add(1)) - 1)
				sent := time.Now()
				if sent.After(end) {
					return
				}
				if err := t.ask(ctx, e, &buffer); err != nil {
					if ctx.Err() != nil {
						return
					}
					c.errors++
					if c.first == nil {
						c.first = err
					}
					continue
				}
				c.took = append(c.took, time.Since(sent))
			}
		})
	}
	wait.Wait()
	r := result{Clients: clients, Seconds: time.Since(began).Seconds()}
	var took []time.Duration
	for _, c := range all {
		took = append(took, c.took...)
		r.Errors += c.errors
		if c.first != nil && r.Error == "" {
			r.Error = c.first.Error()
		}
	}
	slices.Sort(took)
	r.Requests = len(took)
	r.PerSecond = float64(len(took)) / r.Seconds
	r.P50, r.P99 = milliseconds(quantile(took, 0.5)), milliseconds(quantile(took, 0.99))
	return r
}

// load asks a target for one of the operations.
func load(ctx context.Context, t *target, operation string, clients int, long time.Duration) (result, error) {
	next, ok := operations[operation]
	if !ok {
		return result{}, fmt.Errorf("there is no operation %q; it is one of %s", operation, strings.Join(operationNames(), ", "))
	}
	r := drive(ctx, t, clients, long, func(i int) exchange { return next(t, i) })
	r.Operation = operation
	return r, ctx.Err()
}
