package identity_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestUSR06_LicencesAreIndependentOfTheStatus(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("calling", 10))
	users := make([]identity.Account, 10)
	for i := range users {
		users[i] = w.must(org, provider, person(fmt.Sprintf("user%d@example.com", i)))
		require.NoError(t, w.addLicences(users[i], "calling"))
	}
	require.Equal(t, 10, w.used(org, "calling"))
	_, err := w.deactivate(admin, users[0])
	require.NoError(t, err)
	require.Equal(t, 10, w.used(org, "calling"), "LIC-06: an inactive user still consumes the licence")

	eleventh := w.must(org, provider, person("eleventh@example.com"))
	err = w.addLicences(eleventh, "calling")
	refusedWith(t, err, identity.RuleNoLicences)
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	require.ErrorContains(t, err, "all 10 seats of the licence calling are used")
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(eleventh))

	require.NoError(t, w.removeLicences(users[0], "calling"), "from any user, inactive or not")
	require.Equal(t, 9, w.used(org, "calling"))
	require.NoError(t, w.addLicences(eleventh, "calling"))
	require.NoError(t, w.removeLicences(eleventh, "calling"))
	require.NoError(t, w.addLicences(w.account(users[0]), "calling"), "LIC-06: an inactive user can get one as well")
	_, err = w.reactivate(admin, users[0])
	require.NoError(t, err)
	require.Equal(t, []identity.Licence{"calling"}, w.licences(users[0]))
}

func TestLIC02_ExplicitLicencesSwitchTheTemplateOff(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 5), seats("l9", 5))
	w.template(org, "", "l1")
	require.Equal(t, []identity.Licence{"l9"}, w.licences(w.licensed(org, "a@example.com", "l9")))
	none := w.licensed(org, "b@example.com")
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(none), "explicitly none is explicit too")
	require.Equal(t, []identity.Licence{"l1"}, w.licences(w.must(org, provider, person("c@example.com"))))
	require.Equal(t, 1, w.used(org, "l1"))
}

func TestLIC02_AnExplicitLicenceWithoutASeatRefusesTheAccount(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 1), seats("l2", 1))
	w.licensed(org, "first@example.com", "l1")
	for name, c := range map[string]struct {
		licences []identity.Licence
		rule     identity.Rule
		kind     identity.Kind
	}{
		"no seat is left":         {[]identity.Licence{"l2", "l1"}, identity.RuleNoLicences, identity.Conflict},
		"nobody sells it":         {[]identity.Licence{"l2", "l7"}, identity.RuleUnknownLicence, identity.Invalid},
		"the free one has no one": {[]identity.Licence{"l2", "free"}, identity.RuleInvalidValue, identity.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			// The refusal is one of several in a transaction that goes on.
			err := w.Transact(w.ctx, org, admin, func(acts *identity.Acts) error {
				_, err := acts.Create(w.ctx, person("second@example.com"), identity.Origin{Source: identity.SourceCSV, Licences: c.licences})
				refusedWith(t, err, c.rule)
				require.Equal(t, c.kind, identity.KindOf(err))
				return nil
			})
			require.NoError(t, err)
			n, err := w.Reader().CountAccounts(w.ctx, org, nil)
			require.NoError(t, err)
			require.Equal(t, 1, n, "nothing is half done")
			require.Zero(t, w.used(org, "l2"))
		})
	}
}

func TestLIC04_WithoutATemplateThereIsTheFreeLicence(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	w.subscribe(org, "S", seats("calling", identity.Unlimited))
	a := w.must(org, provider, person("ada@example.com"))
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(a))
	require.Equal(t, []identity.EventKind{identity.AccountCreated}, w.events(a), "it is derived, so nothing has changed")

	require.NoError(t, w.addLicences(a, "calling"))
	require.Equal(t, []identity.Licence{"calling"}, w.licences(a), "whoever has another has it no more")
	for name, change := range map[string]func() error{
		"add":    func() error { return w.addLicences(a, identity.FreeLicence) },
		"remove": func() error { return w.removeLicences(a, identity.FreeLicence) },
		"set":    func() error { _, err := w.setLicences(admin, a, "calling", identity.FreeLicence); return err },
	} {
		err := change()
		refusedWith(t, err, identity.RuleInvalidValue)
		require.ErrorContains(t, err, "free", name)
	}
	left, err := w.setLicences(admin, a)
	require.NoError(t, err)
	require.Equal(t, []identity.Licence{identity.FreeLicence}, left)
	require.Equal(t, left, w.licences(a))

	_, err = w.LicencesOf(w.ctx, other, a.ID)
	require.True(t, identity.IsNotFound(err), "another organization's user is unknown")
}

