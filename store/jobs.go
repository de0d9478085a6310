package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"rollcall/identity"
)

const jobColumns = `org_id, id, kind, state, actor, options, total, processed, succeeded, failed, next, error, created_at, started_at,
	finished_at, expires_at, lease_until, version`

func scanJob(r *sql.Rows) (j identity.Job, err error) {
	var by storedActor
	err = r.Scan(scanID(&j.Org), scanID(&j.ID), text(&j.Kind), text(&j.State), structured{&by}, document{&j.Options}, &j.Total, &j.Processed,
		&j.Succeeded, &j.Failed, &j.Next, &j.Error, instant{&j.CreatedAt}, instant{&j.StartedAt}, instant{&j.FinishedAt}, instant{&j.ExpiresAt},
		instant{&j.LeaseUntil}, &j.Version)
	j.By = identity.Actor(by)
	return j, err
}

func (r reader) Job(ctx context.Context, org identity.OrgID, id identity.JobID) (identity.Job, error) {
	return one(ctx, r.run, unknownJob, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE org_id = $1 AND id = $2`, org, id)
}

// Jobs relies on ids that are made later being greater.
func (r reader) Jobs(ctx context.Context, org identity.OrgID, kind identity.JobKind, after identity.JobID, limit int) ([]identity.Job, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query := `SELECT ` + jobColumns + ` FROM jobs WHERE org_id = ` + c.arg(org)
	if kind != "" {
		query += ` AND kind = ` + c.arg(kind)
	}
	if after != "" {
		query += ` AND id < ` + c.arg(after)
	}
	return list(ctx, r.run, scanJob, query+` ORDER BY id DESC LIMIT `+c.arg(limit), c.args...)
}

func (r reader) JobsOpen(ctx context.Context, kinds []identity.JobKind, now time.Time, limit int) ([]identity.Job, error) {
	if err := positive(limit); err != nil || len(kinds) == 0 {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query := `SELECT ` + jobColumns + ` FROM jobs WHERE state IN ('queued', 'running')
		AND (state = 'queued' OR COALESCE(lease_until, 0) <= ` + c.arg(now) + `) AND kind IN (`
	for i, kind := range kinds {
		if i > 0 {
			query += `, `
		}
		query += c.arg(kind)
	}
	query += `) AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = jobs.org_id AND o.state = 'deleting') ORDER BY id LIMIT ` + c.arg(limit)
	return list(ctx, r.run, scanJob, query, c.args...)
}

const jobRowColumns = `number, input, done, outcome, account_id, code, message`

func scanJobRow(r *sql.Rows) (row identity.JobRow, err error) {
	return row, r.Scan(&row.Number, document{&row.Input}, &row.Done, &row.Outcome, scanID(&row.Account), text(&row.Code), &row.Message)
}

func (r reader) JobRows(ctx context.Context, org identity.OrgID, id identity.JobID, after, limit int) ([]identity.JobRow, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanJobRow, `SELECT `+jobRowColumns+` FROM job_rows WHERE org_id = $1 AND job_id = $2 AND number > $3
		ORDER BY number LIMIT $4`, org, id, after, limit)
}

func (r reader) JobChunk(ctx context.Context, org identity.OrgID, id identity.JobID, n int) ([]byte, error) {
	scan := func(r *sql.Rows) (data []byte, err error) { return data, r.Scan(&data) }
	return one(ctx, r.run, unknownChunk, scan, `SELECT data FROM job_chunks WHERE org_id = $1 AND job_id = $2 AND number = $3`, org, id, n)
}

func (t *transaction) InsertJob(ctx context.Context, j identity.Job) error {
	by, err := json.Marshal(storedActor(j.By))
	if err != nil {
		return t.conn.failed(err)
	}
	_, err = t.exec(ctx, `INSERT INTO jobs (`+jobColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1)`,
		j.Org, j.ID, j.Kind, j.State, json.RawMessage(by), j.Options, j.Total, j.Processed, j.Succeeded, j.Failed, j.Next, j.Error, j.CreatedAt,
		j.StartedAt, j.FinishedAt, j.ExpiresAt, j.LeaseUntil)
	return err
}

// UpdateJob leaves alone what a job is: its kind, who asked for it and when.
func (t *transaction) UpdateJob(ctx context.Context, j identity.Job) error {
	n, err := t.exec(ctx, `UPDATE jobs SET state = $4, options = $5, total = $6, processed = $7, succeeded = $8, failed = $9, next = $10,
		error = $11, started_at = $12, finished_at = $13, expires_at = $14, lease_until = $15, version = version + 1
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		j.Org, j.ID, j.Version, j.State, j.Options, j.Total, j.Processed, j.Succeeded, j.Failed, j.Next, j.Error, j.StartedAt, j.FinishedAt,
		j.ExpiresAt, j.LeaseUntil)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownJob, `SELECT version FROM jobs WHERE org_id = $1 AND id = $2`, j.Org, j.ID)
	}
	return err
}

func (t *transaction) InsertJobRows(ctx context.Context, org identity.OrgID, id identity.JobID, rows []identity.JobRow) error {
	if err := t.jobExists(ctx, org, id); err != nil {
		return err
	}
	for part := range slices.Chunk(rows, rowsAtOnce) {
		args := make([]any, 0, 9*len(part))
		for _, row := range part {
			args = append(args, org, id, row.Number, row.Input, row.Done, row.Outcome, orNull(row.Account), row.Code, row.Message)
		}
		if _, err := t.exec(ctx, `INSERT INTO job_rows (org_id, job_id, `+jobRowColumns+`) VALUES `+placeholders(len(part), 9), args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) UpdateJobRow(ctx context.Context, org identity.OrgID, id identity.JobID, row identity.JobRow) error {
	return t.write(ctx, unknownJobRow, `UPDATE job_rows SET input = $4, done = $5, outcome = $6, account_id = $7, code = $8, message = $9
		WHERE org_id = $1 AND job_id = $2 AND number = $3`,
		org, id, row.Number, row.Input, row.Done, row.Outcome, orNull(row.Account), row.Code, row.Message)
}

func (t *transaction) PutJobChunk(ctx context.Context, org identity.OrgID, id identity.JobID, n int, data []byte) error {
	if err := t.jobExists(ctx, org, id); err != nil {
		return err
	}
	if data == nil {
		data = []byte{} // a part may be empty; only what is not there is NULL
	}
	_, err := t.exec(ctx, `INSERT INTO job_chunks (org_id, job_id, number, data) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, job_id, number) DO UPDATE SET data = excluded.data`, org, id, n, data)
	return err
}

func (t *transaction) DeleteJobFiles(ctx context.Context, now time.Time, limit int) (int, error) {
	return t.deleteAmong(ctx, expiredJobFiles, now, limit)
}

func (t *transaction) jobExists(ctx context.Context, org identity.OrgID, id identity.JobID) error {
	return t.exists(ctx, unknownJob, `SELECT 1 FROM jobs WHERE org_id = $1 AND id = $2`, org, id)
}
