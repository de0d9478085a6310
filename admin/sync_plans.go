package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// SyncPlan is what a synchronization would do, without its steps.
type SyncPlan struct {
	ID         string         `json:"id" format:"uuid"`
	Connector  string         `json:"connector" format:"uuid"`
	State      string         `json:"state" enum:"ready,held,refused,approved,applying,applied" doc:"held: it loses so many that a full administrator has to approve it; refused: the directory's answer was not good enough to act on"`
	CreatedAt  time.Time      `json:"createdAt"`
	ApprovedBy string         `json:"approvedBy,omitempty"`
	Hash       string         `json:"hash" doc:"SHA-256 of the plan: what is shown is what is applied"`
	Steps      map[string]int `json:"steps" doc:"How many there are of each kind"`
	Unchanged  int            `json:"unchanged" doc:"People of whom nothing has to be changed"`
	Linked     int            `json:"linked" doc:"Users who belong to an entry of the directory"`
	Missing    int            `json:"missing" doc:"Of those, how many have no entry in the reading and are not known to be gone"`
	Mismatched int            `json:"mismatched" doc:"Users whom no entry matches (DIR-04)"`
	Reading    SyncReading    `json:"reading"`
	Guard      SyncGuard      `json:"guard"`
	Refused    string         `json:"refused,omitempty" doc:"Why it can never be applied"`
	NoLosses   string         `json:"noLosses,omitempty" doc:"Why nobody's loss was planned"`
}

// SyncReading is what was read of the directory.
type SyncReading struct {
	Kind     string    `json:"kind" enum:"full,incremental"`
	Why      string    `json:"why,omitempty" doc:"Why everything was read though changes were asked for"`
	Server   string    `json:"server,omitempty"`
	At       time.Time `json:"at"`
	Count    int       `json:"count" doc:"Entries that were read"`
	Complete bool      `json:"complete" doc:"Whether that is proven to be all"`
	Gaps     []string  `json:"gaps" nullable:"false" doc:"Why it is not"`
}

// SyncGuard is what the loss guard found (DIR-09).
type SyncGuard struct {
	Losses     int     `json:"losses" doc:"People who would be removed or disabled"`
	Base       int     `json:"base" doc:"Of so many"`
	Percent    float64 `json:"percent"`
	MaxLosses  int     `json:"maxLosses"`
	MaxPercent int     `json:"maxPercent"`
	Why        string  `json:"why,omitempty" doc:"Why the plan is held"`
}

// SyncStep is one person's part of a plan.
type SyncStep struct {
	Number   int                 `json:"number" doc:"From 0, in the order in which they are applied"`
	Op       string              `json:"op" enum:"remove,disable,restore,enable,create,adopt,rename,update,conflict,skip"`
	User     string              `json:"user,omitempty"`
	UserName string              `json:"userName,omitempty"`
	Object   string              `json:"object,omitempty" doc:"The entry's own id"`
	DN       string              `json:"dn,omitempty"`
	Loses    bool                `json:"loses" doc:"Whether somebody is lost who is not lost yet"`
	Reason   string              `json:"reason"`
	Code     string              `json:"code,omitempty"`
	Notes    []string            `json:"notes" nullable:"false"`
	Changes  []directory.Change  `json:"changes" nullable:"false"`
	Evidence *directory.Evidence `json:"evidence,omitempty" doc:"What the directory showed"`
}

type planList struct {
	Plans []SyncPlan `json:"plans" nullable:"false" doc:"The newest first"`
}

