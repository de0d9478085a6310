package main

import (
	"fmt"
	"io"
	"net/url"
	"slices"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

type syncHistoryCmd struct {
	apiFlags
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
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		connector, err := o.connectorIf(c.Connector)
		if err != nil {
			return err
		}
		query := url.Values{"connector": {connector}}
		if c.Plans {
			return o.listPlans(query, c.Limit)
		}
		return o.listRuns(query, c.Limit)
	})
}

func (c *orgClient) listRuns(query url.Values, limit int) error {
	found, _, err := list[admin.SyncRun](c.apiClient, c.at("runs"), "runs", query, place{Limit: limit})
	if err != nil {
		return err
	}
	runs := make([]identity.Run, len(found))
	for i, r := range found {
		if c.json { // with the steps that were not possible, which lists leave out
			if r.is, err = c.run(r.is.ID); err != nil {
				return err
			}
		}
		if runs[i], err = c.storedRun(r.is); err != nil {
			return err
		}
	}
	return c.show(runs, func(w io.Writer) error {
		rows := make([][]string, len(found))
		for i, r := range found {
			rows[i] = []string{r.is.ID, instant(r.is.StartedAt), r.is.State, fmt.Sprintf("%d/%d", r.is.Done, r.is.Total), or(r.is.By.Name, r.is.By.Kind), r.is.Plan}
		}
		return table(w, []string{"RUN", "STARTED", "STATE", "STEPS", "BY", "PLAN"}, rows)
	})
}

func (c *orgClient) listPlans(query url.Values, limit int) error {
	found, _, err := list[admin.SyncPlan](c.apiClient, c.at("plans"), "plans", query, place{Limit: limit})
	if err != nil {
		return err
	}
	plans := make([]identity.Plan, len(found))
	for i, p := range found {
		if plans[i], err = c.storedPlan(p.is); err != nil {
			return err
		}
	}
	return c.show(plans, func(w io.Writer) error {
		rows := make([][]string, len(plans))
		for i, p := range plans {
			rows[i] = []string{string(p.ID), instant(p.CreatedAt), string(p.State), or(string(p.Undoes), "-"), p.ApprovedBy}
		}
		return table(w, []string{"PLAN", "MADE", "STATE", "UNDOES", "APPROVED BY"}, rows)
	})
}

type syncShowCmd struct {
	apiFlags
	orgFlag
	ID string `arg:"" placeholder:"PLAN|RUN" help:"The id of a plan or of a run."`
}

// Run shows the plan or the run.
func (c *syncShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		stored, plan, err := o.planFile(c.ID)
		if err == nil {
			return a.showPlan(stored, plan)
		}
		if !identity.IsNotFound(err) {
			return err
		}
		run, err := o.run(c.ID)
		if identity.IsNotFound(err) {
			return identity.Refuse(identity.NotFound, identity.RuleUnknownPlan, "no plan or run of this organization has the id %q; see rollcall sync history", c.ID)
		}
		if err != nil {
			return err
		}
		var of admin.SyncPlan
		if err := o.get(o.at("plans", run.Plan), nil, &of); err == nil && undoable(of) && run.FinishedAt != nil {
			a.say("To take it back: rollcall sync undo --org %s %s", o.id, run.ID)
		}
		shown, err := o.storedRun(run)
		if err != nil {
			return err
		}
		return a.show(shown, reportOfRun(run).Print)
	})
}

// undoable is [directory.Plan.Undoable] of a plan without its steps.
func undoable(p admin.SyncPlan) bool {
	acts := func(op string) bool { return p.Steps[op] > 0 && directory.Op(op).Acts() }
	return p.DroppedAt == nil && p.Undoes == nil && slices.ContainsFunc(sortedKeys(p.Steps), acts)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
