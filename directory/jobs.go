package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"rollcall/identity"
)

// Jobs plans and applies in the background, for somebody who does not wait for it but wants to see how far it is. Any number of servers may
// work on them over the same store; how far one is, and what came of it, is in the store.
type Jobs struct {
	service *identity.Service
	syncer  *Syncer
	logger  *slog.Logger
	sleep   func(context.Context, time.Duration) error
}

// NewJobs returns the jobs of a syncer.
func NewJobs(service *identity.Service, syncer *Syncer, logger *slog.Logger) *Jobs {
	return &Jobs{service: service, syncer: syncer, logger: logger, sleep: sleep}
}

// WithSleep returns the jobs with another way to wait between two notes of how far one is.
func (j *Jobs) WithSleep(sleep func(context.Context, time.Duration) error) *Jobs {
	changed := *j
	changed.sleep = sleep
	return &changed
}

// errand is what a job shall do.
type errand struct {
	Connector identity.ConnectorID `json:"connector"`
	Kind      identity.SyncKind    `json:"kind,omitempty"`   // of a reading
	Purge     Purging              `json:"purge,omitzero"`   // of a plan: who is deleted for good with it
	Undoes    identity.RunID       `json:"undoes,omitempty"` // instead of a reading: the run that is taken back
	Plan      identity.PlanID      `json:"plan,omitempty"`   // that is applied; none: what is read is applied at once
	First     int                  `json:"first,omitempty"`  // steps, and then a pause; 0: all
}

// Note is what there is to say of a job that synchronizes, beside what every job has.
type Note struct {
	Connector identity.ConnectorID `json:"connector,omitempty"`
	Phase     string               `json:"phase,omitempty"` // what it is at
	Plan      identity.PlanID      `json:"plan,omitempty"`  // that it made, or applies
	Run       identity.RunID       `json:"run,omitempty"`
	Code      identity.Rule        `json:"code,omitempty"` // why it failed
	Takes     int                  `json:"takes,omitempty"`
}

// NoteOf reads what there is to say of a job; nothing if it is one that does not synchronize.
func NoteOf(j identity.Job) (Note, error) {
	var n Note
	if j.Kind != identity.JobPlan && j.Kind != identity.JobApply {
		return n, nil
	}
	if j.Next != "" {
		if err := json.Unmarshal([]byte(j.Next), &n); err != nil {
			return n, fmt.Errorf("directory: decode note of job %s: %w", j.ID, err)
		}
	}
	var e errand
	if err := json.Unmarshal(j.Options, &e); err != nil {
		return n, fmt.Errorf("directory: decode options of job %s: %w", j.ID, err)
	}
	n.Connector, n.Plan = e.Connector, cmp.Or(n.Plan, e.Plan)
	return n, nil
}

func (n Note) encode() (string, error) {
	raw, err := json.Marshal(n)
	return string(raw), err
}

// StartPlan starts a job that makes a plan, see [Syncer.PlanPurging]. An organization has one at a time.
func (j *Jobs) StartPlan(ctx context.Context, by identity.Actor, org identity.OrgID, connector identity.ConnectorID, kind identity.SyncKind, purge Purging) (identity.Job, error) {
	n, err := j.service.Reader().Connector(ctx, org, connector)
	if err != nil {
		return identity.Job{}, err
	}
	if err := purge.check(); err != nil {
		return identity.Job{}, err
	}
	if !purge.All {
		if _, err := j.syncer.purged(ctx, n, purge); err != nil {
			return identity.Job{}, err
		}
	}
	return j.start(ctx, by, org, identity.JobPlan, errand{Connector: connector, Kind: kind, Purge: purge}, func(c *identity.Acts) error {
		n, err := c.Tx().Connector(ctx, org, connector)
		if err != nil || kind == ReadFull {
			return err
		}
		_, err = bookmarkOf(n)
		return err
	})
}

// StartUndo starts a job that makes a plan that takes back a run, see [Syncer.Undo]. It is a plan like any other: one is made at a time.
func (j *Jobs) StartUndo(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.RunID) (identity.Job, error) {
	run, _, err := j.syncer.undoable(ctx, org, id)
	if err != nil {
		return identity.Job{}, err
	}
	return j.start(ctx, by, org, identity.JobPlan, errand{Connector: run.Connector, Undoes: id}, func(*identity.Acts) error { return nil })
}

// StartApply starts a job that applies a plan, see [Syncer.Apply]; with first, its first steps (see [Syncer.ApplyFirst]). What can be told
// without beginning is refused at once.
func (j *Jobs) StartApply(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.PlanID, first int) (identity.Job, error) {
	p, err := j.service.Reader().Plan(ctx, org, id)
	if err != nil {
		return identity.Job{}, err
	}
	return j.start(ctx, by, org, identity.JobApply, errand{Connector: p.Connector, Plan: id, First: first}, func(c *identity.Acts) error {
		return mayApply(ctx, c, org, id)
	})
}

// StartRun starts a job that plans and applies in one go, unless a guard holds the plan: see [Syncer.Run] and [Syncer.RunIncremental]. Its note
// has a run if something was applied, and else the plan alone.
func (j *Jobs) StartRun(ctx context.Context, by identity.Actor, org identity.OrgID, connector identity.ConnectorID, kind identity.SyncKind) (identity.Job, error) {
	return j.start(ctx, by, org, identity.JobApply, errand{Connector: connector, Kind: kind}, func(c *identity.Acts) error {
		n, err := c.Tx().Connector(ctx, org, connector)
		if err != nil {
			return err
		}
		if err := switchedOn(c.Org()); err != nil || kind == ReadFull {
			return err
		}
		_, err = bookmarkOf(n)
		return err
	})
}

// mayApply refuses what would be refused anyway once the job has begun.
func mayApply(ctx context.Context, c *identity.Acts, org identity.OrgID, id identity.PlanID) error {
	tx := c.Tx()
	p, err := tx.Plan(ctx, org, id)
	if err != nil {
		return err
	}
	n, err := tx.Connector(ctx, org, p.Connector)
	if err != nil {
		return err
	}
	runs, err := tx.Runs(ctx, org, "", "", 100)
	if err != nil {
		return err
	}
	for _, run := range runs {
		unfinished := run.State == identity.RunRunning || run.State == identity.RunPaused
		switch {
		case unfinished && run.Plan == id:
			return switchedOn(c.Org())
		case run.State == identity.RunPaused:
			return paused(run)
		}
	}
	if err := applicable(p, n, c.Org(), runs); err != nil {
		return err
	}
	return knowsLastClaim(ctx, tx, p)
}

func (j *Jobs) start(ctx context.Context, by identity.Actor, org identity.OrgID, kind identity.JobKind, e errand, check func(*identity.Acts) error) (identity.Job, error) {
	options, err := json.Marshal(e)
	if err != nil {
		return identity.Job{}, err
	}
	job := identity.Job{ID: identity.JobID(j.service.NewID()), Org: org, Kind: kind, State: identity.JobQueued, By: by, Options: options, Total: -1, Version: 1}
	err = j.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		if err := check(c); err != nil {
			return err
		}
		job.CreatedAt = c.Now()
		if err := c.Tx().InsertJob(ctx, job); err != nil {
			return err
		}
		return c.TellOfJob(ctx, identity.JobStarted, job)
	})
	if err != nil {
		return identity.Job{}, err
	}
	return job, nil
}
