package admin_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// scopeOf says what every operation that names an organization needs. A new operation needs a line here.
var scopeOf = map[string]string{
	"getOrganization":   "organization:read",
	"listUsers":         "users:read",
	"getUser":           "users:read",
	"whyUser":           "users:read",
	"listUserEvents":    "users:read",
	"deactivateUser":    "users:write",
	"reactivateUser":    "users:write",
	"addUsers":          "users:write",
	"changeUser":        "users:write",
	"deleteUser":        "users:write",
	"purgeUsers":        "users:write",
	"inviteUser":        "users:write",
	"changeUserEmail":   "users:write",
	"cancelUserEmail":   "users:write",
	"getUserLicences":   "licences:read",
	"setUserLicences":   "licences:write",
	"listJobs":          "users:read",
	"getJob":            "users:read",
	"getJobResults":     "users:read",
	"inviteUsers":       "users:write",
	"importUsers":       "users:write",
	"listImports":       "users:read",
	"getImportTemplate": "users:read",
	"exportUsers":       "users:write",
	"getExport":         "users:read",
	"previewClaims":     "claims:preview",
}

// mayDo is BEHAVIOUR 11: with which role an organization's own administrators, external ones and partners have a scope.
var mayDo = map[string]map[identity.Standing]string{
	"organization:read":    everywhere("full user group readonly device"),
	"settings:read":        everywhere("full readonly"),
	"settings:write":       everywhere("full"),
	"users:read":           everywhere("full user readonly device"),
	"users:write":          everywhere("full user"),
	"groups:read":          everywhere("full user group readonly device"),
	"groups:write":         everywhere("full group"),
	"licences:read":        everywhere("full user readonly"),
	"licences:write":       everywhere("full user"),
	"templates:write":      everywhere("full"),
	"administrators:read":  everywhere("full readonly"),
	"administrators:write": everywhere("full"),
	"externals:write":      {identity.StandingOwn: "full"},
	"providers:read":       {identity.StandingOwn: "full", identity.StandingExternal: "full"},
	"providers:write":      {identity.StandingOwn: "full", identity.StandingExternal: "full"},
	"partners:read":        {identity.StandingOwn: "full"},
	"partners:write":       {identity.StandingOwn: "full"},
	"audit:read":           everywhere("full readonly"),
	"mail:read":            everywhere("full"),
	"mail:write":           everywhere("full"),
	"claims:preview":       everywhere("full user"),
}

func everywhere(roles string) map[identity.Standing]string {
	return map[identity.Standing]string{identity.StandingOwn: roles, identity.StandingExternal: roles, identity.StandingPartner: roles}
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

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// at fills the path in: the organization, and one id for everything else.
func (r route) at(org identity.OrgID, id identity.AccountID) string {
	return parameter.ReplaceAllString(strings.ReplaceAll(r.path, "{org}", string(org)), string(id))
}

// administratorOf makes an administrator of an organization with this standing and role, and returns a token.
func (w *world) administratorOf(org identity.OrgID, standing identity.Standing, role identity.Role) string {
	w.t.Helper()
	name := string(standing) + "-" + string(role)
	home := w.org("Home of " + name)
	switch standing {
	case identity.StandingOwn:
		return w.administrator(org, name, role)
	case identity.StandingExternal:
		a := w.user(home, name+"@home.example")
		_, err := w.Bind(w.ctx, operator, identity.Binding{Org: home, Account: a.ID, Issuer: w.issuer.url(), Subject: name})
		require.NoError(w.t, err)
		return w.administrator(org, name, role)
	}
	partner, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: "Partner " + name, Kind: identity.Partner})
	require.NoError(w.t, err)
	_, err = w.PutPartner(w.ctx, operator, partner.ID, org, identity.RoleFull)
	require.NoError(w.t, err)
	return w.administrator(partner.ID, name, role)
}

// TestROL_Guards generates every route for every role and standing in the own, in a foreign and in an unknown organization. The
// bodies are not even JSON and what the path names does not exist, so that a guard that is passed shows as 400 or as an unknown
// thing, and one that holds shows that nothing of the request was read before it.
func TestROL_Guards_EveryRouteForEveryRoleInOwnForeignAndUnknownOrganizations(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.org("Own"), w.org("Foreign")
	const unknown identity.OrgID = "01900000-0000-7000-8000-00000000dead"
	const nobody identity.AccountID = "01900000-0000-7000-8000-00000000beef"
	type seat struct {
		standing identity.Standing
		role     identity.Role
	}
	tokens := map[seat]string{}
	for _, standing := range identity.Standings {
		for _, role := range identity.Roles {
			tokens[seat{standing, role}] = w.administratorOf(own, standing, role)
		}
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
				require.NotContains(t, scopeOf, r.id)
				return // shows the caller's own part only
			}
			roles, stated := mayDo[scopeOf[r.id]]
			require.True(t, stated, "say in scopeOf what %s needs", r.id)
			for seat, token := range tokens {
				notThere := send(unknown, token)
				notThere.refused(http.StatusNotFound, identity.RuleUnknownOrg)
				require.Equal(t, notThere.body, send(foreign, token).body, "the same bytes for a foreign organization")
				require.Equal(t, notThere.body, send("nonsense", token).body)
				require.Equal(t, notThere.body, send(own, stranger).body)
				answered := send(own, token)
				if !slices.Contains(strings.Fields(roles[seat.standing]), string(seat.role)) {
					require.Contains(t, answered.refused(http.StatusForbidden, identity.RuleForbiddenRole), "your role here is "+string(seat.role))
					continue
				}
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, answered.status, "%v: %s", seat, answered.body)
				require.NotContains(t, answered.body, identity.RuleUnknownOrg, "%v", seat)
			}
			tested++
		})
	}
	require.Equal(t, len(scopeOf), tested, "every line of scopeOf is for a route")
}

