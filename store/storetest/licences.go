package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// subscription stores a subscription with the given pools, nothing of which is used.
func (w world) subscription(t testing.TB, org identity.OrgID, started time.Time, pools ...identity.Pool) identity.Subscription {
	t.Helper()
	s := identity.Subscription{
		ID: identity.SubscriptionID(w.ids.New()), Org: org, Name: "Enterprise", Type: identity.Paid, Status: identity.SubscriptionActive,
		Pools: pools, StartedAt: started, UpdatedAt: start, Version: 1,
	}
	w.must(t, func(tx identity.Tx) error { return tx.InsertSubscription(ctx, s) })
	return s
}

func assignment(a identity.Account, s identity.Subscription, licence identity.Licence) identity.Assignment {
	return identity.Assignment{Org: a.Org, Account: a.ID, Licence: licence, Subscription: s.ID, At: start}
}

func (w world) take(a identity.Assignment) error {
	return w.do(func(tx identity.Tx) error { return tx.TakeSeat(ctx, a) })
}

// used returns the seats that are taken, by licence.
func (w world) used(t testing.TB, s identity.Subscription) map[identity.Licence]int {
	t.Helper()
	got, err := w.store.Subscription(ctx, s.Org, s.ID)
	require.NoError(t, err)
	used := map[identity.Licence]int{}
	for _, p := range got.Pools {
		used[p.Licence] = p.Used
	}
	return used
}

func testLicences(t *testing.T, w world) {
	t.Run("LIC-05 subscriptions are listed with their pools, the one that started first first", func(t *testing.T) {
		late := w.subscription(t, w.own, start, identity.Pool{Licence: "meetings", Seats: 5}, identity.Pool{Licence: "calling"})
		early := w.subscription(t, w.own, start.Add(-time.Microsecond))
		same := w.subscription(t, w.own, start, identity.Pool{Licence: "calling", Seats: 1})
		slices.Reverse(late.Pools)
		all, err := w.store.Subscriptions(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.Subscription{early, late, same}, all)
		got, err := w.store.Subscription(ctx, w.own, late.ID)
		require.NoError(t, err)
		require.Equal(t, late, got)
	})
	t.Run("what is used is the store's to count", func(t *testing.T) {
		s := w.subscription(t, w.own, start, identity.Pool{Licence: "calling", Seats: 3, Used: 2})
		require.Equal(t, map[identity.Licence]int{"calling": 0}, w.used(t, s))
	})
	t.Run("a subscription is changed with its pools", func(t *testing.T) { testPools(t, w) })
	t.Run("LIC-01 a seat is taken and returned", func(t *testing.T) { testSeats(t, w) })
	t.Run("LIC-05 of many who want the last seats nobody gets one too many", func(t *testing.T) {
		const seats, takers = 5, 16
		s := w.subscription(t, w.own, start, identity.Pool{Licence: "calling", Seats: seats})
		var accounts []identity.Account
		for i := range takers {
			accounts = append(accounts, w.add(t, w.account(w.own, "taker"+strconv.Itoa(i))))
		}
		winners := race(t, takers, func(i int) error { return w.take(assignment(accounts[i], s, "calling")) }, identity.RuleNoLicences)
		require.Len(t, winners, seats)
		require.Equal(t, map[identity.Licence]int{"calling": seats}, w.used(t, s))
		var ids []identity.AccountID
		for _, a := range accounts {
			ids = append(ids, a.ID)
		}
		among, err := w.store.AssignmentsAmong(ctx, w.own, ids)
		require.NoError(t, err)
		require.Len(t, among, seats, "exactly those who won have it")
		for _, i := range winners {
			require.Contains(t, among, assignment(accounts[i], s, "calling"))
		}
	})
	t.Run("LIC-01 templates", func(t *testing.T) { testTemplates(t, w) })
}

func testPools(t *testing.T, w world) {
	s := w.subscription(t, w.own, start, identity.Pool{Licence: "calling", Seats: 3}, identity.Pool{Licence: "meetings"})
	for _, name := range []string{"pool-ada", "pool-bob"} {
		require.NoError(t, w.take(assignment(w.add(t, w.account(w.own, name)), s, "calling")))
	}
	update := func(s identity.Subscription) error {
		return w.do(func(tx identity.Tx) error { return tx.UpdateSubscription(ctx, s) })
	}
	s.Name, s.Type, s.Status, s.StartedAt, s.UpdatedAt = "Trial", identity.OnlineTrial, identity.SubscriptionSuspended, start.Add(time.Hour), start.Add(2*time.Hour)
	s.Pools = []identity.Pool{{Licence: "calling", Seats: 2}, {Licence: "events", Seats: 7}}
	require.NoError(t, update(s), "down to what is used, one pool less and one more")
	s.Version, s.Pools[0].Used = 2, 2
	got, err := w.store.Subscription(ctx, w.own, s.ID)
	require.NoError(t, err)
	require.Equal(t, s, got)
	for name, pools := range map[string][]identity.Pool{
		"a pool smaller than what is used": {{Licence: "calling", Seats: 1}, {Licence: "events", Seats: 7}},
		"without a pool that is in use":    {{Licence: "events", Seats: 7}},
		"without any pool":                 nil,
	} {
		wrong := s
		wrong.Pools = pools
		refused(t, update(wrong), identity.Conflict, identity.RuleLicencesInUse)
		got, err := w.store.Subscription(ctx, w.own, s.ID)
		require.NoError(t, err)
		require.Equal(t, s, got, name)
	}
	stale := s
	stale.Version = 1
	refused(t, update(stale), identity.Stale, identity.RuleVersionMismatch)
	stale.ID = "none"
	refused(t, update(stale), identity.NotFound, identity.RuleUnknownSub)
	s.Pools = []identity.Pool{{Licence: "calling", Seats: identity.Unlimited}}
	require.NoError(t, update(s), "without limit, whatever is used")
	require.Equal(t, map[identity.Licence]int{"calling": 2}, w.used(t, s))
}

