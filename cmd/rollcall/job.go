package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"rollcall/admin"
)

type jobCmd struct {
	List    jobListCmd    `cmd:"" help:"List an organization's imports, exports and other jobs."`
	Show    jobShowCmd    `cmd:"" help:"Show how far a job is, and how it ended."`
	Results jobResultsCmd `cmd:"" help:"Write what came of each row of a job, as CSV."`
}

type jobListCmd struct {
	apiFlags
	orgFlag
	Kind string `enum:",import,export,invite,template,claim,plan,apply" default:"" placeholder:"KIND" help:"Only jobs of this kind: import, export, invite, template, claim, plan or apply."`
	place
}

// Run lists the jobs, the newest first.
func (c *jobListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		jobs, next, err := list[admin.Job](o.apiClient, o.at("jobs"), "jobs", url.Values{"kind": {c.Kind}}, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(jobs, func(w io.Writer) error {
			rows := make([][]string, len(jobs))
			for i, j := range jobs {
				rows[i] = []string{j.is.ID, j.is.Kind, j.is.State, strconv.Itoa(j.is.Processed), strconv.Itoa(j.is.Failed), instant(j.is.CreatedAt)}
			}
			return table(w, []string{"ID", "KIND", "STATE", "DONE", "FAILED", "STARTED"}, rows)
		})
	})
}

type jobShowCmd struct {
	apiFlags
	orgFlag
	Job  string `arg:"" placeholder:"ID" help:"The job."`
	Wait bool   `help:"Wait until it is done."`
}

// Run shows the job. Status 2 says that rows of it failed.
func (c *jobShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var job seen[admin.Job]
		if err := o.get(o.at("jobs", c.Job), nil, &job); err != nil {
			return err
		}
		if c.Wait {
			var err error
			if job, err = o.follow(job); err != nil {
				return err
			}
		}
		return a.showJob(job)
	})
}

// showJob shows a job and turns failures into the exit status.
func (a *app) showJob(job seen[admin.Job]) error {
	j := job.is
	total := ""
	if j.Total != nil {
		total = " of " + strconv.Itoa(*j.Total)
	}
	dry := ""
	if j.DryRun {
		dry = "yes: nothing was changed"
	}
	err := a.show(job, func(w io.Writer) error {
		return properties(w, "id", j.ID, "kind", j.Kind, "state", j.State, "dry run", dry, "done", strconv.Itoa(j.Processed)+total,
			"succeeded", strconv.Itoa(j.Succeeded), "failed", strconv.Itoa(j.Failed), "error", j.Error,
			"started", instantIf(j.StartedAt), "finished", instantIf(j.FinishedAt), "results until", instantIf(j.ExpiresAt))
	})
	switch {
	case err != nil:
		return err
	case j.State == "failed":
		return fmt.Errorf("the job failed: %s", j.Error)
	case j.Failed > 0:
		return exit(2)
	}
	return nil
}

// The pace at which a job is followed.
const (
	followPause = 300 * time.Millisecond // before a job that others work on is looked at again
	followSteps = 5                      // of own work before it is told how far the job is
)

// follow shows how far a job is until it is done. On the database the command works on it itself, unless a server is faster.
func (c *orgClient) follow(job seen[admin.Job]) (seen[admin.Job], error) {
	p := newProgress(c.stderr)
	defer p.end()
	for {
		total := 0
		if job.is.Total != nil {
			total = *job.is.Total
		}
		p.tell(phaseOf(job.is), job.is.Processed, total)
		if job.is.State == "done" || job.is.State == "failed" {
			return job, nil
		}
		if err := c.goOn(); err != nil {
			return job, c.left(p, job.is.ID, err)
		}
		if err := c.get(c.at("jobs", job.is.ID), nil, &job); err != nil {
			return job, c.left(p, job.is.ID, err)
		}
	}
}

// left says how to come back to a job that is no longer followed, because of err.
func (c *orgClient) left(p *progress, job string, err error) error {
	p.end()
	c.say("The job is not done; go on with rollcall job show --wait --org %s %s", c.id, job)
	return err
}

// goOn does a part of the work that is due, or waits for others to do it.
func (c *orgClient) goOn() error {
	done := 0
	if c.local != nil {
		var err error
		if done, err = c.local.jobs.Work(c.ctx, followSteps); err != nil && c.ctx.Err() == nil {
			return fmt.Errorf("the job cannot go on now: %w", err)
		}
	}
	if done > 0 {
		return c.ctx.Err()
	}
	select {
	case <-c.ctx.Done():
		return c.ctx.Err()
	case <-time.After(followPause):
		return nil
	}
}

type jobResultsCmd struct {
	apiFlags
	orgFlag
	Job string `arg:"" placeholder:"ID" help:"The job."`
	outFlag
}

// Run writes the results.
func (c *jobResultsCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error { return o.save(c.Out, o.at("jobs", c.Job, "results"), nil) })
}

// outFlag says where a file goes.
type outFlag struct {
	Out string `short:"o" placeholder:"FILE" help:"Where to write; without it, standard output."`
}

// save writes a file of the API. A file that does not come in whole does not stand where the whole one would.
func (c *apiClient) save(path, from string, query url.Values) error {
	if path == "" || path == "-" {
		return c.download(from, query, c.stdout)
	}
	return writeWhole(path, func(w io.Writer) error { return c.download(from, query, w) })
}
