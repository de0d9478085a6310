package identity

import (
	"context"
	"slices"
)

// TransientIn returns what tells the transient users of an organization: those whose primary address is in none of the domains that it has
// verified, though it wants its users there (DOM-17). They stay as they are; new ones like them are refused. Nobody is transient
// before a domain is verified, and somebody without an address that can be read never is, nor is a shadow, which waits in a domain of its own.
func TransientIn(o Organization, domains []Domain, policy EmailPolicy) func(Account) bool {
	if !o.EnforceVerifiedDomains || len(domains) == 0 {
		return func(Account) bool { return false }
	}
	return func(a Account) bool {
		address := a.PrimaryEmail()
		if address == "" || a.Shadow {
			return false
		}
		email, err := ParseEmail(address, policy)
		return err == nil && !slices.ContainsFunc(domains, func(d Domain) bool { return d.Name == email.Domain })
	}
}

// Transients is [TransientIn] with the organization's domains as the reader has them, which is asked only if they matter.
func (s *Service) Transients(ctx context.Context, r Reader, o Organization) (func(Account) bool, error) {
	var domains []Domain
	if o.EnforceVerifiedDomains {
		var err error
		if domains, err = r.Domains(ctx, o.ID); err != nil {
			return nil, err
		}
	}
	return TransientIn(o, domains, s.policy), nil
}

// noteTransient says of a transient user what that means.
const noteTransient = "The address is in none of the domains that the organization has verified, and it wants its users there only: the user is transient (DOM-17)."

// explainDomain adds to an explanation what the organization's domains have to do with somebody.
func (s *Service) explainDomain(ctx context.Context, x *Explanation, o Organization, a Account) error {
	transient, err := s.Transients(ctx, s.store, o)
	if err == nil && transient(a) {
		x.Notes = append(x.Notes, noteTransient)
	}
	return err
}
