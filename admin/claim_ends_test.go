package admin_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) revokeClaim(org identity.OrgID, token string, claim map[string]any) answer {
	w.t.Helper()
	return w.post(claimsOf(org)+"/"+claim["id"].(string)+"/revoke", token, "")
}

func (w *world) chooses(token, option, newEmail string) answer {
	w.t.Helper()
	return w.post(me+"/claim/choose", token, fmt.Sprintf(`{"option":%q,"newEmail":%q}`, option, newEmail))
}

func TestCLM51_CLM52_CLM53_TheOptions(t *testing.T) {
	for name, c := range map[string]struct {
		mode string
		paid bool
		want []any
	}{
		"immediate":      {"immediate", false, []any{"KEEP", "DELETE"}},
		"deferred":       {"deferred", false, []any{"KEEP", "TRANSFER", "DELETE"}},
		"immediate paid": {"immediate", true, []any{"KEEP"}},
		"deferred paid":  {"deferred", true, []any{"KEEP"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, token := w.claimant(identity.RoleFull)
			old, ada := w.personal("ada", "ada@example.com")
			if c.paid {
				w.subscribe(identity.ConsumerOrgID, "storage", 1)
				err := w.Transact(w.ctx, identity.ConsumerOrgID, operator, func(acts *identity.Acts) error {
					_, err := acts.SetLicences(w.ctx, old, []identity.Licence{"storage"})
					return err
				})
				require.NoError(t, err)
			}
			w.claimOf(org, token, "ada@example.com", c.mode)
			require.Equal(t, c.want, w.get(me+"/claim", ada).is(http.StatusOK)["options"])
			for _, option := range []string{"TRANSFER", "DELETE"} {
				if !slices.Contains(c.want, any(option)) {
					w.chooses(ada, option, "").refused(http.StatusConflict, identity.RuleOptionNotAvailable)
				}
			}
			w.chooses(ada, "FORGET", "").refused(http.StatusBadRequest, "INVALID_REQUEST")
			require.Equal(t, c.want, w.get(me+"/claim", ada).is(http.StatusOK)["options"], "what was refused decided nothing")
			if c.paid {
				w.chooses(ada, "KEEP", "ada@home.example").is(http.StatusOK)
				require.Equal(t, 1, w.used(identity.ConsumerOrgID, "storage"), "the account that is kept has its seat")
			}
		})
	}
}

func TestCLM55_EachChoiceIsOnceAndForGood(t *testing.T) {
	for _, mode := range []string{"immediate", "deferred"} {
		for option, after := range map[string]struct {
			state    map[string]string
			accounts int // of the person
		}{
			"KEEP":     {map[string]string{"immediate": "SETTLED_KEEP", "deferred": "DONE_KEEP"}, 2},
			"DELETE":   {map[string]string{"immediate": "SETTLED_DELETE", "deferred": "DONE_DELETE"}, 1},
			"TRANSFER": {map[string]string{"deferred": "DONE_TRANSFER"}, 1},
		} {
			if after.state[mode] == "" {
				continue
			}
			t.Run(mode+" "+option, func(t *testing.T) {
				w := newWorld(t)
				org, token := w.claimant(identity.RoleFull)
				_, ada := w.personal("ada", "ada@example.com")
				claim := w.claimOf(org, token, "ada@example.com", mode)
				address := map[string]string{"KEEP": "ada@home.example"}[option]
				chosen := w.chooses(ada, option, address).is(http.StatusOK)
				require.Equal(t, after.state[mode], chosen["state"])
				require.Equal(t, []any{}, chosen["options"])
				require.Len(t, append(w.everybody(org), w.everybody(identity.ConsumerOrgID)...), after.accounts)
				now := w.get(claimsOf(org)+"/"+claim["id"].(string), token).is(http.StatusOK)
				require.Equal(t, after.state[mode], now["state"])
				require.Equal(t, t0.Format(time.RFC3339), now["settledAt"])
				require.Equal(t, "active", w.get(users(org)+"/"+claim["user"].(string), token).is(http.StatusOK)["status"])
				for _, again := range []string{"KEEP", "DELETE"} {
					w.chooses(ada, again, map[string]string{"KEEP": "other@home.example"}[again]).refused(http.StatusConflict, identity.RuleClaimSettled)
				}
				w.revokeClaim(org, token, claim).refused(http.StatusConflict, identity.RuleClaimNotRevocable)
				require.Empty(t, w.get(users(org)+"?claim=revocable", token).is(http.StatusOK)["users"])
			})
		}
	}
}

