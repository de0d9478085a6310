package identity

import (
	"context"
	"errors"
	"slices"
)

// ChangeEmail asks for another primary address. The account keeps the one it has until the new one is confirmed from its
// mailbox, for at most 15 days, and holds both until then (EML-04, EML-14). A mail goes to each. Asking again, also for the
// same address, replaces what was asked before.
func (c *Acts) ChangeEmail(ctx context.Context, id AccountID, expect func(Account) error, address string) (Account, error) {
	before, err := c.load(ctx, id, expect)
	if err != nil {
		return Account{}, err
	}
	if err := c.mayTouch(before); err != nil {
		return Account{}, err
	}
	email, err := ParseEmail(address, c.service.policy)
	if err != nil {
		return Account{}, atField(err, "email")
	}
	if present, err := ParseEmail(before.PrimaryEmail(), c.service.policy); err == nil && present.Key == email.Key {
		return Account{}, Refuse(Conflict, RuleEmailTaken, "this is the user's address already").At("email")
	}
	if err := c.mayMoveAddress(ctx, before); err != nil {
		return Account{}, err
	}
	if before.Status == Inactive {
		return Account{}, Refuse(Conflict, RuleInvalidTransition, "the address of an inactive user cannot be changed; reactivate the user first")
	}
	if err := c.forgetChange(ctx, before); err != nil {
		return Account{}, err
	}
	a := before
	a.PendingEmail, a.PendingSince = email.Display, c.now
	if a, err = c.write(ctx, before, a, Event{}, nil); err != nil {
		return Account{}, err
	}
	old := before.PrimaryEmail()
	data := func() map[string]string {
		return map[string]string{"name": a.Profile.DisplayName(), "old": old, "new": a.PendingEmail}
	}
	if err := c.mail(ctx, a, MessageChangeConfirm, a.PendingEmail, LinkChangeEmail, EmailChangeDays, data()); err != nil {
		return Account{}, err
	}
	if old == "" {
		return a, nil
	}
	return a, c.mail(ctx, a, MessageChangeNotice, old, LinkCancelChange, EmailChangeDays, data())
}

// CancelEmailChange takes a change of address back that was not confirmed yet.
func (c *Acts) CancelEmailChange(ctx context.Context, id AccountID, expect func(Account) error) (Account, error) {
	before, err := c.load(ctx, id, expect)
	if err != nil {
		return Account{}, err
	}
	if before.PendingEmail == "" {
		return Account{}, Refuse(Conflict, RuleInvalidTransition, "no change of this user's address is waiting to be confirmed")
	}
	return c.revertEmail(ctx, before)
}

func (c *Acts) revertEmail(ctx context.Context, before Account) (Account, error) {
	if err := c.forgetChange(ctx, before); err != nil {
		return Account{}, err
	}
	a := before
	a.clearPending()
	return c.write(ctx, before, a, Event{}, nil)
}

// confirmEmail makes the pending address the primary one. Its mailbox has proved itself, so a user who was not verified is
// now (USR-04).
func (c *Acts) confirmEmail(ctx context.Context, before Account) (Account, error) {
	if err := c.settled(before); err != nil {
		return Account{}, err
	}
	if err := c.forgetChange(ctx, before); err != nil {
		return Account{}, err
	}
	old, address := before.PrimaryEmail(), before.PendingEmail
	a := before.withPrimary(address, c.service.policy)
	a.clearPending()
	a, status, err := a.Apply(EmailVerified, "", c.now)
	if err != nil {
		return Account{}, err
	}
	if a, err = c.write(ctx, before, a, status, nil); err != nil {
		return Account{}, err
	}
	for _, to := range []string{old, address} {
		if to == "" {
			continue
		}
		data := map[string]string{"name": a.Profile.DisplayName(), "old": old, "new": address}
		if err := c.mail(ctx, a, MessageChangeDone, to, "", 0, data); err != nil {
			return Account{}, err
		}
	}
	return a, nil
}

func (a *Account) clearPending() { a.PendingEmail, a.PendingSince = "", Account{}.PendingSince }

// withPrimary returns the account with another primary address; a userName that was the address goes with it, and the new one
// is listed once.
func (a Account) withPrimary(address string, policy EmailPolicy) Account {
	same := func(x, y string) bool {
		p, err := ParseEmail(x, policy)
		q, err2 := ParseEmail(y, policy)
		return err == nil && err2 == nil && p.Key == q.Key
	}
	old := a.PrimaryEmail()
	if same(a.UserName, old) || reservedAddress(a.UserName) {
		a.UserName = address
	}
	primary := AccountEmail{Type: "work", Primary: true}
	at := slices.IndexFunc(a.Emails, func(e AccountEmail) bool { return e.Value == old })
	if at >= 0 {
		primary = a.Emails[at]
	}
	primary.Value = address
	emails := []AccountEmail{primary}
	for i, e := range a.Emails {
		if i != at && !same(e.Value, address) {
			emails = append(emails, e)
		}
	}
	a.Emails = emails
	return a
}

func (c *Acts) forgetChange(ctx context.Context, a Account) error {
	if a.PendingEmail == "" {
		return nil
	}
	for _, purpose := range []LinkPurpose{LinkChangeEmail, LinkCancelChange, LinkKeepAddress} {
		if err := c.tx.DeleteLinks(ctx, a.Org, a.ID, purpose); err != nil {
			return err
		}
	}
	return nil
}

// RevertEmailChanges takes back the changes of address that nobody confirmed for 15 days, at most limit, and returns how many
// it took back (EML-14). It is safe to run twice, late, or on several instances at once.
func (s *Service) RevertEmailChanges(ctx context.Context, limit int) (int, error) {
	over := s.clock.Now().Add(-EmailChangeDays * Day)
	due, err := s.store.EmailChangesDue(ctx, over, limit)
	if err != nil {
		return 0, err
	}
	reverted := 0
	var failures []error
	for _, a := range due {
		done := false
		err := s.Transact(ctx, a.Org, Actor{Kind: System, Name: "e-mail change"}, func(c *Acts) error {
			done = false
			now, err := c.tx.Account(ctx, a.Org, a.ID)
			if IsNotFound(err) || err == nil && (now.PendingEmail == "" || now.PendingSince.After(over)) {
				return nil
			}
			if err != nil {
				return err
			}
			done = true
			_, err = c.revertEmail(ctx, now)
			return err
		})
		switch {
		case err != nil:
			failures = append(failures, err)
		case done:
			reverted++
		}
	}
	return reverted, errors.Join(failures...)
}