type stepList struct {
	Steps      []SyncStep `json:"steps" nullable:"false"`
	NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

// PlanPath is the plan in the path.
type PlanPath struct {
	OrgPath
	Plan string `path:"plan" doc:"The plan's id"`
}

func (p PlanPath) plan() identity.PlanID { return identity.PlanID(p.Plan) }

// Newest asks for the newest of something.
type Newest struct {
	Connector string `query:"connector" maxLength:"36" doc:"Only of this connector"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many"`
}

// PlanRequest says what is read.
type PlanRequest struct {
	Kind string `json:"kind,omitempty" enum:"full,incremental" doc:"incremental: only what changed since the last run; full unless said"`
}

// ApplyRequest says how much is applied.
type ApplyRequest struct {
	First int `json:"first,omitempty" minimum:"1" doc:"Only so many steps, and then a pause, to look at what became of them; absent: all that are left"`
}

const (
	plansPath = orgPath + "/plans"
	planPath  = plansPath + "/{plan}"
)

func (a *api) addSyncPlans() {
	add(a, operation{
		id: "makePlan", method: http.MethodPost, path: connectorPath + "/plans", scope: scopeWriteSync, status: http.StatusAccepted,
		summary: "Plan a synchronization", about: "Starts a job that reads the directory and stores what would be done; nobody is changed. The job (getJob) shows the phase, how far it is, " +
			"and in the end the plan. One runs at a time.",
		refusals: []int{http.StatusConflict},
	}, a.makePlan)
	add(a, operation{
		id: "listPlans", method: http.MethodGet, path: plansPath, scope: scopeReadSync,
		summary: "List plans", about: "Without their steps, the newest first.",
	}, a.listPlans)
	add(a, operation{
		id: "getPlan", method: http.MethodGet, path: planPath, scope: scopeReadSync,
		summary: "Show a plan", about: "What it comes to; its steps are a list of their own.",
	}, a.getPlan)
	add(a, operation{
		id: "listPlanSteps", method: http.MethodGet, path: planPath + "/steps", scope: scopeReadSync,
		summary: "List the steps of a plan", about: "In the order in which they are applied: losses first.",
	}, a.listPlanSteps)
	add(a, operation{
		id: "approvePlan", method: http.MethodPost, path: planPath + "/approve", scope: scopeWriteSync,
		summary: "Approve a plan that is held", about: "This very plan and no other; your name is recorded with it (DIR-09). It is not applied yet.",
		refusals: []int{http.StatusConflict},
	}, a.approvePlan)
	add(a, operation{
		id: "applyPlan", method: http.MethodPost, path: planPath + "/apply", scope: scopeWriteSync, status: http.StatusAccepted,
		summary: "Apply a plan", about: "Starts a job that applies it exactly as it was shown. A run that is paused, or was cut short, goes on.",
		refusals: []int{http.StatusConflict},
	}, a.applyPlan)
	add(a, operation{
		id: "endPlan", method: http.MethodPost, path: planPath + "/end", scope: scopeWriteSync,
		summary: "Leave the rest of a paused run undone", about: "What was applied stays; the next plan tells what is left to do.",
		refusals: []int{http.StatusConflict},
	}, a.endPlan)
}

func (a *api) makePlan(ctx context.Context, in *struct {
	ConnectorPath
	Body PlanRequest
}) (*body[Job], error) {
	kind := directory.ReadFull
	if in.Body.Kind == string(directory.ReadChanges) {
		kind = directory.ReadChanges
	}
	return started(a.syncs.StartPlan(ctx, callerOf(ctx).actor(), in.id(), in.connector(), kind))
}

func (a *api) listPlans(ctx context.Context, in *struct {
	OrgPath
	Newest
}) (*body[planList], error) {
	plans, err := a.service.Reader().Plans(ctx, in.id(), identity.ConnectorID(in.Connector), in.Limit)
	if err != nil {
		return nil, err
	}
	list := planList{Plans: make([]SyncPlan, 0, len(plans))}
	for _, p := range plans {
		shown, err := showPlan(p)
		if err != nil {
			return nil, err
		}
		list.Plans = append(list.Plans, shown)
	}
	return &body[planList]{list}, nil
}

func (a *api) getPlan(ctx context.Context, in *PlanPath) (*body[SyncPlan], error) {
	p, err := a.service.Reader().Plan(ctx, in.id(), in.plan())
	if err != nil {
		return nil, err
	}
	return planBody(p)
}

func planBody(p identity.Plan) (*body[SyncPlan], error) {
	shown, err := showPlan(p)
	if err != nil {
		return nil, err
	}
	return &body[SyncPlan]{shown}, nil
}

func (a *api) listPlanSteps(ctx context.Context, in *struct {
	PlanPath
	Page
	Op string `query:"op" enum:"remove,disable,restore,enable,create,adopt,rename,update,conflict,skip" doc:"Only steps of this kind"`
}) (*body[stepList], error) {
	scope := []any{"steps", in.Org, in.Plan, in.Op}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	from := 0
	if after != "" {
		last, err := strconv.Atoi(after)
		if err != nil {
			return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "this is no cursor of this list").At("query.cursor")
		}
		from = last + 1
	}
	_, plan, err := a.syncer.Show(ctx, in.id(), in.plan())
	if err != nil {
		return nil, err
	}
	list := stepList{Steps: []SyncStep{}}
	for i := from; i < len(plan.Steps); i++ {
		if in.Op != "" && plan.Steps[i].Op != directory.Op(in.Op) {
			continue
		}
		if len(list.Steps) == in.Limit {
			list.NextCursor = nextCursor(strconv.Itoa(list.Steps[in.Limit-1].Number), scope...)
			break
		}
		list.Steps = append(list.Steps, showStep(i, plan.Steps[i]))
	}
	return &body[stepList]{list}, nil
}

