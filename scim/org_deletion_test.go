package scim_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestORG20_TokensOfADeletedOrganizationAre401AtOnceAndForEver(t *testing.T) {
	w := newWorld(t)
	const user = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@c.example","emails":[{"value":"ada@c.example","primary":true}]}`
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/Users", user).status, "from here on the token is known without a look")
	_, err := w.service.RequestDeletion(context.Background(), operator, w.org, identity.DeletionRequest{
		Handling: identity.HandleDelete, AcknowledgeUsers: identity.HandleDelete, AcknowledgeIrreversible: true})
	require.NoError(t, err)
	refused := func() {
		t.Helper()
		for _, c := range []struct{ method, endpoint, body string }{
			{http.MethodPost, "/Users", user}, {http.MethodGet, "/Users", ""}, {http.MethodGet, "/Groups", ""}, {http.MethodDelete, "/Users/x", ""},
			{http.MethodGet, "/ServiceProviderConfig", ""},
		} {
			for range 2 { // the second time nobody remembers the token
				answered := w.call(c.method, c.endpoint, c.body)
				require.Equal(t, http.StatusUnauthorized, answered.status, "%s %s: %s", c.method, c.endpoint, answered.text)
				require.NotContains(t, answered.text, "delet")
			}
		}
	}
	refused()
	for last := false; !last; {
		last, err = w.service.ContinueDeletion(context.Background(), w.org)
		require.NoError(t, err)
	}
	refused()
}
