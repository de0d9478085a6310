package directory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// licensed gives an account the one seat of a licence.
func (w *world) licensed(a identity.Account) {
	_, err := w.service.PutSubscription(w.t.Context(), admin, identity.Subscription{Org: w.org, Name: "S", Type: identity.Paid,
		Status: identity.SubscriptionActive, Pools: []identity.Pool{{Licence: "calling", Seats: 1}}})
	require.NoError(w.t, err)
	require.NoError(w.t, w.service.Transact(w.t.Context(), w.org, admin, func(c *identity.Acts) error {
		_, err := c.SetLicences(w.t.Context(), a, []identity.Licence{"calling"})
		return err
	}))
}

func (w *world) licences(a identity.Account) []identity.Licence {
	list, err := w.service.LicencesOf(w.t.Context(), w.org, a.ID)
	require.NoError(w.t, err)
	return list
}

// purge deletes whose time is over, and says how many those were.
func (w *world) purge() int {
	n, err := w.service.PurgeDue(w.t.Context(), 1000)
	require.NoError(w.t, err)
	return n
}

// purgeAt says when somebody will be deleted.
func (w *world) purgeAt(name string) (time.Time, bool) {
	o, err := w.store.Organization(w.t.Context(), w.org)
	require.NoError(w.t, err)
	return w.user(name).PurgeAt(o)
}

// licensedAda is a world in which twenty people and ada are synchronized, and ada is active and has a licence.
func licensedAda(t *testing.T) (*world, identity.Account) {
	w := newWorld(t)
	w.source.set(append(people(20), entry("ada"))...)
	w.sync()
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
		_, err := c.SignIn(t.Context(), w.user("ada@corp.example").ID)
		return err
	}))
	ada := w.user("ada@corp.example")
	require.Equal(t, identity.Active, ada.Status)
	w.licensed(ada)
	return w, ada
}

func TestUSR12_WhoIsBackIsWhoLeft(t *testing.T) {
	gone := func(w *world) { w.source.set(people(20)...) }
	back := func(edit ...func(*directory.Entry)) func(*world) {
		return func(w *world) { w.source.set(append(people(20), entry("ada", edit...))...) }
	}
	for name, c := range map[string]struct {
		leave, comeBack func(*world)
		after           time.Duration
		op              directory.Op
	}{
		"restored on day 6":       {gone, back(), 6 * identity.Day, directory.OpRestore},
		"restored at last":        {gone, back(), 7*identity.Day - time.Second, directory.OpRestore},
		"made anew on day 6":      {gone, back(func(e *directory.Entry) { e.ID = "another object" }), 6 * identity.Day, directory.OpRestore},
		"enabled after 400 days":  {back(disabled), back(), 400 * identity.Day, directory.OpEnable},
		"moved back on day 6":     {func(w *world) { w.source.findings["object-ada"] = directory.OutOfScope; gone(w) }, back(dn("cn=ada,ou=other")), 6 * identity.Day, directory.OpRestore},
		"renamed while away":      {gone, back(mail("lovelace@corp.example")), identity.Day, directory.OpRestore},
		"disabled, gone and back": {func(w *world) { back(disabled)(w); w.sync(); gone(w) }, back(), identity.Day, directory.OpRestore},
	} {
		t.Run(name, func(t *testing.T) {
			w, ada := licensedAda(t)
			c.leave(w)
			w.sync()
			away, err := w.store.Account(t.Context(), w.org, ada.ID)
			require.NoError(t, err)
			require.Equal(t, identity.Inactive, away.Status)
			require.Equal(t, []identity.Licence{"calling"}, w.licences(ada), "USR-06: whoever is inactive keeps the licence")
			w.clock.move(c.after)
			require.Zero(t, w.purge())
			c.comeBack(w)
			report := w.sync()
			require.Equal(t, map[directory.Op]int{c.op: 1}, report.Applied)
			require.Len(t, w.accounts(), 21)
			now, err := w.store.Account(t.Context(), w.org, ada.ID)
			require.NoError(t, err)
			require.Equal(t, identity.Active, now.Status, "the status before")
			require.Empty(t, now.InactiveReason)
			require.Equal(t, []identity.Licence{"calling"}, w.licences(now))
			w.clock.move(400 * identity.Day)
			require.Zero(t, w.purge(), "and no clock runs")
		})
	}
}

