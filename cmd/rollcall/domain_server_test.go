package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/fixtures"
	"rollcall/internal/demoissuer"
)

func TestDOM01_AServerAsksTheNameServerThatItWasGiven(t *testing.T) {
	t.Parallel()
	dns, err := fixtures.StartNameServer()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dns.Close()) })
	var issuer *demoissuer.Issuer
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { issuer.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	issuer, err = demoissuer.New(web.URL)
	require.NoError(t, err)
	token, err := issuer.Token("ada", demoAudience, time.Now(), time.Hour)
	require.NoError(t, err)
	db := database(t)
	command(t, db, "org", "create", "Acme")
	command(t, db, "admin", "grant", "--org", "Acme", "--issuer", issuer.URL(), "--subject", "ada", "--role", "full")
	s := serve(t, db, "--oidc-issuer", issuer.URL(), "--oidc-audience", demoAudience, "--dns-server", dns.Address())

	domain := func(status int, args ...string) (d admin.Domain, talk string) {
		var stdout, stderr bytes.Buffer
		args = append(append([]string{"domain"}, args...), "--org", "Acme", "--output", "json", "--server", s.url, "--token", token)
		require.Equal(t, status, run(t.Context(), args, &stdout, &stderr), stderr.String())
		if status == 0 {
			require.NoError(t, json.Unmarshal(stdout.Bytes(), &d))
		}
		return d, stderr.String()
	}
	pending, _ := domain(0, "token", "example.com")
	_, talk := domain(1, "verify", "example.com")
	require.Contains(t, talk, "DOMAIN_TXT_NOT_FOUND: there is no TXT record at _rollcall-challenge.example.com")
	dns.Publish(pending.Challenge.RecordName, pending.Challenge.RecordValue)
	claimed, _ := domain(0, "verify", "--claim", "example.com")
	require.Equal(t, "claimed", claimed.State)
	require.Equal(t, 2, dns.Asked(pending.Challenge.RecordName))
}
