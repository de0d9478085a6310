package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestCLM40_TheOldAccountBecomesAShadow(t *testing.T) {
	for _, mode := range []identity.ClaimMode{identity.ClaimImmediate, identity.ClaimDeferred} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			old, p := w.personal("ada@corp.example")
			claim, a := w.claimed(org, "Ada@Corp.example", mode)
			shadow := w.at(old.Org, old.ID)
			require.True(t, shadow.Shadow)
			require.Equal(t, "ada@corp.example.convert-user.local", shadow.UserName)
			require.Equal(t, "ada@corp.example.convert-user.local", shadow.PrimaryEmail())
			require.Equal(t, identity.Active, shadow.Status)
			hold, err := w.Reader().Hold(w.ctx, "ada@corp.example")
			require.NoError(t, err)
			require.Equal(t, a.ID, hold.Account)
			require.Equal(t, org, hold.Org)
			require.Equal(t, a.ID, w.caller(p).Account.ID, "whoever signed in to the old account is in the new one")
			require.Equal(t, claim.NewAccount, a.ID)
			require.NotEqual(t, old.ID, a.ID)
		})
	}
}

func TestCLM41_TheNamespaceOfShadowsIsReserved(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	for _, domain := range []string{"convert-user.local", "a.convert-user.local", "A.Convert-User.Local"} {
		_, _, err := w.ChallengeDomain(w.ctx, operator, org, domain)
		refusedWith(t, err, identity.RuleReservedDomain)
		_, err = w.AttestDomain(w.ctx, operator, org, domain)
		refusedWith(t, err, identity.RuleReservedDomain)
		_, err = w.add(org, provider, person("ada@"+domain))
		refusedWith(t, err, identity.RuleReservedDomain)
		_, _, err = w.claim(org, "ada@"+domain, "")
		refusedWith(t, err, identity.RuleReservedDomain)
	}
}

func TestCLM42_TheStatusIsCarriedOver(t *testing.T) {
	for name, c := range map[string]struct {
		prepare  func(*world, identity.Account) // of a user of another organization
		want     identity.Status
		reason   identity.InactiveReason
		previous identity.Status
	}{
		"not verified": {func(*world, identity.Account) {}, identity.NotVerified, "", ""},
		"verified": {func(w *world, a identity.Account) {
			_, err := act(w, a.Org, operator, func(c *identity.Acts) (identity.Account, error) { return c.VerifyEmail(w.ctx, a.ID) })
			require.NoError(w.t, err)
		}, identity.Verified, "", ""},
		"active": {func(w *world, a identity.Account) { w.signIn(a) }, identity.Active, "", ""},
		"inactive": {func(w *world, a identity.Account) {
			w.signIn(a)
			_, err := w.deactivate(admin, a)
			require.NoError(w.t, err)
		}, identity.Inactive, identity.ClaimedInactive, identity.Active},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			old := w.must(w.org("Source"), provider, person("ada@corp.example"))
			c.prepare(w, old)
			w.clock.move(3 * identity.Day)
			_, a := w.claimed(org, "ada@corp.example", "")
			now := w.at(org, a.ID)
			require.Equal(t, c.want, now.Status)
			require.Equal(t, c.reason, now.InactiveReason)
			require.Equal(t, c.previous, now.PreviousStatus)
			if c.want == identity.Inactive {
				o, err := w.Reader().Organization(w.ctx, org)
				require.NoError(t, err)
				at, ok := now.PurgeAt(o)
				require.True(t, ok)
				require.Equal(t, w.Now().Add(30*identity.Day), at, "A22: the clock begins anew")
				_, err = w.reactivate(admin, now)
				require.NoError(t, err)
			}
		})
	}
}