func TestUSR12_AfterSevenDaysItIsSomebodyNew(t *testing.T) {
	w, ada := licensedAda(t)
	w.source.set(people(20)...)
	w.sync()
	w.clock.move(8 * identity.Day)
	require.Equal(t, 1, w.purge())
	w.source.set(append(people(20), entry("ada"))...)
	require.Equal(t, map[directory.Op]int{directory.OpCreate: 1}, w.sync().Applied)
	now := w.user("ada@corp.example")
	require.NotEqual(t, ada.ID, now.ID)
	require.Equal(t, ada.Directory.Object, now.Directory.Object)
	require.Equal(t, identity.NotVerified, now.Status)
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(now), "the licence went with the old account")
}

func TestUSR13_AnotherReasonAnotherClock(t *testing.T) {
	w, ada := licensedAda(t)
	w.source.set(append(people(20), entry("ada", disabled))...)
	w.sync()
	_, ever := w.purgeAt("ada@corp.example")
	require.False(t, ever, "disabled: as long as that lasts")
	w.clock.move(100 * identity.Day)
	require.Zero(t, w.purge())

	w.source.set(people(20)...)
	w.sync()
	now := w.user("ada@corp.example")
	require.Equal(t, identity.DirectoryDeleted, now.InactiveReason)
	require.Equal(t, identity.Active, now.PreviousStatus)
	require.WithinDuration(t, w.clock.Now(), now.StatusAt, time.Second, "of the synchronization that saw it")
	at, ever := w.purgeAt("ada@corp.example")
	require.True(t, ever)
	require.Equal(t, now.StatusAt.Add(7*identity.Day), at)

	w.clock.move(6 * identity.Day)
	w.source.set(append(people(20), entry("ada", disabled))...)
	w.sync()
	now = w.user("ada@corp.example")
	require.Equal(t, ada.ID, now.ID)
	require.Equal(t, identity.DirectoryDisabled, now.InactiveReason)
	require.Equal(t, identity.Active, now.PreviousStatus)
	_, ever = w.purgeAt("ada@corp.example")
	require.False(t, ever)
	w.clock.move(100 * identity.Day)
	require.Zero(t, w.purge())
	require.Equal(t, []identity.Licence{"calling"}, w.licences(now))
}

func TestUSR14_TheSevenDaysRunOnWithoutTheConnector(t *testing.T) {
	w, ada := licensedAda(t)
	w.source.set(append(people(19), entry("p0019", disabled))...)
	w.sync()
	lostAt := w.user("ada@corp.example").StatusAt
	w.clock.move(2 * identity.Day)
	require.NoError(t, w.service.RemoveConnector(t.Context(), admin, w.org, w.connector))
	w.clock.move(identity.Day)
	var later identity.Account
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
		var err error
		later, err = c.Deactivate(t.Context(), w.user("p0000@corp.example").ID, nil)
		return err
	}))

	w.clock.move(lostAt.Add(7*identity.Day).Sub(w.clock.Now()) - time.Second)
	require.Zero(t, w.purge())
	w.clock.move(time.Second)
	require.Equal(t, 1, w.purge())
	_, err := w.store.Account(t.Context(), w.org, ada.ID)
	require.True(t, identity.IsNotFound(err))

	w.clock.move(later.StatusAt.Add(identity.DefaultRetentionDays*identity.Day).Sub(w.clock.Now()) - time.Second)
	require.Zero(t, w.purge(), "whoever became inactive afterwards follows the ordinary rule")
	w.clock.move(time.Second)
	require.Equal(t, 1, w.purge())
	_, err = w.store.Account(t.Context(), w.org, later.ID)
	require.True(t, identity.IsNotFound(err))

	w.clock.move(400 * identity.Day)
	require.Zero(t, w.purge())
	require.Equal(t, identity.DirectoryDisabled, w.user("p0019@corp.example").InactiveReason, "disabled in the directory: until an administrator acts (A14)")
}
