package admin_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func orgAt(org identity.OrgID, below ...string) string {
	return strings.Join(append([]string{"/api/v1/organizations", string(org)}, below...), "/")
}

// owned makes an organization with one user, who is its full administrator and has a token.
func (w *world) owned(name, address string) (identity.OrgID, string) {
	w.t.Helper()
	org := w.org(name)
	_, token := w.bound(org, address, address)
	w.administrator(org, address, identity.RoleFull)
	return org, token
}

// end carries all deletions out.
func (w *world) end() {
	w.t.Helper()
	for {
		n, err := w.ContinueDeletions(w.ctx, 500)
		require.NoError(w.t, err)
		if n < 500 {
			return
		}
	}
}

// reason is one reason in an answer.
type reason struct {
	Code, Message, Detail, Remedy string
	Count                         int
	Objects                       []struct{ Type, ID, Name, Status string }
}

func (a answer) reasons() []reason {
	a.t.Helper()
	var body struct{ Reasons []reason }
	require.NoError(a.t, json.Unmarshal([]byte(a.body), &body), a.body)
	return body.Reasons
}

func codes(all []reason) []string {
	list := []string{}
	for _, r := range all {
		list = append(list, r.Code)
	}
	return list
}

const (
	convert = `{"userHandling":"convert","acknowledgeUsers":"convert","acknowledgeIrreversible":true}`
	remove  = `{"userHandling":"delete","acknowledgeUsers":"delete","acknowledgeIrreversible":true}`
)

func TestORG07_TheSixReasonsShrinkTo204(t *testing.T) {
	w := newWorld(t)
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: "C", Kind: identity.Partner})
	require.NoError(t, err)
	org := o.ID
	_, token := w.bound(org, "ada@c.example", "ada")
	w.administrator(org, "ada", identity.RoleFull)
	bob := w.user(org, "bob@c.example")
	_, err = w.CompleteSite(w.ctx, operator, org, "meet.example")
	require.NoError(t, err)
	plan, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "Plan", Type: identity.Paid, Status: identity.SubscriptionSuspended})
	require.NoError(t, err)
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
	require.NoError(t, err)
	var partners []identity.OrgID
	for _, name := range []string{"P1", "P2"} {
		p, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Partner})
		require.NoError(t, err)
		_, err = w.PutPartner(w.ctx, operator, p.ID, org, identity.RoleUser)
		require.NoError(t, err)
		partners = append(partners, p.ID)
	}
	customer := w.org("K")
	_, err = w.PutPartner(w.ctx, operator, org, customer, identity.RoleUser)
	require.NoError(t, err)

	left := []string{"ORG_HAS_LINKED_SITES", "ORG_HAS_ACTIVE_SUBSCRIPTIONS_OR_LICENSES", "ORG_DIRSYNC_ENABLED", "ORG_HAS_MORE_THAN_ONE_USER",
		"ORG_HAS_MORE_THAN_ONE_MANAGED_BY", "ORG_HAS_MANAGED_ORGS"}
	refused := func() []reason {
		t.Helper()
		no := w.call(http.MethodDelete, orgAt(org), token, "")
		no.refused(http.StatusConflict, identity.Rule(left[0]))
		require.Equal(t, left, codes(no.reasons()))
		dry := w.get(orgAt(org, "deletion/eligibility"), token)
		require.Equal(t, false, dry.is(http.StatusOK)["eligible"])
		require.Equal(t, no.reasons(), dry.reasons(), "the dry call says the same")
		return no.reasons()
	}
	for i, want := range []struct{ kind, name, status, message string }{
		{"site", "meet.example", "completed", "Org cannot be deleted as it has Linked sites."},
		{"subscription", "Plan", "paid, suspended", "Org cannot be deleted as it has active subscriptions or licenses."},
		{"connector", "AD", "", "Org cannot be deleted as Directory Synchronization is enabled."},
		{"", "", "", "Org cannot be deleted as it has more than 1 user."},
		{"organization", "P1", "", "Org cannot be deleted as it has more than 1 managed by relationship."},
		{"organization", "K", "", "Org cannot be deleted as it has managed orgs."},
	} {
		r := refused()[i]
		require.Equal(t, want.message, r.Message)
		require.NotEmpty(t, r.Remedy)
		require.Positive(t, r.Count)
		if want.kind == "" {
			require.Equal(t, 2, r.Count)
			require.Empty(t, r.Objects)
			continue
		}
		require.Equal(t, []string{want.kind, want.name, want.status}, []string{r.Objects[0].Type, r.Objects[0].Name, r.Objects[0].Status})
	}
	for _, c := range []struct {
		code string
		end  func()
	}{
		{"ORG_HAS_LINKED_SITES", func() {
			w.call(http.MethodDelete, orgAt(org, "sites/meet.example"), token, "").refused(http.StatusForbidden, "SITE_LINK_COMPLETED")
			require.NoError(t, w.UnlinkSite(w.ctx, operator, org, "meet.example"))
		}},
		{"ORG_DIRSYNC_ENABLED", func() { require.NoError(t, w.RemoveConnector(w.ctx, operator, org, n.ID)) }},
		{"ORG_HAS_MORE_THAN_ONE_USER", func() {
			require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, userOf(bob), token, "").status)
		}},
		{"ORG_HAS_MORE_THAN_ONE_MANAGED_BY", func() {
			require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, orgAt(org, "partners", string(partners[0])), token, "").status)
		}},
		{"ORG_HAS_MANAGED_ORGS", func() {
			require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, orgAt(org, "managed", string(customer)), token, "").status)
		}},
		{"ORG_HAS_ACTIVE_SUBSCRIPTIONS_OR_LICENSES", func() {
			plan.Status = identity.SubscriptionCancelled
			_, err := w.PutSubscription(w.ctx, operator, plan)
			require.NoError(t, err)
		}},
	} {
		c.end()
		if left = slices.DeleteFunc(left, func(code string) bool { return code == c.code }); len(left) > 0 {
			refused()
		}
	}
	require.Equal(t, true, w.get(orgAt(org, "deletion/eligibility"), token).is(http.StatusOK)["eligible"])
	require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, orgAt(org), token, "").status)
	require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, orgAt(org), token, "").status, "idempotent")
	w.end()
	w.get(orgAt(org), token).refused(http.StatusNotFound, identity.RuleUnknownOrg)
}