func TestCLM43_NobodyTouchesAShadow(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	old := w.must(source, provider, person("ada@corp.example"))
	w.claimed(org, "ada@corp.example", "")
	shadow := w.at(source, old.ID)
	for _, by := range []identity.Actor{admin, provider, operator} {
		refusedWith(t, w.delete(by, shadow), identity.RuleClaimedByOther)
		_, err := w.deactivate(by, shadow)
		refusedWith(t, err, identity.RuleClaimedByOther)
		_, err = w.update(by, shadow, func(d *identity.Draft) { d.ExternalID = "x" })
		refusedWith(t, err, identity.RuleClaimedByOther)
	}
	_, err := act(w, source, admin, func(c *identity.Acts) (bool, error) { return c.Invite(w.ctx, shadow.ID, nil) })
	refusedWith(t, err, identity.RuleClaimedByOther)
	_, err = w.setLicences(admin, shadow)
	refusedWith(t, err, identity.RuleClaimedByOther)
	require.Equal(t, shadow, w.at(source, old.ID))
	require.Contains(t, w.why(shadow).Because, "Another organization claimed this user")
}

func TestCLM45_PreviewsWarnOfSitesAndOfRolesElsewhere(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	w.subscribe(source, "Suite", seats("meetings", 5), seats("calling", 5))
	require.NoError(t, w.Transact(w.ctx, source, operator, func(c *identity.Acts) error {
		return c.Tx().PutSiteLink(w.ctx, identity.SiteLink{Org: source, Site: "acme.meet.example", Licence: "meetings", Status: identity.SitePending, CreatedAt: t0, UpdatedAt: t0})
	}))
	w.licensed(source, "site@corp.example", "meetings")
	w.licensed(source, "plain@corp.example", "calling")
	_, p := w.bound(source, "external@corp.example")
	w.grant(w.org("Third"), p, identity.RoleReadOnly)
	for address, want := range map[string][]identity.Rule{
		"site@corp.example": {identity.WarnSiteLicence}, "plain@corp.example": nil, "external@corp.example": {identity.WarnExternalAdmin},
	} {
		preview, err := w.PreviewClaim(w.ctx, org, address, "")
		require.NoError(t, err)
		require.True(t, preview.Eligible)
		require.Equal(t, want, codesOf(preview.Warnings), address)
		w.claimed(org, address, "")
	}
}

