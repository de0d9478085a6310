package demoissuer

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
)

func TestATokenIsGoodForItsAudienceAndItsTime(t *testing.T) {
	var issuer *Issuer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { issuer.ServeHTTP(w, r) }))
	defer server.Close()
	var err error
	issuer, err = New(server.URL)
	require.NoError(t, err)
	provider, err := oidc.NewProvider(t.Context(), server.URL)
	require.NoError(t, err)

	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	raw, err := issuer.Token("alice", "rollcall", now, time.Hour)
	require.NoError(t, err)
	verify := func(audience string, at time.Time) (*oidc.IDToken, error) {
		return provider.Verifier(&oidc.Config{ClientID: audience, Now: func() time.Time { return at }}).Verify(t.Context(), raw)
	}
	token, err := verify("rollcall", now.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, "alice", token.Subject)
	_, err = verify("another", now)
	require.Error(t, err)
	_, err = verify("rollcall", now.Add(time.Hour+time.Second))
	require.Error(t, err)
}
