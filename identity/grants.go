package identity

import (
	"cmp"
	"context"
	"slices"
)

// MaxSubject is the length of a subject in bytes, as OpenID Connect has it.
const MaxSubject = 255

// namesSomebody checks that a person can be known again by what the issuer calls them.
func namesSomebody(who, issuer, subject string) error {
	switch {
	case issuer == "" || subject == "":
		return Refuse(Invalid, RuleInvalidValue, "%s is named by issuer and subject; both are needed", who)
	case len(issuer) > MaxIssuer || len(subject) > MaxSubject:
		return Refuse(Invalid, RuleInvalidValue, "the issuer has %d bytes and the subject %d; at most %d and %d are allowed",
			len(issuer), len(subject), MaxIssuer, MaxSubject)
	}
	return nil
}

// Grant gives a person a role, or another role than before (ROL-02). People of the organization of personal accounts cannot be
// external administrators (ROL-03), and external administrators and partners cannot add external ones.
func (s *Service) Grant(ctx context.Context, by Actor, g Grant) (Grant, error) {
	if err := namesSomebody("an administrator", g.Issuer, g.Subject); err != nil {
		return Grant{}, err
	}
	if !slices.Contains(Roles, g.Role) {
		return Grant{}, unknownRole(g.Role)
	}
	// Who the last full administrator is concerns several rows.
	var granted Grant
	err := s.transact(ctx, Exclusive(g.Org), g.Org, by, func(c *Acts) error {
		var err error
		granted, err = c.grant(ctx, g)
		return err
	})
	return granted, err
}

// GrantTo gives the person behind an account of the organization a role, at every issuer through which they sign in. The account's
// owner must have signed in here before, so that there is somebody to give it to.
func (s *Service) GrantTo(ctx context.Context, by Actor, org OrgID, account AccountID, role Role) ([]Grant, error) {
	if !slices.Contains(Roles, role) {
		return nil, unknownRole(role)
	}
	var grants []Grant
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		grants = nil
		a, err := c.load(ctx, account, nil)
		if err != nil {
			return err
		}
		bindings, err := c.tx.BindingsOf(ctx, org, account)
		if err != nil {
			return err
		}
		if len(bindings) == 0 || a.unproven() {
			return Refuse(Conflict, RuleNotBound, "this user has not signed in here yet, so nobody is known to be this user; send an invitation, and give the role once it was used")
		}
		for _, b := range bindings {
			g, err := c.grant(ctx, Grant{Org: org, Issuer: b.Issuer, Subject: b.Subject, Role: role})
			if err != nil {
				return err
			}
			grants = append(grants, g)
		}
		return nil
	})
	return grants, err
}

func unknownRole(r Role) error {
	return Refuse(Invalid, RuleInvalidValue, "the role %q is not known; use one of %v", r, Roles).At("role")
}

// grant stores a grant. One that says what is so already changes nothing and tells nobody.
func (c *Acts) grant(ctx context.Context, g Grant) (Grant, error) {
	if err := c.mayGrant(ctx, g); err != nil {
		return Grant{}, err
	}
	all, err := c.tx.Grants(ctx, g.Org)
	if err != nil {
		return Grant{}, err
	}
	if i := slices.IndexFunc(all, func(o Grant) bool { return o.Issuer == g.Issuer && o.Subject == g.Subject }); i >= 0 && all[i].Role == g.Role {
		return all[i], nil
	}
	if g.Role != RoleFull {
		if err := c.keepsFullGrant(ctx, g.Issuer, g.Subject); err != nil {
			return Grant{}, err
		}
	}
	g.CreatedAt = c.now
	if err := c.tx.PutGrant(ctx, g); err != nil {
		return Grant{}, err
	}
	return g, c.tellOf(ctx, GrantCreated, Target{Type: TargetAdministrator, ID: g.Issuer + "|" + g.Subject, Name: string(g.Role)}, g)
}

// RevokeGrant takes a person's role in an organization away.
func (s *Service) RevokeGrant(ctx context.Context, by Actor, org OrgID, issuer, subject string) error {
	return s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		if err := c.keepsFullGrant(ctx, issuer, subject); err != nil {
			return err
		}
		if err := c.tx.DeleteGrant(ctx, org, issuer, subject); err != nil {
			return err
		}
		return c.tellOf(ctx, GrantRevoked, Target{Type: TargetAdministrator, ID: issuer + "|" + subject}, map[string]any{"issuer": issuer, "subject": subject})
	})
}

