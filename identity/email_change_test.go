package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) changeEmail(a identity.Account, address string) (identity.Account, error) {
	return act(w, a.Org, admin, func(c *identity.Acts) (identity.Account, error) { return c.ChangeEmail(w.ctx, a.ID, nil, address) })
}

func (w *world) follow(secret string) error {
	_, err := w.UseLink(w.ctx, secret, nil, identity.Request{})
	return err
}

func (w *world) revert() int {
	w.t.Helper()
	n, err := w.RevertEmailChanges(w.ctx, 100)
	require.NoError(w.t, err)
	return n
}

func TestEML14_AnAddressChangesWhenTheNewOneIsConfirmed(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "a@example.com")
	changed, err := w.changeEmail(a, "B@example.com")
	require.NoError(t, err)
	require.Equal(t, "a@example.com", changed.PrimaryEmail())
	require.Equal(t, "B@example.com", changed.PendingEmail)
	_, err = w.add(w.org("B"), provider, person("b@example.com"))
	refusedWith(t, err, identity.RuleEmailHeld)

	w.clock.move(14 * identity.Day)
	require.Zero(t, w.revert())
	require.NoError(t, w.follow(w.mailed(org, identity.MessageChangeConfirm)))
	now := w.account(a)
	require.Equal(t, "B@example.com", now.PrimaryEmail())
	require.Equal(t, "B@example.com", now.UserName, "a userName that was the address goes with it")
	require.Empty(t, now.PendingEmail)
	require.Equal(t, identity.Verified, now.Status, "the mailbox has proved itself")
	w.must(w.org("C"), provider, person("a@example.com"))
	_, err = w.add(w.org("D"), provider, person("b@example.com"))
	refusedWith(t, err, identity.RuleEmailTaken)
	require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.AccountInvited, identity.EmailChangeAsked, identity.EmailChangeDone, identity.AccountVerified},
		w.events(a))
}

func TestEML14_AnAddressThatNobodyConfirmsRevertsAfterFifteenDays(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "a@example.com")
	_, err := w.changeEmail(a, "b@example.com")
	require.NoError(t, err)
	confirm := w.mailed(org, identity.MessageChangeConfirm)
	w.clock.move(15*identity.Day - time.Microsecond)
	require.Zero(t, w.revert())
	w.clock.move(time.Microsecond)
	refusedWith(t, w.follow(confirm), identity.RuleLinkExpired)
	require.Equal(t, 1, w.revert())
	require.Zero(t, w.revert(), "once")
	now := w.account(a)
	require.Equal(t, "a@example.com", now.PrimaryEmail())
	require.Empty(t, now.PendingEmail)
	w.must(w.org("B"), provider, person("b@example.com"))
	refusedWith(t, w.follow(confirm), identity.RuleUnknownLink)
}

func TestEML14_TheOldAddressCanTakeTheChangeBack(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "a@example.com")
	_, err := w.changeEmail(a, "b@example.com")
	require.NoError(t, err)
	confirm := w.mailed(org, identity.MessageChangeConfirm)
	require.NoError(t, w.follow(w.mailed(org, identity.MessageChangeNotice)))
	require.Empty(t, w.account(a).PendingEmail)
	refusedWith(t, w.follow(confirm), identity.RuleUnknownLink)
	w.must(org, provider, person("b@example.com"))
}

func TestEML14_AskingAgainReplacesWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "a@example.com")
	_, err := w.changeEmail(a, "b@example.com")
	require.NoError(t, err)
	first := w.mailed(org, identity.MessageChangeConfirm)
	_, err = w.changeEmail(a, "c@example.com")
	require.NoError(t, err)
	refusedWith(t, w.follow(first), identity.RuleUnknownLink)
	w.must(org, provider, person("b@example.com"))
	require.NoError(t, w.follow(w.mailed(org, identity.MessageChangeConfirm)))
	require.Equal(t, "c@example.com", w.account(a).PrimaryEmail())
}

func TestEML14_WhatIsRefused(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	a := w.byHand(org, "a@example.com")
	w.must(other, provider, person("taken@example.com"))
	pending := w.byHand(other, "x@example.com")
	_, err := w.changeEmail(pending, "held@example.com")
	require.NoError(t, err)
	for address, rule := range map[string]identity.Rule{
		"taken@example.com":             identity.RuleEmailTaken,
		"held@example.com":              identity.RuleEmailHeld,
		"A@Example.com":                 identity.RuleEmailTaken,
		"no address":                    identity.RuleInvalidEmail,
		"a@example.convert-user.local":  identity.RuleReservedDomain,
		"a@example.com.example..double": identity.RuleInvalidEmail,
	} {
		t.Run(address, func(t *testing.T) {
			_, err := w.changeEmail(a, address)
			refusedWith(t, err, rule)
			require.Empty(t, w.account(a).PendingEmail)
		})
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, err = w.changeEmail(a, "new@example.com")
	refusedWith(t, err, identity.RuleManagedByDirectory)
}

func TestNTF04_AChangeOfAddressTellsBoth(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("a@example.com"))
	_, err := w.changeEmail(a, "b@example.com")
	require.NoError(t, err)
	told := func() (to []string) {
		for _, m := range w.outbox(org) {
			to = append(to, string(m.Kind)+" "+m.To)
		}
		return to
	}
	require.ElementsMatch(t, []string{"change_confirm b@example.com", "change_notice a@example.com"}, told())
	require.NoError(t, w.follow(w.mailed(org, identity.MessageChangeConfirm)))
	require.ElementsMatch(t, []string{"change_confirm b@example.com", "change_notice a@example.com", "change_done a@example.com", "change_done b@example.com"}, told())
}

func TestEML04_ReservedAddressesAreTaken(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	gone := w.synchronized(org, "gone@example.com", false)
	_, err := w.mirror(gone, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	w.clock.move(3 * identity.Day)
	_, err = w.add(w.org("B"), provider, person("gone@example.com"))
	refusedWith(t, err, identity.RuleEmailHeld)
	w.clock.move(4*identity.Day + time.Microsecond)
	require.Equal(t, 1, w.purge())
	w.must(w.org("C"), provider, person("gone@example.com"))
}
