package directory

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"time"

	"rollcall/identity"
)

// How many steps are applied at a time, which is what is lost, and done again, after a crash: so many to begin with, and twice as many with
// every transaction that went well, because many steps write the same pages of the database.
const (
	stepsPerTransaction    = 400
	maxStepsPerTransaction = 1600
)

var (
	// errRunMoved says that another process went on with the run meanwhile.
	errRunMoved = errors.New("directory: the run was continued elsewhere")
	// errRunEnded says that another process finished it.
	errRunEnded = errors.New("directory: the run was finished elsewhere")
)

// Apply applies a stored plan, exactly as it was shown. A run that was cut short, even by the end of the process, goes on where it
// stopped: call Apply with the same plan again. The run remembers its next step in the transaction that applies the steps
// before it, so no step is applied twice, not even by two processes at once.
//
// Steps that are refused, or whose account changed since the plan was made, are reported and do not keep the others waiting.
func (s *Syncer) Apply(ctx context.Context, org identity.OrgID, id identity.PlanID, by identity.Actor, progress Progress) (Report, error) {
	return s.applyUntil(ctx, org, id, by, math.MaxInt, progress)
}

// applyUntil goes on to a step, and pauses there.
func (s *Syncer) applyUntil(ctx context.Context, org identity.OrgID, id identity.PlanID, by identity.Actor, until int, progress Progress) (Report, error) {
	a, err := s.begin(ctx, org, id, by)
	if err != nil {
		return Report{}, err
	}
	a.until = min(until, a.stored.Count)
	a.stored.prepare = a.prepare
	for done := 0; done < a.until; {
		report, err := a.next(ctx)
		if errors.Is(err, errRunEnded) {
			return a.outcome(ctx)
		}
		if err != nil {
			return Report{}, err
		}
		done = report.Done
		progress.tell("applying", done, a.stored.Count)
	}
	if a.until < a.stored.Count {
		return a.pause(ctx)
	}
	return a.finish(ctx)
}

// application is a run under way.
type application struct {
	service   *identity.Service
	connector identity.Connector
	plan      identity.Plan
	stored    *storedPlan
	until     int // steps to go through now
	size      int // about how many steps the next transaction has
	run       identity.RunID
	startedBy identity.Actor
	// made are the accounts of the entries that the run has given one, and of managers' entries that it has asked for: many people have the
	// same manager. now are those of the present transaction.
	made, now map[identity.ObjectID]identity.AccountID
}

// begin finds the plan's unfinished run or starts one.
func (s *Syncer) begin(ctx context.Context, org identity.OrgID, id identity.PlanID, by identity.Actor) (*application, error) {
	a := &application{service: s.service, size: stepsPerTransaction, made: map[identity.ObjectID]identity.AccountID{}}
	err := s.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		tx := c.Tx()
		var err error
		if a.plan, err = tx.Plan(ctx, org, id); err != nil {
			return err
		}
		if a.connector, err = tx.Connector(ctx, org, a.plan.Connector); err != nil {
			return err
		}
		if a.plan.Dropped() {
			return identity.Refuse(identity.Conflict, RulePlanDropped, "the steps of this plan are not kept any more; plan again")
		}
		if hashOf(a.plan.Body) != a.plan.Hash {
			return identity.Refuse(identity.Conflict, RulePlanDamaged, "the stored plan is not the one that was shown: its checksum differs; plan again")
		}
		if a.stored, err = openStored(a.plan); err != nil {
			return err
		}
		a.plan.Body = nil // the steps are read from the stored plan
		run, err := s.runFor(ctx, c, a.plan, a.connector, by, a.stored.Count)
		a.run, a.startedBy = run.ID, run.Actor
		return err
	})
	return a, err
}

func (s *Syncer) runFor(ctx context.Context, c *identity.Acts, p identity.Plan, n identity.Connector, by identity.Actor, steps int) (identity.Run, error) {
	tx := c.Tx()
	runs, err := tx.Runs(ctx, p.Org, "", "", 100)
	if err != nil {
		return identity.Run{}, err
	}
	for _, run := range runs {
		switch {
		case run.State == identity.RunRunning && run.Plan == p.ID:
			return run, nil
		case run.State == identity.RunPaused && run.Plan == p.ID:
			return resume(ctx, c, run)
		case run.State == identity.RunPaused:
			return identity.Run{}, paused(run)
		case run.State == identity.RunRunning:
			return identity.Run{}, unfinished(run)
		}
	}
	if err := applicable(p, n, c.Org(), runs); err != nil {
		return identity.Run{}, err
	}
	if err := knowsLastClaim(ctx, tx, p); err != nil {
		return identity.Run{}, err
	}
	run := identity.Run{ID: identity.RunID(s.service.NewID()), Org: p.Org, Connector: p.Connector, Plan: p.ID,
		State: identity.RunRunning, Actor: by, StartedAt: c.Now(), Version: 1}
	if run.Report, err = json.Marshal(Report{Total: steps, Applied: map[Op]int{}, ApprovedBy: p.ApprovedBy}); err != nil {
		return identity.Run{}, err
	}
	if p.Undoes != "" {
		// Whatever comes of it, the accounts are not what the last reading left, and only a reading of everything tells how they differ.
		n.Cursor = nil
		if err := tx.UpdateConnector(ctx, n); err != nil {
			return identity.Run{}, err
		}
	}
	p.State = identity.PlanApplying
	if err := tx.UpdatePlan(ctx, p); err != nil {
		return identity.Run{}, err
	}
	return run, tx.InsertRun(ctx, run)
}

