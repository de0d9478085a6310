package identity

import (
	"context"
	"slices"
	"strings"
)

// plansLookedAt is how many of a connector's plans are looked through for a dry run, and how many runs for one that is under way.
const plansLookedAt = 100

// DisableSync switches directory synchronization off: from then on the organization owns its people again. Its connectors stay, and so
// do the links to their entries and the dates on which users are deleted (USR-14). A run that has not finished ends where it
// is.
func (s *Service) DisableSync(ctx context.Context, by Actor, org OrgID) (Organization, error) {
	var o Organization
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		if err := c.endRuns(ctx); err != nil {
			return err
		}
		var err error
		o, err = c.changeOrganization(ctx, func(o Organization) Organization {
			o.SyncMode = SyncDisabled
			return o
		})
		return err
	})
	return o, err
}

// EnableSync gives the organization's people back to its directory, as if its connectors had just been registered (BEHAVIOUR 14.6). It
// is refused while a dry run is owed (CLM-03).
func (s *Service) EnableSync(ctx context.Context, by Actor, org OrgID) (Organization, error) {
	var o Organization
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		connectors, err := c.tx.Connectors(ctx, org)
		if err != nil {
			return err
		}
		if len(connectors) == 0 {
			return Refuse(Conflict, RuleNoConnector, "the organization has no connector to a directory, so there is nothing to switch on")
		}
		o, err = c.changeOrganization(ctx, func(o Organization) Organization {
			if o.SyncMode == SyncDisabled {
				o.SyncMode = SyncRegistered
			}
			return o
		})
		return err
	})
	return o, err
}

// DryRunsOwed lists the connectors of which a dry run is owed before the organization's synchronization can be switched on.
func (s *Service) DryRunsOwed(ctx context.Context, org OrgID) ([]Connector, error) {
	return dryRunsOwed(ctx, s.store, org)
}

// LastClaim finds the newest claim that an organization made, whatever became of it; false if there is none.
func LastClaim(ctx context.Context, r Reader, org OrgID) (Claim, bool, error) {
	claims, err := r.Claims(ctx, org, ClaimQuery{Limit: 1})
	if err != nil || len(claims) == 0 {
		return Claim{}, false, err
	}
	return claims[0], true, nil
}

// Knows reports whether the plan was made after a claim, so that it tells what becomes of the user (CLM-03).
func (p Plan) Knows(last Claim) bool { return p.CreatedAt.After(last.ClaimedAt) }

// dryRunOwed reports whether nobody could see yet what a connector, as it is set up now, would do to the user of a claim. A plan that was
// refused tells nothing, and neither does one that takes back a run.
func dryRunOwed(n Connector, plans []Plan, last Claim) bool {
	return !slices.ContainsFunc(plans, func(p Plan) bool {
		return p.State != PlanRefused && p.Undoes == "" && p.Knows(last) && !p.CreatedAt.Before(n.UpdatedAt)
	})
}

func dryRunsOwed(ctx context.Context, r Reader, org OrgID) ([]Connector, error) {
	last, claimed, err := LastClaim(ctx, r, org)
	if err != nil || !claimed {
		return nil, err
	}
	connectors, err := r.Connectors(ctx, org)
	if err != nil {
		return nil, err
	}
	var owed []Connector
	for _, n := range connectors {
		plans, err := r.Plans(ctx, org, n.ID, "", plansLookedAt)
		if err != nil {
			return nil, err
		}
		if dryRunOwed(n, plans, last) {
			owed = append(owed, n)
		}
	}
	return owed, nil
}

// maySynchronize holds what stands in the way of another source of the organization's people: a second source (SCM-15), and users who
// were claimed and of whom nobody has looked what the directory would do to them (CLM-03).
func (c *Acts) maySynchronize(ctx context.Context, after Organization) error {
	if after.SyncMode == SyncAuto && c.org.SyncMode != SyncAuto {
		if err := matchesExactly(ctx, c.tx, c.org.ID); err != nil {
			return err
		}
	}
	if after.ManagedByDirectory() && !c.org.ManagedByDirectory() {
		if after.ProviderAuthoritative {
			return authoritativeProvider().At("syncMode")
		}
		owed, err := dryRunsOwed(ctx, c.tx, c.org.ID)
		if err != nil || len(owed) == 0 {
			return err
		}
		names := make([]string, len(owed))
		for i, n := range owed {
			names[i] = n.Name
		}
		return Refuse(Conflict, RuleDryRunRequired, "users were claimed, and nobody has looked since then what the directory would do to them: "+
			"a plan is owed of the connector %s", strings.Join(names, ", ")).At("syncMode")
	}
	if after.ProviderAuthoritative && !c.org.ProviderAuthoritative {
		connectors, err := c.tx.Connectors(ctx, c.org.ID)
		if err != nil || len(connectors) == 0 {
			return err
		}
		return Refuse(Conflict, RuleSyncSourceConflict, "the organization has the connector %s to a directory, and its people can come from one source only: "+
			"remove the connector before its identity provider is made the authority", connectors[0].Name).At("providerAuthoritative")
	}
	return nil
}

// authoritativeProvider refuses a directory beside an identity provider that is the authority (SCM-15).
func authoritativeProvider() *Error {
	return Refuse(Conflict, RuleSyncSourceConflict, "the organization's identity provider is the authority about its people, and they can come from one source only: "+
		"take that from the provider before a directory is synchronized")
}

// endRuns ends the run that is under way: what it has done stays, and what it has not done is left to a later plan.
func (c *Acts) endRuns(ctx context.Context) error {
	runs, err := c.tx.Runs(ctx, c.org.ID, "", "", plansLookedAt)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.State != RunRunning && run.State != RunPaused {
			continue
		}
		plan, err := c.tx.Plan(ctx, c.org.ID, run.Plan)
		if err != nil {
			return err
		}
		plan.State = PlanApplied
		if err := c.tx.UpdatePlan(ctx, plan); err != nil {
			return err
		}
		run.State, run.FinishedAt = RunFailed, c.now
		if err := c.tx.UpdateRun(ctx, run); err != nil {
			return err
		}
	}
	return nil
}
