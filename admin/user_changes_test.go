package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestAUserIsChangedByAMergePatch(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	u := w.rewrite(w.user(org, "grace@example.com"), func(a *identity.Account) {
		a.Profile = `{"displayName":"Grace","locale":"en","name":{"familyName":"Hopper","givenName":"Grace","honorificPrefix":"Dr"},"title":"Captain"}`
	})
	change := func(patch string) map[string]any { return w.patch(userOf(u), token, patch).is(http.StatusOK) }

	require.Equal(t, float64(u.Version), change(`{}`)["version"], "nothing was said, so nothing changes")
	shown := change(`{"title":"Rear admiral","department":"Compilers","givenName":null}`)
	require.Equal(t, "Rear admiral", shown["title"])
	require.Equal(t, "Compilers", shown["department"])
	require.NotContains(t, shown, "givenName", "null takes it away")
	require.Equal(t, "Hopper", shown["familyName"], "what is absent stays")
	require.Equal(t, identity.Profile(`{"displayName":"Grace","locale":"en","name":{"familyName":"Hopper","honorificPrefix":"Dr"},"title":"Rear admiral",`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Compilers"}}`), w.account(org, string(u.ID)).Profile,
		"and so does what this API does not show")

	shown = change(`{"phoneNumbers":[{"value":"+1"},{"value":"+2","type":"mobile"}],"externalId":"x"}`)
	require.Len(t, shown["phoneNumbers"], 2)
	shown = change(`{"phoneNumbers":[{"value":"+3"}],"externalId":null,"department":null}`)
	require.Equal(t, []any{map[string]any{"value": "+3"}}, shown["phoneNumbers"], "a list is replaced as a whole")
	require.NotContains(t, shown, "externalId")
	require.NotContains(t, w.account(org, string(u.ID)).Profile, "enterprise", "an object with nothing left goes too")
	require.NotContains(t, change(`{"phoneNumbers":null,"userName":"grace"}`), "phoneNumbers")
	require.Equal(t, "grace@example.com", w.get(userOf(u), token).is(http.StatusOK)["primaryEmail"])

	for patch, says := range map[string]string{
		`{"email":"x@example.com"}`: "email", `{"emails":[]}`: "emails", `{"status":"active"}`: "status", `{"userName":null}`: "userName",
		`{"title":7}`: "title", `[]`: "body", `{"title":"a\u0000b"}`: "title", `{"phoneNumbers":[{}]}`: "phoneNumbers",
		fmt.Sprintf(`{"title":"%0257d"}`, 0): "title", fmt.Sprintf(`{"alternateEmails":[%s"x"]}`, strings.Repeat(`"x",`, 19)): "alternateEmails",
	} {
		before := w.account(org, string(u.ID))
		a := w.patch(userOf(u), token, patch)
		require.Equal(t, http.StatusBadRequest, a.status, patch)
		require.Contains(t, a.body, says, patch)
		require.Equal(t, before, w.account(org, string(u.ID)))
	}
	require.Len(t, change(fmt.Sprintf(`{"title":"%0256d"}`, 0))["title"], 256)
	w.user(org, "other@example.com")
	w.patch(userOf(u), token, `{"userName":"other@example.com"}`).refused(http.StatusConflict, identity.RuleEmailTaken)
	w.call(http.MethodPatch, userOf(u), token, `{"title":"T"}`).is(http.StatusOK)
	w.call(http.MethodPatch, userOf(u), token, `title=T`, "Content-Type", "text/plain").refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
}

func TestAddressesThatAProviderHasGivenStayWhenOthersAreAdded(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.verify(org, "example.com")
	u := w.rewrite(w.user(org, "grace@example.com"), func(a *identity.Account) {
		a.Emails = append(a.Emails, identity.AccountEmail{Value: "grace@home.example", Type: "home"})
	})
	shown := w.patch(userOf(u), token, `{"alternateEmails":["grace@home.example","g@example.com","grace@example.com"]}`).is(http.StatusOK)
	require.Equal(t, []any{
		map[string]any{"value": "grace@example.com", "type": "work", "primary": true},
		map[string]any{"value": "grace@home.example", "type": "home"},
		map[string]any{"value": "g@example.com", "type": "other"},
	}, shown["emails"])
}

func TestChangesAndDeletionsCanBeBoundToAVersion(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	u := w.user(org, "grace@example.com")
	stale := []string{"If-Match", `"1"`}
	changed := w.patch(userOf(u), token, `{"title":"T"}`, stale...)
	require.Equal(t, `"2"`, changed.header.Get("ETag"))
	w.patch(userOf(u), token, `{"title":"U"}`, stale...).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.post(userOf(u)+"/email", token, `{"email":"g@example.com"}`, stale...).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.delete(userOf(u)+"/email", token, stale...).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.delete(userOf(u), token, stale...).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.delete(userOf(u), token, "If-Match", `"2"`).nothing()
}

func TestEML14_AnAddressChangesWhenItsOwnerConfirmsIt(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	w.administrator(org, "ada", identity.RoleUser)
	w.administrator(other, "ada", identity.RoleUser)
	token := func() string { return w.token("ada") }
	u := w.user(org, "a@example.com")
	asked := w.post(userOf(u)+"/email", token(), `{"email":"B@example.com"}`)
	require.Equal(t, map[string]any{"address": "B@example.com", "since": "2026-03-01T12:00:00Z", "until": "2026-03-16T12:00:00Z"},
		asked.is(http.StatusAccepted)["pendingEmail"])
	require.Equal(t, `"2"`, asked.header.Get("ETag"))
	require.Equal(t, "a@example.com", asked.is(http.StatusAccepted)["primaryEmail"], "the user keeps the address meanwhile")
	var to []string
	for _, m := range w.mails(org, u) {
		to = append(to, fmt.Sprintf("%s to %s", m.Kind, m.To))
	}
	require.ElementsMatch(t, []string{"change_confirm to B@example.com", "change_notice to a@example.com"}, to)
	w.add(other, token(), "b@example.com").refused(http.StatusConflict, identity.RuleEmailHeld)

	w.clock.move(14 * identity.Day)
	confirm := w.link(org, u, identity.MessageChangeConfirm)
	w.post("/api/v1/me/links", w.token("somebody"), fmt.Sprintf(`{"link":%q}`, confirm)).is(http.StatusOK)
	shown := w.get(userOf(u), token()).is(http.StatusOK)
	require.Equal(t, "B@example.com", shown["primaryEmail"])
	require.Equal(t, "B@example.com", shown["userName"], "a userName that was the address goes with it")
	require.Equal(t, "verified", shown["status"])
	require.NotContains(t, shown, "pendingEmail")
	w.add(other, token(), "a@example.com").only()
}

func TestEML14_AnAddressThatNobodyConfirmsIsTakenBackAfter15Days(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleUser)
	u := w.user(org, "a@example.com")
	w.post(userOf(u)+"/email", w.token("ada"), `{"email":"b@example.com"}`).is(http.StatusAccepted)
	w.clock.move(15*identity.Day - time.Microsecond)
	n, err := w.RevertEmailChanges(w.ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	w.clock.move(time.Microsecond)
	n, err = w.RevertEmailChanges(w.ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	shown := w.get(userOf(u), w.token("ada")).is(http.StatusOK)
	require.Equal(t, "a@example.com", shown["primaryEmail"])
	require.NotContains(t, shown, "pendingEmail")
	w.add(org, w.token("ada"), "b@example.com").only()
}

func TestEML14_AChangeOfAddressCanBeCancelled(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	u := w.user(org, "a@example.com")
	w.delete(userOf(u)+"/email", token).refused(http.StatusConflict, identity.RuleInvalidTransition)
	w.post(userOf(u)+"/email", token, `{"email":"b@example.com"}`).is(http.StatusAccepted)
	confirm := w.link(org, u, identity.MessageChangeConfirm)
	require.NotContains(t, w.delete(userOf(u)+"/email", token).is(http.StatusOK), "pendingEmail")
	w.post("/api/v1/me/links", w.token("x"), fmt.Sprintf(`{"link":%q}`, confirm)).refused(http.StatusNotFound, identity.RuleUnknownLink)

	w.post(userOf(u)+"/email", token, `{"email":"c@example.com"}`).is(http.StatusAccepted)
	cancel := w.link(org, u, identity.MessageChangeNotice)
	w.post("/api/v1/me/links", w.token("x"), fmt.Sprintf(`{"link":%q}`, cancel)).is(http.StatusOK)
	require.NotContains(t, w.get(userOf(u), token).is(http.StatusOK), "pendingEmail")
	w.add(org, token, "c@example.com").only()
	w.post(userOf(u)+"/email", token, `{"email":"a@example.com"}`).refused(http.StatusConflict, identity.RuleEmailTaken)
	w.post(userOf(u)+"/email", token, `{"email":"c@example.com"}`).refused(http.StatusConflict, identity.RuleEmailTaken)
	w.post(userOf(u)+"/email", token, `{"email":"c"}`).refused(http.StatusBadRequest, identity.RuleInvalidEmail)
}
