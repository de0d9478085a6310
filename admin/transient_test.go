package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestDOM17_TransientUsersAreShown(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	there := w.user(org, "u@other.example")
	w.verify(org, "example.com")
	own := w.user(org, "u@example.com")
	w.set(org, func(o *identity.Organization) { o.EnforceVerifiedDomains = true })

	shown := map[string]any{}
	for _, u := range w.get(users(org), token).is(http.StatusOK)["users"].([]any) {
		shown[u.(map[string]any)["id"].(string)] = u.(map[string]any)["transient"]
	}
	require.Equal(t, map[string]any{string(there.ID): true, string(own.ID): nil}, shown)
	detail := w.get(userOf(there), token).is(http.StatusOK)
	require.Equal(t, true, detail["transient"])
	require.Contains(t, detail["why"].(map[string]any)["notes"].([]any)[0], "(DOM-17)")
	require.NotContains(t, w.get(userOf(own), token).is(http.StatusOK)["why"], "notes")
	require.Equal(t, true, w.post(userOf(there)+"/deactivate", token, "").is(http.StatusOK)["transient"])
	w.add(org, token, "v@other.example").refused(http.StatusConflict, identity.RuleDomainNotVerified)

	w.set(org, func(o *identity.Organization) { o.EnforceVerifiedDomains = false })
	require.NotContains(t, w.get(userOf(there), token).is(http.StatusOK), "transient")
}
