package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows that fillTables gives a table, and those that grow with people.
const (
	filledRows = 2000
	peopleRows = 10000
)

var withPeople = []string{"accounts", "account_emails", "address_holds", "assignments", "bindings", "claims", "events", "group_members", "groups", "messages", "scim_exchanges"}

// filledValues are the expressions, over the number n of a row, for columns that are not a different value in each row.
// One organization has half of all that there is, a thousand have the rest; what an index leaves out is most.
var filledValues = map[string]string{
	"org_id": "tenant(n)", "managing": "key(n % 1000)", "managed": "key((n + n / 1000) % 1000)", "target": "key(n % 1000)",
	"actor_org": "org(n)", "connector_id": "key(n % 100)", "token_id": "key(n % 100)", "subscription_id": "key(n % 100)",
	"org_deletions.org_id": "key(n)", "audit_heads.org_id": "key(n)",

	"organizations.state": "CASE WHEN n % 50 = 0 THEN 'deleted' WHEN n % 50 = 1 THEN 'deleting' ELSE 'active' END", "organizations.kind": "'customer'",
	"organizations.sync_mode": "CASE WHEN n % 10 = 0 THEN 'auto' ELSE 'disabled' END", "organizations.sso_provider": "''", "organizations.active_providers": "n % 2",

	"accounts.status": "CASE WHEN n % 50 = 0 THEN 'inactive' ELSE 'active' END", "accounts.inactive_reason": "CASE WHEN n % 50 = 0 THEN 'deactivated' END",
	"accounts.source": "'scim'", "accounts.profile": "repeat('x', 500)", "accounts.shadow": "n % 100 = 1", "accounts.machine": "n % 100 = 2", "accounts.pending_since": "CASE WHEN n % 50 = 0 THEN n END",
	"address_holds.kind": "CASE WHEN n % 50 = 0 THEN 'claim' ELSE 'primary' END", "address_holds.domain": "'d' || n % 300",
	"bindings.issuer": "'i'", "grants.issuer": "'i'", "grants.role": "'full'", "receipts.caller": "'c' || n % 100",

	"claims.source": "key((n + 1) % 1000)", "claims.mode": "'deferred'", "claims.domain": "'d' || n % 300", "claims.outcome": "CASE WHEN n % 5 > 1 THEN 'kept' END",
	"domains.state":   "CASE WHEN n % 2 = 0 THEN 'claimed' ELSE 'verified' END",
	"events.kind":     "CASE WHEN n % 100 = 0 THEN 'refused' ELSE 'account.changed' END",
	"events.actor_id": "'a' || n % 100", "events.account_id": "CASE WHEN n % 4 > 0 THEN key(n % 1000) END", "events.target_id": "CASE WHEN n % 4 = 0 THEN 'x' || n % 100 END",

	"groups.source": "'manual'", "group_members.group_id": "key(n % 300)", "group_groups.group_id": "key(n % 300)",
	"items.type": "'T'", "items.attributes": "repeat('x', 500)", "item_keys.type": "'T'", "item_keys.name": "'n'",
	"jobs.kind": "'import'", "jobs.org_id": "CASE WHEN n % 100 = 0 THEN key(n) ELSE tenant(n) END", "jobs.state": "CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'done' END", "job_rows.job_id": "key(n % 100)", "job_chunks.job_id": "key(n % 100)",
	"messages.state": "CASE WHEN n % 100 = 0 THEN 'waiting' WHEN n % 100 = 1 THEN 'parked' ELSE 'sent' END", "messages.channel": "'mail'",
	"messages.account_id": "key(n % 1000)", "org_deletions.state": "CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'deleted' END",
	"plans.dropped_at": "CASE WHEN n % 10 > 0 THEN n END", "plan_photos.digest": "key(n)", "plan_photos.plan_id": "key(n % 100)", "pools.seats": "0", "pools.used": "0", "reminders.prompt": "'p'",
	"sync_schedules.connector_id": "key(n)", "sync_schedules.due_at": "CASE WHEN n % 2 = 0 THEN n END", "site_links.site": "'site' || n",
}

// fillTables makes every table of a PostgreSQL database so large that its indexes are worth it, and lets the server look. The rows refer to nothing.
func fillTables(t testing.TB, s *Store) {
	t.Helper()
	statements := []string{
		`CREATE OR REPLACE FUNCTION key(n bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT decode(md5(n::text), 'hex') $$`,
		`CREATE OR REPLACE FUNCTION org(n bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT CASE WHEN n % 2 = 0 THEN '\x00000000000070008000000000000001' ELSE key(n % 1000) END $$`,
		`CREATE OR REPLACE FUNCTION tenant(n bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT org(CASE WHEN n % 25 = 0 THEN 0 ELSE n * 2 + 1 END) $$`,
		`DELETE FROM organizations`,
		`INSERT INTO org_counts (org_id, kind, n) SELECT key(n % 1000), 'items/T' || n, n FROM generate_series(1, 3000) n`,
	}
	for _, table := range copiedTables() {
		if table.name != "clock_watch" { // which has one row
			statements = append(statements, table.filled())
		}
	}
	fillBy(t, s, statements)
}

// fillBy runs statements that fill a database in one transaction, and lets the server look at what is there.
func fillBy(t testing.TB, s *Store, statements []string) {
	t.Helper()
	tx, err := s.readers.BeginTx(ctx, nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()                                         // after the commit it does nothing
	_, err = tx.ExecContext(ctx, "SET LOCAL session_replication_role = replica") // no references are looked up, no triggers run
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := tx.ExecContext(ctx, statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, tx.Commit())
	_, err = s.readers.ExecContext(ctx, "VACUUM ANALYZE")
	require.NoError(t, err)
}

func (t copiedTable) filled() string {
	values := make([]string, len(t.columns))
	for i, c := range t.columns {
		alike := map[columnKind]string{keyKind: "key(n)", textKind: "'x' || n", numberKind: "n", flagKind: "n % 2 = 0", bytesKind: `'\x00'`}[c.kind]
		values[i] = cmp.Or(filledValues[t.name+"."+c.name], filledValues[c.name], alike)
		if c.name == "org_id" && slices.Contains(withPeople, t.name) {
			values[i] = "org(n)"
		}
	}
	rows := filledRows
	if slices.Contains(withPeople, t.name) {
		rows = peopleRows
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %d) n", t.name, t.list(), strings.Join(values, ", "), rows)
}
