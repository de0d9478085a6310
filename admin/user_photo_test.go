package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestAUsersPhotoIsServed(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleReadOnly)
	u, plain := w.user(org, "u@example.com"), w.user(org, "plain@example.com")
	content := "\xff\xd8\xff bytes \x00 of a photo"
	p := identity.Photo{Digest: identity.DigestOf([]byte(content)), MediaType: "image/jpeg", Width: 96, Height: 48, Size: len(content)}
	require.NoError(t, w.Transact(t.Context(), org, identity.Actor{Kind: identity.ConnectorRun, Org: org}, func(c *identity.Acts) error {
		return c.SetPhoto(t.Context(), u.ID, p, []byte(content), nil)
	}))
	tag := `"` + p.Digest + `"`

	got := w.get(userOf(u)+"/photo", token)
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, content, got.body)
	for name, want := range map[string]string{"Content-Type": "image/jpeg", "ETag": tag, "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"} {
		require.Equal(t, want, got.header.Get(name))
	}
	for _, same := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		got := w.call(http.MethodGet, userOf(u)+"/photo", token, "", "If-None-Match", same)
		require.Equal(t, http.StatusNotModified, got.status, same)
		require.Empty(t, got.body)
		require.Equal(t, tag, got.header.Get("ETag"))
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, userOf(u)+"/photo", token, "", "If-None-Match", `"x"`).status)

	shown := w.get(userOf(u), token).is(http.StatusOK)
	require.Subset(t, shown["photo"], map[string]any{"etag": tag, "mediaType": "image/jpeg", "width": 96.0, "height": 48.0, "size": float64(len(content))})
	require.Equal(t, shown["updatedAt"], shown["photo"].(map[string]any)["updatedAt"])
	require.Equal(t, `"2"`, w.get(userOf(u), token).header.Get("ETag"), "another photo is another version of the user")
	list := w.get(users(org), token).is(http.StatusOK)["users"].([]any)
	require.Contains(t, list[0], "photo")
	require.NotContains(t, list[1], "photo")

	w.get(userOf(plain)+"/photo", token).refused(http.StatusNotFound, identity.RuleUnknownPhoto)
	w.get(users(org)+"/00000000-0000-7000-8000-000000000000/photo", token).refused(http.StatusNotFound, identity.RuleUnknownAccount)
	other := w.org("Other")
	w.get(users(other)+"/"+string(u.ID)+"/photo", w.administrator(other, "bob", identity.RoleFull)).refused(http.StatusNotFound, identity.RuleUnknownAccount)
}
