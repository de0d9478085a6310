package main

import (
	"errors"
	"fmt"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

type syncCmd struct {
	Plan     syncPlanCmd     `cmd:"" help:"Read the directory and show what a synchronization would do; nothing is changed."`
	Apply    syncApplyCmd    `cmd:"" help:"Apply a plan, exactly as it was shown; a run that was cut short goes on."`
	End      syncEndCmd      `cmd:"" help:"Leave the rest of a paused run undone; what was applied stays."`
	Undo     syncUndoCmd     `cmd:"" help:"Show what it takes to take back a run; nothing is changed."`
	Run      syncRunCmd      `cmd:"" help:"Plan and apply in one go, unless a guard holds the plan."`
	Deleted  syncDeletedCmd  `cmd:"" help:"List the users who are gone from the directory, and when each is deleted for good."`
	History  syncHistoryCmd  `cmd:"" help:"List the runs."`
	Show     syncShowCmd     `cmd:"" help:"Show a plan or a run."`
	Status   syncStatusCmd   `cmd:"" help:"Show what every connector did last, what comes next, and what stands in the way."`
	Schedule syncScheduleCmd `cmd:"" help:"Set how often a connector synchronizes by itself."`
	Resume   syncResumeCmd   `cmd:"" help:"Let a connector that stopped after many failures synchronize by itself again."`
	Disable  syncDisableCmd  `cmd:"" help:"Switch synchronization off; connectors, links and dates of deletion stay."`
	Enable   syncEnableCmd   `cmd:"" help:"Switch synchronization on again; after users were claimed, only once a plan has been made."`
}

// The exit statuses of "sync plan" and "sync run", beside 0 for nothing to do and 1 for an error.
const (
	exitChanges exit = 2 // there is something to do
	exitGuard   exit = 3 // a guard refuses or holds the plan
)

// connectorFlag names a connector of an organization.
type connectorFlag struct {
	Connector string `env:"ROLLCALL_CONNECTOR" placeholder:"ID|NAME" help:"The connector; not needed if there is only one."`
}

// watched gives work a progress display and closes it afterwards.
func (a *app) watched(work func(directory.Progress) error) error {
	collectLess()
	p := newProgress(a.stderr)
	defer p.end()
	return work(p.tell)
}

type syncApplyCmd struct {
	apiFlags
	orgFlag
	Plan    string `arg:"" placeholder:"PLAN" help:"The plan's id."`
	First   int    `placeholder:"N" help:"Apply the first N steps and pause, to look at what became of them; the same command without --first goes on, sync end does not."`
	Approve bool   `help:"Approve a plan that the loss guard holds, then apply it."`
	By      string `placeholder:"NAME" help:"Who approves; recorded with the plan. With --server it is whoever the token is of."`
}

// Help names the exit statuses.
func (syncApplyCmd) Help() string {
	return "Exit status: 0 applied (what was not possible is named), 3 a guard refuses or holds the plan, 1 error."
}

// Validate keeps an approval from having no name.
func (c *syncApplyCmd) Validate() error {
	if c.First < 0 {
		return fmt.Errorf("--first is %d; use a positive number", c.First)
	}
	switch {
	case c.Server != "" && c.By != "":
		return errors.New("with --server whoever the token is of approves; leave --by away")
	case c.Server == "" && c.Approve != (c.By != ""):
		return errors.New("an approval has a name: use --approve together with --by NAME")
	}
	return nil
}

// Run applies the plan.
func (c *syncApplyCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		if c.Approve {
			if err := c.approve(o); err != nil && identity.RuleOf(err) != directory.RulePlanNotHeld {
				return err
			}
		}
		report, err := c.apply(o)
		if rule := identity.RuleOf(err); err != nil && (rule == directory.RulePlanHeld || rule == directory.RulePlanRefused) {
			complain(a.stderr, err)
			if rule == directory.RulePlanHeld {
				a.say("To read it: rollcall sync show --org %s %s", o.id, c.Plan)
				a.say("To approve it: rollcall sync apply --org %s %s --approve%s", o.id, c.Plan, o.byName())
			}
			return exitGuard
		}
		if err != nil {
			return err
		}
		if report.State == identity.RunPaused {
			a.say("To go on: rollcall sync apply --org %s %s", o.id, c.Plan)
			a.say("To leave the rest undone: rollcall sync end --org %s %s", o.id, c.Plan)
		}
		return a.show(report, report.Print)
	})
}

