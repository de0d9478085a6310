package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/web"
)

// serverFlag makes a command ask a running server through its API, with an administrator's rights, instead of the database.
type serverFlag struct {
	Server string `env:"ROLLCALL_SERVER" placeholder:"URL" help:"Ask this server through its API instead of the database."`
	Token  string `env:"ROLLCALL_TOKEN" placeholder:"TOKEN" help:"An administrator's OpenID Connect token for --server, instead of the one of rollcall login; better in the environment, where others do not see it."`
}

// apiFlags say whose administration API a command calls: with --server that server's, and else the program's own over the
// database. Each command is written once for both.
type apiFlags struct {
	storeFlag
	serverFlag
	resolver identity.Resolver // for the program's own API; nil where the DNS is not asked
}

// The bounds of calls.
const (
	apiPage     = 200 // of a list, at a time
	apiTimeout  = 30 * time.Second
	apiPatience = 2 * time.Minute  // until a server begins to answer; it reads an import first
	apiTries    = 5                // of a call that the server has no time for
	apiPause    = 30 * time.Second // the longest that a call waits to be tried again
	maxAnswer   = 64 << 20         // bytes
)

// apiClient is the administration API as commands call it.
type apiClient struct {
	*app
	base   string // of the API's first version, without a slash at its end
	client *http.Client
	token  func(context.Context) (string, error)
	local  *local // nil: the API is a server's
}

// local is what a command has beside the API if it works on the database itself.
type local struct {
	*session
	jobs *bulk.Jobs
}

// onAPI lets do call the API that the flags name.
func (a *app) onAPI(f apiFlags, do func(*apiClient) error) error {
	if f.Server != "" {
		c, err := a.serverAPI(f.serverFlag)
		if err != nil {
			return err
		}
		return do(c)
	}
	return a.onStore(f.storeFlag, func(s *session) error {
		c, err := s.ownAPI(f.resolver)
		if err != nil {
			return err
		}
		return do(c)
	})
}

func (a *app) serverAPI(f serverFlag) (*apiClient, error) {
	if err := checkServer(f.Server); err != nil {
		return nil, err
	}
	server := strings.TrimRight(f.Server, "/")
	token := func(context.Context) (string, error) { return f.Token, nil }
	if f.Token == "" {
		var err error
		if token, err = a.loggedIn(server); err != nil {
			return nil, err
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = apiPatience
	// A token goes to the server that was named and to no other.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &apiClient{app: a, base: server + "/api/v1", token: token, client: &http.Client{Transport: transport, CheckRedirect: stay}}, nil
}

// checkServer refuses what is no URL of a server, and one that would get tokens in the clear.
func checkServer(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--server: %q is no URL of a server, such as https://id.example.org", server)
	}
	if u.Scheme == "http" && overTheNetwork(net.JoinHostPort(u.Hostname(), "80")) {
		return fmt.Errorf("--server: %s would get the token in the clear, for everybody on the way to read; use https", server)
	}
	return nil
}

// ownAPI is the API over the session's store, which admits whoever runs the program.
func (s *session) ownAPI(resolver identity.Resolver) (*apiClient, error) {
	logger := newLogger(s.stderr, "error", "text")
	by := s.by
	// Whoever can change the database as they like needs no limit.
	boundless := web.Limit{Rate: 1e6, Burst: 1e6}
	// Directories are only shown by it: what gets at one is done here, with the flags of its command.
	shelf, err := accessFlags{}.directories(s.service.Now)
	if err != nil {
		return nil, err
	}
	// Which issuers a server asks is for its own settings to say.
	handler, err := admin.New(admin.Options{Service: s.service, Clock: s.clock, Logger: logger, Resolver: resolver, Trusted: &by,
		AllowPrivateIssuers: true, Directories: shelf, Limit: boundless, Strangers: boundless})
	if err != nil {
		return nil, err
	}
	return &apiClient{app: s.app, base: "http://localhost/api/v1", client: &http.Client{Transport: inProcess{web.Front(handler, logger, nil)}},
		local: &local{session: s, jobs: bulk.New(s.service, logger)}}, nil
}

// call is one call of the API.
type call struct {
	method, path string // the path below the API's version
	query        url.Values
	body         any                           // sent as JSON; nil for none
	patch        bool                          // body is a merge patch (RFC 7396)
	file         func() (io.ReadCloser, error) // instead of body: a CSV file, opened again for every try
	ifMatch      string
}

// do calls the API and reads its answer, unless into is nil.
func (c *apiClient) do(q call, into any) error {
	ctx := c.ctx
	if q.file == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, apiPatience+apiTimeout)
		defer cancel()
	}
	response, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer was cut short: %w", err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}

