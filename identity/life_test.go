package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestUSR21_DeactivationAndTheWayBack(t *testing.T) {
	w := newWorld(t)
	a := w.must(w.org("A"), provider, person("ada@example.com"))
	w.signIn(a)
	inactive, err := w.deactivate(admin, a)
	require.NoError(t, err)
	require.Equal(t, identity.Active, inactive.PreviousStatus)
	_, err = w.deactivate(admin, a)
	refusedWith(t, err, identity.RuleInvalidTransition)
	require.Equal(t, identity.Active, w.account(a).PreviousStatus, "a second deactivation does not forget the way back")
	back, err := w.reactivate(admin, a)
	require.NoError(t, err)
	require.Equal(t, identity.Active, back.Status)
	_, err = w.reactivate(admin, a)
	refusedWith(t, err, identity.RuleInvalidTransition)
	require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.AccountActivated, identity.AccountDeactivated, identity.AccountReactivated}, w.events(a))
}

func TestUSR04_VerificationAndSignIn(t *testing.T) {
	w := newWorld(t)
	a := w.must(w.org("A"), provider, person("ada@example.com"))
	verify := func() (identity.Account, error) {
		return act(w, a.Org, identity.Actor{Kind: identity.Owner}, func(c *identity.Acts) (identity.Account, error) { return c.VerifyEmail(w.ctx, a.ID) })
	}
	require.Equal(t, identity.NotVerified, a.Status)
	verified, err := verify()
	require.NoError(t, err)
	require.Equal(t, identity.Verified, verified.Status)
	again, err := verify()
	require.NoError(t, err)
	require.Equal(t, verified.Version, again.Version, "twice changes nothing")
	w.clock.move(time.Hour)
	w.signIn(a)
	active := w.account(a)
	require.Equal(t, identity.Active, active.Status)
	w.clock.move(time.Hour)
	w.signIn(a)
	later := w.account(a)
	require.Equal(t, active.FirstSignInAt, later.FirstSignInAt)
	require.Equal(t, w.clock.Now(), later.LastSignInAt)
	require.Equal(t, active.UpdatedAt, later.UpdatedAt, "a sign-in edits nobody")

	_, err = w.deactivate(admin, a)
	require.NoError(t, err)
	_, err = verify()
	refusedWith(t, err, identity.RuleAccountInactive)
	_, err = act(w, a.Org, identity.Actor{Kind: identity.Owner}, func(c *identity.Acts) (identity.Account, error) { return c.SignIn(w.ctx, a.ID) })
	refusedWith(t, err, identity.RuleAccountInactive) // USR-05
	require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.AccountVerified, identity.AccountActivated, identity.SignedIn, identity.AccountDeactivated},
		w.events(a))
}

func TestSCM09_ActiveFalseAndTrueOverAProvider(t *testing.T) {
	w := newWorld(t)
	a := w.must(w.org("A"), provider, person("ada@example.com"))
	off, err := w.update(provider, a, func(d *identity.Draft) { d.Active = false })
	require.NoError(t, err)
	require.Equal(t, identity.ByProvider, off.InactiveReason)
	again, err := w.update(provider, a, func(d *identity.Draft) { d.Active = false })
	require.NoError(t, err)
	require.Equal(t, off.Version, again.Version, "saying it twice changes nothing")
	require.Equal(t, off.StatusAt, again.StatusAt, "and restarts no clock")
	on, err := w.update(provider, a, func(d *identity.Draft) { d.Active = true })
	require.NoError(t, err)
	require.Equal(t, identity.NotVerified, on.Status)

	w.clock.move(time.Hour)
	_, err = w.update(provider, a, func(d *identity.Draft) { d.Active = false })
	require.NoError(t, err)
	w.clock.move(30*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge(), "USR-17: thirty days, whoever deactivated")
}

