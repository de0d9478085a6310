package store

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

// engines are the first migration that an engine's older programs can be told about.
var engines = map[string]int64{"sqlite": 20, "postgres": 2}

func TestEveryMigrationSaysWhetherOlderProgramsCanLiveWithIt(t *testing.T) {
	for engine, first := range engines {
		files, err := fs.Glob(migrations, "migrations/"+engine+"/*.sql")
		require.NoError(t, err)
		for _, file := range files {
			text, err := migrations.ReadFile(file)
			require.NoError(t, err)
			mark := strings.SplitN(string(text), "\n", 3)[1]
			require.Contains(t, []string{expansionMark, stopMark}, mark, file)
			m, err := historyOf(engine).migration(strings.TrimPrefix(file, "migrations/"+engine+"/"))
			require.NoError(t, err)
			require.Equal(t, mark == expansionMark, m.Expansion)
			if m.Number > first {
				tells := strings.Contains(string(text), fmt.Sprintf("UPDATE schema_oldest SET version = %d;", m.Number))
				require.Equal(t, !m.Expansion, tells, "%s: a migration that older programs cannot live with has to tell them, and no other", file)
			}
		}
	}
}

// later is this program's history with more migrations.
func later(t *testing.T, engine string, more ...string) history {
	t.Helper()
	h := historyOf(engine)
	files := fstest.MapFS{}
	names, err := fs.Glob(h.files, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(h.files, name)
		require.NoError(t, err)
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for i, text := range more {
		number := h.latest() + int64(i) + 1
		text = strings.ReplaceAll(text, "NUMBER", strconv.FormatInt(number, 10))
		files[fmt.Sprintf("%05d_later.sql", number)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return history{files: files, inGo: h.inGo}
}

const (
	anExpansion = expansionMark + "\nALTER TABLE organizations ADD COLUMN motto TEXT;\n"
	aStop       = stopMark + "\nALTER TABLE organizations DROP COLUMN region;\nUPDATE schema_oldest SET version = NUMBER;\n"
)

// known returns a database as a program with a history opens it.
func known(t *testing.T, url string, h history) place {
	t.Helper()
	p, err := parseURL(url)
	require.NoError(t, err)
	if file, ok := p.(sqliteFile); ok {
		file.history = h
		return file
	}
	p.(*postgres).history = h
	return p
}

func TestAProgramThatKnowsOneMigrationLess(t *testing.T) {
	for engine := range engines {
		for name, tc := range map[string]struct {
			more                    []string
			rolling, goesOn, stages bool
		}{
			"works with a schema that was expanded":                    {[]string{anExpansion}, true, true, false},
			"does not work with one that it cannot live with":          {[]string{aStop}, false, false, false},
			"does not if one of several steps is such":                 {[]string{anExpansion, aStop}, false, false, false},
			"does not if it is expanded again after such a step":       {[]string{aStop, anExpansion}, false, false, false},
			"does not though the last step alone would have let it go": {[]string{aStop, anExpansion}, false, false, true},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				t.Parallel()
				url := "sqlite:" + t.TempDir() + "/rollcall.db"
				if engine == "postgres" {
					url = fixtures.NewDatabase(t)
				}
				older, err := Open(ctx, url)
				require.NoError(t, err)
				defer func() { require.NoError(t, older.Close()) }()
				require.NoError(t, older.Ready(ctx))
				require.NoError(t, insert(older, newAccount("before", 10)))

				if tc.stages {
					require.NoError(t, known(t, url, later(t, engine, tc.more[:1]...)).migrate(ctx))
				}
				newer := known(t, url, later(t, engine, tc.more...))
				found, err := newer.inspect(ctx)
				require.NoError(t, err)
				require.Equal(t, tc.rolling || tc.stages, found.Rolling(), "as told beforehand")
				require.NoError(t, newer.migrate(ctx))
				found, err = newer.inspect(ctx)
				require.NoError(t, err)
				require.True(t, found.UpToDate())
				require.Empty(t, found.Pending)

				schema, err := CheckSchema(ctx, url)
				require.NoError(t, err)
				require.Equal(t, tc.goesOn, schema.Usable())
				_, err = Migrate(ctx, url)
				again, openErr := Open(ctx, url)
				if !tc.goesOn {
					for _, err := range []error{err, openErr, older.Ready(ctx)} {
						require.Equal(t, identity.Conflict, identity.KindOf(err))
						require.ErrorContains(t, err, "use the newer program here")
					}
					return
				}
				require.NoError(t, err)
				require.NoError(t, openErr)
				require.NoError(t, older.Ready(ctx))
				require.NoError(t, insert(older, newAccount("it goes on", 10)))
				require.NoError(t, insert(again, newAccount("and starts again", 10)))
				both, err := newer.open(ctx)
				require.NoError(t, err)
				n, err := both.CountAccounts(ctx, identity.ConsumerOrgID, nil)
				require.NoError(t, err)
				require.Equal(t, 3, n)
				require.NoError(t, again.Close())
				require.NoError(t, both.Close())
			})
		}
	}
}

func TestPostgres_NobodyIsReadyWhileTheSchemaGoesAway(t *testing.T) {
	s := openServer(t, serverURL(t))
	for lock, want := range map[int64]error{migrationLock: nil, stopLock: ErrMigrating} {
		tx, err := s.readers.BeginTx(ctx, nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lock)
		require.NoError(t, err)
		require.ErrorIs(t, s.Ready(ctx), want)
		require.NoError(t, tx.Rollback())
		require.NoError(t, s.Ready(ctx), "again, by itself")
	}
}