func TestCLM46_RolesEndWithTheClaim(t *testing.T) {
	w := newWorld(t)
	org, source, third := w.claimant("Corp", "corp.example"), w.org("Source"), w.org("Third")
	_, p := w.bound(source, "ada@corp.example")
	_, chief := w.bound(source, "chief@source.example")
	w.grant(source, chief, identity.RoleFull)
	for _, o := range []identity.OrgID{org, source, third} {
		w.grant(o, p, identity.RoleReadOnly)
	}
	w.claimed(org, "ada@corp.example", "")
	grants, err := w.Reader().GrantsOf(w.ctx, p.Issuer, p.Subject)
	require.NoError(t, err)
	require.Empty(t, grants, "CLM-47: roles do not travel either")
	for _, o := range []identity.OrgID{org, source, third} {
		events, err := w.Reader().Events(w.ctx, o, identity.EventQuery{Kinds: []identity.EventKind{identity.GrantRevoked}, Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, identity.Rule("CLM-46"), events[0].Rule)
	}
}

func TestCLM47_GroupsAndLicencesStayBehind(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	w.subscribe(source, "Paid", seats("calling", 1))
	_, err := w.PutSubscription(w.ctx, admin, identity.Subscription{Org: source, Name: "Trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive, Pools: []identity.Pool{seats("video", 1)}})
	require.NoError(t, err)
	w.subscribe(org, "Ours", seats("desk", 1))
	old := w.licensed(source, "ada@corp.example", "calling", "video")
	group := act1(w, source, func(c *identity.Acts) (identity.Group, error) {
		g, err := c.CreateGroup(w.ctx, "Team", "", identity.Origin{Source: identity.SourceManual})
		if err != nil {
			return g, err
		}
		return c.AddMember(w.ctx, g.ID, nil, old.ID)
	})
	_, a, err := w.ClaimUser(w.ctx, admin, org, identity.ClaimRequest{Email: "ada@corp.example", Licences: []identity.Licence{"desk"}})
	require.NoError(t, err)
	require.Equal(t, []identity.Licence{"desk"}, w.licences(a))
	groups, err := w.Reader().GroupsOf(w.ctx, org, a.ID)
	require.NoError(t, err)
	require.Empty(t, groups)
	require.Equal(t, 1, w.used(source, "calling"), "somebody pays for it, so it stays with the old account")
	require.Zero(t, w.used(source, "video"), "nobody pays for it, so others can have it")
	n, err := w.Reader().CountMembers(w.ctx, source, group.ID)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestAUD04_AClaimIsOneEventInEachOrganization(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	old := w.must(source, provider, person("ada@corp.example"))
	_, a := w.claimed(org, "ada@corp.example", "")
	require.Equal(t, []identity.EventKind{identity.UserClaimed}, w.events(a))
	require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.UserClaimedAway}, w.events(old))
	list, err := w.Reader().Events(w.ctx, source, identity.EventQuery{Account: old.ID, Newest: true, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, identity.System, list[0].Actor.Kind)
	require.NotContains(t, list[0].Actor.Name+list[0].Actor.ID+string(list[0].Evidence)+list[0].Target.ID, string(org))
	require.NotContains(t, list[0].Actor.Name, admin.Name)
}

func TestCLM40_WhoRegisteredWithoutProofIsNotTakenAlong(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	p := visitor("ada@corp.example")
	p.EmailVerified = false
	_, err := w.RegisterSelf(w.ctx, p, identity.Request{})
	require.NoError(t, err)
	_, a := w.claimed(org, "ada@corp.example", "")
	require.Nil(t, w.caller(p).Account)
	secret := secretOf(w.mails(org, identity.MessageClaim)[0])
	owner := identity.Person{Issuer: issuer, Subject: "the real one"}
	_, err = w.UseLink(w.ctx, secret, &owner, identity.Request{})
	require.NoError(t, err)
	require.Equal(t, a.ID, w.caller(owner).Account.ID)
}

// TestCLM43_CLM55_AKeptAccountThatNobodyConfirmsCanBeDeleted plays a person who keeps the old account and never confirms an address for it.
// Its organization can do nothing else with it, but is not left with it for good.
func TestCLM43_CLM55_AKeptAccountThatNobodyConfirmsCanBeDeleted(t *testing.T) {
	for name, by := range map[string]identity.Actor{"an administrator": admin, "an identity provider": provider, "the operator": operator} {
		for _, gone := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				org, source := w.claimant("Corp", "corp.example"), w.org("Source")
				if by.Kind == identity.Operator {
					source = identity.ConsumerOrgID
				}
				old, p := w.bound(source, "ada@corp.example")
				w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
				refusedWith(t, w.delete(by, old), identity.RuleClaimedByOther)
				_, err := w.choose(p, identity.OptionKeep, "ada@private.example")
				require.NoError(t, err)
				if gone {
					w.deleted(org, operator, identity.HandleDelete)
				}
				w.clock.move(15 * identity.Day)
				w.revert()
				require.Contains(t, w.why(old).Next.Text, "deleted")
				require.Contains(t, w.why(old).Because, "keeps")
				if by.Kind != identity.Operator {
					w.set(source, func(o *identity.Organization) { o.SyncMode = identity.SyncManual }) // no directory has it any more
				}
				_, err = w.deactivate(by, old)
				refusedWith(t, err, identity.RuleClaimedByOther)
				require.NoError(t, w.delete(by, old))
				w.gone(source, old.ID)
				require.Equal(t, "deleted", w.why(old).Status)
				if gone {
					return
				}
				_, err = w.KeepAddress(w.ctx, w.caller(p), identity.Request{}, "ada@private.example")
				refusedWith(t, err, identity.RuleClaimSettled)
				mine, err := w.MyClaim(w.ctx, w.caller(p))
				require.NoError(t, err)
				require.False(t, mine.AwaitsEmail)
			})
		}
	}
}
