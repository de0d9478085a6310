package identity_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// standing returns an account in a state of the table; it had the given status before it became inactive.
func standing(s identity.State, before identity.Status) identity.Account {
	a := identity.Account{ID: "a1", Org: "o1", UserName: "ada", Status: identity.Inactive, PreviousStatus: before, StatusAt: t0}
	switch s {
	case identity.StateNotVerified:
		a.Status, a.PreviousStatus = identity.NotVerified, ""
	case identity.StateVerified:
		a.Status, a.PreviousStatus = identity.Verified, ""
	case identity.StateActive:
		a.Status, a.PreviousStatus = identity.Active, ""
	case identity.StateInactive:
		a.InactiveReason = identity.ByAdministrator
	case identity.StateDeleted:
		a.InactiveReason = identity.DirectoryDeleted
	case identity.StateDisabled:
		a.InactiveReason = identity.DirectoryDisabled
	case identity.StateDeferredClaim:
		a.Status, a.PreviousStatus = identity.DeferredClaim, before
	case identity.StateShadow:
		a.Status, a.PreviousStatus, a.Shadow = identity.Active, "", true
	}
	return a
}

func reasonFor(t identity.Trigger) identity.InactiveReason {
	return map[identity.Trigger]identity.InactiveReason{
		identity.Deactivate: identity.ByAdministrator, identity.ProviderDeactivate: identity.ByProvider,
		identity.DirectoryMissing: identity.DirectoryDeleted, identity.DirectoryBlocked: identity.DirectoryDisabled,
	}[t]
}

// The table is written out here a second time, by hand from the rule book: the code's own copy is what is tested.
var section14_1 = map[identity.Trigger][8]string{
	//                            NV     V      A      Ia      Id      Ix      DC     SH
	identity.EmailVerified:      {"V", "=", "=", "403", "403", "403", "=", "403"},
	identity.SignIn:             {"A", "A", "=", "403", "403", "403", "=", "403"},
	identity.Resend:             {"=", "=", "409", "409", "409", "409", "409", "409"},
	identity.Deactivate:         {"Ia", "Ia", "Ia", "409", "409", "409", "409", "409"},
	identity.Reactivate:         {"409", "409", "409", "prev", "prev", "prev", "409", "409"},
	identity.Delete:             {"DEL", "DEL", "DEL", "DEL", "DEL", "DEL", "409", "409"},
	identity.ProviderDeactivate: {"Ia", "Ia", "Ia", "=", "409", "409", "409", "409"},
	identity.ProviderReactivate: {"=", "=", "=", "prev", "409", "409", "409", "409"},
	identity.ProviderDelete:     {"DEL", "DEL", "DEL", "DEL", "409", "409", "409", "409"},
	identity.DirectoryMissing:   {"Id", "Id", "Id", "Id", "=", "Id", "=", "–"},
	identity.DirectoryBlocked:   {"Ix", "Ix", "Ix", "Ix", "Ix", "=", "=", "–"},
	identity.DirectoryPresent:   {"=", "=", "=", "prev", "prev", "prev", "=", "–"},
	identity.RetentionOver:      {"–", "–", "–", "DEL", "DEL", "–", "–", "–"},
	identity.ClaimedAway:        {"SH", "SH", "SH", "SH", "409", "SH", "409", "409"},
	// The new accounts of immediate claims are ordinary ones already, so settling leaves them as they are.
	identity.ClaimKept:     {"=", "=", "=", "=", "=", "=", "A", "former"},
	identity.ClaimGivenUp:  {"=", "=", "=", "=", "=", "=", "A", "DEL"},
	identity.ClaimTimedOut: {"–", "–", "–", "–", "–", "–", "carried", "DEL"},
	// Where the rule book has a dash, a directory that was switched on after the claim has made the new account inactive. The user can
	// go back all the same.
	identity.ClaimTakenBack: {"DEL", "DEL", "DEL", "DEL", "DEL", "DEL", "DEL", "former"},
}

