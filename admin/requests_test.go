package admin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/web"
)

func TestBadRequestsAre400AndNameThePlace(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	preview := "/api/v1/organizations/" + string(org) + "/claims/preview"
	user := userOf(w.user(org, "grace@example.com"))
	for name, c := range map[string]struct {
		method, path, body, says string
	}{
		"no body":                       {"POST", preview, "", "body"},
		"not JSON":                      {"POST", preview, `{"emails":[}`, "body: not valid JSON at byte 12"},
		"cut short":                     {"POST", preview, `{"emails":`, "body: not valid JSON at byte 10"},
		"two values":                    {"POST", preview, `{"emails":["a@b.c"]}{}`, "body: not valid JSON at byte 21"},
		"a list":                        {"POST", preview, `[]`, "body: expected object"},
		"nested 100,000 deep":           {"POST", preview, strings.Repeat("[", 100_000), "body: not valid JSON"},
		"an unknown field":              {"POST", preview, `{"emails":["a@b.c"],"colour":"x"}`, "body.colour: unexpected property"},
		"no field":                      {"POST", preview, `{}`, "body: expected required property emails"},
		"null":                          {"POST", preview, `{"emails":null}`, "body.emails: expected array"},
		"an empty list":                 {"POST", preview, `{"emails":[]}`, "body.emails"},
		"a number in the list":          {"POST", preview, `{"emails":["a@b.c",7]}`, "body.emails[1]: expected string"},
		"a limit of nothing":            {"GET", users(org) + "?limit=0", "", "query.limit"},
		"a limit beyond the largest":    {"GET", users(org) + "?limit=201", "", "query.limit"},
		"a limit that is no number":     {"GET", users(org) + "?limit=x", "", "query.limit"},
		"an unknown status":             {"GET", users(org) + "?status=gone", "", "query.status"},
		"an unknown reason":             {"GET", users(org) + "?reason=gone", "", "query.reason"},
		"an unknown source":             {"GET", users(org) + "?source=gone", "", "query.source"},
		"an unknown parameter":          {"GET", users(org) + "?filter=x", "", "query.filter: unknown query parameter"},
		"a query that cannot be read":   {"GET", users(org) + "?q=%zz", "", `query: invalid URL escape "%zz"`},
		"a parameter twice":             {"GET", users(org) + "?q=a&q=b", "", "query.q: stands twice"},
		"a search beyond the longest":   {"GET", users(org) + "?q=" + strings.Repeat("a", 257), "", "query.q"},
		"a cursor out of thin air":      {"GET", users(org) + "?cursor=abc", "", "query.cursor"},
		"a cursor beyond the longest":   {"GET", users(org) + "?cursor=" + strings.Repeat("a", 401), "", "query.cursor"},
		"a cursor for nobody's events":  {"GET", user + "/events?cursor=AAAAAAAAAAAAAAAAAAAAAAAA", "", "query.cursor"},
		"a cursor for no organizations": {"GET", mine + "?cursor=AAAAAAAAAAAAAAAAAAAAAAAA", "", "query.cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call(c.method, c.path, token, c.body)
			a.t = t
			object := a.is(http.StatusBadRequest)
			require.Contains(t, []any{"INVALID_REQUEST", "INVALID_VALUE"}, object["code"])
			require.Contains(t, object["message"], c.says)
			for _, internal := range []string{"json:", "struct", "Go ", "identity", "huma"} {
				require.NotContains(t, a.body, internal)
			}
		})
	}
}

func TestEveryFaultOfARequestIsTold(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	a := w.get(users(org)+"?limit=0&status=gone", token)
	require.Contains(t, a.refused(http.StatusBadRequest, "INVALID_REQUEST"), "1 more")
	require.Len(t, a.is(http.StatusBadRequest)["reasons"], 2)
}

func TestBodiesHaveALimitAndAType(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	preview := "/api/v1/organizations/" + string(org) + "/claims/preview"
	const most = 128 << 10
	body := func(length int) string { return `{"emails":["` + strings.Repeat("a", length-15) + `"]}` }
	require.Len(t, body(most), most)
	w.post(preview, token, body(most)).is(http.StatusOK)
	w.post(preview, token, body(most+1)).refused(http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE")
	w.post(preview, token, "emails=a", "Content-Type", "application/x-www-form-urlencoded").refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
}

func TestTheOpenAPIDocumentAndThePageAreForEverybody(t *testing.T) {
	w := newWorld(t)
	doc := w.get("/api/openapi.json", "").is(http.StatusOK)
	require.Equal(t, "3.1.0", doc["openapi"])
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	require.Contains(t, schemas, "Problem")
	require.NotContains(t, schemas, "ErrorModel")

	page := w.get("/api/docs", "")
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'")
	for _, r := range w.routes() {
		require.Contains(t, page.body, r.method+" "+r.path)
		require.Contains(t, page.body, `id="`+r.id+`"`)
	}
	for name := range schemas {
		require.Contains(t, page.body, `id="schema-`+name+`"`)
	}
	require.NotContains(t, page.body, "<script")
	require.NotContains(t, page.body, "://", "nothing comes from elsewhere")
	require.Equal(t, "text/css; charset=utf-8", w.get("/api/docs.css", "").header.Get("Content-Type"))
}

func TestWhoHangsUpIsNoFaultOfTheServer(t *testing.T) {
	w := newWorld(t)
	token := w.administrator(w.org("Example"), "ada", identity.RoleFull)
	w.get(mine, token).is(http.StatusOK) // the issuer's keys are known from here on
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequest(http.MethodGet, mine, nil).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorder, r)
	require.Equal(t, web.StatusClientGone, recorder.Code)
	require.NotContains(t, w.log.String(), "level=ERROR")
}
