package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

const challengeColumns = `org_id, name, token, created_at`

func scanChallenge(r *sql.Rows) (h identity.Challenge, err error) {
	return h, r.Scan(scanID(&h.Org), &h.Name, &h.Token, instant{&h.CreatedAt})
}

func (r reader) Challenge(ctx context.Context, org identity.OrgID, name string) (identity.Challenge, error) {
	return one(ctx, r.run, unknownDomain, scanChallenge,
		`SELECT `+challengeColumns+` FROM domain_challenges WHERE org_id = $1 AND name = $2`, org, name)
}

func (r reader) Challenges(ctx context.Context, org identity.OrgID) ([]identity.Challenge, error) {
	return list(ctx, r.run, scanChallenge, `SELECT `+challengeColumns+` FROM domain_challenges WHERE org_id = $1 ORDER BY name`, org)
}

func (t *transaction) PutChallenge(ctx context.Context, h identity.Challenge) error {
	_, err := t.exec(ctx, `INSERT INTO domain_challenges (`+challengeColumns+`) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, name) DO UPDATE SET token = excluded.token, created_at = excluded.created_at`, h.Org, h.Name, h.Token, h.CreatedAt)
	return err
}

func (t *transaction) DeleteChallenge(ctx context.Context, org identity.OrgID, name string) error {
	_, err := t.exec(ctx, `DELETE FROM domain_challenges WHERE org_id = $1 AND name = $2`, org, name)
	return err
}
