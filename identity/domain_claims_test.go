package identity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

func TestDOM14_AUserInASubdomainIsNotInTheDomain(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("A", "example.com")
	w.personal("u@sub.example.com")
	_, _, err := w.claim(org, "u@sub.example.com", "")
	refusedWith(t, err, identity.RuleClaimDomainNotVerified)
	require.Empty(t, w.claimableTo(org))
	w.verify(org, "sub.example.com")
	require.Equal(t, []string{"u@sub.example.com"}, w.claimableTo(org))
}

// TestDOM15_UsersAreClaimedWithFiftyClaimedDomains lists and claims the users of fifty domains that the organization has claimed.
func TestDOM15_UsersAreClaimedWithFiftyClaimedDomains(t *testing.T) {
	const domains, each = 50, 3
	w := newWorld(t)
	org := w.org("A")
	for d := range domains {
		name := fmt.Sprintf("d%02d.example", d)
		for u := range each {
			w.must(identity.ConsumerOrgID, operator, person(fmt.Sprintf("u%d@%s", u, name)))
		}
		w.verify(org, name)
		_, err := w.ClaimDomain(w.ctx, operator, org, name)
		require.NoError(t, err)
	}
	list, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{Sort: "domain"})
	require.NoError(t, err)
	require.Len(t, list.Users, identity.DefaultClaimListLimit)
	require.True(t, list.Truncated)
	require.Equal(t, domains*each, list.Total)
	require.Equal(t, "u0@d00.example", list.Users[0].Email)
	require.Equal(t, "u0@d33.example", list.Users[99].Email)

	requests := make([]identity.ClaimRequest, domains)
	for d := range domains {
		requests[d].Email = fmt.Sprintf("u1@d%02d.example", d)
	}
	done, err := w.ClaimUsers(w.ctx, admin, org, requests, true)
	require.NoError(t, err)
	for _, d := range done {
		require.Nil(t, d.Err, d.Request.Email)
		require.Equal(t, org, d.Account.Org)
	}
	list, err = w.Claimable(w.ctx, org, identity.ClaimableQuery{})
	require.NoError(t, err)
	require.Equal(t, domains*(each-1), list.Total)
	require.False(t, list.Truncated)
}

func TestDOM18_ADomainStaysWhileDeferredClaimsAreOpen(t *testing.T) {
	var claim identity.Claim
	for name, c := range map[string]struct {
		mode identity.ClaimMode
		then func(w *world)
		open bool
	}{
		"open":          {identity.ClaimDeferred, func(*world) {}, true},
		"open, at last": {identity.ClaimDeferred, func(w *world) { w.clock.move(14*identity.Day - time.Second) }, true},
		"signed in":     {identity.ClaimDeferred, func(w *world) { w.signInAs(visitor("u@example.com")) }, true},
		"time is over":  {identity.ClaimDeferred, func(w *world) { w.clock.move(14 * identity.Day) }, false},
		"revoked":       {identity.ClaimDeferred, func(w *world) { require.NoError(w.t, w.revoke(claim)) }, false},
		"immediate":     {identity.ClaimImmediate, func(*world) {}, false},
		"another domain": {identity.ClaimDeferred, func(w *world) {
			require.NoError(w.t, w.revoke(claim))
			w.claimed(claim.Target, "v@example.org", identity.ClaimDeferred)
		}, false},
		"decided": {identity.ClaimDeferred, func(w *world) {
			w.signInAs(visitor("u@example.com"))
			_, err := w.choose(visitor("u@example.com"), identity.OptionTransfer, "")
			require.NoError(w.t, err)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("A", "example.com")
			w.verify(org, "example.org")
			w.personal("u@example.com")
			w.personal("v@example.org")
			claim, _ = w.claimed(org, "u@example.com", c.mode)
			c.then(w)
			err := w.RemoveDomain(w.ctx, admin, org, "example.com")
			if !c.open {
				require.NoError(t, err)
				require.Equal(t, identity.DomainNone, w.stands(org, "example.com"))
				return
			}
			refusedWith(t, err, identity.RuleDomainHasOpenClaims)
			require.Equal(t, identity.Conflict, identity.KindOf(err))
			require.ErrorContains(t, err, claim.Deadline().Format(time.RFC3339))
			require.Equal(t, identity.DomainVerified, w.stands(org, "example.com"))
		})
	}
}

// TestDOM18_ManyOpenImmediateClaimsHideNoDeferredOne looks behind the first page of claims.
func TestDOM18_ManyOpenImmediateClaimsHideNoDeferredOne(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("A", "example.com")
	w.personal("u@example.com")
	w.claimed(org, "u@example.com", identity.ClaimDeferred)
	require.NoError(t, w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		for range 1001 {
			claim := identity.Claim{ID: identity.ClaimID(w.NewID()), Target: org, Source: identity.ConsumerOrgID, NewAccount: identity.AccountID(w.NewID()),
				OldAccount: identity.AccountID(w.NewID()), Mode: identity.ClaimImmediate, Email: "x@example.com", Domain: "example.com", ClaimedAt: c.Now()}
			if err := c.Tx().InsertClaim(w.ctx, claim); err != nil {
				return err
			}
		}
		return nil
	}))
	refusedWith(t, w.RemoveDomain(w.ctx, admin, org, "example.com"), identity.RuleDomainHasOpenClaims)
}

// locking is a store that remembers for what the latest transactions asked.
type locking struct {
	identity.Store
	asked []identity.OrgLock
}

func (s *locking) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	s.asked = append(s.asked, lock)
	return s.Store.Do(ctx, lock, fn)
}

func TestDOM10_ADomainChangesHandsWhileNobodyAddsUsers(t *testing.T) {
	w := newWorld(t)
	org := w.org("Acme")
	asked := &locking{Store: w.under}
	service := identity.NewService(asked, w.clock, system.IDs{}, identity.EmailPolicy{})
	for _, act := range []func() error{
		func() error { _, err := service.AttestDomain(w.ctx, operator, org, "acme.example"); return err },
		func() error { _, err := service.ClaimDomain(w.ctx, admin, org, "acme.example"); return err },
		func() error { _, err := service.ReleaseDomain(w.ctx, admin, org, "acme.example"); return err },
	} {
		require.NoError(t, act())
	}
	for _, lock := range asked.asked {
		require.Equal(t, identity.Everybody(org), lock)
	}
}
