package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// These are the rules of BEHAVIOUR section 18 that surprise people, one test each, as whoever asks would tell them. Those of files (18) are
// with the files.

// subscribed adds a subscription of some kind.
func (w *world) subscribed(org identity.OrgID, kind identity.SubscriptionType, status identity.SubscriptionStatus, pools ...identity.Pool) identity.Subscription {
	w.t.Helper()
	s, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: string(kind), Type: kind, Status: status, Pools: pools})
	require.NoError(w.t, err)
	return s
}

func TestSurprise01_WhichTrialsAndSubscriptionsBlockADeletion(t *testing.T) {
	for name, c := range map[string]struct {
		kind   identity.SubscriptionType
		status identity.SubscriptionStatus
		blocks bool
	}{
		"an active online trial does not":      {identity.OnlineTrial, identity.SubscriptionActive, false},
		"an active partner-led trial does":     {identity.PartnerTrial, identity.SubscriptionActive, true},
		"a suspended paid subscription does":   {identity.Paid, identity.SubscriptionSuspended, true},
		"an expired partner-led trial is over": {identity.PartnerTrial, identity.SubscriptionExpired, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("A")
			w.subscribed(org, c.kind, c.status)
			_, err := w.DeleteOrganization(w.ctx, operator, org)
			if c.blocks {
				require.Equal(t, []identity.Rule{identity.RuleOrgSubscriptions}, reasonsOf(t, err))
				return
			}
			require.NoError(t, err)
		})
	}
}

func TestSurprise02_ConvertingUsersStillDestroysTheirContentExceptBetweenTwo(t *testing.T) {
	for handling, kept := range map[identity.UserHandling]string{identity.HandleConvert: identity.OneToOneSpaces, identity.HandleDelete: ""} {
		w := newWorld(t)
		org := w.org("A")
		w.must(org, provider, person("ada@example.com"))
		w.must(org, provider, person("bob@example.com"))
		_, err := w.RequestDeletion(w.ctx, operator, org, guided(handling))
		require.NoError(t, err)
		w.end()
		orders := w.mails(org, identity.OrderPurge)
		require.Len(t, orders, 1)
		require.Equal(t, kept, orders[0].Data[identity.OrderExcept])
		for _, scope := range identity.ContentScopes {
			require.Contains(t, orders[0].Data[identity.OrderScopes], scope)
		}
	}
}

func TestSurprise03_AllReasonsComeTogether(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribed(org, identity.Paid, identity.SubscriptionActive)
	w.must(org, provider, person("ada@example.com"))
	w.must(org, provider, person("bob@example.com"))
	w.link(org, "x")
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
	_, err := w.CompleteSite(w.ctx, operator, org, "meet.example")
	require.NoError(t, err)
	_, err = w.DeleteOrganization(w.ctx, operator, org)
	require.Equal(t, []identity.Rule{identity.RuleOrgLinkedSites, identity.RuleOrgSubscriptions, identity.RuleOrgDirSync, identity.RuleOrgUsers}, reasonsOf(t, err))
}

func TestSurprise04_OneManagingOrganizationIsFineTwoBlockAndManagingOneBlocks(t *testing.T) {
	w := newWorld(t)
	org, first, second := w.org("A"), w.partner("First"), w.partner("Second")
	manage := func(by identity.OrgID) {
		_, err := w.PutPartner(w.ctx, operator, by, org, identity.RoleFull)
		require.NoError(t, err)
	}
	manage(first)
	_, err := w.DeleteOrganization(w.ctx, operator, first)
	require.Equal(t, []identity.Rule{identity.RuleOrgManages}, reasonsOf(t, err))
	manage(second)
	_, err = w.DeleteOrganization(w.ctx, operator, org)
	require.Equal(t, []identity.Rule{identity.RuleOrgManagedBy}, reasonsOf(t, err))
	require.NoError(t, w.RemovePartner(w.ctx, operator, org, second, org))
	_, err = w.DeleteOrganization(w.ctx, operator, org)
	require.NoError(t, err)
}

func TestSurprise05_TwoThatVerifiedOneDomainParalyseEachOther(t *testing.T) {
	w := newWorld(t)
	w.personal("ada@corp.example")
	a, b := w.claimant("A", "corp.example"), w.claimant("B", "corp.example")
	for _, org := range []identity.OrgID{a, b} {
		require.Empty(t, w.claimableTo(org))
		_, _, err := w.claim(org, "ada@corp.example", "")
		refusedWith(t, err, identity.RuleClaimVerifiedElsewhere)
		_, err = w.ClaimDomain(w.ctx, admin, org, "corp.example")
		refusedWith(t, err, identity.RuleDomainVerifiedElsewhere)
	}
}

func TestSurprise06_WhoClaimedTheDomainReleasesItToRevoke(t *testing.T) {
	w := newWorld(t)
	w.personal("ada@corp.example")
	org := w.claimant("Corp", "corp.example")
	_, err := w.ClaimDomain(w.ctx, admin, org, "corp.example")
	require.NoError(t, err)
	claim, _ := w.claimed(org, "ada@corp.example", "")
	refusedWith(t, w.revoke(claim), identity.RuleRevokeDomainClaimed)
	_, err = w.ReleaseDomain(w.ctx, admin, org, "corp.example")
	require.NoError(t, err)
	require.NoError(t, w.revoke(claim))
	_, err = w.ClaimDomain(w.ctx, admin, org, "corp.example")
	require.NoError(t, err)
}

