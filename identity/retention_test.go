package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

func TestUSR10_USR11_USR17_ThreeClocksForOneStatus(t *testing.T) {
	org := identity.Organization{ID: "o1", RetentionDays: 30}
	for name, c := range map[string]struct {
		reason identity.InactiveReason
		days   int // 0: never
	}{
		"USR-10 deactivated by an administrator": {identity.ByAdministrator, 30},
		"USR-17 deactivated by its provider":     {identity.ByProvider, 30},
		"USR-11a deleted in the directory":       {identity.DirectoryDeleted, 7},
		"CLM-42 inactive when claimed":           {identity.ClaimedInactive, 30},
		"DIR-18 moved out of scope":              {identity.DirectoryOutOfScope, 7},
		"USR-11b disabled in the directory":      {identity.DirectoryDisabled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := inactive(t, c.reason)
			at, purged := a.PurgeAt(org)
			if c.days == 0 {
				require.False(t, purged)
				require.False(t, a.Due(org, t0.Add(400*identity.Day)))
				return
			}
			require.True(t, purged)
			require.Equal(t, t0.Add(time.Duration(c.days)*24*time.Hour), at)
			require.False(t, a.Due(org, at.Add(-time.Microsecond)))
			require.True(t, a.Due(org, at), "at the very instant")
		})
	}
}

func TestUSR13_AChangeOfReasonStartsTheClockOfTheNewReason(t *testing.T) {
	org := identity.Organization{RetentionDays: 30}
	later := t0.Add(100 * identity.Day)
	deleted, _, err := inactive(t, identity.DirectoryDisabled).Deactivate(identity.DirectoryDeleted, later)
	require.NoError(t, err)
	at, purged := deleted.PurgeAt(org)
	require.True(t, purged)
	require.Equal(t, later.Add(7*identity.Day), at, "seven days from the synchronization that saw the deletion")
	require.False(t, deleted.Due(org, at.Add(-time.Microsecond)))
	require.True(t, deleted.Due(org, at))

	back, _, err := deleted.Deactivate(identity.DirectoryDisabled, later.Add(time.Hour))
	require.NoError(t, err)
	_, purged = back.PurgeAt(org)
	require.False(t, purged)
	require.Equal(t, identity.Active, back.PreviousStatus, "the way back is the one from before it all")
}

func TestUSR16_TheRetentionOfTheOrganizationMovesTheDate(t *testing.T) {
	const us = time.Microsecond
	day := func(n int) time.Time { return t0.Add(time.Duration(n) * identity.Day) }
	for name, c := range map[string]struct {
		reason identity.InactiveReason
		days   int
		cut    time.Time // zero: the days never became fewer
		want   time.Time
	}{
		"30 days":                              {identity.ByAdministrator, 30, time.Time{}, day(30)},
		"90 days":                              {identity.ByAdministrator, 90, time.Time{}, day(90)},
		"provider":                             {identity.ByProvider, 90, time.Time{}, day(90)},
		"claimed":                              {identity.ClaimedInactive, 90, time.Time{}, day(90)},
		"claimed, cut on the date":             {identity.ClaimedInactive, 30, day(30), day(31)},
		"cut long before":                      {identity.ByAdministrator, 30, day(-9), day(30)},
		"cut just in time for the date":        {identity.ByAdministrator, 30, day(29), day(30)},
		"cut a microsecond later":              {identity.ByAdministrator, 30, day(29).Add(us), day(30).Add(us)},
		"cut on the date":                      {identity.ByAdministrator, 30, day(30), day(31)},
		"cut after the date by the fewer days": {identity.ByProvider, 30, day(60), day(61)},
		"raised again after a cut":             {identity.ByAdministrator, 80, day(60), day(80)},
		"raised again, not beyond the notice":  {identity.ByAdministrator, 40, day(60), day(61)},
		"a directory's users know neither days nor notice": {identity.DirectoryDeleted, 90, day(7), day(7)},
		"those who moved out of its scope neither":         {identity.DirectoryOutOfScope, 30, day(7), day(7)},
	} {
		t.Run(name, func(t *testing.T) {
			a, o := inactive(t, c.reason), identity.Organization{RetentionDays: c.days, RetentionCutAt: c.cut}
			at, purged := a.PurgeAt(o)
			require.True(t, purged)
			require.Equal(t, c.want, at)
			require.False(t, a.Due(o, at.Add(-us)))
			require.True(t, a.Due(o, at))
		})
	}
}

// TestUSR16_NobodyIsDeletedBeforeTheDateThatWasShown changes the days at will: the date that an account has moves later or stays,
// unless they became fewer, and then it is at least a day away.
func TestUSR16_NobodyIsDeletedBeforeTheDateThatWasShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := identity.Organization{RetentionDays: rapid.IntRange(30, 90).Draw(t, "days")}
		a := standing(identity.StateInactive, identity.Active)
		a.StatusAt = t0
		now := t0
		shown, _ := a.PurgeAt(w)
		for range rapid.IntRange(1, 10).Draw(t, "changes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 15*24).Draw(t, "hours")) * time.Hour)
			if a.Due(w, now) {
				require.False(t, now.Before(shown))
				return
			}
			days := rapid.IntRange(30, 90).Draw(t, "days")
			fewer := days < w.RetentionDays
			if w.RetentionDays = days; fewer {
				w.RetentionCutAt = now
			}
			at, _ := a.PurgeAt(w)
			if at.Before(shown) {
				require.True(t, fewer)
				require.False(t, at.Before(now.Add(24*time.Hour)), "a day's notice")
			}
			require.False(t, at.Before(t0.Add(time.Duration(days)*identity.Day)))
			shown = at
		}
	})
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

// inactive returns an account that became inactive at t0.
func inactive(t *testing.T, why identity.InactiveReason) identity.Account {
	t.Helper()
	a, _, err := standing(identity.StateActive, "").Deactivate(why, t0)
	require.NoError(t, err)
	return a
}