func TestCLM54_AnAddressThatCannotBeKept(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	_, ada := w.personal("ada", "ada@example.com")
	w.user(w.org("Other"), "taken@elsewhere.example")
	w.claimOf(org, token, "ada@example.com", "immediate")
	_, err := w.ClaimDomain(w.ctx, operator, org, "example.com")
	require.NoError(t, err)
	for address, no := range map[string]struct {
		status int
		rule   identity.Rule
	}{
		"":                         {http.StatusBadRequest, identity.RuleInvalidValue},
		"nonsense":                 {http.StatusBadRequest, identity.RuleInvalidEmail},
		"ada@a.convert-user.local": {http.StatusBadRequest, identity.RuleReservedDomain},
		"taken@elsewhere.example":  {http.StatusConflict, identity.RuleEmailTaken},
		"new@example.com":          {http.StatusConflict, identity.RuleDomainClaimed},
		"ada@example.com":          {http.StatusConflict, identity.RuleEmailTaken},
	} {
		refused := w.chooses(ada, "KEEP", address)
		refused.refused(no.status, no.rule)
		require.NotContains(t, refused.body, "Other")
	}
	require.Equal(t, []any{"KEEP", "DELETE"}, w.get(me+"/claim", ada).is(http.StatusOK)["options"], "a refusal decides nothing")
	w.post(me+"/claim/address", ada, `{"newEmail":"ada@home.example"}`).refused(http.StatusConflict, identity.RuleClaimSettled)
	w.chooses(ada, "KEEP", "ada@home.example").is(http.StatusOK)
	w.post(me+"/claim/address", ada, `{"newEmail":"taken@elsewhere.example"}`).refused(http.StatusConflict, identity.RuleEmailTaken)
	require.Equal(t, "ada@home.example", w.get(me+"/claim", ada).is(http.StatusOK)["newEmail"])
	stranger := w.token("stranger")
	for _, path := range []string{"/claim/choose", "/claim/address"} {
		w.post(me+path, stranger, `{"option":"DELETE","newEmail":"x@y.example"}`).is(map[string]int{"/claim/choose": http.StatusNotFound, "/claim/address": http.StatusBadRequest}[path])
	}
	w.get(me+"/claim", stranger).refused(http.StatusNotFound, identity.RuleUnknownClaim)
}

