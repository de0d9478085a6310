package scim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/web"
	"rollcall/scim"
)

func TestSCM01_ATokenOpensItsOwnOrganizationOnly(t *testing.T) {
	w := newWorld(t)
	theirs := w.in(w.newOrg("Theirs"))
	id := theirs.create("secret")
	there := *theirs
	there.token = w.token
	nowhere := there
	nowhere.org = identity.OrgID(w.newID())
	for _, endpoint := range []string{"/Users", "/Users/" + id, "/Schemas", "/Nothing"} {
		a := there.get(endpoint).fails(403, "")
		require.Equal(t, nowhere.get(endpoint).fails(403, "").text, a.text, "the organization could as well not exist")
		require.NotContains(t, a.text, "secret")
	}
	there.call("DELETE", "/Users/"+id, "").fails(403, "")
	there.call("POST", "/Users", user("x")).fails(403, "")
	t.Run("an id of another organization does not exist in ours", func(t *testing.T) {
		unknown := w.get("/Users/"+w.newID()).fails(404, "").text
		require.Equal(t, unknown, w.get("/Users/"+id).fails(404, "").text)
		require.Equal(t, unknown, w.call("DELETE", "/Users/"+id, "").fails(404, "").text)
		require.Equal(t, unknown, w.call("PUT", "/Users/"+id, user("x")).fails(404, "").text)
		w.find(`id eq "` + id + `"`).total(0)
	})
}

func TestAuthentication(t *testing.T) {
	w := newWorld(t)
	for name, header := range map[string]string{
		"nothing": "", "another scheme": "Basic YTpi", "no secret": "Bearer ", "an unknown secret": "Bearer rollcall_nope", "no prefix": "Bearer x",
		"two secrets": "Bearer " + w.token + " " + w.token,
	} {
		t.Run(name, func(t *testing.T) {
			a := w.get("/Users", "Authorization", header).fails(401, "")
			require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
		})
	}
	t.Run("the scheme in another case", func(t *testing.T) {
		w.get("/Users", "Authorization", "bearer "+w.token).is(200)
	})
	t.Run("two headers, whichever comes first", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/scim/"+string(w.org)+"/v2/Users", nil)
		r.Header["Authorization"] = []string{"Bearer " + w.token, "Bearer rollcall_nope"}
		w.send(r).fails(401, "").says("exactly one")
	})
	t.Run("a revoked token ends at once, whatever it was good for", func(t *testing.T) {
		ada, staff := w.create("ada", work("ada@x.org")), w.newGroup("Staff")
		token, secret, err := w.service.CreateToken(context.Background(), operator, w.org, identity.NewToken{Name: "n", Profile: "rfc", Me: identity.AccountID(ada)})
		require.NoError(t, err)
		header := []string{"Authorization", "Bearer " + secret}
		search, rename := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`, patch(`{"op":"replace","path":"displayName","value":"x"}`)
		ask := func(check func(a answer)) {
			for _, path := range []string{"", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Users", "/Users/" + ada, "/Users/" + staff, "/Me", "/Groups",
				"/Groups/" + staff, "/Users?filter=userName%20eq%20%22ada%22", "/Users?filter=userName%20eq%20%22nobody%22", "/Users?filter=title%20pr",
				"/Users?sortBy=title", "/Users?cursor=", "/Users?count=0"} {
				check(w.get(path, header...))
			}
			for _, path := range []string{"/.search", "/Users/.search", "/Groups/.search"} {
				check(w.call("POST", path, search, header...))
			}
			for _, path := range []string{"/Users/" + ada, "/Me", "/Groups/" + staff} {
				check(w.call("PATCH", path, rename, header...))
				check(w.call("PATCH", path, "{}", header...))
			}
			for _, body := range []string{bulk("", post("/Users", "u", "{}")), bulk("", post("/Nowhere", "u", "{}")), "{}"} {
				check(w.call("POST", "/Bulk", body, header...))
			}
			check(w.call("POST", "/Users", "{}", header...))
			check(w.get("/Users?filter=zzz%20eq%201", header...))
		}
		ask(func(a answer) { require.NotEqual(t, 401, a.status) })
		require.NoError(t, w.service.RevokeToken(context.Background(), operator, w.org, token.ID))
		ask(func(a answer) {
			a.fails(401, "")
			require.Empty(t, a.header.Get("Location"))
		})
	})
	t.Run("before anything else is looked at", func(t *testing.T) {
		w.call("PATCH", "/Nothing", "{", "Authorization", "", "Content-Type", "text/plain").fails(401, "")
	})
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	post := func(body string, headers ...string) answer { return w.call("POST", "/Users", body, headers...) }
	padded := func(n int) string {
		s := user("a", `"title":""`)
		return strings.Replace(s, `"title":""`, `"title":"`+strings.Repeat("x", n-len(s))+`"`, 1)
	}
	t.Run("media types", func(t *testing.T) {
		for _, ok := range []string{"application/scim+json", "application/json", "Application/JSON; charset=UTF-8"} {
			post(user("m "+ok), "Content-Type", ok).is(201)
		}
		for _, bad := range []string{"text/plain", "", "application/x-www-form-urlencoded", ";;"} {
			post(user("b"), "Content-Type", bad).fails(415, "")
		}
		post("\x1f\x8b", "Content-Encoding", "gzip").fails(415, "").says("without compression")
		post(user("m plain"), "Content-Encoding", "identity").is(201)
	})
	t.Run("one byte past the limit", func(t *testing.T) {
		post(padded(scim.MaxBody+1)).fails(413, "").says("1048576")
		post(padded(scim.MaxBody)).fails(400, "invalidValue").says("profile") // read, and then too much for one user
	})
	for name, tt := range map[string]struct{ body, says string }{
		"nothing":               {" ", "at byte 1: the body is empty"},
		"an array":              {"[]", "at byte 0: expected a JSON object"},
		"cut off":               {`{"schemas":`, "at byte 11: expected a JSON value, found the end"},
		"a missing comma":       {`{"a":1 "b":2}`, "at byte 7: expected a comma"},
		"a trailing comma":      {`{"a":1,}`, "at byte 7: expected a key"},
		"text after it":         {`{"a":1} x`, "at byte 8: text after the end"},
		"a key twice":           {`{"userName":"a","userName":"b"}`, `at byte 16: the key \"userName\" stands twice`},
		"a bare word":           {`{"a":yes}`, "at byte 5: expected a JSON value"},
		"half a literal":        {`{"a":tru}`, "at byte 5: expected true"},
		"a malformed number":    {`{"a":01}`, "at byte 5: malformed number"},
		"invalid UTF-8":         {"{\"a\":\"\xff\"}", "at byte 6: invalid UTF-8"},
		"half a surrogate":      {`{"a":"\ud83d"}`, "at byte 6: unknown escape or half a surrogate"},
		"an unknown escape":     {`{"a":"\q"}`, "at byte 6: unknown escape"},
		"a raw newline":         {"{\"a\":\"x\ny\"}", "at byte 7: control character"},
		"an open string":        {`{"a":"x`, "at byte 5: string without closing quote"},
		"33 levels":             {strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), "at byte 160: nested deeper than 32"},
		"100,000 open brackets": {`{"a":` + strings.Repeat("[", 100_000), "nested deeper than 32"},
	} {
		t.Run(name, func(t *testing.T) { post(tt.body).fails(400, "invalidSyntax").says(tt.says) })
	}
	t.Run("32 levels are read", func(t *testing.T) {
		post(`{"schemas":["` + scim.UserSchema + `"],"userName":"deep","urn:x:y":` + strings.Repeat(`[`, 31) + strings.Repeat("]", 31) + `}`).is(201)
	})
	t.Run("nothing was written", func(t *testing.T) { w.find(`userName eq "a" or userName eq "b"`).total(0) })
}

