package admin_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// mayDo is BEHAVIOUR 11 for every operation that names an organization.
var mayDo = map[string]string{
	"getOrganization": "full user group readonly",
	"listUsers":       "full user readonly",
	"getUser":         "full user readonly",
	"whyUser":         "full user readonly",
	"listUserEvents":  "full user readonly",
	"deactivateUser":  "full user",
	"reactivateUser":  "full user",
	"previewClaims":   "full user",
}

// route is one operation of the OpenAPI document.
type route struct{ id, method, path string }

func (w *world) routes() []route {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	require.NoError(w.t, json.Unmarshal([]byte(w.get("/api/openapi.json", "").body), &doc))
	var all []route
	for path, methods := range doc.Paths {
		for method, op := range methods {
			all = append(all, route{op.OperationID, strings.ToUpper(method), path})
		}
	}
	return all
}

func (r route) at(org identity.OrgID, id identity.AccountID) string {
	return strings.NewReplacer("{org}", string(org), "{id}", string(id)).Replace(r.path)
}

// TestGuards generates every route for every role in the own, in a foreign and in an unknown organization. The bodies are
// not even JSON and the user does not exist, so that a guard that is passed shows as 400 or as an unknown user, and one that
// holds shows that nothing of the request was read before it.
func TestGuards_EveryRouteForEveryRoleInOwnForeignAndUnknownOrganizations(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.org("Own"), w.org("Foreign")
	const unknown identity.OrgID = "01900000-0000-7000-8000-00000000dead"
	const nobody identity.AccountID = "01900000-0000-7000-8000-00000000beef"
	tokens := map[identity.Role]string{}
	for _, role := range identity.Roles {
		tokens[role] = w.administrator(own, "with "+string(role), role)
	}
	stranger := w.token("stranger")
	tested := 0
	for _, r := range w.routes() {
		t.Run(r.id, func(t *testing.T) {
			send := func(org identity.OrgID, token string) answer {
				a := w.call(r.method, r.at(org, nobody), token, "{not json")
				a.t = t
				return a
			}
			for _, org := range []identity.OrgID{own, foreign, unknown} {
				send(org, "").refused(http.StatusUnauthorized, "INVALID_TOKEN")
				send(org, "rubbish").refused(http.StatusUnauthorized, "INVALID_TOKEN")
			}
			if !strings.Contains(r.path, "{org}") {
				require.Equal(t, "listOrganizations", r.id)
				require.Empty(t, send("", stranger).is(http.StatusOK)["organizations"])
				return
			}
			roles, stated := mayDo[r.id]
			require.True(t, stated, "say in mayDo which roles may do %s", r.id)
			for role, token := range tokens {
				notThere := send(unknown, token)
				notThere.refused(http.StatusNotFound, identity.RuleUnknownOrg)
				require.Equal(t, notThere.body, send(foreign, token).body, "the same bytes for a foreign organization")
				require.Equal(t, notThere.body, send("nonsense", token).body)
				require.Equal(t, notThere.body, send(own, stranger).body)
				passed := send(own, token)
				if !strings.Contains(" "+roles+" ", " "+string(role)+" ") {
					require.Contains(t, passed.refused(http.StatusForbidden, identity.RuleForbiddenRole), string(role))
					continue
				}
				switch r.id {
				case "getOrganization", "listUsers":
					passed.is(http.StatusOK)
				case "previewClaims":
					passed.refused(http.StatusBadRequest, "INVALID_REQUEST")
				default:
					passed.refused(http.StatusNotFound, identity.RuleUnknownAccount)
				}
			}
			tested++
		})
	}
	require.Equal(t, len(mayDo), tested)
}

func TestARoleEndsWithItsGrant(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.get(users(org), token).is(http.StatusOK)
	require.NoError(t, w.RevokeGrant(w.ctx, operator, org, w.issuer.url(), "ada"))
	w.get(users(org), token).refused(http.StatusNotFound, identity.RuleUnknownOrg)
}

func TestAUserOfAnotherOrganizationIsAsUnknownAsNobody(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.org("Own"), w.org("Foreign")
	token := w.administrator(own, "ada", identity.RoleFull)
	there := w.user(foreign, "eve@example.org")
	for _, r := range w.routes() {
		if !strings.Contains(r.path, "{id}") {
			continue
		}
		a := w.call(r.method, r.at(own, there.ID), token, "")
		a.refused(http.StatusNotFound, identity.RuleUnknownAccount)
		b := w.call(r.method, r.at(own, "01900000-0000-7000-8000-00000000beef"), token, "")
		require.Equal(t, strings.ReplaceAll(a.body, string(there.ID), ""), strings.ReplaceAll(b.body, "01900000-0000-7000-8000-00000000beef", ""))
		require.NotContains(t, a.body, "eve")
	}
}

func TestWhatNoRouteIsForIsAnsweredInTheSameForm(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	for _, path := range []string{"/api/v1/nothing", "/api/v2/organizations", users(org) + "/1/2/3", "/api/"} {
		w.get(path, token).refused(http.StatusNotFound, "UNKNOWN_ROUTE")
	}
	a := w.call(http.MethodDelete, users(org), token, "")
	require.Contains(t, a.refused(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"), "GET")
	require.Equal(t, "GET, HEAD", a.header.Get("Allow"))
}
