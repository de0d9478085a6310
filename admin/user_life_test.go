package admin_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// TestUSR20 is the whole table: five statuses and, because a claimed user's old account is one too, a shadow; four actions.
func TestUSR20_ActionsDependOnTheStatus(t *testing.T) {
	const no = http.StatusConflict
	statuses := []struct {
		name string
		make func(*identity.Account)
	}{
		{"not verified", func(a *identity.Account) { a.Status = identity.NotVerified }},
		{"verified", func(a *identity.Account) { a.Status = identity.Verified }},
		{"active", func(a *identity.Account) { a.Status = identity.Active }},
		{"inactive", func(a *identity.Account) {
			a.Status, a.PreviousStatus, a.InactiveReason = identity.Inactive, identity.Verified, identity.ByAdministrator
		}},
		{"deferred claim", func(a *identity.Account) { a.Status = identity.DeferredClaim }},
		{"shadow", func(a *identity.Account) { a.Status, a.Shadow = identity.Active, true }},
	}
	actions := []struct {
		name, method, path string
		want               [6]int // in the order of the statuses
		then               string // the status afterwards; empty: as before; gone: there is nobody
	}{
		{"resend the invitation", http.MethodPost, "/invitation", [6]int{202, 202, no, no, no, no}, ""},
		{"deactivate", http.MethodPost, "/deactivate", [6]int{200, 200, 200, no, no, no}, "inactive"},
		{"reactivate", http.MethodPost, "/reactivate", [6]int{no, no, no, 200, no, no}, "verified"},
		{"delete", http.MethodDelete, "", [6]int{204, 204, 204, 204, no, no}, "gone"},
	}
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	n := 0
	for i, status := range statuses {
		for _, action := range actions {
			t.Run(action.name+" "+status.name, func(t *testing.T) {
				n++
				before := w.rewrite(w.user(org, fmt.Sprintf("u%d@example.com", n)), status.make)
				if before.Shadow {
					w.claimedAway(before)
				}
				a := w.call(action.method, userOf(before)+action.path, token, "")
				a.t = t
				require.Equal(t, action.want[i], a.status, a.body)
				now, err := w.Reader().Account(w.ctx, org, before.ID)
				switch {
				case a.status == no && before.Shadow:
					a.refused(no, identity.RuleClaimedByOther)
					require.Equal(t, before, now)
				case a.status == no:
					a.refused(no, identity.RuleInvalidTransition)
					require.Equal(t, before, now, "a refusal changes nothing")
				case action.then == "gone":
					require.True(t, identity.IsNotFound(err))
				case action.then == "":
					require.Equal(t, map[string]any{"sent": true}, a.is(http.StatusAccepted))
					require.Equal(t, before.Status, now.Status)
					require.Equal(t, w.clock.Now(), now.InvitedAt)
				default:
					require.Equal(t, action.then, string(now.Status))
				}
			})
		}
	}
	require.Equal(t, 24, n)
}

// claimedAway stores the open claim that a shadow is there for.
func (w *world) claimedAway(shadow identity.Account) {
	w.t.Helper()
	require.NoError(w.t, w.Transact(w.ctx, w.org("Claimant"), operator, func(c *identity.Acts) error {
		return c.Tx().InsertClaim(w.ctx, identity.Claim{ID: identity.ClaimID(w.NewID()), Target: c.Org().ID, Source: shadow.Org, NewAccount: identity.AccountID(w.NewID()),
			OldAccount: shadow.ID, Mode: identity.ClaimImmediate, Email: shadow.UserName, Domain: "example.com", ClaimedAt: c.Now(), Version: 1})
	}))
}

func TestUSR22_WhileTheDirectoryOwnsThePeopleOnlyInvitationsAreSent(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	active, gone := w.user(org, "a@example.com"), w.inactive(w.user(org, "i@example.com"), identity.ByAdministrator)
	invited := w.user(org, "n@example.com")
	acts := map[string]func() answer{
		"add":                func() answer { return w.add(org, token, "new@example.com") },
		"change":             func() answer { return w.patch(userOf(active), token, `{"title":"T"}`) },
		"change the address": func() answer { return w.post(userOf(active)+"/email", token, `{"email":"b@example.com"}`) },
		"deactivate":         func() answer { return w.post(userOf(active)+"/deactivate", token, "") },
		"reactivate":         func() answer { return w.post(userOf(gone)+"/reactivate", token, "") },
		"delete":             func() answer { return w.delete(userOf(active), token) },
		"delete an inactive": func() answer { return w.delete(userOf(gone), token) },
	}
	w.matched(org)
	for _, mode := range identity.SyncModes {
		if mode == identity.SyncDisabled {
			continue
		}
		w.set(org, func(o *identity.Organization) { o.SyncMode = mode })
		before := w.everybody(org)
		for name, act := range acts {
			require.Contains(t, act().refused(http.StatusConflict, identity.RuleManagedByDirectory), "directory", "%s while %s", name, mode)
		}
		require.Equal(t, before, w.everybody(org))
		require.Equal(t, map[string]any{"sent": true}, w.post(userOf(invited)+"/invitation", token, "").is(http.StatusAccepted), mode)
		w.clock.move(24 * time.Hour)
		token = w.token("ada")
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	w.post(userOf(active)+"/deactivate", token, "").is(http.StatusOK)
	w.delete(userOf(active), token).nothing()
	w.add(org, token, "new@example.com").only()
}

func TestUSR23_OneInvitationAUserIn24Hours(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleUser)
	u := w.user(org, "u@example.com")
	invite := func() any { return w.post(userOf(u)+"/invitation", w.token("ada"), "").is(http.StatusAccepted)["sent"] }
	require.Equal(t, true, invite())
	w.clock.move(23 * time.Hour)
	require.Equal(t, false, invite(), "suppressed")
	w.clock.move(time.Hour - time.Microsecond)
	require.Equal(t, false, invite())
	w.clock.move(time.Microsecond)
	require.Equal(t, true, invite())
	w.clock.move(25 * time.Hour)
	require.Equal(t, true, invite())
	require.Len(t, w.mails(org, u), 3)
	require.Equal(t, w.clock.Now().Format(time.RFC3339), w.get(userOf(u), w.token("ada")).is(http.StatusOK)["invitedAt"])
}