func TestValuesThatDoNotFit(t *testing.T) {
	w := newWorld(t)
	for members, says := range map[string]string{
		`"title":5`:               "title must be a text",
		`"active":"maybe"`:        "active must be true or false",
		`"active":1`:              "active must be true or false",
		`"name":"x"`:              "name must be an object",
		`"name":{"givenName":[]}`: "name.givenName must be a text",
		`"emails":{}`:             "emails must be an array",
		`"emails":[5]`:            "emails[0] must be an object",
		`"emails":[{"value":"a@x.org","primary":1}]`:                                       "emails[0].primary must be true or false",
		`"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org","primary":true}]`: "2 primary values",
		`"emails":[{"value":"no address"}]`:                                                "is not an e-mail address",
		`"x509Certificates":[{"value":"%%%"}]`:                                             "must be base64 text",
		`"` + scim.EnterpriseSchema + `":[]`:                                               "must be an object",
		`"` + scim.EnterpriseSchema + `":{"manager":[{"value":"a"},{"value":"b"}]}`:        "manager must be an object",
	} {
		t.Run(members, func(t *testing.T) {
			w.call("POST", "/Users", user("a", members)).fails(400, "invalidValue").says(says)
		})
	}
	t.Run("the same attribute in two spellings", func(t *testing.T) {
		w.call("POST", "/Users", user("a", `"title":"x","TITLE":"y"`)).fails(400, "invalidSyntax").says("title stands twice")
	})
	for name, body := range map[string]string{
		"no userName": `{"schemas":["` + scim.UserSchema + `"]}`, "an empty userName": user(""), "userName null": `{"schemas":["` + scim.UserSchema + `"],"userName":null}`,
		"userName a number": `{"schemas":["` + scim.UserSchema + `"],"userName":5}`, "userName too long": user(strings.Repeat("x", identity.MaxUserName+1)),
		"externalId too long": user("a", `"externalId":"`+strings.Repeat("x", identity.MaxExternalID+1)+`"`),
	} {
		t.Run(name, func(t *testing.T) { w.call("POST", "/Users", body).fails(400, "invalidValue") })
	}
	w.call("POST", "/Users", user(strings.Repeat("x", identity.MaxUserName), `"externalId":"`+strings.Repeat("x", identity.MaxExternalID)+`"`)).is(201)
}

func TestEndpoints(t *testing.T) {
	w := newWorld(t)
	id := w.create("a")
	for name, tt := range map[string]struct {
		method, endpoint string
		status           int
		allow            string
	}{
		"an unknown endpoint":                {"GET", "/Things", 404, ""},
		"a schema called *":                  {"GET", "/Schemas/*", 404, ""},
		"something below a user":             {"GET", "/Users/" + id + "/x", 404, ""},
		"a method that users do not have":    {"PATCH", "/Users", 405, "GET, HEAD, POST"},
		"a method that a user does not have": {"POST", "/Users/" + id, 405, "GET, HEAD, PUT, PATCH, DELETE"},
		"writing the configuration":          {"PUT", "/ServiceProviderConfig", 405, "GET, HEAD"},
		"reading a search":                   {"GET", "/Users/.search", 405, "POST"},
		"a method nobody has":                {"TRACE", "/Users", 405, "GET, HEAD, POST"},
		"who am I, for a token of nobody":    {"GET", "/Me", 404, ""},
		"reading bulk":                       {"GET", "/Bulk", 405, "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call(tt.method, tt.endpoint, "").fails(tt.status, "")
			require.Equal(t, tt.allow, a.header.Get("Allow"))
		})
	}
	t.Run("which methods there are", func(t *testing.T) {
		require.Equal(t, "GET, HEAD, POST, OPTIONS", w.call("OPTIONS", "/Users", "").is(204).header.Get("Allow"))
	})
	t.Run("a slash at the end", func(t *testing.T) { w.get("/Users/").is(200).total(1) })
	t.Run("a path outside", func(t *testing.T) {
		for _, path := range []string{"/scim/", "/scim", "/scim/" + string(w.org) + "/v1/Users", "/scim//v2/Users", "/"} {
			w.send(httptest.NewRequest("GET", path, nil)).fails(404, "")
		}
	})
}

func TestLocationsFollowTheRequestWithoutABaseURL(t *testing.T) {
	w := newWorld(t)
	w.server = scim.New(w.service, scim.Options{})
	a := w.call("POST", "/Users", user("a")).is(201)
	require.True(t, strings.HasPrefix(a.header.Get("Location"), "http://example.com/scim/"), a.header.Get("Location"))
}

// broken is a store whose accounts cannot be read.
type broken struct{ identity.Store }

func (broken) AccountFor(context.Context, identity.AccountKey, string) (identity.Account, bool, error) {
	return identity.Account{}, false, errors.New("disk /dev/sda1 on fire")
}

