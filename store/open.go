package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"rollcall/identity"
)

// Store is identity.Store in a database. Reads outside of Do see what has been committed.
type Store struct {
	reader
	transactor
	readers *sql.DB
	lookups *lookups // for several callers at once; nil where each looks for itself
	schema  func(context.Context) (Schema, error)

	migrating func(context.Context) (bool, error) // whether its schema is about to become one of other programs; nil: it cannot
}

// transactor runs transactions, in the way of an engine.
type transactor interface {
	do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error
	counts() Stats
	stop() error
}

// place is where a database is.
type place interface {
	inspect(ctx context.Context) (Schema, error)
	migrate(ctx context.Context) error
	open(ctx context.Context) (*Store, error)
	exporting(ctx context.Context) (*copying, error)
	importing(ctx context.Context) (*copying, error)
}

var (
	_ identity.Store = (*Store)(nil)
	_ identity.Tx    = (*transaction)(nil)
)

// Open opens the database that a url names and brings its schema up to date. A url that it does not understand is an *identity.Error of
// kind Invalid, a schema that is newer than this program one of kind Conflict, a server that does not answer one of kind Unavailable.
//
//	sqlite:PATH                                       a file; made if it does not exist, and readable by its owner only
//	postgres://USER:PASSWORD@HOST:PORT/DATABASE       a database on a PostgreSQL server
//
// The url of a server may have the parameters that PostgreSQL's own programs know, such as sslmode and target_session_attrs, and
//
//	pool_max_conns=N                       connections that the store keeps, 20 unless told
//	default_query_exec_mode=cache_describe needed behind a pooler that lends a connection for a transaction
//	statement_timeout=MS, lock_timeout=MS, idle_in_transaction_session_timeout=MS
func Open(ctx context.Context, url string) (*Store, error) {
	place, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(openPause) {
		s, err := prepare(ctx, place)
		var engine sqlite3.Error
		busy := errors.As(err, &engine) && engine.Code == sqlite3.ErrBusy
		if !busy || time.Since(began) > busyLimit || ctx.Err() != nil {
			return s, err
		}
	}
}

// Shown returns a url as it can be shown to anybody: without a password, and without parameters, which may have one.
func Shown(text string) string {
	if scheme, _, _ := strings.Cut(text, ":"); scheme != "postgres" && scheme != "postgresql" {
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "postgres://…"
	}
	u.RawQuery, u.Fragment = "", ""
	return u.Redacted()
}

// openPause stands between two attempts to open a database that another process is just making: SQLite switches a new file to
// its write-ahead log without waiting for anybody.
const openPause = 10 * time.Millisecond

func prepare(ctx context.Context, p place) (*Store, error) {
	if err := p.migrate(ctx); err != nil {
		return nil, err
	}
	return p.open(ctx)
}

// Close waits for the transactions that are running and closes the database.
func (s *Store) Close() error {
	return errors.Join(s.stop(), s.readers.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Organization(ctx, identity.ConsumerOrgID)
	return err
}

// Do is identity.Store's. A panic in fn undoes what fn did and goes on in the caller. If ctx ends while Do waits for its turn, fn has not
// run; if it ends later, the next use of the Tx fails; what the commit came to is told in any case.
//
// SQLite has one writer, so whoever runs has all organizations to itself and lock asks for nothing more. Calls that are waiting at the
// same time share one commit; if one of them fails after it has written something, the others run again. On PostgreSQL each call runs on
// its own connection, after the others of its organizations, and again if somebody else was in its way or the connection was lost.
func (s *Store) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return s.do(ctx, lock, fn)
}

// Stats counts since the store was opened.
type Stats struct {
	Transactions int64 // calls of Do that were committed
	Commits      int64 // commits that they needed
}

// Stats returns the counters.
func (s *Store) Stats() Stats { return s.counts() }

// parseURL returns where the database is.
func parseURL(url string) (place, error) {
	refuse := func(format string, args ...any) (place, error) {
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At("database")
	}
	scheme, path, found := strings.Cut(url, ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return parsePostgresURL(url)
	case !found:
		return refuse("%q is not a database url; write sqlite:PATH, for example sqlite:rollcall-data/rollcall.db, or postgres://USER:PASSWORD@HOST/DATABASE", url)
	case scheme != "sqlite":
		return refuse("this server keeps its data in SQLite or PostgreSQL and has no database of the kind %q; write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE", scheme)
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
	path, err := filepath.Abs(path)
	return sqliteFile{path, historyOf("sqlite")}, err
}
