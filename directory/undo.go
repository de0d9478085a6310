package directory

import (
	"context"
	"slices"
	"time"

	"rollcall/identity"
)

// Undone is the run that a plan takes back.
type Undone struct {
	Run  identity.RunID  `json:"run"`
	Plan identity.PlanID `json:"plan"`
	At   time.Time       `json:"at"` // when the run ended
	// Caution says what becomes of the undoing at the next synchronization.
	Caution string `json:"caution"`
}

// Undoable reports whether a run of the plan can be taken back: its steps are still kept, and it is not itself the undoing of a run.
func (p Plan) Undoable() bool { return p.DroppedAt.IsZero() && p.Reading.Undoes == nil && !p.Empty() }

// Undo plans to take back what a run did, where that is still possible, and stores the plan; like any other it changes nobody before it is
// applied, and the loss guard and the budgets hold it if it would lose too many. The directory is not asked: that is what one undoes a run
// for, a directory, a mapping or a filter that said something wrong.
func (s *Syncer) Undo(ctx context.Context, org identity.OrgID, id identity.RunID, by identity.Actor, progress Progress) (identity.Plan, Plan, error) {
	run, plan, err := s.undoable(ctx, org, id)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	in, last, err := s.begun(ctx, org, run.Connector)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	report, err := reportOf(run)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	if err := s.loadSurroundings(ctx, &in); err != nil {
		return identity.Plan{}, Plan{}, err
	}
	in.Changed = map[identity.ObjectID]bool{} // nothing was read, so whoever is not loaded is as they were
	u := undoing{Input: in, run: run, plan: plan, report: report, holders: map[need]identity.AccountID{}, byAccount: map[identity.AccountID]*reversal{}}
	if err := s.loadUndone(ctx, &u, progress); err != nil {
		return identity.Plan{}, Plan{}, err
	}
	u.look()
	for _, n := range u.wanted() {
		if u.holders[n], err = s.holder(ctx, org, n); err != nil {
			return identity.Plan{}, Plan{}, err
		}
	}
	if err := s.undoGroups(ctx, &u); err != nil {
		return identity.Plan{}, Plan{}, err
	}
	undo := u.computed()
	var steps encoder
	for _, step := range undo.Steps {
		steps.put(step)
	}
	stored, err := s.storePlan(ctx, in, undo, &steps, last, by, false)
	return stored, undo, err
}

// undoable returns a run that can be taken back, with the plan that it applied.
func (s *Syncer) undoable(ctx context.Context, org identity.OrgID, id identity.RunID) (identity.Run, Plan, error) {
	run, err := s.service.Reader().Run(ctx, org, id)
	if err != nil {
		return run, Plan{}, err
	}
	switch run.State {
	case identity.RunPaused:
		return run, Plan{}, paused(run)
	case identity.RunRunning:
		return run, Plan{}, unfinished(run)
	}
	stored, plan, err := s.Show(ctx, org, run.Plan)
	if err == nil && stored.Dropped() {
		err = identity.Refuse(identity.Conflict, RulePlanDropped, "the run %s was %s, and what a run did can be taken back for %d days; its steps are not kept any more. "+
			"Correct what was wrong and synchronize", id, at(run.StartedAt), identity.AppliedPlanDays)
	}
	if err == nil && stored.Undoes != "" {
		err = identity.Refuse(identity.Conflict, RuleRunUndoes, "the run %s is itself the undoing of the run %s; to do again what that one did, "+
			"synchronize (rollcall sync plan --org %s --connector %s)", id, stored.Undoes, org, run.Connector)
	}
	return run, plan, err
}

// loadUndone loads the accounts that the steps of the run are about, as they are now.
func (s *Syncer) loadUndone(ctx context.Context, u *undoing, progress Progress) error {
	read, org := s.service.Reader(), u.Org.ID
	var made []identity.ObjectID
	var known []identity.AccountID
	for _, step := range u.plan.Steps {
		switch {
		case !step.Op.Acts():
		case step.Account == "" && step.Op == OpCreate:
			made = append(made, step.Object)
		case step.Account != "":
			known = append(known, step.Account)
		}
	}
	for part := range slices.Chunk(known, accountsPerPage) {
		progress.tell("looking at what the run changed", u.Accounts.Len(), len(known)+len(made))
		there, err := read.AccountsAmong(ctx, org, part)
		if err != nil {
			return err
		}
		u.Accounts.Add(there...)
	}
	for part := range slices.Chunk(made, accountsPerPage) {
		progress.tell("looking at what the run changed", u.Accounts.Len(), len(known)+len(made))
		linked, err := read.LinkedAccounts(ctx, org, u.Connector.ID, part)
		if err != nil {
			return err
		}
		u.Accounts.Add(linked...)
	}
	population, err := s.population(ctx, u.Connector)
	u.Population = population
	return err
}

// holder is who in the organization has an address or a userName; somebody elsewhere has no id here.
func (s *Syncer) holder(ctx context.Context, org identity.OrgID, n need) (identity.AccountID, error) {
	read := s.service.Reader()
	if n.email != "" {
		hold, err := read.Hold(ctx, n.email)
		switch {
		case identity.IsNotFound(err):
			return "", nil
		case err == nil && hold.Org != org:
			return elsewhere, nil
		}
		return hold.Account, err
	}
	a, err := read.AccountByUserName(ctx, org, n.user)
	if identity.IsNotFound(err) {
		return "", nil
	}
	return a.ID, err
}

// elsewhere stands for an account of another organization, about which nothing is said (EML-13).
const elsewhere identity.AccountID = "elsewhere"
