package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mattn/go-sqlite3"

	"rollcall/identity"
)

// What the connections have in common, and what each kind is for. Prepared statements are kept with their connection. No connection is used by
// two goroutines at a time, so that SQLite need not lock one with every value that it is given.
const (
	// FULL, because NORMAL loses acknowledged writes in a power cut. The writer does its own waiting for other processes.
	writerConnection     = "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_busy_timeout=1&_cache_size=-32768&_stmt_cache_size=64&_mutex=no"
	readerConnection     = "mode=ro&_query_only=1&_busy_timeout=10000&_cache_size=-8192&_stmt_cache_size=64&_mutex=no"
	checkpointConnection = "_synchronous=FULL&_busy_timeout=1&_cache_size=-256&_mutex=no"
	// Every migration takes the write lock before it looks at anything.
	migrationConnection = "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_busy_timeout=10000&_txlock=immediate"
	inspectConnection   = "mode=ro&_query_only=1&_busy_timeout=10000"
)

// writerPragmas are those that cannot stand in the connection string. The log is copied into the database beside the writing; see
// [checkpointer]. Only when it holds many times more pages than SQLite's default, because somebody writes all the time, the writer copies what
// is left of it, so that it begins anew.
const writerPragmas = "PRAGMA wal_autocheckpoint = 16000; PRAGMA journal_size_limit = 67108864"

// sqliteFile is a database file.
type sqliteFile struct {
	path    string // absolute
	history history
}

func (f sqliteFile) open(ctx context.Context) (*Store, error) {
	d := newSQLiteDialect()
	writing := openSQLite(f.path, writerConnection)
	writing.SetMaxOpenConns(1)
	w, err := newWriter(ctx, writing, newCheckpointer(openSQLite(f.path, checkpointConnection)), d)
	if err != nil {
		return nil, errors.Join(refusal(err), writing.Close())
	}
	readers := openSQLite(f.path, readerConnection)
	size := max(2, runtime.GOMAXPROCS(0)) // more connections than cores make look-ups slower
	readers.SetMaxOpenConns(size)
	readers.SetMaxIdleConns(size)
	s := &Store{reader: reader{run: pool{readers, d}, dialect: d}, readers: readers, transactor: w, schema: func(ctx context.Context) (Schema, error) { return f.schema(ctx, readers) }}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connector opens connections to one file.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

func openSQLite(path, settings string) *sql.DB {
	file := url.URL{Scheme: "file", Path: path, RawQuery: settings}
	engine := &sqlite3.SQLiteDriver{}
	if settings == writerConnection {
		engine.ConnectHook = func(c *sqlite3.SQLiteConn) error {
			_, err := c.Exec(writerPragmas, nil)
			return err
		}
	}
	return sql.OpenDB(connector{engine, file.String()})
}

// createFile makes the database file and its folder for the owner's eyes only. What exists keeps its permissions. SQLite gives
// the files that it puts beside it the same ones.
func createFile(path string) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			err = f.Close()
		} else if errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable, Err: err,
			Detail: "the database file cannot be made; check that its folder exists and may be written"}
	}
	return nil
}
