package scim_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// claim lets another organization, which has verified the domain, claim a user.
func (w *world) claim(address string, mode identity.ClaimMode) (identity.OrgID, identity.Account) {
	w.t.Helper()
	org := w.newOrg("Claimant")
	_, err := w.service.AttestDomain(context.Background(), operator, org, "example.com")
	require.NoError(w.t, err)
	_, a, err := w.service.ClaimUser(context.Background(), operator, org, identity.ClaimRequest{Email: address, Mode: mode})
	require.NoError(w.t, err)
	return org, a
}

const newAda = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","emails":[{"value":"ada@example.com","primary":true}]}`

// unchangeable requires every way to change a user to be refused with 409.
func (w *world) unchangeable(id string) {
	w.t.Helper()
	before := w.call("GET", "/Users/"+id, "")
	require.Equal(w.t, http.StatusOK, before.status)
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`
	for method, body := range map[string]string{"PATCH": patch, "PUT": newAda, "DELETE": ""} {
		a := w.call(method, "/Users/"+id, body)
		require.Equal(w.t, http.StatusConflict, a.status, "%s: %s", method, a.text)
	}
	require.Equal(w.t, before.text, w.call("GET", "/Users/"+id, "").text)
}

func TestSCM12_CLM43_AShadowIsReadAndNotChanged(t *testing.T) {
	w := newWorld(t)
	created := w.call("POST", "/Users", newAda)
	require.Equal(t, http.StatusCreated, created.status, created.text)
	id := created.body["id"].(string)
	claimant, _ := w.claim("ada@example.com", identity.ClaimImmediate)
	shadow := w.call("GET", "/Users/"+id, "")
	require.Equal(t, "ada@example.com.convert-user.local", shadow.body["userName"], "CLM-40")
	require.NotContains(t, shadow.text, string(claimant))
	w.unchangeable(id)
	again := w.call("POST", "/Users", newAda)
	require.Equal(t, http.StatusConflict, again.status)
	require.Equal(t, "uniqueness", again.body["scimType"])
}

func TestSCM12_WhoHasNotDecidedIsReadAndNotChanged(t *testing.T) {
	w := newWorld(t)
	_, err := w.service.RegisterSelf(context.Background(), identity.Person{Issuer: "https://issuer.example", Subject: "ada", Email: "ada@example.com", EmailVerified: true}, identity.Request{})
	require.NoError(t, err)
	org, a := w.claim("ada@example.com", identity.ClaimDeferred)
	there := w.in(org)
	require.Equal(t, true, there.call("GET", "/Users/"+string(a.ID), "").body["active"], "USR-01")
	there.unchangeable(string(a.ID))
}

func TestCLM41_NobodyIsCreatedAmongTheShadows(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com.convert-user.local"}`)
	require.Equal(t, http.StatusBadRequest, a.status, a.text)
}

func TestEML12_APipeNeverConverts(t *testing.T) {
	w := newWorld(t)
	_, err := w.service.AttestDomain(context.Background(), operator, w.org, "example.com")
	require.NoError(t, err)
	_, err = w.service.RegisterSelf(context.Background(), identity.Person{Issuer: "https://issuer.example", Subject: "ada", Email: "ada@example.com", EmailVerified: true}, identity.Request{})
	require.NoError(t, err)
	a := w.call("POST", "/Users", newAda)
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "uniqueness", a.body["scimType"])
	hold, err := w.service.Reader().Hold(context.Background(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, identity.ConsumerOrgID, hold.Org)
}