// unfinished refuses to begin something else while a run is under way, or was cut short.
func unfinished(run identity.Run) error {
	return identity.Refuse(identity.Conflict, RuleRunUnfinished, "the run %s of the plan %s has not finished; apply that plan again to finish it", run.ID, run.Plan)
}

// applicable refuses plans that must not be applied, or not any more.
func applicable(p identity.Plan, n identity.Connector, o identity.Organization, runs []identity.Run) error {
	switch p.State {
	case identity.PlanReady, identity.PlanApproved:
	case identity.PlanHeld:
		return identity.Refuse(identity.Conflict, RulePlanHeld, "the loss guard holds this plan; an administrator must approve it first")
	case identity.PlanRefused:
		return identity.Refuse(identity.Conflict, RulePlanRefused, "the directory's answer was not good enough to act on; see the plan for the reason, then plan again")
	default:
		return identity.Refuse(identity.Conflict, RulePlanApplied, "this plan has been applied; plan again to see what differs now")
	}
	if err := switchedOn(o); err != nil {
		return err
	}
	if p.CreatedAt.Before(n.UpdatedAt) {
		return identity.Refuse(identity.Conflict, RulePlanStale, "the settings of the connector changed after this plan was made; plan again")
	}
	for _, run := range runs {
		if run.Connector == p.Connector && run.StartedAt.After(p.CreatedAt) {
			return identity.Refuse(identity.Conflict, RulePlanStale, "another plan of this connector was applied after this one was made; plan again")
		}
	}
	return nil
}

// switchedOn refuses to change people while synchronization is off or paused. A plan can be made all the same: it changes nobody.
func switchedOn(o identity.Organization) error {
	switch o.SyncMode {
	case identity.SyncPaused:
		return identity.Refuse(identity.Conflict, RuleSyncPaused, "synchronization is paused for this organization; resume it first (rollcall org set ORG --sync-mode manual)")
	case identity.SyncDisabled:
		return identity.Refuse(identity.Conflict, RuleSyncOff, "synchronization is off for this organization; switch it on first (rollcall sync enable --org ORG)")
	}
	return nil
}

// knowsLastClaim refuses a plan that was made before the organization last claimed somebody, because nobody could read in it what becomes
// of them (CLM-03).
func knowsLastClaim(ctx context.Context, read identity.Reader, p identity.Plan) error {
	last, claimed, err := identity.LastClaim(ctx, read, p.Org)
	if err != nil || !claimed || p.Knows(last) {
		return err
	}
	return identity.Refuse(identity.Conflict, identity.RuleDryRunRequired,
		"users were claimed after this plan was made, so it does not tell what becomes of them; plan again and read it")
}

// next applies the next steps: many in one transaction, or, if the store refuses one of them, one after another.
func (a *application) next(ctx context.Context) (Report, error) {
	for {
		size := a.size
		report, first, err := a.batch(ctx, size)
		switch {
		case err == nil:
			a.size = min(2*size, maxStepsPerTransaction)
			return report, nil
		case errors.Is(err, errRunMoved):
			continue
		case ctx.Err() != nil:
			return Report{}, ctx.Err()
		case !refusal(err):
			return Report{}, err
		}
		a.size = stepsPerTransaction
		return a.oneByOne(ctx, min(first+size, a.until))
	}
}

func (a *application) oneByOne(ctx context.Context, until int) (Report, error) {
	for {
		report, at, err := a.batch(ctx, 1)
		if err != nil && ctx.Err() == nil && refusal(err) {
			report, err = a.giveUp(ctx, at, err)
		}
		switch {
		case errors.Is(err, errRunMoved):
			continue
		case err != nil && ctx.Err() != nil:
			return Report{}, ctx.Err()
		case err != nil || report.Done >= until:
			return report, err
		}
	}
}

// batch applies about n of the next steps in one transaction, fewer if there is more in them than one person. Steps that belong together are never parted.
func (a *application) batch(ctx context.Context, n int) (report Report, first int, err error) {
	err = a.transact(ctx, func(c *identity.Acts, run *identity.Run, r *Report) error {
		first = run.NextStep
		for work := 0; work < n && run.NextStep < a.until; {
			unit, err := a.stored.unit(run.NextStep)
			if err != nil {
				return err
			}
			for _, step := range unit {
				work += step.weight()
			}
			if err := a.applyUnit(ctx, c, unit, r, run.NextStep); err != nil {
				if len(unit) > 1 || !refusal(err) {
					return err // an exchange that is half done must not stay
				}
				r.fail(run.NextStep, unit[0], err)
			}
			run.NextStep += len(unit)
		}
		report = *r
		report.Done = run.NextStep
		return nil
	})
	return report, first, err
}

