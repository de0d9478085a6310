package identity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestORG05_WhatASubscriptionMayBe(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	pools := func(n int) []identity.Pool {
		list := make([]identity.Pool, n)
		for i := range list {
			list[i].Licence = identity.Licence(fmt.Sprint("l", i))
		}
		return list
	}
	for name, c := range map[string]struct {
		edit  func(*identity.Subscription)
		field string // of the error; empty: it is fine
	}{
		"a name":               {func(s *identity.Subscription) { s.Name = strings.Repeat("n", identity.MaxOrgName) }, ""},
		"no name":              {func(s *identity.Subscription) { s.Name = " " }, "name"},
		"a name too long":      {func(s *identity.Subscription) { s.Name = strings.Repeat("n", identity.MaxOrgName+1) }, "name"},
		"a name in two lines":  {func(s *identity.Subscription) { s.Name = "a\nb" }, "name"},
		"no type":              {func(s *identity.Subscription) { s.Type = "" }, "type"},
		"another type":         {func(s *identity.Subscription) { s.Type = "gift" }, "type"},
		"another status":       {func(s *identity.Subscription) { s.Status = "ended" }, "status"},
		"no licences":          {func(s *identity.Subscription) { s.Pools = nil }, ""},
		"as many as allowed":   {func(s *identity.Subscription) { s.Pools = pools(identity.MaxPools) }, ""},
		"one licence too many": {func(s *identity.Subscription) { s.Pools = pools(identity.MaxPools + 1) }, "pools"},
		"all seats":            {func(s *identity.Subscription) { s.Pools[1].Seats = identity.MaxSeats }, ""},
		"no end of seats":      {func(s *identity.Subscription) { s.Pools[1].Seats = identity.Unlimited }, ""},
		"one seat too many":    {func(s *identity.Subscription) { s.Pools[1].Seats = identity.MaxSeats + 1 }, "pools[1].seats"},
		"less than no seats":   {func(s *identity.Subscription) { s.Pools[1].Seats = -1 }, "pools[1].seats"},
		"the longest licence": {func(s *identity.Subscription) {
			s.Pools[1].Licence = "4.a-b_" + identity.Licence(strings.Repeat("l", identity.MaxLicence-6))
		}, ""},
		"a licence too long": {func(s *identity.Subscription) {
			s.Pools[1].Licence = identity.Licence(strings.Repeat("l", identity.MaxLicence+1))
		}, "pools[1].licence"},
		"a licence without a name":  {func(s *identity.Subscription) { s.Pools[1].Licence = "" }, "pools[1].licence"},
		"capital letters":           {func(s *identity.Subscription) { s.Pools[1].Licence = "Calling" }, "pools[1].licence"},
		"a blank":                   {func(s *identity.Subscription) { s.Pools[1].Licence = "two words" }, "pools[1].licence"},
		"a hyphen at the beginning": {func(s *identity.Subscription) { s.Pools[1].Licence = "-calling" }, "pools[1].licence"},
		"the licence that all have": {func(s *identity.Subscription) { s.Pools[1].Licence = identity.FreeLicence }, "pools[1].licence"},
		"a licence twice":           {func(s *identity.Subscription) { s.Pools[1].Licence = s.Pools[0].Licence }, "pools[1].licence"},
		"a start in another zone": {func(s *identity.Subscription) {
			s.StartedAt = time.Date(2025, 1, 2, 3, 4, 5, 678, time.FixedZone("", 3600))
		}, ""},
		"a use that nobody asked of": {func(s *identity.Subscription) { s.Pools[1].Used = 7 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := identity.Subscription{Org: org, Name: "S", Type: identity.OnlineTrial, Status: identity.SubscriptionActive,
				Pools: []identity.Pool{seats("meetings", 3), seats("calling", 2)}}
			c.edit(&s)
			stored, err := w.PutSubscription(w.ctx, admin, s)
			if c.field == "" {
				require.NoError(t, err)
				require.Equal(t, stored, w.subscription(stored), "what is answered is what is stored")
				for _, p := range stored.Pools {
					require.Zero(t, p.Used)
				}
				return
			}
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, identity.Invalid, e.Kind)
			require.Equal(t, c.field, e.Field)
		})
	}
	_, err := w.PutSubscription(w.ctx, admin, identity.Subscription{Org: "none", Name: "S", Type: identity.Paid, Status: identity.SubscriptionActive})
	refusedWith(t, err, identity.RuleUnknownOrg)
}

func TestORG05_ASubscriptionChanges(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	s := w.subscribe(org, "S", seats("meetings", 3), seats("calling", 2))
	require.Equal(t, []identity.Pool{seats("calling", 2), seats("meetings", 3)}, s.Pools)
	require.Equal(t, t0, s.StartedAt)
	a := w.licensed(org, "ada@example.com", "calling")
	w.licensed(org, "eve@example.com", "calling")
	put := func(edit func(*identity.Subscription)) (identity.Subscription, error) {
		n := w.subscription(s)
		edit(&n)
		return w.PutSubscription(w.ctx, admin, n)
	}
	w.clock.move(time.Hour)
	_, err := put(func(n *identity.Subscription) { n.Pools = n.Pools[1:] })
	refusedWith(t, err, identity.RuleLicencesInUse)
	_, err = put(func(n *identity.Subscription) { n.Pools[0].Seats = 1 })
	refusedWith(t, err, identity.RuleLicencesInUse)
	_, err = put(func(n *identity.Subscription) { n.Version++ })
	refusedWith(t, err, identity.RuleVersionMismatch)
	require.Equal(t, identity.Stale, identity.KindOf(err))
	_, err = put(func(n *identity.Subscription) { n.Org = other })
	refusedWith(t, err, identity.RuleUnknownSub)

	same, err := put(func(n *identity.Subscription) { n.StartedAt = time.Time{} })
	require.NoError(t, err)
	require.Equal(t, w.subscription(s), same, "saying the same changes nothing")
	ended, err := put(func(n *identity.Subscription) {
		n.Status, n.Pools, n.StartedAt = identity.SubscriptionExpired, []identity.Pool{{Licence: "calling", Seats: 2, Used: 99}}, time.Time{}
	})
	require.NoError(t, err)
	require.Equal(t, []identity.Pool{{Licence: "calling", Seats: 2, Used: 2}}, ended.Pools)
	require.Equal(t, t0, ended.StartedAt)
	require.Equal(t, same.Version+1, ended.Version)
	require.Equal(t, w.subscription(s), ended)
	require.Equal(t, []identity.Licence{"calling"}, w.licences(a), "an end takes nobody's licence away")
	refusedWith(t, w.addLicences(w.licensed(org, "third@example.com"), "calling"), identity.RuleNoLicences)
	require.NoError(t, w.removeLicences(a, "calling"))
	require.Equal(t, 1, w.used(org, "calling"))

	list, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: []identity.EventKind{identity.SubscriptionPut}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, identity.Target{Type: identity.TargetSubscription, ID: string(s.ID), Name: "S"}, list[1].Target)
}
