package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

type syncPlanCmd struct {
	apiFlags
	orgFlag
	connectorFlag
	incrementalFlag
	accessFlags
	Purge []string `placeholder:"E-MAIL|ID|all" help:"Also delete this user for good, who is gone from the directory, before the 7 days are over; all: everybody who is gone. May be repeated."`
}

// purging finds the users who are to be deleted.
func (c *orgClient) purging(names []string) (directory.Purging, error) {
	if slices.Contains(names, "all") {
		if len(names) > 1 {
			return directory.Purging{}, errors.New("--purge all is everybody; name nobody beside it")
		}
		return directory.Purging{All: true}, nil
	}
	var p directory.Purging
	for _, name := range names {
		u, err := c.user(name)
		if err != nil {
			return p, err
		}
		p.Users = append(p.Users, identity.AccountID(u.is.ID))
	}
	return p, nil
}

// incrementalFlag says how much is read.
type incrementalFlag struct {
	Incremental bool `help:"Read what changed since the last run, instead of everything. Needs a full run first, and another one after the connector's settings changed."`
}

func (f incrementalFlag) kind() directory.ReadingKind {
	if f.Incremental {
		return directory.ReadChanges
	}
	return directory.ReadFull
}

// sayFull says what to do when changes alone are not enough.
func (c *orgClient) sayFull(err error, connector string) error {
	if identity.RuleOf(err) != directory.RuleFullSyncRequired {
		return err
	}
	status := complain(c.stderr, err)
	c.say("Next: rollcall sync run --org %s --connector %s", c.id, connector)
	return exit(status)
}

// Help names the exit statuses.
func (syncPlanCmd) Help() string {
	return "Exit status: 0 nothing to do, 2 changes, 3 a guard refuses or holds the plan, 1 error."
}

// Run plans. The plan is stored, so that it can be applied as it was shown.
func (c *syncPlanCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		n, err := o.connector(c.Connector)
		if err != nil {
			return err
		}
		purge, err := o.purging(c.Purge)
		if err != nil {
			return err
		}
		request := admin.PlanRequest{Kind: string(c.kind())}
		if len(c.Purge) > 0 {
			request.Purge = &admin.EarlyDeletion{All: purge.All}
			for _, id := range purge.Users {
				request.Purge.Users = append(request.Purge.Users, string(id))
			}
		}
		stored, plan, err := o.planned(c.accessFlags, o.at("connectors", n.ID, "plans"), request, func(s *directory.Syncer, p directory.Progress) (identity.Plan, directory.Plan, error) {
			return s.PlanPurging(a.ctx, identity.OrgID(o.id), identity.ConnectorID(n.ID), o.local.by, c.kind(), purge, p)
		})
		if err != nil {
			return o.sayFull(err, n.ID)
		}
		if err := a.showPlan(stored, plan); err != nil {
			return err
		}
		return o.next(stored, plan)
	})
}

// next says what to do about a plan, and with which exit status.
func (c *orgClient) next(stored identity.Plan, plan directory.Plan) error {
	apply := fmt.Sprintf("rollcall sync apply --org %s %s", c.id, stored.ID)
	standing, err := c.synchronization()
	if err != nil {
		return err
	}
	on := standing.ManagedBy == managedByDirectory
	switch {
	case stored.State == identity.PlanRefused:
		c.say("The plan %s is refused; see above for what to check, then plan again.", stored.ID)
		return exitGuard
	case stored.State == identity.PlanHeld:
		c.say("The plan %s is held. If it is right: %s --approve%s", stored.ID, apply, c.byName())
		return exitGuard
	case plan.Empty() && stored.Undoes != "":
		c.say("Nothing can be taken back. (Plan %s)", stored.ID)
		return nil
	case plan.Empty():
		c.say("Nothing to do. (Plan %s)", stored.ID)
		c.sayOff(on)
		return nil
	case !on:
		c.say("To do exactly this after synchronization is switched on: %s", apply)
		c.sayOff(on)
		return exitChanges
	}
	c.say("To do exactly this: %s", apply)
	return exitChanges
}

// sayOff says how to go on where synchronization is off.
func (c *orgClient) sayOff(on bool) {
	if !on {
		c.say("Synchronization is off. To switch it on: rollcall sync enable --org %s", c.id)
	}
}

// byName is how an approval is given its name: a server knows whose token it gets.
func (c *orgClient) byName() string {
	if c.local == nil {
		return ""
	}
	return " --by NAME"
}

func (a *app) showPlan(stored identity.Plan, plan directory.Plan) (err error) {
	if a.json {
		if plan, err = plan.Whole(); err != nil {
			return err
		}
	}
	shown := struct {
		identity.Plan
		Body *directory.Plan `json:"body,omitempty"`
	}{Plan: stored}
	if !stored.Dropped() {
		shown.Body = &plan
	}
	return a.show(shown, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "Plan %s of %s: %s\n", stored.ID, printable(plan.ConnectorName), stored.State); err != nil {
			return err
		}
		return plan.Print(w)
	})
}
