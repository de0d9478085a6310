package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestCLM23_AfterFourteenDaysAccountAndContentMoveByThemselves(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	old, p := w.personal("ada@corp.example")
	claim, a := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	require.Equal(t, identity.DeferredClaim, a.Status)
	x := w.why(a)
	require.Equal(t, "settled", x.Next.What)
	require.Equal(t, claim.Deadline(), x.Next.At)

	w.clock.move(14*identity.Day - time.Second)
	n, err := w.SettleDueClaims(w.ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, identity.ClaimWaiting, w.stateOf(claim))

	w.clock.move(time.Second)
	n, err = w.SettleDueClaims(w.ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, identity.ClaimDoneAuto, w.stateOf(claim))
	require.Equal(t, identity.Active, w.at(org, a.ID).Status, "the status that was carried over")
	w.gone(old.Org, old.ID)
	require.Equal(t, []identity.MessageKind{identity.OrderTransfer}, w.orders(org))
	n, err = w.SettleDueClaims(w.ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n, "twice is once")
	require.Len(t, w.orders(org), 1)
	require.Equal(t, a.ID, w.signInAs(p).ID)
}

func TestCLM23_BeingLateChangesNothing(t *testing.T) {
	for name, do := range map[string]func(*world, identity.Claim, identity.Person) error{
		"the worker comes late": func(w *world, _ identity.Claim, _ identity.Person) error {
			_, err := w.SettleDueClaims(w.ctx, 10)
			return err
		},
		"the user signs in": func(w *world, _ identity.Claim, p identity.Person) error { w.signInAs(p); return nil },
		"the user chooses": func(w *world, _ identity.Claim, p identity.Person) error {
			_, err := w.choose(p, identity.OptionDelete, "")
			require.Equal(w.t, identity.RuleClaimSettled, identity.RuleOf(err))
			_, err = w.SettleDueClaims(w.ctx, 10)
			return err
		},
		"an administrator revokes": func(w *world, claim identity.Claim, _ identity.Person) error {
			require.Equal(w.t, identity.RuleClaimNotRevocable, identity.RuleOf(w.revoke(claim)))
			_, err := w.SettleDueClaims(w.ctx, 10)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			old, p := w.personal("ada@corp.example")
			claim, a := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
			w.clock.move(20 * identity.Day)
			require.NoError(t, do(w, claim, p))
			now, err := w.Reader().Claim(w.ctx, org, claim.ID)
			require.NoError(t, err)
			require.Equal(t, identity.OutcomeAutomatic, now.Outcome)
			require.Equal(t, claim.Deadline(), now.SettledAt)
			require.Equal(t, identity.Active, w.at(org, a.ID).Status)
			require.Equal(t, claim.Deadline(), w.at(org, a.ID).StatusAt)
			w.gone(old.Org, old.ID)
			require.Equal(t, []identity.MessageKind{identity.OrderTransfer}, w.orders(org))
		})
	}
}

func TestCLM23_NoClaimEndsByAClockThatJumped(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	old, _ := w.personal("ada@corp.example")
	claim, _ := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	up := time.Duration(0)
	retention := identity.NewRetention(w.Service, func() time.Duration { return up }, func(identity.ClockWatch, identity.ClockWatch) {})
	settle := func() int {
		n, err := retention.SettleClaims(w.ctx, 10)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, settle())
	w.clock.move(14 * identity.Day)
	require.Zero(t, settle(), "the clock says that the time is over, and nobody believes it")
	require.Equal(t, old.ID, w.at(old.Org, old.ID).ID)
	w.clock.move(-14 * identity.Day)
	require.Zero(t, settle())
	up += 14 * identity.Day
	w.clock.move(14 * identity.Day)
	require.Equal(t, 1, settle())
	require.Equal(t, identity.ClaimDoneAuto, w.stateOf(claim))
}

func TestCLM23_SomebodyInactiveIsInactiveAfterwards(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	old, _ := w.personal("ada@corp.example")
	_, err := w.deactivate(admin, old)
	require.NoError(t, err)
	claim, a := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	w.clock.move(14 * identity.Day)
	_, err = w.SettleDueClaims(w.ctx, 10)
	require.NoError(t, err)
	now := w.at(org, a.ID)
	require.Equal(t, identity.Inactive, now.Status)
	require.Equal(t, identity.Active, now.PreviousStatus)
	require.Equal(t, identity.ClaimedInactive, now.InactiveReason)
	require.Equal(t, claim.Deadline(), now.StatusAt)
}

