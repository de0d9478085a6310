package store

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

func TestPeopleOfAnOlderDatabaseGoOnAsTheyWere(t *testing.T) {
	const org identity.OrgID = "00000000-0000-7000-8000-00000000000a"
	ids := system.IDs{}
	account, token := identity.AccountID(ids.New()), identity.TokenID(ids.New())
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := openFirst(t, func(db *sql.DB) {
		d := newSQLiteDialect()
		put := func(query string, args ...any) {
			bound, err := bind(args)
			require.NoError(t, err)
			_, err = db.ExecContext(ctx, d.rebind(query), bound...)
			require.NoError(t, err)
		}
		put(`INSERT INTO organizations (id, name, kind, sync_mode, sso_provider, require_email, activation_emails, retention_days, created_at, updated_at, version)
			VALUES ($1, 'A', 'customer', 'disabled', '', 0, 1, 30, $2, $2, 1)`, org, made)
		emails, err := encodeAddresses([]identity.AccountEmail{{Value: "ada@example.com", Primary: true}})
		require.NoError(t, err)
		put(`INSERT INTO accounts (org_id, id, user_name, user_name_key, status, previous_status, inactive_reason, status_at, status_event, source, shadow,
			created_at, updated_at, version, emails, profile) VALUES ($1, $2, 'ada@example.com', 'ada@example.com', 'inactive', 'active', 'deactivated', $3, $4, 'scim',
			0, $3, $3, 7, $5, '')`, org, account, made, identity.EventID(ids.New()), emails)
		put(`INSERT INTO account_emails (org_id, account_id, email) VALUES ($1, $2, 'ada@example.com')`, org, account)
		put(`INSERT INTO address_holds (email_key, org_id, account_id, kind) VALUES ('ada@example.com', $1, $2, 'primary')`, org, account)
		put(`INSERT INTO grants (org_id, issuer, subject, role, created_at) VALUES ($1, 'https://i', 's', 'full', $2)`, org, made)
		put(`INSERT INTO domains (org_id, name, state, updated_at) VALUES ($1, 'example.com', 'claimed', $2)`, org, made)
		for name, kind := range map[string][2]string{"a": {"ad", `{"baseDNs":["OU=People, DC=Corp,DC=example"]}`}, "b": {"ad", `{"baseDNs":["DC=corp,DC=example"]}`},
			"c": {"ldif", `{"schema":"ad","baseDNs":["DC=emea,DC=corp"]}`}, "d": {"openldap", `{"baseDNs":["dc=corp,dc=example"]}`}} {
			put(`INSERT INTO connectors (id, org_id, name, kind, settings, last_good_count, last_good_server, created_at, updated_at, version)
				VALUES ($1, $2, $3, $4, $5, 0, '', $6, $6, 1)`, identity.ConnectorID("00000000-0000-7000-8000-00000000010"+name), org, name, kind[0], kind[1], made)
		}
		put(`INSERT INTO tokens (id, org_id, name, profile, hash, created_at) VALUES ($1, $2, 'okta', '', 'h', $3)`, token, org, made)
	})
	domains := map[string]string{}
	connectors, err := s.Connectors(ctx, org)
	require.NoError(t, err)
	for _, n := range connectors {
		domains[n.Name] = n.Domain
	}
	require.Equal(t, map[string]string{"a": "dc=corp,dc=example", "b": "", "c": "dc=emea,dc=corp", "d": ""}, domains, "DIR-02: the first of two for one domain has it")
	service := identity.NewService(s, at(made.Add(30*identity.Day)), ids, identity.EmailPolicy{})
	a, err := s.Account(ctx, org, account)
	require.NoError(t, err)
	require.Equal(t, "ada@example.com", a.PrimaryEmail())
	require.True(t, a.InvitedAt.IsZero() && a.PendingSince.IsZero() && a.PendingEmail == "")
	o, err := s.Organization(ctx, org)
	require.NoError(t, err)
	require.True(t, o.SelfRegistration, "as for new ones")
	require.Zero(t, o.RetentionCutAt)
	due, ok := a.PurgeAt(o)
	require.True(t, ok)
	require.Equal(t, made.Add(30*identity.Day), due.UTC(), "USR-10: the date that was shown before stays")
	grants, err := s.Grants(ctx, org)
	require.NoError(t, err)
	require.Len(t, grants, 1)
	found, err := s.TokenByHash(ctx, "h")
	require.NoError(t, err)
	require.Equal(t, token, found.ID)

	deleted, err := service.PurgeDue(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, deleted)
	_, err = s.Hold(ctx, "ada@example.com")
	require.True(t, identity.IsNotFound(err))
	require.Empty(t, verifyChain(t, s, org).Fault)
}

func TestAddressesAndDomainsOfAnOlderDatabaseAreFoundByDomain(t *testing.T) {
	const org identity.OrgID = "00000000-0000-7000-8000-00000000000a"
	keys := []string{"ada@example.com", "bob+x@mail.example.com", "é@xn--bcher-kva.example", "cyd@notexample.com"}
	domains := []string{"com", "example.com", "a.b.mail.example.com", "xn--bcher-kva.example", "notexample.com", "example.com.evil.org"}
	s := openFirst(t, func(db *sql.DB) {
		d := newSQLiteDialect()
		put := func(query string, args ...any) {
			bound, err := bind(args)
			require.NoError(t, err)
			_, err = db.ExecContext(ctx, d.rebind(query), bound...)
			require.NoError(t, err)
		}
		put(`INSERT INTO organizations SELECT $1, name, 'customer', sync_mode, sso_provider, require_email, activation_emails, retention_days,
			created_at, updated_at, version FROM organizations WHERE id = $2`, org, identity.ConsumerOrgID)
		for i, key := range keys {
			profile := ""
			if i < len(identity.MachineTypes) {
				profile = `{"userType":"` + identity.MachineTypes[i] + `"}`
			}
			put(`INSERT INTO accounts (org_id, id, user_name, user_name_key, status, previous_status, status_at, status_event, source, shadow,
				created_at, updated_at, version, emails, profile) VALUES ($1, $2, $2, $2, 'active', '', 0, $2, 'scim', 0, 0, 0, 1, '[]', $3)`, org, key, profile)
			put(`INSERT INTO address_holds (email_key, org_id, account_id, kind) VALUES ($2, $1, $2, 'primary')`, org, key)
		}
		for _, domain := range domains {
			put(`INSERT INTO domains (org_id, name, state, updated_at) VALUES ($1, $2, 'verified', 0)`, org, domain)
		}
	})
	for _, key := range keys {
		q := identity.CandidateQuery{Claimant: identity.ConsumerOrgID, Domain: identity.EmailKey(key).DomainOf(), Limit: 10}
		found, err := s.Candidates(ctx, q)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, identity.EmailKey(key), found[0].Key)
	}
	for _, domain := range domains {
		require.Equal(t, []string{reversedLabels(domain)}, columnOf(t, s.readers, `SELECT reversed FROM domains WHERE name = ?`, domain))
	}
	around, err := s.DomainsAround(ctx, "example.com")
	require.NoError(t, err)
	require.Len(t, around, 3)
	users, err := s.CountUsers(ctx, org)
	require.NoError(t, err)
	require.Equal(t, len(keys)-len(identity.MachineTypes), users, "ORG-14")
	o, err := s.Organization(ctx, org)
	require.NoError(t, err)
	require.Equal(t, identity.OrgActive, o.State)
	require.True(t, o.AllowContentTransfer)
}

// at is a clock that stands still.
type at time.Time

func (c at) Now() time.Time { return time.Time(c) }
