package store_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store"
	"rollcall/store/fresh"
)

var ctx = context.Background()

// openStore opens a new store that is closed when the test ends.
func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(ctx, "sqlite:"+fresh.Database(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestOpenMakesFolderAndFileForTheOwnerOnly(t *testing.T) {
	for name, url := range map[string]string{
		"a path":                         "sqlite:%s/a/b/rollcall.db",
		"an absolute path after slashes": "sqlite://%s/a/b/rollcall.db",
		"a path with signs of its own":   "sqlite:%s/a/b c%%20#&é/rollcall.db",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := store.Open(ctx, fmt.Sprintf(url, dir))
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, s.Ping(ctx))
			files, err := filepath.Glob(dir + "/a/*/rollcall.db*")
			require.NoError(t, err)
			require.Len(t, files, 3, "the database, its log and the log's index")
			for _, file := range append(files, filepath.Dir(files[0])) {
				info, err := os.Stat(file)
				require.NoError(t, err)
				require.Zero(t, info.Mode()&0o077, "%s is %s", file, info.Mode())
			}
		})
	}
	t.Run("a path below the working directory", func(t *testing.T) {
		t.Chdir(t.TempDir())
		s, err := store.Open(ctx, "sqlite:rollcall-data/rollcall.db")
		require.NoError(t, err)
		require.NoError(t, s.Ping(ctx))
		require.NoError(t, s.Close())
		require.FileExists(t, "rollcall-data/rollcall.db")
	})
}

func TestOpenRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for url, want := range map[string]string{
		"":                               "write sqlite:PATH",
		"rollcall.db":                    "write sqlite:PATH",
		"sqlite:":                        "names no file",
		"sqlite:data/":                   "names no file",
		"sqlite://data/rollcall.db":      "names a host",
		"sqlite::memory:":                "would be lost",
		"sqlite:rollcall.db?mode=memory": "has options",
		"mysql:x":                        "SQLite or PostgreSQL",
	} {
		t.Run(url, func(t *testing.T) {
			t.Chdir(t.TempDir())
			_, err := store.Open(ctx, url)
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "sqlite:PATH", "it says what to write")
			_, err = store.CheckSchema(ctx, url)
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			_, err = store.Migrate(ctx, url)
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			made, err := os.ReadDir(".")
			require.NoError(t, err)
			require.Empty(t, made)
		})
	}
}

func TestOpenRefusesAServersURLWithoutTellingItsPassword(t *testing.T) {
	for name, c := range map[string]struct{ url, want string }{
		"a sign that is no part of a url":  {"postgres://rollcall:se%cret@localhost/rollcall", "cannot be read"},
		"a port that is none":              {"postgres://rollcall:secret@localhost:port/rollcall", "cannot be read"},
		"an sslmode that is none":          {"postgres://rollcall:secret@localhost/rollcall?sslmode=maybe", "sslmode"},
		"a manner of asking that is none":  {"postgresql://rollcall:secret@localhost/rollcall?default_query_exec_mode=loud", "default_query_exec_mode"},
		"connections that are not counted": {"postgres://rollcall:secret@localhost/rollcall?pool_max_conns=many", "pool_max_conns"},
		"too few connections":              {"postgres://rollcall:secret@localhost/rollcall?pool_max_conns=1", "at least 2"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(ctx, c.url)
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "secret")
			require.NotContains(t, err.Error(), "se%cret")
		})
	}
}

func TestShownTellsNoPassword(t *testing.T) {
	for text, want := range map[string]string{
		"sqlite:rollcall-data/rollcall.db":                            "sqlite:rollcall-data/rollcall.db",
		"postgres://rollcall@db.example/rollcall":                     "postgres://rollcall@db.example/rollcall",
		"postgresql://rollcall:secret@db.example:5432/rollcall":       "postgresql://rollcall:xxxxx@db.example:5432/rollcall",
		"postgres://rollcall:secret@a.example,b.example/rollcall?a=b": "postgres://rollcall:xxxxx@a.example,b.example/rollcall",
		"postgres://rollcall@db.example/rollcall?password=secret":     "postgres://rollcall@db.example/rollcall",
		"postgres://rollcall:se%cret@db.example/rollcall":             "postgres://…",
	} {
		require.Equal(t, want, store.Shown(text))
	}
}

func TestOpenSaysThatAServerDoesNotAnswer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.2:0") // where nobody else listens
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, err = store.Open(ctx, "postgres://rollcall:secret@"+closed.Addr().String()+"/rollcall")
	require.Equal(t, identity.Unavailable, identity.KindOf(err))
	require.ErrorContains(t, err, "does not answer")
	require.NotContains(t, err.Error(), "secret")
}

func TestOpenSaysWhatIsWrongWithTheFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/text.db", []byte("this is a letter to my grandmother, and not a short one"), 0o600))
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"it is no database":             {dir + "/text.db", "is not a database"},
		"its folder is a file":          {dir + "/text.db/rollcall.db", "cannot be made"},
		"there is a folder of its name": {dir, "cannot be opened"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(ctx, "sqlite:"+c.path)
			require.ErrorContains(t, err, c.want)
		})
	}
}
