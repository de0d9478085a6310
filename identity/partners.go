package identity

import (
	"context"
	"slices"
)

// delegable are the roles that an organization can leave to a partner's administrators.
var delegable = []Role{RoleFull, RoleUser, RoleReadOnly}

// PutPartner lets an organization be managed by another, or changes how much its administrators may do there.
func (s *Service) PutPartner(ctx context.Context, by Actor, managing, managed OrgID, role Role) (Relationship, error) {
	r := Relationship{Managing: managing, Managed: managed, Role: role}
	switch {
	case !slices.Contains(delegable, role):
		return r, Refuse(Invalid, RuleInvalidValue, "the role %q cannot be left to a partner; use one of %v", role, delegable).At("role")
	case managing == managed:
		return r, Refuse(Invalid, RuleInvalidValue, "an organization does not manage itself; name the partner's organization").At("partner")
	}
	err := s.transact(ctx, Exclusive(managed, managing), managed, by, func(c *Acts) error {
		if c.org.Kind == Consumer {
			return Refuse(Forbidden, RuleForbiddenRole, "the organization of personal accounts is not managed by anybody")
		}
		partner, err := c.tx.Organization(ctx, managing)
		if err != nil && !IsNotFound(err) {
			return err
		}
		// An organization that is no partner is told like one that does not exist, so that nobody can look for others by id.
		if err != nil || partner.Kind != Partner || partner.State != OrgActive {
			return Refuse(NotFound, RuleUnknownPartner, "there is no organization of the kind partner with this id; ask the partner for the id of its organization").At("partner")
		}
		relations, err := c.tx.ManagedBy(ctx, managed)
		if err != nil {
			return err
		}
		for _, known := range relations {
			if known.Managing == managing && known.Role == role {
				r = known
				return nil
			}
		}
		r.CreatedAt = c.now
		if err := c.tx.PutRelationship(ctx, r); err != nil {
			return err
		}
		evidence := map[string]any{"role": role}
		if err := c.tellOf(ctx, PartnerPut, Target{Type: TargetPartner, ID: string(managing), Name: partner.Name}, evidence); err != nil {
			return err
		}
		return c.tellOther(ctx, managing, PartnerPut, Target{Type: TargetPartner, ID: string(managed), Name: c.org.Name}, evidence)
	})
	return r, err
}

// tellOther records an event in the other organization of a relationship. It does not say who did it there, only on whose side.
func (c *Acts) tellOther(ctx context.Context, other OrgID, kind EventKind, target Target, evidence any) error {
	by := Actor{Kind: System, Name: "the other organization", Org: c.org.ID}
	if c.by.Kind == Operator {
		by = c.by
	}
	there := &Acts{service: c.service, tx: c.tx, org: Organization{ID: other}, by: by, now: c.now}
	return there.tellOf(ctx, kind, target, evidence)
}

// RemovePartner ends a relationship. Either side may; org is the side that does.
func (s *Service) RemovePartner(ctx context.Context, by Actor, org, managing, managed OrgID) error {
	return s.transact(ctx, Exclusive(managed, managing), org, by, func(c *Acts) error {
		if err := c.tx.DeleteRelationship(ctx, managing, managed); err != nil {
			return err
		}
		other := managing
		if org == managing {
			other = managed
		}
		evidence := map[string]any{"managing": managing, "managed": managed}
		if err := c.tellOf(ctx, PartnerDeleted, Target{Type: TargetPartner, ID: string(other)}, evidence); err != nil {
			return err
		}
		return c.tellOther(ctx, other, PartnerDeleted, Target{Type: TargetPartner, ID: string(org)}, evidence)
	})
}
