package scim_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/scim"
)

// instantSecret is the token that an instant store knows.
const instantSecret = identity.TokenPrefix + "benchmark"

// instant is a store of some users that answers at once and keeps nothing, so that what is measured is the protocol.
type instant struct {
	identity.Store
	token    identity.Token
	org      identity.Organization
	accounts []identity.Account
}

func (s *instant) TokenByHash(context.Context, string) (identity.Token, error) { return s.token, nil }

func (s *instant) Organization(context.Context, identity.OrgID) (identity.Organization, error) {
	return s.org, nil
}

func (s *instant) Account(context.Context, identity.OrgID, identity.AccountID) (identity.Account, error) {
	return s.accounts[0], nil
}

func (s *instant) AccountFor(context.Context, identity.AccountKey, string) (identity.Account, bool, error) {
	return s.accounts[0], true, nil
}

func (s *instant) Accounts(context.Context, identity.OrgID, identity.AccountQuery) ([]identity.Account, error) {
	return s.accounts, nil
}

func (s *instant) CountAccounts(context.Context, identity.OrgID, identity.Condition) (int, error) {
	return len(s.accounts), nil
}

func (s *instant) MembershipsOf(context.Context, identity.OrgID, []identity.AccountID) ([]identity.Membership, error) {
	return nil, nil
}

func (s *instant) Do(_ context.Context, _ identity.OrgLock, fn func(identity.Tx) error) error {
	return fn(instantTx{of: s})
}

// instantTx takes whatever is written. What no request of the benchmarks asks for would panic.
type instantTx struct {
	identity.Tx
	of *instant
}

func nothing() error {
	return identity.Refuse(identity.NotFound, identity.RuleUnknownAccount, "nothing")
}

func (t instantTx) TokenByHash(ctx context.Context, hash string) (identity.Token, error) {
	return t.of.TokenByHash(ctx, hash)
}

func (t instantTx) Organization(ctx context.Context, org identity.OrgID) (identity.Organization, error) {
	return t.of.Organization(ctx, org)
}

func (t instantTx) Account(ctx context.Context, org identity.OrgID, id identity.AccountID) (identity.Account, error) {
	return t.of.Account(ctx, org, id)
}

func (t instantTx) AccountByUserName(context.Context, identity.OrgID, identity.NameKey) (identity.Account, error) {
	return identity.Account{}, nothing()
}

func (t instantTx) Hold(context.Context, identity.EmailKey) (identity.Hold, error) {
	return identity.Hold{}, nothing()
}

func (t instantTx) DomainHolders(context.Context, string) ([]identity.Domain, error) { return nil, nil }

func (t instantTx) InsertAccount(context.Context, identity.Account, []identity.Hold) error {
	return nil
}

func (t instantTx) UpdateAccount(context.Context, identity.Account, []identity.Hold) error {
	return nil
}

func (t instantTx) Record(context.Context, identity.Event) error { return nil }

// BenchmarkProtocol compares the protocol alone, over a store that answers at once, with elimity's server over a map, request by request in
// the same run. Creates take at most half of its time, a PATCH of three operations and a list of 100 a fifth, a filter by userName a tenth.
func BenchmarkProtocol(b *testing.B) {
	const people = 100
	reference, users := newReference(b)
	ours, base := newInstant(b, people)
	for i := range people {
		r := httptest.NewRequest("POST", "/Users", strings.NewReader(benchUser(int64(i))))
		r.Header.Set("Content-Type", "application/scim+json")
		rec := httptest.NewRecorder()
		reference.ServeHTTP(rec, r)
		require.Equal(b, 201, rec.Code, rec.Body.String())
	}
	require.Len(b, users.users, people)
	three := patch(`{"op":"replace","path":"name.familyName","value":"L"}`, `{"op":"add","path":"title","value":"T"}`,
		`{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@example.org"}`)
	n := int64(people)
	for _, c := range []struct {
		name, method, endpoint string
		body                   func() string
		status                 int
		after                  func() // undoes what the reference keeps
	}{
		{"POST", "POST", "/Users", func() string { n++; return benchUser(n) }, 201, func() { delete(users.users, fmt.Sprint(users.next)) }},
		{"PATCH of three operations", "PATCH", "/Users/1", func() string { return three }, 200, func() {}},
		{"filter userName eq", "GET", "/Users?filter=" + url.QueryEscape(`userName eq "user7@example.org"`), func() string { return "" }, 200, func() {}},
		{"list of 100", "GET", "/Users?count=100", func() string { return "" }, 200, func() {}},
	} {
		b.Run(c.name, func(b *testing.B) {
			send := func(h http.Handler, path, body string) time.Duration {
				r := httptest.NewRequest(c.method, path, strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer "+instantSecret)
				if body != "" {
					r.Header.Set("Content-Type", "application/scim+json")
				}
				rec := httptest.NewRecorder()
				began := time.Now()
				h.ServeHTTP(rec, r)
				took := time.Since(began)
				if rec.Code != c.status {
					b.Fatalf("status %d: %s", rec.Code, rec.Body)
				}
				return took
			}
			var mine, theirs time.Duration
			rounds := 0
			for b.Loop() {
				for range 20 { // interleaved, so that both meet the same machine
					body := c.body()
					mine += send(ours, base+c.endpoint, body)
					theirs += send(reference, c.endpoint, body)
					c.after()
					rounds++
				}
			}
			b.ReportMetric(float64(mine.Nanoseconds())/float64(rounds), "ours-ns")
			b.ReportMetric(float64(theirs.Nanoseconds())/float64(rounds), "elimity-ns")
			b.ReportMetric(float64(mine)/float64(theirs), "of-elimity")
		})
	}
}

// newInstant is our server over an instant store with some people in it.
func newInstant(b *testing.B, people int) (http.Handler, string) {
	b.Helper()
	w := newWorld(b)
	for i := range people {
		w.call("POST", "/Users", benchUser(int64(i))).is(201)
	}
	o, err := w.service.Reader().Organization(b.Context(), w.org)
	require.NoError(b, err)
	accounts, err := w.service.Reader().Accounts(b.Context(), w.org, identity.AccountQuery{Limit: people})
	require.NoError(b, err)
	store := &instant{org: o, accounts: accounts, token: identity.Token{ID: "t", Org: w.org, Name: "bench", Profile: "rfc", Hash: identity.HashSecret(instantSecret)}}
	service := identity.NewService(store, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	return scim.New(service, scim.Options{Limit: unlimited}), "/scim/" + string(w.org) + "/v2"
}
