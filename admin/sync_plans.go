package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// SyncPlan is what a synchronization would do, without its steps.
type SyncPlan struct {
	ID             string            `json:"id" format:"uuid"`
	Connector      string            `json:"connector" format:"uuid"`
	State          string            `json:"state" enum:"ready,held,refused,approved,applying,applied" doc:"held: it loses so many that a full administrator has to approve it; refused: the directory's answer was not good enough to act on"`
	CreatedAt      time.Time         `json:"createdAt"`
	ApprovedBy     string            `json:"approvedBy,omitempty"`
	Hash           string            `json:"hash" doc:"SHA-256 of the plan: what is shown is what is applied"`
	Steps          map[string]int    `json:"steps" doc:"How many there are of each kind"`
	Unchanged      int               `json:"unchanged" doc:"People of whom nothing has to be changed"`
	Linked         int               `json:"linked" doc:"Users who belong to an entry of the directory"`
	Missing        int               `json:"missing" doc:"Of those, how many have no entry in the reading and are not known to be gone"`
	Mismatched     int               `json:"mismatched" doc:"Users whom no entry matches (DIR-04); -1: the plan does not tell"`
	ClaimedUnknown int               `json:"claimedUnknown" doc:"Users who were claimed and whom no entry matches (CLM-03)"`
	StrayManagers  int               `json:"strayManagers" doc:"Entries whose manager is nobody who is synchronized"`
	BadPhotos      int               `json:"badPhotos" doc:"Entries with a photo that cannot be taken"`
	Groups         int               `json:"groups" doc:"Groups that were read"`
	StrayMembers   int               `json:"strayMembers" doc:"Memberships of whom nobody synchronizes, which are not made here"`
	Reading        SyncReading       `json:"reading"`
	Guard          SyncGuard         `json:"guard"`
	Undoes         *directory.Undone `json:"undoes,omitempty" doc:"The run that the plan takes back"`
	Refused        string            `json:"refused,omitempty" doc:"Why it can never be applied"`
	NoLosses       string            `json:"noLosses,omitempty" doc:"Why nobody's loss was planned"`
	DroppedAt      *time.Time        `json:"droppedAt,omitempty" doc:"Since when its steps are not kept any more"`
	Version        int64             `json:"version"`
}

// SyncReading is what was read of the directory.
type SyncReading struct {
	Kind         string    `json:"kind" enum:"full,incremental,undo" doc:"undo: nothing was read"`
	Why          string    `json:"why,omitempty" doc:"Why everything was read though changes were asked for"`
	Server       string    `json:"server,omitempty"`
	InvocationID string    `json:"invocationId,omitempty" doc:"Which copy of the directory's data answered, if the server tells"`
	HighestUSN   int64     `json:"highestUSN,omitempty" doc:"The number of its last change, with Active Directory"`
	At           time.Time `json:"at"`
	Count        int       `json:"count" doc:"Entries that were read"`
	Complete     bool      `json:"complete" doc:"Whether that is proven to be all"`
	Gaps         []string  `json:"gaps" nullable:"false" doc:"Why it is not"`
}

// SyncGuard is what the loss guard found (DIR-09).
type SyncGuard struct {
	Losses     int                      `json:"losses" doc:"People who would be removed or disabled"`
	Base       int                      `json:"base" doc:"Of so many"`
	Percent    float64                  `json:"percent"`
	MaxLosses  int                      `json:"maxLosses"`
	MaxPercent int                      `json:"maxPercent"`
	Budgets    []directory.BudgetFigure `json:"budgets" nullable:"false" doc:"Those that the plan draws on, with what earlier runs took from them"`
	Why        string                   `json:"why,omitempty" doc:"Why the plan is held"`
}

