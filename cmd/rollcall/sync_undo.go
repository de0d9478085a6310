package main

import (
	"rollcall/directory"
	"rollcall/identity"
)

type syncUndoCmd struct {
	storeFlag
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
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		var stored identity.Plan
		var plan directory.Plan
		err = s.watched(func(p directory.Progress) error {
			var err error
			stored, plan, err = s.syncer().Undo(s.ctx, o.ID, identity.RunID(c.ID), s.by, p)
			return err
		})
		if err != nil {
			return err
		}
		if err := s.showPlan(stored, plan); err != nil {
			return err
		}
		return s.next(o, stored, plan)
	})
}
