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
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	found, err := s.schema(ctx)
	return found.Version, err
}

// ErrMigrating is what Ready returns while the database is migrated to a schema with which this program cannot work.
var ErrMigrating = errors.New("store: the database is being migrated")

// Ready reports whether this program can work with the database, now: whether it answers (*identity.Error of kind Unavailable), has a schema
// that this program can live with (one of kind Conflict), and is not on its way to another one (ErrMigrating).
func (s *Store) Ready(ctx context.Context) error {
	if s.migrating != nil {
		on, err := s.migrating(ctx)
		if err != nil {
			return err
		}
		if on {
			return ErrMigrating
		}
	}
	found, err := s.schema(ctx)
	if err != nil {
		return err
	}
	if !found.Usable() {
		return newer(found)
	}
	return s.Ping(ctx)
}

// decided tells whether there is nothing to migrate, for good or ill.
func decided(found Schema, err error) (bool, error) {
	switch {
	case err != nil:
		return true, err
	case found.Version > found.Latest && !found.Usable():
		return true, newer(found)
	}
	return found.Usable(), nil
}

func newer(found Schema) error {
	return identity.Refuse(identity.Conflict, identity.RuleVersionMismatch,
		"the database has schema version %d, written by a newer program, and this program, which knows versions up to %d, cannot work with it; "+
			"use the newer program here, or restore a backup of the database from before", found.Version, found.Latest)
}

func (f sqliteFile) inspect(ctx context.Context) (Schema, error) {
	if info, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		found := Schema{Latest: f.history.latest()}
		found.Pending, err = f.history.after(0)
		return found, err
	}
	db := openSQLite(f.path, inspectConnection)
	defer db.Close()
	return f.schema(ctx, db)
}

// inGo are the migrations that SQL cannot do, by their numbers.
var inGo = map[int64]func(context.Context, *sql.Tx) error{
	4: chainEvents,
}

func (f sqliteFile) schema(ctx context.Context, db *sql.DB) (Schema, error) {
	return f.history.look(ctx, db, "SELECT count(*) FROM sqlite_schema WHERE name = ?")
}

// migrate applies what is missing. Every migration is one transaction that also counts it, so of two processes that start at
// the same time one applies it, and the other fails at what is there already, sees a newer version, and goes on from it.
func (f sqliteFile) migrate(ctx context.Context) error {
	if err := createFile(f.path); err != nil {
		return err
	}
	db := openSQLite(f.path, migrationConnection)
	defer db.Close()
	for attempt := 1; ; attempt++ {
		before, err := f.schema(ctx, db)
		if done, err := decided(before, err); done {
			return err
		}
		failure := f.history.apply(ctx, db)
		if failure == nil {
			return nil
		}
		after, err := f.schema(ctx, db)
		if err != nil {
			return err
		}
		if attempt == migrationAttempts || after.Version == before.Version && attempt > 2 {
			return fmt.Errorf("store: migrate: %w", refusal(failure))
		}
	}
}

func (h history) apply(ctx context.Context, db *sql.DB) error {
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	for number, run := range h.inGo {
		options = append(options, goose.WithGoMigrations(goose.NewGoMigration(number, &goose.GoFunc{RunTx: run}, nil)))
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, h.files, options...)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
