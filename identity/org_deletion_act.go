package identity

import (
	"context"
	"slices"
)

// DeletionRequest asks for an organization to be deleted, with what its users are to become (ORG-10). The caller says that they know
// what comes of it (ORG-18).
type DeletionRequest struct {
	Handling                UserHandling
	AcknowledgeUsers        UserHandling // what the users will be; the same as Handling
	AcknowledgeIrreversible bool
}

// check refuses a request that does not say all that it has to.
func (r DeletionRequest) check(rules Rules) error {
	if err := r.Handling.valid(rules); err != nil {
		return err
	}
	switch {
	case r.AcknowledgeUsers != r.Handling:
		return Refuse(Invalid, RuleAcknowledgement, "acknowledge what becomes of the users: that is %q here, the same as userHandling", r.Handling).At("acknowledgeUsers")
	case !r.AcknowledgeIrreversible:
		return Refuse(Invalid, RuleAcknowledgement, "acknowledge that the deletion cannot be taken back").At("acknowledgeIrreversible")
	}
	return nil
}

// DeleteOrganization begins to delete an organization that has one user at most, which is deleted too. It needs no acknowledgement
// (BEHAVIOUR 17, A23). For one that is being deleted already it changes nothing.
func (s *Service) DeleteOrganization(ctx context.Context, by Actor, org OrgID) (OrgDeletion, error) {
	return s.beginDeletion(ctx, by, org, HandleNone, func(*Acts) error { return nil })
}

// RequestDeletion begins to delete an organization and says what becomes of its users. For one that is being deleted already it changes
// nothing, whatever was said the first time.
func (s *Service) RequestDeletion(ctx context.Context, by Actor, org OrgID, r DeletionRequest) (OrgDeletion, error) {
	return s.beginDeletion(ctx, by, org, r.Handling, func(*Acts) error { return r.check(s.rules) })
}

// CancelDeletion refuses: there is no way back (ORG-17).
func (s *Service) CancelDeletion(ctx context.Context, by Actor, org OrgID) error {
	return s.transactIn(ctx, Shared(org), org, by, func(c *Acts) error {
		if err := c.mayDelete(); err != nil {
			return err
		}
		_, stage, err := c.deletion(ctx)
		if err != nil {
			return err
		}
		_, err = stage.after(DeletionTakenBack)
		return err
	})
}

// Deletion tells how far the deletion of an organization is, also once it is done.
func (s *Service) Deletion(ctx context.Context, org OrgID) (OrgDeletion, error) {
	return s.store.OrgDeletion(ctx, org)
}

// deletion returns the organization's deletion, the zero one if there is none, and the stage it is in.
func (c *Acts) deletion(ctx context.Context) (OrgDeletion, DeletionStage, error) {
	d, err := c.tx.OrgDeletion(ctx, c.org.ID)
	if IsNotFound(err) {
		err = nil
	}
	return d, c.org.stage(d), err
}

// deletable refuses the one organization that every store has (ORG-04).
func (o Organization) deletable() error {
	if o.Kind != Consumer {
		return nil
	}
	return Refuse(Forbidden, RuleForbiddenRole, "the organization of personal accounts cannot be deleted")
}

// mayDelete holds ORG-01 to ORG-04: only the organization's own full administrators, and whoever runs the server, delete it.
func (c *Acts) mayDelete() error {
	if err := c.org.deletable(); err != nil {
		return err
	}
	switch {
	case c.by.Kind == Operator || c.by.Kind == System:
		return nil
	case c.by.Kind == Administrator && c.by.Standing == StandingPartner:
		return PartnerCannotDelete()
	case c.by.Kind == Administrator && c.by.Standing == StandingOwn && c.by.Request.Role == RoleFull:
		return nil
	}
	return Refuse(Forbidden, RuleForbiddenRole, "only the organization's own full administrators can delete it")
}

// PartnerCannotDelete is the refusal of ORG-02, whatever role the partner has.
func PartnerCannotDelete() *Error {
	return Refuse(Forbidden, RulePartnerCannotDelete, "partners cannot delete the organizations that they manage")
}

// beginDeletion looks at everything that could stand in the way and makes the step in one transaction against every other writer, so
// that nothing can come in between (BEHAVIOUR 14.5). asked may refuse before the state of things is looked at.
func (s *Service) beginDeletion(ctx context.Context, by Actor, org OrgID, handling UserHandling, asked func(*Acts) error) (OrgDeletion, error) {
	lock := Exclusive(org)
	partners, err := s.store.ManagedBy(ctx, org)
	if err != nil {
		return OrgDeletion{}, err
	}
	for _, p := range partners {
		lock.Orgs = append(lock.Orgs, p.Managing)
	}
	var d OrgDeletion
	err = s.transactIn(ctx, lock, org, by, func(c *Acts) error {
		if err := c.mayDelete(); err != nil {
			return err
		}
		if err := asked(c); err != nil {
			return err
		}
		var stage DeletionStage
		if d, stage, err = c.deletion(ctx); err != nil {
			return err
		}
		next, err := stage.after(DeletionRequested)
		if err != nil || next == stage {
			return err
		}
		if d, err = c.mayBegin(ctx, handling); err != nil {
			return err
		}
		return c.begin(ctx, d, lock)
	})
	return d, err
}

// mayBegin refuses with every reason that holds (ORG-07), or returns the deletion that begins.
func (c *Acts) mayBegin(ctx context.Context, handling UserHandling) (OrgDeletion, error) {
	found, err := deletionCase(ctx, c.tx, c.org, handling, c.service.rules)
	if err != nil {
		return OrgDeletion{}, err
	}
	if reasons := DeletionReasons(found); len(reasons) > 0 {
		refusal := Refuse(Conflict, reasons[0].Code, "%s", reasons[0].Message)
		if more := len(reasons) - 1; more > 0 {
			refusal.Detail += " There are more reasons; all of them have to go."
		}
		refusal.Blocks = reasons
		for _, r := range reasons {
			refusal.Why = append(refusal.Why, Reason{Code: r.Code, Detail: r.Message})
			refusal.Ways = append(refusal.Ways, Remedy{Text: r.Remedy})
		}
		return OrgDeletion{}, refusal
	}
	return OrgDeletion{ID: DeletionID(c.service.ids.New()), Org: c.org.ID, Handling: handling, State: DeletionUsers, By: c.by, RequestedAt: c.now, Version: 1}, nil
}

// begin does what cannot wait: from now on nobody gets in, and what belonged to the organization alone is free (ORG-19, ORG-20).
func (c *Acts) begin(ctx context.Context, d OrgDeletion, lock OrgLock) error {
	lost := map[string]any{"deletion": d.ID, "userHandling": d.Handling}
	for name, end := range map[string]func(context.Context) ([]string, error){
		"tokens": c.endTokens, "identityProviders": c.endProviders, "connectors": c.endConnectors, "domains": c.endDomains,
	} {
		ended, err := end(ctx)
		if err != nil {
			return err
		}
		if len(ended) > 0 {
			lost[name] = ended
		}
	}
	if err := c.endRelations(ctx, lock); err != nil {
		return err
	}
	o := c.org
	o.State, o.ActiveProviders, o.SSOProvider, o.UpdatedAt = OrgDeleting, 0, "", c.now
	if err := c.tx.UpdateOrganization(ctx, o); err != nil {
		return err
	}
	o.Version++
	c.org = o
	if err := c.tx.InsertOrgDeletion(ctx, d); err != nil {
		return err
	}
	return c.tellOf(ctx, OrgDeletionAsked, c.org.target(), lost)
}

func (c *Acts) endTokens(ctx context.Context) ([]string, error) {
	all, err := c.tx.Tokens(ctx, c.org.ID)
	var ended []string
	for _, t := range all {
		if !t.RevokedAt.IsZero() {
			continue
		}
		if err := c.tx.RevokeToken(ctx, c.org.ID, t.ID, c.now); err != nil {
			return nil, err
		}
		ended = append(ended, string(t.ID))
	}
	return ended, err
}

// endProviders lets nobody in through the organization's issuers any more. They are forgotten with everything else: until then they tell
// which sign-ins go with the organization, see [Acts.lastingBindings].
func (c *Acts) endProviders(ctx context.Context) ([]string, error) {
	all, err := c.tx.IdentityProviders(ctx, c.org.ID)
	var ended []string
	for _, p := range all {
		p.Active, p.UpdatedAt = false, c.now
		if err := c.tx.PutIdentityProvider(ctx, p); err != nil {
			return nil, err
		}
		ended = append(ended, p.Issuer)
	}
	return ended, err
}

// endConnectors takes from connectors what they could read a directory with. They go with everything else, because their accounts may
// be many.
func (c *Acts) endConnectors(ctx context.Context) ([]string, error) {
	all, err := c.tx.Connectors(ctx, c.org.ID)
	var ended []string
	for _, n := range all {
		n.Settings, n.UpdatedAt = []byte(`{}`), c.now
		if err := c.tx.UpdateConnector(ctx, n); err != nil {
			return nil, err
		}
		ended = append(ended, string(n.ID))
	}
	return ended, err
}

func (c *Acts) endDomains(ctx context.Context) ([]string, error) {
	all, err := c.tx.Domains(ctx, c.org.ID)
	if err != nil {
		return nil, err
	}
	var ended []string
	for _, d := range all {
		if err := c.tx.DeleteDomain(ctx, c.org.ID, d.Name); err != nil {
			return nil, err
		}
		ended = append(ended, d.Name)
	}
	challenges, err := c.tx.Challenges(ctx, c.org.ID)
	for _, h := range challenges {
		if err := c.tx.DeleteChallenge(ctx, c.org.ID, h.Name); err != nil {
			return nil, err
		}
	}
	return ended, err
}

// endRelations lets the partner go, if there is one, and tells it that its customer goes (AUD-03).
func (c *Acts) endRelations(ctx context.Context, lock OrgLock) error {
	all, err := c.tx.ManagedBy(ctx, c.org.ID)
	if err != nil {
		return err
	}
	for _, r := range all {
		if !slices.Contains(lock.Orgs, r.Managing) {
			return Refuse(Unavailable, RuleUnavailable, "a partner was added at the same moment; try again")
		}
		if err := c.tx.DeleteRelationship(ctx, r.Managing, r.Managed); err != nil {
			return err
		}
		if err := c.tellOther(ctx, r.Managing, CustomerDeleted, c.org.target(), map[string]any{"role": r.Role}); err != nil {
			return err
		}
	}
	return nil
}
