package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// after lets organizations be deleted after some days without activity.
func (w *world) idleAfter(days int) {
	rules := identity.DefaultRules()
	rules.IdleDeletionDays = days
	w.WithRules(rules)
}

func (w *world) sweep() int {
	w.t.Helper()
	n, err := w.DeleteIdleOrganizations(w.ctx, 100)
	require.NoError(w.t, err)
	return n
}

func TestORG24_IdleOrganizationsAreDeletedIfTheOperatorWantsSo(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	_, p := w.boss(org, "ada@c.example")
	w.clock.move(60 * identity.Day)
	require.Zero(t, w.sweep(), "off unless switched on")
	w.clock.move(-time.Microsecond)
	w.idleAfter(60)
	require.Zero(t, w.sweep(), "a moment too early")
	w.clock.move(time.Microsecond)
	require.Equal(t, 1, w.sweep(), "at the very instant")
	require.Equal(t, identity.OrgDeleting, w.organization(org).State)
	d := w.deletionOf(org)
	require.Equal(t, identity.System, d.By.Kind)
	require.Equal(t, identity.HandleConvert, d.Handling)
	asked := w.heard(org, identity.OrgDeletionAsked)
	require.Equal(t, identity.System, asked[0].Actor.Kind)
	require.Zero(t, w.sweep(), "once")
	w.end()
	w.wasDeleted(org)
	require.Equal(t, identity.ConsumerOrgID, w.caller(p).Home)
	require.Equal(t, identity.OrgActive, w.organization(identity.ConsumerOrgID).State, "never that of personal accounts")
}

func TestORG24_WhatKeepsAnOrganization(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world, org identity.OrgID, p identity.Person)
		kept bool
	}{
		"somebody signs in":               {func(w *world, _ identity.OrgID, p identity.Person) { w.signInAs(p) }, true},
		"an identity provider provisions": {func(w *world, org identity.OrgID, _ identity.Person) { w.must(org, provider, person("new@c.example")) }, true},
		"the server itself does not count": {func(w *world, org identity.OrgID, _ identity.Person) {
			require.NoError(w.t, w.Transact(w.ctx, org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
				return c.Tell(w.ctx, identity.JobFinished, nil)
			}))
		}, false},
		"a reason stands against its deletion": {func(w *world, org identity.OrgID, _ identity.Person) {
			_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "Plan", Type: identity.Paid, Status: identity.SubscriptionActive})
			require.NoError(w.t, err)
			w.clock.move(100 * identity.Day)
		}, true},
		"nothing": {func(*world, identity.OrgID, identity.Person) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.idleAfter(60)
			org := w.org("C")
			_, p := w.boss(org, "ada@c.example")
			w.clock.move(time.Hour)
			c.do(w, org, p)
			w.clock.move(60*identity.Day - time.Hour)
			before := len(w.heard(org))
			if c.kept {
				require.Zero(t, w.sweep())
				require.Equal(t, identity.OrgActive, w.organization(org).State)
				require.Len(t, w.heard(org), before, "and nobody is told of an attempt")
				return
			}
			require.Equal(t, 1, w.sweep())
		})
	}
}

func TestORG24_ManyAreDeletedALimitAtATimeAndNoneWithoutPersonalAccounts(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.org("C")
	}
	w.clock.move(61 * identity.Day)
	rules := identity.DefaultRules()
	rules.IdleDeletionDays, rules.AllowConvert = 60, false
	w.WithRules(rules)
	require.Zero(t, w.sweep())
	w.idleAfter(60)
	n, err := w.DeleteIdleOrganizations(w.ctx, 2)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, 3, w.sweep())
}

func TestORG24_AClockThatCannotBeTrustedDeletesNoOrganization(t *testing.T) {
	w := newWorld(t)
	w.idleAfter(60)
	org := w.org("C")
	up := time.Duration(0)
	retention := identity.NewRetention(w.Service, func() time.Duration { return up }, func(identity.ClockWatch, identity.ClockWatch) {})
	require.NoError(t, retention.Mark(w.ctx))
	w.clock.move(61 * identity.Day)
	up += time.Minute
	n, err := retention.DeleteIdle(w.ctx, 100)
	require.NoError(t, err)
	require.Zero(t, n, "the clock has jumped")
	require.Equal(t, identity.OrgActive, w.organization(org).State)
}
