package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

const bindingColumns = `issuer, subject, org_id, account_id, created_at`

func scanBinding(r *sql.Rows) (b identity.Binding, err error) {
	return b, r.Scan(&b.Issuer, &b.Subject, scanID(&b.Org), scanID(&b.Account), instant{&b.CreatedAt})
}

func (r reader) Binding(ctx context.Context, issuer, subject string) (identity.Binding, error) {
	return one(ctx, r.run, unknownBinding, scanBinding,
		`SELECT `+bindingColumns+` FROM bindings WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

func (r reader) BindingsOf(ctx context.Context, org identity.OrgID, account identity.AccountID) ([]identity.Binding, error) {
	return list(ctx, r.run, scanBinding,
		`SELECT `+bindingColumns+` FROM bindings WHERE org_id = $1 AND account_id = $2 ORDER BY issuer, subject`, org, account)
}

func (t *transaction) InsertBinding(ctx context.Context, b identity.Binding) error {
	defer t.shared.forget()
	_, err := t.exec(ctx, `INSERT INTO bindings (`+bindingColumns+`) VALUES ($1, $2, $3, $4, $5)`,
		b.Issuer, b.Subject, b.Org, b.Account, b.CreatedAt)
	return err
}

func (t *transaction) DeleteBinding(ctx context.Context, org identity.OrgID, issuer, subject string) error {
	defer t.shared.forget()
	return t.write(ctx, unknownBinding, `DELETE FROM bindings WHERE org_id = $1 AND issuer = $2 AND subject = $3`, org, issuer, subject)
}

const relationshipColumns = `managing, managed, role, created_at`

func scanRelationship(rows *sql.Rows) (r identity.Relationship, err error) {
	return r, rows.Scan(scanID(&r.Managing), scanID(&r.Managed), text(&r.Role), instant{&r.CreatedAt})
}

func (r reader) ManagedBy(ctx context.Context, managed identity.OrgID) ([]identity.Relationship, error) {
	return list(ctx, r.run, scanRelationship,
		`SELECT `+relationshipColumns+` FROM relationships WHERE managed = $1 ORDER BY managing`, managed)
}

func (r reader) Manages(ctx context.Context, managing identity.OrgID) ([]identity.Relationship, error) {
	return list(ctx, r.run, scanRelationship,
		`SELECT `+relationshipColumns+` FROM relationships WHERE managing = $1 ORDER BY managed`, managing)
}

func (t *transaction) PutRelationship(ctx context.Context, r identity.Relationship) error {
	_, err := t.exec(ctx, `INSERT INTO relationships (`+relationshipColumns+`) VALUES ($1, $2, $3, $4)
		ON CONFLICT (managing, managed) DO UPDATE SET role = excluded.role`, r.Managing, r.Managed, r.Role, r.CreatedAt)
	return err
}

func (t *transaction) DeleteRelationship(ctx context.Context, managing, managed identity.OrgID) error {
	return t.write(ctx, unknownPartner, `DELETE FROM relationships WHERE managing = $1 AND managed = $2`, managing, managed)
}

const providerColumns = `org_id, issuer, audience, clients, active, created_at, updated_at`

func scanProvider(r *sql.Rows) (p identity.IdentityProvider, err error) {
	return p, r.Scan(scanID(&p.Org), &p.Issuer, &p.Audience, &p.Clients, &p.Active, instant{&p.CreatedAt}, instant{&p.UpdatedAt})
}

func (r reader) IdentityProviders(ctx context.Context, org identity.OrgID) ([]identity.IdentityProvider, error) {
	return list(ctx, r.run, scanProvider, `SELECT `+providerColumns+` FROM identity_providers WHERE org_id = $1 ORDER BY issuer`, org)
}

func (r reader) IdentityProviderOf(ctx context.Context, issuer string) (identity.IdentityProvider, error) {
	return one(ctx, r.run, unknownProvider, scanProvider, `SELECT `+providerColumns+` FROM identity_providers WHERE issuer = $1`, issuer)
}

func (t *transaction) PutIdentityProvider(ctx context.Context, p identity.IdentityProvider) error {
	n, err := t.exec(ctx, `INSERT INTO identity_providers (`+providerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (issuer) DO UPDATE SET audience = excluded.audience, clients = excluded.clients, active = excluded.active,
			updated_at = excluded.updated_at
		WHERE identity_providers.org_id = excluded.org_id`,
		p.Org, p.Issuer, p.Audience, p.Clients, p.Active, p.CreatedAt, p.UpdatedAt)
	if err == nil && n == 0 {
		return t.conn.failed(identity.Refuse(identity.Conflict, identity.RuleIssuerTaken,
			"another organization has registered this issuer; an issuer speaks for the people of one organization").At("issuer"))
	}
	return err
}

func (t *transaction) DeleteIdentityProvider(ctx context.Context, org identity.OrgID, issuer string) error {
	return t.write(ctx, unknownProvider, `DELETE FROM identity_providers WHERE org_id = $1 AND issuer = $2`, org, issuer)
}
