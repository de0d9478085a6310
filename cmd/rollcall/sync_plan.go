package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"rollcall/directory"
	"rollcall/identity"
)

type syncPlanCmd struct {
	storeFlag
	orgFlag
	connectorFlag
	incrementalFlag
	accessFlags
	Purge []string `placeholder:"E-MAIL|ID|all" help:"Also delete this user for good, who is gone from the directory, before the 7 days are over; all: everybody who is gone. May be repeated."`
}

// purging finds the users who are to be deleted.
func (s *session) purging(org identity.OrgID, names []string) (directory.Purging, error) {
	if slices.Contains(names, "all") {
		if len(names) > 1 {
			return directory.Purging{}, errors.New("--purge all is everybody; name nobody beside it")
		}
		return directory.Purging{All: true}, nil
	}
	var p directory.Purging
	for _, name := range names {
		a, err := s.account(org, name)
		if err != nil {
			return p, err
		}
		p.Users = append(p.Users, a.ID)
	}
	return p, nil
}

// incrementalFlag says how much is read.
type incrementalFlag struct {
	Incremental bool `help:"Read what changed since the last run, instead of everything. Needs a full run first, and another one after the connector's settings changed."`
}

// sayFull says what to do when changes alone are not enough.
func (s *session) sayFull(err error, o identity.Organization, n identity.Connector) error {
	if identity.RuleOf(err) != directory.RuleFullSyncRequired {
		return err
	}
	status := complain(s.stderr, err)
	s.say("Next: rollcall sync run --org %s --connector %s", o.ID, n.ID)
	return exit(status)
}

// Help names the exit statuses.
func (syncPlanCmd) Help() string {
	return "Exit status: 0 nothing to do, 2 changes, 3 a guard refuses or holds the plan, 1 error."
}

// Run plans. The plan is stored, so that it can be applied as it was shown.
func (c *syncPlanCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		purge, err := s.purging(o.ID, c.Purge)
		if err != nil {
			return err
		}
		syncer, err := s.reader(c.accessFlags)
		if err != nil {
			return err
		}
		var stored identity.Plan
		var plan directory.Plan
		err = s.watched(func(p directory.Progress) error {
			kind := directory.ReadFull
			if c.Incremental {
				kind = directory.ReadChanges
			}
			var err error
			stored, plan, err = syncer.PlanPurging(s.ctx, o.ID, n.ID, s.by, kind, purge, p)
			return err
		})
		if err != nil {
			return s.sayFull(err, o, n)
		}
		if err := s.showPlan(stored, plan); err != nil {
			return err
		}
		return s.next(o, stored, plan)
	})
}

// next says what to do about a plan, and with which exit status.
func (s *session) next(o identity.Organization, stored identity.Plan, plan directory.Plan) error {
	apply := fmt.Sprintf("rollcall sync apply --org %s %s", o.ID, stored.ID)
	switch {
	case stored.State == identity.PlanRefused:
		s.say("The plan %s is refused; see above for what to check, then plan again.", stored.ID)
		return exitGuard
	case stored.State == identity.PlanHeld:
		s.say("The plan %s is held. If it is right: %s --approve --by NAME", stored.ID, apply)
		return exitGuard
	case plan.Empty() && stored.Undoes != "":
		s.say("Nothing can be taken back. (Plan %s)", stored.ID)
		return nil
	case plan.Empty():
		s.say("Nothing to do. (Plan %s)", stored.ID)
		s.sayOff(o)
		return nil
	case !o.ManagedByDirectory():
		s.say("To do exactly this after synchronization is switched on: %s", apply)
		s.sayOff(o)
		return exitChanges
	}
	s.say("To do exactly this: %s", apply)
	return exitChanges
}

// sayOff says how to go on where synchronization is off.
func (s *session) sayOff(o identity.Organization) {
	if !o.ManagedByDirectory() {
		s.say("Synchronization is off. To switch it on: rollcall sync enable --org %s", o.ID)
	}
}

func (s *session) showPlan(stored identity.Plan, plan directory.Plan) error {
	shown := struct {
		identity.Plan
		Body *directory.Plan `json:"body,omitempty"`
	}{Plan: stored}
	if !stored.Dropped() {
		shown.Body = &plan
	}
	return s.show(shown, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "Plan %s of %s: %s\n", stored.ID, printable(plan.ConnectorName), stored.State); err != nil {
			return err
		}
		return plan.Print(w)
	})
}
