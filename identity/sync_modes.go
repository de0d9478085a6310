package identity

import (
	"context"
	"slices"
)

// matchesExactly refuses automatic mode to an organization whose directories do not have exactly its people (DIR-05): what runs by itself
// must have run once under somebody's eyes, and there must be nobody left of whom somebody has to decide what becomes of them.
func matchesExactly(ctx context.Context, r Reader, org OrgID) error {
	connectors, err := r.Connectors(ctx, org)
	if err != nil {
		return err
	}
	if len(connectors) == 0 {
		return Refuse(Conflict, RuleNoConnector, "the organization has no connector to a directory, so there is nothing that could run by itself").At("syncMode")
	}
	for _, n := range connectors {
		runs, err := r.Runs(ctx, org, n.ID, "", plansLookedAt)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(runs, func(run Run) bool { return run.ended() && !run.StartedAt.Before(n.UpdatedAt) }) {
			return Refuse(Conflict, RuleFullSyncRequired, "the connector %s, as it is now set up, has never synchronized; "+
				"automatic mode begins after a first full synchronization by hand", n.Name).At("syncMode")
		}
		plans, err := r.Plans(ctx, org, n.ID, "", plansLookedAt)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(plans, func(p Plan) bool { return p.Mismatched >= 0 && !p.CreatedAt.Before(n.UpdatedAt) })
		switch {
		case i < 0:
			return Refuse(Conflict, RuleDryRunRequired, "no plan of the connector %s tells whether its directory has exactly the organization's people; plan again", n.Name).At("syncMode")
		case plans[i].Mismatched > 0:
			return Refuse(Conflict, RuleMismatchesLeft, "the last plan of the connector %s has %d users whom no entry matches; automatic mode is possible when there are none",
				n.Name, plans[i].Mismatched).At("syncMode")
		}
	}
	return nil
}

// ended reports whether a run went through all of its steps.
func (r Run) ended() bool { return r.State == RunCompleted || r.State == RunErrors }
