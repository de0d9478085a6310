// Package fresh gives tests databases that are as a server's first start makes them.
//
// Its one idea: bringing a schema up takes much longer than most tests do, and under the race detector longer than anything else in
// them. So it is brought up once in a process, by the migrations that everybody runs, and copied. What the migrations do is tested in
// package store, which starts from nothing.
package fresh

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/store"
)

// engine is the environment variable that says what Open and URL give: sqlite, which is the default, or postgres.
const engine = "ROLLCALL_TEST_STORE"

// How often a test repeats on a file what it does once on PostgreSQL, where a transaction takes ten times as long and more, and under the race
// detector, where everything does.
const (
	perRoundOnPostgres = 20
	perRoundRaced      = 4
)

// OnPostgres says that Open and URL give databases on a PostgreSQL server.
func OnPostgres() bool { return os.Getenv(engine) == "postgres" }

// Rounds is how often a test that repeats something n times to be sure of it does so with the engine that is tested.
func Rounds(n int) int {
	switch {
	case OnPostgres():
		return max(1, n/perRoundOnPostgres)
	case raced:
		return max(1, n/perRoundRaced)
	}
	return n
}

// init lets property tests draw fewer times too, unless the command line says how often: its flags are parsed later.
func init() { //nolint:gochecknoinits // no function that tests call comes before the flags are parsed
	const checks = "rapid.checks" // known to the tests of packages that have such tests
	if f := flag.Lookup(checks); f != nil {
		if n, err := strconv.Atoi(f.DefValue); err == nil {
			_ = flag.Set(checks, strconv.Itoa(Rounds(n))) // a number, as it was
		}
	}
}

// URL returns the url of a new database of the engine that is tested.
func URL(t testing.TB) string {
	t.Helper()
	switch name := os.Getenv(engine); name {
	case "", "sqlite":
		return "sqlite:" + Database(t)
	case "postgres":
		return Postgres(t)
	default:
		require.FailNow(t, "no engine has this name; write sqlite or postgres", "%s=%s", engine, name)
		return ""
	}
}

// Database returns the path of a new database file, in a folder that is removed when the test ends.
func Database(t testing.TB) string {
	t.Helper()
	content, err := migrated()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "rollcall.db")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// Postgres returns the url of a new database on the server that the tests of this program share. After the test it is set back, for another one.
func Postgres(t testing.TB) string {
	t.Helper()
	return fixtures.NewDatabaseOf(t, func(url string) error {
		_, err := store.Migrate(context.Background(), url)
		return err
	})
}

var migrated = sync.OnceValues(func() (content []byte, err error) {
	folder, err := os.MkdirTemp("", "rollcall-fresh-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "rollcall.db")
	// After its end nothing has the file open, so all that was written is in it and nothing beside it.
	if _, err := store.Migrate(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