func (c *apiClient) get(path string, query url.Values, into any) error {
	return c.do(call{method: http.MethodGet, path: path, query: query}, into)
}

func (c *apiClient) post(path string, body, into any) error {
	return c.do(call{method: http.MethodPost, path: path, body: body}, into)
}

// download writes a file of the API as it comes.
func (c *apiClient) download(path string, query url.Values, w io.Writer) error {
	response, err := c.send(c.ctx, call{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("the file was cut short: %w", err)
	}
	return nil
}

// send makes a call and returns the answer if it is a good one. A server that has no time is asked again; a POST bears the
// same key then, so that it takes effect once.
func (c *apiClient) send(ctx context.Context, q call) (*http.Response, error) {
	key := rand.Text()
	for try := 1; ; try++ {
		response, err := c.try(ctx, q, key)
		if err != nil {
			return nil, err
		}
		if response.StatusCode < http.StatusMultipleChoices {
			return response, nil
		}
		wait, again := c.pause(response)
		if !again || try == apiTries {
			return nil, c.refused(response)
		}
		_ = response.Body.Close()
		c.say("The server has no time now (%s); trying again in %s.", response.Status, wait)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// pause says how long to wait before a call is tried again, if it is of any use. The own API has told everything it knows.
func (c *apiClient) pause(response *http.Response) (time.Duration, bool) {
	if c.local != nil || response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	wait := time.Duration(max(seconds, 1)) * time.Second
	return wait, err == nil && wait <= apiPause
}

func (c *apiClient) try(ctx context.Context, q call, key string) (*http.Response, error) {
	var body io.Reader
	kind := ""
	switch {
	case q.file != nil:
		file, err := q.file()
		if err != nil {
			return nil, err
		}
		body, kind = file, "text/csv"
	case q.body != nil:
		raw, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		if body, kind = bytes.NewReader(raw), "application/json"; q.patch {
			kind = "application/merge-patch+json"
		}
	}
	address := c.base + q.path
	if len(q.query) > 0 {
		address += "?" + q.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, q.method, address, body)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if q.ifMatch != "" {
		request.Header.Set("If-Match", q.ifMatch)
	}
	if c.local == nil {
		token, err := c.token(ctx)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		if q.method == http.MethodPost {
			request.Header.Set("Idempotency-Key", key)
		}
	}
	response, err := c.client.Do(request)
	switch {
	case err == nil:
		return response, nil
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err()
	case c.local != nil:
		return nil, errors.Unwrap(err) // without the URL, which is nobody's
	}
	return nil, fmt.Errorf("the server does not answer: %w; check --server", err)
}

// refused reads an answer that says no. It keeps the server's code, reasons and remedies.
func (c *apiClient) refused(response *http.Response) error {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	var problem web.Problem
	if err != nil || json.Unmarshal(body, &problem) != nil || problem.Code == "" {
		return fmt.Errorf("the server answered %s; is there a rollcall at --server?", response.Status)
	}
	refusal := identity.Refuse(kindOf(response.StatusCode), identity.Rule(problem.Code), "%s", problem.Message)
	if c.local == nil {
		refusal.Detail += " (tracking id " + problem.TrackingID + ")"
	}
	for _, way := range problem.Remedies {
		refusal.Ways = append(refusal.Ways, identity.Remedy{Text: way.Text, DataLoss: way.DataLoss})
	}
	for _, why := range problem.Reasons {
		if why.Message != problem.Message {
			refusal.Why = append(refusal.Why, identity.Reason{Code: identity.Rule(why.Code), Detail: why.Message})
		}
	}
	return refusal
}

// kindOf sorts the statuses of the API into the kinds that commands tell apart.
func kindOf(status int) identity.Kind {
	switch status {
	case http.StatusNotFound:
		return identity.NotFound
	case http.StatusForbidden, http.StatusUnauthorized:
		return identity.Forbidden
	case http.StatusConflict:
		return identity.Conflict
	case http.StatusPreconditionFailed:
		return identity.Stale
	case http.StatusGone:
		return identity.Gone
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return identity.Unavailable
	case http.StatusInternalServerError:
		return identity.Internal
	}
	return identity.Invalid
}
