package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// licences returns what a user may use.
func (w *world) licences(token string, a identity.Account) any {
	w.t.Helper()
	return w.get(userOf(a)+"/licences", token).is(http.StatusOK)["licences"]
}

func TestLIC01_TheTemplatesOfTheOrganizationAndOfAGroupAddUp(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 5)
	w.subscribe(org, "meetings", 5)
	g := w.group(org, token, "Support")
	w.put(of(org, "/licence-templates/organization"), token, `{"licences":["calling"]}`).is(http.StatusOK)
	saved := w.put(of(org, "/licence-templates/groups/"+g), token, `{"licences":["meetings","calling"]}`).is(http.StatusOK)
	require.Equal(t, []any{g, []any{"calling", "meetings"}}, []any{saved["group"], saved["licences"]})
	require.NotContains(t, saved, "job")

	u := w.user(org, "u@example.com")
	require.Equal(t, []any{"calling"}, w.licences(token, u))
	w.post(of(org, "/groups/"+g+"/members"), token, `{"add":`+ids(u)+`}`).is(http.StatusOK)
	require.Equal(t, []any{"calling", "meetings"}, w.licences(token, u))
	require.Equal(t, 1, w.used(org, "calling"))
	subscriptions := w.get(of(org, "/subscriptions"), token).is(http.StatusOK)["subscriptions"].([]any)
	require.Len(t, subscriptions, 2)
	require.Equal(t, []any{map[string]any{"licence": "calling", "seats": 5., "used": 1.}}, subscriptions[0].(map[string]any)["pools"])
}

func TestLIC03_ExistingUsersAreTouchedOnlyIfAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		more string
		job  bool
		want []any
	}{
		"new users":                           {``, false, []any{"calling", "meetings"}},
		"existing users, licences are kept":   {`,"scope":"existing"`, true, []any{"calling", "meetings", "rooms"}},
		"existing users, licences are taken":  {`,"scope":"existing","preserve":false`, true, []any{"meetings", "rooms"}},
		"new users, preserve makes no matter": {`,"scope":"new","preserve":false`, false, []any{"calling", "meetings"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("Example")
			token := w.administrator(org, "ada", identity.RoleFull)
			for _, l := range []identity.Licence{"calling", "meetings", "rooms"} {
				w.subscribe(org, l, 5)
			}
			path := of(org, "/licence-templates/organization")
			w.put(path, token, `{"licences":["calling","meetings"]}`).is(http.StatusOK)
			u := w.user(org, "u@example.com")
			job, started := w.put(path, token, `{"licences":["meetings","rooms"]`+c.more+`}`).is(http.StatusOK)["job"].(map[string]any)
			require.Equal(t, c.job, started)
			w.work()
			require.Equal(t, c.want, w.licences(token, u))
			if started {
				require.Equal(t, "done", w.get(of(org, "/jobs/"+job["id"].(string)), token).is(http.StatusOK)["state"])
			}
		})
	}
}

func TestLIC03_ATemplateIsNotSetIfItsJobCannotStart(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 5)
	w.subscribe(org, "meetings", 5)
	path := of(org, "/licence-templates/organization")
	w.put(path, token, `{"licences":["calling"],"scope":"existing"}`).is(http.StatusOK)
	w.put(path, token, `{"licences":["meetings"],"scope":"existing"}`).refused(http.StatusConflict, identity.RuleJobRunning)
	templates := w.get(of(org, "/licence-templates"), token).is(http.StatusOK)["templates"].([]any)
	require.Equal(t, []any{"calling"}, templates[0].(map[string]any)["licences"])
	w.work()
	w.put(path, token, `{"licences":["meetings"],"scope":"existing"}`).is(http.StatusOK)
}

func TestLIC03_DeletingATemplateTakesNothingAway(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 5)
	g := w.group(org, token, "Support")
	for _, path := range []string{"/licence-templates/organization", "/licence-templates/groups/" + g} {
		w.delete(of(org, path), token).refused(http.StatusNotFound, identity.RuleUnknownTemplate)
		w.put(of(org, path), token, `{"licences":["calling"]}`).is(http.StatusOK)
	}
	u := w.user(org, "u@example.com")
	for _, path := range []string{"/licence-templates/organization", "/licence-templates/groups/" + g} {
		w.delete(of(org, path), token).nothing()
	}
	require.Empty(t, w.get(of(org, "/licence-templates"), token).is(http.StatusOK)["templates"])
	require.Equal(t, []any{"calling"}, w.licences(token, u))
}

func TestLIC04_WithoutATemplateThereIsTheFreeLicence(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	require.Equal(t, []any{"free"}, w.licences(token, w.user(org, "u@example.com")))
}

func TestLIC05_SeatsAreTakenFromTheOldestSubscription(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 1)
	w.clock.move(identity.Day)
	w.subscribe(org, "calling", identity.Unlimited)
	token := w.token("ada")
	w.put(of(org, "/licence-templates/organization"), token, `{"licences":["calling"]}`).is(http.StatusOK)
	w.user(org, "a@example.com")
	w.user(org, "b@example.com")
	var pools []any
	for _, s := range w.get(of(org, "/subscriptions"), token).is(http.StatusOK)["subscriptions"].([]any) {
		pools = append(pools, s.(map[string]any)["pools"].([]any)...)
	}
	require.Equal(t, []any{map[string]any{"licence": "calling", "seats": 1., "used": 1.}, map[string]any{"licence": "calling", "used": 1.}}, pools)
}

func TestLIC06_LicencesDoNotDependOnTheStatus(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 5)
	w.put(of(org, "/licence-templates/organization"), token, `{"licences":["calling"]}`).is(http.StatusOK)
	u := w.user(org, "u@example.com")
	for _, act := range []string{"/deactivate", "/reactivate"} {
		w.post(userOf(u)+act, token, "").is(http.StatusOK)
		require.Equal(t, []any{"calling"}, w.licences(token, u))
		require.Equal(t, 1, w.used(org, "calling"))
	}
}

func TestLIC07_TemplatesAreNotForPeopleOfOtherOrganizations(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 5)
	w.put(of(org, "/licence-templates/organization"), token, `{"licences":["calling"]}`).is(http.StatusOK)
	w.get(users(org), w.administratorOf(org, identity.StandingExternal, identity.RoleFull)).is(http.StatusOK)
	require.Zero(t, w.used(org, "calling"), "whoever administers from outside has no account here, and so takes no seat")
}

func TestLicenceTemplatesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	path := of(org, "/licence-templates/organization")
	w.put(path, token, `{"licences":["calling"]}`).refused(http.StatusBadRequest, identity.RuleUnknownLicence)
	w.put(path, token, `{"licences":[]}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.put(path, token, `{"licences":["free"]}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.put(path, token, `{"licences":["calling"],"scope":"everybody"}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.put(of(org, "/licence-templates/groups/x"), token, `{"licences":["calling"]}`).refused(http.StatusNotFound, identity.RuleUnknownGroup)
}
