package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

// connector finds a connector by its id or name; with none named, the organization's only one.
func (c *orgClient) connector(name string) (admin.Connector, error) {
	var list struct{ Connectors []admin.Connector }
	if err := c.get(c.at("connectors"), nil, &list); err != nil {
		return admin.Connector{}, err
	}
	all := list.Connectors
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	names := make([]string, len(all))
	for i, n := range all {
		if n.ID == name || n.Name == name {
			return n, nil
		}
		names[i] = n.Name
	}
	switch {
	case len(all) == 0:
		return admin.Connector{}, identity.Refuse(identity.NotFound, identity.RuleUnknownConnector,
			"the organization has no connector; make one with rollcall connector create")
	case name == "":
		return admin.Connector{}, fmt.Errorf("the organization has %d connectors; name one with --connector: %s", len(all), strings.Join(names, ", "))
	}
	return admin.Connector{}, identity.Refuse(identity.NotFound, identity.RuleUnknownConnector,
		"no connector has the id or name %q; there are: %s", name, strings.Join(names, ", "))
}

// connectorIf is the id of the connector that is named; with none named it is empty, for all.
func (c *orgClient) connectorIf(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	n, err := c.connector(name)
	return n.ID, err
}

// managedByDirectory is how the API says that an organization's people are its directory's.
const managedByDirectory = "directory"

// synchronization is where the organization stands.
func (c *orgClient) synchronization() (admin.Synchronization, error) {
	var s admin.Synchronization
	err := c.get(c.at("synchronization"), nil, &s)
	return s, err
}

// planFile is a plan with everything in it.
func (c *orgClient) planFile(id string) (identity.Plan, directory.Plan, error) {
	var shown admin.SyncPlan
	var file bytes.Buffer
	var plan directory.Plan
	if err := c.get(c.at("plans", id), nil, &shown); err != nil {
		return identity.Plan{}, plan, err
	}
	if err := c.download(c.at("plans", id, "document"), nil, &file); err != nil {
		return identity.Plan{}, plan, err
	}
	if err := json.Unmarshal(file.Bytes(), &plan); err != nil {
		return identity.Plan{}, plan, fmt.Errorf("the plan %s cannot be read: %w", id, err)
	}
	stored, err := c.storedPlan(shown)
	return stored, plan, err
}

// storedPlan is a plan of a list, without its steps.
func (c *orgClient) storedPlan(p admin.SyncPlan) (identity.Plan, error) {
	stored := identity.Plan{ID: identity.PlanID(p.ID), Org: identity.OrgID(c.id), Connector: identity.ConnectorID(p.Connector), CreatedAt: p.CreatedAt, Hash: p.Hash,
		State: identity.PlanState(p.State), ApprovedBy: p.ApprovedBy, Mismatched: p.Mismatched, Version: p.Version}
	if p.Undoes != nil {
		stored.Undoes = p.Undoes.Run
	}
	if p.DroppedAt != nil {
		stored.DroppedAt = *p.DroppedAt
	}
	summary := directory.Summary{
		Reading: directory.Reading{Kind: directory.ReadingKind(p.Reading.Kind), Undoes: p.Undoes, Why: p.Reading.Why, Server: p.Reading.Server,
			InvocationID: p.Reading.InvocationID, HighestUSN: p.Reading.HighestUSN, ReadAt: p.Reading.At, Count: p.Reading.Count, Complete: p.Reading.Complete,
			Gaps: p.Reading.Gaps},
		Figures: directory.Figures{Ops: ops[directory.Op](p.Steps), Unchanged: p.Unchanged, Linked: p.Linked, Missing: p.Missing, Mismatched: max(p.Mismatched, 0),
			ClaimedUnknown: p.ClaimedUnknown, StrayManagers: p.StrayManagers, BadPhotos: p.BadPhotos, Groups: p.Groups, StrayMembers: p.StrayMembers},
		Guard: directory.Guard{Losses: p.Guard.Losses, Base: p.Guard.Base, Percent: p.Guard.Percent, MaxLosses: p.Guard.MaxLosses,
			MaxPercent: p.Guard.MaxPercent, Budgets: p.Guard.Budgets, Why: p.Guard.Why},
		Refused: p.Refused, NoLosses: p.NoLosses}
	var err error
	stored.Summary, err = json.Marshal(summary)
	return stored, err
}

