package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func visitor(address string) identity.Person {
	return identity.Person{Issuer: issuer, Subject: "sub-" + address, Name: "Ada", Email: address, EmailVerified: true}
}

// claimDomain makes an organization the one that claimed a domain.
func (w *world) claimDomain(org identity.OrgID, name string) {
	w.t.Helper()
	require.NoError(w.t, w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		return c.Tx().PutDomain(w.ctx, identity.Domain{Org: org, Name: name, State: identity.DomainClaimed, UpdatedAt: c.Now()})
	}))
}

func TestDOM11_PeopleRegisterWhereTheirDomainBelongs(t *testing.T) {
	w := newWorld(t)
	open, closed := w.org("Open"), w.org("Closed")
	w.claimDomain(open, "open.example")
	w.claimDomain(closed, "closed.example")
	w.verify(w.org("Verified"), "verified.example")
	w.set(closed, func(o *identity.Organization) { o.SelfRegistration = false })
	for name, c := range map[string]struct {
		address string
		home    identity.OrgID
		rule    identity.Rule
	}{
		"a claimed domain":                      {"ada@open.example", open, ""},
		"a claimed domain without registration": {"ada@closed.example", "", identity.RuleSelfRegistrationOff},
		"a domain that is verified only":        {"ada@verified.example", identity.ConsumerOrgID, ""},
		"anybody's domain":                      {"ada@gmail.example", identity.ConsumerOrgID, ""},
		"no address":                            {"", "", identity.RuleInvalidEmail},
	} {
		t.Run(name, func(t *testing.T) {
			p := visitor(c.address)
			a, err := w.RegisterSelf(w.ctx, p, identity.Request{})
			if c.rule != "" {
				refusedWith(t, err, c.rule)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.home, a.Org)
			require.Equal(t, identity.Active, a.Status)
			require.Equal(t, identity.SourceSelf, a.Source)
			require.Equal(t, a.ID, w.caller(p).Account.ID)
			_, err = w.RegisterSelf(w.ctx, p, identity.Request{})
			refusedWith(t, err, identity.RuleAlreadyBound)
		})
	}
}

func TestRegisterSelf_AnAddressThatTheIssuerHasNotVerifiedGetsAMailFirst(t *testing.T) {
	w := newWorld(t)
	p := visitor("ada@gmail.example")
	p.EmailVerified = false
	a, err := w.RegisterSelf(w.ctx, p, identity.Request{})
	require.NoError(t, err)
	require.Equal(t, identity.NotVerified, a.Status)
	require.NoError(t, w.follow(w.mailed(identity.ConsumerOrgID, identity.MessageInvitation)))
	require.Equal(t, identity.Verified, w.account(a).Status)
}

func TestRegisterSelf_NotWithAnOrganizationsIssuer(t *testing.T) {
	w := newWorld(t)
	p := visitor("ada@gmail.example")
	p.Provider = &identity.IdentityProvider{Org: w.org("A"), Issuer: issuer}
	_, err := w.RegisterSelf(w.ctx, p, identity.Request{})
	refusedWith(t, err, identity.RuleIssuerNotForAddress)
}

func TestEML11_AnOwnerDeletesAPersonalAccountAtOnce(t *testing.T) {
	w := newWorld(t)
	p := visitor("ada@gmail.example")
	a, err := w.RegisterSelf(w.ctx, p, identity.Request{})
	require.NoError(t, err)
	org := w.org("A")
	_, err = w.add(org, admin, person("ada@gmail.example"))
	refusedWith(t, err, identity.RuleDomainNotAvailable)
	require.NoError(t, w.DeleteSelf(w.ctx, w.caller(p), identity.Request{}))
	require.Nil(t, w.caller(p).Account)
	told := w.outbox(identity.ConsumerOrgID)
	require.Len(t, told, 2)
	require.Equal(t, identity.MessageAccountDeleted, told[0].Kind, "the owner is told, in case it was somebody else")
	require.Equal(t, identity.OrderPurge, told[1].Kind, "EML-08: all messages and files are lost")
	require.Equal(t, map[string]string{identity.OrderAccount: string(a.ID), identity.OrderOrganization: string(identity.ConsumerOrgID),
		identity.OrderScopes: "messages files meetings meetingUrls recordings"}, told[1].Data)
	refusedWith(t, w.DeleteSelf(w.ctx, w.caller(p), identity.Request{}), identity.RuleNotBound)

	b := w.byHand(org, "ada@gmail.example")
	require.NotEqual(t, a.ID, b.ID, "EML-08: a new account")
	require.Empty(t, b.Profile)
	require.Equal(t, identity.NotVerified, b.Status)
	licences, err := w.LicencesOf(w.ctx, org, b.ID)
	require.NoError(t, err)
	require.Equal(t, []identity.Licence{identity.FreeLicence}, licences)
}

func TestEML11_AnOrganizationsAccountIsNotItsOwnersToDelete(t *testing.T) {
	w := newWorld(t)
	_, p := w.bound(w.org("A"), "ada@example.com")
	refusedWith(t, w.DeleteSelf(w.ctx, w.caller(p), identity.Request{}), identity.RuleForbiddenRole)
}

func TestUSR04_SigningInMakesActive(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.verify(org, "example.com")
	for name, address := range map[string]string{"Not Verified": "ada@example.org", "Verified": "ada@example.com"} {
		t.Run(name, func(t *testing.T) {
			a, p := w.bound(org, address)
			now, err := w.SignInCaller(w.ctx, w.caller(p), identity.Request{IP: "192.0.2.7", UserAgent: "test"})
			require.NoError(t, err)
			require.Equal(t, identity.Active, now.Status)
			_, err = w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
			require.NoError(t, err)
			require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.AccountBound, identity.AccountActivated}, w.events(a)[:3])
		})
	}
}
