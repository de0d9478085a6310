package identity_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestORG01to04_WhoMayDelete(t *testing.T) {
	for name, c := range map[string]struct {
		by   func(w *world, org identity.OrgID) identity.Actor
		rule identity.Rule // empty: allowed
	}{
		"ORG-01 an own full administrator": {func(w *world, org identity.OrgID) identity.Actor {
			_, p := w.boss(org, "ada@c.example")
			return w.as(p, org)
		}, ""},
		"ORG-01 an own user administrator": {func(w *world, org identity.OrgID) identity.Actor {
			_, p := w.bound(org, "bob@c.example")
			w.grant(org, p, identity.RoleUser)
			return w.as(p, org)
		}, identity.RuleForbiddenRole},
		"ORG-01 an own read-only administrator": {func(w *world, org identity.OrgID) identity.Actor {
			_, p := w.bound(org, "bob@c.example")
			w.grant(org, p, identity.RoleReadOnly)
			return w.as(p, org)
		}, identity.RuleForbiddenRole},
		"ORG-01 an own device administrator": {func(w *world, org identity.OrgID) identity.Actor {
			_, p := w.bound(org, "bob@c.example")
			w.grant(org, p, identity.RoleDevice)
			return w.as(p, org)
		}, identity.RuleForbiddenRole},
		"ORG-02 a partner with all rights": {func(w *world, org identity.OrgID) identity.Actor {
			partner := w.partner("P")
			_, p := w.boss(partner, "pat@p.example")
			_, err := w.PutPartner(w.ctx, operator, partner, org, identity.RoleFull)
			require.NoError(w.t, err)
			return w.as(p, org)
		}, identity.RulePartnerCannotDelete},
		"ORG-03 an external full administrator": {func(w *world, org identity.OrgID) identity.Actor {
			_, p := w.bound(w.org("B"), "eve@b.example")
			w.grant(org, p, identity.RoleFull)
			return w.as(p, org)
		}, identity.RuleForbiddenRole},
		"an identity provider": {func(*world, identity.OrgID) identity.Actor { return provider }, identity.RuleForbiddenRole},
		"a connector":          {func(*world, identity.OrgID) identity.Actor { return connector }, identity.RuleForbiddenRole},
		"the owner of an account": {func(*world, identity.OrgID) identity.Actor { return identity.Actor{Kind: identity.Owner} },
			identity.RuleForbiddenRole},
		"whoever runs the server": {func(*world, identity.OrgID) identity.Actor { return operator }, ""},
	} {
		for way, ask := range map[string]func(*world, identity.Actor, identity.OrgID) error{
			"bare": func(w *world, by identity.Actor, org identity.OrgID) error {
				_, err := w.DeleteOrganization(w.ctx, by, org)
				return err
			},
			"guided": func(w *world, by identity.Actor, org identity.OrgID) error {
				_, err := w.RequestDeletion(w.ctx, by, org, guided(identity.HandleDelete))
				return err
			},
		} {
			t.Run(name+"/"+way, func(t *testing.T) {
				w := newWorld(t)
				org := w.org("C")
				by := c.by(w, org)
				if c.rule == "" {
					require.NoError(t, ask(w, by, org))
					require.Equal(t, identity.OrgDeleting, w.organization(org).State)
					return
				}
				w.changesNothing(func() { refusedWith(t, ask(w, by, org), c.rule) })
				denied := w.heard(org, identity.EventRefused)
				require.Len(t, denied, 1, "a refusal is told")
				require.Equal(t, c.rule, denied[0].Error)
				require.Equal(t, by.ID, denied[0].Actor.ID)
				require.Equal(t, identity.OrgActive, w.organization(org).State)
			})
		}
	}
}

