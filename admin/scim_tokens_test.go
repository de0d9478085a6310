package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestExchangesAreListedTheNewestFirst(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleReadOnly)
	k, secret, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "Entra", Profile: "entra"})
	require.NoError(t, err)
	stray, _, err := w.CreateToken(w.ctx, operator, other, identity.NewToken{Name: "Okta", Profile: "okta"})
	require.NoError(t, err)
	var all []identity.Exchange
	for n := range 5 {
		all = append(all, identity.Exchange{
			Org: org, Token: k.ID, At: t0.Add(time.Duration(n) * time.Minute), Method: "POST", Path: fmt.Sprintf("/scim/x/v2/Users/%d", n), Status: 200 + n%2*209,
			Took: 1500 * time.Microsecond, Body: `{"userName":"xxx"}`, RequestID: "r1", UserAgent: "Azure", Query: "a=x",
		})
	}
	for _, n := range []int{1, 3} {
		all[n].Code, all[n].Detail = "uniqueness", "taken"
	}
	require.NoError(t, w.KeepExchanges(w.ctx, all))

	a := w.get(orgOf(org)+"/scim-tokens", token)
	require.Equal(t, []any{map[string]any{"id": string(k.ID), "name": "Entra", "profile": "entra", "createdAt": t0.Format(time.RFC3339)}}, a.is(http.StatusOK)["tokens"])
	require.NotContains(t, a.body, identity.HashSecret(secret))

	list := orgOf(org) + "/scim-tokens/" + string(k.ID) + "/exchanges"
	paths := func(query string) (paths []string, next string) {
		page := w.get(list+query, token).is(http.StatusOK)
		for _, e := range page["exchanges"].([]any) {
			path := e.(map[string]any)["path"].(string)
			paths = append(paths, path[len(path)-1:])
		}
		next, _ = page["nextCursor"].(string)
		return paths, next
	}
	found, next := paths("")
	require.Equal(t, []string{"4", "3", "2", "1", "0"}, found)
	require.Empty(t, next)
	found, next = paths("?limit=2")
	require.Equal(t, []string{"4", "3"}, found)
	found, next = paths("?limit=2&cursor=" + url.QueryEscape(next))
	require.Equal(t, []string{"2", "1"}, found)
	w.get(list+"?failed=true&limit=2&cursor="+url.QueryEscape(next), token).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	found, next = paths("?limit=2&cursor=" + url.QueryEscape(next))
	require.Equal(t, []string{"0"}, found)
	require.Empty(t, next)
	found, next = paths("?failed=true&limit=1")
	require.Equal(t, []string{"3"}, found)
	found, _ = paths("?failed=true&cursor=" + url.QueryEscape(next))
	require.Equal(t, []string{"1"}, found)

	first := w.get(list+"?failed=true&limit=1", token).is(http.StatusOK)["exchanges"].([]any)[0].(map[string]any)
	delete(first, "id")
	require.Equal(t, map[string]any{
		"at": t0.Add(3 * time.Minute).Format(time.RFC3339), "method": "POST", "path": "/scim/x/v2/Users/3", "query": "a=x", "status": 409., "scimType": "uniqueness",
		"detail": "taken", "durationUs": 1500., "body": `{"userName":"xxx"}`, "requestId": "r1", "userAgent": "Azure",
	}, first)

	for _, id := range []identity.TokenID{stray.ID, "x"} {
		w.get(orgOf(org)+"/scim-tokens/"+string(id)+"/exchanges", token).refused(http.StatusNotFound, identity.RuleUnknownToken)
	}
	require.NoError(t, w.RevokeToken(w.ctx, operator, org, k.ID))
	require.Contains(t, w.get(orgOf(org)+"/scim-tokens", token).body, "revokedAt")
	found, _ = paths("?limit=1")
	require.Equal(t, []string{"4"}, found, "of a token that has ended too")
}
