package scim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/scim"
)

func (w *world) flush() error {
	w.t.Helper()
	server, ok := w.server.(*scim.Server)
	require.True(w.t, ok)
	return server.FlushExchanges(context.Background())
}

// tokenOf finds the token that the world uses.
func (w *world) tokenOf() identity.Token {
	w.t.Helper()
	k, err := w.service.Authenticate(context.Background(), w.token)
	require.NoError(w.t, err)
	return k
}

// exchanges are those of the world's token that have reached the store, the newest first.
func (w *world) exchanges() []identity.Exchange {
	w.t.Helper()
	require.NoError(w.t, w.flush())
	k := w.tokenOf()
	all, err := w.service.Exchanges(context.Background(), k.Org, identity.ExchangeQuery{Token: k.ID, Limit: 2000})
	require.NoError(w.t, err)
	return all
}

func TestAnExchangeTellsWhyItFailedAndOfNobodyWhatTheyAreCalled(t *testing.T) {
	w := newWorld(t)
	w.create("ada@acme.example")
	w.clock.now = w.clock.now.Add(time.Second)
	refused := w.call("POST", "/Users?attributes=userName", user("ada@acme.example", `"password":"hunter2"`), "User-Agent", "Okta SCIM Client 1.0.0").fails(409, "uniqueness")

	all := w.exchanges()
	require.Len(t, all, 2)
	e, k := all[0], w.tokenOf()
	require.NotEmpty(t, e.ID)
	require.Equal(t, identity.Exchange{
		ID: e.ID, Org: w.org, Token: k.ID, At: w.clock.now, Method: "POST", Path: "/scim/" + string(w.org) + "/v2/Users", Query: "attributes=userName",
		Status: 409, Code: "uniqueness", Detail: refused.str("detail"), UserAgent: "Okta SCIM Client 1.0.0",
		Body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"xxx@xxxx.xxxxxxx","password":"***"}`,
	}, e)
	require.Equal(t, []any{201, "", ""}, []any{all[1].Status, all[1].Code, all[1].Detail})
	require.Len(t, w.exchanges(), 2, "what has been taken is not taken again")
}

func TestEveryRefusalOfAGoodTokenIsLoggedWithItsReason(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	for _, c := range []struct {
		method, endpoint, body string
		headers                []string
		status                 int
	}{
		{"GET", "/Users/" + w.newID(), "", nil, 404},
		{"GET", "/Nothing", "", nil, 404},
		{"GET", "/Users?filter=userName+zz+%22ada%22", "", nil, 400},
		{"DELETE", "/Users", "", nil, 405},
		{"POST", "/Users", "{", nil, 400},
		{"POST", "/Users", "x", []string{"Content-Type", "text/plain"}, 415},
		{"PUT", "/Users/" + id, user("ada"), []string{"If-Match", `W/"99"`}, 412},
		{"PATCH", "/Users/" + id, patch(`{"op":"replace","path":"zz[","value":"x"}`), nil, 400},
	} {
		w.clock.now = w.clock.now.Add(time.Second)
		refused := w.call(c.method, c.endpoint, c.body, c.headers...).is(c.status)
		e := w.exchanges()[0]
		kind, _ := refused.body["scimType"].(string)
		require.Equal(t, []any{c.method, c.status, refused.str("detail"), kind}, []any{e.Method, e.Status, e.Detail, e.Code})
		require.True(t, strings.HasPrefix(e.Path, "/scim/"+string(w.org)+"/v2/"))
		require.NotContains(t, e.Query, "ada")
	}
}

func TestARequestIsLoggedForTheTokenThatItCameWith(t *testing.T) {
	w := newWorld(t)
	other := w.in(w.newOrg("Theirs"))
	strayed := *w
	strayed.org = other.org
	strayed.get("/Users").fails(403, "")
	require.Empty(t, other.exchanges(), "they have nothing to do with it")
	all := w.exchanges()
	require.Len(t, all, 1)
	require.Equal(t, []any{403, "/scim/" + string(other.org) + "/v2/Users"}, []any{all[0].Status, all[0].Path})

	unknown := *w
	unknown.token = "rollcall_nobody"
	unknown.get("/Users").fails(401, "")
	k := other.tokenOf()
	other.create("ada") // so that the token is remembered
	require.NoError(t, w.service.RevokeToken(context.Background(), operator, other.org, k.ID))
	other.call("POST", "/Users", user("bob")).fails(401, "")
	require.NoError(t, w.flush())
	kept, err := w.service.Exchanges(context.Background(), other.org, identity.ExchangeQuery{Token: k.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, kept, 1, "whoever is not known any more is nobody")
	require.Len(t, w.exchanges(), 1)
}

func TestWhatBreaksInsideIsLoggedLikeARefusal(t *testing.T) {
	w := newWorld(t)
	under, ok := w.service.Reader().(identity.Store)
	require.True(t, ok)
	w.server = scim.New(identity.NewService(panicking{under}, w.clock, system.IDs{}, identity.EmailPolicy{}), scim.Options{Log: logTo(w.log)})
	w.get("/Users/"+w.newID(), "X-Request-Id", "r1").fails(500, "")
	all := w.exchanges()
	require.Len(t, all, 1)
	require.Equal(t, 500, all[0].Status)
	require.NotContains(t, all[0].Detail, "sda1")
}

func TestTheLogTellsWhyOperationsOfABulkRequestFailed(t *testing.T) {
	w := newWorld(t)
	w.create("ada")
	w.clock.now = w.clock.now.Add(time.Second)
	operation := func(n int) string {
		return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"b%d","data":%s}`, n, user("ada"))
	}
	all := []string{fmt.Sprintf(`{"method":"DELETE","path":"/Users/%s"}`, w.newID())}
	for n := range 60 {
		all = append(all, operation(n))
	}
	body := `{"schemas":["` + scim.BulkRequestSchema + `"],"Operations":[` + strings.Join(all, ",") + `]}`
	w.call("POST", "/Bulk", body).is(200)
	e := w.exchanges()[0]
	require.Equal(t, 200, e.Status)
	require.True(t, strings.HasPrefix(e.Detail, "Operation 1: 404 The resource does not exist. Operation 2: 409 uniqueness: "), e.Detail)
	require.True(t, strings.HasSuffix(e.Detail, " And 11 more."), e.Detail)
	require.Equal(t, 50, strings.Count(e.Detail, "Operation "))
}

