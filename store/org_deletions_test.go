package store

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store/storetest"
)

// tablesOf lists the tables of the schema that are not an engine's own.
func tablesOf(t testing.TB, s *Store) []string {
	return columnOf(t, s.readers, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`)
}

// stays are the tables that a purge leaves alone: the organization itself, its deletion, its audit, and its accounts, which have
// gone before.
var stays = []string{"organizations", "org_deletions", "events", "audit_heads", "accounts"}

func TestORG15_APurgeKnowsEveryTable(t *testing.T) {
	s := openTemp(t)
	purged := slices.Clone(stays)
	for _, p := range purges {
		require.NotContains(t, purged, p.table, "purged twice, or though it stays")
		purged = append(purged, p.table)
	}
	// What refers to something that goes, goes along.
	goes := func(table string) bool {
		if slices.Contains(purged, table) {
			return true
		}
		parents := columnOf(t, s.readers, `SELECT "table" FROM pragma_foreign_key_list(?) WHERE on_delete = 'CASCADE'`, table)
		return slices.ContainsFunc(parents, func(parent string) bool { return parent != "organizations" && slices.Contains(purged, parent) })
	}
	of := func(table string) []string {
		named := columnOf(t, s.readers, `SELECT name FROM pragma_table_info(?) WHERE name IN ('org_id', 'target', 'source', 'managing', 'managed')`, table)
		return append(named, columnOf(t, s.readers, `SELECT "from" FROM pragma_foreign_key_list(?) WHERE "table" = 'organizations'`, table)...)
	}
	tables := tablesOf(t, s)
	for _, table := range tables {
		if len(of(table)) > 0 {
			require.True(t, goes(table), "%s has something of an organization and is not purged with it", table)
		}
	}
	for _, table := range purged {
		require.Contains(t, tables, table)
	}
}

func TestORG15_APurgeUsesIndexes(t *testing.T) {
	s := openTemp(t)
	for _, p := range purges {
		t.Run(p.table, func(t *testing.T) {
			plan := planOf(t, s, p.statement(), identity.ConsumerOrgID, 10)
			require.NotContains(t, plan, "SCAN ")
			require.NotContains(t, plan, "TEMP B-TREE")
		})
	}
}

func planOf(t testing.TB, s *Store, statement string, args ...any) string {
	t.Helper()
	bound, err := bind(args)
	require.NoError(t, err)
	found, err := writerOf(s).conn.QueryContext(ctx, "EXPLAIN QUERY PLAN "+s.dialect.rebind(statement), bound...)
	require.NoError(t, err)
	defer found.Close()
	var plan []string
	for found.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, found.Scan(&id, &parent, &unused, &detail))
		plan = append(plan, detail)
	}
	require.NoError(t, found.Err())
	return strings.Join(plan, "\n")
}

func TestORG15_NothingOfADeletedOrganizationIsLeft(t *testing.T) {
	s := openTemp(t)
	f := storetest.Furnish(t, s)
	traces := func() []string { return slices.Sorted(maps.Keys(tracesOf(t, s, f))) }
	before := traces()
	for _, table := range tablesOf(t, s) {
		if slices.Contains([]string{"clock_watch", "plan_bodies", "schema_oldest"}, table) {
			continue // name no organization
		}
		require.Contains(t, before, table, "what is not there before cannot be missed")
	}
	exclusively := identity.Exclusive(f.Org)
	require.NoError(t, s.Do(ctx, exclusively, func(tx identity.Tx) error {
		return tx.DeleteAccount(ctx, f.Org, f.Account.ID, f.Account.Version)
	}))
	for left := true; left; {
		require.NoError(t, s.Do(ctx, exclusively, func(tx identity.Tx) error {
			n, err := tx.PurgeOrganization(ctx, f.Org, 3)
			left = n > 0
			return err
		}))
	}
	require.Equal(t, []string{"audit_heads", "claims", "events", "messages", "org_deletions", "organizations"}, traces())
	for _, column := range []string{"target", "new_account"} {
		of := map[string]string{"target": string(f.Org), "new_account": string(f.Account.ID)}[column]
		require.Empty(t, columnOf(t, s.readers, `SELECT mode FROM claims WHERE `+column+` = ?`, keyOf(of)), "only what others claimed is left")
	}
	for _, state := range columnOf(t, s.readers, `SELECT channel || ' ' || state FROM messages WHERE org_id = ?`, keyOf(string(f.Org))) {
		require.Contains(t, []string{"order waiting", "order parked"}, state)
	}
	require.Empty(t, columnOf(t, s.readers, `SELECT "table" FROM pragma_foreign_key_check`))
}

// tracesOf looks at every value of every table and counts by table those that have an organization's id, as bytes or in
// letters, or one of its people's addresses in them.
func tracesOf(t testing.TB, s *Store, f storetest.Furnished) map[string]int {
	t.Helper()
	needles := [][]byte{keyOf(string(f.Org)).([]byte), []byte(f.Org)}
	for _, address := range f.Addresses {
		needles = append(needles, []byte(address))
	}
	found := map[string]int{}
	for _, table := range tablesOf(t, s) {
		for _, row := range everythingIn(t, s, table) {
			for _, value := range row {
				if slices.ContainsFunc(needles, func(needle []byte) bool {
					return bytes.Contains(bytes.ToLower(value), needle) || bytes.Contains(value, needle)
				}) {
					found[table]++
				}
			}
		}
	}
	return found
}

// everythingIn reads a table as bytes.
func everythingIn(t testing.TB, s *Store, table string) [][][]byte {
	t.Helper()
	found, err := s.readers.QueryContext(ctx, `SELECT * FROM `+table)
	require.NoError(t, err)
	defer found.Close()
	columns, err := found.Columns()
	require.NoError(t, err)
	var all [][][]byte
	for found.Next() {
		values, row := make([]any, len(columns)), make([][]byte, len(columns))
		for i := range values {
			values[i] = &row[i]
		}
		require.NoError(t, found.Scan(values...))
		all = append(all, row)
	}
	require.NoError(t, found.Err())
	return all
}
