package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) group(org identity.OrgID, token, name string) string {
	w.t.Helper()
	return w.post(of(org, "/groups"), token, `{"name":"`+name+`"}`).is(http.StatusCreated)["id"].(string)
}

// memberNames lists the userNames of all members, page after page.
func (w *world) memberNames(org identity.OrgID, token, group string, limit int) []string {
	w.t.Helper()
	names := []string{}
	for cursor := ""; ; {
		page := w.get(of(org, fmt.Sprintf("/groups/%s/members?limit=%d&cursor=%s", group, limit, url.QueryEscape(cursor))), token).is(http.StatusOK)
		for _, m := range page["members"].([]any) {
			names = append(names, m.(map[string]any)["userName"].(string))
		}
		next, more := page["nextCursor"].(string)
		if !more {
			return names
		}
		cursor = next
	}
}

func ids(accounts ...identity.Account) string {
	all := make([]string, 0, len(accounts))
	for _, a := range accounts {
		all = append(all, `"`+string(a.ID)+`"`)
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestGroupsAreCreatedRenamedAndDeleted(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleGroup)
	created := w.post(of(org, "/groups"), token, `{"name":"Support"}`)
	g := created.is(http.StatusCreated)
	path := of(org, "/groups/"+g["id"].(string))
	require.Equal(t, path, created.header.Get("Location"))
	require.Equal(t, []any{"Support", "manual", 1.}, []any{g["name"], g["source"], g["version"]})
	require.Equal(t, created.body, w.get(path, token).body)
	require.Equal(t, `"1"`, w.get(path, token).header.Get("ETag"))

	renamed := w.patch(path, token, `{"name":"Help"}`, "If-Match", `"1"`)
	require.Equal(t, "Help", renamed.is(http.StatusOK)["name"])
	require.Equal(t, `"2"`, renamed.header.Get("ETag"))
	w.patch(path, token, `{"name":"Other"}`, "If-Match", `"1"`).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.patch(path, token, `{"name":" "}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.post(of(org, "/groups"), token, `{"name":"`+strings.Repeat("n", identity.MaxGroupName+1)+`"}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.post(of(org, "/groups"), token, `{"name":"`+strings.Repeat("n", identity.MaxGroupName)+`"}`).is(http.StatusCreated)

	w.delete(path, token, "If-Match", `"1"`).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.delete(path, token, "If-Match", `"2"`).nothing()
	w.delete(path, token).refused(http.StatusNotFound, identity.RuleUnknownGroup)
	w.get(path, token).refused(http.StatusNotFound, identity.RuleUnknownGroup)
}

func TestGroupsAreListedPageByPage(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.group(other, w.administrator(other, "olga", identity.RoleFull), "theirs")
	for i := range 5 {
		w.group(org, token, fmt.Sprint("g", i))
	}
	var names []string
	path := of(org, "/groups?limit=2")
	for cursor := ""; ; {
		page := w.get(path+"&cursor="+url.QueryEscape(cursor), token).is(http.StatusOK)
		for _, g := range page["groups"].([]any) {
			names = append(names, g.(map[string]any)["name"].(string))
		}
		next, more := page["nextCursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	require.Equal(t, []string{"g0", "g1", "g2", "g3", "g4"}, names)
}

func TestMembersComeAndGoAllOrNothing(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleFull)
	g := w.group(org, token, "Support")
	members := of(org, "/groups/"+g+"/members")
	a, b, c := w.user(org, "a@example.com"), w.user(org, "b@example.com"), w.user(org, "c@example.com")
	foreign := w.user(other, "eve@other.example")

	changed := w.post(members, token, `{"add":`+ids(a, b)+`}`, "If-Match", `"1"`)
	require.Equal(t, 2., changed.is(http.StatusOK)["version"])
	require.Equal(t, []string{"a@example.com", "b@example.com"}, w.memberNames(org, token, g, 1))
	w.post(members, token, `{"add":`+ids(c)+`,"remove":`+ids(a)+`}`, "If-Match", `"2"`).is(http.StatusOK)
	require.Equal(t, []string{"b@example.com", "c@example.com"}, w.memberNames(org, token, g, 50))
	before := w.get(of(org, "/groups/"+g), token).body
	w.post(members, token, `{"add":`+ids(c)+`,"remove":`+ids(a)+`}`).is(http.StatusOK)
	require.Equal(t, before, w.get(of(org, "/groups/"+g), token).body, "nobody came and nobody went")

	w.post(members, token, `{"add":`+ids(a, foreign)+`}`).refused(http.StatusNotFound, identity.RuleUnknownAccount)
	w.post(members, token, `{"add":["x"],"remove":`+ids(b)+`}`).refused(http.StatusNotFound, identity.RuleUnknownAccount)
	w.post(members, token, `{"add":`+ids(a)+`}`, "If-Match", `"2"`).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.post(members, token, `{"add":`+ids(a)+`,"remove":`+ids(a)+`}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.post(members, token, `{}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	require.Equal(t, before, w.get(of(org, "/groups/"+g), token).body)
	require.Equal(t, []string{"b@example.com", "c@example.com"}, w.memberNames(org, token, g, 50))

	mine := w.get(userOf(b)+"/groups", token).is(http.StatusOK)["groups"].([]any)
	require.Len(t, mine, 1)
	require.Equal(t, g, mine[0].(map[string]any)["id"])
	require.Empty(t, w.get(userOf(a)+"/groups", token).is(http.StatusOK)["groups"])
}

func TestOneCallChangesAtMost500MembersEachWay(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	g := w.group(org, token, "Support")
	nobodies := func(n int) string {
		list := strings.Repeat(`,"`+string(noPerson)+`"`, n)
		return "[" + list[1:] + "]"
	}
	for _, way := range []string{"add", "remove"} {
		require.Contains(t, w.post(of(org, "/groups/"+g+"/members"), token, `{"`+way+`":`+nobodies(501)+`}`).refused(http.StatusBadRequest, "INVALID_REQUEST"), way)
	}
	w.post(of(org, "/groups/"+g+"/members"), token, `{"add":`+nobodies(500)+`}`).refused(http.StatusNotFound, identity.RuleUnknownAccount)
	w.post(of(org, "/groups/"+g+"/members"), token, `{"remove":`+nobodies(500)+`}`).is(http.StatusOK)
}

func TestGroupsOfTheDirectoryAreChangedThere(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	var g identity.Group
	require.NoError(t, w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		var err error
		g, err = c.CreateGroup(w.ctx, "From the directory", "x", identity.Origin{Source: identity.SourceDirectory})
		return err
	}))
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	path := of(org, "/groups/"+string(g.ID))
	w.patch(path, token, `{"name":"Mine"}`).refused(http.StatusConflict, identity.RuleManagedByDirectory)
	w.delete(path, token).refused(http.StatusConflict, identity.RuleManagedByDirectory)
	w.post(path+"/members", token, `{"remove":["x"]}`).refused(http.StatusConflict, identity.RuleManagedByDirectory)
	require.Equal(t, "directory", w.get(path, token).is(http.StatusOK)["source"])
}
