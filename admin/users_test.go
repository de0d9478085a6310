package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// names returns the userNames of a page.
func names(page map[string]any) []string {
	list := []string{}
	for _, u := range page["users"].([]any) {
		list = append(list, strings.TrimSuffix(u.(map[string]any)["userName"].(string), "@example.com"))
	}
	return list
}

func TestUsersAreListedPageByPage(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleReadOnly)
	w.administrator(other, "ada", identity.RoleReadOnly)
	for n := range 5 {
		w.user(org, fmt.Sprintf("u%d@example.com", n))
	}
	first := w.get(users(org)+"?limit=2", token).is(http.StatusOK)
	require.Equal(t, []string{"u0", "u1"}, names(first))
	cursor := first["nextCursor"].(string)
	second := w.get(users(org)+"?limit=2&cursor="+cursor, token).is(http.StatusOK)
	require.Equal(t, []string{"u2", "u3"}, names(second))
	third := w.get(users(org)+"?limit=2&cursor="+second["nextCursor"].(string), token).is(http.StatusOK)
	require.Equal(t, []string{"u4"}, names(third))
	require.NotContains(t, third, "nextCursor")
	exact := w.get(users(org)+"?limit=5", token).is(http.StatusOK)
	require.NotContains(t, exact, "nextCursor", "a full page with nothing behind it is the last")

	for name, path := range map[string]string{
		"in another organization": users(other) + "?cursor=" + cursor,
		"with another filter":     users(org) + "?status=active&cursor=" + cursor,
		"with one letter changed": users(org) + "?cursor=" + flip(cursor),
		"in another list":         mine + "?cursor=" + cursor,
	} {
		require.Contains(t, w.get(path, token).refused(http.StatusBadRequest, identity.RuleInvalidValue), "query.cursor", name)
	}
}

func flip(s string) string {
	last := byte('A')
	if s[len(s)-1] == last {
		last = 'E'
	}
	return s[:len(s)-1] + string(last)
}

func TestUsersAreFiltered(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.user(org, "Grace.Hopper@example.com")
	edsger := w.user(org, "edsger@example.com")
	w.rewrite(w.user(org, "alan@example.com"), func(a *identity.Account) { a.Status = identity.Active })
	w.post(userOf(edsger)+"/deactivate", token, "").is(http.StatusOK)
	for query, want := range map[string][]string{
		"status=not_verified":                 {"Grace.Hopper"},
		"status=active":                       {"alan"},
		"status=inactive":                     {"edsger"},
		"reason=deactivated":                  {"edsger"},
		"reason=directory_deleted":            {},
		"source=scim":                         {"Grace.Hopper", "edsger", "alan"},
		"source=directory":                    {},
		"q=hopper":                            {"Grace.Hopper"},
		"q=HOPPER@":                           {"Grace.Hopper"},
		"q=ge":                                {"edsger"},
		"q=%25":                               {},
		"q=_":                                 {},
		"q=example.com&status=active":         {"alan"},
		"q=a&source=scim&status=not_verified": {"Grace.Hopper"},
		"q=%27%20OR%201%3D1":                  {},
		"status=inactive&reason=deactivated":  {"edsger"},
		"status=active&reason=deactivated":    {},
		"limit=200":                           {"Grace.Hopper", "edsger", "alan"},
	} {
		require.Equal(t, want, names(w.get(users(org)+"?"+query, token).is(http.StatusOK)), query)
	}
}

func TestAUserIsShownWithWhyAndWhen(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	u := w.user(org, "grace@example.com")
	shown := w.get(userOf(u), token)
	require.Equal(t, `"1"`, shown.header.Get("ETag"))
	object := shown.is(http.StatusOK)
	require.Equal(t, "grace@example.com", object["userName"])
	require.Equal(t, "Person", object["displayName"])
	require.Equal(t, "not_verified", object["status"])
	require.Equal(t, "organization", object["managedBy"])
	require.NotContains(t, object, "purgeAt")
	require.Equal(t, "USR-03", object["why"].(map[string]any)["rule"])

	acted := w.post(userOf(u)+"/deactivate", token, "")
	require.Equal(t, "2026-03-31T12:00:00Z", acted.is(http.StatusOK)["purgeAt"], "30 days of 24 hours")
	require.Equal(t, `"2"`, acted.header.Get("ETag"))
	object = w.get(userOf(u), token).is(http.StatusOK)
	why := object["why"].(map[string]any)
	require.Equal(t, "USR-10", why["rule"])
	require.Equal(t, map[string]any{"kind": "administrator", "id": w.issuer.url() + "|ada", "name": "Ada ada"}, why["actor"])
	require.Equal(t, "deleted", why["next"].(map[string]any)["what"])
	require.Equal(t, object["purgeAt"], why["next"].(map[string]any)["at"])
	require.Equal(t, why, w.get(userOf(u)+"/why", token).is(http.StatusOK))

	w.clock.move(30 * identity.Day)
	purged, err := w.PurgeDue(w.ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, purged)
	token = w.token("ada")
	w.get(userOf(u), token).refused(http.StatusNotFound, identity.RuleUnknownAccount)
	why = w.get(userOf(u)+"/why", token).is(http.StatusOK)
	require.Equal(t, "deleted", why["status"])
	require.Equal(t, "grace@example.com", why["userName"])

	page := w.get(userOf(u)+"/events?limit=2", token).is(http.StatusOK)
	rest := w.get(userOf(u)+"/events?limit=2&cursor="+page["nextCursor"].(string), token).is(http.StatusOK)
	var kinds []any
	for _, e := range append(page["events"].([]any), rest["events"].([]any)...) {
		kinds = append(kinds, e.(map[string]any)["kind"])
	}
	require.Equal(t, []any{"account.deleted", "account.deactivated", "account.created"}, kinds)
	require.NotContains(t, rest, "nextCursor")
}

