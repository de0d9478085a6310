package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/store/fresh"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var (
	operator = identity.Actor{Kind: identity.Operator, Name: "the operator"}
	provider = identity.Actor{Kind: identity.Provider, ID: "t1", Name: "Entra"}
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// buffer is a log that several goroutines write to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// world is the API on a real server over a real store, with a real issuer.
type world struct {
	*identity.Service
	t      *testing.T
	ctx    context.Context
	clock  *clock
	issuer *issuer
	server *httptest.Server
	log    *buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, newIssuer(t))
}

func newWorldWith(t *testing.T, i *issuer, more ...admin.Issuer) *world {
	t.Helper()
	return newWorldOf(t, i, func(o *admin.Options) { o.Issuers = append(o.Issuers, more...) })
}

// newWorldOf is newWorld with other options. Limits are far away unless they are what is tested.
func newWorldOf(t *testing.T, i *issuer, change func(*admin.Options)) *world {
	t.Helper()
	s := fresh.Open(t)
	w := &world{t: t, ctx: t.Context(), clock: &clock{now: t0}, issuer: i, log: &buffer{}}
	w.Service = identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{})
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	plenty := web.Limit{Rate: 1, Burst: 1_000_000}
	options := admin.Options{
		Service: w.Service, Clock: w.clock, Logger: logger, Issuers: []admin.Issuer{{URL: i.url(), Audience: audience}},
		Limit: plenty, Strangers: plenty,
	}
	change(&options)
	handler, err := admin.New(options)
	require.NoError(t, err)
	w.server = httptest.NewServer(web.Front(handler, logger, nil))
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) org(name string) identity.OrgID {
	w.t.Helper()
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Customer})
	require.NoError(w.t, err)
	return o.ID
}

func (w *world) set(org identity.OrgID, edit func(*identity.Organization)) {
	w.t.Helper()
	_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
		edit(&o)
		return o
	})
	require.NoError(w.t, err)
}

// matched connects an organization to a directory that has exactly its people, so that every mode of synchronization is possible (DIR-05).
func (w *world) matched(org identity.OrgID) {
	w.t.Helper()
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
	require.NoError(w.t, err)
	require.NoError(w.t, w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		p := identity.Plan{ID: identity.PlanID(w.NewID()), Org: org, Connector: n.ID, Hash: "x", State: identity.PlanApplied, CreatedAt: c.Now(), Version: 1}
		if err := c.Tx().InsertPlan(w.ctx, p); err != nil {
			return err
		}
		return c.Tx().InsertRun(w.ctx, identity.Run{ID: identity.RunID(w.NewID()), Org: org, Connector: n.ID, Plan: p.ID, State: identity.RunCompleted,
			StartedAt: c.Now(), Version: 1})
	}))
}

func (w *world) verify(org identity.OrgID, domain string) {
	w.t.Helper()
	_, err := w.AttestDomain(w.ctx, operator, org, domain)
	require.NoError(w.t, err)
}

// administrator grants a role to a subject and returns a token for it.
func (w *world) administrator(org identity.OrgID, subject string, role identity.Role) string {
	w.t.Helper()
	_, err := w.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: w.issuer.url(), Subject: subject, Role: role})
	require.NoError(w.t, err)
	return w.token(subject)
}

func (w *world) token(subject string) string {
	return w.issuer.token(w.claims(subject))
}

func (w *world) claims(subject string) map[string]any {
	return map[string]any{"iss": w.issuer.url(), "aud": audience, "sub": subject, "name": "Ada " + subject, "exp": w.clock.Now().Add(time.Hour).Unix()}
}

// user adds a user as an identity provider would.
func (w *world) user(org identity.OrgID, address string) identity.Account {
	w.t.Helper()
	var a identity.Account
	err := w.Transact(w.ctx, org, provider, func(c *identity.Acts) error {
		var err error
		a, err = c.Create(w.ctx, identity.Draft{
			UserName: address, Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}, Active: true,
			Profile: `{"displayName":"Person"}`,
		}, identity.Origin{Source: identity.SourceSCIM})
		return err
	})
	require.NoError(w.t, err)
	return a
}

// rewrite changes an account in ways that only later features do.
func (w *world) rewrite(a identity.Account, edit func(*identity.Account)) identity.Account {
	w.t.Helper()
	err := w.Transact(w.ctx, a.Org, operator, func(c *identity.Acts) error {
		now, err := c.Tx().Account(w.ctx, a.Org, a.ID)
		if err != nil {
			return err
		}
		edit(&now)
		return c.Tx().UpdateAccount(w.ctx, now, nil)
	})
	require.NoError(w.t, err)
	changed, err := w.Reader().Account(w.ctx, a.Org, a.ID)
	require.NoError(w.t, err)
	return changed
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// call sends a request; header holds names and values in turn.
func (w *world) call(method, path, token, body string, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(body))
	require.NoError(w.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set(web.RequestIDHeader, "test")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := w.server.Client().Do(r)
	require.NoError(w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return answer{w.t, response.StatusCode, response.Header, string(text)}
}

func (w *world) get(path, token string) answer {
	w.t.Helper()
	return w.call(http.MethodGet, path, token, "")
}

func (w *world) post(path, token, body string, header ...string) answer {
	w.t.Helper()
	return w.call(http.MethodPost, path, token, body, header...)
}

// is checks the status and returns the body as an object.
func (a answer) is(status int) map[string]any {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.body)
	want := "application/json"
	if status >= http.StatusBadRequest {
		want = web.ProblemType
	}
	require.Equal(a.t, want, a.header.Get("Content-Type"))
	var object map[string]any
	require.NoError(a.t, json.Unmarshal([]byte(a.body), &object), a.body)
	return object
}

// refused checks the status, the code and the form of an error (BEHAVIOUR 0.4, RFC 9457) and returns its message.
func (a answer) refused(status int, code identity.Rule) string {
	a.t.Helper()
	object := a.is(status)
	require.Equal(a.t, string(code), object["code"], a.body)
	require.Equal(a.t, "urn:rollcall:problem:"+string(code), object["type"])
	require.EqualValues(a.t, status, object["status"])
	require.Equal(a.t, "test", object["trackingId"])
	require.NotEmpty(a.t, object["title"])
	require.NotEmpty(a.t, object["message"])
	require.Equal(a.t, object["message"], object["detail"])
	require.NotEmpty(a.t, object["remedies"], "every error says what to do")
	for name := range object {
		require.Contains(a.t, []string{"type", "title", "status", "detail", "code", "message", "remedies", "reasons", "trackingId"}, name)
	}
	return object["message"].(string)
}

func users(org identity.OrgID) string { return "/api/v1/organizations/" + string(org) + "/users" }

func userOf(a identity.Account) string { return users(a.Org) + "/" + string(a.ID) }

func newLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }
