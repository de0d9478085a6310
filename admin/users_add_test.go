package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestUsersAreAddedInTheOrderGivenWithAllTheirAttributes(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.verify(org, "example.com")
	list := w.post(users(org), token, `{"users":[
		{"email":"grace@example.com","userName":"grace","alternateEmails":["g@example.com"],"displayName":"Grace Hopper","givenName":"Grace","familyName":"Hopper",
		 "title":"Rear admiral","department":"Compilers","phoneNumbers":[{"value":"+1 555 1","type":"work"},{"value":"+1 555 2"}],
		 "preferredLanguage":"en-US","timezone":"America/New_York","externalId":"x1"},
		{"email":"alan@elsewhere.example"}]}`).is(http.StatusCreated)["users"].([]any)
	require.Len(t, list, 2)
	grace, alan := list[0].(map[string]any), list[1].(map[string]any)
	for name, want := range map[string]any{
		"userName": "grace", "primaryEmail": "grace@example.com", "displayName": "Grace Hopper", "givenName": "Grace", "familyName": "Hopper",
		"title": "Rear admiral", "department": "Compilers", "preferredLanguage": "en-US", "timezone": "America/New_York", "externalId": "x1",
		"status": "verified", "source": "manual", "licences": []any{"free"},
		"phoneNumbers": []any{map[string]any{"value": "+1 555 1", "type": "work"}, map[string]any{"value": "+1 555 2"}},
		"emails":       []any{map[string]any{"value": "grace@example.com", "type": "work", "primary": true}, map[string]any{"value": "g@example.com", "type": "other"}},
	} {
		require.Equal(t, want, grace[name], name)
	}
	require.Equal(t, "alan@elsewhere.example", alan["userName"], "without a userName it is the address")
	require.Equal(t, "not_verified", alan["status"])

	detail := w.get(users(org)+"/"+grace["id"].(string), token).is(http.StatusOK)
	require.NotEmpty(t, detail["invitedAt"], "the invitation is sent with the same call")
	delete(detail, "why")
	detail["invitedAt"] = nil
	grace["invitedAt"] = nil
	require.Equal(t, grace, detail, "a user is shown the same wherever it is")
	page := w.get(users(org), token).is(http.StatusOK)["users"].([]any)
	page[0].(map[string]any)["invitedAt"] = nil
	require.Equal(t, grace, page[0])
}

func TestUsersAreAddedAllOrNone(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.user(other, "taken@example.com")
	before := w.everybody(org)
	a := w.post(users(org), token, `{"users":[{"email":"new@example.com"},{"email":"taken@example.com"},{"email":"NEW@example.com"},{"email":"last@example.com"}]}`)
	require.Contains(t, a.refused(http.StatusConflict, identity.RuleEmailTaken), "users[1]")
	reasons := a.is(http.StatusConflict)["reasons"].([]any)
	require.Len(t, reasons, 2, "every reason, not only the first")
	require.Contains(t, reasons[1].(map[string]any)["message"], "users[2]")
	require.Equal(t, before, w.everybody(org))
	_, err := w.Reader().Hold(w.ctx, "new@example.com")
	require.True(t, identity.IsNotFound(err))
}

func TestCSV08_UpTo25UsersAreAddedInOneCall(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	body := func(n int) string {
		list := make([]any, n)
		for i := range list {
			list[i] = map[string]any{"email": fmt.Sprintf("u%d@example.com", i)}
		}
		text, err := json.Marshal(map[string]any{"users": list})
		require.NoError(t, err)
		return string(text)
	}
	w.post(users(org), token, body(26)).refused(http.StatusBadRequest, identity.RuleTooManyUsers)
	w.post(users(org), token, body(0)).refused(http.StatusBadRequest, identity.RuleTooManyUsers)
	require.Empty(t, w.everybody(org))
	require.Len(t, w.post(users(org), token, body(25)).is(http.StatusCreated)["users"], 25)

	w.set(org, func(o *identity.Organization) { o.RequiredAttributes = "department" })
	w.post(users(org), token, `{"users":[{"email":"a@example.com","department":"D"},{"email":"b@example.com","department":"D"}]}`).
		refused(http.StatusBadRequest, identity.RuleTooManyUsers)
	require.Contains(t, w.add(org, token, "a@example.com").refused(http.StatusBadRequest, identity.RuleAttributeRequired), "department")
	w.add(org, token, "a@example.com", "department", `"D"`).only()
}

func TestLIC02_LicencesThatAreNamedSwitchTheTemplateOff(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 10)
	w.subscribe(org, "meetings", 1)
	_, err := w.PutTemplate(w.ctx, operator, org, "", []identity.Licence{"calling"})
	require.NoError(t, err)
	require.Equal(t, []any{"calling"}, w.add(org, token, "a@example.com").only()["licences"], "the template's")
	require.Equal(t, []any{"meetings"}, w.add(org, token, "b@example.com", "licences", `["meetings"]`).only()["licences"])
	require.Equal(t, []any{"free"}, w.add(org, token, "c@example.com", "licences", `[]`).only()["licences"], "none is a choice too")
	require.Equal(t, []any{"free"}, w.add(org, token, "d@example.com", "licences", `["free"]`).only()["licences"])
	w.add(org, token, "e@example.com", "licences", `["meetings"]`).refused(http.StatusConflict, identity.RuleNoLicences)
	w.add(org, token, "e@example.com", "licences", `["unheard-of"]`).refused(http.StatusBadRequest, identity.RuleUnknownLicence)
	require.Len(t, w.everybody(org), 4)
}

func TestEML03_OtherAddressesOfAUserAreInVerifiedDomains(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.verify(org, "example.com")
	first := w.add(org, token, "a@elsewhere.example", "alternateEmails", `["a2@example.com"]`).only()
	require.Contains(t, w.add(org, token, "a2@example.com").refused(http.StatusConflict, identity.RuleEmailTaken), "a2@example.com")
	message := w.add(org, token, "b@example.com", "alternateEmails", `["b2@example.com","b@unverified.example"]`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	require.Contains(t, message, "users[0].alternateEmails[1]")
	require.Contains(t, message, "unverified.example")
	path := users(org) + "/" + first["id"].(string)
	require.Contains(t, w.patch(path, token, `{"alternateEmails":["x@unverified.example"]}`).refused(http.StatusBadRequest, identity.RuleInvalidValue), "alternateEmails[0]")
	w.patch(path, token, `{"alternateEmails":[]}`).is(http.StatusOK)
	w.add(org, token, "a2@example.com").only()
}

func TestEML05_AnAddressOfAPersonalAccountInAForeignDomain(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	personal := w.user(identity.ConsumerOrgID, "u@gmail.example")
	w.add(org, token, "u@gmail.example").refused(http.StatusConflict, identity.RuleDomainNotAvailable)
	require.Empty(t, w.everybody(org), "nothing is created")
	require.Equal(t, personal, w.account(identity.ConsumerOrgID, string(personal.ID)), "the personal account is untouched")
}

func TestEML06_AnAddressThatNobodyHasCanBeAddedInAnyDomain(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	require.Equal(t, "not_verified", w.add(org, token, "u@gmail.example").only()["status"])
}

func TestEML07_AnotherAddressMakesAnotherUser(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	personal, hers := w.bound(identity.ConsumerOrgID, "u@gmail.example", "u")
	w.add(org, token, "u@gmail.example").refused(http.StatusConflict, identity.RuleDomainNotAvailable)
	added := w.add(org, token, "u2@corp.example").only()
	require.NotEqual(t, string(personal.ID), added["id"])
	require.Equal(t, personal, w.account(identity.ConsumerOrgID, string(personal.ID)))
	require.Equal(t, "active", w.post("/api/v1/me/sign-in", hers, "").is(http.StatusOK)["status"], "and its owner can sign in")
}

func TestEML08_AfterTheOwnerDeletedThePersonalAccountTheAddressIsANewUser(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	personal, hers := w.bound(identity.ConsumerOrgID, "u@gmail.example", "u")
	w.add(org, token, "u@gmail.example").refused(http.StatusConflict, identity.RuleDomainNotAvailable)
	w.delete("/api/v1/me/account", hers).nothing()
	added := w.add(org, token, "u@gmail.example").only()
	require.NotEqual(t, string(personal.ID), added["id"])
	require.Equal(t, []any{"free"}, added["licences"])
	require.Equal(t, "not_verified", added["status"])
	require.NotContains(t, added, "displayName", "nothing is carried over")
	me := w.get("/api/v1/me", hers).is(http.StatusOK)
	require.NotContains(t, me, "account")
	require.Empty(t, me["organizations"])
}

func TestEML09_TheAdministratorIsToldWhatIsLost(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.user(identity.ConsumerOrgID, "u@gmail.example")
	remedies := w.add(org, token, "u@gmail.example").is(http.StatusConflict)["remedies"].([]any)
	require.Len(t, remedies, 2)
	require.NotContains(t, remedies[0], "dataLoss")
	require.Contains(t, remedies[0].(map[string]any)["text"], "another address")
	require.Equal(t, true, remedies[1].(map[string]any)["dataLoss"])
	require.Contains(t, remedies[1].(map[string]any)["text"], "files and messages")
}

func TestEML10_InAnOwnDomainTheWayIsAClaim(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.verify(org, "corp.example")
	personal := w.user(identity.ConsumerOrgID, "u@corp.example")
	a := w.add(org, token, "u@corp.example")
	a.refused(http.StatusConflict, identity.RuleEmailClaimable)
	require.Contains(t, a.body, "claim")
	require.Empty(t, w.everybody(org), "adding never claims")
	require.Equal(t, personal, w.account(identity.ConsumerOrgID, string(personal.ID)))
}

func TestEML13_ARefusalDoesNotSayWhoHoldsTheAddress(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.verify(org, "corp.example")
	secret := w.org("An organization with a name")
	w.user(secret, "foreign@elsewhere.example")
	w.user(secret, "claimable@corp.example")
	w.inactive(w.user(secret, "gone@elsewhere.example"), identity.DirectoryDeleted)
	w.verify(secret, "claimed.example")
	w.rewriteDomain(secret, "claimed.example", identity.DomainClaimed)
	for _, address := range []string{"foreign@elsewhere.example", "claimable@corp.example", "gone@elsewhere.example", "free@claimed.example"} {
		a := w.add(org, token, address)
		require.Equal(t, http.StatusConflict, a.status, a.body)
		require.NotContains(t, a.body, string(secret), address)
		require.NotContains(t, a.body, "with a name", address)
		for name, values := range a.header {
			require.NotContains(t, fmt.Sprint(values), string(secret), name)
		}
	}
}

func TestUsersThatCannotBeAddedAreRefusedWithThePlace(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	for name, c := range map[string]struct {
		user string
		code identity.Rule
		says string
	}{
		"no address":                 {`{"userName":"x"}`, "INVALID_REQUEST", "email"},
		"not an address":             {`{"email":"x"}`, identity.RuleInvalidEmail, "users[0]"},
		"a reserved domain":          {`{"email":"x@convert-user.local"}`, identity.RuleReservedDomain, "users[0]"},
		"an attribute nobody knows":  {`{"email":"x@example.com","role":"full"}`, "INVALID_REQUEST", "role"},
		"an attribute of wrong type": {`{"email":"x@example.com","title":7}`, "INVALID_REQUEST", "title"},
		"a title that is too long":   {fmt.Sprintf(`{"email":"x@example.com","title":"%0257d"}`, 0), "INVALID_REQUEST", "title"},
		"a title of two lines":       {`{"email":"x@example.com","title":"a\nb"}`, identity.RuleInvalidValue, "users[0].title"},
		"a telephone without number": {`{"email":"x@example.com","phoneNumbers":[{"type":"work"}]}`, "INVALID_REQUEST", "phoneNumbers"},
		"a userName with a blank":    {`{"email":"x@example.com","userName":" x"}`, identity.RuleInvalidUserName, "users[0].userName"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.post(users(org), token, `{"users":[`+c.user+`]}`)
			a.t = t
			require.Contains(t, a.refused(http.StatusBadRequest, c.code), c.says)
		})
	}
	require.Empty(t, w.everybody(org))
}
