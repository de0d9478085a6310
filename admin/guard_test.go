package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

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
	require.Equal(t, identity.Request{Role: identity.RoleReadOnly, IP: "127.0.0.1", UserAgent: strings.Repeat("u", 200), TrackingID: "test", Operation: "deactivateUser"}, e.Actor.Request)
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
		"changeUser": `{}`, "changeUserEmail": `{"email":"adam@example.org"}`, "setUserLicences": `{"licences":[]}`, "changeUserLicences": `{"add":[]}`,
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
