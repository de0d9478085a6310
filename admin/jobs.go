package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"rollcall/bulk"
	"rollcall/directory"
	"rollcall/identity"
)

// Job is work in the background.
type Job struct {
	ID             string     `json:"id" format:"uuid"`
	Kind           string     `json:"kind" enum:"import,export,invite,template,claim,plan,apply"`
	State          string     `json:"state" enum:"queued,running,done,failed"`
	DryRun         bool       `json:"dryRun,omitempty" doc:"Of an import or a claim by file: rows are judged and nothing is changed"`
	RemoveServices bool       `json:"removeServices,omitempty" doc:"Of an import or a claim by file: FALSE takes a licence away from a user who has it"`
	Total          *int       `json:"total,omitempty" doc:"Rows or users; absent while it is not known"`
	Processed      int        `json:"processed"`
	Succeeded      int        `json:"succeeded"`
	Failed         int        `json:"failed" doc:"The results say which and why"`
	Error          string     `json:"error,omitempty" doc:"Why the job could not go on; what it did before stays done"`
	Connector      string     `json:"connector,omitempty" doc:"Of a synchronization: the connector"`
	Phase          string     `json:"phase,omitempty" doc:"Of a synchronization: what it is at; processed and total count within it" example:"reading the directory"`
	Plan           string     `json:"plan,omitempty" doc:"Of a synchronization: the plan that it made, or applies"`
	Run            string     `json:"run,omitempty" doc:"Of a plan that is applied, once it was: the run"`
	Code           string     `json:"code,omitempty" doc:"Of a synchronization that failed: why, as a code"`
	By             Actor      `json:"by"`
	CreatedAt      time.Time  `json:"createdAt"`
	StartedAt      *time.Time `json:"startedAt,omitempty"`
	FinishedAt     *time.Time `json:"finishedAt,omitempty"`
	ExpiresAt      *time.Time `json:"expiresAt,omitempty" doc:"When its results and files are deleted"`
}

