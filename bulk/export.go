package bulk

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"rollcall/identity"
)

// usersAtOnce is how many users are read at a time, and how many are in one chunk of a stored file.
const usersAtOnce = 500

// ExportOptions says what goes into an export.
type ExportOptions struct {
	Filter Filter `json:"filter,omitzero"`
}

// exportOptions is what the store keeps of it: the columns too, so that all pages have the same.
type exportOptions struct {
	ExportOptions
	Columns []storedColumn `json:"columns"`
}

type storedColumn struct {
	ID     string `json:"id"`
	Header string `json:"header"`
}

// WriteTemplate writes an empty file with all columns that an import into the organization understands (CSV-02).
func (j *Jobs) WriteTemplate(ctx context.Context, w io.Writer, org identity.OrgID) error {
	x, err := j.export(ctx, org, Filter{})
	if err != nil {
		return err
	}
	return writeRows(w, header(x.columns))
}

// StartExport has the users that a filter means written into a file in the background, which can be had for 7 days (CSV-06).
func (j *Jobs) StartExport(ctx context.Context, by identity.Actor, org identity.OrgID, o ExportOptions) (identity.Job, error) {
	if err := o.Filter.check(); err != nil {
		return identity.Job{}, err
	}
	x, err := j.export(ctx, org, o.Filter)
	if err != nil {
		return identity.Job{}, err
	}
	stored := exportOptions{ExportOptions: o}
	for _, c := range x.columns {
		stored.Columns = append(stored.Columns, storedColumn{ID: c.id, Header: c.header})
	}
	n, err := j.service.Reader().CountAccounts(ctx, org, x.where)
	if err != nil {
		return identity.Job{}, err
	}
	job, err := j.newJob(org, by, identity.JobExport, n, stored)
	if err != nil {
		return identity.Job{}, err
	}
	return j.start(ctx, job)
}

// exporter does an export: each step adds one page of users to the file, the first one the header too.
func (t *turn) exporter() (stepper, error) {
	var o exportOptions
	if err := json.Unmarshal(t.job.Options, &o); err != nil {
		return nil, err
	}
	x := &export{read: t.jobs.service.Reader(), org: t.job.Org, where: o.Filter.condition(), now: t.jobs.service.Now}
	ids := make([]string, len(o.Columns))
	for i, stored := range o.Columns {
		ids[i] = stored.ID
	}
	var err error
	if x.columns, err = columnsOf(userColumns, ids); err != nil {
		return nil, err
	}
	for i, stored := range o.Columns {
		x.columns[i].header = stored.Header
	}
	return func(ctx context.Context) (bool, error) {
		var chunk bytes.Buffer
		if t.mark.Chunk == 0 {
			if err := writeRows(&chunk, header(x.columns)); err != nil {
				return false, err
			}
		}
		after, n, err := x.page(ctx, &chunk, t.mark.Account)
		if err != nil {
			return false, err
		}
		m := mark{Account: after, Chunk: t.mark.Chunk + 1}
		err = t.write(ctx, func(now time.Time) identity.Job {
			job := t.job
			job.Processed, job.Succeeded = job.Processed+n, job.Succeeded+n
			job.Next, job.LeaseUntil = m.String(), now.Add(lease)
			return job
		}, func(c *identity.Acts, job identity.Job) error {
			return c.Tx().PutJobChunk(ctx, job.Org, job.ID, m.Chunk-1, chunk.Bytes())
		})
		if err != nil {
			return false, err
		}
		t.mark = m
		return n < usersAtOnce, nil
	}, nil
}

// export turns users into rows of a file.
type export struct {
	read    identity.Reader
	org     identity.OrgID
	where   identity.Condition
	columns []column
	now     func() time.Time
}

func (j *Jobs) export(ctx context.Context, org identity.OrgID, f Filter) (*export, error) {
	read := j.service.Reader()
	s, err := sheetOf(ctx, read, org, userColumns)
	return &export{read: read, org: org, where: f.condition(), columns: s.columns(), now: j.service.Now}, err
}

// page writes the users beyond one and returns the last and how many there were; fewer than usersAtOnce, it was the last page.
func (x *export) page(ctx context.Context, w io.Writer, after identity.AccountID) (identity.AccountID, int, error) {
	accounts, err := x.read.Accounts(ctx, x.org, identity.AccountQuery{Where: x.where, After: after, Limit: usersAtOnce})
	if err != nil || len(accounts) == 0 {
		return after, 0, err
	}
	views, err := x.views(ctx, accounts)
	if err != nil {
		return after, 0, err
	}
	out := csv.NewWriter(w)
	cells := make([]string, len(x.columns))
	for _, v := range views {
		for i, c := range x.columns {
			cells[i] = c.write(v)
		}
		if err := out.Write(cells); err != nil {
			return after, 0, err
		}
	}
	out.Flush()
	return accounts[len(accounts)-1].ID, len(accounts), out.Error()
}

func (x *export) views(ctx context.Context, accounts []identity.Account) ([]view, error) {
	now := x.now()
	views := make([]view, 0, len(accounts))
	managers := map[string]string{}
	for _, a := range accounts {
		v := view{account: a, now: now, licences: map[identity.Licence]bool{}}
		var err error
		if v.profile, err = a.Profile.Object(); err != nil {
			return nil, err
		}
		id := managerOf(v.profile)
		name, known := managers[id]
		if !known {
			if name, err = managerName(ctx, x.read, x.org, v.profile); err != nil {
				return nil, err
			}
			managers[id] = name
		}
		v.manager = name
		views = append(views, v)
	}
	return views, x.licences(ctx, views)
}

// licences fills in the licences of a page of users.
func (x *export) licences(ctx context.Context, views []view) error {
	if !slices.ContainsFunc(x.columns, func(c column) bool { return c.role == licenses }) {
		return nil
	}
	ids := make([]identity.AccountID, 0, len(views))
	byID := make(map[identity.AccountID]view, len(views))
	for _, v := range views {
		ids = append(ids, v.account.ID)
		byID[v.account.ID] = v
	}
	list, err := x.read.AssignmentsAmong(ctx, x.org, ids)
	for _, a := range list {
		byID[a.Account].licences[a.Licence] = true
	}
	return err
}

func writeRows(w io.Writer, rows ...[]string) error {
	out := csv.NewWriter(w)
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("bulk: write a row: %w", err)
	}
	return nil
}