// approve lets the plan be applied. On the database anybody can give a name; a server knows who calls.
func (c *syncApplyCmd) approve(o *orgClient) error {
	if o.local == nil {
		return o.post(o.at("plans", c.Plan, "approve"), nil, nil)
	}
	by := o.local.by
	by.Name = c.By
	_, err := o.local.syncer().Approve(o.ctx, identity.OrgID(o.id), identity.PlanID(c.Plan), by)
	return err
}

// apply applies the plan: on the database here, and else by a job of the server.
func (c *syncApplyCmd) apply(o *orgClient) (report directory.Report, err error) {
	if o.local == nil {
		job, err := o.errand(o.at("plans", c.Plan, "apply"), admin.ApplyRequest{First: c.First})
		if err != nil {
			return report, err
		}
		run, err := o.run(job.Run)
		return reportOfRun(run), err
	}
	syncer, org, id, by := o.local.syncer(), identity.OrgID(o.id), identity.PlanID(c.Plan), o.local.by
	err = o.watched(func(p directory.Progress) error {
		if c.First > 0 {
			report, err = syncer.ApplyFirst(o.ctx, org, id, by, c.First, p)
		} else {
			report, err = syncer.Apply(o.ctx, org, id, by, p)
		}
		return err
	})
	return report, err
}

type syncEndCmd struct {
	apiFlags
	orgFlag
	Plan string `arg:"" placeholder:"PLAN" help:"The plan's id."`
}

// Run ends a paused run.
func (c *syncEndCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var run admin.SyncRun
		if err := o.post(o.at("plans", c.Plan, "end"), nil, &run); err != nil {
			return err
		}
		report := reportOfRun(run)
		return a.show(report, report.Print)
	})
}

type syncRunCmd struct {
	apiFlags
	orgFlag
	connectorFlag
	incrementalFlag
	accessFlags
}

// Help names the exit statuses.
func (syncRunCmd) Help() string {
	return "Exit status: 0 done, or nothing to do; 3 a guard refuses or holds the plan, and nothing was changed; 1 error."
}

// Run plans and applies.
func (c *syncRunCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		n, err := o.connector(c.Connector)
		if err != nil {
			return err
		}
		stored, plan, report, err := c.run(o, n.ID)
		if identity.RuleOf(err) == identity.RuleDryRunRequired {
			status := complain(a.stderr, err)
			a.say("Next: rollcall sync plan --org %s --connector %s", o.id, n.ID)
			return exit(status)
		}
		if err != nil {
			return o.sayFull(err, n.ID)
		}
		if report.Run != "" {
			return a.show(report, report.Print)
		}
		if err := a.showPlan(stored, plan); err != nil {
			return err
		}
		return o.next(stored, plan)
	})
}

// run synchronizes: on the database here, and else by a job of the server. The report has no run if a guard holds the plan.
func (c *syncRunCmd) run(o *orgClient, connector string) (stored identity.Plan, plan directory.Plan, report directory.Report, err error) {
	if o.local == nil {
		job, err := o.errand(o.at("connectors", connector, "runs"), admin.RunRequest{Kind: string(c.kind())})
		switch {
		case err != nil:
		case job.Run == "":
			stored, plan, err = o.planFile(job.Plan)
		default:
			var run admin.SyncRun
			run, err = o.run(job.Run)
			report = reportOfRun(run)
		}
		return stored, plan, report, err
	}
	syncer, err := o.local.reader(c.accessFlags)
	if err != nil {
		return stored, plan, report, err
	}
	run := syncer.Run
	if c.Incremental {
		run = syncer.RunIncremental
	}
	err = o.watched(func(p directory.Progress) error {
		stored, plan, report, err = run(o.ctx, identity.OrgID(o.id), identity.ConnectorID(connector), o.local.by, p)
		return err
	})
	return stored, plan, report, err
}