func TestUSR24_DeletingAUserFreesEverything(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.subscribe(org, "calling", 1)
	u, hers := w.bound(org, "u@example.com", "u")
	w.administrator(org, "u", identity.RoleReadOnly)
	w.put(userOf(u)+"/licences", token, `{"licences":["calling"]}`).is(http.StatusOK)
	var group identity.Group
	require.NoError(t, w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		var err error
		if group, err = c.CreateGroup(w.ctx, "Everybody", "", identity.Origin{Source: identity.SourceManual}); err != nil {
			return err
		}
		group, err = c.AddMember(w.ctx, group.ID, nil, u.ID)
		return err
	}))
	w.get(users(org), hers).is(http.StatusOK)

	w.delete(userOf(u), token).nothing()
	require.Zero(t, w.used(org, "calling"))
	members, err := w.Reader().CountMembers(w.ctx, org, group.ID)
	require.NoError(t, err)
	require.Zero(t, members)
	w.get(users(org), hers).refused(http.StatusNotFound, identity.RuleUnknownOrg)
	w.post("/api/v1/me/sign-in", hers, "").refused(http.StatusConflict, identity.RuleNotBound)
	w.get(userOf(u), token).refused(http.StatusNotFound, identity.RuleUnknownAccount)
	require.Equal(t, "deleted", w.get(userOf(u)+"/why", token).is(http.StatusOK)["status"])
	require.NotEqual(t, string(u.ID), w.add(org, token, "u@example.com").only()["id"], "the address is free at once")
	w.delete(userOf(u), token).refused(http.StatusNotFound, identity.RuleUnknownAccount)
}

func TestUSR25_WhoMayDeleteUsers(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	for standing, may := range map[identity.Standing]map[identity.Role]bool{
		identity.StandingOwn:      {identity.RoleFull: true, identity.RoleUser: true, identity.RoleGroup: false, identity.RoleReadOnly: false, identity.RoleDevice: false},
		identity.StandingExternal: {identity.RoleFull: true, identity.RoleReadOnly: false, identity.RoleGroup: false, identity.RoleDevice: false},
	} {
		for role, allowed := range may {
			token := w.administratorOf(org, standing, role)
			u := w.user(org, fmt.Sprintf("%s-%s@example.com", standing, role))
			a := w.delete(userOf(u), token)
			if allowed {
				a.nothing()
				continue
			}
			a.refused(http.StatusForbidden, identity.RuleForbiddenRole)
			require.Equal(t, u, w.account(org, string(u.ID)))
		}
	}
}

func TestUSR26_TheLastFullAdministratorStays(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "user", identity.RoleUser)
	last, hers := w.bound(org, "last@example.com", "last")
	w.administrator(org, "last", identity.RoleFull)
	before := w.account(org, string(last.ID))
	w.post(userOf(last)+"/deactivate", token, "").refused(http.StatusConflict, identity.RuleLastFullAdmin)
	w.delete(userOf(last), token).refused(http.StatusConflict, identity.RuleLastFullAdmin)
	require.Equal(t, before, w.account(org, string(last.ID)))
	w.get(users(org), hers).is(http.StatusOK)

	w.bound(org, "second@example.com", "second")
	w.administrator(org, "second", identity.RoleFull)
	w.post(userOf(last)+"/deactivate", token, "").is(http.StatusOK)
	w.delete(userOf(last), token).nothing()
}

func TestUSR06_LicencesDoNotDependOnTheStatus(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.subscribe(org, "calling", 2)
	var list []identity.Account
	for n := range 3 {
		list = append(list, w.user(org, fmt.Sprintf("u%d@example.com", n)))
	}
	set := func(u identity.Account, body string) answer { return w.put(userOf(u)+"/licences", token, body) }
	require.Equal(t, []any{"calling"}, set(list[0], `{"licences":["calling"]}`).is(http.StatusOK)["licences"])
	set(list[1], `{"licences":["calling","calling"]}`).is(http.StatusOK)
	require.Equal(t, 2, w.used(org, "calling"))
	w.post(userOf(list[0])+"/deactivate", token, "").is(http.StatusOK)
	require.Equal(t, 2, w.used(org, "calling"), "an inactive user keeps the seat")
	set(list[2], `{"licences":["calling"]}`).refused(http.StatusConflict, identity.RuleNoLicences)
	require.Equal(t, []any{"free"}, set(list[0], `{"licences":[]}`).is(http.StatusOK)["licences"])
	require.Equal(t, 1, w.used(org, "calling"))
	set(list[2], `{"licences":["calling"]}`).is(http.StatusOK)
	require.Equal(t, []any{"calling"}, w.get(userOf(list[2])+"/licences", token).is(http.StatusOK)["licences"])
	require.Equal(t, []any{"free"}, w.get(userOf(list[0]), token).is(http.StatusOK)["licences"])
	set(list[0], `{"licences":["free"]}`).is(http.StatusOK)
	set(list[0], `{"licences":["free","calling"]}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	set(list[0], `{}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
}
