package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// SyncRun is the application of a plan, as far as it has come.
type SyncRun struct {
	ID         string           `json:"id" format:"uuid"`
	Connector  string           `json:"connector" format:"uuid"`
	Plan       string           `json:"plan" format:"uuid"`
	State      string           `json:"state" enum:"running,paused,ended,completed,completed_with_errors,failed" doc:"paused: after its first steps, for somebody to look; ended: somebody looked and left the rest undone"`
	By         Actor            `json:"by"`
	StartedAt  time.Time        `json:"startedAt"`
	FinishedAt *time.Time       `json:"finishedAt,omitempty"`
	Done       int              `json:"done" doc:"Steps that were gone through"`
	Total      int              `json:"total"`
	Applied    map[string]int   `json:"applied" doc:"How many steps of each kind changed somebody"`
	Skipped    int              `json:"skipped"`
	Stale      int              `json:"stale" doc:"Users who were changed after the plan was made, and left as they are"`
	Failed     int              `json:"failed"`
	Items      []directory.Item `json:"items,omitempty" doc:"Steps that were not applied, of one run that is asked for; 1,000 at most"`
	Further    int              `json:"further,omitempty" doc:"Items beyond those"`
	Again      []string         `json:"again,omitempty" nullable:"false" doc:"Entries that the next reading of changes looks at again, of one run that is asked for"`
	Spent      map[string]int   `json:"spent,omitempty" doc:"What it took from the budgets of the plans after it"`
	ApprovedBy string           `json:"approvedBy,omitempty" doc:"Who approved the plan; then it took nothing from them"`
	Version    int64            `json:"version"`
}

// RunRequest says what is read.
type RunRequest struct {
	Kind string `json:"kind,omitempty" enum:"full,incremental" doc:"incremental: only what changed since the last run; full unless said"`
}

type runList struct {
	Runs       []SyncRun `json:"runs" nullable:"false" doc:"The newest first"`
	NextCursor string    `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

const runsPath = orgPath + "/runs"

func (a *api) addSyncRuns() {
	add(a, operation{
		id: "listRuns", method: http.MethodGet, path: runsPath, scope: scopeReadSync,
		summary: "List synchronizations", about: "Runs by hand and by schedule, the newest first.",
	}, a.listRuns)
	add(a, operation{
		id: "getRun", method: http.MethodGet, path: runsPath + "/{run}", scope: scopeReadSync,
		summary: "Show a synchronization", about: "How far it is, what it did, and which steps were not possible and why.",
	}, a.getRun)
	add(a, operation{
		id: "runConnector", method: http.MethodPost, path: connectorPath + "/runs", scope: scopeWriteSync, status: http.StatusAccepted,
		summary: "Synchronize in one go", about: "Starts a job that plans and applies, unless a guard holds or refuses the plan: then the job ends with the plan and without a run. It wants a plan " +
			"of the connector as it is now set up to have been made before (DIR-03).",
		refusals: []int{http.StatusConflict},
	}, a.runConnector)
	add(a, operation{
		id: "undoRun", method: http.MethodPost, path: runsPath + "/{run}/undo", scope: scopeWriteSync, status: http.StatusAccepted,
		summary: "Plan to take back a synchronization", about: "Starts a job that makes a plan like any other, of what it takes; nobody is changed before it is applied. The directory is not " +
			"asked: set right first what was wrong there or in the connector, or the next synchronization does the same again.",
		refusals: []int{http.StatusConflict},
	}, a.undoRun)
}

// RunPath is the run in the path.
type RunPath struct {
	OrgPath
	Run string `path:"run" doc:"The run's id"`
}

func (p RunPath) run() identity.RunID { return identity.RunID(p.Run) }

func (a *api) listRuns(ctx context.Context, in *struct {
	OrgPath
	OfConnector
}) (*body[runList], error) {
	scope := []any{"runs", in.Org, in.Connector}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	runs, err := a.service.Reader().Runs(ctx, in.id(), identity.ConnectorID(in.Connector), identity.RunID(after), in.Limit+1)
	if err != nil {
		return nil, err
	}
	list := runList{Runs: make([]SyncRun, 0, len(runs))}
	if len(runs) > in.Limit {
		runs = runs[:in.Limit]
		list.NextCursor = nextCursor(string(runs[in.Limit-1].ID), scope...)
	}
	for _, r := range runs {
		shown, err := showRun(r)
		if err != nil {
			return nil, err
		}
		shown.Items, shown.Further, shown.Again = nil, 0, nil
		list.Runs = append(list.Runs, shown)
	}
	return &body[runList]{list}, nil
}

func (a *api) getRun(ctx context.Context, in *RunPath) (*body[SyncRun], error) {
	return a.run(ctx, in.OrgPath, in.run())
}

func (a *api) runConnector(ctx context.Context, in *struct {
	ConnectorPath
	Body RunRequest
}) (*body[Job], error) {
	return started(a.syncs.StartRun(ctx, callerOf(ctx).actor(), in.id(), in.connector(), kindOf(in.Body.Kind)))
}

func (a *api) undoRun(ctx context.Context, in *RunPath) (*body[Job], error) {
	return started(a.syncs.StartUndo(ctx, callerOf(ctx).actor(), in.id(), in.run()))
}

func (a *api) run(ctx context.Context, org OrgPath, id identity.RunID) (*body[SyncRun], error) {
	r, err := a.service.Reader().Run(ctx, org.id(), id)
	if err != nil {
		return nil, err
	}
	shown, err := showRun(r)
	if err != nil {
		return nil, err
	}
	return &body[SyncRun]{shown}, nil
}

func showRun(r identity.Run) (SyncRun, error) {
	report, err := directory.ReportOf(r)
	shown := SyncRun{ID: string(r.ID), Connector: string(r.Connector), Plan: string(r.Plan), State: string(r.State), By: showActor(r.Actor), StartedAt: r.StartedAt,
		FinishedAt: instant(r.FinishedAt), Done: report.Done, Total: report.Total, Applied: counts(report.Applied), Skipped: report.Skipped, Stale: report.Stale,
		Failed: report.Failed, Items: report.Items, Further: report.Further,
		Spent: counts(report.Spent), ApprovedBy: report.ApprovedBy, Version: r.Version}
	for _, object := range report.Again {
		shown.Again = append(shown.Again, string(object))
	}
	return shown, err
}