// Bind ties a person to an account on the operator's word (ROL-04). The same binding again changes nothing.
func (s *Service) Bind(ctx context.Context, by Actor, b Binding) (Binding, error) {
	var bound Binding
	err := s.Transact(ctx, b.Org, by, func(c *Acts) error {
		a, err := c.load(ctx, b.Account, nil)
		if err != nil {
			return err
		}
		bound, err = c.bind(ctx, a, b.Issuer, b.Subject)
		return err
	})
	return bound, err
}

func (c *Acts) bind(ctx context.Context, a Account, issuer, subject string) (Binding, error) {
	if err := namesSomebody("a person", issuer, subject); err != nil {
		return Binding{}, err
	}
	b, err := c.tx.Binding(ctx, issuer, subject)
	switch {
	case err == nil && b.Account == a.ID && b.Org == a.Org:
		return b, nil
	case err == nil:
		return Binding{}, Refuse(Conflict, RuleAlreadyBound, "this person is tied to another account already; one person has one account")
	case !IsNotFound(err):
		return Binding{}, err
	}
	if err := c.maySettle(ctx, issuer, subject); err != nil {
		return Binding{}, err
	}
	b = Binding{Issuer: issuer, Subject: subject, Org: a.Org, Account: a.ID, CreatedAt: c.now}
	if err := c.tx.InsertBinding(ctx, b); err != nil {
		return Binding{}, err
	}
	e := a.event(AccountBound, "ROL-04", c.now)
	e.Target = Target{Type: TargetUser, ID: issuer + "|" + subject}
	_, err = c.record(ctx, e)
	return b, err
}

// maySettle refuses to make the organization the home of a person whose roles elsewhere depend on being at home there or
// nowhere: people with a personal account administer nothing (ROL-03), and an organization keeps a full administrator of its own
// (USR-26).
func (c *Acts) maySettle(ctx context.Context, issuer, subject string) error {
	grants, err := c.tx.GrantsOf(ctx, issuer, subject)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Org == c.org.ID {
			continue
		}
		if c.org.ID == ConsumerOrgID {
			return Refuse(Conflict, RuleConsumerAdmin, "this person administers an organization, and people with a personal account cannot")
		}
		last, err := leaveNobody(ctx, c.tx, g.Org, func(o Grant) bool { return o.Issuer == issuer && o.Subject == subject })
		if err != nil {
			return err
		}
		if last {
			return Refuse(Conflict, RuleLastFullAdmin, "this person is the last full administrator of another organization, which needs one of its own; another one must be made there first")
		}
	}
	return nil
}

// mayGrant holds ROL-02 and ROL-03.
func (c *Acts) mayGrant(ctx context.Context, g Grant) error {
	b, err := c.tx.Binding(ctx, g.Issuer, g.Subject)
	if err != nil && !IsNotFound(err) {
		return err
	}
	atHome := err == nil && b.Org == g.Org
	switch {
	case atHome:
		return nil
	case c.by.Kind == Administrator && c.by.Standing != StandingOwn:
		return Refuse(Forbidden, RuleForbiddenRole, "only the organization's own full administrators can make somebody of another organization an administrator")
	case err == nil && b.Org == ConsumerOrgID:
		return Refuse(Conflict, RuleConsumerAdmin, "this person has a personal account, and people with one cannot administer an organization")
	}
	return nil
}

// keepsFullGrant refuses to take the role full from a person if nobody of the organization had it then (USR-26).
func (c *Acts) keepsFullGrant(ctx context.Context, issuer, subject string) error {
	last, err := leaveNobody(ctx, c.tx, c.org.ID, func(g Grant) bool { return g.Issuer == issuer && g.Subject == subject })
	return cmp.Or(err, refuseIf(last))
}

// keepsFullAdmin refuses to make an account unusable if its owner is the organization's last full administrator (USR-26).
func (c *Acts) keepsFullAdmin(ctx context.Context, a Account) error {
	if c.org.State == OrgDeleting {
		return nil // nobody administers it any more
	}
	last, err := lastFullAdmin(ctx, c.tx, a)
	return cmp.Or(err, refuseIf(last))
}

