package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestCLM01_TheDomainHasToBeVerified(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world, identity.OrgID)
		rule    identity.Rule
	}{
		"nothing is known of the domain": {func(*world, identity.OrgID) {}, identity.RuleClaimDomainNotVerified},
		"its proof is missing": {func(w *world, org identity.OrgID) {
			_, _, err := w.ChallengeDomain(w.ctx, operator, org, "corp.example")
			require.NoError(w.t, err)
		}, identity.RuleClaimDomainNotVerified},
		"it is verified": {func(w *world, org identity.OrgID) { w.verify(org, "corp.example") }, ""},
		"it is claimed":  {func(w *world, org identity.OrgID) { w.claimDomain(org, "corp.example") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.personal("ada@corp.example")
			org := w.org("Corp")
			c.prepare(w, org)
			_, _, err := w.claim(org, "ada@corp.example", "")
			if c.rule == "" {
				require.NoError(t, err)
				return
			}
			refusedWith(t, err, c.rule)
		})
	}
}

func TestCLM02_NobodyIsClaimedWhileADirectoryIsSynchronized(t *testing.T) {
	w := newWorld(t)
	w.personal("ada@corp.example")
	org := w.claimant("Corp", "corp.example")
	w.link(org, "x")
	w.matched(org)
	for _, mode := range []identity.SyncMode{identity.SyncRegistered, identity.SyncManual, identity.SyncAuto, identity.SyncPaused} {
		w.set(org, func(o *identity.Organization) { o.SyncMode = mode })
		_, _, err := w.claim(org, "ada@corp.example", "")
		refusedWith(t, err, identity.RuleClaimTargetDirSync)
		require.Empty(t, w.claimableTo(org), mode)
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	w.claimed(org, "ada@corp.example", "")
}

func TestCLM05_AClaimIsAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.personal("ada@corp.example")
	org := w.claimant("Corp", "corp.example")
	asked := []identity.ClaimRequest{{Email: "ada@corp.example"}}
	_, err := w.ClaimUsers(w.ctx, admin, org, asked, false)
	refusedWith(t, err, identity.RuleAcknowledgement)
	done, err := w.ClaimUsers(w.ctx, admin, org, asked, true)
	require.NoError(t, err)
	require.Nil(t, done[0].Err)
}

