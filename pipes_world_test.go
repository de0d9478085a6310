package rollcall_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/bulk"
	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/demoissuer"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/scim"
	"rollcall/store/fresh"
)

const audience = "rollcall"

var operator = identity.Actor{Kind: identity.Operator, Name: "the operator"}

// still is a clock that stands still.
type still struct{}

func (still) Now() time.Time { return instant }

// entries is a directory.
type entries struct{ entries []directory.Entry }

func (e *entries) Snapshot(context.Context, directory.Progress) (directory.Snapshot, error) {
	return directory.Snapshot{Entries: slices.Clone(e.entries), Owns: []string{"emails", "userName"}, Complete: true, Server: "dc1", ReadAt: instant}, nil
}

func (e *entries) Find(_ context.Context, ids []identity.ObjectID, _ identity.ObjectID) ([]directory.Finding, error) {
	var found []directory.Finding
	for _, id := range ids {
		found = append(found, directory.Finding{ID: id, Kind: directory.Unknown})
	}
	return found, nil
}

func (e *entries) Close() error { return nil }

// world is every surface over one store, with one organization that is ours.
type world struct {
	*identity.Service
	t         *testing.T
	ctx       context.Context
	server    *httptest.Server
	issuer    *demoissuer.Issuer
	org       identity.OrgID
	provider  string // a bearer token of ours
	connector identity.ConnectorID
	source    *entries
	syncer    *directory.Syncer
	jobs      *bulk.Jobs
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := fresh.Open(t)
	log := slog.New(slog.DiscardHandler)
	w := &world{t: t, ctx: t.Context(), source: &entries{}, Service: identity.NewService(s, still{}, system.IDs{}, identity.EmailPolicy{})}
	w.jobs = bulk.New(w.Service, log)
	w.syncer = directory.New(w.Service, func(context.Context, identity.Connector) (directory.Source, error) { return w.source, nil })

	mux := http.NewServeMux()
	w.server = httptest.NewServer(web.Front(mux, log, nil))
	t.Cleanup(w.server.Close)
	var err error
	w.issuer, err = demoissuer.New(w.server.URL + "/issuer")
	require.NoError(t, err)
	api, err := admin.New(admin.Options{Service: w.Service, Clock: still{}, Logger: log, Issuers: []admin.Issuer{{URL: w.issuer.URL(), Audience: audience}}})
	require.NoError(t, err)
	mux.Handle("/issuer/", http.StripPrefix("/issuer", w.issuer))
	mux.Handle("/api/", api)
	mux.Handle("/scim/", scim.New(w.Service, scim.Options{Log: log}))

	return w.of("Ours")
}

// of returns the same world with another organization as ours.
func (w *world) of(name string) *world {
	w.t.Helper()
	other := *w
	other.org, other.connector = w.organization(name), ""
	var err error
	_, other.provider, err = w.CreateToken(w.ctx, operator, other.org, identity.NewToken{Name: "provider", Profile: "rfc"})
	require.NoError(w.t, err)
	_, err = w.Grant(w.ctx, operator, identity.Grant{Org: other.org, Issuer: w.issuer.URL(), Subject: "ada", Role: identity.RoleFull})
	require.NoError(w.t, err)
	return &other
}

// bearer is a token of an administrator of ours.
func (w *world) bearer() string {
	w.t.Helper()
	token, err := w.issuer.Token("ada", audience, instant, time.Hour)
	require.NoError(w.t, err)
	return token
}

func (w *world) call(method, path, token, contentType, body string) (int, map[string]any) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, w.server.URL+path, strings.NewReader(body))
	require.NoError(w.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", contentType)
	response, err := w.server.Client().Do(r)
	require.NoError(w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	var object map[string]any
	require.NoError(w.t, json.Unmarshal(text, &object), string(text))
	return response.StatusCode, object
}

func (w *world) work() {
	w.t.Helper()
	for {
		n, err := w.jobs.Work(w.ctx, 100)
		require.NoError(w.t, err)
		if n == 0 {
			return
		}
	}
}

func (w *world) organization(name string) identity.OrgID {
	w.t.Helper()
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Customer})
	require.NoError(w.t, err)
	return o.ID
}

func (w *world) change(org identity.OrgID, edit func(*identity.Organization)) {
	w.t.Helper()
	_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
		edit(&o)
		return o
	})
	require.NoError(w.t, err)
}

func (w *world) act(org identity.OrgID, by identity.Actor, do func(*identity.Acts) error) {
	w.t.Helper()
	require.NoError(w.t, w.Transact(w.ctx, org, by, do))
}

func (w *world) verify(org identity.OrgID, name string) {
	w.t.Helper()
	_, err := w.AttestDomain(w.ctx, operator, org, name)
	require.NoError(w.t, err)
}

// domain gives an organization the domain of the address.
func (w *world) domain(org identity.OrgID, state identity.DomainState) {
	w.t.Helper()
	_, name, _ := strings.Cut(address, "@")
	w.act(org, operator, func(c *identity.Acts) error {
		return c.Tx().PutDomain(w.ctx, identity.Domain{Org: org, Name: name, State: state, UpdatedAt: instant})
	})
}

