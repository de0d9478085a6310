package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const connectorColumns = `id, org_id, name, kind, settings, last_good_count, last_good_at, last_good_server, cursor, secret, domain,
	created_at, updated_at, version`

func scanConnector(r *sql.Rows) (n identity.Connector, err error) {
	return n, r.Scan(scanID(&n.ID), scanID(&n.Org), &n.Name, &n.Kind, document{&n.Settings}, &n.LastGoodCount, instant{&n.LastGoodAt},
		&n.LastGoodServer, document{&n.Cursor}, &n.Secret, &n.Domain, instant{&n.CreatedAt}, instant{&n.UpdatedAt}, &n.Version)
}

func (r reader) Connector(ctx context.Context, org identity.OrgID, id identity.ConnectorID) (identity.Connector, error) {
	return one(ctx, r.run, unknownConnector, scanConnector,
		`SELECT `+connectorColumns+` FROM connectors WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Connectors(ctx context.Context, org identity.OrgID) ([]identity.Connector, error) {
	return list(ctx, r.run, scanConnector, `SELECT `+connectorColumns+` FROM connectors WHERE org_id = $1 ORDER BY name`, org)
}

func (t *transaction) InsertConnector(ctx context.Context, n identity.Connector) error {
	_, err := t.exec(ctx, `INSERT INTO connectors (`+connectorColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)`,
		n.ID, n.Org, n.Name, n.Kind, n.Settings, n.LastGoodCount, n.LastGoodAt, n.LastGoodServer, n.Cursor, n.Secret, n.Domain, n.CreatedAt, n.UpdatedAt)
	return err
}

func (t *transaction) UpdateConnector(ctx context.Context, n identity.Connector) error {
	changed, err := t.exec(ctx, `UPDATE connectors SET name = $4, kind = $5, settings = $6, last_good_count = $7, last_good_at = $8,
		last_good_server = $9, created_at = $10, updated_at = $11, cursor = $12, secret = $13, domain = $14, version = version + 1 WHERE org_id = $1 AND id = $2 AND version = $3`,
		n.Org, n.ID, n.Version, n.Name, n.Kind, n.Settings, n.LastGoodCount, n.LastGoodAt, n.LastGoodServer, n.CreatedAt, n.UpdatedAt, n.Cursor, n.Secret, n.Domain)
	if err == nil && changed == 0 {
		return t.stale(ctx, unknownConnector, `SELECT version FROM connectors WHERE org_id = $1 AND id = $2`, n.Org, n.ID)
	}
	return err
}

// DeleteConnector leaves the schedule, plans and runs to the schema's cascade. Groups become the administrators' own.
func (t *transaction) DeleteConnector(ctx context.Context, org identity.OrgID, id identity.ConnectorID) error {
	clear(t.accounts)
	if _, err := t.exec(ctx, `UPDATE accounts SET connector_id = NULL, object_id = NULL, dn = NULL, version = version + 1
		WHERE connector_id = $1 AND org_id = $2`, id, org); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE groups SET connector_id = NULL, object_id = NULL, dn = NULL, source = 'manual', version = version + 1
		WHERE connector_id = $1 AND org_id = $2`, id, org); err != nil {
		return err
	}
	return t.write(ctx, unknownConnector, `DELETE FROM connectors WHERE org_id = $1 AND id = $2`, org, id)
}

const planColumns = `id, org_id, connector_id, created_at, hash, state, summary, approved_by, mismatched, undoes, dropped_at, version`

func planFields(p *identity.Plan) []any {
	return []any{scanID(&p.ID), scanID(&p.Org), scanID(&p.Connector), instant{&p.CreatedAt}, &p.Hash, text(&p.State), document{&p.Summary},
		&p.ApprovedBy, &p.Mismatched, scanID(&p.Undoes), instant{&p.DroppedAt}, &p.Version}
}

func scanPlan(r *sql.Rows) (p identity.Plan, err error) { return p, r.Scan(planFields(&p)...) }

func scanWholePlan(r *sql.Rows) (p identity.Plan, err error) {
	return p, r.Scan(append(planFields(&p), &p.Body)...)
}

func (r reader) Plan(ctx context.Context, org identity.OrgID, id identity.PlanID) (identity.Plan, error) {
	return one(ctx, r.run, unknownPlan, scanWholePlan, `SELECT `+planColumns+`, body FROM plans
		LEFT JOIN plan_bodies ON plan_id = id WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Plans(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, after identity.PlanID, limit int) ([]identity.Plan, error) {
	return newest(ctx, r, scanPlan, `SELECT `+planColumns+` FROM plans`, org, connector, after, limit)
}

func (r reader) PlansToDrop(ctx context.Context, applied, others time.Time, limit int) ([]identity.Plan, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanPlan, `SELECT `+planColumns+` FROM plans WHERE dropped_at IS NULL AND created_at <= $2 AND state <> 'applying'
		AND (created_at <= $1 OR state <> 'applied') ORDER BY created_at LIMIT $3`, applied, others, limit)
}

func (t *transaction) DropPlan(ctx context.Context, p identity.Plan) error {
	n, err := t.exec(ctx, `UPDATE plans SET state = $4, dropped_at = $5, version = version + 1 WHERE org_id = $1 AND id = $2 AND version = $3`,
		p.Org, p.ID, p.Version, p.State, p.DroppedAt)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownPlan, `SELECT version FROM plans WHERE org_id = $1 AND id = $2`, p.Org, p.ID)
	}
	if err != nil {
		return err
	}
	if _, err = t.exec(ctx, `DELETE FROM plan_bodies WHERE plan_id = $1`, p.ID); err != nil {
		return err
	}
	return t.DropPlanPhotos(ctx, p.Org, p.ID)
}