func TestCLM10_WhoeverCannotBeClaimedIsNotListedAndRefused(t *testing.T) {
	trial := func(w *world, org identity.OrgID) {
		_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "Trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive})
		require.NoError(w.t, err)
	}
	for name, c := range map[string]struct {
		prepare func(w *world, claimant, source identity.OrgID)
		want    []identity.Rule
	}{
		"control: nothing speaks against it": {func(w *world, _, source identity.OrgID) { w.must(source, provider, person("ada@corp.example")) }, nil},
		"a single sign-on": {func(w *world, _, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.set(source, func(o *identity.Organization) { o.SSOProvider = "https://idp" })
		}, []identity.Rule{identity.RuleClaimSourceSSO}},
		"a an identity provider of its own": {func(w *world, _, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			_, err := w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: source, Issuer: "https://idp.example", Audience: "x", Active: true})
			require.NoError(w.t, err)
		}, []identity.Rule{identity.RuleClaimSourceSSO}},
		"b a directory": {func(w *world, _, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.set(source, func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
		}, []identity.Rule{identity.RuleClaimSourceDirSync}},
		"b an authoritative identity provider (A3)": {func(w *world, _, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.set(source, func(o *identity.Organization) { o.ProviderAuthoritative = true })
		}, []identity.Rule{identity.RuleClaimSourceDirSync}},
		"c the domain is verified elsewhere too": {func(w *world, _, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.verify(w.org("Third"), "corp.example")
		}, []identity.Rule{identity.RuleClaimVerifiedElsewhere}},
		"e a member": {func(w *world, claimant, _ identity.OrgID) { w.must(claimant, provider, person("ada@corp.example")) },
			[]identity.Rule{identity.RuleClaimAlreadyMember}},
		"f claimed already": {func(w *world, claimant, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.claimed(claimant, "ada@corp.example", "")
			other := w.org("Other")
			require.NoError(w.t, w.RemoveDomain(w.ctx, operator, claimant, "corp.example"))
			w.verify(other, "corp.example")
			require.Equal(w.t, []identity.Rule{identity.RuleClaimAlreadyPending}, w.reasonsAgainst(other, "ada@corp.example"))
			require.Empty(w.t, w.claimableTo(other))
			w.verify(claimant, "corp.example")
			require.NoError(w.t, w.RemoveDomain(w.ctx, operator, other, "corp.example"))
		}, []identity.Rule{identity.RuleClaimAlreadyMember, identity.RuleClaimAlreadyPending}},
		"h the creator of a trial": {func(w *world, _, source identity.OrgID) {
			a := w.must(source, provider, person("ada@corp.example"))
			trial(w, source)
			w.set(source, func(o *identity.Organization) { o.Creator = a.ID })
		}, []identity.Rule{identity.RuleUserOwnsTrialOrg}},
		"h the last full administrator": {func(w *world, _, source identity.OrgID) {
			_, p := w.bound(source, "ada@corp.example")
			w.grant(source, p, identity.RoleFull)
		}, []identity.Rule{identity.RuleUserOwnsTrialOrg}},
		"i a domain below one of the claimant's": {func(w *world, claimant, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.verify(claimant, "big.example")
			w.verify(source, "part.big.example")
		}, []identity.Rule{identity.RuleClaimOverlap}},
		"i a domain above one of the claimant's": {func(w *world, claimant, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.verify(claimant, "part.big.example")
			w.verify(source, "big.example")
		}, []identity.Rule{identity.RuleClaimOverlap}},
		"i a domain that only looks alike": {func(w *world, claimant, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.verify(claimant, "big.example")
			w.verify(source, "notbig.example")
		}, nil},
		"only an alternate address": {func(w *world, _, source identity.OrgID) {
			w.verify(source, "corp.example")
			d := person("ada@elsewhere.example")
			d.Emails = append(d.Emails, identity.AccountEmail{Value: "ada@corp.example"})
			w.must(source, provider, d)
			require.NoError(w.t, w.RemoveDomain(w.ctx, operator, source, "corp.example"))
		}, []identity.Rule{identity.RuleClaimNoAccount}},
		"a and b and c at once": {func(w *world, _, source identity.OrgID) {
			w.must(source, provider, person("ada@corp.example"))
			w.set(source, func(o *identity.Organization) { o.SSOProvider, o.SyncMode = "https://idp", identity.SyncManual })
			w.verify(w.org("Third"), "corp.example")
		}, []identity.Rule{identity.RuleClaimSourceSSO, identity.RuleClaimSourceDirSync, identity.RuleClaimVerifiedElsewhere}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			claimant, source := w.claimant("Corp", "corp.example"), w.org("Source")
			c.prepare(w, claimant, source)
			require.Equal(t, c.want, w.reasonsAgainst(claimant, "ada@corp.example"))
			if len(c.want) == 0 {
				require.Equal(t, []string{"ada@corp.example"}, w.claimableTo(claimant))
				w.claimed(claimant, "ada@corp.example", "")
				return
			}
			require.Empty(t, w.claimableTo(claimant))
			_, _, err := w.claim(claimant, "ada@corp.example", "")
			refusedWith(t, err, c.want[0])
			var refusal *identity.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, c.want, codesOf(refusal.Why))
		})
	}
}

