package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
	"rollcall/store/contents"
)

// TestORG19_AServerThatIsKilledGoesOnWithADeletion kills the real program while it converts users, and starts it again.
func TestORG19_AServerThatIsKilledGoesOnWithADeletion(t *testing.T) {
	t.Parallel()
	const people = 4000
	issuer := newDemoIssuer(t)
	token, err := issuer.Token("ada", demoAudience, time.Now(), time.Hour)
	require.NoError(t, err)
	db := database(t)
	opened, err := store.Open(t.Context(), db)
	require.NoError(t, err)
	service := identity.NewService(opened, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	o, err := service.CreateOrganization(t.Context(), operator(), identity.Organization{Name: "Acme", Kind: identity.Customer})
	require.NoError(t, err)
	_, err = service.Grant(t.Context(), operator(), identity.Grant{Org: o.ID, Issuer: issuer.URL(), Subject: "ada", Role: identity.RoleFull})
	require.NoError(t, err)
	require.NoError(t, service.Transact(t.Context(), o.ID, operator(), func(c *identity.Acts) error {
		for i := range people {
			address := fmt.Sprintf("u%d@acme.example", i)
			d := identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}, Active: true}
			if _, err := c.Create(t.Context(), d, identity.Origin{Source: identity.SourceManual}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, opened.Close())

	ask := func(s *server, method, path, body string, into any) int {
		r, err := http.NewRequestWithContext(t.Context(), method, s.url+"/api/v1/organizations/"+string(o.ID)+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		if into != nil && response.StatusCode < 300 {
			require.NoError(t, json.NewDecoder(response.Body).Decode(into))
		}
		return response.StatusCode
	}
	s := serve(t, db, "--oidc-issuer", issuer.URL(), "--oidc-audience", demoAudience, "--rate-limit", "10000")
	require.Equal(t, http.StatusAccepted, ask(s, http.MethodPost, "/deletion", `{"userHandling":"convert","acknowledgeUsers":"convert","acknowledgeIrreversible":true}`, nil))
	var seen admin.Deletion
	require.Eventually(t, func() bool {
		require.Equal(t, http.StatusOK, ask(s, http.MethodGet, "/deletion", "", &seen))
		return seen.Converted > 0
	}, 30*time.Second, 5*time.Millisecond)
	require.Positive(t, seen.Left, "it was seen at work")
	require.NoError(t, s.cmd.Process.Kill())
	<-s.read

	s = serve(t, db, "--oidc-issuer", issuer.URL(), "--oidc-audience", demoAudience, "--rate-limit", "10000")
	require.Eventually(t, func() bool { return ask(s, http.MethodGet, "/deletion", "", nil) == http.StatusNotFound }, time.Minute, 20*time.Millisecond)
	found, err := contents.Read(t.Context(), strings.TrimPrefix(db, "sqlite:"))
	require.NoError(t, err)
	require.Len(t, found["accounts"], people)
	require.Len(t, found["address_holds"], people)
	require.Len(t, found.Mentioning("handling=convert state=deleted")["org_deletions"], 1)
	require.Len(t, found.Mentioning(fmt.Sprintf("converted=%d removed=0", people))["org_deletions"], 1, "each of them once")
	left := found.Without("events", "audit_heads", "messages").Mentioning(string(o.ID))
	require.Equal(t, []string{"org_deletions", "organizations"}, left.Tables())
}