func TestCLM57_AnImmediateClaimWaitsForTheFirstSignInHoweverLate(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.personal("ada", "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "immediate")
	w.clock.move(30 * identity.Day)
	token, ada := w.token("administrator"), w.token("ada")
	n, err := w.SettleDueClaims(w.ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, "OPEN_LOCKED", w.get(claimsOf(org)+"/"+claim["id"].(string), token).is(http.StatusOK)["state"])
	require.Equal(t, true, w.post(me+"/sign-in", ada, "").is(http.StatusOK)["choice"])
	require.Equal(t, []any{"KEEP", "DELETE"}, w.get(me+"/claim", ada).is(http.StatusOK)["options"])
}

// TestCLM61 is the table of conditions with its boundary.
func TestCLM61_WhenAClaimCanBeRevoked(t *testing.T) {
	for name, c := range map[string]struct {
		signedIn bool
		after    time.Duration
		why      string // empty: it can be revoked
	}{
		"signed in, at once":                {true, 0, "USER_SIGNED_IN"},
		"signed in, after 14 days":          {true, 14 * identity.Day, "USER_SIGNED_IN"},
		"not signed in, at once":            {false, 0, ""},
		"not signed in, a second too early": {false, 14*identity.Day - time.Second, ""},
		"not signed in, after 14 days":      {false, 14 * identity.Day, "WINDOW_EXPIRED"},
		"not signed in, a second later":     {false, 14*identity.Day + time.Second, "WINDOW_EXPIRED"},
	} {
		for _, mode := range []string{"immediate", "deferred"} {
			t.Run(mode+", "+name, func(t *testing.T) {
				w := newWorld(t)
				org, token := w.claimant(identity.RoleUser)
				old, ada := w.personal("ada", "ada@example.com")
				claim := w.claimOf(org, token, "ada@example.com", mode)
				if c.signedIn {
					w.post(me+"/sign-in", ada, "").is(http.StatusOK)
				}
				w.clock.move(c.after)
				token = w.token("administrator")
				shown := w.get(claimsOf(org)+"/"+claim["id"].(string), token).is(http.StatusOK)
				require.Equal(t, c.why == "", shown["revocable"])
				found := w.get(users(org)+"?claim=revocable", token).is(http.StatusOK)["users"].([]any)
				require.Equal(t, c.why == "", len(found) == 1, "CLM-65")
				a := w.revokeClaim(org, token, claim)
				if c.why == "" {
					require.Equal(t, "REVOKED", a.is(http.StatusOK)["state"])
					back := w.account(identity.ConsumerOrgID, string(old.ID))
					require.Equal(t, []any{old.UserName, old.Status, false}, []any{back.UserName, back.Status, back.Shadow}, "CLM-60")
					require.Empty(t, w.everybody(org))
					require.Equal(t, string(old.ID), w.get(me, w.token("ada")).is(http.StatusOK)["account"].(map[string]any)["id"])
					return
				}
				a.refused(http.StatusConflict, identity.RuleClaimNotRevocable)
				require.Equal(t, []string{c.why}, codesIn(a.is(http.StatusConflict)["reasons"]), "CLM-56")
			})
		}
	}
}

func TestCLM62_CLM67_AClaimedDomainHasToBeReleasedFirst(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.user(identity.ConsumerOrgID, "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "")
	at := of(org, "/domains/example.com")
	w.post(at+"/claim", token, "").is(http.StatusOK)
	w.revokeClaim(org, token, claim).refused(http.StatusConflict, identity.RuleRevokeDomainClaimed)
	require.Equal(t, false, w.get(users(org)+"/"+claim["user"].(string), token).is(http.StatusOK)["claim"].(map[string]any)["revocable"])
	w.post(at+"/release", token, "").is(http.StatusOK)
	w.revokeClaim(org, token, claim).is(http.StatusOK)
	w.post(at+"/claim", token, "").is(http.StatusOK)

	t.Run("CLM-67 and the user can be claimed again, for another fourteen days", func(t *testing.T) {
		w.clock.move(identity.Day)
		token := w.token("administrator")
		again := w.claimOf(org, token, "ada@example.com", "")
		require.NotEqual(t, claim["id"], again["id"])
		require.Equal(t, t0.Add(15*identity.Day).Format(time.RFC3339), again["deadline"])
	})
}

// TestI2_CLM65_WhatIsShownAsRevocableCanBeRevoked looks at a claim in every way while the organization of the user is being deleted.
func TestI2_CLM65_WhatIsShownAsRevocableCanBeRevoked(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	source := w.org("Source")
	w.user(source, "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "")
	shown := func() []any {
		one := w.get(claimsOf(org)+"/"+claim["id"].(string), token).is(http.StatusOK)
		listed := w.get(claimsOf(org), token).is(http.StatusOK)["claims"].([]any)[0].(map[string]any)
		user := w.get(users(org)+"/"+claim["user"].(string), token).is(http.StatusOK)["claim"].(map[string]any)
		return []any{one["revocable"], listed["revocable"], user["revocable"]}
	}
	require.Equal(t, true, claim["revocable"])
	require.Equal(t, []any{true, true, true}, shown())
	_, err := w.RequestDeletion(w.ctx, operator, source, identity.DeletionRequest{Handling: identity.HandleDelete, AcknowledgeUsers: identity.HandleDelete, AcknowledgeIrreversible: true})
	require.NoError(t, err)
	require.Empty(t, w.get(claimsOf(org)+"?state=revocable", token).is(http.StatusOK)["claims"])
	require.Equal(t, []any{false, false, false}, shown())
	w.revokeClaim(org, token, claim).refused(http.StatusConflict, identity.RuleOrgDeleting)
}