func TestORG04_TheOrganizationOfPersonalAccountsCannotBeDeleted(t *testing.T) {
	w := newWorld(t)
	for _, by := range []identity.Actor{operator, admin, provider} {
		_, err := w.DeleteOrganization(w.ctx, by, identity.ConsumerOrgID)
		require.Equal(t, identity.Forbidden, identity.KindOf(err), "%v", err)
		_, err = w.RequestDeletion(w.ctx, by, identity.ConsumerOrgID, guided(identity.HandleConvert))
		require.Equal(t, identity.Forbidden, identity.KindOf(err), "%v", err)
	}
	_, err := w.CheckDeletion(w.ctx, identity.ConsumerOrgID, "")
	require.Equal(t, identity.Forbidden, identity.KindOf(err))
	require.Equal(t, identity.OrgActive, w.organization(identity.ConsumerOrgID).State)
}

// six makes an organization that cannot be deleted for each of the six reasons, and returns with it how each of them ends, in the order of
// ORG-07.
func (w *world) six() (org identity.OrgID, by identity.Actor, ends []func()) {
	w.t.Helper()
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: "C", Kind: identity.Partner})
	require.NoError(w.t, err)
	org = o.ID
	_, p := w.boss(org, "ada@c.example")
	by = w.as(p, org)
	second := w.must(org, provider, person("bob@c.example"))
	_, err = w.CompleteSite(w.ctx, operator, org, "meet.example")
	require.NoError(w.t, err)
	paid := w.subscribe(org, "Plan", seats("calling", 3))
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{"url":"ldaps://dc.c.example"}`)})
	require.NoError(w.t, err)
	first, other := w.partner("P1"), w.partner("P2")
	for _, partner := range []identity.OrgID{first, other} {
		_, err = w.PutPartner(w.ctx, operator, partner, org, identity.RoleUser)
		require.NoError(w.t, err)
	}
	customer := w.org("K")
	_, err = w.PutPartner(w.ctx, operator, org, customer, identity.RoleUser)
	require.NoError(w.t, err)
	ok := func(err error) { w.t.Helper(); require.NoError(w.t, err) }
	return org, by, []func(){
		func() { ok(w.UnlinkSite(w.ctx, operator, org, "meet.example")) },
		func() {
			paid.Status = identity.SubscriptionCancelled
			_, err := w.PutSubscription(w.ctx, operator, paid)
			ok(err)
		},
		func() { ok(w.RemoveConnector(w.ctx, by, org, n.ID)) },
		func() { ok(w.delete(admin, second)) },
		func() { ok(w.RemovePartner(w.ctx, by, org, first, org)) },
		func() { ok(w.RemovePartner(w.ctx, by, org, org, customer)) },
	}
}

var allSix = []identity.Rule{identity.RuleOrgLinkedSites, identity.RuleOrgSubscriptions, identity.RuleOrgDirSync, identity.RuleOrgUsers,
	identity.RuleOrgManagedBy, identity.RuleOrgManages}

func TestORG07_AllSixTogetherShrinkOneByOneAndARefusalChangesNothing(t *testing.T) {
	w := newWorld(t)
	org, by, ends := w.six()
	left := slices.Clone(allSix)
	// One after another, but deleting somebody is possible only once the directory has let go.
	for _, i := range []int{4, 2, 0, 5, 3, 1} {
		w.changesNothing(func() {
			_, err := w.DeleteOrganization(w.ctx, by, org)
			require.Equal(t, left, reasonsOf(t, err))
			found, err := w.CheckDeletion(w.ctx, org, "")
			require.NoError(t, err)
			require.Equal(t, left, rulesOf(found.Reasons))
		})
		ends[i]()
		left = slices.DeleteFunc(left, func(r identity.Rule) bool { return r == allSix[i] })
	}
	found, err := w.CheckDeletion(w.ctx, org, "")
	require.NoError(t, err)
	require.Empty(t, found.Reasons)
	_, err = w.DeleteOrganization(w.ctx, by, org)
	require.NoError(t, err)
	w.end()
	w.wasDeleted(org)
	require.Len(t, w.heard(org, identity.EventRefused), 6, "each refusal was told")
}

func TestORG07_ReasonsNameWhatStandsInTheWay(t *testing.T) {
	w := newWorld(t)
	org, by, _ := w.six()
	_, err := w.DeleteOrganization(w.ctx, by, org)
	var refusal *identity.Error
	require.ErrorAs(t, err, &refusal)
	names := [][]string{}
	for _, r := range refusal.Blocks {
		of := []string{}
		for _, o := range r.Objects {
			of = append(of, o.Name)
		}
		slices.Sort(of)
		names = append(names, of)
	}
	require.Equal(t, [][]string{{"meet.example"}, {"Plan"}, {"AD"}, {}, {"P1", "P2"}, {"K"}}, names)
	require.Equal(t, 2, refusal.Blocks[3].Count)
	require.Len(t, refusal.Remedies(), 6)
}

func TestORG09_DeletionDoesNotSwitchSynchronizationOff(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	_, p := w.boss(org, "ada@c.example")
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
	require.NoError(t, err)
	w.matched(org)
	for _, mode := range []identity.SyncMode{identity.SyncRegistered, identity.SyncManual, identity.SyncAuto, identity.SyncPaused} {
		w.set(org, func(o *identity.Organization) { o.SyncMode = mode })
		_, err = w.RequestDeletion(w.ctx, w.as(p, org), org, guided(identity.HandleConvert))
		require.Equal(t, []identity.Rule{identity.RuleOrgDirSync}, reasonsOf(t, err))
		require.Equal(t, mode, w.organization(org).SyncMode)
	}
	require.NoError(t, w.RemoveConnector(w.ctx, operator, org, n.ID))
	_, err = w.RequestDeletion(w.ctx, w.as(p, org), org, guided(identity.HandleConvert))
	require.NoError(t, err)
}

func TestORG14_WhoCounts(t *testing.T) {
	for name, c := range map[string]struct {
		add  func(w *world, org identity.OrgID)
		want []identity.Rule // nil: it can be deleted
	}{
		"nobody else": {func(*world, identity.OrgID) {}, nil},
		"a shadow": {func(w *world, org identity.OrgID) {
			w.must(org, provider, person("eve@x.example"))
			w.claimed(w.claimant("Claimant", "x.example"), "eve@x.example", "")
		}, nil},
		"a room": {func(w *world, org identity.OrgID) {
			d := person("room@c.example")
			d.Profile = `{"userType":"room"}`
			w.must(org, provider, d)
		}, nil},
		"somebody inactive": {func(w *world, org identity.OrgID) {
			_, err := w.deactivate(admin, w.must(org, provider, person("eve@x.example")))
			require.NoError(w.t, err)
		}, []identity.Rule{identity.RuleOrgUsers}},
		"somebody gone from the directory": {func(w *world, org identity.OrgID) {
			_, err := w.mirror(w.synchronized(org, "eve@x.example", false), identity.DirectoryMissing, identity.DirectoryDeleted)
			require.NoError(w.t, err)
		}, []identity.Rule{identity.RuleOrgUsers}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("C")
			_, p := w.boss(org, "ada@c.example")
			c.add(w, org)
			_, err := w.DeleteOrganization(w.ctx, w.as(p, org), org)
			if c.want != nil {
				require.Equal(t, c.want, reasonsOf(t, err))
				return
			}
			require.NoError(t, err)
			w.end()
			w.wasDeleted(org)
		})
	}
}

func TestORG10_HandlingIsOneOfTwo(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	for _, h := range []identity.UserHandling{"", "CONVERT", "keep"} {
		_, err := w.RequestDeletion(w.ctx, operator, org, identity.DeletionRequest{Handling: h, AcknowledgeUsers: h, AcknowledgeIrreversible: true})
		require.Equal(t, identity.Invalid, identity.KindOf(err), "%v", err)
	}
	_, err := w.CheckDeletion(w.ctx, org, "keep")
	require.Equal(t, identity.Invalid, identity.KindOf(err))
	require.Equal(t, identity.OrgActive, w.organization(org).State)
}

func TestORG10_AnOperatorCanDecideAgainstPersonalAccounts(t *testing.T) {
	w := newWorld(t)
	rules := identity.DefaultRules()
	rules.AllowConvert = false
	w.WithRules(rules)
	org := w.org("C")
	_, err := w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleConvert))
	refusedWith(t, err, identity.RuleOptionNotAvailable)
	_, err = w.CheckDeletion(w.ctx, org, identity.HandleConvert)
	refusedWith(t, err, identity.RuleOptionNotAvailable)
	_, err = w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleDelete))
	require.NoError(t, err)
}

func TestORG18_BothAcknowledgementsAreNeeded(t *testing.T) {
	const convert, remove = identity.HandleConvert, identity.HandleDelete
	for name, r := range map[string]identity.DeletionRequest{
		"none":                      {Handling: convert},
		"only that it is final":     {Handling: convert, AcknowledgeIrreversible: true},
		"only the users":            {Handling: convert, AcknowledgeUsers: convert},
		"the other choice, convert": {Handling: convert, AcknowledgeUsers: remove, AcknowledgeIrreversible: true},
		"the other choice, delete":  {Handling: remove, AcknowledgeUsers: convert, AcknowledgeIrreversible: true},
		"something else":            {Handling: remove, AcknowledgeUsers: "yes", AcknowledgeIrreversible: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, by, _ := w.six()
			w.changesNothing(func() {
				_, err := w.RequestDeletion(w.ctx, by, org, r)
				refusedWith(t, err, identity.RuleAcknowledgement)
				require.Equal(t, identity.Invalid, identity.KindOf(err), "told before what stands in the way")
			})
		})
	}
}

func TestORG20_WhatEndsAtOnce(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("C"), w.org("B")
	_, p := w.boss(org, "ada@c.example")
	w.verify(org, "x.example")
	w.claimDomain(org, "c.example")
	w.challenge(org, "pending.example")
	token, secret, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "Entra", Profile: "entra"})
	require.NoError(t, err)
	_, err = w.Recognize(w.ctx, secret)
	require.NoError(t, err, "kept in memory")
	_, err = w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: org, Issuer: "https://sso.c.example", Audience: "a", Active: true})
	require.NoError(t, err)
	link := w.link(org, "guid")
	partner := w.partner("P")
	_, err = w.PutPartner(w.ctx, operator, partner, org, identity.RoleFull)
	require.NoError(t, err)
	_, chief := w.boss(partner, "pat@p.example")

	d, err := w.RequestDeletion(w.ctx, w.as(p, org), org, guided(identity.HandleConvert))
	require.NoError(t, err)
	require.Equal(t, identity.DeletionUsers, d.State)
	require.Equal(t, t0, d.RequestedAt)
	o := w.organization(org)
	require.Equal(t, identity.OrgDeleting, o.State)
	require.Zero(t, o.ActiveProviders)

	_, err = w.Authenticate(w.ctx, secret)
	refusedWith(t, err, identity.RuleUnknownToken)
	tokens, err := w.Reader().Tokens(w.ctx, org)
	require.NoError(t, err)
	require.Equal(t, t0, tokens[0].RevokedAt)
	own, err := w.Reader().IdentityProviderOf(w.ctx, "https://sso.c.example")
	require.NoError(t, err)
	require.False(t, own.Active)
	n, err := w.Reader().Connector(w.ctx, org, link.Connector)
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(n.Settings), "it cannot read its directory any more")
	for _, domain := range []string{"x.example", "c.example", "pending.example"} {
		require.Equal(t, identity.DomainNone, w.stands(org, domain), domain)
	}
	w.prove(&dns{}, elsewhere, "c.example")
	_, err = w.AccessTo(w.ctx, w.caller(chief), org)
	refusedWith(t, err, identity.RuleUnknownOrg)
	told := w.heard(partner, identity.CustomerDeleted)
	require.Len(t, told, 1, "AUD-03 the partner learns of it")
	require.Equal(t, identity.Target{Type: identity.TargetOrganization, ID: string(org), Name: "C"}, told[0].Target)
	require.Equal(t, identity.CategoryCustomers, told[0].Kind.Category())

	asked := w.heard(org, identity.OrgDeletionAsked)
	require.Len(t, asked, 1)
	require.Equal(t, issuer+"|"+p.Subject, asked[0].Actor.ID)
	require.Contains(t, string(asked[0].Evidence), string(token.ID))
	require.Contains(t, string(asked[0].Evidence), "c.example")
}

func TestORG19_NothingElseCanBeDoneMeanwhile(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	a, p := w.boss(org, "ada@c.example")
	g := w.group(org, "G")
	sub := w.subscribe(org, "Plan")
	sub.Status = identity.SubscriptionCancelled
	sub, err := w.PutSubscription(w.ctx, operator, sub)
	require.NoError(t, err)
	by := w.as(p, org)
	_, err = w.RequestDeletion(w.ctx, by, org, guided(identity.HandleConvert))
	require.NoError(t, err)
	for name, do := range map[string]func(identity.Actor) error{
		"add somebody": func(by identity.Actor) error { _, err := w.add(org, by, person("new@c.example")); return err },
		"change somebody": func(by identity.Actor) error {
			_, err := w.update(by, a, func(d *identity.Draft) { d.ExternalID = "x" })
			return err
		},
		"deactivate somebody": func(by identity.Actor) error { _, err := w.deactivate(by, a); return err },
		"delete somebody":     func(by identity.Actor) error { return w.delete(by, a) },
		"rename a group":      func(identity.Actor) error { _, err := w.rename(g, nil, "H"); return err },
		"change the settings": func(by identity.Actor) error {
			_, err := w.ChangeOrganization(w.ctx, by, org, func(o identity.Organization) identity.Organization { o.Name = "D"; return o })
			return err
		},
		"make a token": func(by identity.Actor) error {
			_, _, err := w.CreateToken(w.ctx, by, org, identity.NewToken{Name: "T", Profile: "rfc"})
			return err
		},
		"attest a domain": func(by identity.Actor) error { _, err := w.AttestDomain(w.ctx, by, org, "new.example"); return err },
		"challenge a domain": func(by identity.Actor) error {
			_, _, err := w.ChallengeDomain(w.ctx, by, org, "new.example")
			return err
		},
		"grant a role": func(by identity.Actor) error {
			_, err := w.Grant(w.ctx, by, identity.Grant{Org: org, Issuer: "i", Subject: "s", Role: "user"})
			return err
		},
		"change a licence": func(by identity.Actor) error { _, err := w.PutSubscription(w.ctx, by, sub); return err },
		"link a site":      func(by identity.Actor) error { _, err := w.AddSite(w.ctx, by, org, "meet.example", ""); return err },
		"make a connector": func(by identity.Actor) error {
			_, err := w.CreateConnector(w.ctx, by, identity.Connector{Org: org, Name: "X", Kind: "ad"})
			return err
		},
		"register an issuer": func(by identity.Actor) error {
			_, err := w.PutIdentityProvider(w.ctx, by, identity.IdentityProvider{Org: org, Issuer: "https://x.example", Audience: "a"})
			return err
		},
		"claim somebody": func(by identity.Actor) error {
			_, _, err := w.ClaimUser(w.ctx, by, org, identity.ClaimRequest{Email: "a@b.example"})
			return err
		},
		"let a partner manage": func(by identity.Actor) error {
			_, err := w.PutPartner(w.ctx, by, w.partner("P"), org, identity.RoleFull)
			return err
		},
		"put a prompt off": func(identity.Actor) error {
			return w.Transact(w.ctx, org, identity.Actor{Kind: identity.Owner}, func(*identity.Acts) error { return nil })
		},
		"look whether it could be deleted": func(identity.Actor) error { _, err := w.CheckDeletion(w.ctx, org, ""); return err },
	} {
		for _, by := range []identity.Actor{by, operator, provider, connector} {
			err := do(by)
			refusedWith(t, err, identity.RuleOrgDeleting)
			require.Equal(t, identity.Conflict, identity.KindOf(err), name)
		}
	}
	_, err = w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
	refusedWith(t, err, identity.RuleOrgDeleting)
	require.Equal(t, identity.Forbidden, identity.KindOf(err), "signing in is 403")
	require.Equal(t, identity.OrgDeleting, w.organization(org).State)
}

func TestORG19_AnOrganizationThatIsBeingDeletedBecomesNobodysPartner(t *testing.T) {
	w := newWorld(t)
	partner, customer := w.partner("P"), w.org("K")
	_, err := w.DeleteOrganization(w.ctx, operator, partner)
	require.NoError(t, err)
	_, err = w.PutPartner(w.ctx, operator, partner, customer, identity.RoleFull)
	refusedWith(t, err, identity.RuleUnknownPartner)
}

func TestORG17_IrreversibleAndIdempotent(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	_, p := w.boss(org, "ada@c.example")
	by := w.as(p, org)
	refusedWith(t, w.CancelDeletion(w.ctx, by, org), identity.RuleUnknownDeletion)
	first, err := w.RequestDeletion(w.ctx, by, org, guided(identity.HandleConvert))
	require.NoError(t, err)
	w.changesNothing(func() {
		again, err := w.RequestDeletion(w.ctx, by, org, guided(identity.HandleDelete))
		require.NoError(t, err)
		require.Equal(t, first, again, "what was said first counts")
		again, err = w.DeleteOrganization(w.ctx, by, org)
		require.NoError(t, err)
		require.Equal(t, first, again)
		_, err = w.RequestDeletion(w.ctx, by, org, identity.DeletionRequest{Handling: identity.HandleConvert})
		refusedWith(t, err, identity.RuleAcknowledgement)
	})
	require.Len(t, w.heard(org, identity.OrgDeletionAsked), 1)
	refusedWith(t, w.CancelDeletion(w.ctx, by, org), identity.RuleIrreversible)
	w.end()
	w.wasDeleted(org)
	partner := w.partner("P")
	for name, do := range map[string]func() error{
		"delete": func() error { _, err := w.DeleteOrganization(w.ctx, operator, org); return err },
		"request": func() error {
			_, err := w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleConvert))
			return err
		},
		"restore": func() error { return w.CancelDeletion(w.ctx, operator, org) },
		"check":   func() error { _, err := w.CheckDeletion(w.ctx, org, ""); return err },
		"change": func() error {
			_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization { o.Name = "D"; return o })
			return err
		},
		"add somebody": func() error { _, err := w.add(org, operator, person("x@y.example")); return err },
		"the server's own": func() error {
			return w.Transact(w.ctx, org, identity.Actor{Kind: identity.System}, func(*identity.Acts) error { return nil })
		},
		"another's partner": func() error {
			_, err := w.PutPartner(w.ctx, operator, partner, org, identity.RoleFull)
			return err
		},
	} {
		w.changesNothing(func() {
			before := len(w.heard(org))
			err := do()
			require.Equal(t, identity.NotFound, identity.KindOf(err), "%s: %v", name, err)
			require.Len(t, w.heard(org), before, "%s: not even the audit grows", name)
		})
	}
	all, err := w.Reader().Organizations(w.ctx, "", 100)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(all, func(o identity.Organization) bool { return o.ID == org }), "lists do not show it")
	err = w.under.Do(w.ctx, identity.Exclusive(org), func(tx identity.Tx) error {
		return tx.InsertOrganization(w.ctx, identity.Organization{ID: org, Name: "again", Kind: identity.Customer, State: identity.OrgActive})
	})
	require.Error(t, err, "the id is never used again")
}

func TestORG19_RevokingInAnOrganizationThatIsBeingDeletedSaysSo(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	w.must(org, provider, person("ada@c.example"))
	_, err := w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleDelete))
	require.NoError(t, err)
	_, err = w.RevokeClaim(w.ctx, admin, org, "01900000-0000-7000-8000-00000000dead")
	refusedWith(t, err, identity.RuleOrgDeleting)
}