func TestTheActorHasTheBestNameThatTheTokenGives(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleFull)
	for want, claims := range map[string]map[string]any{
		"Ada Lovelace":    {"name": "Ada Lovelace", "email": "ada@example.com"},
		"ada@example.com": {"name": " ", "email": "ada@example.com"},
		"ada":             {},
		"two lines":       {"name": "two\r\n lines"},
	} {
		u := w.user(org, fmt.Sprintf("%x@example.com", want))
		token := w.claims("ada")
		delete(token, "name")
		for name, value := range claims {
			token[name] = value
		}
		w.post(userOf(u)+"/deactivate", w.issuer.token(token), "").is(http.StatusOK)
		why, err := w.Why(w.ctx, org, u.ID)
		require.NoError(t, err)
		require.Equal(t, want, why.Actor.Name)
		require.Equal(t, identity.Administrator, why.Actor.Kind)
	}
}

func TestUSR21_ReactivationLeadsBackToThePreviousStatus(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	for _, status := range []identity.Status{identity.NotVerified, identity.Verified, identity.Active} {
		u := w.rewrite(w.user(org, string(status)+"@example.com"), func(a *identity.Account) { a.Status = status })
		require.Equal(t, string(status), w.post(userOf(u)+"/deactivate", token, "").is(http.StatusOK)["previousStatus"])
		back := w.post(userOf(u)+"/reactivate", token, "").is(http.StatusOK)
		require.Equal(t, string(status), back["status"])
		require.NotContains(t, back, "purgeAt")
		require.NotContains(t, back, "reason")
	}
}

func TestUSR22_WhatTheDirectoryOwnsIsChangedThere(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	active, inactive := w.user(org, "a@example.com"), w.user(org, "i@example.com")
	w.post(userOf(inactive)+"/deactivate", token, "").is(http.StatusOK)
	w.matched(org)
	for _, mode := range identity.SyncModes {
		w.set(org, func(o *identity.Organization) { o.SyncMode = mode })
		if mode == identity.SyncDisabled {
			continue
		}
		w.post(userOf(active)+"/deactivate", token, "").refused(http.StatusConflict, identity.RuleManagedByDirectory)
		w.post(userOf(inactive)+"/reactivate", token, "").refused(http.StatusConflict, identity.RuleManagedByDirectory)
		require.Equal(t, "directory", w.get(userOf(active), token).is(http.StatusOK)["managedBy"])
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	w.post(userOf(active)+"/deactivate", token, "").is(http.StatusOK)
	w.post(userOf(inactive)+"/reactivate", token, "").is(http.StatusOK)
}

func TestAnActCanBeBoundToAVersion(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	u := w.user(org, "grace@example.com")
	act := func(ifMatch string) answer { return w.post(userOf(u)+"/deactivate", token, "", "If-Match", ifMatch) }
	require.Contains(t, act(`"2"`).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch), `"1"`)
	act(`W/"1"`).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	for _, malformed := range []string{`1`, `"1`, `"`, `"1" "2"`, `,`} {
		require.Contains(t, act(malformed).refused(http.StatusBadRequest, identity.RuleInvalidValue), "header.If-Match", malformed)
	}
	act(`"7", "1"`).is(http.StatusOK)
	w.post(userOf(u)+"/reactivate", token, "", "If-Match", "*").is(http.StatusOK)
}

func TestAnOrganizationShowsItsSettingsToThoseWhoMayReadThem(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	for role, settings := range map[identity.Role]bool{identity.RoleFull: true, identity.RoleReadOnly: true, identity.RoleUser: false, identity.RoleGroup: false} {
		token := w.administrator(org, string(role), role)
		shown := w.get("/api/v1/organizations/"+string(org), token).is(http.StatusOK)
		require.Equal(t, "Example", shown["name"])
		require.Equal(t, string(role), shown["role"])
		require.Equal(t, settings, shown["settings"] != nil, role)
	}
}

func TestOrganizationsAreThoseOfTheCaller(t *testing.T) {
	w := newWorld(t)
	for n := range 3 {
		w.administrator(w.org(fmt.Sprint("Own ", n)), "ada", identity.RoleGroup)
	}
	w.org("Foreign")
	token := w.token("ada")
	all := w.get(mine, token)
	require.Len(t, all.is(http.StatusOK)["organizations"], 3)
	require.NotContains(t, all.body, "Foreign")
	page := w.get(mine+"?limit=2", token).is(http.StatusOK)
	require.Len(t, page["organizations"], 2)
	require.Len(t, w.get(mine+"?cursor="+page["nextCursor"].(string), token).is(http.StatusOK)["organizations"], 1)
}
