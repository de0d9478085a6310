package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestSurprise12_ClaimingAndSynchronizingDoNotMix(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	n := w.connected(org, "AD")
	_, _, err := w.claim(org, "ada@corp.example", identity.ClaimImmediate)
	refusedWith(t, err, identity.RuleClaimTargetDirSync)

	w.switchOff(org)
	_, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	_, err = w.EnableSync(w.ctx, admin, org)
	refusedWith(t, err, identity.RuleDryRunRequired)
	w.clock.move(time.Second)
	w.planned(n, identity.PlanReady)
	_, err = w.EnableSync(w.ctx, admin, org)
	require.NoError(t, err)
	lost, err := act(w, org, connector, func(c *identity.Acts) (identity.Account, error) {
		return c.Mirror(w.ctx, a.ID, nil, identity.Mirror{Standing: identity.DirectoryMissing, Loss: identity.DirectoryDeleted})
	})
	require.NoError(t, err)
	require.Equal(t, identity.StateDeleted, lost.State())
	require.Equal(t, w.Now().Add(7*identity.Day), w.why(lost).Next.At)
}

func TestSurprise13_ThreeClocksForOneStatus(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	inactive := map[string]identity.Account{}
	var err error
	inactive["deleted in the directory"], err = w.mirror(w.synchronized(org, "a@example.com", false), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	inactive["disabled in the directory"], err = w.mirror(w.synchronized(org, "b@example.com", false), identity.DirectoryBlocked, "")
	require.NoError(t, err)
	inactive["by an administrator"], err = w.deactivate(admin, w.must(org, provider, person("c@example.com")))
	require.NoError(t, err)
	inactive["by a provider"], err = w.deactivate(provider, w.must(org, provider, person("d@example.com")))
	require.NoError(t, err)
	days := map[string]time.Duration{"deleted in the directory": 7, "by an administrator": 30, "by a provider": 30}
	for name, a := range inactive {
		require.Equal(t, identity.Inactive, a.Status, name)
		at, ok := a.PurgeAt(w.organization(org))
		require.Equal(t, days[name] > 0, ok, name)
		if ok {
			require.Equal(t, t0.Add(days[name]*identity.Day), at, name)
		}
	}
}

func TestSurprise14_TheSevenDaysSurviveSwitchingTheDirectoryOff(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, err := w.mirror(a, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	w.clock.move(2 * identity.Day)
	w.switchOff(org)
	w.clock.move(5*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge())
}

func TestSurprise15_InactiveUsersKeepLicencesAndSoftDeletedOnesTheAddressToo(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "Suite", seats("calling", 2))
	inactive, err := w.deactivate(admin, w.licensed(org, "ada@example.com", "calling"))
	require.NoError(t, err)
	lost := w.synchronized(org, "bob@example.com", false)
	require.NoError(t, w.addLicences(lost, "calling"))
	_, err = w.mirror(lost, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	require.Equal(t, []identity.Licence{"calling"}, w.licences(inactive))
	refusedWith(t, w.addLicences(w.must(org, provider, person("cyd@example.com")), "calling"), identity.RuleNoLicences)
	elsewhere := w.org("B")
	_, err = w.add(elsewhere, admin, person("bob@example.com"))
	refusedWith(t, err, identity.RuleEmailHeld)
	w.clock.move(7 * identity.Day)
	require.Equal(t, 1, w.purge())
	w.must(elsewhere, provider, person("bob@example.com"))
}

func TestSurprise16_WithADirectoryTheConsoleOnlyResendsInvitations(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, err := w.deactivate(admin, a)
	refusedWith(t, err, identity.RuleManagedByDirectory)
	refusedWith(t, w.delete(admin, a), identity.RuleManagedByDirectory)
	_, err = w.add(org, admin, person("bob@example.com"))
	refusedWith(t, err, identity.RuleManagedByDirectory)
	_, err = w.reactivate(admin, a)
	refusedWith(t, err, identity.RuleManagedByDirectory)
	sent, err := w.invite(a)
	require.NoError(t, err)
	require.True(t, sent)
}

func TestSurprise20_ThePipesNeverConvert(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	ada, _ := w.personal("ada@corp.example")
	for name, by := range map[string]identity.Actor{"SCIM": provider, "directory": connector} {
		_, err := w.add(org, by, person("ada@corp.example"))
		refusedWith(t, err, identity.RuleEmailClaimable)
		require.Equal(t, ada.Version, w.account(ada).Version, name)
	}
	w.claimed(org, "ada@corp.example", "")
}
