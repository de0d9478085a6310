package store

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	files, err := migrations.ReadDir("migrations/sqlite")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var numbers []int64
	for _, file := range files {
		n, err := strconv.ParseInt(file.Name()[:5], 10, 64)
		require.NoError(t, err)
		numbers = append(numbers, n)
	}
	numbers = slices.AppendSeq(numbers, maps.Keys(inGo))
	slices.Sort(numbers)
	for i, n := range numbers {
		require.EqualValues(t, i+1, n)
	}
	require.EqualValues(t, len(numbers), historyOf("sqlite").latest())
}

func TestCheckSchemaChangesNothing(t *testing.T) {
	path := t.TempDir() + "/rollcall.db"
	for _, prepare := range []func() error{
		func() error { return nil },
		func() error { return os.WriteFile(path, nil, 0o600) },
	} {
		require.NoError(t, prepare())
		schema, err := CheckSchema(ctx, "sqlite:"+path)
		require.NoError(t, err)
		require.Zero(t, schema.Version)
		require.Len(t, schema.Pending, int(historyOf("sqlite").latest()))
		require.True(t, schema.Rolling(), "nobody works on it yet")
		require.False(t, schema.UpToDate())
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Size())

	before, err := Migrate(ctx, "sqlite:"+path)
	require.NoError(t, err)
	require.Zero(t, before.Version)
	for range 2 {
		schema, err := CheckSchema(ctx, "sqlite:"+path)
		require.NoError(t, err)
		require.True(t, schema.UpToDate())
		before, err = Migrate(ctx, "sqlite:"+path)
		require.NoError(t, err)
		require.True(t, before.UpToDate(), "there is nothing left to do")
	}
}

func TestStoresThatOpenANewDatabaseAtTheSameTimeAllSucceed(t *testing.T) {
	for range 5 {
		url := "sqlite:" + t.TempDir() + "/new/rollcall.db"
		var all sync.WaitGroup
		failures := make([]error, 8)
		for i := range failures {
			all.Go(func() {
				s, err := Open(ctx, url)
				if err == nil {
					err = errors.Join(insert(s, newAccount(strconv.Itoa(i), 10)), s.Close())
				}
				failures[i] = err
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(failures...))
		s, err := Open(ctx, url)
		require.NoError(t, err)
		n, err := s.CountAccounts(ctx, identity.ConsumerOrgID, nil)
		require.NoError(t, err)
		require.Equal(t, len(failures), n)
		organizations, err := s.Organizations(ctx, "", 10)
		require.NoError(t, err)
		require.Len(t, organizations, 1, "migrated once")
		require.NoError(t, s.Close())
	}
}

func TestASchemaOfANewerProgramIsRefusedAndLeftAlone(t *testing.T) {
	path := t.TempDir() + "/rollcall.db"
	url := "sqlite:" + path
	s, err := Open(ctx, url)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db := openSQLite(path, migrationConnection)
	newer := historyOf("sqlite").latest() + 1
	_, err = db.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", newer)
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, "UPDATE schema_oldest SET version = ?", newer)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	_, err = Open(ctx, url)
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	require.ErrorContains(t, err, "newer program")
	_, err = Migrate(ctx, url)
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	schema, err := CheckSchema(ctx, url)
	require.NoError(t, err)
	require.Equal(t, []int64{newer, newer - 1, newer}, []int64{schema.Version, schema.Latest, schema.Oldest})
	require.Empty(t, schema.Pending)
	require.False(t, schema.UpToDate())
}

func TestAnOpenStoreKnowsItsSchema(t *testing.T) {
	s := openTemp(t)
	v, err := s.SchemaVersion(ctx)
	require.NoError(t, err)
	require.Equal(t, historyOf("sqlite").latest(), v)
}