func TestLIC05_TheOldestSubscriptionFirst(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	var ids []identity.SubscriptionID
	for _, s := range []identity.Subscription{
		{Name: "younger", Status: identity.SubscriptionActive, StartedAt: t0, Pools: []identity.Pool{seats("calling", identity.Unlimited)}},
		{Name: "older", Status: identity.SubscriptionActive, StartedAt: t0.Add(-identity.Day), Pools: []identity.Pool{seats("calling", 1)}},
		{Name: "oldest, without the licence", Status: identity.SubscriptionActive, StartedAt: t0.Add(-2 * identity.Day)},
		{Name: "oldest, suspended", Status: identity.SubscriptionSuspended, StartedAt: t0.Add(-3 * identity.Day), Pools: []identity.Pool{seats("calling", 5), seats("meetings", 5)}},
	} {
		s.Org, s.Type = org, identity.Paid
		stored, err := w.PutSubscription(w.ctx, admin, s)
		require.NoError(t, err)
		ids = append(ids, stored.ID)
	}
	from := func(a identity.Account) identity.SubscriptionID {
		require.NoError(t, w.addLicences(a, "calling"))
		list, err := w.Reader().Assignments(w.ctx, org, a.ID)
		require.NoError(t, err)
		require.Len(t, list, 1)
		return list[0].Subscription
	}
	a, b, c := w.must(org, provider, person("a@example.com")), w.must(org, provider, person("b@example.com")), w.must(org, provider, person("c@example.com"))
	require.Equal(t, ids[1], from(a))
	require.Equal(t, ids[0], from(b))
	require.NoError(t, w.removeLicences(a, "calling"))
	require.Equal(t, ids[1], from(c), "a seat that is free again is taken first")

	err := w.addLicences(a, "meetings")
	refusedWith(t, err, identity.RuleNoLicences)
	require.ErrorContains(t, err, "no active subscription", "a suspended one gives nobody a seat")
	err = w.addLicences(a, "devices")
	refusedWith(t, err, identity.RuleUnknownLicence)
	require.ErrorContains(t, err, `"devices"`)
}

func TestLIC05_SixteenTakersOfTheLastSeatHaveOneWinner(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("calling", 1))
	errs := make([]error, 16)
	var wait sync.WaitGroup
	for i := range errs {
		a := w.must(org, provider, person(fmt.Sprintf("user%d@example.com", i)))
		wait.Go(func() { errs[i] = w.addLicences(a, "calling") })
	}
	wait.Wait()
	wins := 0
	for _, err := range errs {
		if err == nil {
			wins++
			continue
		}
		refusedWith(t, err, identity.RuleNoLicences)
	}
	require.Equal(t, 1, wins)
	require.Equal(t, 1, w.used(org, "calling"))
}

func TestLIC06_OneEventForEachActAndAccount(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 5), seats("l2", 5), seats("l3", 5))
	a := w.must(org, provider, person("ada@example.com"))
	for _, want := range [][]identity.Licence{{"l2", "l1", "l2"}, {"l1", "l2"}, {"l3", "l1"}, {}, {}} {
		_, err := w.setLicences(admin, a, want...)
		require.NoError(t, err)
	}
	require.NoError(t, w.addLicences(a, "l1"))
	require.NoError(t, w.addLicences(a, "l1"))
	require.NoError(t, w.removeLicences(a, "l1", "l2"))
	require.NoError(t, w.removeLicences(a, "l1"), "what is not there need not be removed")
	refusedWith(t, w.removeLicences(a, "l7"), identity.RuleUnknownLicence)
	require.Equal(t, []string{
		`{"added":["l1","l2"],"removed":[],"missing":[]}`,
		`{"added":["l3"],"removed":["l2"],"missing":[]}`,
		`{"added":[],"removed":["l1","l3"],"missing":[]}`,
		`{"added":["l1"],"removed":[],"missing":[]}`,
		`{"added":[],"removed":["l1"],"missing":[]}`,
	}, w.licenceEvents(a))
}

