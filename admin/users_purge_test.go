package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) purge(org identity.OrgID, token string, body any) answer {
	w.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(w.t, err)
	return w.post(users(org)+"/purge", token, string(text))
}

func TestUSR15_WhoIsGoneFromTheDirectoryCanBeDeletedEarly(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.subscribe(org, "calling", 1)
	gone, outside := w.user(org, "gone@example.com"), w.user(org, "outside@example.com")
	w.put(userOf(gone)+"/licences", token, `{"licences":["calling"]}`).is(http.StatusOK)
	w.inactive(gone, identity.DirectoryDeleted)
	w.inactive(outside, identity.DirectoryOutOfScope)
	ordinary, disabled := w.inactive(w.user(org, "o@example.com"), identity.ByAdministrator), w.inactive(w.user(org, "d@example.com"), identity.DirectoryDisabled)
	active, foreign := w.user(org, "a@example.com"), w.inactive(w.user(other, "f@example.com"), identity.DirectoryDeleted)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })

	answered := w.purge(org, token, map[string]any{"users": []any{gone.ID, ordinary.ID, outside.ID, disabled.ID, active.ID, foreign.ID, "nonsense"}})
	var got []string
	for _, r := range answered.is(http.StatusOK)["results"].([]any) {
		result := r.(map[string]any)
		got = append(got, fmt.Sprint(result["userName"], " ", result["deleted"], " ", result["code"]))
	}
	require.Equal(t, []string{
		"gone@example.com true <nil>", "o@example.com false INVALID_STATUS_TRANSITION", "outside@example.com true <nil>",
		"d@example.com false INVALID_STATUS_TRANSITION", "a@example.com false INVALID_STATUS_TRANSITION",
		"<nil> false UNKNOWN_USER", "<nil> false UNKNOWN_USER",
	}, got)
	require.Len(t, w.everybody(org), 3)
	require.Equal(t, foreign, w.account(other, string(foreign.ID)))
	require.Zero(t, w.used(org, "calling"), "the licence is free at once")
	_, err := w.Reader().Hold(w.ctx, "gone@example.com")
	require.True(t, identity.IsNotFound(err), "and so is the address")
}

func TestUSR15_EverybodyWhoIsGoneIsDeletedAHundredAtATime(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	for n := range 101 {
		w.inactive(w.user(org, fmt.Sprintf("u%d@example.com", n)), identity.DirectoryDeleted)
	}
	stays := w.user(org, "stays@example.com")
	first := w.purge(org, token, map[string]any{"all": true}).is(http.StatusOK)
	require.Len(t, first["results"], 100)
	require.Equal(t, true, first["more"])
	second := w.purge(org, token, map[string]any{"all": true}).is(http.StatusOK)
	require.Len(t, second["results"], 1)
	require.Equal(t, false, second["more"])
	require.Empty(t, w.purge(org, token, map[string]any{"all": true}).is(http.StatusOK)["results"])
	require.Equal(t, []identity.Account{stays}, w.everybody(org))

	w.purge(org, token, map[string]any{}).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.purge(org, token, map[string]any{"all": true, "users": []any{stays.ID}}).refused(http.StatusBadRequest, "INVALID_REQUEST")
	many := make([]any, 101)
	for n := range many {
		many[n] = stays.ID
	}
	w.purge(org, token, map[string]any{"users": many}).refused(http.StatusBadRequest, "INVALID_REQUEST")
	require.Len(t, w.purge(org, token, map[string]any{"users": many[:100]}).is(http.StatusOK)["results"], 100)
}