func TestABodyIsKeptAsFarAsItHelps(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("a", 5000)
	w.call("POST", "/Users", user("ada", `"title":"`+long+`"`)).is(201)
	e := w.exchanges()[0]
	require.True(t, strings.HasPrefix(e.Body, `{"schemas":["`+scim.UserSchema+`"],"userName":"xxx","title":…`), e.Body)
	require.Contains(t, e.Body, "bytes in all)")
	w.clock.now = w.clock.now.Add(time.Second)
	w.get("/Users?filter=" + long).is(400)
	require.LessOrEqual(t, len(w.exchanges()[0].Query), 5000)
}

func TestOfEachTokenTheLastThousandWaitAndNoOthersAreLost(t *testing.T) {
	w := newWorld(t)
	quiet := w.as("okta")
	quiet.get("/ServiceProviderConfig").is(200)
	for n := range identity.MaxExchanges + 2 {
		w.clock.now = w.clock.now.Add(time.Millisecond)
		w.get(fmt.Sprintf("/Users/%s%012d", "01900000-0000-7000-8000-", n)).is(404)
	}
	all := w.exchanges()
	require.Len(t, all, identity.MaxExchanges)
	require.True(t, strings.HasSuffix(all[0].Path, "000000001001"))
	require.True(t, strings.HasSuffix(all[len(all)-1].Path, "000000000002"))
	require.Len(t, quiet.exchanges(), 1)
	require.NotContains(t, w.log.String(), "missing")
}

// refusing is a store that takes nothing for a while.
type refusing struct {
	identity.Store
	now *bool
}

func (r refusing) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if *r.now {
		return errors.New("disk /dev/sda1 on fire")
	}
	return r.Store.Do(ctx, lock, fn)
}

func TestWhatTheStoreDoesNotTakeWaits(t *testing.T) {
	w := newWorld(t)
	under, ok := w.service.Reader().(identity.Store)
	require.True(t, ok)
	var down bool
	w.server = scim.New(identity.NewService(refusing{under, &down}, w.clock, system.IDs{}, identity.EmailPolicy{}), scim.Options{Limit: unlimited, Log: logTo(w.log)})
	ask := func(n int) {
		for range n {
			w.clock.now = w.clock.now.Add(time.Millisecond)
			w.get(fmt.Sprintf("/Users/%s%012d", "01900000-0000-7000-8000-", w.clock.now.UnixMilli()%1_000_000)).is(404)
		}
	}
	ask(300)
	down = true
	require.ErrorContains(t, w.flush(), "on fire")
	ask(300)
	require.ErrorContains(t, w.flush(), "on fire")
	down = false
	all := w.exchanges()
	require.Len(t, all, 600)
	for i := range all[1:] {
		require.True(t, all[i].At.After(all[i+1].At))
		require.Greater(t, all[i].Path, all[i+1].Path)
	}
}

func TestEachTokenHasALimitOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.server = scim.New(w.service, scim.Options{Log: logTo(w.log)})
	require.GreaterOrEqual(t, scim.DefaultLimit.Rate, float64(scim.MinRate))
	for range scim.DefaultLimit.Burst {
		w.get("/ServiceProviderConfig").is(200)
	}
	refused := w.get("/ServiceProviderConfig").fails(429, "")
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	require.Equal(t, refused.str("detail"), w.exchanges()[0].Detail)
	w.as("okta").get("/ServiceProviderConfig").is(200)

	each := time.Duration(float64(time.Second) / scim.DefaultLimit.Rate)
	w.clock.now = w.clock.now.Add(each - time.Microsecond)
	w.get("/Users").fails(429, "")
	w.call("POST", "/Users", user("ada")).fails(429, "")
	w.clock.now = w.clock.now.Add(time.Microsecond)
	w.call("POST", "/Users", user("ada")).is(201)
	w.get("/Users").fails(429, "")
	for range 2 * scim.MinRate {
		w.clock.now = w.clock.now.Add(time.Second / scim.MinRate)
		w.get("/Users").is(200)
	}
}

func TestALimitTellsHowLongToWait(t *testing.T) {
	w := newWorld(t)
	w.server = scim.New(w.service, scim.Options{Limit: web.Limit{Rate: 0.25, Burst: 1}, Log: logTo(w.log)})
	w.get("/Users").is(200)
	refused := w.get("/Nothing").fails(429, "").says("is answered in 4 s")
	require.Equal(t, "4", refused.header.Get("Retry-After"))
	stray := *w
	stray.org = w.newOrg("Theirs")
	stray.get("/Users").fails(429, "")
	stray.token = "rollcall_unknown"
	stray.get("/Users").fails(401, "")
	w.clock.now = w.clock.now.Add(4 * time.Second)
	w.get("/Users").is(200)
}