func TestCLM60_RevokingBringsTheUserBack(t *testing.T) {
	for _, mode := range []identity.ClaimMode{identity.ClaimImmediate, identity.ClaimDeferred} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			w.subscribe(org, "Suite", seats("calling", 1))
			old, p := w.personal("ada@corp.example")
			old = w.account(old)
			claim, a, err := w.ClaimUser(w.ctx, admin, org, identity.ClaimRequest{Email: "ada@corp.example", Mode: mode, Licences: []identity.Licence{"calling"}})
			require.NoError(t, err)
			require.Equal(t, 1, w.used(org, "calling"))
			w.clock.move(13 * identity.Day)
			require.NoError(t, w.revoke(claim))
			require.Equal(t, identity.ClaimRevoked, w.stateOf(claim))
			back := w.account(old)
			back.Version, back.UpdatedAt = old.Version, old.UpdatedAt
			require.Equal(t, old, back, "I10: as if nothing had been")
			w.gone(org, a.ID)
			require.Zero(t, w.used(org, "calling"))
			require.Equal(t, old.ID, w.caller(p).Account.ID)
			require.Len(t, w.mails(old.Org, identity.MessageClaimRevoked), 1)
			require.Empty(t, append(w.orders(org), w.orders(old.Org)...))
			x, err := w.Why(w.ctx, org, a.ID)
			require.NoError(t, err)
			require.Contains(t, x.Because, "revoked")

			t.Run("CLM-67 and the user can be claimed again", func(t *testing.T) {
				w.clock.move(time.Hour)
				again, _ := w.claimed(org, "ada@corp.example", mode)
				require.Equal(t, w.Now().Add(14*identity.Day), again.Deadline())
				require.NotEqual(t, claim.ID, again.ID)
			})
		})
	}
}

func TestCLM60_SeatsThatNobodyPaidForComeBackIfTheyAreFree(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	_, err := w.PutSubscription(w.ctx, admin, identity.Subscription{Org: source, Name: "Trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive,
		Pools: []identity.Pool{seats("one", 1), seats("two", 1)}})
	require.NoError(t, err)
	old := w.licensed(source, "ada@corp.example", "one", "two")
	claim, _ := w.claimed(org, "ada@corp.example", "")
	w.licensed(source, "bob@source.example", "two")
	require.NoError(t, w.revoke(claim))
	require.Equal(t, []identity.Licence{"one"}, w.licences(old))
}

func TestCLM60_SeatsThatComeBackAreNoFirstLicence(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	_, err := w.PutSubscription(w.ctx, admin, identity.Subscription{Org: source, Name: "Trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive,
		Pools: []identity.Pool{seats("one", 1)}})
	require.NoError(t, err)
	w.set(source, func(o *identity.Organization) { o.ActivationEmails = false })
	old := w.account(w.licensed(source, "ada@corp.example", "one"))
	w.set(source, func(o *identity.Organization) { o.ActivationEmails = true })
	claim, _ := w.claimed(org, "ada@corp.example", "")
	require.NoError(t, w.revoke(claim))
	require.Equal(t, []identity.Licence{"one"}, w.licences(old))
	require.Empty(t, w.mails(source, identity.MessageActivation), "NTF-03")
	back := w.account(old)
	back.Version, back.UpdatedAt = old.Version, old.UpdatedAt
	require.Equal(t, old, back, "I10: as if nothing had been")
}

func TestCLM61_WhenAClaimCanBeRevoked(t *testing.T) {
	for _, mode := range []identity.ClaimMode{identity.ClaimImmediate, identity.ClaimDeferred} {
		for name, c := range map[string]struct {
			signsIn bool
			after   time.Duration
			why     identity.Rule
		}{
			"at once":                   {false, 0, ""},
			"a second before 14 days":   {false, 14*identity.Day - time.Second, ""},
			"at 14 days":                {false, 14 * identity.Day, identity.WhyWindowExpired},
			"a second after 14 days":    {false, 14*identity.Day + time.Second, identity.WhyWindowExpired},
			"signed in, at once":        {true, 0, identity.WhyUserSignedIn},
			"signed in, within 14 days": {true, 14*identity.Day - time.Second, identity.WhyUserSignedIn},
			"signed in, at 14 days":     {true, 14 * identity.Day, identity.WhyUserSignedIn},
			"signed in, long after":     {true, 30 * identity.Day, identity.WhyUserSignedIn},
		} {
			t.Run(string(mode)+"/"+name, func(t *testing.T) {
				w := newWorld(t)
				_, p := w.personal("ada@corp.example")
				claim, _ := w.claimed(w.claimant("Corp", "corp.example"), "ada@corp.example", mode)
				if c.signsIn {
					w.signInAs(p)
				}
				w.clock.move(c.after)
				err := w.revoke(claim)
				if c.why == "" {
					require.NoError(t, err)
					return
				}
				refusedWith(t, err, identity.RuleClaimNotRevocable)
				var refusal *identity.Error
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, []identity.Rule{c.why}, codesOf(refusal.Why))
			})
		}
	}
}

func TestCLM56_SigningInWithoutAChoiceClosesTheWindow(t *testing.T) {
	w := newWorld(t)
	_, p := w.personal("ada@corp.example")
	claim, _ := w.claimed(w.claimant("Corp", "corp.example"), "ada@corp.example", "")
	w.signInAs(p)
	refusedWith(t, w.revoke(claim), identity.RuleClaimNotRevocable)
}

