package identity

import (
	"context"
	"encoding/json"
	"time"
)

// JobKind is what a job does.
type JobKind string

// The kinds of jobs.
const (
	JobImport   JobKind = "import"   // people from a file (CSV-01)
	JobExport   JobKind = "export"   // people into a file (CSV-06)
	JobInvite   JobKind = "invite"   // invitations to many people (USR-23)
	JobTemplate JobKind = "template" // a licence template brought to existing users (LIC-03)
	JobClaim    JobKind = "claim"    // users of other organizations claimed by a file (CLM-33)
)

// The kinds of jobs that synchronize. They are worked on apart from the others, because a directory may take its time.
const (
	JobPlan  JobKind = "plan"  // a directory is read, and what to do planned (DIR-03)
	JobApply JobKind = "apply" // a plan is applied
)

// JobState is where a job stands.
type JobState string

// The states of jobs.
const (
	JobQueued  JobState = "queued"
	JobRunning JobState = "running"
	JobDone    JobState = "done"
	JobFailed  JobState = "failed" // it could not go on; what it did before stays done
)

// Job is work in the background for one organization. At most one of a kind, other than exports, is queued or running in an
// organization at a time (CSV-01, USR-23).
type Job struct {
	ID         JobID
	Org        OrgID
	Kind       JobKind
	State      JobState
	By         Actor
	Options    json.RawMessage // the kind's own
	Total      int             // rows or people; -1: not known yet
	Processed  int
	Succeeded  int
	Failed     int
	Next       string // where to go on after an interruption; the kind's own
	Error      string // why the job failed, for people
	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	ExpiresAt  time.Time // when its rows and chunks are deleted; zero: not yet finished
	LeaseUntil time.Time // until then somebody works on it
	Version    int64
}

// JobRow is one row of a job and what came of it. Rows are numbered from 1.
type JobRow struct {
	Number  int
	Input   json.RawMessage // the kind's own; nil once it is not needed any more
	Done    bool
	Outcome string    // a word of the kind's own: "created", "changed", "unchanged", "failed", …
	Account AccountID // may be empty
	Code    Rule      // why it failed
	Message string    // why it failed, or what else there is to say
}

// JobReader reads jobs. It is part of [Reader].
type JobReader interface {
	Job(ctx context.Context, org OrgID, id JobID) (Job, error)
	// Jobs lists the newest first, of one kind unless it is empty, at most limit older than the given one.
	Jobs(ctx context.Context, org OrgID, kind JobKind, after JobID, limit int) ([]Job, error)
	// JobsOpen is crossing: jobs of these kinds that are queued, or running without a lease at now, the oldest first, at most limit.
	JobsOpen(ctx context.Context, kinds []JobKind, now time.Time, limit int) ([]Job, error)
	// JobRows lists rows in the order of their numbers, at most limit beyond the given one.
	JobRows(ctx context.Context, org OrgID, id JobID, after, limit int) ([]JobRow, error)
	// JobChunk returns the n-th part of the job's file, from 0; NotFound beyond the last.
	JobChunk(ctx context.Context, org OrgID, id JobID, n int) ([]byte, error)
}

// JobTx writes jobs. It is part of [Tx].
type JobTx interface {
	// InsertJob refuses a second job of a kind that runs alone with Conflict and JOB_RUNNING.
	InsertJob(ctx context.Context, j Job) error
	UpdateJob(ctx context.Context, j Job) error
	InsertJobRows(ctx context.Context, org OrgID, id JobID, rows []JobRow) error
	UpdateJobRow(ctx context.Context, org OrgID, id JobID, row JobRow) error
	// PutJobChunk stores or replaces the n-th part of the job's file.
	PutJobChunk(ctx context.Context, org OrgID, id JobID, n int, data []byte) error
	// DeleteJobFiles is crossing: it deletes rows and chunks of jobs that expired at now or before, at most limit. It returns how many.
	DeleteJobFiles(ctx context.Context, now time.Time, limit int) (int, error)
}
