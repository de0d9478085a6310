package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"rollcall/identity"
)

// photoRows are photos with the entries of their accounts. The photos come first: few organizations have one of everybody.
const photoRows = `SELECT p.account_id, p.digest, p.media_type, p.width, p.height, p.size, p.updated_at, accounts.connector_id, accounts.object_id
	FROM photos p CROSS JOIN accounts WHERE accounts.org_id = p.org_id AND accounts.id = p.account_id`

func scanPhoto(r *sql.Rows) (p identity.AccountPhoto, err error) {
	return p, r.Scan(scanID(&p.Account), digestColumn{&p.Digest}, &p.MediaType, &p.Width, &p.Height, &p.Size, instant{&p.UpdatedAt},
		scanID(&p.Connector), text(&p.Object))
}

func scanBytes(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) }

func (r reader) Photos(ctx context.Context, org identity.OrgID, after identity.AccountID, limit int) ([]identity.AccountPhoto, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query := photoRows + ` AND p.org_id = ` + c.arg(org)
	if after != "" {
		query += ` AND p.account_id > ` + c.arg(after)
	}
	return list(ctx, r.run, scanPhoto, query+` ORDER BY p.account_id LIMIT `+c.arg(limit), c.args...)
}

func (r reader) PhotosOf(ctx context.Context, org identity.OrgID, accounts []identity.AccountID) ([]identity.AccountPhoto, error) {
	var all []identity.AccountPhoto
	for part := range slices.Chunk(accounts, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		found, err := list(ctx, r.run, scanPhoto, photoRows+` AND p.org_id = `+c.arg(org)+` AND p.account_id IN (`+listed(c, part)+`)`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (r reader) PhotoContent(ctx context.Context, org identity.OrgID, account identity.AccountID) ([]byte, error) {
	return one(ctx, r.run, unknownPhoto, scanBytes, `SELECT bytes FROM photo_bytes WHERE org_id = $1 AND account_id = $2`, org, account)
}

func (r reader) PlanPhoto(ctx context.Context, org identity.OrgID, plan identity.PlanID, sum string) ([]byte, error) {
	return one(ctx, r.run, unknownPhoto, scanBytes, `SELECT bytes FROM plan_photos WHERE org_id = $1 AND plan_id = $2 AND digest = $3`, org, plan, digest(sum))
}

func (t *transaction) PutPhoto(ctx context.Context, org identity.OrgID, p identity.AccountPhoto, content []byte) error {
	if _, err := t.exec(ctx, `INSERT INTO photos (org_id, account_id, digest, media_type, width, height, size, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (org_id, account_id) DO UPDATE SET digest = excluded.digest, media_type = excluded.media_type, width = excluded.width,
		height = excluded.height, size = excluded.size, updated_at = excluded.updated_at`,
		org, p.Account, digest(p.Digest), p.MediaType, p.Width, p.Height, p.Size, p.UpdatedAt); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO photo_bytes (org_id, account_id, bytes) VALUES ($1, $2, $3)
		ON CONFLICT (org_id, account_id) DO UPDATE SET bytes = excluded.bytes`, org, p.Account, content)
	return err
}

func (t *transaction) DeletePhoto(ctx context.Context, org identity.OrgID, account identity.AccountID) error {
	if err := t.write(ctx, unknownPhoto, `DELETE FROM photos WHERE org_id = $1 AND account_id = $2`, org, account); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM photo_bytes WHERE org_id = $1 AND account_id = $2`, org, account)
	return err
}

func (t *transaction) StagePhoto(ctx context.Context, p identity.PlanPhoto, content []byte) error {
	_, err := t.exec(ctx, `INSERT INTO plan_photos (org_id, plan_id, digest, connector_id, staged_at, bytes) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (org_id, plan_id, digest) DO NOTHING`, p.Org, p.Plan, digest(p.Digest), p.Connector, p.StagedAt, content)
	return err
}

func (t *transaction) DropPlanPhotos(ctx context.Context, org identity.OrgID, plan identity.PlanID) error {
	_, err := t.exec(ctx, `DELETE FROM plan_photos WHERE org_id = $1 AND plan_id = $2`, org, plan)
	return err
}

func (t *transaction) DropStrayPhotos(ctx context.Context, staged time.Time) error {
	_, err := t.exec(ctx, dropStrayPhotos, staged)
	return err
}

const dropStrayPhotos = `DELETE FROM plan_photos WHERE staged_at <= $1
	AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.id = plan_photos.plan_id AND plans.dropped_at IS NULL)`
