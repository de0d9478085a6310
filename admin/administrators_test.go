package admin_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) administrators(org identity.OrgID, token string) []any {
	w.t.Helper()
	return w.get(of(org, "/administrators"), token).is(http.StatusOK)["administrators"].([]any)
}

func (w *world) takeAway(org identity.OrgID, token, subject string) answer {
	w.t.Helper()
	return w.delete(of(org, "/administrators?issuer="+url.QueryEscape(w.issuer.url())+"&subject="+subject), token)
}

func person(i *issuer, subject, role string) string {
	return `{"issuer":"` + i.url() + `","subject":"` + subject + `","role":"` + role + `"}`
}

func TestROL01_NewUsersHaveNoRole(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	_, grace := w.bound(org, "grace@example.com", "grace")
	w.get(users(org), grace).refused(http.StatusNotFound, identity.RuleUnknownOrg)
	require.Len(t, w.administrators(org, token), 1)
}

func TestROL02_FullAdministratorsGiveRolesAndTakeThemAway(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	account, grace := w.bound(org, "grace@example.com", "grace")
	given := w.put(of(org, "/administrators"), token, `{"user":"`+string(account.ID)+`","role":"user"}`).is(http.StatusOK)
	require.Equal(t, map[string]any{"id": string(account.ID), "userName": "grace@example.com", "displayName": "Person"}, given["user"])
	require.Equal(t, []any{"grace", "user", "own"}, []any{given["subject"], given["role"], given["standing"]})
	w.get(users(org), grace).is(http.StatusOK)
	w.put(of(org, "/administrators"), grace, `{"user":"`+string(account.ID)+`","role":"full"}`).refused(http.StatusForbidden, identity.RuleForbiddenRole)

	w.put(of(org, "/administrators"), token, person(w.issuer, "grace", "readonly")).is(http.StatusOK)
	require.Len(t, w.administrators(org, token), 2, "one role each")
	w.takeAway(org, token, "grace").nothing()
	w.get(users(org), grace).refused(http.StatusNotFound, identity.RuleUnknownOrg)
	w.takeAway(org, token, "grace").refused(http.StatusNotFound, identity.RuleUnknownGrant)
}

func TestROL02_NobodyFromOutsideLetsOthersFromOutsideIn(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("Example"), w.org("Elsewhere")
	own := w.administrator(org, "ada", identity.RoleFull)
	w.bound(elsewhere, "eve@elsewhere.example", "eve")
	for _, standing := range []identity.Standing{identity.StandingExternal, identity.StandingPartner} {
		token := w.administratorOf(org, standing, identity.RoleFull)
		w.put(of(org, "/administrators"), token, person(w.issuer, "eve", "readonly")).refused(http.StatusForbidden, identity.RuleForbiddenRole)
		account, _ := w.bound(org, string(standing)+"@example.com", "of-"+string(standing))
		w.put(of(org, "/administrators"), token, `{"user":"`+string(account.ID)+`","role":"user"}`).is(http.StatusOK)
	}
	given := w.put(of(org, "/administrators"), own, person(w.issuer, "eve", "readonly")).is(http.StatusOK)
	require.Equal(t, "external", given["standing"])
	require.NotContains(t, given, "user", "of people of other organizations nothing else is told")
	require.NotContains(t, w.get(of(org, "/administrators"), own).body, "elsewhere")
}

func TestROL03_WhoHasAPersonalAccountAdministersNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.bound(identity.ConsumerOrgID, "pia@mail.example", "pia")
	w.put(of(org, "/administrators"), token, person(w.issuer, "pia", "readonly")).refused(http.StatusConflict, identity.RuleConsumerAdmin)
	require.Len(t, w.administrators(org, token), 1)
}

func TestUSR26_TheLastFullAdministratorStaysOne(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.put(of(org, "/administrators"), token, person(w.issuer, "ada", "user")).refused(http.StatusConflict, identity.RuleLastFullAdmin)
	w.takeAway(org, token, "ada").refused(http.StatusConflict, identity.RuleLastFullAdmin)
	w.administratorOf(org, identity.StandingExternal, identity.RoleFull)
	w.takeAway(org, token, "ada").refused(http.StatusConflict, identity.RuleLastFullAdmin)
	w.put(of(org, "/administrators"), token, person(w.issuer, "bela", "full")).is(http.StatusOK)
	w.takeAway(org, token, "ada").nothing()
	w.get(users(org), token).refused(http.StatusNotFound, identity.RuleUnknownOrg)
}

func TestARoleNeedsSomebodyToGiveItTo(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleFull)
	fresh := w.user(org, "fresh@example.com")
	foreign, _ := w.bound(other, "eve@other.example", "eve")
	for name, c := range map[string]struct {
		body   string
		status int
		code   identity.Rule
	}{
		"nobody":                           {`{"role":"user"}`, http.StatusBadRequest, "INVALID_REQUEST"},
		"somebody twice":                   {`{"user":"` + string(fresh.ID) + `","issuer":"i","subject":"s","role":"user"}`, http.StatusBadRequest, "INVALID_REQUEST"},
		"an issuer without a subject":      {`{"issuer":"i","role":"user"}`, http.StatusBadRequest, identity.RuleInvalidValue},
		"an unknown role":                  {person(w.issuer, "bela", "owner"), http.StatusBadRequest, "INVALID_REQUEST"},
		"a user who has never signed in":   {`{"user":"` + string(fresh.ID) + `","role":"user"}`, http.StatusConflict, identity.RuleNotBound},
		"nobody's id":                      {`{"user":"x","role":"user"}`, http.StatusNotFound, identity.RuleUnknownAccount},
		"a user of another organization's": {`{"user":"` + string(foreign.ID) + `","role":"user"}`, http.StatusNotFound, identity.RuleUnknownAccount},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.put(of(org, "/administrators"), token, c.body)
			a.t = t
			a.refused(c.status, c.code)
		})
	}
	w.delete(of(org, "/administrators"), token).refused(http.StatusBadRequest, "INVALID_REQUEST")
	require.Len(t, w.administrators(org, token), 1)
}

func TestROL04_RolesComeFromTheStoreAndNeverFromTheToken(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleReadOnly)
	claims := w.claims("ada")
	claims["roles"], claims["groups"], claims["scope"] = []string{"full"}, []string{"administrators"}, "users:write"
	token := w.issuer.token(claims)
	w.get(users(org), token).is(http.StatusOK)
	w.put(of(org, "/administrators"), token, person(w.issuer, "ada", "full")).refused(http.StatusForbidden, identity.RuleForbiddenRole)
}
