package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

// byID is how the server finds an account by its id, as in the checks of foreign keys, if it keeps the plan for all ids.
func byID(t *testing.T, s *Store) string {
	t.Helper()
	tx, err := s.readers.Begin()
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }() // it writes nothing
	for _, statement := range []string{"SET LOCAL enable_seqscan = off", "SET LOCAL plan_cache_mode = force_generic_plan",
		"PREPARE by_id AS SELECT 1 FROM accounts WHERE org_id = $1 AND id = $2"} {
		_, err := tx.Exec(statement)
		require.NoError(t, err)
	}
	plan := columnOf(t, tx, "EXPLAIN EXECUTE by_id (NULL, NULL)")
	_, err = tx.Exec("DEALLOCATE by_id")
	require.NoError(t, err)
	return strings.Join(plan, "\n")
}

func TestPostgres_ManyNewAccountsAreFoundByTheRightIndexBeforeTheServerLooksByItself(t *testing.T) {
	s := openServer(t, fixtures.NewDatabase(t)) // one in which nothing was deleted
	require.Contains(t, byID(t, s), "Filter", "the server knows nothing yet")
	require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
		var failed error
		for i := range firstAnalysis {
			failed = errors.Join(failed, tx.InsertAccount(ctx, newAccount(fmt.Sprint("user-", i), 10), nil))
		}
		return failed
	}))
	require.Eventually(t, func() bool { return !strings.Contains(byID(t, s), "Filter") }, time.Minute, 10*time.Millisecond)
}

func TestPostgres_WhatOneServerHasHadLookedAtNoOtherHasLookedAtAgain(t *testing.T) {
	address := fixtures.NewDatabase(t) // one in which nothing was deleted
	looked := func(s *Store) []string {
		s.transactor.(*sessions).analyses.Wait()
		return columnOf(t, s.readers, "SELECT CAST(analyze_count AS text) FROM pg_stat_user_tables WHERE relname = 'accounts'")
	}
	grow := func(s *Store, first, n int) {
		require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
			var failed error
			for i := range n {
				failed = errors.Join(failed, tx.InsertAccount(ctx, newAccount(fmt.Sprint("user-", first+i), 10), nil))
			}
			return failed
		}))
	}
	one, other := openServer(t, address), openServer(t, address)
	grow(one, 0, firstAnalysis)
	once := looked(one)
	require.Equal(t, []string{"1"}, once)
	grow(other, firstAnalysis, firstAnalysis)
	require.Equal(t, once, looked(other), "there are only twice as many")
	third := openServer(t, address)
	grow(third, 2*firstAnalysis, 10*firstAnalysis)
	looked(third) // a table that is being looked at is left out
	require.NoError(t, other.transactor.(*sessions).analyze(ctx))
	require.NotEqual(t, once, looked(other), "there are many more")
}
