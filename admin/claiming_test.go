package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
)

func claimsOf(org identity.OrgID) string { return "/api/v1/organizations/" + string(org) + "/claims" }

// personal registers somebody with a personal account and returns a token of theirs.
func (w *world) personal(subject, address string) (identity.Account, string) {
	w.t.Helper()
	token := w.owner(subject, address, true)
	w.post(me+"/account", token, "").is(http.StatusCreated)
	a, err := w.Reader().AccountByUserName(w.ctx, identity.ConsumerOrgID, identity.KeyOfUserName(address))
	require.NoError(w.t, err)
	return a, token
}

// claimant makes an organization that has verified example.com, and a token of an administrator.
func (w *world) claimant(role identity.Role) (identity.OrgID, string) {
	w.t.Helper()
	org := w.org("Claimant")
	w.verify(org, "example.com")
	return org, w.administrator(org, "administrator", role)
}

// claimOf claims one user and returns the claim.
func (w *world) claimOf(org identity.OrgID, token, address, mode string) map[string]any {
	w.t.Helper()
	user := map[string]any{"email": address}
	if mode != "" {
		user["mode"] = mode
	}
	raw, err := json.Marshal(map[string]any{"users": []any{user}, "acknowledgePermanent": true})
	require.NoError(w.t, err)
	results := w.post(claimsOf(org), token, string(raw)).is(http.StatusOK)["results"].([]any)
	return results[0].(map[string]any)["claim"].(map[string]any)
}

func TestCLM05_AClaimHasToBeAcknowledged(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleUser)
	w.personal("ada", "ada@example.com")
	for _, body := range []string{`{"users":[{"email":"ada@example.com"}]}`, `{"users":[{"email":"ada@example.com"}],"acknowledgePermanent":false}`} {
		w.post(claimsOf(org), token, body).refused(http.StatusBadRequest, identity.RuleAcknowledgement)
	}
	w.claimOf(org, token, "ada@example.com", "")
}

func TestCLM06_WhoMayClaimAndRevoke(t *testing.T) {
	w := newWorld(t)
	org := w.org("Claimant")
	w.verify(org, "example.com")
	n := 0
	for _, s := range w.seats(org) {
		n++
		address := fmt.Sprintf("u%d@example.com", n)
		w.personal(address, address)
		body := fmt.Sprintf(`{"users":[{"email":%q}],"acknowledgePermanent":true}`, address)
		a := w.post(claimsOf(org), s.token, body)
		if s.role != identity.RoleFull && s.role != identity.RoleUser {
			a.refused(http.StatusForbidden, identity.RuleForbiddenRole)
			continue
		}
		claim := a.is(http.StatusOK)["results"].([]any)[0].(map[string]any)["claim"].(map[string]any)
		w.post(claimsOf(org)+"/"+claim["id"].(string)+"/revoke", s.token, "").is(http.StatusOK)
	}
}

func TestCLM10_ARefusedClaimGivesEveryReason(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	source := w.org("Source with a name")
	w.user(source, "ada@example.com")
	w.user(identity.ConsumerOrgID, "bob@example.com")
	w.verify(source, "example.com")
	w.set(source, func(o *identity.Organization) { o.SSOProvider, o.SyncMode = "https://idp.example", identity.SyncManual })
	refused := w.post(claimsOf(org), token, `{"users":[{"email":"ada@example.com"}],"acknowledgePermanent":true}`)
	refused.refused(http.StatusConflict, identity.RuleClaimSourceSSO)
	require.Len(t, refused.is(http.StatusConflict)["reasons"], 4)
	require.NotContains(t, refused.body, string(source), "I11")
	require.NotContains(t, refused.body, "Source with a name")

	t.Run("several users each have their own answer", func(t *testing.T) {
		require.NoError(t, w.RemoveDomain(w.ctx, operator, source, "example.com"))
		both := w.post(claimsOf(org), token, `{"users":[{"email":"ada@example.com"},{"email":"bob@example.com"},{"email":"nonsense"}],"acknowledgePermanent":true}`).is(http.StatusOK)
		require.EqualValues(t, 1, both["succeeded"])
		require.EqualValues(t, 2, both["failed"])
		results := both["results"].([]any)
		require.Equal(t, "CLAIM_SOURCE_SSO", results[0].(map[string]any)["code"])
		require.Equal(t, true, results[1].(map[string]any)["claimed"])
		require.Equal(t, "INVALID_EMAIL", results[2].(map[string]any)["code"])
	})
}