type jobList struct {
	Jobs       []Job  `json:"jobs" nullable:"false" doc:"The newest first"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

// JobPath is the job in the path.
type JobPath struct {
	OrgPath
	Job string `path:"job" doc:"The job's id"`
}

func (p JobPath) job() identity.JobID { return identity.JobID(p.Job) }

const (
	orgPath     = "/api/v1/organizations/{org}"
	importsPath = orgPath + "/imports"
	exportsPath = orgPath + "/exports"
	jobsPath    = orgPath + "/jobs"
)

func (a *api) addJobs() {
	add(a, operation{
		id: "listJobs", method: http.MethodGet, path: jobsPath, scope: scopeReadUsers,
		summary: "List jobs", about: "Imports, exports, claims by file, invitations, licence templates and synchronizations that were started, the newest first.",
	}, a.listJobs)
	add(a, operation{
		id: "listImports", method: http.MethodGet, path: importsPath, scope: scopeReadUsers,
		summary: "List imports", about: "The newest first.",
	}, a.listImports)
	add(a, operation{
		id: "getJob", method: http.MethodGet, path: jobsPath + "/{job}", scope: scopeReadUsers,
		summary: "Show a job", about: "How far it is, and how it ended.",
	}, a.getJob)
	results := operation{
		id: "getJobResults", method: http.MethodGet, path: jobsPath + "/{job}/results", scope: scopeReadUsers,
		summary: "Download a job's results", about: "A CSV file with one line for every row or user: what was done, or why not. There for 7 days after the end of the job.",
		refusals: []int{http.StatusGone},
	}
	add(a, results, func(_ context.Context, in *JobPath) (*download, error) {
		return a.file("results-"+in.Job+".csv", func(ctx context.Context, w io.Writer) error {
			return a.jobs.WriteResults(ctx, w, in.id(), in.job())
		}), nil
	})
	a.describeFile(results, false)
	add(a, operation{
		id: "inviteUsers", method: http.MethodPost, path: orgPath + "/invitations", scope: scopeWriteUsers, status: http.StatusAccepted,
		summary: "Send invitations again to many users", about: "Starts a job; one runs at a time. Whoever had an invitation in the last 24 hours gets none.",
		maxBody: maxInvitations, refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.inviteUsers)
	a.addImports()
	a.addExports()
}

func (a *api) getJob(ctx context.Context, in *JobPath) (*body[Job], error) {
	job, err := a.service.Reader().Job(ctx, in.id(), in.job())
	if err != nil {
		return nil, err
	}
	return &body[Job]{showJob(job)}, nil
}

func (a *api) listJobs(ctx context.Context, in *struct {
	OrgPath
	Page
	Kind string `query:"kind" enum:"import,export,invite,template,claim,plan,apply" doc:"Only jobs of this kind"`
}) (*body[jobList], error) {
	return a.jobPage(ctx, in.OrgPath, in.Page, identity.JobKind(in.Kind))
}

func (a *api) listImports(ctx context.Context, in *struct {
	OrgPath
	Page
}) (*body[jobList], error) {
	return a.jobPage(ctx, in.OrgPath, in.Page, identity.JobImport)
}

func (a *api) jobPage(ctx context.Context, org OrgPath, page Page, kind identity.JobKind) (*body[jobList], error) {
	scope := []any{"jobs", org.Org, kind}
	after, err := page.after(scope...)
	if err != nil {
		return nil, err
	}
	jobs, err := a.service.Reader().Jobs(ctx, org.id(), kind, identity.JobID(after), page.Limit+1)
	if err != nil {
		return nil, err
	}
	list := jobList{Jobs: []Job{}}
	if len(jobs) > page.Limit {
		jobs = jobs[:page.Limit]
		list.NextCursor = nextCursor(string(jobs[page.Limit-1].ID), scope...)
	}
	for _, job := range jobs {
		list.Jobs = append(list.Jobs, showJob(job))
	}
	return &body[jobList]{list}, nil
}

// InvitationRequest says who gets an invitation again.
type InvitationRequest struct {
	Users []string `json:"users,omitempty" nullable:"false" doc:"Ids of users, at most 20,000"`
	All   bool     `json:"all,omitempty" doc:"Instead of ids: everybody who is not verified"`
}

// maxInvitations is room for as many ids as one call may name.
const maxInvitations = bulk.MaxInvited*64 + maxBody

func (a *api) inviteUsers(ctx context.Context, in *struct {
	OrgPath
	Body InvitationRequest
}) (*body[Job], error) {
	if in.Body.All == (len(in.Body.Users) > 0) {
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "give either the ids of users or all: true").At("body")
	}
	var who bulk.Invited
	for _, id := range in.Body.Users {
		who.Accounts = append(who.Accounts, identity.AccountID(id))
	}
	return started(a.jobs.StartInvitations(ctx, callerOf(ctx).actor(), in.id(), who))
}

// started shows a job that has just been started.
func started(job identity.Job, err error) (*body[Job], error) {
	if err != nil {
		return nil, err
	}
	return &body[Job]{showJob(job)}, nil
}

func showJob(j identity.Job) Job {
	shown := Job{
		ID: string(j.ID), Kind: string(j.Kind), State: string(j.State), Processed: j.Processed, Succeeded: j.Succeeded, Failed: j.Failed,
		Error: j.Error, By: showActor(j.By), CreatedAt: j.CreatedAt, StartedAt: instant(j.StartedAt), FinishedAt: instant(j.FinishedAt),
		ExpiresAt: instant(j.ExpiresAt),
	}
	if j.Total >= 0 {
		shown.Total = &j.Total
	}
	if note, err := directory.NoteOf(j); err == nil {
		shown.Connector, shown.Phase, shown.Plan, shown.Run, shown.Code = string(note.Connector), note.Phase, string(note.Plan), string(note.Run), string(note.Code)
	}
	var o bulk.ImportOptions // which claims by file have too
	if (j.Kind == identity.JobImport || j.Kind == identity.JobClaim) && json.Unmarshal(j.Options, &o) == nil {
		shown.DryRun, shown.RemoveServices = o.DryRun, o.RemoveServices
	}
	return shown
}