func TestAUD04_AnAttemptWithoutTheRoleIsRecordedWhereTheRoleIs(t *testing.T) {
	w := newWorld(t)
	org, foreign := w.org("Example"), w.org("Foreign")
	token := w.administrator(org, "ada", identity.RoleReadOnly)
	u := w.user(org, "grace@example.com")
	w.post(userOf(u)+"/deactivate", token, "", "User-Agent", strings.Repeat("u", 300)).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	w.post(users(foreign)+"/"+string(u.ID)+"/deactivate", token, "").refused(http.StatusNotFound, identity.RuleUnknownOrg)

	events, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Newest: true, Limit: 1})
	require.NoError(t, err)
	e := events[0]
	require.Equal(t, identity.EventRefused, e.Kind)
	require.Equal(t, identity.RuleForbiddenRole, e.Error)
	require.Equal(t, identity.Target{Type: identity.TargetOperation, ID: "deactivateUser", Name: "Deactivate a user"}, e.Target)
	require.Equal(t, w.issuer.url()+"|ada", e.Actor.ID)
	require.Equal(t, identity.Request{Role: identity.RoleReadOnly, IP: "127.0.0.1", UserAgent: strings.Repeat("u", 200), TrackingID: "test"}, e.Actor.Request)
	events, err = w.Reader().Events(w.ctx, foreign, identity.EventQuery{Newest: true, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, identity.OrgCreated, events[0].Kind, "where the caller has no role nothing shows that somebody knocked")
}

func TestROL04_WhoseAccountCannotBeUsedAdministersNothing(t *testing.T) {
	for name, unusable := range map[string]func(*identity.Account){
		"inactive": func(a *identity.Account) {
			a.Status, a.PreviousStatus, a.InactiveReason = identity.Inactive, identity.Active, identity.ByAdministrator
		},
		"waiting for a decision about a claim": func(a *identity.Account) { a.Status = identity.DeferredClaim },
		"claimed away":                         func(a *identity.Account) { a.Shadow = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("Example")
			token := w.administrator(org, "ada", identity.RoleFull)
			a := w.user(org, "ada@example.com")
			_, err := w.Bind(w.ctx, operator, identity.Binding{Org: org, Account: a.ID, Issuer: w.issuer.url(), Subject: "ada"})
			require.NoError(t, err)
			w.get(users(org), token).is(http.StatusOK)
			w.rewrite(a, unusable)
			w.get(users(org), token).refused(http.StatusUnauthorized, identity.RuleAccountInactive)
			w.get(mine, token).refused(http.StatusUnauthorized, identity.RuleAccountInactive)
		})
	}
}

func TestARoleEndsWithItsGrant(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.administrator(org, "bela", identity.RoleFull)
	w.get(users(org), token).is(http.StatusOK)
	require.NoError(t, w.RevokeGrant(w.ctx, operator, org, w.issuer.url(), "ada"))
	w.get(users(org), token).refused(http.StatusNotFound, identity.RuleUnknownOrg)
}

func TestAUserOfAnotherOrganizationIsAsUnknownAsNobody(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.org("Own"), w.org("Foreign")
	token := w.administrator(own, "ada", identity.RoleFull)
	there := w.user(foreign, "eve@example.org")
	bodies := map[string]string{
		"changeUser": `{}`, "changeUserEmail": `{"email":"adam@example.org"}`, "setUserLicences": `{"licences":[]}`,
	}
	for _, r := range w.routes() {
		if !strings.Contains(r.path, "/users/{id}") {
			continue
		}
		a := w.call(r.method, r.at(own, there.ID), token, bodies[r.id])
		a.refused(http.StatusNotFound, identity.RuleUnknownAccount)
		b := w.call(r.method, r.at(own, "01900000-0000-7000-8000-00000000beef"), token, bodies[r.id])
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
	require.Equal(t, "GET, HEAD, POST", a.header.Get("Allow"))
}