// giveUp records that the unit at a step failed and goes on after it.
func (a *application) giveUp(ctx context.Context, at int, why error) (report Report, err error) {
	err = a.transact(ctx, func(_ *identity.Acts, run *identity.Run, r *Report) error {
		if run.NextStep != at {
			return errRunMoved
		}
		unit, err := a.stored.unit(at)
		if err != nil {
			return err
		}
		for i, step := range unit {
			r.fail(at+i, step, why)
		}
		run.NextStep += len(unit)
		report = *r
		report.Done = run.NextStep
		return nil
	})
	return report, err
}

// transact runs fn in a transaction that also stores the run. fn sees the run as it is in the transaction; once the run has ended,
// fn is not called.
func (a *application) transact(ctx context.Context, fn func(*identity.Acts, *identity.Run, *Report) error) error {
	err := a.service.Transact(ctx, a.plan.Org, actorOf(a.connector), func(c *identity.Acts) error {
		a.now = map[identity.ObjectID]identity.AccountID{} // what an earlier attempt made may be undone
		run, err := c.Tx().Run(ctx, a.plan.Org, a.run)
		if err != nil {
			return err
		}
		if run.State != identity.RunRunning {
			return errRunEnded
		}
		report, err := reportOf(run)
		if err != nil {
			return err
		}
		if err := fn(c, &run, &report); err != nil {
			return err
		}
		if run.Report, err = json.Marshal(report); err != nil {
			return err
		}
		if err := c.Tx().UpdateRun(ctx, run); err != nil {
			if identity.KindOf(err) == identity.Stale {
				return errRunMoved
			}
			return err
		}
		return nil
	})
	if err == nil {
		maps.Copy(a.made, a.now)
	}
	return err
}

// finish closes the run and tells of it, once (DIR-14). The organization's first run that got so far makes synchronization operational (DIR-01).
func (a *application) finish(ctx context.Context) (Report, error) {
	_, err := a.service.ChangeOrganization(ctx, actorOf(a.connector), a.plan.Org, func(o identity.Organization) identity.Organization {
		if o.SyncMode == identity.SyncRegistered {
			o.SyncMode = identity.SyncManual
		}
		return o
	})
	if err != nil {
		return Report{}, err
	}
	var report Report
	err = a.transact(ctx, func(c *identity.Acts, run *identity.Run, r *Report) error {
		run.State, run.FinishedAt = r.finalState(), c.Now()
		r.State, r.Done = run.State, run.NextStep
		report = *r
		tx := c.Tx()
		plan, err := tx.Plan(ctx, a.plan.Org, a.plan.ID)
		if err != nil {
			return err
		}
		plan.State = identity.PlanApplied
		if err := tx.UpdatePlan(ctx, plan); err != nil {
			return err
		}
		if err := tx.DropPlanPhotos(ctx, plan.Org, plan.ID); err != nil {
			return err
		}
		connector, err := tx.Connector(ctx, a.plan.Org, a.plan.Connector)
		if err != nil {
			return err
		}
		if a.stored.Reading.kind() != ReadUndo {
			if err := a.reschedule(ctx, tx, report, c.Now()); err != nil {
				return err
			}
		}
		if tellsOfRun(a.stored.Reading, a.stored.NoLosses, report) {
			if err := tellOfRun(ctx, c, connector, a.stored.Reading, a.stored.Figures, report); err != nil {
				return err
			}
		}
		if !a.stored.Reading.Complete {
			return nil
		}
		if a.stored.Reading.kind() == ReadFull {
			connector.LastGoodCount, connector.LastGoodAt, connector.LastGoodServer = a.stored.Reading.Count, a.stored.Reading.ReadAt, a.stored.Reading.Server
		}
		if connector.Cursor, err = a.cursorAfter(connector, report); err != nil {
			return err
		}
		return tx.UpdateConnector(ctx, connector)
	})
	if errors.Is(err, errRunMoved) || errors.Is(err, errRunEnded) {
		return a.outcome(ctx)
	}
	return report, err
}

// reschedule notes the run's end in the connector's schedule.
func (a *application) reschedule(ctx context.Context, tx identity.Tx, report Report, now time.Time) error {
	s, err := tx.Schedule(ctx, a.plan.Org, a.plan.Connector)
	if err != nil {
		return err
	}
	return tx.UpdateSchedule(ctx, succeeded(s, a.stored.Reading, report.Run, now))
}

// cursorAfter is what the connector knows of its directory once the run is through.
func (a *application) cursorAfter(n identity.Connector, r Report) (json.RawMessage, error) {
	b := bookmark{Cursor: a.stored.Reading.Cursor, Settings: n.UpdatedAt}
	b.leave(a.stored.Unsettled, a.stored.Reading, r)
	return b.encode()
}

// outcome reads what another process made of the run.
func (a *application) outcome(ctx context.Context) (Report, error) {
	run, err := a.service.Reader().Run(ctx, a.plan.Org, a.run)
	if err != nil {
		return Report{}, err
	}
	return reportOf(run)
}