func testSeats(t *testing.T, w world) {
	s := w.subscription(t, w.own, start, identity.Pool{Licence: "calling", Seats: 1}, identity.Pool{Licence: "meetings"})
	ada, bob := w.add(t, w.account(w.own, "seat-ada")), w.add(t, w.account(w.own, "seat-bob"))
	for _, licence := range []identity.Licence{"meetings", "calling"} {
		require.NoError(t, w.take(assignment(ada, s, licence)))
	}
	hers, err := w.store.Assignments(ctx, w.own, ada.ID)
	require.NoError(t, err)
	require.Equal(t, []identity.Assignment{assignment(ada, s, "calling"), assignment(ada, s, "meetings")}, hers)

	for name, wanted := range map[string]identity.Assignment{
		"no seat is free":                  assignment(bob, s, "calling"),
		"the subscription has no such":     assignment(bob, s, "events"),
		"there is no such subscription":    assignment(bob, identity.Subscription{ID: "none"}, "calling"),
		"another organization's seats are": {Org: w.other, Account: bob.ID, Licence: "meetings", Subscription: s.ID, At: start},
	} {
		w.must(t, func(tx identity.Tx) error {
			refused(t, tx.TakeSeat(ctx, wanted), identity.Conflict, identity.RuleNoLicences)
			a, err := tx.Account(ctx, w.own, bob.ID)
			require.NoError(t, err, "%s: the transaction stays usable", name)
			require.Equal(t, bob, a)
			return nil
		})
	}
	w.must(t, func(tx identity.Tx) error {
		refused(t, tx.TakeSeat(ctx, assignment(bob, s, "calling")), identity.Conflict, identity.RuleNoLicences)
		return tx.TakeSeat(ctx, assignment(bob, s, "meetings"))
	})
	require.Equal(t, map[identity.Licence]int{"calling": 1, "meetings": 2}, w.used(t, s))

	err = w.take(assignment(ada, s, "meetings"))
	require.Equal(t, identity.Internal, identity.KindOf(err), "whoever has a licence is not given it again: %v", err)
	nobody := w.account(w.own, "never-stored")
	require.Equal(t, identity.Internal, identity.KindOf(w.take(assignment(nobody, s, "meetings"))))
	require.Equal(t, map[identity.Licence]int{"calling": 1, "meetings": 2}, w.used(t, s), "neither is counted")

	giveBack := func(a identity.Assignment) error {
		return w.do(func(tx identity.Tx) error { return tx.ReturnSeat(ctx, a) })
	}
	require.NoError(t, giveBack(assignment(ada, s, "calling")))
	refused(t, giveBack(assignment(ada, s, "calling")), identity.NotFound, identity.RuleUnknownLicence)
	refused(t, giveBack(identity.Assignment{Org: w.other, Account: ada.ID, Licence: "meetings", Subscription: s.ID}), identity.NotFound, identity.RuleUnknownLicence)
	require.Equal(t, map[identity.Licence]int{"calling": 0, "meetings": 2}, w.used(t, s))
	require.NoError(t, w.take(assignment(bob, s, "calling")), "the seat is free again")
}

func testTemplates(t *testing.T, w world) {
	first, second := w.group(t, w.own, "Sales"), w.group(t, w.own, "Support")
	put := func(group identity.GroupID, at time.Time, licences ...identity.Licence) identity.Template {
		p := identity.Template{Org: w.own, Group: group, Licences: licences, UpdatedAt: at}
		w.must(t, func(tx identity.Tx) error { return tx.PutTemplate(ctx, p) })
		return p
	}
	templates := func() []identity.Template {
		all, err := w.store.Templates(ctx, w.own)
		require.NoError(t, err)
		return all
	}
	put(second.ID, start, "calling")
	own, sales := put("", start, "meetings", "calling"), put(first.ID, start)
	support := put(second.ID, start.Add(time.Hour), "events")
	require.Equal(t, []identity.Template{own, sales, support}, templates())
	for _, org := range []identity.OrgID{w.own, w.other} {
		foreign := identity.Template{Org: org, Group: "none", Licences: []identity.Licence{"calling"}, UpdatedAt: start}
		if org == w.other {
			foreign.Group = first.ID
		}
		w.must(t, func(tx identity.Tx) error {
			refused(t, tx.PutTemplate(ctx, foreign), identity.NotFound, identity.RuleUnknownGroup)
			return nil
		})
	}
	w.must(t, func(tx identity.Tx) error { return tx.DeleteGroup(ctx, w.own, first.ID, 1) })
	require.Equal(t, []identity.Template{own, support}, templates(), "a group goes with its template")
	for _, group := range []identity.GroupID{"", second.ID} {
		remove := func(tx identity.Tx) error { return tx.DeleteTemplate(ctx, w.own, group) }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownTemplate)
	}
	require.Empty(t, templates())
}