// newest completes a query on plans or runs, whose ids are greater the later they were made.
func newest[T any, ID ~string](ctx context.Context, r reader, scan func(*sql.Rows) (T, error), query string, org identity.OrgID, connector identity.ConnectorID, after ID, limit int) ([]T, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query += ` WHERE org_id = ` + c.arg(org)
	if connector != "" {
		query += ` AND connector_id = ` + c.arg(connector)
	}
	if after != "" {
		query += ` AND id < ` + c.arg(after)
	}
	return list(ctx, r.run, scan, query+` ORDER BY id DESC LIMIT `+c.arg(limit), c.args...)
}

func (t *transaction) InsertPlan(ctx context.Context, p identity.Plan) error {
	if _, err := t.exec(ctx, `INSERT INTO plans (`+planColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)`,
		p.ID, p.Org, p.Connector, p.CreatedAt, p.Hash, p.State, p.Summary, p.ApprovedBy, p.Mismatched, orNull(p.Undoes), p.DroppedAt); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO plan_bodies (plan_id, body) VALUES ($1, $2)`, p.ID, p.Body)
	return err
}

func (t *transaction) UpdatePlan(ctx context.Context, p identity.Plan) error {
	n, err := t.exec(ctx, `UPDATE plans SET state = $4, approved_by = $5, version = version + 1
		WHERE org_id = $1 AND id = $2 AND version = $3`, p.Org, p.ID, p.Version, p.State, p.ApprovedBy)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownPlan, `SELECT version FROM plans WHERE org_id = $1 AND id = $2`, p.Org, p.ID)
	}
	return err
}

const runColumns = `id, org_id, connector_id, plan_id, state, actor_kind, actor_id, actor_name, actor_org, started_at, finished_at,
	next_step, report, version`

func scanRun(rows *sql.Rows) (r identity.Run, err error) {
	return r, rows.Scan(scanID(&r.ID), scanID(&r.Org), scanID(&r.Connector), scanID(&r.Plan), text(&r.State), text(&r.Actor.Kind), &r.Actor.ID,
		&r.Actor.Name, scanID(&r.Actor.Org), instant{&r.StartedAt}, instant{&r.FinishedAt}, &r.NextStep, document{&r.Report}, &r.Version)
}

func (r reader) Run(ctx context.Context, org identity.OrgID, id identity.RunID) (identity.Run, error) {
	return one(ctx, r.run, unknownRun, scanRun, `SELECT `+runColumns+` FROM runs WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Runs(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, after identity.RunID, limit int) ([]identity.Run, error) {
	return newest(ctx, r, scanRun, `SELECT `+runColumns+` FROM runs`, org, connector, after, limit)
}

func (t *transaction) InsertRun(ctx context.Context, r identity.Run) error {
	_, err := t.exec(ctx, `INSERT INTO runs (`+runColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)`,
		r.ID, r.Org, r.Connector, r.Plan, r.State, r.Actor.Kind, r.Actor.ID, r.Actor.Name, r.Actor.Org, r.StartedAt, r.FinishedAt, r.NextStep, r.Report)
	return err
}

func (t *transaction) UpdateRun(ctx context.Context, r identity.Run) error {
	n, err := t.exec(ctx, `UPDATE runs SET state = $4, started_at = $5, finished_at = $6, next_step = $7, report = $8,
		version = version + 1 WHERE org_id = $1 AND id = $2 AND version = $3`,
		r.Org, r.ID, r.Version, r.State, r.StartedAt, r.FinishedAt, r.NextStep, r.Report)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownRun, `SELECT version FROM runs WHERE org_id = $1 AND id = $2`, r.Org, r.ID)
	}
	return err
}
