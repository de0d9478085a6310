package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// squatter is somebody whose issuer has not verified the address in the token.
func squatter(address string) identity.Person {
	return identity.Person{Issuer: issuer, Subject: "squatter-" + address, Name: "Mallory", Email: address}
}

func (w *world) register(p identity.Person) (identity.Account, error) {
	return w.RegisterSelf(w.ctx, p, identity.Request{})
}

// registered registers somebody who gets in.
func (w *world) registered(p identity.Person) identity.Account {
	w.t.Helper()
	a, err := w.register(p)
	require.NoError(w.t, err)
	return a
}

func TestUSR04_WhoeverOnlySaysThatAnAddressIsTheirsIsNotVerifiedByItsDomain(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.claimDomain(org, "corp.example")
	a := w.registered(squatter("ceo@corp.example"))
	require.Equal(t, org, a.Org)
	require.Equal(t, identity.NotVerified, a.Status)
}

func TestUSR04_AnAddressThatNobodyHasProvedIsNoWayToSignIn(t *testing.T) {
	w := newWorld(t)
	p := squatter("ada@gmail.example")
	a := w.registered(p)
	_, err := w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
	refusedWith(t, err, identity.RuleEmailNotVerified)
	require.Equal(t, identity.NotVerified, w.account(a).Status)

	other := p
	other.Email, other.EmailVerified = "mallory@gmail.example", true
	_, err = w.SignInCaller(w.ctx, w.caller(other), identity.Request{})
	refusedWith(t, err, identity.RuleEmailNotVerified)

	require.NoError(t, w.follow(w.mailed(identity.ConsumerOrgID, identity.MessageInvitation)))
	now, err := w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
	require.NoError(t, err, "the mailbox has proved itself")
	require.Equal(t, identity.Active, now.Status)
}

func TestUSR04_AnIssuerThatVerifiesTheAddressLaterProvesIt(t *testing.T) {
	w := newWorld(t)
	p := squatter("ada@gmail.example")
	w.registered(p)
	p.EmailVerified, p.Email = true, "ADA@gmail.example"
	now, err := w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
	require.NoError(t, err)
	require.Equal(t, identity.Active, now.Status)
}

func TestROL04_NobodyIsLeftInAnAccountWhoseMailboxTurnsOutToBeSomebodyElses(t *testing.T) {
	w := newWorld(t)
	mallory, ada := squatter("ada@gmail.example"), visitor("ada@gmail.example")
	ada.EmailVerified = false
	a := w.registered(mallory)
	_, err := w.UseLink(w.ctx, w.mailed(identity.ConsumerOrgID, identity.MessageInvitation), &ada, identity.Request{})
	require.NoError(t, err)
	require.Equal(t, a.ID, w.caller(ada).Account.ID)
	require.Nil(t, w.caller(mallory).Account)
	require.Contains(t, w.events(a), identity.AccountUnbound)
}

func TestEML01_WhoeverProvesAnAddressIsNotKeptFromItByWhoeverOnlySaidSo(t *testing.T) {
	w := newWorld(t)
	mallory, ada := squatter("ada@gmail.example"), visitor("ada@gmail.example")
	squatted := w.registered(mallory)
	a := w.registered(ada)
	require.NotEqual(t, squatted.ID, a.ID, "nothing of the other account is carried over")
	require.Equal(t, identity.Active, a.Status)
	require.Nil(t, w.caller(mallory).Account)

	second := visitor("ada@gmail.example")
	second.Subject = "another"
	_, err := w.register(second)
	refusedWith(t, err, identity.RuleEmailTaken)
}

func TestROL04_NoRoleForAnAddressThatNobodyHasProved(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.claimDomain(org, "corp.example")
	a := w.registered(squatter("ceo@corp.example"))
	_, err := w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleFull)
	refusedWith(t, err, identity.RuleNotBound)
}

func TestROL03_AnAdministratorDoesNotBecomeAnExternalOneByRegistering(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	p := visitor("ada@gmail.example")
	w.grant(org, p, identity.RoleFull)
	_, err := w.register(p)
	refusedWith(t, err, identity.RuleConsumerAdmin)
	access, err := w.AccessTo(w.ctx, w.caller(p), org)
	require.NoError(t, err)
	require.Equal(t, identity.StandingOwn, access.Standing)
}

func TestUSR26_TheLastFullAdministratorDoesNotSettleInAnotherOrganization(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("A"), w.org("B")
	p := visitor("ada@example.com")
	w.grant(org, p, identity.RoleFull)
	a := w.byHand(elsewhere, "ada@example.com")
	secret := w.mailed(elsewhere, identity.MessageInvitation)
	_, err := w.UseLink(w.ctx, secret, &p, identity.Request{})
	refusedWith(t, err, identity.RuleLastFullAdmin)
	require.NotContains(t, err.Error(), string(org))

	_, other := w.bound(org, "bob@example.org")
	w.grant(org, other, identity.RoleFull)
	_, err = w.UseLink(w.ctx, secret, &p, identity.Request{})
	require.NoError(t, err)
	require.Equal(t, a.ID, w.caller(p).Account.ID)
}

func TestEML01_WhoeverGivesWayKeepsTheirRolesElsewhere(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("A"), w.org("B")
	w.claimDomain(org, "corp.example")
	p := squatter("ada@corp.example")
	w.grant(elsewhere, p, identity.RoleReadOnly)
	w.registered(p)
	w.registered(visitor("ada@corp.example"))
	access, err := w.AccessTo(w.ctx, w.caller(p), elsewhere)
	require.NoError(t, err)
	require.Equal(t, identity.Access{Org: elsewhere, Role: identity.RoleReadOnly, Standing: identity.StandingOwn}, access)
}

func TestEML14_ANewAddressDoesNotProveWhoRegisteredWithTheOldOne(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.claimDomain(org, "corp.example")
	p := squatter("ceo@corp.example")
	a := w.registered(p)
	_, err := w.changeEmail(a, "ceo.real@corp.example")
	require.NoError(t, err)
	require.NoError(t, w.follow(w.mailed(org, identity.MessageChangeConfirm)))
	require.Equal(t, identity.Verified, w.account(a).Status)
	require.Nil(t, w.caller(p).Account)
}
