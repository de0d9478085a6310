package admin_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// previewAs previews the claim of one address in a mode.
func (w *world) previewAs(org identity.OrgID, token, address, mode string) map[string]any {
	w.t.Helper()
	ask := map[string]any{"emails": []string{address}}
	if mode != "" {
		ask["mode"] = mode
	}
	raw, err := json.Marshal(ask)
	require.NoError(w.t, err)
	return w.post(claimsOf(org)+"/preview", token, string(raw)).is(http.StatusOK)["previews"].([]any)[0].(map[string]any)
}

// tryClaim asks for one claim, with more members of the user beside the address.
func (w *world) tryClaim(org identity.OrgID, token, address string, more map[string]any) answer {
	w.t.Helper()
	user := map[string]any{"email": address}
	for name, v := range more {
		user[name] = v
	}
	raw, err := json.Marshal(map[string]any{"users": []any{user}, "acknowledgePermanent": true})
	require.NoError(w.t, err)
	return w.post(claimsOf(org), token, string(raw))
}

func codesIn(list any) (codes []string) {
	for _, r := range list.([]any) {
		codes = append(codes, r.(map[string]any)["code"].(string))
	}
	return codes
}

func TestCLM21_CLM24_CLM26_WhatAPreviewSaysIsWhatAClaimDoes(t *testing.T) {
	for name, c := range map[string]struct {
		allowed, personal bool
		wish, want        string // mode, or the code of the refusal
	}{
		"on, personal, no wish":       {true, true, "", "deferred"},
		"on, personal, immediate":     {true, true, "immediate", "immediate"},
		"on, personal, deferred":      {true, true, "deferred", "deferred"},
		"on, of an organization":      {true, false, "", "immediate"},
		"on, of an organization, def": {true, false, "deferred", "CLAIM_NOT_DEFERRABLE"},
		"off, no wish":                {false, true, "", "immediate"},
		"off, immediate":              {false, true, "immediate", "immediate"},
		"off, deferred":               {false, true, "deferred", "CONTENT_TRANSFER_DISABLED"},
		"off, of an organization":     {false, false, "", "immediate"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, token := w.claimant(identity.RoleFull)
			w.set(org, func(o *identity.Organization) { o.AllowContentTransfer = c.allowed })
			home := identity.ConsumerOrgID
			if !c.personal {
				home = w.org("Source")
			}
			w.user(home, "ada@example.com")
			more := map[string]any{}
			if c.wish != "" {
				more["mode"] = c.wish
			}
			p := w.previewAs(org, token, "ada@example.com", c.wish)
			if c.want != "immediate" && c.want != "deferred" {
				require.Equal(t, false, p["eligible"])
				require.Equal(t, []string{c.want}, codesIn(p["reasons"]))
				require.NotContains(t, p, "mode")
				before := w.everybody(home)
				w.tryClaim(org, token, "ada@example.com", more).refused(http.StatusConflict, identity.Rule(c.want))
				require.Equal(t, before, w.everybody(home))
				return
			}
			require.Equal(t, true, p["eligible"], p)
			require.Equal(t, c.want, p["mode"])
			require.Equal(t, "not_verified", p["status"])
			require.Equal(t, c.personal, p["deferrable"] == true)
			require.Equal(t, c.want == "immediate", p["contentLost"] == true)
			claim := w.tryClaim(org, token, "ada@example.com", more).is(http.StatusOK)["results"].([]any)[0].(map[string]any)["claim"].(map[string]any)
			require.Equal(t, c.want, claim["mode"])
			require.Equal(t, c.want == "immediate", claim["contentLost"])
		})
	}
}

func TestCLM32_LicencesAreChosenOrTheTemplates(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.subscribe(org, "calling", 10)
	w.subscribe(org, "chat", 2)
	licencesOf := func(claim answer) any {
		user := claim.is(http.StatusOK)["results"].([]any)[0].(map[string]any)["claim"].(map[string]any)["user"].(string)
		return w.get(users(org)+"/"+user, token).is(http.StatusOK)["licences"]
	}
	for _, address := range []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com"} {
		w.user(identity.ConsumerOrgID, address)
	}
	require.Equal(t, []any{"free"}, licencesOf(w.tryClaim(org, token, "a@example.com", nil)), "there is no template")
	w.put(of(org, "/licence-templates/organization"), token, `{"licences":["calling"]}`).is(http.StatusOK)
	require.Equal(t, []any{"calling"}, licencesOf(w.tryClaim(org, token, "b@example.com", nil)))
	require.Equal(t, []any{"chat"}, licencesOf(w.tryClaim(org, token, "c@example.com", map[string]any{"licences": []string{"chat"}})))
	require.Equal(t, []any{"free"}, licencesOf(w.tryClaim(org, token, "d@example.com", map[string]any{"licences": []string{"free"}})), "what is shown can be sent")
	w.tryClaim(org, token, "e@example.com", map[string]any{"licences": []string{"parking"}}).refused(http.StatusBadRequest, identity.RuleUnknownLicence)
	require.Equal(t, 1, w.used(org, "chat"), "A28: a seat is taken at the claim")
	w.user(identity.ConsumerOrgID, "f@example.com")
	w.user(identity.ConsumerOrgID, "g@example.com")
	require.Equal(t, []any{"chat"}, licencesOf(w.tryClaim(org, token, "f@example.com", map[string]any{"licences": []string{"chat"}})))
	w.tryClaim(org, token, "g@example.com", map[string]any{"licences": []string{"chat"}}).refused(http.StatusConflict, identity.RuleNoLicences)
	require.Equal(t, true, w.previewAs(org, token, "g@example.com", "")["eligible"], "a claim that failed leaves nothing behind")
}

func TestCLM45_PreviewsWarnAndTheClaimGoesOn(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	source, third := w.org("Source"), w.org("Third")
	w.subscribe(source, "meetings", 5)
	_, err := w.AddSite(w.ctx, operator, source, "meet.example", "meetings")
	require.NoError(t, err)
	a, _ := w.bound(source, "ada@example.com", "ada")
	w.user(source, "plain@example.com")
	w.administrator(third, "ada", identity.RoleReadOnly)
	err = w.Transact(w.ctx, source, operator, func(c *identity.Acts) error {
		_, err := c.SetLicences(w.ctx, a, []identity.Licence{"meetings"})
		return err
	})
	require.NoError(t, err)
	warned := w.previewAs(org, token, "ada@example.com", "")
	require.Equal(t, []string{"MEETING_SITE_LICENSE", "EXTERNAL_ADMIN"}, codesIn(warned["warnings"]))
	require.Equal(t, true, warned["eligible"])
	require.Empty(t, w.previewAs(org, token, "plain@example.com", "")["warnings"])
	w.claimOf(org, token, "ada@example.com", "")
	require.Empty(t, w.get("/api/v1/organizations", w.token("ada")).is(http.StatusOK)["organizations"], "CLM-46: roles elsewhere end with the claim")
}

func TestCLM50_TheUserIsToldWhateverTheSettings(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.set(org, func(o *identity.Organization) { o.ActivationEmails = false })
	w.personal("ada", "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "")
	mails := w.mails(org, claim["user"])
	require.Len(t, mails, 1)
	require.Equal(t, identity.MessageClaim, mails[0].Kind)
	require.Equal(t, "ada@example.com", mails[0].To)
}