func (a *api) approvePlan(ctx context.Context, in *PlanPath) (*body[SyncPlan], error) {
	p, err := a.syncer.Approve(ctx, in.id(), in.plan(), callerOf(ctx).actor())
	if err != nil {
		return nil, err
	}
	return planBody(p)
}

func (a *api) applyPlan(ctx context.Context, in *struct {
	PlanPath
	Body ApplyRequest
}) (*body[Job], error) {
	return started(a.syncs.StartApply(ctx, callerOf(ctx).actor(), in.id(), in.plan(), in.Body.First))
}

func (a *api) endPlan(ctx context.Context, in *PlanPath) (*body[SyncRun], error) {
	report, err := a.syncer.End(ctx, in.id(), in.plan(), callerOf(ctx).actor())
	if err != nil {
		return nil, err
	}
	return a.run(ctx, in.OrgPath, report.Run)
}

func showPlan(p identity.Plan) (SyncPlan, error) {
	var s directory.Summary
	if err := json.Unmarshal(p.Summary, &s); err != nil {
		return SyncPlan{}, fmt.Errorf("admin: decode summary of plan %s: %w", p.ID, err)
	}
	shown := SyncPlan{ID: string(p.ID), Connector: string(p.Connector), State: string(p.State), CreatedAt: p.CreatedAt, ApprovedBy: p.ApprovedBy, Hash: p.Hash,
		Steps: counts(s.Figures.Ops), Unchanged: s.Figures.Unchanged, Linked: s.Figures.Linked, Missing: s.Figures.Missing, Mismatched: s.Figures.Mismatched,
		Reading: SyncReading{Kind: string(s.Reading.Kind), Why: s.Reading.Why, Server: s.Reading.Server, At: s.Reading.ReadAt, Count: s.Reading.Count,
			Complete: s.Reading.Complete, Gaps: append([]string{}, s.Reading.Gaps...)},
		Guard: SyncGuard{Losses: s.Guard.Losses, Base: s.Guard.Base, Percent: s.Guard.Percent, MaxLosses: s.Guard.MaxLosses, MaxPercent: s.Guard.MaxPercent,
			Why: s.Guard.Why},
		Refused: s.Refused, NoLosses: s.NoLosses}
	return shown, nil
}

func counts(ops map[directory.Op]int) map[string]int {
	shown := make(map[string]int, len(ops))
	for op, n := range ops {
		shown[string(op)] = n
	}
	return shown
}

func showStep(n int, s directory.Step) SyncStep {
	return SyncStep{Number: n, Op: string(s.Op), User: string(s.Account), UserName: s.UserName, Object: string(s.Object), DN: s.DN, Loses: s.Loses, Reason: s.Reason,
		Code: string(s.Code), Notes: append([]string{}, s.Notes...), Changes: append([]directory.Change{}, s.Changes...), Evidence: s.Evidence}
}