func TestCLM30_CLM37_TheListShowsAHundredAndCountsAll(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	list := func() map[string]any { return w.get(claimsOf(org)+"/candidates", token).is(http.StatusOK) }
	empty := list()
	require.Equal(t, false, empty["claimAvailable"], "CLM-37")
	require.Equal(t, []any{}, empty["users"])
	for n := range 100 {
		w.user(identity.ConsumerOrgID, fmt.Sprintf("u%03d@example.com", n))
	}
	full := list()
	require.Len(t, full["users"], 100)
	require.Equal(t, false, full["truncated"])
	require.EqualValues(t, 100, full["total"])
	require.Equal(t, true, full["claimAvailable"])
	w.user(identity.ConsumerOrgID, "one-more@example.com")
	more := list()
	require.Len(t, more["users"], 100)
	require.Equal(t, true, more["truncated"])
	require.EqualValues(t, 101, more["total"])

	var users []map[string]any
	for n := range 101 {
		users = append(users, map[string]any{"email": fmt.Sprintf("u%03d@example.com", n)})
	}
	claim := func(n int) answer {
		raw, err := json.Marshal(map[string]any{"users": users[:n], "acknowledgePermanent": true})
		require.NoError(t, err)
		return w.post(claimsOf(org), token, string(raw))
	}
	claim(101).refused(http.StatusBadRequest, identity.RuleClaimBatchTooLarge)
	require.EqualValues(t, 100, claim(100).is(http.StatusOK)["succeeded"])
}

func TestCLM30_TheListIsAsLongAsTheOperatorSays(t *testing.T) {
	for name, c := range map[string]struct {
		most  int
		query string
		want  int
	}{
		"more than by default": {103, "", 103}, "fewer": {50, "", 50}, "fewer are asked for": {103, "?limit=7", 7}, "more are asked for": {50, "?limit=99", 50},
	} {
		t.Run(name, func(t *testing.T) {
			rules := identity.DefaultRules()
			rules.ClaimListLimit = c.most
			w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.Service.WithRules(rules) })
			org, token := w.claimant(identity.RoleFull)
			for n := range 104 {
				w.user(identity.ConsumerOrgID, fmt.Sprintf("u%03d@example.com", n))
			}
			require.Len(t, w.get(claimsOf(org)+"/candidates"+c.query, token).is(http.StatusOK)["users"], c.want)
		})
	}
}

func TestCLM31_SortedByDomainOrByAddress(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.verify(org, "alpha.example")
	for _, address := range []string{"z@alpha.example", "b@example.com", "a@example.com", "y@alpha.example"} {
		w.user(identity.ConsumerOrgID, address)
	}
	sorted := func(by string) (addresses []string) {
		for _, u := range w.get(claimsOf(org)+"/candidates?sort="+by, token).is(http.StatusOK)["users"].([]any) {
			addresses = append(addresses, u.(map[string]any)["email"].(string))
		}
		return addresses
	}
	require.Equal(t, []string{"y@alpha.example", "z@alpha.example", "a@example.com", "b@example.com"}, sorted("domain"))
	require.Equal(t, []string{"a@example.com", "b@example.com", "y@alpha.example", "z@alpha.example"}, sorted("email"))
	w.get(claimsOf(org)+"/candidates?sort=name", token).refused(http.StatusBadRequest, "INVALID_REQUEST")
}

