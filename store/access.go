package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const tokenColumns = `id, org_id, name, profile, hash, me, created_at, revoked_at`

func scanToken(r *sql.Rows) (t identity.Token, err error) {
	return t, r.Scan(scanID(&t.ID), scanID(&t.Org), &t.Name, &t.Profile, &t.Hash, scanID(&t.Me), instant{&t.CreatedAt}, instant{&t.RevokedAt})
}

func (r reader) TokenByHash(ctx context.Context, hash string) (identity.Token, error) {
	return one(ctx, r.run, unknownToken, scanToken, selectToken, hash)
}

const selectToken = `SELECT ` + tokenColumns + ` FROM tokens WHERE hash = $1`

func (r reader) Tokens(ctx context.Context, org identity.OrgID) ([]identity.Token, error) {
	return list(ctx, r.run, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE org_id = $1 ORDER BY id`, org)
}

func (t *transaction) InsertToken(ctx context.Context, k identity.Token) error {
	_, err := t.exec(ctx, `INSERT INTO tokens (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, k.Org, k.Name, k.Profile, k.Hash, orNull(k.Me), k.CreatedAt, k.RevokedAt)
	return err
}

// RevokeToken keeps the first instant of a token that is revoked again.
func (t *transaction) RevokeToken(ctx context.Context, org identity.OrgID, id identity.TokenID, at time.Time) error {
	defer t.shared.forget()
	return t.write(ctx, unknownToken, `UPDATE tokens SET revoked_at = COALESCE(revoked_at, $3) WHERE org_id = $1 AND id = $2`, org, id, at)
}

const grantColumns = `org_id, issuer, subject, role, created_at`

func scanGrant(r *sql.Rows) (g identity.Grant, err error) {
	return g, r.Scan(scanID(&g.Org), &g.Issuer, &g.Subject, text(&g.Role), instant{&g.CreatedAt})
}

func (r reader) GrantsOf(ctx context.Context, issuer, subject string) ([]identity.Grant, error) {
	return list(ctx, r.run, scanGrant,
		`SELECT `+grantColumns+` FROM grants WHERE issuer = $1 AND subject = $2 ORDER BY org_id`, issuer, subject)
}

func (r reader) Grants(ctx context.Context, org identity.OrgID) ([]identity.Grant, error) {
	return list(ctx, r.run, scanGrant, `SELECT `+grantColumns+` FROM grants WHERE org_id = $1 ORDER BY issuer, subject`, org)
}

func (r reader) FullAdministrators(ctx context.Context, org identity.OrgID) ([]identity.AccountID, error) {
	// A look-up for each person, of whom there are few: a join may read all bindings of a large organization.
	return list(ctx, r.run, scanAccountID, `SELECT account_id FROM (SELECT issuer, subject, (SELECT account_id FROM bindings
			WHERE bindings.issuer = grants.issuer AND bindings.subject = grants.subject AND (bindings.org_id = $1) IS TRUE) AS account_id
		FROM grants WHERE org_id = $1 AND role = $2) AS full_administrators WHERE account_id IS NOT NULL ORDER BY issuer, subject`, org, identity.RoleFull)
}

func (t *transaction) PutGrant(ctx context.Context, g identity.Grant) error {
	defer t.shared.forget()
	_, err := t.exec(ctx, `INSERT INTO grants (`+grantColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id, issuer, subject) DO UPDATE SET role = excluded.role`, g.Org, g.Issuer, g.Subject, g.Role, g.CreatedAt)
	return err
}

func (t *transaction) DeleteGrant(ctx context.Context, org identity.OrgID, issuer, subject string) error {
	defer t.shared.forget()
	return t.write(ctx, unknownGrant, `DELETE FROM grants WHERE org_id = $1 AND issuer = $2 AND subject = $3`, org, issuer, subject)
}

const domainColumns = `org_id, name, state, updated_at`

func scanDomain(r *sql.Rows) (d identity.Domain, err error) {
	return d, r.Scan(scanID(&d.Org), &d.Name, text(&d.State), instant{&d.UpdatedAt})
}

func (r reader) Domains(ctx context.Context, org identity.OrgID) ([]identity.Domain, error) {
	return list(ctx, r.run, scanDomain, `SELECT `+domainColumns+` FROM domains WHERE org_id = $1 ORDER BY name`, org)
}

const selectDomain = `SELECT ` + domainColumns + ` FROM domains WHERE name = $1 ORDER BY org_id`

func (r reader) DomainHolders(ctx context.Context, name string) ([]identity.Domain, error) {
	return list(ctx, r.run, scanDomain, selectDomain, name)
}

func (t *transaction) PutDomain(ctx context.Context, d identity.Domain) error {
	defer t.shared.forget()
	_, err := t.exec(ctx, `INSERT INTO domains (`+domainColumns+`, reversed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id, name) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at`,
		d.Org, d.Name, d.State, d.UpdatedAt, reversedLabels(d.Name))
	return err
}

func (t *transaction) DeleteDomain(ctx context.Context, org identity.OrgID, name string) error {
	defer t.shared.forget()
	return t.write(ctx, unknownDomain, `DELETE FROM domains WHERE org_id = $1 AND name = $2`, org, name)
}