func TestWhatBreaksInsideIsLoggedAndNotTold(t *testing.T) {
	w := newWorld(t)
	store, ok := w.service.Reader().(identity.Store)
	require.True(t, ok)
	w.service = identity.NewService(broken{store}, w.clock, nil, identity.EmailPolicy{})
	var log bytes.Buffer
	w.server = scim.New(w.service, scim.Options{Log: logTo(&log)})
	a := w.get("/Users/"+"some-id").fails(500, "")
	require.NotContains(t, a.text, "fire")
	require.Contains(t, log.String(), "disk /dev/sda1 on fire")
	require.NotContains(t, log.String(), w.token)
}

// front sends a request through everything that stands before the server, and returns what was logged and measured.
func (w *world) front(r *http.Request) (a answer, log, metrics string) {
	w.t.Helper()
	var lines bytes.Buffer
	measured := web.NewMetrics()
	other := *w
	other.server = web.Front(w.server, logTo(&lines), measured)
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("X-Request-Id", "r1")
	a = other.send(r)
	rec := httptest.NewRecorder()
	measured.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return a, lines.String(), rec.Body.String()
}

func TestTheLogAndTheMetricsNameTheEndpoint(t *testing.T) {
	w := newWorld(t)
	users := "/scim/" + string(w.org) + "/v2/Users"
	for path, route := range map[string]string{
		users: "/scim/{org}/v2/Users", users + "/" + w.create("ada"): "/scim/{org}/v2/Users/*", users + "/x/y": "other",
		"/scim/" + w.newID() + "/v2/Users": "other",
	} {
		_, log, metrics := w.front(httptest.NewRequest("GET", path, nil))
		require.Contains(t, metrics, `route="`+route+`"`)
		require.NotContains(t, metrics, string(w.org))
		if route != "other" {
			require.Contains(t, log, "route="+route)
		}
	}
}

func TestAnInternalErrorIsFoundInTheLogByItsRequest(t *testing.T) {
	w := newWorld(t)
	store, ok := w.service.Reader().(identity.Store)
	require.True(t, ok)
	for name, s := range map[string]identity.Store{"an error": broken{store}, "a panic": panicking{store}} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			other := *w
			other.server = scim.New(identity.NewService(s, w.clock, nil, identity.EmailPolicy{}), scim.Options{Log: logTo(&log)})
			a, _, _ := other.front(httptest.NewRequest("GET", "/scim/"+string(w.org)+"/v2/Users/some-id", nil))
			a.fails(500, "")
			require.Contains(t, log.String(), "request=r1")
			require.Contains(t, log.String(), "/dev/sda1")
			require.NotContains(t, a.text, "sda1")
		})
	}
}

func TestWhoHangsUpIsNeitherAnsweredNorAFault(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	w.server = scim.New(w.service, scim.Options{Log: logTo(&log)})
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequest("GET", "/scim/"+string(w.org)+"/v2/Users", nil).WithContext(ctx)
	a, line, _ := w.front(r)
	require.Equal(t, web.StatusClientGone, a.status)
	require.Empty(t, a.text)
	require.Contains(t, line, "status=499")
	require.Empty(t, log.String())
}

// panicking is a store that breaks in the worst way.
type panicking struct{ identity.Store }

func (panicking) AccountFor(context.Context, identity.AccountKey, string) (identity.Account, bool, error) {
	panic("index of /dev/sda1 out of range")
}

// closed is a store that cannot answer now.
type closed struct{ identity.Store }

func (closed) AccountFor(context.Context, identity.AccountKey, string) (identity.Account, bool, error) {
	return identity.Account{}, false, identity.Refuse(identity.Unavailable, identity.RuleUnavailable, "the store is closed")
}

func TestAStoreThatCannotAnswerNowIsAskedAgainLater(t *testing.T) {
	w := newWorld(t)
	store, ok := w.service.Reader().(identity.Store)
	require.True(t, ok)
	w.server = scim.New(identity.NewService(closed{store}, w.clock, nil, identity.EmailPolicy{}), scim.Options{Log: logTo(io.Discard)})
	require.Equal(t, "1", w.get("/Users/some-id").fails(503, "").header.Get("Retry-After"))
}

func TestPitfall37_NoUserAgentIsNeeded(t *testing.T) {
	w := newWorld(t)
	w.get("/Users", "User-Agent", "").is(200)
}
