package main

import (
	"rollcall/directory"
	"rollcall/identity"
)

type syncUndoCmd struct {
	apiFlags
	orgFlag
	ID string `arg:"" placeholder:"RUN" help:"The run's id; see rollcall sync history."`
}

// Help says what it is for, and what it is not.
func (syncUndoCmd) Help() string {
	return "For a run that a wrong mapping, base or filter, or a mistake in the directory, led to something nobody wanted. The plan is shown and stored like any other, and " +
		"sync apply applies it. It does not change the directory: set right what was wrong first, or the next synchronization does the same again. " +
		"Exit status: 0 nothing can be taken back, 2 changes, 3 a guard holds the plan, 1 error."
}

// Run plans to take back the run.
func (c *syncUndoCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		stored, plan, err := o.planned(accessFlags{}, o.at("runs", c.ID, "undo"), nil, func(s *directory.Syncer, p directory.Progress) (identity.Plan, directory.Plan, error) {
			return s.Undo(a.ctx, identity.OrgID(o.id), identity.RunID(c.ID), o.local.by, p)
		})
		if err != nil {
			return err
		}
		if err := a.showPlan(stored, plan); err != nil {
			return err
		}
		return o.next(stored, plan)
	})
}
