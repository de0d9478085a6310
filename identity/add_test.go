package identity_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func people(n int) []identity.NewUser {
	all := make([]identity.NewUser, n)
	for i := range all {
		all[i].Draft = person(fmt.Sprintf("p%d@example.com", i))
	}
	return all
}

func TestCSV08_AtMostTwentyFiveByHand(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	for n, rule := range map[int]identity.Rule{0: identity.RuleTooManyUsers, 26: identity.RuleTooManyUsers} {
		_, err := w.AddUsers(w.ctx, admin, org, people(n))
		refusedWith(t, err, rule)
	}
	added, err := w.AddUsers(w.ctx, admin, org, people(25))
	require.NoError(t, err)
	require.Len(t, added, 25)
	require.Equal(t, identity.SourceManual, added[24].Source)
}

func TestCSV08_OneByOneWhereAttributesAreRequired(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.set(org, func(o *identity.Organization) { o.RequiredAttributes = "department givenName" })
	complete := people(2)
	for i := range complete {
		complete[i].Draft.Profile = `{"name":{"givenName":"Ada"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}}`
	}
	_, err := w.AddUsers(w.ctx, admin, org, complete)
	refusedWith(t, err, identity.RuleTooManyUsers)
	_, err = w.AddUsers(w.ctx, admin, org, complete[:1])
	require.NoError(t, err)
	for name, profile := range map[string]identity.Profile{
		"nothing": "", "one missing": `{"name":{"givenName":"Ada"}}`,
		"one empty": `{"name":{"givenName":""},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			u := people(2)[1:]
			u[0].Draft.Profile = profile
			_, err := w.AddUsers(w.ctx, admin, org, u)
			refusedWith(t, err, identity.RuleAttributeRequired)
		})
	}
}

func TestAddUsers_AllOrNoneAndEveryReason(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.must(w.org("B"), provider, person("p1@example.com"))
	users := people(4)
	users[3].Draft = person("no address")
	_, err := w.AddUsers(w.ctx, admin, org, users)
	var refusal *identity.Error
	require.ErrorAs(t, err, &refusal)
	require.Len(t, refusal.Why, 2)
	require.Equal(t, identity.RuleEmailTaken, refusal.Why[0].Code)
	require.Contains(t, refusal.Why[0].Detail, "users[1]")
	require.Contains(t, refusal.Why[1].Detail, "users[3]")
	n, err := w.Reader().CountAccounts(w.ctx, org, nil)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, w.outbox(org))
}

func TestEML15_WhoHoldsTheAddressDecides(t *testing.T) {
	for _, c := range []struct {
		situation string
		prepare   func(w *world, org identity.OrgID)
		rule      identity.Rule
	}{
		{"1: the directory manages the organization", func(w *world, org identity.OrgID) {
			w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncRegistered })
			w.must(w.org("B"), provider, person("u@d.example"))
		}, identity.RuleManagedByDirectory},
		{"2: nobody, but another organization claimed the domain", func(w *world, _ identity.OrgID) { w.claimDomain(w.org("B"), "d.example") }, identity.RuleDomainClaimed},
		{"3: nobody, but the organization insists on its domains", func(w *world, org identity.OrgID) {
			w.verify(org, "own.example")
			w.set(org, func(o *identity.Organization) { o.EnforceVerifiedDomains = true })
		}, identity.RuleDomainNotVerified},
		{"3: it insists, but has no domain yet", func(w *world, org identity.OrgID) {
			w.set(org, func(o *identity.Organization) { o.EnforceVerifiedDomains = true })
		}, ""},
		{"4: nobody", func(*world, identity.OrgID) {}, ""},
		{"5: a live account here", func(w *world, org identity.OrgID) { w.must(org, provider, person("u@d.example")) }, identity.RuleEmailTaken},
		{"6: somebody about to be deleted", func(w *world, _ identity.OrgID) {
			gone := w.synchronized(w.org("B"), "u@d.example", false)
			_, err := w.mirror(gone, identity.DirectoryMissing, identity.DirectoryDeleted)
			require.NoError(w.t, err)
		}, identity.RuleEmailHeld},
		{"6: a change that is not confirmed", func(w *world, _ identity.OrgID) {
			_, err := w.changeEmail(w.byHand(w.org("B"), "old@d.example"), "u@d.example")
			require.NoError(w.t, err)
		}, identity.RuleEmailHeld},
		{"7: the creator of a trial organization", func(w *world, org identity.OrgID) {
			trial := w.trial("u@d.example", identity.OnlineTrial)
			w.verify(org, "d.example")
			require.NotEqual(w.t, org, trial)
		}, identity.RuleUserOwnsTrialOrg},
		{"7: the last full administrator of a trial organization", func(w *world, _ identity.OrgID) {
			trial := w.trial("creator@d.example", identity.PartnerTrial)
			_, p := w.bound(trial, "u@d.example")
			w.grant(trial, p, identity.RoleFull)
		}, identity.RuleUserOwnsTrialOrg},
		{"8: a personal account in a domain of the organization", func(w *world, org identity.OrgID) {
			w.must(identity.ConsumerOrgID, provider, person("u@d.example"))
			w.verify(org, "d.example")
		}, identity.RuleEmailClaimable},
		{"9: a personal account in somebody's domain", func(w *world, _ identity.OrgID) {
			w.must(identity.ConsumerOrgID, provider, person("u@d.example"))
		}, identity.RuleDomainNotAvailable},
		{"9: a personal account in a domain that two verified", func(w *world, org identity.OrgID) {
			w.must(identity.ConsumerOrgID, provider, person("u@d.example"))
			w.verify(org, "d.example")
			w.verify(w.org("B"), "d.example")
		}, identity.RuleDomainNotAvailable},
		{"10: another organization's user who can be claimed", func(w *world, org identity.OrgID) {
			w.must(w.org("B"), provider, person("u@d.example"))
			w.verify(org, "d.example")
		}, identity.RuleEmailClaimable},
		{"11: another organization's user", func(w *world, _ identity.OrgID) { w.must(w.org("B"), provider, person("u@d.example")) }, identity.RuleEmailTaken},
	} {
		t.Run(c.situation, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("A")
			c.prepare(w, org)
			for _, by := range []identity.Actor{admin, provider} {
				_, err := w.add(org, by, person("u@d.example"))
				if c.rule == "" {
					require.NoError(t, err)
					return
				}
				refusedWith(t, err, c.rule)
				var e *identity.Error
				require.ErrorAs(t, err, &e)
				if c.rule == identity.RuleDomainNotAvailable {
					require.Len(t, e.Ways, 2, "EML-09")
					require.False(t, e.Ways[0].DataLoss)
					require.True(t, e.Ways[1].DataLoss)
				}
			}
		})
	}
}

// trial makes an organization that somebody signed up for a trial.
func (w *world) trial(creator string, kind identity.SubscriptionType) identity.OrgID {
	w.t.Helper()
	org := w.org("Trial")
	a := w.must(org, provider, person(creator))
	w.set(org, func(o *identity.Organization) { o.Creator = a.ID })
	_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "Trial", Type: kind, Status: identity.SubscriptionActive,
		Pools: []identity.Pool{{Licence: "calling"}}})
	require.NoError(w.t, err)
	return org
}

func TestAUD04_RefusalsAreRecorded(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("ada@example.com"))
	_, err := w.reactivate(admin, a)
	refusedWith(t, err, identity.RuleInvalidTransition)
	_, err = w.add(org, provider, person("ada@example.com"))
	refusedWith(t, err, identity.RuleEmailTaken)
	_, err = w.add(org, provider, person("no address"))
	refusedWith(t, err, identity.RuleInvalidEmail)
	require.NoError(t, w.RecordRefusal(w.ctx, org, admin, identity.Target{Type: identity.TargetOperation, ID: "deleteUser"},
		identity.Refuse(identity.Forbidden, identity.RuleForbiddenRole, "no")))
	refusals, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: []identity.EventKind{identity.EventRefused}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, refusals, 3, "one each, none for a mistake in the input")
	require.Equal(t, identity.RuleInvalidTransition, refusals[0].Error)
	require.Equal(t, a.ID, refusals[0].Account)
	require.NotEmpty(t, refusals[0].Message)
	require.Equal(t, "ada@example.com", refusals[1].AccountName)
	require.Equal(t, identity.RuleEmailTaken, refusals[1].Error)
	require.Equal(t, "deleteUser", refusals[2].Target.ID)
	report, err := w.VerifyChain(w.ctx, org)
	require.NoError(t, err)
	require.False(t, report.Broken(), report.Fault)
	require.EqualValues(t, 5, report.Events)
}
