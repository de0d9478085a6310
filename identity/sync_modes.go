package identity

import (
	"bytes"
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
		runs, err := r.Runs(ctx, org, n.ID, plansLookedAt)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(runs, func(run Run) bool { return run.ended() && !run.StartedAt.Before(n.UpdatedAt) }) {
			return Refuse(Conflict, RuleFullSyncRequired, "the connector %s, as it is now set up, has never synchronized; "+
				"automatic mode begins after a first full synchronization by hand", n.Name).At("syncMode")
		}
		plans, err := r.Plans(ctx, org, n.ID, plansLookedAt)
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

// ChangeConnector changes a connector's settings. Plans made before are not applied any more, and until somebody has seen what the
// connector would do now, nothing runs (DIR-03, 14.6): the organization's synchronization is as if the connector had just been
// registered. Only the name and the settings are edit's to change; a name alone changes nothing else.
func (s *Service) ChangeConnector(ctx context.Context, by Actor, org OrgID, id ConnectorID, edit func(Connector) Connector) (Connector, error) {
	var changed Connector
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		before, err := c.tx.Connector(ctx, org, id)
		if err != nil {
			return err
		}
		changed = before
		wish := edit(before)
		changed.Name, changed.Settings = wish.Name, wish.Settings
		settled := bytes.Equal(changed.Settings, before.Settings)
		if settled && changed.Name == before.Name {
			return nil
		}
		if err := validName("name", changed.Name); err != nil {
			return err
		}
		if !settled {
			changed.UpdatedAt = c.now
		}
		if err := c.tx.UpdateConnector(ctx, changed); err != nil {
			return err
		}
		changed.Version++
		if err := c.tell(ctx, ConnectorChanged, map[string]any{"connector": id, "name": changed.Name, "before": before.Settings, "after": changed.Settings}); err != nil || settled {
			return err
		}
		_, err = c.changeOrganization(ctx, func(o Organization) Organization {
			if o.ManagedByDirectory() {
				o.SyncMode = SyncRegistered
			}
			return o
		})
		return err
	})
	return changed, err
}
