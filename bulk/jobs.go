package bulk

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"rollcall/identity"
)

// kept is how long the results and files of a finished job can be had (CSV-06).
const kept = 7 * 24 * time.Hour

// Jobs starts jobs, works on them and gives out what came of them.
type Jobs struct {
	service *identity.Service
	logger  *slog.Logger
}

// New returns the jobs of a service.
func New(service *identity.Service, logger *slog.Logger) *Jobs {
	return &Jobs{service: service, logger: logger}
}

// Forget deletes the rows and files of jobs that finished 7 days ago or earlier (CSV-06). It is for a worker to call now and then.
func (j *Jobs) Forget(ctx context.Context) error { return j.service.ForgetJobFiles(ctx) }

// mark is where to go on with a job.
type mark struct {
	Uploading bool               `json:"uploading,omitempty"` // the rows are still on their way into the store
	Row       int                `json:"row,omitempty"`       // the last one that is done
	Account   identity.AccountID `json:"account,omitempty"`   // the last one that was looked at
	Chunk     int                `json:"chunk,omitempty"`     // of the file: how many there are
	Seats     seatsTaken         `json:"seats,omitempty"`     // in a dry run: those that would be taken by now
	Tries     int                `json:"tries,omitempty"`     // how often the next step has failed
}

func (m mark) String() string {
	raw, err := json.Marshal(m)
	if err != nil {
		panic("bulk: strings and numbers can always be encoded: " + err.Error())
	}
	return string(raw)
}

func markOf(j identity.Job) (mark, error) {
	var m mark
	if j.Next == "" {
		return m, nil
	}
	return m, json.Unmarshal([]byte(j.Next), &m)
}

// newJob is a job that waits for its turn.
func (j *Jobs) newJob(org identity.OrgID, by identity.Actor, kind identity.JobKind, total int, options any) (identity.Job, error) {
	raw, err := json.Marshal(options)
	return identity.Job{
		ID: identity.JobID(j.service.NewID()), Org: org, Kind: kind, State: identity.JobQueued, By: by, Options: raw, Total: total,
		CreatedAt: j.service.Now(), Version: 1,
	}, err
}

// start stores a job that needs no rows.
func (j *Jobs) start(ctx context.Context, job identity.Job) (identity.Job, error) {
	err := j.service.Transact(ctx, job.Org, job.By, func(c *identity.Acts) error { return insert(ctx, c, job) })
	if err != nil {
		return identity.Job{}, err
	}
	return job, nil
}

func insert(ctx context.Context, c *identity.Acts, job identity.Job) error {
	if err := c.Tx().InsertJob(ctx, job); err != nil {
		return err
	}
	return c.TellOfJob(ctx, identity.JobStarted, job)
}

// finished returns a job as it is when nothing is left to do.
func finished(job identity.Job, now time.Time) identity.Job {
	job.State, job.FinishedAt, job.ExpiresAt, job.LeaseUntil = identity.JobDone, now, now.Add(kept), time.Time{}
	return job
}

// failed returns a job that cannot go on. What it did stays done, and its results can be had as long as any.
func failed(job identity.Job, now time.Time, why string) identity.Job {
	job = finished(job, now)
	job.State, job.Error = identity.JobFailed, why
	return job
}
