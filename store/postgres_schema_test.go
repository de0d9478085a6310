package store

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

// serverURL returns the url of a new database, its schema brought up, on the server that these tests share.
func serverURL(t testing.TB) string {
	t.Helper()
	return fixtures.NewDatabaseOf(t, func(url string) error {
		_, err := Migrate(ctx, url)
		return err
	})
}

// openServer opens a store in a database that is closed when the test ends.
func openServer(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(ctx, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestPostgres_EveryUniqueConstraintHasItsMeaning(t *testing.T) {
	s := openServer(t, serverURL(t))
	inSchema := map[string]string{}
	for _, line := range columnOf(t, s.readers, `SELECT i.relname || ' ' || t.relname || ' ' || string_agg(a.attname, ' ' ORDER BY k.n)
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
		CROSS JOIN unnest(x.indkey) WITH ORDINALITY k (attnum, n) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
		WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE 'goose%' AND t.relname NOT IN ('commits', 'clock_watch', 'schema_oldest')
		GROUP BY i.relname, t.relname`) {
		words := strings.Fields(line)
		index, table := strings.TrimSuffix(words[0], "_pkey"), words[1]
		inSchema[index] = table + "." + strings.Join(words[2:], ", "+table+".")
	}
	inTable := map[string]string{}
	for _, u := range uniquenesses {
		inTable[u.index] = u.columns
	}
	require.Equal(t, inSchema, inTable)
}

func TestPostgres_TheSchemaIsTheOneOfSQLite(t *testing.T) {
	s, lite := openServer(t, serverURL(t)), openTemp(t)
	const own = `table_schema = 'public' AND table_name NOT LIKE 'goose%' AND table_name NOT LIKE 'writers%' AND table_name <> 'commits'`
	columns := columnOf(t, s.readers, `SELECT table_name || '.' || column_name || ' ' || is_nullable FROM information_schema.columns WHERE `+own)
	require.ElementsMatch(t, columnOf(t, lite.readers, `SELECT m.name || '.' || c.name || ' ' || CASE WHEN c."notnull" THEN 'NO' ELSE 'YES' END
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'`), columns)
	indexes := columnOf(t, s.readers, `SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%' AND tablename <> 'commits'
		AND indexname NOT LIKE '%_pkey'`)
	require.ElementsMatch(t, columnOf(t, lite.readers, `SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite%' AND sql IS NOT NULL`), indexes)
	types := columnOf(t, s.readers, `SELECT DISTINCT data_type || COALESCE(' ' || collation_name, '') FROM information_schema.columns WHERE `+own)
	require.ElementsMatch(t, []string{"bigint", "boolean", "bytea", "text C"}, types)
}

// planning keeps how PostgreSQL answers the queries that run.
type planning struct {
	pool
	t       testing.TB
	setting string
	plans   []string
}

func (p *planning) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	bound, err := bind(args)
	require.NoError(p.t, err)
	tx, err := p.db.BeginTx(ctx, nil)
	require.NoError(p.t, err)
	defer func() { _ = tx.Rollback() }() // it writes nothing
	_, err = tx.ExecContext(ctx, p.setting)
	require.NoError(p.t, err)
	p.plans = append(p.plans, columnOf(p.t, tx, "EXPLAIN "+query, bound...)...)
	return p.pool.query(ctx, query, args...)
}

// crowded are statements that make the largest tables large enough for their indexes to be worth it.
var crowded = []string{
	`CREATE OR REPLACE FUNCTION key(n bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT decode(md5(n::text), 'hex') $$`,
	`INSERT INTO organizations SELECT (jsonb_populate_record(o, jsonb_build_object('id', key(n % 100)))).* FROM organizations o, generate_series(1, 100) n`,
	`INSERT INTO accounts (org_id, id, user_name, user_name_key, emails, profile, status, previous_status, status_at, status_event, source, shadow,
		created_at, updated_at, version, machine, pending_since)
		SELECT key(n % 100), key(n), 'user' || n, 'user' || n, '[]', '', 'active', '', n, key(n), 'scim', false, n, n, 1, false, CASE WHEN n % 50 = 0 THEN n END
		FROM generate_series(1, 10000) n`,
	`INSERT INTO address_holds (email_key, org_id, account_id, kind, domain)
		SELECT user_name || '@d' || (status_at % 30) || '.example', org_id, id, 'primary', 'd' || (status_at % 30) || '.example' FROM accounts`,
	`INSERT INTO account_emails (org_id, account_id, email) SELECT org_id, id, user_name FROM accounts`,
	`INSERT INTO bindings (issuer, subject, org_id, account_id, created_at) SELECT 'issuer', user_name, org_id, id, 1 FROM accounts`,
	`INSERT INTO grants (org_id, issuer, subject, role, created_at) SELECT org_id, 'issuer', user_name, 'full', 1 FROM accounts WHERE status_at % 5 = 0`,
	`INSERT INTO groups (org_id, id, name, source, created_at, updated_at, version, name_key, attributes)
		SELECT key(n % 100), key(n), 'group' || n, 'manual', n, n, 1, 'group' || n, '' FROM generate_series(1, 2000) n`,
	`INSERT INTO group_members (org_id, group_id, account_id) SELECT org_id, key(status_at % 2000 + CASE WHEN status_at % 2000 = 0 THEN 100 ELSE 0 END), id FROM accounts`,
	`INSERT INTO claims (id, target, source, new_account, old_account, mode, email, domain, carried, content_lost, claimed_at, outcome, version)
		SELECT key(n), key(n % 100), key((n + 1) % 100), key(n), key(n + 1), 'deferred', '', 'd', '{}', false, n, CASE WHEN n % 10 > 0 THEN 'kept' END, 1
		FROM generate_series(1, 5000) n`,
	`ANALYZE`,
}

func TestPostgres_EveryQueryUsesAnIndex(t *testing.T) {
	s := openServer(t, serverURL(t))
	for _, statement := range crowded {
		_, err := s.readers.ExecContext(ctx, statement)
		require.NoError(t, err)
	}
	p := &planning{pool: pool{s.readers, s.dialect}, t: t}
	indexScan := regexp.MustCompile(`Index (Only )?Scan`)
	for name, c := range queries(reader{run: p, dialect: s.dialect}) {
		// PostgreSQL puts the two parts of this one together and sorts what it finds of a domain; open jobs are few.
		sorted, whole := c.sorted || name == "Candidates or not", c.whole || name == "JobsOpen"
		t.Run(name, func(t *testing.T) {
			p.plans, p.setting = nil, "SET LOCAL enable_seqscan = off" // where there is another way
			if !sorted {
				p.setting += "; SET LOCAL enable_sort = off"
			}
			if err := c.ask(); !identity.IsNotFound(err) {
				require.NoError(t, err)
			}
			plan := strings.Join(p.plans, "\n")
			require.NotContains(t, plan, "Seq Scan", "a whole table is read")
			if !sorted {
				require.NotContains(t, plan, "Sort", "rows are sorted that an index has in order")
			}
			for i, line := range p.plans {
				if indexScan.MatchString(line) && !whole {
					require.True(t, i+1 < len(p.plans) && strings.Contains(p.plans[i+1], "Index Cond"), "a whole index is read:\n%s", plan)
				}
			}
		})
	}
}
