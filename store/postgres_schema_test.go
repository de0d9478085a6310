package store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
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
