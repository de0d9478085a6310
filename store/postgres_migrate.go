package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"rollcall/identity"
)

// migrationLock is the key of the advisory lock that whoever migrates has, an arbitrary number.
const migrationLock = 7205759403792793

func (p *postgres) latest() int64 { return countMigrations("postgres") }

func (p *postgres) version(ctx context.Context, db *sql.DB) (int64, error) {
	return schemaVersion(ctx, db, "SELECT count(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')")
}

func (p *postgres) inspect(ctx context.Context) (Schema, error) {
	db := p.pool(1)
	defer db.Close()
	v, err := p.version(ctx, db)
	return Schema{Version: v, Latest: p.latest()}, err
}

// migrate applies what is missing, while nobody else does: the lock is a transaction's, so it also holds through a pooler, and ends with
// whoever has it.
func (p *postgres) migrate(ctx context.Context) error {
	before, err := p.inspect(ctx)
	if done, err := decided(before, err); done {
		return err
	}
	db := p.patient().pool(3)
	defer db.Close()
	holding, err := db.BeginTx(ctx, nil)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = holding.Rollback() }() // it has written nothing
	if _, err := holding.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock); err != nil {
		return refusal(err)
	}
	version, err := p.version(ctx, db)
	if done, err := decided(Schema{Version: version, Latest: p.latest()}, err); done {
		return err
	}
	var encoding string
	if err := db.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return refusal(err)
	}
	if encoding != "UTF8" {
		return identity.Refuse(identity.Conflict, identity.RuleInvalidValue,
			"the database stores text as %s, which does not have all names; create it with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	files, err := fs.Sub(migrations, "migrations/postgres")
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", refusal(err))
	}
	return nil
}

// patient is the same database for what takes as long as it takes.
func (p *postgres) patient() *postgres {
	patient := *p
	patient.config = p.config.Copy()
	for _, limit := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		delete(patient.config.RuntimeParams, limit)
	}
	return &patient
}
