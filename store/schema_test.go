package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

var ctx = context.Background()

func openTemp(t testing.TB) *Store {
	t.Helper()
	s, err := Open(ctx, "sqlite:"+migratedFile(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// migratedFile returns the path of a new database file, as package fresh makes them, which uses this one: under the race detector reading the
// migrations takes longer than most tests do.
func migratedFile(t testing.TB) string {
	t.Helper()
	content, err := migratedOnce()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "rollcall.db")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

var migratedOnce = sync.OnceValues(func() (content []byte, err error) {
	folder, err := os.MkdirTemp("", "rollcall-store-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "rollcall.db")
	if _, err := Migrate(ctx, "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// writerOf returns the one writer of a SQLite database.
func writerOf(s *Store) *writer { return s.transactor.(*writer) }

// column returns the only column of a query.
func columnOf(t testing.TB, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string, args ...any) []string {
	t.Helper()
	found, err := db.QueryContext(ctx, query, args...)
	require.NoError(t, err)
	defer found.Close()
	var values []string
	for found.Next() {
		var v string
		require.NoError(t, found.Scan(&v))
		values = append(values, v)
	}
	require.NoError(t, found.Err())
	return values
}

func TestEveryUniqueConstraintHasItsMeaning(t *testing.T) {
	s := openTemp(t)
	inSchema := map[string]string{}
	for _, table := range columnOf(t, s.readers, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`) {
		for _, index := range columnOf(t, s.readers, `SELECT name FROM pragma_index_list(?) WHERE "unique"`, table) {
			columns := columnOf(t, s.readers, `SELECT name FROM pragma_index_info(?) ORDER BY seqno`, index)
			if strings.HasPrefix(index, "sqlite_autoindex") {
				index = table
			}
			inSchema[index] = table + "." + strings.Join(columns, ", "+table+".")
		}
	}
	inTable := map[string]string{}
	for _, u := range uniquenesses {
		inTable[u.index] = u.columns
		require.Equal(t, u.rule == identifier, u.detail == "", "%s: a refusal needs words for whoever meets it", u.index)
	}
	require.Equal(t, inSchema, inTable)
}

func TestConnectionsAreSetUpAsMeant(t *testing.T) {
	s := openTemp(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0", "wal_autocheckpoint": "16000"} {
		require.Equal(t, []string{want}, columnOf(t, writerOf(s).conn, "PRAGMA "+pragma), "writer: %s", pragma)
	}
	require.Equal(t, []string{"1"}, columnOf(t, s.readers, "PRAGMA query_only"))
	_, err := s.readers.ExecContext(ctx, "DELETE FROM organizations")
	require.ErrorContains(t, err, "readonly")
	require.Equal(t, []string{"ok"}, columnOf(t, s.readers, "PRAGMA integrity_check"))
	require.GreaterOrEqual(t, s.readers.Stats().MaxOpenConnections, 2)
}

// explaining keeps the plans of the queries that run.
type explaining struct {
	pool
	t     testing.TB
	plans []string
}

func (e *explaining) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	bound, err := bind(args)
	require.NoError(e.t, err)
	plan, err := e.db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+e.dialect.rebind(query), bound...)
	require.NoError(e.t, err)
	defer plan.Close()
	for plan.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(e.t, plan.Scan(&id, &parent, &unused, &detail))
		e.plans = append(e.plans, detail)
	}
	return e.pool.query(ctx, query, args...)
}

func TestEveryQueryUsesAnIndex(t *testing.T) {
	s := openTemp(t)
	e := &explaining{pool: pool{s.readers, s.dialect}, t: t}
	asked := map[string]bool{}
	for name, c := range queries(reader{run: e, dialect: s.dialect}) {
		t.Run(name, func(t *testing.T) {
			e.plans = nil
			if err := c.ask(); !identity.IsNotFound(err) {
				require.NoError(t, err)
			}
			plan := strings.ReplaceAll(strings.Join(e.plans, "\n"), "SCAN CONSTANT ROW", "") // what a SELECT without FROM does
			require.Equal(t, c.unread, plan == "")
			if !c.whole {
				require.NotContains(t, plan, "SCAN ", "a whole table is read")
			}
			if !c.sorted {
				require.NotContains(t, plan, "TEMP B-TREE", "rows are sorted that an index has in order")
			}
			for _, want := range c.want {
				require.Contains(t, plan, want)
			}
		})
		asked[strings.Fields(name)[0]] = true
	}
	for method := range reflect.TypeFor[identity.Reader]().Methods() {
		require.True(t, asked[method.Name], "%s has no case", method.Name)
	}
}
