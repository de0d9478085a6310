package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3"

	"rollcall/identity"
)

// The keys of the advisory locks that whoever migrates has, arbitrary numbers: one keeps others from it, the other one tells programs that
// their schema goes away.
const (
	migrationLock = 7205759403792793
	stopLock      = migrationLock + 1
)

func (p *postgres) schema(ctx context.Context, db *sql.DB) (Schema, error) {
	return p.history.look(ctx, db, "SELECT count(*) FROM pg_class WHERE oid = to_regclass($1)")
}

func (p *postgres) inspect(ctx context.Context) (Schema, error) {
	db := p.pool(1)
	defer db.Close()
	return p.schema(ctx, db)
}

// stopping reports whether somebody has the stopLock.
func stopping(ctx context.Context, db *sql.DB) (bool, error) {
	var holders int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND CAST(classid AS bigint) = $1 AND CAST(objid AS bigint) = $2`, int64(stopLock)>>32, int64(stopLock)&0xFFFFFFFF).Scan(&holders)
	return holders > 0, refusal(err)
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
	found, err := p.schema(ctx, db)
	if done, err := decided(found, err); done {
		return err
	}
	if !found.Rolling() {
		if _, err := holding.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(stopLock)); err != nil {
			return refusal(err)
		}
	}
	var encoding string
	if err := db.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return refusal(err)
	}
	if encoding != "UTF8" {
		return identity.Refuse(identity.Conflict, identity.RuleInvalidValue,
			"the database stores text as %s, which does not have all names; create it with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, p.history.files, goose.WithDisableGlobalRegistry(true))
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