func TestCLM62_AClaimedDomainHasToBeReleasedFirst(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	claim, _ := w.claimed(org, "ada@corp.example", "")
	revocable := func() int {
		all, err := w.Reader().Claims(w.ctx, org, identity.ClaimQuery{Revocable: w.Now(), Limit: 10})
		require.NoError(t, err)
		return len(all)
	}
	require.Equal(t, 1, revocable())
	_, err := w.ClaimDomain(w.ctx, operator, org, "corp.example")
	require.NoError(t, err)
	refusedWith(t, w.revoke(claim), identity.RuleRevokeDomainClaimed)
	require.Zero(t, revocable(), "CLM-65")
	_, err = w.ReleaseDomain(w.ctx, operator, org, "corp.example")
	require.NoError(t, err)
	require.NoError(t, w.revoke(claim))
	_, err = w.ClaimDomain(w.ctx, operator, org, "corp.example")
	require.NoError(t, err)
}

func TestCLM63_OnlyWhoClaimedCanRevoke(t *testing.T) {
	w := newWorld(t)
	source := w.org("Source")
	w.must(source, provider, person("ada@corp.example"))
	claim, _ := w.claimed(w.claimant("Corp", "corp.example"), "ada@corp.example", "")
	_, err := w.RevokeClaim(w.ctx, admin, source, claim.ID)
	refusedWith(t, err, identity.RuleUnknownClaim)
}

func TestCLM60_TheAddressStaysWhileTheUserCouldGoBack(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	claim, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	_, err := w.update(provider, a, func(d *identity.Draft) { *d = person("b@corp.example") })
	refusedWith(t, err, identity.RuleInvalidTransition)
	_, err = act(w, org, admin, func(c *identity.Acts) (identity.Account, error) {
		return c.ChangeEmail(w.ctx, a.ID, nil, "b@corp.example")
	})
	refusedWith(t, err, identity.RuleInvalidTransition)
	_, err = w.update(provider, a, func(d *identity.Draft) { d.ExternalID = "x" })
	require.NoError(t, err)
	_, err = w.update(provider, w.account(a), func(d *identity.Draft) { d.Emails = person("Ada@Corp.example").Emails })
	require.NoError(t, err, "another spelling is the same address")
	w.clock.move(14 * identity.Day)
	_, err = w.update(provider, w.account(a), func(d *identity.Draft) { *d = person("b@corp.example") })
	require.NoError(t, err)
	require.Equal(t, identity.ClaimLocked, w.stateOf(claim))
}

func TestORG21_WhoeverIsDeletedBeforeDecidingGoesBackOrLosesTheOldAccount(t *testing.T) {
	for name, c := range map[string]struct {
		signsIn bool
		after   time.Duration
		state   identity.ClaimState
	}{
		"revocable":        {false, time.Hour, identity.ClaimRevoked},
		"14 days are over": {false, 14 * identity.Day, identity.ClaimSettledDelete},
		"signed in":        {true, time.Hour, identity.ClaimSettledDelete},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			old, p := w.personal("ada@corp.example")
			claim, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
			if c.signsIn {
				w.signInAs(p)
			}
			w.clock.move(c.after)
			require.NoError(t, w.delete(admin, w.account(a)))
			require.Equal(t, c.state, w.stateOf(claim))
			w.gone(org, a.ID)
			if c.state == identity.ClaimRevoked {
				require.False(t, w.account(old).Shadow)
				return
			}
			w.gone(old.Org, old.ID)
			_, err := w.Reader().Hold(w.ctx, "ada@corp.example")
			require.True(t, identity.IsNotFound(err))
		})
	}
}

func TestCLM42_A20_WhatTheSourceDoesAfterwardsChangesNothing(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	old := w.must(source, provider, person("ada@corp.example"))
	claim, a := w.claimed(org, "ada@corp.example", "")
	w.set(source, func(o *identity.Organization) { o.SSOProvider, o.SyncMode = "https://idp", identity.SyncManual })
	w.verify(source, "corp.example")
	require.Equal(t, identity.ClaimOpen, w.stateOf(claim))
	require.Equal(t, identity.NotVerified, w.account(a).Status)
	require.NoError(t, w.revoke(claim), "A21")
	require.False(t, w.account(old).Shadow)
}

func TestCLM44_WhatIsMovedIsKeptAsTheClaimantKeepsIt(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	old, p := w.personal("ada@corp.example")
	_, a := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	_, err := w.choose(p, identity.OptionTransfer, "")
	require.NoError(t, err)
	orders := w.mails(org, identity.OrderTransfer)
	require.Len(t, orders, 1)
	require.Equal(t, string(org), orders[0].Data["retentionPolicyOrganization"])
	require.Equal(t, string(old.ID), orders[0].Data["account"])
	require.Equal(t, string(a.ID), orders[0].Data["toAccount"])
}
