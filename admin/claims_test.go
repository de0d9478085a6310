package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// preview asks about addresses and returns for each "eligible" or the codes of the reasons.
func (w *world) preview(org identity.OrgID, token string, addresses ...string) []string {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"emails": addresses})
	require.NoError(w.t, err)
	var result []string
	for i, p := range w.post("/api/v1/organizations/"+string(org)+"/claims/preview", token, string(body)).is(http.StatusOK)["previews"].([]any) {
		object := p.(map[string]any)
		require.Equal(w.t, addresses[i], object["email"])
		var codes []string
		for _, r := range object["reasons"].([]any) {
			codes = append(codes, r.(map[string]any)["code"].(string))
			require.NotEmpty(w.t, r.(map[string]any)["message"])
		}
		if object["eligible"] == true {
			codes = append(codes, "eligible")
		}
		result = append(result, strings.Join(codes, " "))
	}
	return result
}

func TestCLM10_APreviewTellsEveryReason(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(w *world, claimant, source identity.OrgID)
		want    string
	}{
		"nothing is against it": {func(*world, identity.OrgID, identity.OrgID) {}, "eligible"},
		"a: the source uses single sign-on": {func(w *world, _, source identity.OrgID) {
			w.set(source, func(o *identity.Organization) { o.SSOProvider = "https://idp.example" })
		}, "CLAIM_SOURCE_SSO"},
		"b: the source synchronizes a directory": {func(w *world, _, source identity.OrgID) {
			w.set(source, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
		}, "CLAIM_SOURCE_DIRSYNC"},
		"c: another organization verified the domain too": {func(w *world, _, source identity.OrgID) {
			w.verify(source, "example.com")
		}, "CLAIM_DOMAIN_VERIFIED_ELSEWHERE CLAIM_SOURCE_ORG_DOMAIN_OVERLAP"},
		"CLM-02: the claimant synchronizes a directory": {func(w *world, claimant, _ identity.OrgID) {
			w.set(claimant, func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
		}, "CLAIM_TARGET_DIRSYNC_ENABLED"},
		"f: an unsettled claim": {func(w *world, _, source identity.OrgID) {
			a, err := w.Reader().AccountByUserName(w.ctx, source, "ada@example.com")
			require.NoError(w.t, err)
			w.rewrite(a, func(a *identity.Account) { a.Status = identity.DeferredClaim })
		}, "CLAIM_ALREADY_PENDING"},
		"f: a shadow": {func(w *world, _, source identity.OrgID) {
			a, err := w.Reader().AccountByUserName(w.ctx, source, "ada@example.com")
			require.NoError(w.t, err)
			w.rewrite(a, func(a *identity.Account) { a.Shadow = true })
		}, "CLAIM_ALREADY_PENDING"},
		"several at once": {func(w *world, claimant, source identity.OrgID) {
			w.verify(source, "example.com")
			w.set(source, func(o *identity.Organization) { o.SSOProvider, o.SyncMode = "https://idp.example", identity.SyncManual })
			w.set(claimant, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
		}, "CLAIM_TARGET_DIRSYNC_ENABLED CLAIM_SOURCE_SSO CLAIM_SOURCE_DIRSYNC CLAIM_DOMAIN_VERIFIED_ELSEWHERE CLAIM_SOURCE_ORG_DOMAIN_OVERLAP"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			claimant, source := w.org("Claimant"), w.org("Source")
			token := w.administrator(claimant, "ada", identity.RoleUser)
			w.verify(claimant, "example.com")
			w.user(source, "ada@example.com")
			c.prepare(w, claimant, source)
			require.Equal(t, []string{c.want}, w.preview(claimant, token, "Ada@EXAMPLE.com"))
		})
	}
}

func TestCLM10_PreviewsComeInTheOrderAsked(t *testing.T) {
	w := newWorld(t)
	claimant, source := w.org("Claimant"), w.org("Source")
	token := w.administrator(claimant, "ada", identity.RoleFull)
	w.verify(claimant, "example.com")
	w.user(claimant, "member@example.com")
	w.user(source, "other@example.com")
	w.user(identity.ConsumerOrgID, "personal@example.com")
	require.Equal(t, []string{
		"CLAIM_ALREADY_MEMBER", "eligible", "eligible", "CLAIM_NO_ACCOUNT", "CLAIM_DOMAIN_NOT_VERIFIED", "INVALID_EMAIL", "RESERVED_DOMAIN",
	}, w.preview(claimant, token, "member@example.com", "other@example.com", "personal@example.com", "nobody@example.com", "ada@gmail.example",
		"not an address", "x@convert-user.local"))
}

func TestEML13_AnUnverifiedDomainRevealsNothing(t *testing.T) {
	w := newWorld(t)
	claimant, source := w.org("Claimant"), w.org("Source with a name")
	token := w.administrator(claimant, "ada", identity.RoleFull)
	w.user(source, "taken@example.com")
	w.set(source, func(o *identity.Organization) { o.SSOProvider, o.SyncMode = "https://idp.example", identity.SyncManual })
	w.verify(source, "example.com")
	path := "/api/v1/organizations/" + string(claimant) + "/claims/preview"
	taken := w.post(path, token, `{"emails":["taken@example.com"]}`)
	taken.is(http.StatusOK)
	free := w.post(path, token, `{"emails":["other@example.com"]}`)
	elsewhere := w.post(path, token, `{"emails":["other@nowhere.example"]}`)
	require.Equal(t, strings.ReplaceAll(taken.body, "taken@", "other@"), free.body)
	require.Equal(t, strings.ReplaceAll(elsewhere.body, "nowhere.example", "example.com"), free.body)

	w.verify(claimant, "example.com")
	known := w.post(path, token, `{"emails":["taken@example.com"]}`)
	require.Len(t, known.is(http.StatusOK)["previews"].([]any)[0].(map[string]any)["reasons"], 4)
	require.NotContains(t, known.body, string(source))
	require.NotContains(t, known.body, "Source with a name")
}

func TestCLM30_OneCallNamesAtMostAHundredPeople(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	var addresses []string
	for n := range 100 {
		addresses = append(addresses, fmt.Sprintf("u%d@example.com", n))
	}
	require.Len(t, w.preview(org, token, addresses...), 100)
	body, err := json.Marshal(map[string]any{"emails": append(addresses, "one@toomany.example")})
	require.NoError(t, err)
	message := w.post("/api/v1/organizations/"+string(org)+"/claims/preview", token, string(body)).refused(http.StatusBadRequest, "CLAIM_BATCH_TOO_LARGE")
	require.Contains(t, message, "body.emails")
	require.Contains(t, message, "101")
}