// create adds a user with these addresses, the first one primary, whoever may add users there.
func (w *world) create(org identity.OrgID, from identity.Origin, addresses ...string) identity.Account {
	w.t.Helper()
	d := identity.Draft{UserName: addresses[0], Active: true}
	for n, value := range addresses {
		d.Emails = append(d.Emails, identity.AccountEmail{Value: value, Type: "work", Primary: n == 0})
	}
	var a identity.Account
	w.act(org, identity.Actor{Kind: identity.ConnectorRun}, func(c *identity.Acts) error {
		var err error
		a, err = c.Create(w.ctx, d, from)
		return err
	})
	return a
}

// synchronized gives an organization a directory and makes one run, so that the next one need not be looked at first.
func (w *world) synchronized(org identity.OrgID) {
	w.t.Helper()
	if org == w.org && w.connector != "" {
		return
	}
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "corp", Kind: "ad", Settings: json.RawMessage(`{}`)})
	require.NoError(w.t, err)
	if org != w.org {
		return
	}
	w.connector = n.ID
	w.source.entries = []directory.Entry{{ID: "object-1", DN: "cn=other", UserName: "other@directory.example", Emails: []string{"other@directory.example"}}}
	plan, _, err := w.syncer.Plan(w.ctx, org, n.ID, operator, nil)
	require.NoError(w.t, err)
	_, err = w.syncer.Apply(w.ctx, org, plan.ID, operator, nil)
	require.NoError(w.t, err)
}

// otherConnector is a link to a second directory of ours, if the first one is to add somebody.
func (w *world) otherConnector(pipe string) *identity.DirectoryLink {
	w.t.Helper()
	if pipe != byDirectory {
		return nil
	}
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: w.org, Name: "second", Kind: "ad", Settings: json.RawMessage(`{}`)})
	require.NoError(w.t, err)
	return &identity.DirectoryLink{Connector: n.ID, Object: "object-9", DN: "cn=first"}
}

// gone adds a user with the address whom a directory has lost.
func (w *world) gone(org identity.OrgID) {
	w.t.Helper()
	w.synchronized(org)
	connectors, err := w.Reader().Connectors(w.ctx, org)
	require.NoError(w.t, err)
	a := w.create(org, identity.Origin{Source: identity.SourceDirectory, Link: &identity.DirectoryLink{Connector: connectors[0].ID, Object: "object-7"}}, address)
	w.act(org, identity.Actor{Kind: identity.ConnectorRun}, func(c *identity.Acts) error {
		_, err := c.Mirror(w.ctx, a.ID, nil, identity.Mirror{Standing: identity.DirectoryMissing, Loss: identity.DirectoryDeleted})
		return err
	})
}

// trial is another organization that tries the product out.
func (w *world) trial() identity.OrgID {
	w.t.Helper()
	org := w.holder()
	_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive,
		Pools: []identity.Pool{{Licence: "calling", Seats: 5}}})
	require.NoError(w.t, err)
	return org
}

// administers makes the person behind an account a full administrator.
func (w *world) administers(org identity.OrgID, a identity.Account) {
	w.t.Helper()
	_, err := w.Bind(w.ctx, operator, identity.Binding{Org: org, Account: a.ID, Issuer: w.issuer.URL(), Subject: "owner"})
	require.NoError(w.t, err)
	_, err = w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleFull)
	require.NoError(w.t, err)
}

// standing is what a refusal must leave as it was.
type standing struct {
	accounts []identity.Account
	messages []identity.Message
	hold     identity.Hold   // of the address; the zero value if nobody has it
	others   []identity.Hold // of the primary addresses of everybody
}

func (w *world) organizations() []identity.Organization {
	w.t.Helper()
	all, err := w.Reader().Organizations(w.ctx, "", 100)
	require.NoError(w.t, err)
	return all
}

func (w *world) people() standing {
	w.t.Helper()
	var s standing
	for _, o := range w.organizations() {
		accounts, err := w.Reader().Accounts(w.ctx, o.ID, identity.AccountQuery{Limit: 100})
		require.NoError(w.t, err)
		s.accounts = append(s.accounts, accounts...)
		messages, err := w.Reader().Messages(w.ctx, o.ID, identity.MessageQuery{Limit: 100})
		require.NoError(w.t, err)
		s.messages = append(s.messages, messages...)
	}
	for _, a := range s.accounts {
		key, err := identity.ParseEmail(a.PrimaryEmail(), identity.EmailPolicy{})
		require.NoError(w.t, err)
		hold, err := w.Reader().Hold(w.ctx, key.Key)
		require.NoError(w.t, err)
		s.others = append(s.others, hold)
	}
	var err error
	if s.hold, err = w.Reader().Hold(w.ctx, address); err != nil {
		require.True(w.t, identity.IsNotFound(err))
	}
	return s
}

// told returns the events of all organizations, the newest last.
func (w *world) told() []identity.Event {
	w.t.Helper()
	var all []identity.Event
	for _, o := range w.organizations() {
		events, err := w.Reader().Events(w.ctx, o.ID, identity.EventQuery{Limit: 1000})
		require.NoError(w.t, err)
		all = append(all, events...)
	}
	slices.SortFunc(all, func(a, b identity.Event) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}