// ops are the counts of an answer by what they count.
func ops[K ~string](counts map[string]int) map[K]int {
	of := make(map[K]int, len(counts))
	for what, n := range counts {
		of[K(what)] = n
	}
	return of
}

// run is a run with the steps that were not possible.
func (c *orgClient) run(id string) (admin.SyncRun, error) {
	var r admin.SyncRun
	err := c.get(c.at("runs", id), nil, &r)
	return r, err
}

// reportOfRun is what a run did.
func reportOfRun(r admin.SyncRun) directory.Report {
	report := directory.Report{Run: identity.RunID(r.ID), Plan: identity.PlanID(r.Plan), State: identity.RunState(r.State), Done: r.Done, Total: r.Total,
		Applied: ops[directory.Op](r.Applied), Skipped: r.Skipped, Stale: r.Stale, Failed: r.Failed, Items: r.Items, Further: r.Further,
		Spent: ops[directory.Spending](r.Spent), ApprovedBy: r.ApprovedBy}
	for _, object := range r.Again {
		report.Again = append(report.Again, identity.ObjectID(object))
	}
	return report
}

// storedRun is a run as it is stored.
func (c *orgClient) storedRun(r admin.SyncRun) (identity.Run, error) {
	stored := identity.Run{ID: identity.RunID(r.ID), Org: identity.OrgID(c.id), Connector: identity.ConnectorID(r.Connector), Plan: identity.PlanID(r.Plan),
		State: identity.RunState(r.State), Actor: identity.Actor{Kind: identity.ActorKind(r.By.Kind), ID: r.By.ID, Name: r.By.Name}, StartedAt: r.StartedAt,
		NextStep: r.Done, Version: r.Version}
	if r.FinishedAt != nil {
		stored.FinishedAt = *r.FinishedAt
	}
	var err error
	stored.Report, err = json.Marshal(reportOfRun(r))
	return stored, err
}

// errand has the server do a job of a synchronization and waits for it.
func (c *orgClient) errand(path string, body any) (admin.Job, error) {
	var job seen[admin.Job]
	if err := c.post(path, body, &job); err != nil {
		return admin.Job{}, err
	}
	done, err := c.follow(job)
	if err != nil || done.is.State != "failed" {
		return done.is, err
	}
	if done.is.Code == "" {
		return done.is, errors.New(done.is.Error)
	}
	return done.is, identity.Refuse(identity.Conflict, identity.Rule(done.is.Code), "%s", detailOf(done.is.Error))
}

// detailOf turns the sentence that a job ended with into the detail of an error.
func detailOf(sentence string) string {
	first, size := utf8.DecodeRuneInString(sentence)
	if next, _ := utf8.DecodeRuneInString(sentence[size:]); unicode.IsLower(next) || next == ' ' {
		sentence = string(unicode.ToLower(first)) + sentence[size:]
	}
	return strings.TrimSuffix(sentence, ".")
}

// planned makes a plan: on the database here, where the directory and its secrets are, and else by a job of the server.
func (c *orgClient) planned(f accessFlags, path string, body any, here func(*directory.Syncer, directory.Progress) (identity.Plan, directory.Plan, error)) (identity.Plan, directory.Plan, error) {
	if c.local == nil {
		job, err := c.errand(path, body)
		if err != nil {
			return identity.Plan{}, directory.Plan{}, err
		}
		return c.planFile(job.Plan)
	}
	syncer, err := c.local.reader(f)
	if err != nil {
		return identity.Plan{}, directory.Plan{}, err
	}
	var stored identity.Plan
	var plan directory.Plan
	err = c.watched(func(p directory.Progress) error {
		stored, plan, err = here(syncer, p)
		return err
	})
	return stored, plan, err
}

// phaseOf is what a job is at.
func phaseOf(j admin.Job) string { return cmp.Or(j.Phase, j.Kind) }
