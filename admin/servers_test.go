package admin_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
	"rollcall/internal/web"
)

// TestWhatOneServerGaveOutIsGoodAtAnother has a second server over the same store: no cursor, version, key or session may depend on which of
// them is asked.
func TestWhatOneServerGaveOutIsGoodAtAnother(t *testing.T) {
	var options admin.Options
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { options = *o })
	handler, err := admin.New(options)
	require.NoError(t, err)
	second := *w
	second.server = httptest.NewServer(web.Front(handler, slog.New(slog.DiscardHandler), nil))
	t.Cleanup(second.server.Close)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)

	const group = `{"name":"Help"}`
	made := w.post(orgOf(org)+"/groups", token, group, "Idempotency-Key", "k1")
	id := made.is(http.StatusCreated)["id"].(string)
	again := second.post(orgOf(org)+"/groups", token, group, "Idempotency-Key", "k1")
	require.Equal(t, made.body, again.body)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	second.post(orgOf(org)+"/groups", token, `{"name":"Other"}`, "Idempotency-Key", "k2").is(http.StatusCreated)

	page := w.get(orgOf(org)+"/groups?limit=1", token).is(http.StatusOK)
	next := second.get(orgOf(org)+"/groups?limit=1&cursor="+url.QueryEscape(page["nextCursor"].(string)), token).is(http.StatusOK)
	require.Len(t, next["groups"], 1)
	require.NotEqual(t, page["groups"], next["groups"])

	version := made.header.Get("ETag")
	second.patch(orgOf(org)+"/groups/"+id, token, `{"name":"Helpdesk"}`, "If-Match", version).is(http.StatusOK)
	w.patch(orgOf(org)+"/groups/"+id, token, `{"name":"Desk"}`, "If-Match", version).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
}