func TestCLM10_TheBlockedListSaysWhy(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	source := w.org("Source")
	w.user(source, "blocked@example.com")
	w.user(identity.ConsumerOrgID, "free@example.com")
	w.set(source, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	blocked := w.get(claimsOf(org)+"/candidates?blocked=true", token).is(http.StatusOK)
	require.EqualValues(t, 1, blocked["total"])
	user := blocked["users"].([]any)[0].(map[string]any)
	require.Equal(t, "blocked@example.com", user["email"])
	require.Equal(t, "CLAIM_SOURCE_DIRSYNC", user["reasons"].([]any)[0].(map[string]any)["code"])
}

func TestCLM20_TheSettingIsOneWhereverItIsRead(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.user(identity.ConsumerOrgID, "ada@example.com")
	for _, on := range []bool{false, true} {
		w.call(http.MethodPatch, "/api/v1/organizations/"+string(org), token, fmt.Sprintf(`{"allowContentTransfer":%v}`, on), "Content-Type", "application/merge-patch+json").is(http.StatusOK)
		list := w.get(claimsOf(org)+"/candidates", token).is(http.StatusOK)
		require.Equal(t, on, list["allowContentTransfer"])
		require.Equal(t, map[bool]string{true: "deferred", false: "immediate"}[on], list["users"].([]any)[0].(map[string]any)["mode"])
		settings := w.get("/api/v1/organizations/"+string(org), token).is(http.StatusOK)["settings"].(map[string]any)
		require.Equal(t, on, settings["allowContentTransfer"])
	}
}

func TestCLM22_CLM66_TheUserIsThereAtOnceWithTheStatusCarriedOver(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.personal("ada", "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "immediate")
	require.Equal(t, "OPEN", claim["state"])
	list := w.get(users(org), token).is(http.StatusOK)["users"].([]any)
	require.Len(t, list, 1)
	user := list[0].(map[string]any)
	require.Equal(t, "active", user["status"], "CLM-66: the status that was carried over, not another")
	require.Equal(t, true, user["claim"].(map[string]any)["revocable"])
	require.Equal(t, claim["user"], user["id"])
	w.call(http.MethodPatch, users(org)+"/"+user["id"].(string), token, `{"title":"Countess"}`, "Content-Type", "application/merge-patch+json").is(http.StatusOK)
}

func TestCLM42_ADeferredUserSaysSoUntilSettled(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	_, ada := w.personal("ada", "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "")
	require.Equal(t, "deferred", claim["mode"])
	user := w.get(users(org)+"/"+claim["user"].(string), token).is(http.StatusOK)
	require.Equal(t, "deferred_claim", user["status"])
	next := user["why"].(map[string]any)["next"].(map[string]any)
	require.Equal(t, "settled", next["what"])
	require.Equal(t, t0.Add(14*identity.Day).Format(time.RFC3339), next["at"])
	require.Len(t, w.get(users(org)+"?status=deferred_claim", token).is(http.StatusOK)["users"], 1)

	t.Run("and may sign in, but only to choose", func(t *testing.T) {
		require.Equal(t, true, w.get(me, ada).is(http.StatusOK)["account"].(map[string]any)["choice"])
		require.Equal(t, true, w.post(me+"/sign-in", ada, "").is(http.StatusOK)["choice"])
		w.get(mine, ada).refused(http.StatusUnauthorized, identity.RuleAccountInactive)
		mineNow := w.get(me+"/claim", ada).is(http.StatusOK)
		require.Equal(t, []any{"KEEP", "TRANSFER", "DELETE"}, mineNow["options"])
		require.Equal(t, "Claimant", mineNow["organization"])
	})
	t.Run("settled, the user has decided", func(t *testing.T) {
		w.post(me+"/claim/choose", ada, `{"option":"TRANSFER"}`).is(http.StatusOK)
		require.Equal(t, "active", w.get(users(org)+"/"+claim["user"].(string), token).is(http.StatusOK)["status"])
		w.post(me+"/claim/choose", ada, `{"option":"DELETE"}`).refused(http.StatusConflict, identity.RuleClaimSettled)
		require.NotContains(t, w.get(me, ada).is(http.StatusOK)["account"], "choice")
	})
}

func TestCLM54_AKeptAccountGetsItsAddressByMail(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	old, ada := w.personal("ada", "ada@example.com")
	w.claimOf(org, token, "ada@example.com", "immediate")
	w.post(me+"/claim/choose", ada, `{"option":"KEEP"}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	kept := w.post(me+"/claim/choose", ada, `{"option":"KEEP","newEmail":"ada@home.example"}`).is(http.StatusOK)
	require.Equal(t, "ada@home.example", kept["newEmail"])
	require.Equal(t, true, kept["awaitsEmail"])
	again := w.post(me+"/claim/address", ada, `{"newEmail":"lovelace@home.example"}`).is(http.StatusOK)
	require.Equal(t, "lovelace@home.example", again["newEmail"])
	mail := w.mails(identity.ConsumerOrgID, old)[0]
	require.Equal(t, identity.MessageKeepConfirm, mail.Kind)
	stranger := w.token("somebody else")
	used := w.post(me+"/links", stranger, fmt.Sprintf(`{"link":%q}`, path.Base(mail.Data["link"]))).is(http.StatusOK)
	require.Equal(t, "keep_address", used["purpose"])
	now, err := w.Reader().Account(w.ctx, identity.ConsumerOrgID, old.ID)
	require.NoError(t, err)
	require.Equal(t, "lovelace@home.example", now.PrimaryEmail())
	require.False(t, now.Shadow)
}

func TestCLM43_TheOldAccountIsShownAndNothingElse(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	source := w.org("Source")
	theirs := w.administrator(source, "source", identity.RoleFull)
	a := w.user(source, "ada@example.com")
	w.claimOf(org, token, "ada@example.com", "")
	shown := w.get(userOf(a), theirs).is(http.StatusOK)
	require.Equal(t, true, shown["shadow"])
	require.Equal(t, "ada@example.com.convert-user.local", shown["userName"])
	for method, path := range map[string]string{http.MethodDelete: "", http.MethodPost: "/deactivate"} {
		w.call(method, userOf(a)+path, theirs, "").refused(http.StatusConflict, identity.RuleClaimedByOther)
	}
	for _, path := range []string{userOf(a), userOf(a) + "/events", "/api/v1/organizations/" + string(source) + "/audit"} {
		body := w.get(path, theirs).body
		require.NotContains(t, body, string(org), "I11: %s", path)
		require.NotContains(t, body, "Claimant")
		require.NotContains(t, body, "administrator|", "who claimed")
	}
}

func TestCLM63_CLM64_OneClaimAtATimeAndOnlyOnesOwn(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	source := w.org("Source")
	theirs := w.administrator(source, "source", identity.RoleFull)
	w.user(source, "ada@example.com")
	claim := w.claimOf(org, token, "ada@example.com", "")["id"].(string)
	w.post(claimsOf(source)+"/"+claim+"/revoke", theirs, "").refused(http.StatusNotFound, identity.RuleUnknownClaim)
	w.post(claimsOf(org)+"/"+claim+"/revoke", theirs, "").refused(http.StatusNotFound, identity.RuleUnknownOrg)
	w.post(claimsOf(org)+"/revoke", token, `["`+claim+`"]`).refused(http.StatusBadRequest, identity.RuleBulkRevoke)
	w.post(claimsOf(org)+"/revoke", token, "").refused(http.StatusBadRequest, identity.RuleBulkRevoke)
	w.post(claimsOf(org)+"/"+claim+"/revoke", token, `["`+claim+`"]`).refused(http.StatusBadRequest, identity.RuleBulkRevoke)
	require.Equal(t, "OPEN", w.get(claimsOf(org)+"/"+claim, token).is(http.StatusOK)["state"])
	require.Equal(t, "REVOKED", w.post(claimsOf(org)+"/"+claim+"/revoke", token, "").is(http.StatusOK)["state"])
	again := w.post(claimsOf(org)+"/"+claim+"/revoke", token, "")
	again.refused(http.StatusConflict, identity.RuleClaimNotRevocable)
	require.Equal(t, "SETTLED", again.is(http.StatusConflict)["reasons"].([]any)[0].(map[string]any)["code"])
}

func TestCLM65_TheFilterFindsExactlyWhatCanBeRevoked(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleFull)
	w.verify(org, "closed.example")
	for subject, address := range map[string]string{"a": "open@example.com", "b": "signed-in@example.com", "c": "closed@closed.example", "d": "revoked@example.com"} {
		w.personal(subject, address)
	}
	made := map[string]string{}
	for _, address := range []string{"open@example.com", "signed-in@example.com", "closed@closed.example", "revoked@example.com"} {
		made[address] = w.claimOf(org, token, address, "")["id"].(string)
	}
	w.post(me+"/sign-in", w.token("b"), "").is(http.StatusOK)
	_, err := w.ClaimDomain(w.ctx, operator, org, "closed.example")
	require.NoError(t, err)
	w.post(claimsOf(org)+"/"+made["revoked@example.com"]+"/revoke", token, "").is(http.StatusOK)
	w.user(org, "member@example.com")

	found := w.get(users(org)+"?claim=revocable", token).is(http.StatusOK)["users"].([]any)
	require.Len(t, found, 1)
	require.Equal(t, "open@example.com", found[0].(map[string]any)["userName"])
	require.Len(t, w.get(claimsOf(org)+"?state=revocable", token).is(http.StatusOK)["claims"], 1)
	require.Len(t, w.get(claimsOf(org)+"?state=open", token).is(http.StatusOK)["claims"], 3)
	require.Len(t, w.get(claimsOf(org), token).is(http.StatusOK)["claims"], 4)
	for address, id := range made {
		a := w.post(claimsOf(org)+"/"+id+"/revoke", token, "")
		require.Equal(t, address == "open@example.com", a.status == http.StatusOK, address)
	}
	require.Empty(t, w.get(users(org)+"?claim=revocable", token).is(http.StatusOK)["users"])
}
