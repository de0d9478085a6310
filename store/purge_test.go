package store

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// expiries are what goes when its time is over, with how SQLite finds it.
var expiries = map[string]struct {
	purge
	sqlite string // in its plan
	server string // the indexes that PostgreSQL uses
}{
	"messages that were sent":    {sentMessages, "INDEX messages_sent (sent_at<?)", "messages_pkey messages_sent"},
	"receipts":                   {oldReceipts, "INDEX receipts_created (created_at<?)", "receipts_created receipts_pkey"},
	"links that expired":         {expiredLinks, "INDEX links_expired (expires_at<?)", "links_expired links_pkey"},
	"rows of jobs that expired":  {expiredJobFiles[0], "INDEX jobs_expiry (expires_at<?)", "job_rows_pkey jobs_expiry"},
	"files of jobs that expired": {expiredJobFiles[1], "INDEX jobs_expiry (expires_at<?)", "job_chunks_pkey jobs_expiry"},
}

func TestSQLite_WhatIsForgottenIsFoundByAnIndex(t *testing.T) {
	s := openTemp(t)
	for name, c := range expiries {
		t.Run(name, func(t *testing.T) {
			plan := planOf(t, s, c.statement(), time.Unix(9, 0), 10)
			require.NotContains(t, plan, "SCAN ")
			require.NotContains(t, plan, "TEMP B-TREE")
			require.Contains(t, plan, c.sqlite)
		})
	}
	plan := planOf(t, s, dropStrayPhotos, time.Unix(9, 0))
	require.NotContains(t, plan, "SCAN ")
	require.Contains(t, plan, "INDEX plan_photos_staged (staged_at<?)")
}

// findForgotten tries how PostgreSQL finds what is forgotten, in tables as large as those for the other queries.
func findForgotten(t *testing.T, s *Store) {
	for name, c := range expiries {
		t.Run(name, func(t *testing.T) {
			for how, manner := range map[string]planManner{
				"what is asked":     {setting: "SET LOCAL enable_seqscan = off"}, // as in the store's transactions
				"whatever is asked": {setting: "SET LOCAL enable_seqscan = off", generic: true},
			} {
				used := usedIndexes(t, s, manner, how, c.statement(), time.UnixMicro(100), 10)
				require.Equal(t, c.server, used, how)
			}
		})
	}
}

// usedIndexes are the indexes by which PostgreSQL finds the rows that a statement deletes, of which it must not sort more than it deletes.
func usedIndexes(t testing.TB, s *Store, manner planManner, how, statement string, args ...any) string {
	t.Helper()
	p := &planning{pool: pool{s.readers, s.dialect}, t: t, manner: manner}
	none, err := p.query(ctx, statement, args...)
	require.NoError(t, err)
	require.NoError(t, none.Close())
	used := map[string]bool{}
	for _, plan := range p.plans {
		plan.all(func(n planNode) {
			require.NotEqual(t, "Seq Scan", n.Type, "%s: the table %s is read", how, n.Table)
			require.NotEqual(t, "Sort", n.Type, "%s: rows are sorted that an index has in order", how)
			if n.Index != "" {
				require.NotEmpty(t, n.Cond, "%s: the index %s is read from its beginning", how, n.Index)
				used[n.Index] = true
			}
		})
	}
	return strings.Join(slices.Sorted(maps.Keys(used)), " ")
}
