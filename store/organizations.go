package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

const organizationColumns = `id, name, kind, sync_mode, sso_provider, require_email, activation_emails, retention_days,
	retention_cut_at, enforce_verified_domains, self_registration, required_attributes, creator, active_providers, licence_templates,
	state, region, allow_content_transfer, provider_authoritative, created_at, updated_at, version`

func scanOrganization(r *sql.Rows) (identity.Organization, error) { return scanOrganizationBefore(r) }

// scanOrganizationBefore scans an organization whose columns stand before others.
func scanOrganizationBefore(r *sql.Rows, others ...any) (o identity.Organization, err error) {
	err = r.Scan(append([]any{scanID(&o.ID), &o.Name, text(&o.Kind), text(&o.SyncMode), &o.SSOProvider, &o.RequireEmail, &o.ActivationEmails,
		&o.RetentionDays, instant{&o.RetentionCutAt}, &o.EnforceVerifiedDomains, &o.SelfRegistration, &o.RequiredAttributes,
		scanID(&o.Creator), &o.ActiveProviders, &o.LicenceTemplates, text(&o.State), &o.Region, &o.AllowContentTransfer,
		&o.ProviderAuthoritative, instant{&o.CreatedAt}, instant{&o.UpdatedAt}, &o.Version}, others...)...)
	return o, err
}

func (r reader) Organization(ctx context.Context, org identity.OrgID) (identity.Organization, error) {
	return one(ctx, r.run, unknownOrganization, scanOrganization,
		`SELECT `+organizationColumns+` FROM organizations WHERE id = $1 AND state <> 'deleted'`, org)
}

func (r reader) Organizations(ctx context.Context, after identity.OrgID, limit int) ([]identity.Organization, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanOrganization,
		`SELECT `+organizationColumns+` FROM organizations WHERE id > $1 AND state <> 'deleted' ORDER BY id LIMIT $2`, after, limit)
}

func (r reader) Tombstone(ctx context.Context, org identity.OrgID) (identity.Organization, error) {
	return one(ctx, r.run, unknownOrganization, scanOrganization,
		`SELECT `+organizationColumns+` FROM organizations WHERE id = $1 AND state = 'deleted'`, org)
}

func (r reader) Tombstones(ctx context.Context, after identity.OrgID, limit int) ([]identity.Organization, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanOrganization,
		`SELECT `+organizationColumns+` FROM organizations WHERE id > $1 AND state = 'deleted' ORDER BY id LIMIT $2`, after, limit)
}

func (t *transaction) InsertOrganization(ctx context.Context, o identity.Organization) error {
	_, err := t.exec(ctx, `INSERT INTO organizations (`+organizationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 1)`,
		o.ID, o.Name, o.Kind, o.SyncMode, o.SSOProvider, o.RequireEmail, o.ActivationEmails, o.RetentionDays,
		o.RetentionCutAt, o.EnforceVerifiedDomains, o.SelfRegistration, o.RequiredAttributes, orNull(o.Creator), o.ActiveProviders,
		o.LicenceTemplates, o.State, o.Region, o.AllowContentTransfer, o.ProviderAuthoritative, o.CreatedAt, o.UpdatedAt)
	return err
}

func (t *transaction) UpdateOrganization(ctx context.Context, o identity.Organization) error {
	defer t.shared.forget()
	n, err := t.exec(ctx, `UPDATE organizations SET name = $3, kind = $4, sync_mode = $5, sso_provider = $6, require_email = $7,
		activation_emails = $8, retention_days = $9, retention_cut_at = $10, enforce_verified_domains = $11, self_registration = $12,
		required_attributes = $13, creator = $14, active_providers = $15, licence_templates = $16, created_at = $17, updated_at = $18,
		state = $19, region = $20, allow_content_transfer = $21, provider_authoritative = $22, version = version + 1
		WHERE id = $1 AND version = $2`,
		o.ID, o.Version, o.Name, o.Kind, o.SyncMode, o.SSOProvider, o.RequireEmail, o.ActivationEmails, o.RetentionDays,
		o.RetentionCutAt, o.EnforceVerifiedDomains, o.SelfRegistration, o.RequiredAttributes, orNull(o.Creator), o.ActiveProviders,
		o.LicenceTemplates, o.CreatedAt, o.UpdatedAt, o.State, o.Region, o.AllowContentTransfer, o.ProviderAuthoritative)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownOrganization, `SELECT version FROM organizations WHERE id = $1`, o.ID)
	}
	return err
}