func TestUSR20_EveryCellOfTheStateMachine(t *testing.T) {
	now := t0.Add(time.Hour)
	for trigger, row := range section14_1 {
		for i, state := range identity.States {
			t.Run(string(trigger)+"/"+string(state), func(t *testing.T) {
				before := standing(state, identity.Verified)
				after, event, err := before.Apply(trigger, reasonFor(trigger), now)
				switch want := row[i]; want {
				case "409", "–":
					require.Equal(t, identity.Conflict, identity.KindOf(err))
				case "403":
					require.Equal(t, identity.Forbidden, identity.KindOf(err))
					if state == identity.StateShadow {
						require.Equal(t, identity.RuleClaimedByOther, identity.RuleOf(err))
					}
				case "=":
					require.NoError(t, err)
					require.Empty(t, event.Kind, "nothing changes and nobody is told")
					require.Equal(t, state, after.State())
					require.Equal(t, t0, after.StatusAt, "no clock is restarted")
				case "DEL":
					require.NoError(t, err)
					require.Equal(t, identity.AccountDeleted, event.Kind)
				case "SH":
					require.NoError(t, err)
					require.True(t, after.Shadow)
					require.Equal(t, before.Status, after.Status, "what it was is what it is again if it stays")
					require.Equal(t, t0, after.StatusAt)
				case "former":
					require.NoError(t, err)
					require.False(t, after.Shadow)
					require.Equal(t, before.Status, after.Status)
				case "carried":
					require.NoError(t, err)
					require.Equal(t, identity.Verified, after.Status)
					require.Empty(t, after.PreviousStatus)
				case "prev":
					require.NoError(t, err)
					require.Equal(t, identity.AccountReactivated, event.Kind)
					require.Equal(t, identity.Verified, after.Status)
					require.Empty(t, after.PreviousStatus)
					require.Empty(t, after.InactiveReason)
				default:
					require.NoError(t, err)
					require.Equal(t, identity.State(want), after.State())
					require.Equal(t, now, after.StatusAt)
					require.Equal(t, now, event.At)
					require.NotEmpty(t, event.Rule, "a change names its rule")
				}
			})
		}
	}
	require.Len(t, section14_1, len(identity.Triggers), "no trigger is missing from the table")
}

func TestTheDocumentedStateTableIsTheOneInForce(t *testing.T) {
	page, err := os.ReadFile("../docs/account-states.md")
	require.NoError(t, err)
	require.Contains(t, string(page), identity.StateTable(), "docs/account-states.md shows another table than the code has:\n%s", identity.StateTable())
}

func TestUSR21_ReactivationRestoresThePreviousStatus(t *testing.T) {
	for _, status := range []identity.State{identity.StateNotVerified, identity.StateVerified, identity.StateActive} {
		before := standing(status, "")
		inactive, _, err := before.Deactivate(identity.ByAdministrator, t0)
		require.NoError(t, err)
		after, _, err := inactive.Reactivate(t0.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, before.Status, after.Status)
	}
}

func TestI4_PreviousStatusSurvivesAnyWalkThroughTheMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := standing(identity.StateNotVerified, "")
		now := t0
		last := a.Status // the last status that was not Inactive
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			trigger := rapid.SampledFrom(identity.Triggers).Draw(t, "trigger")
			now = now.Add(time.Hour)
			next, event, err := a.Apply(trigger, reasonFor(trigger), now)
			if err != nil || event.Kind == identity.AccountDeleted {
				continue
			}
			a = next
			if a.Status != identity.Inactive {
				require.Empty(t, a.PreviousStatus)
				require.Empty(t, a.InactiveReason)
				last = a.Status
				continue
			}
			require.NotEmpty(t, a.InactiveReason)
			require.Equal(t, last, a.PreviousStatus)
		}
	})
}
