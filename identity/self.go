package identity

import (
	"context"
)

// SignInCaller records that a person signed in: Not Verified and Verified become Active (USR-04).
func (s *Service) SignInCaller(ctx context.Context, c Caller, req Request) (Account, error) {
	if c.Binding == nil {
		return Account{}, Refuse(Conflict, RuleNotBound,
			"nobody has said which account is yours; use the link of your invitation while you are signed in, or register an account of your own")
	}
	var a Account
	err := s.Transact(ctx, c.Binding.Org, c.Actor(Access{}, req), func(acts *Acts) error {
		before, err := acts.load(ctx, c.Binding.Account, nil)
		if err != nil {
			return err
		}
		if err := acts.mayEnter(c.Person, before); err != nil {
			return err
		}
		a, err = acts.SignIn(ctx, before.ID)
		return err
	})
	if RuleOf(err) == RuleOrgDeleting {
		err = Refuse(Forbidden, RuleOrgDeleting, "your organization is being deleted, so nobody can sign in to it any more")
	}
	return a, err
}

// RegisterSelf creates an account for a person who has none (DOM-11): in the organization that claimed the domain of the
// address, if it lets people register, and among the personal accounts for a domain that nobody claimed. An address that the
// issuer has not verified gets a mail first; until it is proved the account is good for nothing, and whoever proves the address
// gets it.
func (s *Service) RegisterSelf(ctx context.Context, p Person, req Request) (Account, error) {
	if p.Provider != nil {
		return Account{}, Refuse(Forbidden, RuleIssuerNotForAddress,
			"the issuer of the token belongs to an organization, which adds its people itself; ask its administrator for an invitation")
	}
	email, err := ParseEmail(p.Email, s.policy)
	if err != nil {
		return Account{}, Refuse(Invalid, RuleInvalidEmail,
			"the token names no usable e-mail address; sign in with the scope email, so that there is an address to register").At("email")
	}
	home, err := s.homeOf(ctx, email.Domain)
	if err != nil {
		return Account{}, err
	}
	d := Draft{UserName: email.Display, Emails: []AccountEmail{{Value: email.Display, Type: "work", Primary: true}}, Active: true}
	if p.Name != "" && p.Name != p.Email && p.Name != p.Subject {
		if d.Profile, err = ProfileOf(map[string]any{"displayName": p.Name}); err != nil {
			return Account{}, err
		}
	}
	by := Actor{Kind: Owner, ID: p.Issuer + "|" + p.Subject, Name: p.Name, Org: home, Request: req}
	by.Request.Email = p.Email
	var a Account
	err = s.Transact(ctx, home, by, func(c *Acts) error {
		if c.org.ID != ConsumerOrgID && !c.org.SelfRegistration {
			return Refuse(Forbidden, RuleSelfRegistrationOff, "the organization of this domain does not let people register; ask its administrator for an account")
		}
		if _, err := c.tx.Binding(ctx, p.Issuer, p.Subject); !IsNotFound(err) {
			if err != nil {
				return err
			}
			return Refuse(Conflict, RuleAlreadyBound, "you have an account already")
		}
		if p.EmailVerified {
			if err := c.makeRoom(ctx, email.Key); err != nil {
				return err
			}
		}
		var err error
		if a, err = c.Create(ctx, d, Origin{Source: SourceSelf, Invite: !p.EmailVerified}); err != nil {
			return err
		}
		if _, err := c.bind(ctx, a, p.Issuer, p.Subject); err != nil {
			return err
		}
		if !p.EmailVerified {
			return nil
		}
		a, err = c.SignIn(ctx, a.ID)
		return err
	})
	return a, err
}

// homeOf returns where people with an address in a domain register.
func (s *Service) homeOf(ctx context.Context, domain string) (OrgID, error) {
	holders, err := s.store.DomainHolders(ctx, domain)
	if err != nil {
		return "", err
	}
	for _, h := range holders {
		if h.State == DomainClaimed {
			return h.Org, nil
		}
	}
	return ConsumerOrgID, nil
}

// DeleteSelf deletes a person's own personal account at once and for good, and has its content deleted (EML-08, EML-11).
// Accounts of organizations are not their owner's to delete.
func (s *Service) DeleteSelf(ctx context.Context, c Caller, req Request) error {
	if c.Binding == nil {
		return Refuse(Conflict, RuleNotBound, "you have no account here")
	}
	if c.Binding.Org != ConsumerOrgID {
		return Refuse(Forbidden, RuleForbiddenRole, "your account belongs to an organization; ask its administrator to delete it")
	}
	return s.Transact(ctx, c.Binding.Org, c.Actor(Access{}, req), func(acts *Acts) error {
		a, err := acts.load(ctx, c.Binding.Account, nil)
		if err != nil {
			return err
		}
		if err := acts.Delete(ctx, a.ID, nil); err != nil {
			return err
		}
		if _, err := acts.orderPurge(ctx, "purge:"+string(a.ID), a.ID, ContentScopes); err != nil || a.PrimaryEmail() == "" || a.unproven() {
			return err
		}
		return acts.Mail(ctx, MessageAccountDeleted, a.PrimaryEmail(), "deleted:"+string(a.ID), map[string]string{"name": a.Profile.DisplayName()})
	})
}
