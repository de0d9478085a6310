package identity

import (
	"context"
	"time"
)

// LinkView is what somebody who has a link may see of it.
type LinkView struct {
	Purpose      LinkPurpose
	Org          OrgID
	Organization string // its name
	Account      AccountID
	Address      string // the mailbox that the link proves
	ExpiresAt    time.Time
}

// LookAtLink says what following a link would do, and changes nothing: programs that look at links in mails do no harm.
func (s *Service) LookAtLink(ctx context.Context, secret string) (LinkView, error) {
	l, err := s.store.LinkByHash(ctx, HashSecret(secret))
	if err != nil {
		return LinkView{}, err
	}
	if err := l.usable(s.clock.Now()); err != nil {
		return LinkView{}, err
	}
	o, err := s.store.Organization(ctx, l.Org)
	if err != nil {
		return LinkView{}, err
	}
	return l.view(o), nil
}

func (l Link) view(o Organization) LinkView {
	return LinkView{Purpose: l.Purpose, Org: l.Org, Organization: o.Name, Account: l.Account, Address: string(l.Address), ExpiresAt: l.ExpiresAt}
}

func (l Link) usable(now time.Time) error {
	switch {
	case !l.UsedAt.IsZero():
		return Refuse(Conflict, RuleLinkUsed, "this link has been used already; each one works once")
	case !now.Before(l.ExpiresAt):
		return outdated()
	}
	return nil
}

func outdated() error {
	return Refuse(Gone, RuleLinkExpired, "this link does not work any longer; ask your administrator to send another one")
}

// UseLink does what a link is for, once. With an invitation a person who is signed in (nil: nobody is) is bound to the account
// and signed in there (ROL-04).
func (s *Service) UseLink(ctx context.Context, secret string, p *Person, req Request) (LinkView, error) {
	l, err := s.store.LinkByHash(ctx, HashSecret(secret))
	if err != nil {
		return LinkView{}, err
	}
	// Nobody need be signed in to follow a link, so one that is over must cost nothing: no transaction, and no event.
	if err := l.usable(s.clock.Now()); err != nil {
		return LinkView{}, err
	}
	by := Actor{Kind: Owner, Name: string(l.Address), Org: l.Org, Account: l.Account, Request: req}
	// Who confirms the address of an account that is kept is at home elsewhere by now, which is nothing that this organization learns.
	if p != nil && l.Purpose != LinkKeepAddress {
		by.ID, by.Name, by.Request.Email = p.Issuer+"|"+p.Subject, p.Name, p.Email
	}
	var view LinkView
	err = s.Transact(ctx, l.Org, by, func(c *Acts) error {
		l, err := c.tx.LinkByHash(ctx, l.Hash)
		if err != nil {
			return err
		}
		if err := l.usable(c.now); err != nil {
			return err
		}
		a, err := c.load(ctx, l.Account, nil)
		if err != nil {
			return err
		}
		if err := c.tx.UseLink(ctx, l.Org, l.Hash, c.now); err != nil {
			return err
		}
		view = l.view(c.org)
		return c.follow(ctx, l, a, p)
	})
	return view, err
}

func (c *Acts) follow(ctx context.Context, l Link, a Account, p *Person) error {
	proves := a.PrimaryEmail()
	if l.Purpose == LinkChangeEmail || l.Purpose == LinkKeepAddress {
		proves = a.PendingEmail
	}
	email, err := ParseEmail(proves, c.service.policy)
	if err != nil || email.Key != l.Address {
		return outdated() // the address has changed since the mail was sent
	}
	switch l.Purpose {
	case LinkChangeEmail:
		if a.unproven() { // the new mailbox says nothing about whoever registered with the old one
			if err := c.unbindOthers(ctx, a, Person{}); err != nil {
				return err
			}
		}
		_, err = c.confirmEmail(ctx, a)
		return err
	case LinkKeepAddress:
		return c.keep(ctx, a)
	case LinkCancelChange:
		_, err = c.revertEmail(ctx, a)
		return err
	}
	unproven := a.unproven()
	if a, err = c.VerifyEmail(ctx, a.ID); err != nil {
		return err
	}
	if p == nil {
		// It is used up and has tied nobody to the account, so it must not hold another one back (USR-23).
		return c.tx.MarkInvited(ctx, a.Org, a.ID, time.Time{})
	}
	if err := c.service.speaksFor(ctx, p.Provider, a); err != nil {
		return err
	}
	if unproven {
		if err := c.unbindOthers(ctx, a, *p); err != nil {
			return err
		}
	}
	if _, err := c.bind(ctx, a, p.Issuer, p.Subject); err != nil {
		return err
	}
	_, err = c.SignIn(ctx, a.ID)
	return err
}