func TestSurprise07_ImmediateClaimsAreRevocableUntilTheUserSignsInEvenWithoutAChoice(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	_, bob := w.personal("bob@corp.example")
	first, _ := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	second, _ := w.claimed(org, "bob@corp.example", identity.ClaimImmediate)
	w.signInAs(bob)
	refusedWith(t, w.revoke(second), identity.RuleClaimNotRevocable)
	w.clock.move(14*identity.Day - time.Microsecond)
	require.NoError(t, w.revoke(first))
}

func TestSurprise08_ADeferredClaimEndsInATransferAndAnImmediateOneNever(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	ada, _ := w.personal("ada@corp.example")
	_, bob := w.personal("bob@corp.example")
	deferred, _ := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	immediate, _ := w.claimed(org, "bob@corp.example", identity.ClaimImmediate)
	w.clock.move(400 * identity.Day)
	_, err := w.SettleDueClaims(w.ctx, 100)
	require.NoError(t, err)
	require.Equal(t, identity.ClaimDoneAuto, w.stateOf(deferred))
	require.Equal(t, []identity.MessageKind{identity.OrderTransfer}, w.orders(org))
	w.gone(identity.ConsumerOrgID, ada.ID)
	require.Equal(t, identity.ClaimLocked, w.stateOf(immediate))
	w.signInAs(bob)
	mine, err := w.MyClaim(w.ctx, w.caller(bob))
	require.NoError(t, err)
	require.Equal(t, []identity.ClaimOption{identity.OptionKeep, identity.OptionDelete}, mine.Options)
}

func TestSurprise09_TheSourceCannotTouchClaimedUsers(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	old := w.must(source, provider, person("ada@corp.example"))
	w.claimed(org, "ada@corp.example", "")
	shadow := w.account(old)
	require.Equal(t, "ada@corp.example.convert-user.local", shadow.PrimaryEmail())
	for _, by := range []identity.Actor{admin, provider, operator} {
		refusedWith(t, w.delete(by, shadow), identity.RuleClaimedByOther)
		_, err := w.deactivate(by, shadow)
		refusedWith(t, err, identity.RuleClaimedByOther)
		_, err = w.update(by, shadow, func(d *identity.Draft) { d.ExternalID = "x" })
		refusedWith(t, err, identity.RuleClaimedByOther)
	}
}

func TestSurprise10_AnOldAccountThatIsPaidForIsKeptAndGoesOnCosting(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	w.subscribe(source, "Suite", seats("calling", 3))
	old, p := w.bound(source, "ada@corp.example")
	require.NoError(t, w.addLicences(old, "calling"))
	w.claimed(org, "ada@corp.example", "")
	w.signInAs(p)
	mine, err := w.MyClaim(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Equal(t, []identity.ClaimOption{identity.OptionKeep}, mine.Options)
	_, err = w.choose(p, identity.OptionDelete, "")
	refusedWith(t, err, identity.RuleOptionNotAvailable)
	_, err = w.choose(p, identity.OptionKeep, "ada@private.example")
	require.NoError(t, err)
	require.Equal(t, 1, w.used(source, "calling"))
}

func TestSurprise11_AClaimedUserStaysNotVerifiedThoughTheDomainIs(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	require.Equal(t, identity.NotVerified, w.must(source, provider, person("ada@corp.example")).Status)
	_, a := w.claimed(org, "ada@corp.example", "")
	require.Equal(t, identity.NotVerified, w.account(a).Status)
	require.Equal(t, identity.Verified, w.must(org, provider, person("bob@corp.example")).Status)
}

func TestSurprise17_ATrialsCreatorWhoBecomesAPersonalAccountStillCannotBeAdded(t *testing.T) {
	for handling, rule := range map[identity.UserHandling]identity.Rule{identity.HandleConvert: identity.RuleDomainNotAvailable, identity.HandleDelete: ""} {
		w := newWorld(t)
		org, trial := w.org("A"), w.trial("ada@example.com", identity.OnlineTrial)
		w.must(trial, provider, person("bob@example.com"))
		_, err := w.add(org, admin, person("ada@example.com"))
		refusedWith(t, err, identity.RuleUserOwnsTrialOrg)
		_, err = w.RequestDeletion(w.ctx, operator, trial, guided(handling))
		require.NoError(t, err)
		w.end()
		_, err = w.add(org, admin, person("ada@example.com"))
		if rule == "" {
			require.NoError(t, err)
			continue
		}
		refusedWith(t, err, rule)
	}
}

func TestSurprise19_ADomainsClaimConvertsNobodyAndAUsersClaimIsAlwaysTold(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	ada, _ := w.personal("ada@corp.example")
	w.set(org, func(o *identity.Organization) { o.ActivationEmails = false })
	_, err := w.ClaimDomain(w.ctx, admin, org, "corp.example")
	require.NoError(t, err)
	require.Equal(t, identity.ConsumerOrgID, w.account(ada).Org)
	require.False(t, w.account(ada).Shadow)
	w.claimed(org, "ada@corp.example", "")
	require.Len(t, w.mails(org, identity.MessageClaim), 1)
}
