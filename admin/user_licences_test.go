package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestUSR06_LicencesChangeByWhatIsNamedAndTheOthersStay(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.subscribe(org, "calling", 2)
	w.subscribe(org, "meetings", identity.Unlimited)
	u := w.user(org, "u@example.com")
	change := func(body string) answer { return w.patch(userOf(u)+"/licences", token, body) }

	// Two administrators who have looked at the same list each add what they want.
	change(`{"add":["calling"]}`).is(http.StatusOK)
	require.Equal(t, []any{"calling", "meetings"}, change(`{"add":["meetings"]}`).is(http.StatusOK)["licences"])
	require.Equal(t, []any{"calling", "meetings"}, change(`{"add":["meetings"]}`).is(http.StatusOK)["licences"], "what is there stays")
	require.Equal(t, []any{"meetings"}, change(`{"remove":["calling"]}`).is(http.StatusOK)["licences"])
	require.Equal(t, []any{"calling"}, change(`{"add":["calling"],"remove":["meetings"]}`).is(http.StatusOK)["licences"])
	require.Equal(t, []any{"calling"}, change(`{}`).is(http.StatusOK)["licences"])

	change(`{"add":["calling"],"remove":["calling"]}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	change(`{"remove":["calling"],"add":["unknown"]}`).refused(http.StatusBadRequest, identity.RuleUnknownLicence)
	change(`{"remove":["unknown"]}`).refused(http.StatusBadRequest, identity.RuleUnknownLicence)
	require.Equal(t, []any{"calling"}, w.licences(token, u), "a refusal leaves everything as it was")
	require.Equal(t, []any{"free"}, change(`{"remove":["calling"]}`).is(http.StatusOK)["licences"])
}
