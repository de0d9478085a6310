package identity

import (
	"context"
	"slices"
	"strings"
)

// Person is whom a verified token speaks of. Issuer and Subject are who they are; the rest is for people to read, and the
// address for a new account of their own.
type Person struct {
	Issuer, Subject string
	Name            string
	Email           string
	EmailVerified   bool
	Provider        *IdentityProvider // the organization whose issuer it is; nil: an issuer that the operator trusts
}

// Caller is a person with what the store knows of them.
type Caller struct {
	Person
	Binding *Binding // nil: bound to no account
	Account *Account // nil: bound to no account
	Home    OrgID    // the organization of the account; empty: unknown
	Grants  []Grant  // that count for this token, in the order of the organizations' ids
}

// Standing is whose administrator somebody is.
type Standing string

// The standings (BEHAVIOUR 0.4).
const (
	StandingOwn      Standing = "own"      // of the organization itself
	StandingExternal Standing = "external" // at home in another organization
	StandingPartner  Standing = "partner"  // of an organization that manages this one
)

// Standings lists the standings.
var Standings = []Standing{StandingOwn, StandingExternal, StandingPartner}

// Access is what a person may do in one organization.
type Access struct {
	Org      OrgID
	Role     Role
	Standing Standing
}

// Caller finds out who a person is here. People whose account is inactive or was claimed away are Forbidden with ACCOUNT_INACTIVE.
// Those who have been claimed and not decided yet may sign in, but only to choose: they administer nothing (USR-01, ROL-04).
func (s *Service) Caller(ctx context.Context, p Person) (Caller, error) {
	c := Caller{Person: p}
	b, err := s.store.Binding(ctx, p.Issuer, p.Subject)
	switch {
	case err == nil:
		a, err := s.store.Account(ctx, b.Org, b.Account)
		if err != nil {
			return Caller{}, err
		}
		c.Binding, c.Account, c.Home = &b, &a, b.Org
		if err := s.speaksFor(ctx, p.Provider, a); err != nil {
			return Caller{}, err
		}
		if a.Shadow || a.Status == Inactive {
			return Caller{}, Refuse(Forbidden, RuleAccountInactive, "your account cannot be used: it is %s%s", a.Status, a.InactiveReason.inBrackets())
		}
	case !IsNotFound(err):
		return Caller{}, err
	}
	grants, err := s.store.GrantsOf(ctx, p.Issuer, p.Subject)
	if err != nil {
		return Caller{}, err
	}
	// Whom an organization's own issuer names and nobody has bound to an account is known in that organization only.
	if p.Provider != nil && c.Binding == nil {
		grants = slices.DeleteFunc(grants, func(g Grant) bool { return g.Org != p.Provider.Org })
	}
	if c.Account != nil && c.Account.Status == DeferredClaim {
		grants = nil
	}
	slices.SortFunc(grants, func(a, b Grant) int { return strings.Compare(string(a.Org), string(b.Org)) })
	c.Grants = grants
	return c, nil
}

// speaksFor refuses an organization's issuer that names a person of another organization, or one whose address is not in a
// domain that the organization verified.
func (s *Service) speaksFor(ctx context.Context, p *IdentityProvider, a Account) error {
	if p == nil {
		return nil
	}
	refusal := Refuse(Forbidden, RuleIssuerNotForAddress,
		"the issuer of the token belongs to an organization and may only speak for its people with an address in one of its verified domains")
	email, err := ParseEmail(a.PrimaryEmail(), s.policy)
	if err != nil || p.Org != a.Org {
		return refusal
	}
	holders, err := s.store.DomainHolders(ctx, email.Domain)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(holders, func(d Domain) bool { return d.Org == p.Org }) {
		return refusal
	}
	return nil
}

// AccessTo tells what a caller may do in an organization. For one that does not exist and for one in which the caller may do
// nothing the answer is the same.
func (s *Service) AccessTo(ctx context.Context, c Caller, org OrgID) (Access, error) {
	for _, g := range c.Grants {
		if g.Org == org {
			return c.granted(g), nil
		}
	}
	managed, err := s.managed(ctx, c)
	if err != nil {
		return Access{}, err
	}
	for _, a := range managed {
		if a.Org == org {
			return a, nil
		}
	}
	return Access{}, Refuse(NotFound, RuleUnknownOrg, "there is no such organization, or you have no role in it")
}

// AccessList tells in which organizations a caller may do something, in the order of their ids.
func (s *Service) AccessList(ctx context.Context, c Caller) ([]Access, error) {
	var all []Access
	for _, g := range c.Grants {
		all = append(all, c.granted(g))
	}
	managed, err := s.managed(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, a := range managed {
		if !slices.ContainsFunc(c.Grants, func(g Grant) bool { return g.Org == a.Org }) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b Access) int { return strings.Compare(string(a.Org), string(b.Org)) })
	return all, nil
}

// granted is what a grant comes to: people who are at home nowhere belong to the organization that granted it.
func (c Caller) granted(g Grant) Access {
	a := Access{Org: g.Org, Role: g.Role, Standing: StandingOwn}
	if c.Home != "" && c.Home != g.Org {
		a.Standing = StandingExternal
	}
	return a
}

// managed is what a caller may do in the organizations that the caller's own one manages.
func (s *Service) managed(ctx context.Context, c Caller) ([]Access, error) {
	var all []Access
	for _, g := range c.Grants {
		if c.Home != "" && c.Home != g.Org {
			continue
		}
		relations, err := s.store.Manages(ctx, g.Org)
		if err != nil {
			return nil, err
		}
		others := len(all) // by other partners
		for _, r := range relations {
			role, ok := Delegated(g.Role, r.Role)
			if !ok {
				continue
			}
			// Two partners can manage the same organization, and somebody who is at home nowhere can administer both.
			i := slices.IndexFunc(all[:others], func(a Access) bool { return a.Org == r.Managed })
			switch {
			case i < 0:
				all = append(all, Access{Org: r.Managed, Role: role, Standing: StandingPartner})
			case slices.Index(Roles, role) < slices.Index(Roles, all[i].Role):
				all[i].Role = role
			}
		}
	}
	return all, nil
}

// Delegated returns what a partner's administrator is in a managed organization: never more than at home, and never more than
// was delegated; false for nothing.
func Delegated(home, most Role) (Role, bool) {
	switch {
	case most == RoleFull:
		return home, true
	case home == RoleFull || home == most:
		return most, true
	case home == RoleReadOnly || most == RoleReadOnly:
		return RoleReadOnly, true
	}
	return "", false
}

// Actor is the caller as events tell of it, acting with an access in its organization; the zero Access for acts on the caller's
// own account.
func (c Caller) Actor(in Access, req Request) Actor {
	a := Actor{Kind: Administrator, ID: c.Issuer + "|" + c.Subject, Name: c.Name, Org: c.Home, Standing: in.Standing, Request: req}
	if in.Org == "" {
		a.Kind = Owner
	} else if a.Org == "" {
		a.Org = in.Org
	}
	if c.Account != nil {
		a.Account = c.Account.ID
	}
	a.Request.Email, a.Request.Role = c.Email, in.Role
	return a
}
