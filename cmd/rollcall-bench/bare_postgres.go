package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// barePostgres sends all statements of a write at once, so that each costs one journey and one commit.
type barePostgres struct {
	*pattern
	pool    *pgxpool.Pool
	inserts []string // one for each row of the pattern
}

// bareConnections is as many as Rollcall has.
const bareConnections = 20

func openBarePostgres(ctx context.Context, database string) (*barePostgres, error) {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	config.MaxConns = bareConnections
	config.ConnConfig.RuntimeParams["rollcall.counts_accounts"] = "yes" // no trigger counts, as for the product
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	b := &barePostgres{pool: pool}
	if b.pattern, err = readPattern(func(statement string) ([]string, []any, error) { return b.anyRow(ctx, statement) }); err != nil {
		return nil, err
	}
	for _, row := range b.rows {
		b.inserts = append(b.inserts, row.insertion("$"))
	}
	return b, pool.QueryRow(ctx, selectOrg).Scan(&b.org)
}

// anyRow reads a row whose columns nobody knows.
func (b *barePostgres) anyRow(ctx context.Context, statement string) ([]string, []any, error) {
	rows, err := b.pool.Query(ctx, statement)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, nil, errors.Join(pgx.ErrNoRows, rows.Err())
	}
	var columns []string
	for _, f := range rows.FieldDescriptions() {
		columns = append(columns, f.Name)
	}
	values, err := rows.Values()
	return columns, values, err
}

func spelled(statement string) string { return fmt.Sprintf(statement, "$") }

// The statements as PostgreSQL spells them; pgx prepares each once for a connection.
var (
	postgresByID   = spelled(selectByID)
	postgresByName = spelled(selectByName)
	postgresPage   = spelled(selectPage)
	postgresCount  = spelled(selectCount)
	postgresUpdate = spelled(updateStatus)
)

func (b *barePostgres) insert(ctx context.Context, p barePerson) error {
	batch := &pgx.Batch{} // a transaction by itself
	for i, row := range b.rows {
		batch.Queue(b.inserts[i], b.like(row, p)...)
	}
	return b.pool.SendBatch(ctx, batch).Close()
}

func scanPostgres(row pgx.Row) (p barePerson, err error) {
	err = row.Scan(&p.id, &p.userName, &p.emails, &p.profile, &p.status, &p.createdAt, &p.updatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNobody
	}
	return p, err
}

func (b *barePostgres) byID(ctx context.Context, id []byte) (barePerson, error) {
	return scanPostgres(b.pool.QueryRow(ctx, postgresByID, b.org, id))
}

func (b *barePostgres) byName(ctx context.Context, name string) (barePerson, error) {
	return scanPostgres(b.pool.QueryRow(ctx, postgresByName, b.org, name))
}

func (b *barePostgres) page(ctx context.Context, skip, limit int) ([]barePerson, error) {
	rows, err := b.pool.Query(ctx, postgresPage, b.org, limit, skip)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (barePerson, error) { return scanPostgres(row) })
}

func (b *barePostgres) setActive(ctx context.Context, id []byte, active bool) (p barePerson, err error) {
	now := newBarePerson().createdAt
	last := len(b.rows) - 1 // the event
	batch := &pgx.Batch{}
	batch.Queue(postgresUpdate, b.org, id, statusOf(active), now).QueryRow(func(row pgx.Row) (err error) {
		p, err = scanPostgres(row)
		return err
	})
	batch.Queue(b.inserts[last], b.like(b.rows[last], barePerson{id: id, userName: "somebody", createdAt: now})...)
	err = b.pool.SendBatch(ctx, batch).Close()
	return p, err
}

func (b *barePostgres) count(ctx context.Context) (n int, err error) {
	return n, b.pool.QueryRow(ctx, postgresCount, b.org).Scan(&n)
}

// load copies people in, a table after the other, in one transaction.
func (b *barePostgres) load(ctx context.Context, people []barePerson) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		for _, row := range b.rows {
			source := pgx.CopyFromSlice(len(people), func(i int) ([]any, error) { return b.like(row, people[i]), nil })
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{row.table}, row.columns, source); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *barePostgres) close() error {
	b.pool.Close()
	return nil
}
