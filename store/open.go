package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"rollcall/identity"
)

// Store is identity.Store in a database. Reads outside of Do see what has been committed.
type Store struct {
	reader
	readers *sql.DB
	writer  *writer
}

var (
	_ identity.Store = (*Store)(nil)
	_ identity.Tx    = (*transaction)(nil)
)

// Open opens the database that a url names, makes it if it does not exist, and brings its schema up to date. A url that it
// does not understand is an *identity.Error of kind Invalid, a schema that is newer than this program one of kind Conflict.
//
//	sqlite:PATH    a file; its folder is made readable by its owner only, and so is the file
func Open(ctx context.Context, url string) (*Store, error) {
	path, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(openPause) {
		s, err := prepare(ctx, path)
		var engine sqlite3.Error
		busy := errors.As(err, &engine) && engine.Code == sqlite3.ErrBusy
		if !busy || time.Since(began) > busyLimit || ctx.Err() != nil {
			return s, err
		}
	}
}

// openPause stands between two attempts to open a database that another process is just making: SQLite switches a new file to
// its write-ahead log without waiting for anybody.
const openPause = 10 * time.Millisecond

func prepare(ctx context.Context, path string) (*Store, error) {
	if err := migrate(ctx, path); err != nil {
		return nil, err
	}
	return open(ctx, path)
}

func open(ctx context.Context, path string) (*Store, error) {
	d := newSQLiteDialect()
	writing := openSQLite(path, writerConnection)
	writing.SetMaxOpenConns(1)
	w, err := newWriter(ctx, writing, d)
	if err != nil {
		return nil, errors.Join(refusal(err), writing.Close())
	}
	readers := openSQLite(path, readerConnection)
	size := max(2, runtime.GOMAXPROCS(0)) // more connections than cores make look-ups slower
	readers.SetMaxOpenConns(size)
	readers.SetMaxIdleConns(size)
	s := &Store{reader: reader{run: pool{readers, d}, dialect: d}, readers: readers, writer: w}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close waits for the transactions that are running and closes the database.
func (s *Store) Close() error {
	return errors.Join(s.writer.stop(), s.readers.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Organization(ctx, identity.ConsumerOrgID)
	return err
}

// Do is identity.Store's. There is one writer, so whoever runs has all organizations to itself and lock asks for nothing
// more. Calls that are waiting at the same time share one commit; if one of them fails after it has written something, the
// others run again. A panic in fn undoes what fn did and goes on in the
// caller. If ctx ends while Do waits for its turn, fn has not run; if it ends later, the next use of the Tx fails; what the
// commit came to is told in any case.
func (s *Store) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return s.writer.do(ctx, fn)
}

// Stats counts since the store was opened.
type Stats struct {
	Transactions int64 // calls of Do that were committed
	Commits      int64 // commits that they needed
}

// Stats returns the counters.
func (s *Store) Stats() Stats {
	// In this order, so that there are never more commits than transactions.
	commits := s.writer.commits.Load()
	return Stats{Transactions: s.writer.transactions.Load(), Commits: commits}
}

// parseURL returns the absolute path of the database file.
func parseURL(url string) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At("database")
	}
	scheme, path, found := strings.Cut(url, ":")
	switch {
	case !found:
		return refuse("%q is not a database url; write sqlite:PATH, for example sqlite:rollcall-data/rollcall.db", url)
	case scheme != "sqlite":
		return refuse("this server keeps its data in SQLite only and has no database of the kind %q; write sqlite:PATH", scheme)
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"):
		return refuse("%q names a host, but a database file is local; write sqlite:PATH or sqlite:///ABSOLUTE/PATH", url)
	}
	path = strings.TrimPrefix(path, "//")
	switch {
	case path == "" || strings.HasSuffix(path, "/"):
		return refuse("%q names no file; write sqlite:PATH, for example sqlite:rollcall-data/rollcall.db", url)
	case strings.HasPrefix(path, ":"):
		return refuse("%q would be lost when the server stops; write sqlite:PATH with the name of a file", url)
	case strings.Contains(path, "?"):
		return refuse("%q has options after the path, and there are none; write sqlite:PATH", url)
	}
	return filepath.Abs(path)
}
