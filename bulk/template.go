package bulk

import (
	"context"
	"encoding/json"
	"slices"

	"rollcall/identity"
)

// templateOptions is what the store keeps of a template job.
type templateOptions struct {
	Group    identity.GroupID   `json:"group,omitempty"`
	Removed  []identity.Licence `json:"removed,omitempty"`
	Preserve bool               `json:"preserve"`
}

// StartTemplate brings a licence template to the users who are there already (LIC-03): the direct members of its group, or
// everybody for the organization's own. It belongs into the transaction that changes the template. removed are the licences that
// the template has lost; with preserve nobody loses them. One such job runs in an organization at a time; another one is JOB_RUNNING.
func (j *Jobs) StartTemplate(ctx context.Context, c *identity.Acts, by identity.Actor, group identity.GroupID, removed []identity.Licence, preserve bool) (identity.Job, error) {
	org := c.Org().ID
	count := func() (int, error) { return c.Tx().CountAccounts(ctx, org, nil) }
	if group != "" {
		if _, err := c.Tx().Group(ctx, org, group); err != nil {
			return identity.Job{}, err
		}
		count = func() (int, error) { return c.Tx().CountMembers(ctx, org, group) }
	}
	n, err := count()
	if err != nil {
		return identity.Job{}, err
	}
	job, err := j.newJob(org, by, identity.JobTemplate, n, templateOptions{Group: group, Removed: slices.Clone(removed), Preserve: preserve})
	if err != nil {
		return identity.Job{}, err
	}
	return job, insert(ctx, c, job)
}

// templater does a template job.
func (t *turn) templater() (stepper, error) {
	var o templateOptions
	if err := json.Unmarshal(t.job.Options, &o); err != nil {
		return nil, err
	}
	rows := t.walk(nil)
	if o.Group != "" {
		rows = t.members(o.Group)
	}
	return t.step(task{rows: rows, walks: true, act: o.apply}), nil
}

// apply tells a user who was brought to the template from one who was there by the event that every change of licences makes.
func (o templateOptions) apply(ctx context.Context, c *identity.Acts, row identity.JobRow) (result, error) {
	r := result{name: string(row.Account), account: row.Account, outcome: Unchanged}
	a, err := c.Tx().Account(ctx, c.Org().ID, row.Account)
	if err != nil {
		return r, err
	}
	r.name = nameOf(a)
	before, _, err := c.Tx().ChainHead(ctx, c.Org().ID)
	if err != nil {
		return r, err
	}
	if err := c.ApplyTemplate(ctx, row.Account, o.Removed, o.Preserve); err != nil {
		return r, err
	}
	after, _, err := c.Tx().ChainHead(ctx, c.Org().ID)
	if after != before {
		r.outcome = Changed
	}
	return r, err
}

// members returns the members of a group as rows, in the order of their ids.
func (t *turn) members(group identity.GroupID) func(context.Context, int) ([]identity.JobRow, error) {
	return func(ctx context.Context, limit int) ([]identity.JobRow, error) {
		ids, err := t.jobs.service.Reader().Members(ctx, t.job.Org, group, t.mark.Account, limit)
		if identity.IsNotFound(err) {
			return nil, nil // the group has been deleted, and its template with it
		}
		rows := make([]identity.JobRow, 0, len(ids))
		for i, id := range ids {
			rows = append(rows, identity.JobRow{Number: t.job.Processed + i + 1, Account: id, Input: input{Name: string(id)}.encode()})
		}
		return rows, err
	}
}