func refuseIf(last bool) error {
	if !last {
		return nil
	}
	return Refuse(Conflict, RuleLastFullAdmin, "this is the organization's last full administrator; give somebody else of the organization the role full first")
}

// lastFullAdmin reports whether an account's owner is the only full administrator at home in its organization.
func lastFullAdmin(ctx context.Context, r Reader, a Account) (bool, error) {
	if a.Shadow || a.Status == Inactive {
		return false, nil // cannot administer anything as it is
	}
	full, err := r.FullAdministrators(ctx, a.Org)
	if err != nil || !slices.Contains(full, a.ID) {
		return false, err
	}
	bindings, err := r.BindingsOf(ctx, a.Org, a.ID)
	if err != nil {
		return false, err
	}
	return leaveNobody(ctx, r, a.Org, func(g Grant) bool {
		return slices.ContainsFunc(bindings, func(b Binding) bool { return b.Issuer == g.Issuer && b.Subject == g.Subject })
	})
}

// leaveNobody reports whether a full administrator at home in the organization is among the leaving and none stays.
func leaveNobody(ctx context.Context, r Reader, org OrgID, leaves func(Grant) bool) (bool, error) {
	grants, err := r.Grants(ctx, org)
	if err != nil {
		return false, err
	}
	leaving := false
	for _, g := range grants {
		if g.Role != RoleFull {
			continue
		}
		counts, err := inCharge(ctx, r, g)
		if err != nil {
			return false, err
		}
		if counts && !leaves(g) {
			return false, nil
		}
		leaving = leaving || counts
	}
	return leaving, nil
}

// inCharge reports whether somebody with a grant is at home in its organization and can sign in. Whom an operator named and
// nobody has bound yet counts. A claimed user who has not signed in since does not: the claim can be revoked, and no organization
// may be left to itself by that.
func inCharge(ctx context.Context, r Reader, g Grant) (bool, error) {
	b, err := r.Binding(ctx, g.Issuer, g.Subject)
	if IsNotFound(err) {
		return true, nil
	}
	if err != nil || b.Org != g.Org {
		return false, err
	}
	a, err := r.Account(ctx, b.Org, b.Account)
	if err != nil || a.Shadow || a.Status == Inactive || a.Status == DeferredClaim {
		return false, err
	}
	if a.Source != SourceClaim {
		return true, nil
	}
	claim, err := r.ClaimOf(ctx, a.Org, a.ID)
	if IsNotFound(err) {
		return true, nil
	}
	return err == nil && (!claim.Open() || !claim.SignedInAt.IsZero()), err
}

// takeAwayRoles ends what the owner of an account may do, in every organization: the person is gone from here. The rule and the reason
// are for the events.
func (c *Acts) takeAwayRoles(ctx context.Context, a Account, rule Rule, why string) error {
	return c.takeAway(ctx, a, func(Grant) bool { return true }, rule, why)
}

// takeAwayRolesElsewhere is takeAwayRoles in every organization but the one that is acted in.
func (c *Acts) takeAwayRolesElsewhere(ctx context.Context, a Account, rule Rule, why string) error {
	return c.takeAway(ctx, a, func(g Grant) bool { return g.Org != c.org.ID }, rule, why)
}

func (c *Acts) takeAway(ctx context.Context, a Account, which func(Grant) bool, rule Rule, why string) error {
	bindings, err := c.tx.BindingsOf(ctx, a.Org, a.ID)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		grants, err := c.tx.GrantsOf(ctx, b.Issuer, b.Subject)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if !which(g) {
				continue
			}
			if err := c.tx.DeleteGrant(ctx, g.Org, g.Issuer, g.Subject); err != nil {
				return err
			}
			e := c.complete(Event{Kind: GrantRevoked, Rule: rule, Target: Target{Type: TargetAdministrator, ID: g.Issuer + "|" + g.Subject, Name: string(g.Role)}})
			e.Org = g.Org
			if g.Org != c.org.ID {
				e.Actor = Actor{Kind: System, Name: why}
			}
			if err := c.tx.Record(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}
