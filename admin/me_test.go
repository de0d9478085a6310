package admin_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

const me = "/api/v1/me"

// owner returns a token with an address in it.
func (w *world) owner(subject, address string, verified bool) string {
	claims := w.claims(subject)
	claims["email"], claims["email_verified"] = address, verified
	return w.issuer.token(claims)
}

func TestMeIsWhoTheTokenSpeaksOf(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	stranger := w.get(me, w.owner("s", "s@example.com", true)).is(http.StatusOK)
	require.Equal(t, map[string]any{
		"issuer": w.issuer.url(), "subject": "s", "name": "Ada s", "email": "s@example.com", "emailVerified": true, "organizations": []any{},
	}, stranger)

	a, token := w.bound(org, "u@example.com", "u")
	w.administrator(org, "u", identity.RoleReadOnly)
	shown := w.get(me, token).is(http.StatusOK)
	account := shown["account"].(map[string]any)
	require.Equal(t, string(a.ID), account["id"])
	require.Equal(t, map[string]any{"id": string(org), "name": "Example", "kind": "customer"}, account["organization"])
	list := shown["organizations"].([]any)
	require.Len(t, list, 1)
	require.Equal(t, "readonly", list[0].(map[string]any)["role"])
}

func TestMeShowsAtMostAHundredOrganizations(t *testing.T) {
	w := newWorld(t)
	for n := range 100 {
		w.administrator(w.org(fmt.Sprint("Own ", n)), "ada", identity.RoleGroup)
	}
	shown := w.get(me, w.token("ada")).is(http.StatusOK)
	require.Len(t, shown["organizations"], 100)
	require.NotContains(t, shown, "more")
	w.administrator(w.org("Own 100"), "ada", identity.RoleGroup)
	shown = w.get(me, w.token("ada")).is(http.StatusOK)
	require.Len(t, shown["organizations"], 100)
	require.Equal(t, true, shown["more"])
}

func TestUSR04_SigningInMakesAUserActive(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	for _, status := range []identity.Status{identity.NotVerified, identity.Verified, identity.Active} {
		a, token := w.bound(org, string(status)+"@example.com", string(status))
		w.rewrite(a, func(a *identity.Account) { a.Status = status })
		shown := w.post(me+"/sign-in", token, "").is(http.StatusOK)
		require.Equal(t, "active", shown["status"])
		require.Equal(t, "2026-03-01T12:00:00Z", shown["lastSignInAt"])
	}
	w.post(me+"/sign-in", w.token("stranger"), "").refused(http.StatusConflict, identity.RuleNotBound)
}

func TestUSR05_InactiveUsersAreOutAtOnce(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	admin := w.administrator(org, "ada", identity.RoleFull)
	a, token := w.bound(org, "u@example.com", "u")
	w.administrator(org, "u", identity.RoleFull)
	w.post(me+"/sign-in", token, "").is(http.StatusOK)
	w.get(users(org), token).is(http.StatusOK)

	w.post(userOf(a)+"/deactivate", admin, "").is(http.StatusOK)
	for _, path := range []string{me, mine, users(org), userOf(a)} {
		refused := w.get(path, token)
		refused.refused(http.StatusUnauthorized, identity.RuleAccountInactive)
		require.Contains(t, refused.header.Get("WWW-Authenticate"), "invalid_token")
	}
	w.post(me+"/verification", token, "").refused(http.StatusUnauthorized, identity.RuleAccountInactive)
	w.delete(me+"/account", token).refused(http.StatusUnauthorized, identity.RuleAccountInactive)
	w.post(me+"/sign-in", token, "").refused(http.StatusForbidden, identity.RuleAccountInactive)

	w.post(userOf(a)+"/reactivate", admin, "").is(http.StatusOK)
	w.post(me+"/sign-in", token, "").is(http.StatusOK)
	w.get(users(org), token).is(http.StatusOK)
}

func TestUSR04_APersonHasTheVerificationMailSentAgain(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	a, token := w.bound(org, "u@example.com", "u")
	require.Equal(t, true, w.post(me+"/verification", token, "").is(http.StatusAccepted)["sent"])
	require.Equal(t, false, w.post(me+"/verification", token, "").is(http.StatusAccepted)["sent"])
	require.Len(t, w.mails(org, a), 1)
	w.post(me+"/links", token, fmt.Sprintf(`{"link":%q}`, w.link(org, a, identity.MessageInvitation))).is(http.StatusOK)
	require.Equal(t, identity.Active, w.account(org, string(a.ID)).Status, "a mailbox that proved itself while its owner was signed in")
	w.post(me+"/verification", token, "").refused(http.StatusConflict, identity.RuleInvalidTransition)
	w.post(me+"/verification", w.token("stranger"), "").refused(http.StatusConflict, identity.RuleNotBound)
}

func TestDOM11_WherePeopleRegister(t *testing.T) {
	w := newWorld(t)
	open, closed := w.org("Open"), w.org("Closed")
	w.rewriteDomain(open, "open.example", identity.DomainClaimed)
	w.rewriteDomain(closed, "closed.example", identity.DomainClaimed)
	w.verify(closed, "verified.example")
	w.set(closed, func(o *identity.Organization) { o.SelfRegistration = false })
	register := func(address string, verified bool) answer {
		return w.post(me+"/account", w.owner(address, address, verified), "")
	}
	organization := func(a answer) any { return a.is(http.StatusCreated)["organization"].(map[string]any)["name"] }

	require.Equal(t, "Open", organization(register("u@open.example", true)))
	register("u@closed.example", true).refused(http.StatusForbidden, identity.RuleSelfRegistrationOff)
	require.Empty(t, w.everybody(closed))
	consumer, err := w.Reader().Organization(w.ctx, identity.ConsumerOrgID)
	require.NoError(t, err)
	require.Equal(t, consumer.Name, organization(register("u@verified.example", true)), "only a claim draws people in")
	personal := register("u@gmail.example", true)
	require.Equal(t, consumer.Name, organization(personal))
	require.Equal(t, "active", personal.is(http.StatusCreated)["status"], "the issuer has verified the address")
	require.Equal(t, "self", personal.is(http.StatusCreated)["source"])

	waiting := register("w@gmail.example", false).is(http.StatusCreated)
	require.Equal(t, "not_verified", waiting["status"])
	w.link(identity.ConsumerOrgID, waiting["id"], identity.MessageInvitation)

	register("u@gmail.example", true).refused(http.StatusConflict, identity.RuleAlreadyBound)
	w.post(me+"/account", w.owner("other", "u@gmail.example", true), "").refused(http.StatusConflict, identity.RuleEmailTaken)
	w.post(me+"/account", w.token("without an address"), "").refused(http.StatusBadRequest, identity.RuleInvalidEmail)
}

func TestEML11_OnlyTheOwnerDeletesAPersonalAccountAndAtOnce(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.owner("u", "u@gmail.example", true)
	w.delete(me+"/account", token).refused(http.StatusConflict, identity.RuleNotBound)
	first := w.post(me+"/account", token, "").is(http.StatusCreated)
	w.delete(me+"/account", token).nothing()
	require.Empty(t, w.everybody(identity.ConsumerOrgID))
	w.delete(me+"/account", token).refused(http.StatusConflict, identity.RuleNotBound)
	w.post(me+"/sign-in", token, "").refused(http.StatusConflict, identity.RuleNotBound)
	again := w.post(me+"/account", token, "").is(http.StatusCreated)
	require.NotEqual(t, first["id"], again["id"], "the address is free at once, for a new account")

	a, employee := w.bound(org, "e@example.com", "e")
	w.delete(me+"/account", employee).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	require.Equal(t, a, w.account(org, string(a.ID)))
	w.delete(users(identity.ConsumerOrgID)+"/"+again["id"].(string), employee).refused(http.StatusNotFound, identity.RuleUnknownOrg)
}

func TestROL04_TheLinkOfAnInvitationTiesAPersonToTheAccount(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	admin := w.administrator(org, "ada", identity.RoleUser)
	added := w.add(org, admin, "u@example.com").only()
	secret := w.link(org, added["id"], identity.MessageInvitation)
	use := func(token, link string) answer { return w.post(me+"/links", token, fmt.Sprintf(`{"link":%q}`, link)) }

	use(w.token("u"), "rubbish").refused(http.StatusNotFound, identity.RuleUnknownLink)
	use(w.token("u"), "https://rollcall.example/links?key=rubbish").refused(http.StatusNotFound, identity.RuleUnknownLink)
	require.Equal(t, map[string]any{
		"purpose": "invitation", "organization": "Example", "user": added["id"], "address": "u@example.com",
	}, use(w.token("u"), " https://rollcall.example/links?key="+secret+"\n").is(http.StatusOK), "the whole link as it was mailed")
	account := w.get(me, w.token("u")).is(http.StatusOK)["account"].(map[string]any)
	require.Equal(t, added["id"], account["id"])
	require.Equal(t, "active", account["status"])
	use(w.token("u"), secret).refused(http.StatusConflict, identity.RuleLinkUsed)
	use(w.token("eve"), secret).refused(http.StatusConflict, identity.RuleLinkUsed)
	require.NotContains(t, w.get(me, w.token("eve")).is(http.StatusOK), "account")

	second := w.add(org, admin, "v@example.com").only()
	use(w.token("u"), w.link(org, second["id"], identity.MessageInvitation)).refused(http.StatusConflict, identity.RuleAlreadyBound)
	require.Equal(t, "not_verified", w.get(users(org)+"/"+second["id"].(string), admin).is(http.StatusOK)["status"], "a refusal uses nothing up")

	secret = w.link(org, second["id"], identity.MessageInvitation)
	w.clock.move(identity.InvitationDays * identity.Day)
	use(w.token("v"), secret).refused(http.StatusGone, identity.RuleLinkExpired)
	require.NotContains(t, w.log.String(), secret)
	use(w.token("v"), "").refused(http.StatusBadRequest, "INVALID_REQUEST")
}
