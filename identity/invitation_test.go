package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// outbox lists an organization's messages, the newest first.
func (w *world) outbox(org identity.OrgID) []identity.Message {
	w.t.Helper()
	all, err := w.Reader().Messages(w.ctx, org, identity.MessageQuery{Limit: 100})
	require.NoError(w.t, err)
	return all
}

// mailed returns the secret of the link in the newest message of a kind.
func (w *world) mailed(org identity.OrgID, kind identity.MessageKind) string {
	w.t.Helper()
	for _, m := range w.outbox(org) {
		if m.Kind == kind {
			return m.Data["link"]
		}
	}
	require.Failf(w.t, "no message", "of kind %s", kind)
	return ""
}

func (w *world) invite(a identity.Account) (bool, error) {
	return act(w, a.Org, admin, func(c *identity.Acts) (bool, error) { return c.Invite(w.ctx, a.ID, nil) })
}

func (w *world) byHand(org identity.OrgID, address string) identity.Account {
	w.t.Helper()
	all, err := w.AddUsers(w.ctx, admin, org, []identity.NewUser{{Draft: person(address)}})
	require.NoError(w.t, err)
	return all[0]
}

func TestNTF02_WhoIsAddedByHandIsInvited(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	require.Equal(t, w.clock.Now(), a.InvitedAt)
	all := w.outbox(org)
	require.Len(t, all, 1)
	require.Equal(t, identity.MessageInvitation, all[0].Kind)
	require.Equal(t, "ada@example.com", all[0].To)
	require.Equal(t, a.ID, all[0].Account)
	require.Equal(t, "A", all[0].Data["organization"])
	require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.AccountInvited}, w.events(a))

	view, err := w.LookAtLink(w.ctx, all[0].Data["link"])
	require.NoError(t, err)
	require.Equal(t, identity.LinkInvitation, view.Purpose)
	require.Equal(t, identity.NotVerified, w.account(a).Status, "looking changes nothing")
}

func TestNTF03_NoMailIfTheOrganizationWantsNone(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.set(org, func(o *identity.Organization) { o.ActivationEmails = false })
	a := w.byHand(org, "ada@example.com")
	require.Empty(t, w.outbox(org))
	sent, err := w.invite(a)
	require.NoError(t, err)
	require.True(t, sent, "an administrator who asks for it gets it")
	require.Len(t, w.outbox(org), 1)
}

func TestNTF03_ProvisioningSendsNothingByItself(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.must(org, provider, person("ada@example.com"))
	w.synchronized(org, "bob@example.com", false)
	require.Empty(t, w.outbox(org))
}

func TestUSR23_AnInvitationIsHeldBackForADay(t *testing.T) {
	for _, c := range []struct {
		situation string
		after     time.Duration
		sent      bool
	}{
		{"at once", 0, false},
		{"23 hours later", 23 * time.Hour, false},
		{"a moment before a day", 24*time.Hour - time.Microsecond, false},
		{"a day later", 24 * time.Hour, true},
		{"25 hours later", 25 * time.Hour, true},
	} {
		t.Run(c.situation, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("A")
			a := w.byHand(org, "ada@example.com")
			first := w.mailed(org, identity.MessageInvitation)
			w.clock.move(c.after)
			version := w.account(a).Version
			sent, err := w.invite(a)
			require.NoError(t, err)
			require.Equal(t, c.sent, sent)
			require.Equal(t, version, w.account(a).Version, "mail does not change the person")
			_, err = w.LookAtLink(w.ctx, first)
			if c.sent {
				require.Len(t, w.outbox(org), 2)
				refusedWith(t, err, identity.RuleUnknownLink)
				return
			}
			require.Len(t, w.outbox(org), 1)
			require.NoError(t, err, "the link that was sent goes on working")
		})
	}
}

func TestUSR22_InvitationsAreTheOneThingLeftToAdministratorsOfASynchronizedOrganization(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
	sent, err := w.invite(a)
	require.NoError(t, err)
	require.True(t, sent)
	_, err = w.deactivate(admin, a)
	refusedWith(t, err, identity.RuleManagedByDirectory)
}

func TestUSR04_ALinkVerifiesOnce(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	secret := w.mailed(org, identity.MessageInvitation)
	view, err := w.UseLink(w.ctx, secret, nil, identity.Request{IP: "192.0.2.1"})
	require.NoError(t, err)
	require.Equal(t, a.ID, view.Account)
	require.Equal(t, identity.Verified, w.account(a).Status)
	_, err = w.UseLink(w.ctx, secret, nil, identity.Request{})
	refusedWith(t, err, identity.RuleLinkUsed)
	sent, err := w.invite(w.account(a))
	require.NoError(t, err)
	require.True(t, sent, "USR-23: what was used up holds nothing back, so that the person can still be tied to the account")
	_, err = w.UseLink(w.ctx, secret+"x", nil, identity.Request{})
	refusedWith(t, err, identity.RuleUnknownLink)
}

func TestROL04_AnInvitationUsedWhileSignedInBindsThePerson(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	p := identity.Person{Issuer: issuer, Subject: "ada", Email: "somebody.else@example.net"}
	_, err := w.UseLink(w.ctx, w.mailed(org, identity.MessageInvitation), &p, identity.Request{})
	require.NoError(t, err)
	require.Equal(t, a.ID, w.caller(p).Account.ID, "the mailbox proves it, not the token's address")
	now := w.account(a)
	require.Equal(t, identity.Active, now.Status)
	require.False(t, now.FirstSignInAt.IsZero())

	b := w.byHand(org, "bob@example.com")
	_, err = w.UseLink(w.ctx, w.mailed(org, identity.MessageInvitation), &p, identity.Request{})
	refusedWith(t, err, identity.RuleAlreadyBound)
	require.Equal(t, identity.NotVerified, w.account(b).Status, "nothing is half done")
	_, err = w.LookAtLink(w.ctx, w.mailed(org, identity.MessageInvitation))
	require.NoError(t, err, "and the link is not spent")
}

func TestLinks_EndWithTheirTimeWithTheAddressAndWithThePerson(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	secret := w.mailed(org, identity.MessageInvitation)
	w.clock.move(identity.InvitationDays*identity.Day - time.Microsecond)
	_, err := w.LookAtLink(w.ctx, secret)
	require.NoError(t, err)
	w.clock.move(time.Microsecond)
	_, err = w.UseLink(w.ctx, secret, nil, identity.Request{})
	refusedWith(t, err, identity.RuleLinkExpired)

	_, err = w.invite(a)
	require.NoError(t, err)
	secret = w.mailed(org, identity.MessageInvitation)
	_, err = w.update(admin, w.account(a), func(d *identity.Draft) {
		d.UserName = "ada.byron@example.com"
		d.Emails = []identity.AccountEmail{{Value: "ada.byron@example.com", Primary: true}}
	})
	require.NoError(t, err)
	_, err = w.UseLink(w.ctx, secret, nil, identity.Request{})
	refusedWith(t, err, identity.RuleLinkExpired)

	w.clock.move(2 * identity.Day)
	_, err = w.invite(a)
	require.NoError(t, err)
	secret = w.mailed(org, identity.MessageInvitation)
	_, err = w.deactivate(admin, a)
	require.NoError(t, err)
	_, err = w.UseLink(w.ctx, secret, nil, identity.Request{})
	refusedWith(t, err, identity.RuleAccountInactive)
	require.NoError(t, w.delete(admin, a))
	_, err = w.UseLink(w.ctx, secret, nil, identity.Request{})
	refusedWith(t, err, identity.RuleUnknownLink)
}
