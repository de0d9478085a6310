package directory

import (
	"context"

	"rollcall/identity"
)

// ApplyFirst applies the first steps of a plan and pauses, so that somebody can look at what became of a few before it happens to all.
// [Syncer.Apply] goes on; [Syncer.End] does not. Steps that belong together are not parted, so there can be a few more.
func (s *Syncer) ApplyFirst(ctx context.Context, org identity.OrgID, id identity.PlanID, by identity.Actor, steps int, progress Progress) (Report, error) {
	if steps < 1 {
		return Report{}, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%d steps are none; apply 1 or more first", steps).At("first")
	}
	return s.applyUntil(ctx, org, id, by, steps, progress)
}

// End leaves the rest of a paused run undone. What was applied stays; the next plan tells what is left to do.
func (s *Syncer) End(ctx context.Context, org identity.OrgID, id identity.PlanID, by identity.Actor) (report Report, err error) {
	err = s.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		tx := c.Tx()
		p, err := tx.Plan(ctx, org, id)
		if err != nil {
			return err
		}
		runs, err := tx.Runs(ctx, org, p.Connector, "", 100)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if run.Plan != id || run.State != identity.RunPaused {
				continue
			}
			run.State, run.FinishedAt, p.State = identity.RunEnded, c.Now(), identity.PlanApplied
			if err := tx.UpdateRun(ctx, run); err != nil {
				return err
			}
			if err := tx.UpdatePlan(ctx, p); err != nil {
				return err
			}
			if err := tx.DropPlanPhotos(ctx, org, id); err != nil {
				return err
			}
			report, err = reportOf(run)
			return err
		}
		return identity.Refuse(identity.Conflict, RuleRunNotPaused, "no run of this plan is paused; only such a run can be ended")
	})
	return report, err
}

// paused refuses to begin something else while a run waits for somebody who looks.
func paused(run identity.Run) error {
	return identity.Refuse(identity.Conflict, RuleRunPaused,
		"the run %s is paused after %d steps; go on with it (rollcall sync apply --org %s %s) or end it (rollcall sync end --org %s %s)",
		run.ID, run.NextStep, run.Org, run.Plan, run.Org, run.Plan)
}

// resume lets a paused run go on.
func resume(ctx context.Context, c *identity.Acts, run identity.Run) (identity.Run, error) {
	if err := switchedOn(c.Org()); err != nil {
		return identity.Run{}, err
	}
	run.State = identity.RunRunning
	if err := c.Tx().UpdateRun(ctx, run); err != nil {
		return identity.Run{}, err
	}
	run.Version++
	return run, nil
}

// pause ends the work for now.
func (a *application) pause(ctx context.Context) (report Report, err error) {
	err = a.transact(ctx, func(_ *identity.Acts, run *identity.Run, r *Report) error {
		run.State = identity.RunPaused
		report = *r
		report.State, report.Done = run.State, run.NextStep
		return nil
	})
	return report, err
}
