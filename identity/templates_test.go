package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestLIC01_TheUnionOfTheOrganizationsAndTheGroupsTemplates(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 5), seats("l2", 5), seats("l3", 5))
	w.template(org, "", "l1")
	g, other := w.group(org, "G"), w.group(org, "H")
	w.template(org, g.ID, "l2", "l1")
	w.template(org, other.ID, "l3")

	a := w.must(org, provider, person("ada@example.com"))
	require.Equal(t, []identity.Licence{"l1"}, w.licences(a))
	w.join(g, a)
	require.Equal(t, []identity.Licence{"l1", "l2"}, w.licences(a))
	require.Equal(t, 1, w.used(org, "l1"), "the same service is never counted twice")
	w.join(g, a)
	require.Equal(t, []string{`{"added":["l1"],"removed":[],"missing":[]}`, `{"added":["l2"],"removed":[],"missing":[]}`}, w.licenceEvents(a))

	w.leave(g, a)
	require.Equal(t, []identity.Licence{"l1", "l2"}, w.licences(a), "leaving takes nothing back")
}

func TestLIC01_GroupTemplatesAreForDirectMembers(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 5), seats("l2", 5))
	g := w.group(org, "G")
	w.template(org, g.ID, "l1")
	stranger := w.must(org, provider, person("stranger@example.com"))
	member := w.licensed(org, "member@example.com", "l2")
	w.join(g, member)
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(stranger))
	require.Equal(t, []identity.Licence{"l1", "l2"}, w.licences(member), "LIC-02 is about creation; joining comes later")
}

func TestLIC01_ATemplateWithoutSeatsStopsNobody(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	s := w.subscribe(org, "S", seats("l1", 1), seats("l2", 5), seats("l3", 5))
	w.template(org, "", "l1", "l2", "l3")
	w.licensed(org, "first@example.com", "l1")
	s = w.subscription(s)
	s.Pools = s.Pools[:2]
	_, err := w.PutSubscription(w.ctx, admin, s)
	require.NoError(t, err)

	a := w.must(org, provider, person("ada@example.com"))
	require.Equal(t, []identity.Licence{"l2"}, w.licences(a))
	require.Equal(t, []string{`{"added":["l2"],"removed":[],"missing":["l1","l3"]}`}, w.licenceEvents(a))

	g := w.group(org, "G")
	w.template(org, g.ID, "l1")
	b := w.licensed(org, "eve@example.com")
	w.join(g, b)
	require.Equal(t, []string{`{"added":[],"removed":[],"missing":["l1"]}`}, w.licenceEvents(b))
	members, err := w.Reader().Members(w.ctx, org, g.ID, "", 10)
	require.NoError(t, err)
	require.Equal(t, []identity.AccountID{b.ID}, members)
}

func TestLIC03_ExistingUsersAreTouchedOnlyByApplying(t *testing.T) {
	for name, c := range map[string]struct {
		preserve bool
		want     []identity.Licence
	}{
		"licences are preserved": {true, []identity.Licence{"l1", "l2", "l3", "own"}},
		"licences go":            {false, []identity.Licence{"l2", "l3", "own"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("A")
			w.subscribe(org, "S", seats("l1", 5), seats("l2", 5), seats("l3", 5), seats("own", 5))
			w.template(org, "", "l1", "l2")
			a := w.must(org, provider, person("ada@example.com"))
			require.NoError(t, w.addLicences(a, "own"))
			g := w.group(org, "G", a)
			w.template(org, g.ID, "l2")
			w.template(org, "", "l3")
			require.Equal(t, []identity.Licence{"l1", "l2", "own"}, w.licences(a), "a template is for new users")

			removed := []identity.Licence{"l1", "l2"}
			require.NoError(t, w.applyTemplate(a, removed, c.preserve))
			require.Equal(t, c.want, w.licences(a), "l2 stays because the group's template gives it, the user's own because no template did")
			n := len(w.licenceEvents(a))
			require.NoError(t, w.applyTemplate(a, removed, c.preserve))
			require.Len(t, w.licenceEvents(a), n, "twice does no more")
		})
	}
}

func TestLIC03_ApplyingRefusesWhatHasNoSeat(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 1), seats("l2", 5), seats("l3", 5))
	w.licensed(org, "first@example.com", "l1")
	a := w.licensed(org, "ada@example.com", "l3")
	w.template(org, "", "l1", "l2")
	refusedWith(t, w.applyTemplate(a, []identity.Licence{"l3"}, false), identity.RuleNoLicences)
	require.Equal(t, []identity.Licence{"l3"}, w.licences(a), "nothing is half done")

	shadow := w.must(w.org("B"), provider, person("shadow@example.com"))
	shadow.Shadow = true
	w.store(shadow)
	refusedWith(t, w.applyTemplate(shadow, nil, true), identity.RuleClaimedByOther)
}

func TestLIC03_DeletingATemplateRemovesNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.subscribe(org, "S", seats("l1", 5), seats("l2", 5))
	w.template(org, "", "l1")
	g := w.group(org, "G")
	w.template(org, g.ID, "l2")
	a := w.must(org, provider, person("ada@example.com"))
	w.join(g, a)
	require.Equal(t, 2, w.organization(org).LicenceTemplates)

	require.NoError(t, w.DeleteTemplate(w.ctx, admin, org, ""))
	require.Equal(t, 1, w.organization(org).LicenceTemplates)
	refusedWith(t, w.DeleteTemplate(w.ctx, admin, org, ""), identity.RuleUnknownTemplate)
	require.NoError(t, w.Transact(w.ctx, org, admin, func(c *identity.Acts) error { return c.DeleteGroup(w.ctx, g.ID, nil, nil) }))
	require.Zero(t, w.organization(org).LicenceTemplates, "a group's template goes with it")
	require.Equal(t, []identity.Licence{"l1", "l2"}, w.licences(a))
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(w.must(org, provider, person("eve@example.com"))))
}

func TestLIC07_TemplatesDoNotApplyToExternalUsers(t *testing.T) {
	w := newWorld(t)
	home, org := w.org("Home"), w.org("A")
	w.subscribe(org, "S", seats("l1", 5))
	w.template(org, "", "l1")
	eve := w.must(home, provider, person("eve@example.com"))
	require.NoError(t, w.Transact(w.ctx, home, operator, func(c *identity.Acts) error {
		return c.Tx().InsertBinding(w.ctx, identity.Binding{Issuer: "https://issuer.example", Subject: "eve", Org: home, Account: eve.ID, CreatedAt: c.Now()})
	}))
	_, err := w.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: "https://issuer.example", Subject: "eve", Role: identity.RoleFull})
	require.NoError(t, err)
	n, err := w.Reader().CountAccounts(w.ctx, org, nil)
	require.NoError(t, err)
	require.Zero(t, n, "an external administrator has no account here that could have a licence")
	require.Zero(t, w.used(org, "l1"))
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(eve))
}

func TestLIC01_WhatATemplateMaySay(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	w.subscribe(org, "S", seats("l1", 5))
	foreign := w.group(other, "G")
	for name, c := range map[string]struct {
		group    identity.GroupID
		licences []identity.Licence
		rule     identity.Rule
	}{
		"nothing":                        {"", nil, identity.RuleInvalidValue},
		"the free licence":               {"", []identity.Licence{"free"}, identity.RuleInvalidValue},
		"a licence that nobody sells":    {"", []identity.Licence{"l1", "l7"}, identity.RuleUnknownLicence},
		"a group of another one":         {foreign.ID, []identity.Licence{"l1"}, identity.RuleUnknownGroup},
		"a group that there is not":      {"none", []identity.Licence{"l1"}, identity.RuleUnknownGroup},
		"a licence of a suspended offer": {"", []identity.Licence{"l2"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.rule == "" {
				_, err := w.PutSubscription(w.ctx, admin, identity.Subscription{Org: org, Name: "T", Type: identity.Paid,
					Status: identity.SubscriptionSuspended, Pools: []identity.Pool{seats("l2", 5)}})
				require.NoError(t, err)
				w.template(org, c.group, c.licences...)
				require.NoError(t, w.DeleteTemplate(w.ctx, admin, org, c.group))
				return
			}
			_, err := w.PutTemplate(w.ctx, admin, org, c.group, c.licences)
			refusedWith(t, err, c.rule)
			require.Zero(t, w.organization(org).LicenceTemplates)
		})
	}
	for range 2 {
		stored, err := w.PutTemplate(w.ctx, admin, org, "", []identity.Licence{"l1", "l1"})
		require.NoError(t, err)
		require.Equal(t, []identity.Licence{"l1"}, stored.Licences)
	}
	list, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: []identity.EventKind{identity.TemplatePut, identity.TemplateDeleted}, Limit: 10, Newest: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"before":[],"after":["l1"]}`, string(list[0].Evidence))
	require.Equal(t, identity.Target{Type: identity.TargetTemplate, ID: string(org), Name: "A"}, list[0].Target)
	require.Len(t, list, 3, "saying it twice is no change")
}
