package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rollcall/identity"
)

// Show returns a stored plan; without its steps if they are not kept any more.
func (s *Syncer) Show(ctx context.Context, org identity.OrgID, id identity.PlanID) (identity.Plan, Plan, error) {
	stored, err := s.service.Reader().Plan(ctx, org, id)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	if stored.Dropped() {
		plan, err := s.outlineOf(ctx, stored)
		return stored, plan, err
	}
	body, err := openStored(stored)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	plan, err := body.whole()
	return stored, plan, err
}

// outlineOf is what is left of a plan whose steps are not kept any more.
func (s *Syncer) outlineOf(ctx context.Context, p identity.Plan) (Plan, error) {
	n, err := s.service.Reader().Connector(ctx, p.Org, p.Connector)
	if err != nil {
		return Plan{}, err
	}
	var left Summary
	if err := json.Unmarshal(p.Summary, &left); err != nil {
		return Plan{}, fmt.Errorf("directory: decode summary of plan %s: %w", p.ID, err)
	}
	return Plan{Connector: n.ID, ConnectorName: n.Name, Reading: left.Reading, Figures: left.Figures, Guard: left.Guard, Refused: left.Refused,
		NoLosses: left.NoLosses, Steps: []Step{}, DroppedAt: p.DroppedAt}, nil
}

// History returns the runs of an organization, the newest first, at most limit; of one connector unless it is empty.
func (s *Syncer) History(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, limit int) ([]identity.Run, error) {
	return s.service.Reader().Runs(ctx, org, connector, "", limit)
}

// past reads what the connector's runs did as far back as any budget reaches.
func (s *Syncer) past(ctx context.Context, n identity.Connector, now time.Time) ([]Past, error) {
	since := now.Add(-longestWindow)
	for limit := 100; ; limit *= 4 {
		runs, err := s.service.Reader().Runs(ctx, n.Org, n.ID, "", limit)
		if err != nil {
			return nil, err
		}
		if len(runs) == limit && runs[limit-1].StartedAt.After(since) {
			continue // there are more
		}
		var past []Past
		for _, run := range runs {
			report, err := reportOf(run)
			if err != nil {
				return nil, err
			}
			if p := pastOf(run, report, now); p.At.After(since) && len(p.Spent) > 0 {
				past = append(past, p)
			}
		}
		return past, nil
	}
}

// Approve lets a plan be applied that the loss guard holds. It is for this plan only, and it is recorded who did it.
func (s *Syncer) Approve(ctx context.Context, org identity.OrgID, id identity.PlanID, by identity.Actor) (identity.Plan, error) {
	name := by.Name
	if name == "" {
		name = by.ID
	}
	if name == "" || by.Kind == identity.ConnectorRun || by.Kind == identity.System {
		return identity.Plan{}, identity.Refuse(identity.Forbidden, RuleApproverNeeded, "a held plan is approved by a person, by name")
	}
	var plan identity.Plan
	err := s.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		tx := c.Tx()
		var err error
		if plan, err = tx.Plan(ctx, org, id); err != nil {
			return err
		}
		if plan.State != identity.PlanHeld {
			return identity.Refuse(identity.Conflict, RulePlanNotHeld, "this plan is %s; only a held plan is approved", plan.State)
		}
		connector, err := tx.Connector(ctx, org, plan.Connector)
		if err != nil {
			return err
		}
		if plan.CreatedAt.Before(connector.UpdatedAt) {
			return identity.Refuse(identity.Conflict, RulePlanStale, "the settings of the connector changed after this plan was made; plan again")
		}
		plan.State, plan.ApprovedBy = identity.PlanApproved, name
		if err := tx.UpdatePlan(ctx, plan); err != nil {
			return err
		}
		return c.Tell(ctx, identity.EventPlanApproved, map[string]any{"plan": plan.ID, "hash": plan.Hash, "summary": plan.Summary})
	})
	if err == nil {
		plan.Version++
	}
	return plan, err
}

// Run plans and applies in one go, unless the plan is held or refused: then it returns the plan, and a report without a run. It
// wants a plan of the connector as it is now set up to have been shown before (DIR-03), and finishes a run that was cut short.
func (s *Syncer) Run(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) (identity.Plan, Plan, Report, error) {
	if err := s.mayRun(ctx, org, connector, by, progress); err != nil {
		return identity.Plan{}, Plan{}, Report{}, err
	}
	return s.runOf(ctx, org, connector, by, ReadFull, progress)
}

// RunIncremental is [Syncer.Run] of what changed since the last run that was applied to its end, see [Syncer.PlanChanges].
func (s *Syncer) RunIncremental(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) (identity.Plan, Plan, Report, error) {
	if err := s.mayRun(ctx, org, connector, by, progress); err != nil {
		return identity.Plan{}, Plan{}, Report{}, err
	}
	return s.runOf(ctx, org, connector, by, ReadChanges, progress)
}

func (s *Syncer) runOf(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, kind ReadingKind, progress Progress) (identity.Plan, Plan, Report, error) {
	stored, plan, err := s.plan(ctx, org, connector, by, asked{kind: kind, toApply: true}, progress)
	if err != nil || stored.State != identity.PlanReady {
		return stored, plan, Report{}, err
	}
	report, err := s.Apply(ctx, org, stored.ID, by, progress)
	return stored, plan, report, err
}

func (s *Syncer) mayRun(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) error {
	read := s.service.Reader()
	c, err := read.Connector(ctx, org, connector)
	if err != nil {
		return err
	}
	o, err := read.Organization(ctx, org)
	if err != nil {
		return err
	}
	if err := switchedOn(o); err != nil {
		return err
	}
	runs, err := read.Runs(ctx, org, connector, "", 100)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.State == identity.RunPaused {
			return paused(run)
		}
		if run.State == identity.RunRunning {
			if _, err := s.Apply(ctx, org, run.Plan, by, progress); err != nil {
				return err
			}
		}
	}
	plans, err := read.Plans(ctx, org, connector, "", plansLookedAt)
	if err != nil {
		return err
	}
	last, err := lastSeen(plans)
	if err != nil {
		return err
	}
	if last == nil || last.CreatedAt.Before(c.UpdatedAt) {
		return identity.Refuse(identity.Conflict, identity.RuleDryRunRequired,
			"nobody has seen yet what this connector, as it is now set up, would do; make a plan first and read it")
	}
	return knowsLastClaim(ctx, read, *last)
}

// plansLookedAt is how many plans are looked at, to find one that tells of the directory.
const plansLookedAt = 100

// lastSeen is the newest plan of what a synchronization would do; nil if there is none. It refuses if a run was undone after that.
func lastSeen(plans []identity.Plan) (*identity.Plan, error) {
	for i, p := range plans {
		switch {
		case p.Undoes == "":
			return &plans[i], nil
		case p.State == identity.PlanApplying || p.State == identity.PlanApplied:
			return nil, identity.Refuse(identity.Conflict, identity.RuleDryRunRequired, "the run %s was undone, and nobody has seen since then what a synchronization "+
				"would do; it may do the same again, so make a plan first and read it", p.Undoes)
		}
	}
	return nil, nil
}
