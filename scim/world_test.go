package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/scim"
	"rollcall/store/fresh"
)

var operator = identity.Actor{Kind: identity.Operator}

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// world is a server over a real store with one organization, and a token of it in each dialect.
type world struct {
	t       testing.TB
	store   fresh.Store
	service *identity.Service
	server  http.Handler
	clock   *clock
	org     identity.OrgID
	tokens  map[string]string // by the name of the dialect
	token   string            // the one in use
	log     *strings.Builder
}

// unlimited is for tests that are not about limits: their clock stands still, so no time makes up for a request.
var unlimited = web.Limit{Rate: 1e9, Burst: 1e9}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 1, 1, 12, 0, 0, 123456000, time.UTC)}, tokens: map[string]string{}, log: &strings.Builder{}}
	w.store = fresh.Open(t)
	w.service = identity.NewService(w.store, w.clock, system.IDs{}, identity.EmailPolicy{})
	w.server = scim.New(w.service, scim.Options{BaseURL: "https://id.example.org", Limit: unlimited, Log: logTo(w.log)})
	w.org = w.newOrg("Ours")
	for _, d := range scim.Dialects() {
		w.tokens[d.Name()] = w.newToken(w.org, d.Name())
	}
	w.token = w.tokens["rfc"]
	return w
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func (w *world) newOrg(name string) identity.OrgID {
	o, err := w.service.CreateOrganization(context.Background(), operator, identity.Organization{Name: name, Kind: identity.Customer})
	require.NoError(w.t, err)
	return o.ID
}

func (w *world) newToken(org identity.OrgID, dialect string) string {
	_, secret, err := w.service.CreateToken(context.Background(), operator, org, identity.NewToken{Name: dialect, Profile: dialect})
	require.NoError(w.t, err)
	return secret
}

// as returns the same world with the token of a dialect.
func (w *world) as(dialect string) *world {
	other := *w
	other.token = w.tokens[dialect]
	return &other
}

// in returns the same world as an organization sees it, with a token of its own.
func (w *world) in(org identity.OrgID) *world {
	other := *w
	other.org, other.token = org, w.newToken(org, "rfc")
	return &other
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   map[string]any
}

// call sends a request to an endpoint of the organization; headers alternate name and value.
func (w *world) call(method, endpoint, body string, headers ...string) answer {
	w.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "/scim/"+string(w.org)+"/v2"+endpoint, reader)
	r.Header.Set("Authorization", "Bearer "+w.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	a := answer{t: w.t, status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	if a.text != "" {
		require.Equal(w.t, "application/scim+json", a.header.Get("Content-Type"))
		d := json.NewDecoder(strings.NewReader(a.text))
		d.UseNumber()
		require.NoError(w.t, d.Decode(&a.body), a.text)
	}
	return a
}

func (w *world) get(endpoint string, headers ...string) answer {
	w.t.Helper()
	return w.call("GET", endpoint, "", headers...)
}

// state is what the server tells on request about the account of an answer.
func (w *world) state(a answer) map[string]any {
	w.t.Helper()
	m, _ := w.get("/Users/" + a.str("id") + "?attributes=" + scim.AccountSchema).is(200).at(scim.AccountSchema).(map[string]any)
	return m
}

// find lists the users that a filter matches.
func (w *world) find(filter string, more ...string) answer {
	w.t.Helper()
	return w.get("/Users?filter=" + url.QueryEscape(filter) + strings.Join(more, "")).is(200)
}

// create adds a user of whom only the userName is known, besides the attributes given as JSON members.
func (w *world) create(userName string, members ...string) string {
	w.t.Helper()
	return w.call("POST", "/Users", user(userName, members...)).is(201).str("id")
}

func user(userName string, members ...string) string {
	all := append([]string{fmt.Sprintf(`"schemas":[%q],"userName":%q`, scim.UserSchema, userName)}, members...)
	return "{" + strings.Join(all, ",") + "}"
}

func patch(ops ...string) string {
	return `{"schemas":["` + scim.PatchSchema + `"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

func work(address string) string {
	return fmt.Sprintf(`"emails":[{"value":%q,"type":"work","primary":true}]`, address)
}

// is requires a status.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.text)
	return a
}

// fails requires an error of RFC 7644 section 3.12.
func (a answer) fails(status int, scimType string) answer {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, a.body["schemas"])
	require.Equal(a.t, fmt.Sprint(status), a.body["status"], "the status is a string")
	require.NotEmpty(a.t, a.body["detail"])
	if scimType == "" {
		require.NotContains(a.t, a.body, "scimType")
		return a
	}
	require.Equal(a.t, scimType, a.body["scimType"], a.text)
	return a
}

func (a answer) says(text string) answer {
	a.t.Helper()
	require.Contains(a.t, a.text, text)
	return a
}

// at walks into the body: keys by text, elements by number.
func (a answer) at(path ...any) any {
	a.t.Helper()
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a answer) str(path ...any) string {
	a.t.Helper()
	s, ok := a.at(path...).(string)
	require.True(a.t, ok, "%v in %s", path, a.text)
	return s
}

func (a answer) total(want int) answer {
	a.t.Helper()
	require.Equal(a.t, json.Number(fmt.Sprint(want)), a.body["totalResults"], a.text)
	return a
}

// names are the userNames of a list, in its order.
func (a answer) names() []string {
	a.t.Helper()
	names := []string{}
	list, ok := a.body["Resources"].([]any)
	require.True(a.t, ok, "Resources is never null: %s", a.text)
	for i := range list {
		names = append(names, a.str("Resources", i, "userName"))
	}
	return names
}