func TestUSR11_TheDirectoryDeletesAndDisables(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	deleted := w.synchronized(org, "deleted@example.com", false)
	disabled := w.synchronized(org, "disabled@example.com", false)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	w.clock.move(time.Hour)
	_, err := w.mirror(deleted, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	_, err = w.mirror(disabled, identity.DirectoryBlocked, "")
	require.NoError(t, err)
	w.clock.move(24 * time.Hour)
	_, err = w.mirror(w.account(deleted), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	require.Equal(t, t0.Add(time.Hour), w.account(deleted).StatusAt, "a second synchronization does not restart the clock")
	w.clock.move(6*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge())
	_, err = w.Reader().Account(w.ctx, org, deleted.ID)
	require.True(t, identity.IsNotFound(err))
	w.clock.move(400 * identity.Day)
	require.Zero(t, w.purge())
	require.Equal(t, identity.StateDisabled, w.account(disabled).State())
	back, err := w.mirror(w.account(disabled), identity.DirectoryPresent, "")
	require.NoError(t, err)
	require.Equal(t, identity.NotVerified, back.Status)
}

func TestUSR12_BackWithinSevenDaysIsTheSameAccount(t *testing.T) {
	w := newWorld(t)
	a := w.synchronized(w.org("A"), "ada@example.com", false)
	w.signIn(a)
	_, err := w.mirror(w.account(a), identity.DirectoryMissing, identity.DirectoryOutOfScope)
	require.NoError(t, err)
	w.clock.move(6 * identity.Day)
	back, err := w.mirror(w.account(a), identity.DirectoryPresent, "")
	require.NoError(t, err)
	require.Equal(t, a.ID, back.ID)
	require.Equal(t, identity.Active, back.Status)
	w.clock.move(30 * identity.Day)
	require.Zero(t, w.purge())
	hold, err := w.Reader().Hold(w.ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, identity.HoldPrimary, hold.Kind, "the address is an ordinary one again")
}

func TestUSR22_TheDirectoryOwnsItsPeople(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	gone, err := w.mirror(w.synchronized(org, "gone@example.com", false), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	disabled := w.synchronized(org, "disabled@example.com", true)
	w.matched(org)
	for _, mode := range identity.SyncModes[1:] {
		w.set(org, func(o *identity.Organization) { o.SyncMode = mode })
		for _, by := range []identity.Actor{admin, provider, operator} {
			_, err := w.add(org, by, person("new@example.com"))
			refusedWith(t, err, identity.RuleManagedByDirectory)
			_, err = w.update(by, a, func(d *identity.Draft) { d.UserName = "other@example.com" })
			refusedWith(t, err, identity.RuleManagedByDirectory)
			_, err = w.deactivate(by, a)
			refusedWith(t, err, identity.RuleManagedByDirectory)
			_, err = w.reactivate(by, disabled)
			refusedWith(t, err, identity.RuleManagedByDirectory)
			refusedWith(t, w.delete(by, a), identity.RuleManagedByDirectory)
			refusedWith(t, w.delete(by, disabled), identity.RuleManagedByDirectory)
		}
		refusedWith(t, w.delete(provider, gone), identity.RuleManagedByDirectory)
	}
	require.NoError(t, w.delete(admin, gone), "USR-15: people gone from the directory can be deleted early")
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	_, err = w.reactivate(admin, disabled)
	require.NoError(t, err, "USR-14: once synchronization is off an administrator may act")
	_, err = w.deactivate(admin, a)
	require.NoError(t, err)
}

func TestUSR14_TheSevenDaysRunOnWhenSynchronizationIsSwitchedOff(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, err := w.mirror(a, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	w.clock.move(2 * identity.Day)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	w.clock.move(5*identity.Day - time.Microsecond)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge())
}

func TestUSR16_RetentionOfThirtyToNinetyDays(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	for days, good := range map[int]bool{29: false, 30: true, 90: true, 91: false} {
		_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
			o.RetentionDays = days
			return o
		})
		require.Equal(t, good, err == nil, "%d days", days)
	}
	w.set(org, func(o *identity.Organization) { o.RetentionDays = 90 })
	a, err := w.deactivate(admin, w.must(org, provider, person("ada@example.com")))
	require.NoError(t, err)
	require.Equal(t, t0.Add(90*identity.Day), w.why(a).Next.At)
	w.clock.move(60 * identity.Day)
	require.Zero(t, w.purge())
	w.set(org, func(o *identity.Organization) { o.RetentionDays = 30 })
	require.Equal(t, t0.Add(61*identity.Day), w.why(a).Next.At)
	require.Contains(t, w.why(a).Next.Text, "a day after the organization began to keep inactive users for 30 days only")
	w.clock.move(identity.Day - time.Microsecond)
	require.Zero(t, w.purge(), "nobody goes without a day's notice")
	w.set(org, func(o *identity.Organization) { o.RetentionCutAt = time.Time{} })
	require.Equal(t, t0.Add(61*identity.Day), w.why(a).Next.At, "the notice is nobody's to change")
	w.set(org, func(o *identity.Organization) { o.RetentionDays = 61 })
	require.Equal(t, t0.Add(61*identity.Day), w.why(a).Next.At, "more days begin no notice")
	w.set(org, func(o *identity.Organization) { o.RetentionDays = 62 })
	require.Equal(t, t0.Add(62*identity.Day), w.why(a).Next.At, "they move the date at once")
	w.clock.move(identity.Day)
	require.Zero(t, w.purge())
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.purge(), "the date follows the setting, also for those who are inactive already")
}

func TestUpdate_SaysWhatChangedOrChangesNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("ada@example.com"))
	w.clock.move(time.Minute)
	same, err := w.update(provider, a, func(*identity.Draft) {})
	require.NoError(t, err)
	require.Equal(t, a, same)
	b, err := w.update(provider, a, func(d *identity.Draft) { d.ExternalID, d.Profile = "e1", `{"title":"x"}` })
	require.NoError(t, err)
	require.Equal(t, a.Version+1, b.Version)
	require.Equal(t, t0.Add(time.Minute), b.UpdatedAt)
	list, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Account: a.ID, Newest: true, Limit: 1})
	require.NoError(t, err)
	require.JSONEq(t, `{"changed":["externalId","profile"]}`, string(list[0].Evidence))
	require.Equal(t, provider.ID, list[0].Actor.ID)

	stale := identity.Refuse(identity.Stale, identity.RuleVersionMismatch, "no")
	_, err = act(w, org, provider, func(c *identity.Acts) (identity.Account, error) {
		return c.Update(w.ctx, a.ID, func(identity.Account) error { return stale }, nil)
	})
	require.ErrorIs(t, err, stale)
}

func TestUpdate_AddressesMoveWithTheAccount(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("old@example.com"))
	b := w.must(org, provider, person("b@example.com"))
	_, err := w.update(provider, b, func(d *identity.Draft) { *d = person("OLD@example.com") })
	refusedWith(t, err, identity.RuleEmailTaken)
	_, err = w.update(provider, a, func(d *identity.Draft) { *d = person("new@example.com") })
	require.NoError(t, err)
	_, err = w.update(provider, b, func(d *identity.Draft) { *d = person("OLD@example.com") })
	require.NoError(t, err)
	require.Equal(t, "OLD@example.com", w.account(b).UserName, "kept as it was spelt")
}

func TestRelease_TwoPeopleExchangeTheirAddresses(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, b := w.synchronized(org, "a@example.com", false), w.synchronized(org, "b@example.com", false)
	mirror := func(c *identity.Acts, of identity.Account, address string) error {
		_, err := c.Mirror(w.ctx, of.ID, nil, identity.Mirror{Draft: person(address), Link: *of.Directory, Standing: identity.DirectoryPresent})
		return err
	}
	err := w.Transact(w.ctx, org, connector, func(c *identity.Acts) error {
		require.NoError(t, c.Release(w.ctx, a.ID))
		require.NoError(t, c.Release(w.ctx, b.ID))
		// userNames are unique as well, so the first one steps aside.
		require.NoError(t, mirror(c, a, "aside@example.com"))
		require.NoError(t, mirror(c, b, "a@example.com"))
		return mirror(c, a, "b@example.com")
	})
	require.NoError(t, err)
	for address, owner := range map[identity.EmailKey]identity.AccountID{"a@example.com": b.ID, "b@example.com": a.ID} {
		hold, err := w.Reader().Hold(w.ctx, address)
		require.NoError(t, err)
		require.Equal(t, owner, hold.Account)
	}
	_, err = w.Reader().Hold(w.ctx, "aside@example.com")
	require.True(t, identity.IsNotFound(err))
}

func TestSCM11_DeletionIsFinalAndFreesTheAddress(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("ada@example.com"))
	require.NoError(t, w.delete(provider, a))
	require.True(t, identity.IsNotFound(w.delete(provider, a)))
	again := w.must(org, provider, person("ada@example.com"))
	require.NotEqual(t, a.ID, again.ID)
	x := w.why(a)
	require.Equal(t, "deleted", x.Status)
	require.Equal(t, provider.ID, x.Actor.ID)
}

func TestEML16_AnAlternateThatSomebodyElseTookFirstStaysContactData(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	ada := w.must(a, provider, identity.Draft{UserName: "ada", Active: true, Emails: []identity.AccountEmail{
		{Value: "ada@work.example", Primary: true}, {Value: "shared@owned.example"}}})
	w.must(b, provider, person("shared@owned.example"))
	w.verify(a, "owned.example")
	changed, err := w.update(provider, ada, func(d *identity.Draft) { d.Profile = `{"title":"x"}` })
	require.NoError(t, err, "a change of something else does not fail over it")
	require.Len(t, changed.Emails, 2)
	hold, err := w.Reader().Hold(w.ctx, "shared@owned.example")
	require.NoError(t, err)
	require.Equal(t, b, hold.Org)
	_, err = w.update(provider, w.must(a, provider, person("eve@work.example")), func(d *identity.Draft) {
		d.Emails = append(d.Emails, identity.AccountEmail{Value: "shared@owned.example"})
	})
	refusedWith(t, err, identity.RuleEmailClaimable)
}