func TestLIC06_ARefusalChangesNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 5), seats("l2", 5), seats("l3", 1))
	w.licensed(org, "other@example.com", "l3")
	a := w.licensed(org, "ada@example.com", "l1")
	before := w.licenceEvents(a)
	refusal := errors.New("none")
	require.NoError(t, w.Transact(w.ctx, org, admin, func(c *identity.Acts) error {
		_, refusal = c.SetLicences(w.ctx, a, []identity.Licence{"l2", "l3"})
		return nil
	}))
	refusedWith(t, refusal, identity.RuleNoLicences)
	require.Equal(t, []identity.Licence{"l1"}, w.licences(a))
	require.Zero(t, w.used(org, "l2"))
	require.Equal(t, before, w.licenceEvents(a))
}

func TestUSR06_WhoseLicencesCanBeChanged(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("calling", identity.Unlimited))
	synchronized := w.synchronized(org, "synchronized@example.com", false)
	shadow, deferred := w.must(org, provider, person("shadow@example.com")), w.must(org, provider, person("deferred@example.com"))
	shadow.Shadow, deferred.Status = true, identity.DeferredClaim
	for _, a := range []*identity.Account{&shadow, &deferred} {
		w.store(*a)
		*a = w.account(*a)
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	require.NoError(t, w.addLicences(synchronized, "calling"), "no directory maps licences, so its organization may change them")
	refusedWith(t, w.addLicences(shadow, "calling"), identity.RuleClaimedByOther)
	refusedWith(t, w.addLicences(deferred, "calling"), identity.RuleInvalidTransition)
	require.Equal(t, 1, w.used(org, "calling"))
}

func TestUSR24_ADeletedUsersSeatsAreFree(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 2), seats("l2", 2))
	a, b := w.licensed(org, "ada@example.com", "l1", "l2"), w.licensed(org, "eve@example.com", "l1")
	require.NoError(t, w.delete(admin, a))
	require.Equal(t, 1, w.used(org, "l1"))
	require.Zero(t, w.used(org, "l2"))
	require.Equal(t, `{"added":[],"removed":["l1","l2"],"missing":[]}`, w.licenceEvents(a)[1])

	_, err := w.deactivate(admin, b)
	require.NoError(t, err)
	w.clock.move(30 * identity.Day)
	require.Equal(t, 1, w.used(org, "l1"))
	require.Equal(t, 1, w.purge())
	require.Zero(t, w.used(org, "l1"), "USR-10: retention frees the seat too")
}

func TestNTF03_TheFirstLicenceSendsTheActivationMail(t *testing.T) {
	w := newWorld(t)
	org, silent := w.org("A"), w.org("B")
	for _, o := range []identity.OrgID{org, silent} {
		w.subscribe(o, "S", seats("l1", identity.Unlimited), seats("l2", identity.Unlimited))
	}
	w.set(silent, func(o *identity.Organization) { o.ActivationEmails = false })
	mails := func(a identity.Account) []identity.MessageKind {
		list, err := w.Reader().Messages(w.ctx, a.Org, identity.MessageQuery{Account: a.ID, Limit: 10})
		require.NoError(t, err)
		kinds := []identity.MessageKind{}
		for _, m := range list {
			kinds = append(kinds, m.Kind)
		}
		return kinds
	}
	provisioned := w.must(org, provider, person("provisioned@example.com"))
	require.Empty(t, mails(provisioned), "DIR-15: not before there is something to use")
	require.NoError(t, w.addLicences(provisioned, "l1"))
	require.NoError(t, w.addLicences(w.account(provisioned), "l2"))
	require.NoError(t, w.removeLicences(w.account(provisioned), "l1", "l2"))
	require.NoError(t, w.addLicences(w.account(provisioned), "l1"))
	require.Equal(t, []identity.MessageKind{identity.MessageActivation}, mails(provisioned), "once")

	inactive, err := w.deactivate(admin, w.must(org, provider, person("inactive@example.com")))
	require.NoError(t, err)
	require.NoError(t, w.addLicences(inactive, "l1"))
	require.Empty(t, mails(inactive))

	unwanted := w.must(silent, provider, person("unwanted@example.com"))
	require.NoError(t, w.addLicences(unwanted, "l1"))
	w.set(silent, func(o *identity.Organization) { o.ActivationEmails = true })
	require.NoError(t, w.addLicences(unwanted, "l2"))
	require.Empty(t, mails(unwanted), "the second licence is not the first")

	byHand, err := w.AddUsers(w.ctx, admin, org, []identity.NewUser{{Draft: person("by-hand@example.com"), Licences: []identity.Licence{"l1"}}})
	require.NoError(t, err)
	require.Equal(t, []identity.MessageKind{identity.MessageInvitation}, mails(byHand[0]), "one first mail is enough")
}
