package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"rollcall/store"
)

// transfer fills a new database on PostgreSQL with all rows of an SQLite file, whose tables are the same. That takes a fraction of the time that
// the service needs to create everybody once more.
func transfer(ctx context.Context, path, database string) error {
	if _, err := store.Migrate(ctx, database); err != nil {
		return err
	}
	from, err := openSQLite(path, "mode=ro&_query_only=1")
	if err != nil {
		return err
	}
	defer from.Close()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	tables, err := tablesOf(ctx, from)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Tables come in any order, and the rows have been checked before.
		if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		for _, table := range tables {
			if err := transferTable(ctx, from, tx, table); err != nil {
				return fmt.Errorf("copy %s: %w", table, err)
			}
		}
		return nil
	})
}

func tablesOf(ctx context.Context, db *sql.DB) (tables []string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		tables = append(tables, name)
	}
	return tables, rows.Err()
}

// transferTable copies what a table has. What the migrations have put into the new one is copied from the old one too.
func transferTable(ctx context.Context, from *sql.DB, tx pgx.Tx, table string) error {
	rows, err := from.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
		return err
	}
	kinds, err := kindsOf(ctx, tx, table, columns)
	if err != nil {
		return err
	}
	source := &tableRows{rows: rows, kinds: kinds}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{table}, columns, source)
	return err
}

// kindsOf returns the types of columns on PostgreSQL.
func kindsOf(ctx context.Context, tx pgx.Tx, table string, columns []string) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1", table)
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	var name, kind string
	if _, err := pgx.ForEachRow(rows, []any{&name, &kind}, func() error { types[name] = kind; return nil }); err != nil {
		return nil, err
	}
	kinds := make([]string, len(columns))
	for i, column := range columns {
		if kinds[i] = types[column]; kinds[i] == "" {
			return nil, errors.New("there is no column " + column)
		}
	}
	return kinds, nil
}

// tableRows gives rows of SQLite to COPY: a truth is a number there, and an identifier may be a text.
type tableRows struct {
	rows  *sql.Rows
	kinds []string
}

func (t *tableRows) Next() bool { return t.rows.Next() }
func (t *tableRows) Err() error { return t.rows.Err() }

func (t *tableRows) Values() ([]any, error) {
	values, into := make([]any, len(t.kinds)), make([]any, len(t.kinds))
	for i := range values {
		into[i] = &values[i]
	}
	if err := t.rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, kind := range t.kinds {
		switch v := values[i].(type) {
		case int64:
			if kind == "boolean" {
				values[i] = v != 0
			}
		case string:
			if kind == "bytea" {
				values[i] = []byte(v)
			}
		case []byte:
			if strings.HasPrefix(kind, "text") {
				values[i] = string(v)
			}
		}
	}
	return values, nil
}
