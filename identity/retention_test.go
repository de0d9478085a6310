package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

func TestUSR10_USR11_ThreeClocksForOneStatus(t *testing.T) {
	org := identity.Organization{ID: "o1", RetentionDays: 30}
	for name, c := range map[string]struct {
		reason identity.InactiveReason
		days   int // 0: never
	}{
		"USR-10 deactivated by an administrator": {identity.ByAdministrator, 30},
		"USR-17 deactivated by its provider":     {identity.ByProvider, 30},
		"USR-11a deleted in the directory":       {identity.DirectoryDeleted, 7},
		"DIR-18 moved out of scope":              {identity.DirectoryOutOfScope, 7},
		"USR-11b disabled in the directory":      {identity.DirectoryDisabled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a, _, err := standing(identity.StateActive, "").Deactivate(c.reason, t0)
			require.NoError(t, err)
			at, purged := a.PurgeAt(org)
			if c.days == 0 {
				require.False(t, purged)
				require.False(t, a.Due(org, t0.Add(400*identity.Day)))
				return
			}
			require.True(t, purged)
			require.Equal(t, t0.Add(time.Duration(c.days)*24*time.Hour), at)
			require.False(t, a.Due(org, at.Add(-time.Second)))
			require.True(t, a.Due(org, at), "at the very instant")
		})
	}
}

func TestUSR13_AChangeOfReasonStartsTheClockOfTheNewReason(t *testing.T) {
	org := identity.Organization{RetentionDays: 30}
	disabled, _, err := standing(identity.StateActive, "").Deactivate(identity.DirectoryDisabled, t0)
	require.NoError(t, err)
	later := t0.Add(100 * identity.Day)
	deleted, _, err := disabled.Deactivate(identity.DirectoryDeleted, later)
	require.NoError(t, err)
	at, purged := deleted.PurgeAt(org)
	require.True(t, purged)
	require.Equal(t, later.Add(7*identity.Day), at, "seven days from the synchronization that saw the deletion")

	back, _, err := deleted.Deactivate(identity.DirectoryDisabled, later.Add(time.Hour))
	require.NoError(t, err)
	_, purged = back.PurgeAt(org)
	require.False(t, purged)
	require.Equal(t, identity.Active, back.PreviousStatus, "the way back is the one from before it all")
}

func TestUSR16_TheRetentionOfTheOrganizationMovesTheDate(t *testing.T) {
	a, _, err := standing(identity.StateActive, "").Deactivate(identity.ByAdministrator, t0)
	require.NoError(t, err)
	at, _ := a.PurgeAt(identity.Organization{RetentionDays: 90})
	require.Equal(t, t0.Add(90*identity.Day), at)
	gone, _, err := standing(identity.StateActive, "").Deactivate(identity.DirectoryDeleted, t0)
	require.NoError(t, err)
	at, _ = gone.PurgeAt(identity.Organization{RetentionDays: 90})
	require.Equal(t, t0.Add(7*identity.Day), at, "it does not apply to users of a directory")
}

func TestUSR20_OnlyInactiveAccountsAreEverDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := standing(rapid.SampledFrom(identity.States).Draw(t, "state"), identity.Active)
		org := identity.Organization{RetentionDays: rapid.IntRange(30, 90).Draw(t, "days")}
		now := t0.Add(time.Duration(rapid.IntRange(0, 500).Draw(t, "hours")) * time.Hour)
		if a.Due(org, now) {
			require.Equal(t, identity.Inactive, a.Status)
			require.False(t, now.Before(t0.Add(7*identity.Day)), "nobody goes before the date that was shown")
		}
	})
}
