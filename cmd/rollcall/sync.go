package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

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
func (s *session) watched(work func(directory.Progress) error) error {
	p := newProgress(s.stderr)
	defer p.end()
	return work(p.tell)
}

type syncApplyCmd struct {
	storeFlag
	orgFlag
	Plan    string `arg:"" placeholder:"PLAN" help:"The plan's id."`
	First   int    `placeholder:"N" help:"Apply the first N steps and pause, to look at what became of them; the same command without --first goes on, sync end does not."`
	Approve bool   `help:"Approve a plan that the loss guard holds, then apply it."`
	By      string `placeholder:"NAME" help:"Who approves; recorded with the plan."`
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
	if c.Approve != (c.By != "") {
		return errors.New("an approval has a name: use --approve together with --by NAME")
	}
	return nil
}

// Run applies the plan.
func (c *syncApplyCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		id := identity.PlanID(c.Plan)
		if c.Approve {
			by := s.by
			by.Name = c.By
			if _, err := s.syncer().Approve(s.ctx, o.ID, id, by); err != nil && identity.RuleOf(err) != directory.RulePlanNotHeld {
				return err
			}
		}
		var report directory.Report
		err = s.watched(func(p directory.Progress) error {
			var err error
			if c.First > 0 {
				report, err = s.syncer().ApplyFirst(s.ctx, o.ID, id, s.by, c.First, p)
			} else {
				report, err = s.syncer().Apply(s.ctx, o.ID, id, s.by, p)
			}
			return err
		})
		if rule := identity.RuleOf(err); err != nil && (rule == directory.RulePlanHeld || rule == directory.RulePlanRefused) {
			complain(s.stderr, err)
			if rule == directory.RulePlanHeld {
				s.say("To read it: rollcall sync show --org %s %s", o.ID, id)
				s.say("To approve it: rollcall sync apply --org %s %s --approve --by NAME", o.ID, id)
			}
			return exitGuard
		}
		if err != nil {
			return err
		}
		if report.State == identity.RunPaused {
			s.say("To go on: rollcall sync apply --org %s %s", o.ID, id)
			s.say("To leave the rest undone: rollcall sync end --org %s %s", o.ID, id)
		}
		return s.show(report, report.Print)
	})
}

type syncEndCmd struct {
	storeFlag
	orgFlag
	Plan string `arg:"" placeholder:"PLAN" help:"The plan's id."`
}

// Run ends a paused run.
func (c *syncEndCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		report, err := s.syncer().End(s.ctx, o.ID, identity.PlanID(c.Plan), s.by)
		if err != nil {
			return err
		}
		return s.show(report, report.Print)
	})
}

type syncRunCmd struct {
	storeFlag
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
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		syncer, err := s.reader(c.accessFlags)
		if err != nil {
			return err
		}
		var stored identity.Plan
		var plan directory.Plan
		var report directory.Report
		err = s.watched(func(p directory.Progress) error {
			var err error
			run := syncer.Run
			if c.Incremental {
				run = syncer.RunIncremental
			}
			stored, plan, report, err = run(s.ctx, o.ID, n.ID, s.by, p)
			return err
		})
		if identity.RuleOf(err) == identity.RuleDryRunRequired {
			status := complain(s.stderr, err)
			s.say("Next: rollcall sync plan --org %s --connector %s", o.ID, n.ID)
			return exit(status)
		}
		if err != nil {
			return s.sayFull(err, o, n)
		}
		if report.Run != "" {
			return s.show(report, report.Print)
		}
		if err := s.showPlan(stored, plan); err != nil {
			return err
		}
		return s.next(o, stored, plan)
	})
}

type syncHistoryCmd struct {
	storeFlag
	orgFlag
	connectorFlag
	Plans bool `help:"List the plans instead of the runs."`
	Limit int  `default:"20" placeholder:"N" help:"At most so many (${default})."`
}

// Run lists what has been done, the newest first.
func (c *syncHistoryCmd) Run(a *app) error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit is %d; use a positive number", c.Limit)
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		var connector identity.ConnectorID
		if c.Connector != "" {
			n, err := s.connector(o.ID, c.Connector)
			if err != nil {
				return err
			}
			connector = n.ID
		}
		if c.Plans {
			return s.listPlans(o.ID, connector, c.Limit)
		}
		return s.listRuns(o.ID, connector, c.Limit)
	})
}

func (s *session) listRuns(org identity.OrgID, connector identity.ConnectorID, limit int) error {
	runs, err := s.syncer().History(s.ctx, org, connector, limit)
	if err != nil {
		return err
	}
	return s.show(listOf(runs), func(w io.Writer) error {
		rows := make([][]string, len(runs))
		for i, r := range runs {
			report, err := directory.ReportOf(r)
			if err != nil {
				return err
			}
			rows[i] = []string{string(r.ID), instant(r.StartedAt), string(r.State), fmt.Sprintf("%d/%d", report.Done, report.Total), or(r.Actor.Name, string(r.Actor.Kind)), string(r.Plan)}
		}
		return table(w, []string{"RUN", "STARTED", "STATE", "STEPS", "BY", "PLAN"}, rows)
	})
}

func (s *session) listPlans(org identity.OrgID, connector identity.ConnectorID, limit int) error {
	plans, err := s.syncer().Plans(s.ctx, org, connector, limit)
	if err != nil {
		return err
	}
	return s.show(listOf(plans), func(w io.Writer) error {
		rows := make([][]string, len(plans))
		for i, p := range plans {
			rows[i] = []string{string(p.ID), instant(p.CreatedAt), string(p.State), or(string(p.Undoes), "-"), p.ApprovedBy}
		}
		return table(w, []string{"PLAN", "MADE", "STATE", "UNDOES", "APPROVED BY"}, rows)
	})
}

type syncShowCmd struct {
	storeFlag
	orgFlag
	ID string `arg:"" placeholder:"PLAN|RUN" help:"The id of a plan or of a run."`
}

// Run shows the plan or the run.
func (c *syncShowCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		stored, plan, err := s.syncer().Show(s.ctx, o.ID, identity.PlanID(c.ID))
		if err == nil {
			return s.showPlan(stored, plan)
		}
		if !identity.IsNotFound(err) {
			return err
		}
		run, err := s.read.Run(s.ctx, o.ID, identity.RunID(c.ID))
		if identity.IsNotFound(err) {
			return identity.Refuse(identity.NotFound, identity.RuleUnknownPlan, "no plan or run of this organization has the id %q; see rollcall sync history", c.ID)
		}
		if err != nil {
			return err
		}
		report, err := directory.ReportOf(run)
		if err != nil {
			return err
		}
		if _, plan, err := s.syncer().Show(s.ctx, o.ID, run.Plan); err == nil && plan.Undoable() && !run.FinishedAt.IsZero() {
			s.say("To take it back: rollcall sync undo --org %s %s", o.ID, run.ID)
		}
		return s.show(run, report.Print)
	})
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