func TestORG10ORG18_GuidedDeletion(t *testing.T) {
	w := newWorld(t)
	org, token := w.owned("C", "ada@c.example")
	w.user(org, "bob@c.example")
	w.user(org, "eve@c.example")
	w.call(http.MethodDelete, orgAt(org), token, "").refused(http.StatusConflict, identity.RuleOrgUsers)
	w.get(orgAt(org, "deletion"), token).refused(http.StatusNotFound, identity.RuleUnknownDeletion)
	for name, body := range map[string]string{
		"CONVERT":             `{"userHandling":"CONVERT","acknowledgeUsers":"CONVERT","acknowledgeIrreversible":true}`,
		"keep":                `{"userHandling":"keep","acknowledgeUsers":"keep","acknowledgeIrreversible":true}`,
		"nothing":             `{}`,
		"an unknown property": `{"userHandling":"convert","acknowledgeUsers":"convert","acknowledgeIrreversible":true,"force":true}`,
	} {
		require.Equal(t, http.StatusBadRequest, w.post(orgAt(org, "deletion"), token, body).status, name)
	}
	for name, body := range map[string]string{
		"no acknowledgement": `{"userHandling":"convert"}`,
		"one":                `{"userHandling":"convert","acknowledgeIrreversible":true}`,
		"the other one":      `{"userHandling":"convert","acknowledgeUsers":"convert"}`,
		"of another choice":  `{"userHandling":"convert","acknowledgeUsers":"delete","acknowledgeIrreversible":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			w.post(orgAt(org, "deletion"), token, body).refused(http.StatusBadRequest, identity.RuleAcknowledgement)
		})
	}
	require.Equal(t, true, w.get(orgAt(org, "deletion/eligibility?userHandling=convert"), token).is(http.StatusOK)["eligible"])
	require.Equal(t, http.StatusBadRequest, w.get(orgAt(org, "deletion/eligibility?userHandling=keep"), token).status)

	begun := w.post(orgAt(org, "deletion"), token, convert)
	shown := begun.is(http.StatusAccepted)
	require.Equal(t, orgAt(org, "deletion"), begun.header.Get("Location"))
	require.Equal(t, "users", shown["state"])
	require.Equal(t, "convert", shown["userHandling"])
	require.EqualValues(t, 3, shown["left"])
	require.Equal(t, shown, w.post(orgAt(org, "deletion"), token, remove).is(http.StatusAccepted), "idempotent; what was said first counts")
	require.Equal(t, shown, w.get(orgAt(org, "deletion"), token).is(http.StatusOK))
	w.call(http.MethodDelete, orgAt(org, "deletion"), token, "").refused(http.StatusConflict, identity.RuleIrreversible)
	w.post("/api/v1/me/sign-in", token, "").refused(http.StatusForbidden, identity.RuleOrgDeleting)
	mine := w.get("/api/v1/organizations", token).is(http.StatusOK)["organizations"].([]any)
	require.Equal(t, "deleting", mine[0].(map[string]any)["state"])

	for {
		watched := w.get(orgAt(org, "deletion"), token)
		if watched.status == http.StatusNotFound {
			break // watched to the very end
		}
		require.Contains(t, []string{"users", "purge"}, watched.is(http.StatusOK)["state"])
		_, err := w.ContinueDeletion(w.ctx, org)
		require.NoError(t, err)
	}
	_, err := w.Reader().Organization(w.ctx, org)
	require.True(t, identity.IsNotFound(err), "and not a moment before")
	me := w.get("/api/v1/me", token).is(http.StatusOK)
	require.Equal(t, "consumer", me["account"].(map[string]any)["organization"].(map[string]any)["kind"])
	require.Empty(t, me["organizations"])
}

func TestORG02_APartnerIsRefusedAndTheAttemptIsTold(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	token := w.administratorOf(org, identity.StandingPartner, identity.RoleFull)
	w.call(http.MethodDelete, orgAt(org), token, "").refused(http.StatusForbidden, identity.RulePartnerCannotDelete)
	w.post(orgAt(org, "deletion"), token, remove).refused(http.StatusForbidden, identity.RulePartnerCannotDelete)
	denied, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: []identity.EventKind{identity.EventRefused}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, denied, 2)
	require.Equal(t, identity.RulePartnerCannotDelete, denied[0].Error)
	require.Equal(t, identity.Target{Type: identity.TargetOperation, ID: "deleteOrganization", Name: denied[0].Target.Name}, denied[0].Target)
	o, err := w.Reader().Organization(w.ctx, org)
	require.NoError(t, err)
	require.Equal(t, identity.OrgActive, o.State)
}

func TestORG01ORG03_OthersAreRefused(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	for _, token := range []string{
		w.administratorOf(org, identity.StandingOwn, identity.RoleUser), w.administratorOf(org, identity.StandingOwn, identity.RoleReadOnly),
		w.administratorOf(org, identity.StandingOwn, identity.RoleDevice), w.administratorOf(org, identity.StandingExternal, identity.RoleFull),
	} {
		w.call(http.MethodDelete, orgAt(org), token, "").refused(http.StatusForbidden, identity.RuleForbiddenRole)
		w.get(orgAt(org, "deletion/eligibility"), token).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	}
}

// whileDeleting is what there still is for an organization that is being deleted.
var whileDeleting = []string{"deleteOrganization", "requestDeletion", "getDeletion", "cancelDeletion"}

// wellFormed are requests that get as far as the state of things, for operations that need more than their path.
var wellFormed = map[string]struct{ query, body string }{
	"deleteAdministrator":    {query: "?issuer=i&subject=s"},
	"deleteIdentityProvider": {query: "?issuer=https://x.example"},
}

func TestORG19_EveryOtherCallIs409AndThen404(t *testing.T) {
	w := newWorld(t)
	org, token := w.owned("C", "ada@c.example")
	external := w.administratorOf(org, identity.StandingExternal, identity.RoleFull)
	w.post(orgAt(org, "deletion"), token, convert).is(http.StatusAccepted)
	tried := 0
	for _, r := range w.routes() {
		if !strings.Contains(r.path, "{org}") || slices.Contains(whileDeleting, r.id) {
			continue
		}
		path := r.at(org, noPerson) + wellFormed[r.id].query
		answered := w.call(r.method, path, token, "")
		if answered.status == http.StatusBadRequest || answered.status == http.StatusUnsupportedMediaType {
			require.Contains(t, []string{http.MethodPost, http.MethodPut, http.MethodPatch}, r.method, "%s: %s", r.id, answered.body)
			continue // it wants a body, and what a body says comes before the state of things
		}
		answered.refused(http.StatusConflict, identity.RuleOrgDeleting)
		tried++
	}
	require.Greater(t, tried, 40)
	for path, body := range map[string]string{
		"users":          `{"users":[{"email":"new@c.example"}]}`,
		"groups":         `{"name":"G"}`,
		"domains":        `{"name":"new.example"}`,
		"claims/preview": `{"emails":["a@b.example"]}`,
	} {
		answered := w.post(orgAt(org, path), token, body)
		require.Contains(t, answered.body, identity.RuleOrgDeleting, path)
	}
	w.get(orgAt(org), external).refused(http.StatusConflict, identity.RuleOrgDeleting)
	w.end()
	unknown := w.get(orgAt(noOrg), token).body
	for _, r := range w.routes() {
		if !strings.Contains(r.path, "{org}") {
			continue
		}
		for _, token := range []string{token, external} {
			answered := w.call(r.method, r.at(org, noPerson)+wellFormed[r.id].query, token, "")
			answered.refused(http.StatusNotFound, identity.RuleUnknownOrg)
			require.Equal(t, unknown, answered.body, "as if it had never been")
		}
	}
}

func TestORG20_TokensOfAnOrganizationEndAtOnce(t *testing.T) {
	w := newWorld(t)
	org, token := w.owned("C", "ada@c.example")
	w.verify(org, "c.example")
	w.call(http.MethodPut, orgAt(org, "identity-providers"), token, `{"issuer":"https://sso.c.example","audience":"rollcall","active":true}`).is(http.StatusOK)
	w.post(orgAt(org, "deletion"), token, convert).is(http.StatusAccepted)
	all, err := w.Reader().IdentityProviders(w.ctx, org)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.False(t, all[0].Active)
	domains, err := w.Reader().Domains(w.ctx, org)
	require.NoError(t, err)
	require.Empty(t, domains)
}

func TestORG08_SitesOverTheAPI(t *testing.T) {
	w := newWorld(t)
	org, token := w.owned("C", "ada@c.example")
	reader := w.administratorOf(org, identity.StandingOwn, identity.RoleReadOnly)
	site := w.call(http.MethodPut, orgAt(org, "sites/Meet.Example"), token, `{"licence":"calling"}`).is(http.StatusOK)
	require.Equal(t, "meet.example", site["name"])
	require.Equal(t, "pending", site["status"])
	require.Equal(t, "calling", site["licence"])
	list := w.get(orgAt(org, "sites"), reader).is(http.StatusOK)["sites"].([]any)
	require.Equal(t, []any{site}, list)
	w.call(http.MethodDelete, orgAt(org, "sites/meet.example"), reader, "").refused(http.StatusForbidden, identity.RuleForbiddenRole)
	require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, orgAt(org, "sites/meet.example"), token, "").status)
	w.call(http.MethodDelete, orgAt(org, "sites/meet.example"), token, "").refused(http.StatusNotFound, identity.RuleUnknownSite)
	_, err := w.CompleteSite(w.ctx, operator, org, "meet.example")
	require.NoError(t, err)
	require.Equal(t, "completed", w.call(http.MethodPut, orgAt(org, "sites/meet.example"), token, `{}`).is(http.StatusOK)["status"])
	w.call(http.MethodDelete, orgAt(org, "sites/meet.example"), token, "").refused(http.StatusForbidden, identity.RuleSiteCompleted)
	w.call(http.MethodPut, orgAt(org, "sites/a%20b"), token, `{}`).is(http.StatusBadRequest)
}

func TestORG22_PromptsOverTheAPI(t *testing.T) {
	w := newWorld(t)
	org, token := w.owned("C", "ada@c.example")
	require.Empty(t, w.get("/api/v1/me/prompts", token).is(http.StatusOK)["prompts"])
	_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "Free", Type: identity.Free, Status: identity.SubscriptionActive})
	require.NoError(t, err)
	w.post("/api/v1/me/sign-in", token, "").is(http.StatusOK)
	prompts := w.get("/api/v1/me/prompts", token).is(http.StatusOK)["prompts"].([]any)
	require.Equal(t, []any{map[string]any{"id": "ORG_DELETE_REMINDER", "actions": []any{"delete_organization", "remind_later"},
		"organization": map[string]any{"id": string(org), "name": "C", "kind": "customer"}}}, prompts)
	w.post("/api/v1/me/prompts/NOTHING/remind-later", token, "").refused(http.StatusNotFound, identity.RuleUnknownPrompt)
	require.Equal(t, http.StatusNoContent, w.post("/api/v1/me/prompts/ORG_DELETE_REMINDER/remind-later", token, "").status)
	require.Empty(t, w.get("/api/v1/me/prompts", token).is(http.StatusOK)["prompts"])
	w.clock.move(time.Microsecond)
	w.post("/api/v1/me/sign-in", token, "").is(http.StatusOK)
	require.Len(t, w.get("/api/v1/me/prompts", token).is(http.StatusOK)["prompts"], 1)
	w.post("/api/v1/me/prompts/ORG_DELETE_REMINDER/remind-later", w.token("stranger"), "").refused(http.StatusNotFound, identity.RuleUnknownPrompt)
}