func TestCLM11_TwoWhoVerifiedADomainParalyseEachOther(t *testing.T) {
	w := newWorld(t)
	w.personal("ada@corp.example")
	a, b := w.claimant("A", "corp.example"), w.claimant("B", "corp.example")
	for _, org := range []identity.OrgID{a, b} {
		_, _, err := w.claim(org, "ada@corp.example", "")
		refusedWith(t, err, identity.RuleClaimVerifiedElsewhere)
		_, err = w.ClaimDomain(w.ctx, operator, org, "corp.example")
		refusedWith(t, err, identity.RuleDomainVerifiedElsewhere)
	}
	require.NoError(t, w.RemoveDomain(w.ctx, operator, b, "corp.example"))
	w.claimed(a, "ada@corp.example", "")
}

func TestCLM21_HowAUserIsClaimed(t *testing.T) {
	for name, c := range map[string]struct {
		toggle, personal bool
		wish, want       identity.ClaimMode
		rule             identity.Rule
	}{
		"on, eligible":                          {true, true, "", identity.ClaimDeferred, ""},
		"on, eligible, immediate is wanted":     {true, true, identity.ClaimImmediate, identity.ClaimImmediate, ""},
		"on, eligible, deferred is wanted":      {true, true, identity.ClaimDeferred, identity.ClaimDeferred, ""},
		"on, not eligible":                      {true, false, "", identity.ClaimImmediate, ""},
		"on, not eligible, deferred is wanted":  {true, false, identity.ClaimDeferred, "", identity.RuleClaimNotDeferrable},
		"off, eligible":                         {false, true, "", identity.ClaimImmediate, ""},
		"off, not eligible":                     {false, false, "", identity.ClaimImmediate, ""},
		"off, eligible, immediate is wanted":    {false, true, identity.ClaimImmediate, identity.ClaimImmediate, ""},
		"off, eligible, deferred is wanted":     {false, true, identity.ClaimDeferred, "", identity.RuleContentTransferDisabled},
		"off, not eligible, deferred is wanted": {false, false, identity.ClaimDeferred, "", identity.RuleContentTransferDisabled},
		"an unknown mode":                       {true, true, "later", "", identity.RuleInvalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			w.set(org, func(o *identity.Organization) { o.AllowContentTransfer = c.toggle })
			if c.personal {
				w.personal("ada@corp.example")
			} else {
				w.must(w.org("Source"), provider, person("ada@corp.example"))
			}
			preview, err := w.PreviewClaim(w.ctx, org, "ada@corp.example", "")
			require.NoError(t, err)
			require.Equal(t, c.personal, preview.Deferrable, "CLM-24")
			claim, _, err := w.claim(org, "ada@corp.example", c.wish)
			if c.rule != "" {
				refusedWith(t, err, c.rule)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, claim.Mode)
			require.Equal(t, c.want == identity.ClaimImmediate, claim.ContentLost, "CLM-26")
			if c.wish == "" {
				require.Equal(t, claim.Mode, preview.Mode)
				require.Equal(t, claim.ContentLost, preview.ContentLost)
			}
		})
	}
}

func TestCLM25_ContentDoesNotMoveBetweenRegionsNorFromOrganizations(t *testing.T) {
	w := newWorld(t)
	org, abroad := w.claimant("Corp", "corp.example"), w.claimant("Abroad", "abroad.example")
	w.set(abroad, func(o *identity.Organization) { o.Region = "eu" })
	w.personal("ada@corp.example")
	w.personal("bob@abroad.example")
	w.must(w.org("Source"), provider, person("carl@corp.example"))
	for address, c := range map[string]struct {
		org  identity.OrgID
		mode identity.ClaimMode
	}{
		"ada@corp.example": {org, identity.ClaimDeferred}, "bob@abroad.example": {abroad, identity.ClaimImmediate},
		"carl@corp.example": {org, identity.ClaimImmediate},
	} {
		claim, _ := w.claimed(c.org, address, "")
		require.Equal(t, c.mode, claim.Mode, address)
	}
	r := identity.DefaultRules()
	r.DeferredClaims = false
	w.WithRules(r)
	w.personal("dora@corp.example")
	claim, _ := w.claimed(org, "dora@corp.example", "")
	require.Equal(t, identity.ClaimImmediate, claim.Mode, "the operator does not offer deferred claims")
}

func TestCLM32_LicencesAreChosenOrTheTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		template bool
		licences []identity.Licence
		want     []identity.Licence
		rule     identity.Rule
	}{
		"a template and no choice":    {true, nil, []identity.Licence{"desk"}, ""},
		"a template and a choice":     {true, []identity.Licence{"calling"}, []identity.Licence{"calling"}, ""},
		"no template and a choice":    {false, []identity.Licence{"calling"}, []identity.Licence{"calling"}, ""},
		"neither":                     {false, nil, []identity.Licence{identity.FreeLicence}, ""},
		"a licence without a seat":    {false, []identity.Licence{"full"}, nil, identity.RuleNoLicences},
		"a licence that nobody knows": {false, []identity.Licence{"unknown"}, nil, identity.RuleUnknownLicence},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			w.subscribe(org, "Suite", seats("calling", 5), seats("desk", 5), seats("full", 1))
			w.licensed(org, "somebody@corp.example", "full")
			if c.template {
				w.template(org, "", "desk")
			}
			old, _ := w.personal("ada@corp.example")
			_, a, err := w.ClaimUser(w.ctx, admin, org, identity.ClaimRequest{Email: "ada@corp.example", Licences: c.licences})
			if c.rule != "" {
				refusedWith(t, err, c.rule)
				require.False(t, w.at(old.Org, old.ID).Shadow, "nothing is half done")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, w.licences(a), "A28: of a deferred claim too")
		})
	}
}

func TestCLM50_TheUserIsToldWhateverTheSettings(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.set(org, func(o *identity.Organization) { o.ActivationEmails = true })
	w.subscribe(org, "Suite", seats("calling", 5))
	w.template(org, "", "calling")
	w.personal("ada@corp.example")
	w.personal("bob@corp.example")
	claim, a := w.claimed(org, "ada@corp.example", "")
	mails := w.mails(org, identity.MessageClaim)
	require.Len(t, mails, 1)
	require.Equal(t, "ada@corp.example", mails[0].To)
	require.Equal(t, claim.Deadline().Format(time.RFC3339), mails[0].Data["deadline"])
	require.Empty(t, w.mails(org, identity.MessageActivation), "one mail for each claim, also with a first licence")
	require.Equal(t, a.ID, mails[0].Account)
	w.set(org, func(o *identity.Organization) { o.ActivationEmails = false })
	w.claimed(org, "bob@corp.example", "")
	require.Len(t, w.mails(org, identity.MessageClaim), 2)
}

// An account that somebody registered without proof says nothing about whose the mailbox is.
func TestCLM12_UsersOfOtherOrganizationsAreClaimedWithoutTheirContent(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	w.must(source, provider, person("ada@corp.example"))
	w.must(source, provider, person("bob@corp.example"))
	_, _, err := w.claim(org, "ada@corp.example", identity.ClaimDeferred)
	refusedWith(t, err, identity.RuleClaimNotDeferrable)
	claim, _ := w.claimed(org, "ada@corp.example", "")
	require.Equal(t, identity.ClaimImmediate, claim.Mode)
	require.True(t, claim.ContentLost)
	w.verify(source, "corp.example")
	_, _, err = w.claim(org, "bob@corp.example", "")
	refusedWith(t, err, identity.RuleClaimVerifiedElsewhere)
}

func TestCLM20_TheToggleIsTheOrganizations(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	for _, on := range []bool{false, true} {
		w.set(org, func(o *identity.Organization) { o.AllowContentTransfer = on })
		list, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{})
		require.NoError(t, err)
		require.Equal(t, on, list.Users[0].Mode == identity.ClaimDeferred)
	}
	claim, _ := w.claimed(org, "ada@corp.example", "")
	w.set(org, func(o *identity.Organization) { o.AllowContentTransfer = false })
	require.Equal(t, identity.ClaimWaiting, w.stateOf(claim), "a claim that runs keeps its mode (14.3)")
}

