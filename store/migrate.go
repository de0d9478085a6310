package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"

	"rollcall/identity"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// migrationAttempts bounds how often a migration is tried again because another process was faster.
const migrationAttempts = 20

// Schema says how a database's schema relates to this program's.
type Schema struct {
	Version int64 // of the database; 0 if it is empty or does not exist
	Latest  int64 // that this program brings
}

// UpToDate reports whether the database has the schema that this program needs.
func (s Schema) UpToDate() bool { return s.Version == s.Latest }

// Migrate brings the schema of the database that a url names up to date, making the database if it is a file that does not exist. It
// returns what it found. It may run beside a server and beside itself.
func Migrate(ctx context.Context, url string) (Schema, error) {
	place, err := parseURL(url)
	if err != nil {
		return Schema{}, err
	}
	before, err := place.inspect(ctx)
	if err != nil {
		return before, err
	}
	return before, place.migrate(ctx)
}

// CheckSchema looks at the schema of the database that a url names and changes nothing.
func CheckSchema(ctx context.Context, url string) (Schema, error) {
	place, err := parseURL(url)
	if err != nil {
		return Schema{}, err
	}
	return place.inspect(ctx)
}

// SchemaVersion returns the version of the schema of an open store.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) { return s.version(ctx, s.readers) }

// decided tells whether there is nothing to migrate, for good or ill.
func decided(found Schema, err error) (bool, error) {
	switch {
	case err != nil:
		return true, err
	case found.Version > found.Latest:
		return true, identity.Refuse(identity.Conflict, identity.RuleVersionMismatch,
			"the database has schema version %d, but this program knows versions up to %d only; it was written by a newer program, use that one or restore a backup",
			found.Version, found.Latest)
	}
	return found.UpToDate(), nil
}

func countMigrations(engine string) int64 {
	files, err := fs.Glob(migrations, "migrations/"+engine+"/*.sql")
	if err != nil {
		panic(err) // the pattern is one of two constants
	}
	return int64(len(files))
}

// schemaVersion asks for the version if a query says that it is kept somewhere.
func schemaVersion(ctx context.Context, db *sql.DB, kept string) (int64, error) {
	var tables, v int64
	if err := db.QueryRowContext(ctx, kept).Scan(&tables); err != nil {
		return 0, refusal(err)
	}
	if tables == 0 {
		return 0, nil
	}
	err := db.QueryRowContext(ctx, "SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&v)
	return v, refusal(err)
}

func (f sqliteFile) inspect(ctx context.Context) (Schema, error) {
	if info, err := os.Stat(string(f)); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return Schema{Latest: latest()}, nil
	}
	db := openSQLite(string(f), inspectConnection)
	defer db.Close()
	v, err := f.version(ctx, db)
	return Schema{Version: v, Latest: latest()}, err
}

// inGo are the migrations that SQL cannot do, by their numbers.
var inGo = map[int64]func(context.Context, *sql.Tx) error{
	4: chainEvents,
}

// latest returns the number of SQLite's last migration: they are numbered from 1 without gaps.
func latest() int64 { return countMigrations("sqlite") + int64(len(inGo)) }

func (f sqliteFile) version(ctx context.Context, db *sql.DB) (int64, error) {
	return schemaVersion(ctx, db, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'")
}

// migrate applies what is missing. Every migration is one transaction that also counts it, so of two processes that start at
// the same time one applies it, and the other fails at what is there already, sees a newer version, and goes on from it.
func (f sqliteFile) migrate(ctx context.Context) error {
	if err := createFile(string(f)); err != nil {
		return err
	}
	db := openSQLite(string(f), migrationConnection)
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	for attempt := 1; ; attempt++ {
		before, err := f.version(ctx, db)
		if done, err := decided(Schema{Version: before, Latest: latest()}, err); done {
			return err
		}
		failure := apply(ctx, db, files)
		if failure == nil {
			return nil
		}
		after, err := f.version(ctx, db)
		if err != nil {
			return err
		}
		if attempt == migrationAttempts || after == before && attempt > 2 {
			return fmt.Errorf("store: migrate: %w", refusal(failure))
		}
	}
}

func apply(ctx context.Context, db *sql.DB, files fs.FS) error {
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	for number, run := range inGo {
		options = append(options, goose.WithGoMigrations(goose.NewGoMigration(number, &goose.GoFunc{RunTx: run}, nil)))
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, options...)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
