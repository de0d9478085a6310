package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const scheduleColumns = `connector_id, org_id, full_every, incremental_every, next_full_at, next_incremental_at, failures, failing_since,
	quarantined_at, trouble, attempt_at, attempt_kind, success_at, success_kind, success_run, lease_by, lease_until`

func scanSchedule(r *sql.Rows) (s identity.Schedule, err error) {
	err = r.Scan(scanID(&s.Connector), scanID(&s.Org), seconds{&s.FullEvery}, seconds{&s.IncrementalEvery}, instant{&s.NextFullAt},
		instant{&s.NextIncrementalAt}, &s.Failures, instant{&s.FailingSince}, instant{&s.QuarantinedAt}, &s.Trouble, instant{&s.AttemptAt},
		text(&s.AttemptKind), instant{&s.SuccessAt}, text(&s.SuccessKind), scanID(&s.SuccessRun), &s.LeaseBy, instant{&s.LeaseUntil}, &s.Version)
	return s, err
}

func (r reader) Schedule(ctx context.Context, org identity.OrgID, connector identity.ConnectorID) (identity.Schedule, error) {
	return one(ctx, r.run, unknownSchedule, scanSchedule, `SELECT `+scheduleColumns+`, version FROM sync_schedules WHERE org_id = $1 AND connector_id = $2`,
		org, connector)
}

func (r reader) SchedulesDue(ctx context.Context, now time.Time, limit int) ([]identity.Schedule, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanSchedule, `SELECT `+scheduleColumns+`, version FROM sync_schedules WHERE due_at <= $1
		AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = org_id AND o.sync_mode = 'auto' AND o.state = 'active')
		ORDER BY due_at LIMIT $2`, now, limit)
}

func (t *transaction) InsertSchedule(ctx context.Context, s identity.Schedule) error {
	_, err := t.exec(ctx, `INSERT INTO sync_schedules (`+scheduleColumns+`, due_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)`,
		s.Connector, s.Org, wholeSeconds(s.FullEvery), wholeSeconds(s.IncrementalEvery), s.NextFullAt, s.NextIncrementalAt, s.Failures, s.FailingSince,
		s.QuarantinedAt, s.Trouble, s.AttemptAt, s.AttemptKind, s.SuccessAt, s.SuccessKind, orNull(s.SuccessRun), s.LeaseBy, s.LeaseUntil, s.DueAt())
	return err
}

func (t *transaction) UpdateSchedule(ctx context.Context, s identity.Schedule) error {
	n, err := t.exec(ctx, `UPDATE sync_schedules SET full_every = $4, incremental_every = $5, next_full_at = $6, next_incremental_at = $7, failures = $8,
		failing_since = $9, quarantined_at = $10, trouble = $11, attempt_at = $12, attempt_kind = $13, success_at = $14, success_kind = $15,
		success_run = $16, lease_by = $17, lease_until = $18, due_at = $19, version = version + 1 WHERE org_id = $1 AND connector_id = $2 AND version = $3`,
		s.Org, s.Connector, s.Version, wholeSeconds(s.FullEvery), wholeSeconds(s.IncrementalEvery), s.NextFullAt, s.NextIncrementalAt, s.Failures,
		s.FailingSince, s.QuarantinedAt, s.Trouble, s.AttemptAt, s.AttemptKind, s.SuccessAt, s.SuccessKind, orNull(s.SuccessRun), s.LeaseBy,
		s.LeaseUntil, s.DueAt())
	if err == nil && n == 0 {
		return t.stale(ctx, unknownSchedule, `SELECT version FROM sync_schedules WHERE org_id = $1 AND connector_id = $2`, s.Org, s.Connector)
	}
	return err
}

// seconds scans whole seconds.
type seconds struct{ *time.Duration }

func (d seconds) Scan(src any) error {
	var n sql.NullInt64
	err := n.Scan(src)
	*d.Duration = time.Duration(n.Int64) * time.Second
	return err
}

func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }
