package bulk

import (
	"context"
	"encoding/json"
	"slices"

	"rollcall/identity"
)

// MaxInvited is how many users can be named in one call; a [Filter] can mean more.
const MaxInvited = 20_000

// Invited says who gets an invitation again: the users of a list, or those that a filter means.
type Invited struct {
	Accounts []identity.AccountID
	Filter   Filter // without a list; the zero filter means everybody who is Not Verified
}

// inviteOptions is what the store keeps of it.
type inviteOptions struct {
	Listed bool   `json:"listed,omitempty"` // the users are the job's rows
	Filter Filter `json:"filter,omitzero"`
}

// StartInvitations has invitations sent again to many users (USR-23). One such job runs in an organization at a time; another
// one is JOB_RUNNING. Whoever had an invitation in the last 24 hours gets none and counts as suppressed.
func (j *Jobs) StartInvitations(ctx context.Context, by identity.Actor, org identity.OrgID, who Invited) (identity.Job, error) {
	if len(who.Accounts) > 0 {
		return j.inviteList(ctx, by, org, who.Accounts)
	}
	if who.Filter == (Filter{}) {
		who.Filter.Status = identity.NotVerified
	}
	if err := who.Filter.check(); err != nil {
		return identity.Job{}, err
	}
	n, err := j.service.Reader().CountAccounts(ctx, org, who.Filter.condition())
	if err != nil {
		return identity.Job{}, err
	}
	job, err := j.newJob(org, by, identity.JobInvite, n, inviteOptions{Filter: who.Filter})
	if err != nil {
		return identity.Job{}, err
	}
	return j.start(ctx, job)
}

func (j *Jobs) inviteList(ctx context.Context, by identity.Actor, org identity.OrgID, accounts []identity.AccountID) (identity.Job, error) {
	accounts = slices.Clone(accounts)
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	if len(accounts) > MaxInvited {
		return identity.Job{}, identity.Refuse(identity.Invalid, identity.RuleTooManyUsers,
			"%d users were named; name at most %d, or use a filter", len(accounts), MaxInvited).At("users")
	}
	job, err := j.newJob(org, by, identity.JobInvite, len(accounts), inviteOptions{Listed: true})
	if err != nil {
		return identity.Job{}, err
	}
	rows := make([]identity.JobRow, 0, len(accounts))
	for i, id := range accounts {
		rows = append(rows, identity.JobRow{Number: i + 1, Account: id, Input: input{Name: string(id)}.encode()})
	}
	// The identifiers are short: all of them fit into one transaction.
	err = j.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		if err := c.Tx().InsertJob(ctx, job); err != nil {
			return err
		}
		if err := c.Tx().InsertJobRows(ctx, org, job.ID, rows); err != nil {
			return err
		}
		return c.TellOfJob(ctx, identity.JobStarted, job)
	})
	if err != nil {
		return identity.Job{}, err
	}
	return job, nil
}

// inviter does an invitation job.
func (t *turn) inviter() (stepper, error) {
	var o inviteOptions
	if err := json.Unmarshal(t.job.Options, &o); err != nil {
		return nil, err
	}
	if o.Listed {
		return t.step(task{rows: t.stored, act: invite}), nil
	}
	return t.step(task{rows: t.walk(o.Filter.condition()), act: invite, walks: true}), nil
}

func invite(ctx context.Context, c *identity.Acts, row identity.JobRow) (result, error) {
	r := result{name: string(row.Account), account: row.Account, outcome: Sent}
	sent, err := c.Invite(ctx, row.Account, func(a identity.Account) error {
		r.name = nameOf(a)
		return nil
	})
	if err == nil && !sent {
		r.outcome = Suppressed
	}
	return r, err
}

// walk returns the accounts that a condition means as rows, in the order of their ids. Accounts that came after the job was
// started are not meant.
func (t *turn) walk(where identity.Condition) func(context.Context, int) ([]identity.JobRow, error) {
	all := identity.And{&identity.Compare{Field: identity.FieldCreated, Op: identity.AtMost, Time: t.job.CreatedAt}}
	if where != nil {
		all = append(all, where)
	}
	return func(ctx context.Context, limit int) ([]identity.JobRow, error) {
		accounts, err := t.jobs.service.Reader().Accounts(ctx, t.job.Org, identity.AccountQuery{Where: all, After: t.mark.Account, Limit: limit})
		rows := make([]identity.JobRow, 0, len(accounts))
		for i, a := range accounts {
			rows = append(rows, identity.JobRow{Number: t.job.Processed + i + 1, Account: a.ID, Input: input{Name: nameOf(a)}.encode()})
		}
		return rows, err
	}
}