func TestCLM22_AnImmediateClaimCanBeLicensedAndChangedAtOnce(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.subscribe(org, "Suite", seats("calling", 1))
	w.must(w.org("Source"), provider, person("ada@corp.example"))
	_, a := w.claimed(org, "ada@corp.example", "")
	require.NoError(t, w.addLicences(a, "calling"))
	_, err := w.deactivate(admin, a)
	require.NoError(t, err)
}

func TestCLM24_CLM26_WhoCanBringContentAlong(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	w.must(w.org("Source"), provider, person("bob@corp.example"))
	for address, deferrable := range map[string]bool{"ada@corp.example": true, "bob@corp.example": false} {
		p, err := w.PreviewClaim(w.ctx, org, address, "")
		require.NoError(t, err)
		require.Equal(t, deferrable, p.Deferrable, address)
		require.Equal(t, !deferrable, p.ContentLost, address)
	}
}

func TestNTF01_AClaimIsToldAndNothingIsIfItFails(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.must(w.org("Source"), provider, person("ada@corp.example"))
	_, _, err := w.ClaimUser(w.ctx, admin, org, identity.ClaimRequest{Email: "ada@corp.example", Licences: []identity.Licence{"unknown"}})
	refusedWith(t, err, identity.RuleUnknownLicence)
	require.Empty(t, w.mails(org, identity.MessageClaim))
	w.claimed(org, "ada@corp.example", "")
	require.Len(t, w.mails(org, identity.MessageClaim), 1)
}

func TestCLM31_TheListIsSortedByAddressOrDomain(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.verify(org, "alpha.example")
	for _, address := range []string{"z@alpha.example", "b@corp.example", "a@corp.example", "y@alpha.example"} {
		w.must(identity.ConsumerOrgID, provider, person(address))
	}
	sorted := func(by string, limit int) (addresses []string) {
		list, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{Sort: by, Limit: limit})
		require.NoError(t, err)
		require.Equal(t, 4, list.Total)
		for _, u := range list.Users {
			addresses = append(addresses, u.Email)
		}
		return addresses
	}
	require.Equal(t, []string{"a@corp.example", "b@corp.example", "y@alpha.example", "z@alpha.example"}, sorted(identity.SortByEmail, 0))
	require.Equal(t, []string{"y@alpha.example", "z@alpha.example", "a@corp.example", "b@corp.example"}, sorted(identity.SortByDomain, 0))
	require.Equal(t, []string{"a@corp.example", "b@corp.example", "y@alpha.example"}, sorted(identity.SortByEmail, 3))
	require.Equal(t, []string{"y@alpha.example", "z@alpha.example", "a@corp.example"}, sorted(identity.SortByDomain, 3))
	_, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{Sort: "name"})
	refusedWith(t, err, identity.RuleInvalidValue)
}

// TestEML13_I11_NobodyOfASharedDomainIsListedAsBlocked lists who cannot be claimed: in a domain that another organization has verified too
// they are that one's own people.
func TestEML13_I11_NobodyOfASharedDomainIsListedAsBlocked(t *testing.T) {
	for name, synced := range map[string]bool{"without a directory": false, "with one": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, other, source := w.claimant("Corp", "shared.example"), w.claimant("Other", "shared.example"), w.org("Source")
			w.verify(org, "corp.example")
			w.must(other, provider, person("secret@shared.example"))
			w.must(source, provider, person("ada@corp.example"))
			w.set(source, func(o *identity.Organization) { o.SSOProvider = "https://idp.example" })
			if synced {
				w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
			}
			list, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{Blocked: true})
			require.NoError(t, err)
			require.Equal(t, 1, list.Total)
			require.Len(t, list.Users, 1)
			require.Equal(t, "ada@corp.example", list.Users[0].Email)
		})
	}
}