type planList struct {
	Plans      []SyncPlan `json:"plans" nullable:"false" doc:"The newest first"`
	NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

// PlanPath is the plan in the path.
type PlanPath struct {
	OrgPath
	Plan string `path:"plan" doc:"The plan's id"`
}

func (p PlanPath) plan() identity.PlanID { return identity.PlanID(p.Plan) }

// OfConnector asks for a part of a list.
type OfConnector struct {
	Page
	Connector string `query:"connector" maxLength:"36" doc:"Only of this connector"`
}

// PlanRequest says what is read.
type PlanRequest struct {
	Kind  string         `json:"kind,omitempty" enum:"full,incremental" doc:"incremental: only what changed since the last run; full unless said"`
	Purge *EarlyDeletion `json:"purge,omitempty" doc:"Who is deleted for good when the plan is applied, of those who are gone from the directory (DIR-10)"`
}

// EarlyDeletion names users who shall not wait for the day on which they are deleted for good.
type EarlyDeletion struct {
	All   bool     `json:"all,omitempty" doc:"Instead of users: everybody who is gone"`
	Users []string `json:"users,omitempty" nullable:"false" maxItems:"1000" doc:"Their ids"`
}

func (p *EarlyDeletion) purging() directory.Purging {
	if p == nil {
		return directory.Purging{}
	}
	purge := directory.Purging{All: p.All}
	for _, id := range p.Users {
		purge.Users = append(purge.Users, identity.AccountID(id))
	}
	return purge
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
			"and in the end the plan. One runs at a time. With purge, users who are gone from the directory are deleted for good by the same plan.",
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
	a.addSyncSteps()
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
	return started(a.syncs.StartPlan(ctx, callerOf(ctx).actor(), in.id(), in.connector(), kindOf(in.Body.Kind), in.Body.Purge.purging()))
}

func kindOf(text string) directory.ReadingKind {
	return cmp.Or(directory.ReadingKind(text), directory.ReadFull)
}

func (a *api) listPlans(ctx context.Context, in *struct {
	OrgPath
	OfConnector
}) (*body[planList], error) {
	scope := []any{"plans", in.Org, in.Connector}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	plans, err := a.service.Reader().Plans(ctx, in.id(), identity.ConnectorID(in.Connector), identity.PlanID(after), in.Limit+1)
	if err != nil {
		return nil, err
	}
	list := planList{Plans: make([]SyncPlan, 0, len(plans))}
	if len(plans) > in.Limit {
		plans = plans[:in.Limit]
		list.NextCursor = nextCursor(string(plans[in.Limit-1].ID), scope...)
	}
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
		Steps: counts(s.Figures.Ops), Unchanged: s.Figures.Unchanged, Linked: s.Figures.Linked, Missing: s.Figures.Missing, Mismatched: p.Mismatched,
		ClaimedUnknown: s.Figures.ClaimedUnknown, StrayManagers: s.Figures.StrayManagers, BadPhotos: s.Figures.BadPhotos, Groups: s.Figures.Groups, StrayMembers: s.Figures.StrayMembers,
		Reading: SyncReading{Kind: string(s.Reading.Kind), Why: s.Reading.Why, Server: s.Reading.Server, InvocationID: s.Reading.InvocationID,
			HighestUSN: s.Reading.HighestUSN, At: s.Reading.ReadAt, Count: s.Reading.Count,
			Complete: s.Reading.Complete, Gaps: append([]string{}, s.Reading.Gaps...)},
		Guard: SyncGuard{Losses: s.Guard.Losses, Base: s.Guard.Base, Percent: s.Guard.Percent, MaxLosses: s.Guard.MaxLosses, MaxPercent: s.Guard.MaxPercent,
			Budgets: append([]directory.BudgetFigure{}, s.Guard.Budgets...), Why: s.Guard.Why},
		Undoes: s.Reading.Undoes, Refused: s.Refused, NoLosses: s.NoLosses, DroppedAt: instant(p.DroppedAt), Version: p.Version}
	return shown, nil
}

func counts[K ~string](of map[K]int) map[string]int {
	shown := make(map[string]int, len(of))
	for what, n := range of {
		shown[string(what)] = n
	}
	return shown
}
