package identity

import (
	"context"
	"slices"
)

// unproven reports whether somebody registered the account and nobody knows yet whether the mailbox is theirs. Until then it
// only waits for that: it is no way to sign in, it gets no role, and whoever has the mailbox takes its place.
func (a Account) unproven() bool { return a.Source == SourceSelf && a.Status == NotVerified }

// proves reports whether a person's issuer vouches that an account's address is theirs.
func (p Person) proves(a Account, policy EmailPolicy) bool {
	said, err := ParseEmail(p.Email, policy)
	held, err2 := ParseEmail(a.PrimaryEmail(), policy)
	return p.EmailVerified && err == nil && err2 == nil && said.Key == held.Key
}

// mayEnter refuses a person who only says that an account's address is theirs (USR-04).
func (c *Acts) mayEnter(p Person, a Account) error {
	if !a.unproven() || p.proves(a, c.service.policy) {
		return nil
	}
	return Refuse(Forbidden, RuleEmailNotVerified, "it is not known yet that the address of your account is yours; follow the link in the mail that was sent to it")
}

// makeRoom deletes an unproven account that holds an address which somebody else has proved to be theirs. Whoever registered it
// gives up nothing: nobody could use it.
func (c *Acts) makeRoom(ctx context.Context, key EmailKey) error {
	held, err := c.tx.Hold(ctx, key)
	if IsNotFound(err) || err == nil && held.Org != c.org.ID {
		return nil
	}
	if err != nil {
		return err
	}
	a, err := c.tx.Account(ctx, held.Org, held.Account)
	if err != nil || !a.unproven() {
		return err
	}
	// Whoever registered it keeps what they may do elsewhere: that has nothing to do with this address.
	if err := c.unbindOthers(ctx, a, Person{}); err != nil {
		return err
	}
	return c.Delete(ctx, a.ID, nil)
}

// unbindOthers leaves nobody but a person in an account; nobody at all for the zero Person. The person has proved that the address
// is theirs, so whoever registered the account with another identity may have been anybody (ROL-04).
func (c *Acts) unbindOthers(ctx context.Context, a Account, p Person) error {
	bindings, err := c.tx.BindingsOf(ctx, a.Org, a.ID)
	if err != nil {
		return err
	}
	bindings = slices.DeleteFunc(bindings, func(b Binding) bool { return b.Issuer == p.Issuer && b.Subject == p.Subject })
	for _, b := range bindings {
		if err := c.tx.DeleteBinding(ctx, b.Org, b.Issuer, b.Subject); err != nil {
			return err
		}
		e := a.event(AccountUnbound, "ROL-04", c.now)
		e.Target = Target{Type: TargetUser, ID: b.Issuer + "|" + b.Subject}
		if _, err := c.record(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
