// Package contents shows every row of every table of a database, for tests that ask whether anything has changed, whether something is
// left, or whether another database has the same.
//
// Its one idea: it knows no table, so a table that is added later is looked at too.
package contents

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "github.com/mattn/go-sqlite3"    // the driver "sqlite3"
)

// Contents are the rows of each table, in an order that depends on nothing but them.
type Contents map[string][]string

// The tables of a database, without those that an engine has for itself.
const (
	tablesSQLite   = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' AND name <> 'schema_oldest'`
	tablesPostgres = `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		AND relname NOT LIKE 'goose_%' AND relname NOT LIKE 'writers%' AND relname NOT IN ('commits', 'schema_oldest')`
)

// Read reads a database file. What others write meanwhile is there whole or not at all.
func Read(ctx context.Context, file string) (Contents, error) {
	return read(ctx, "sqlite3", "file:"+(&url.URL{Path: file}).EscapedPath()+"?mode=ro&_query_only=1&_busy_timeout=5000", tablesSQLite)
}

// ReadPostgres reads a database on a PostgreSQL server. Its rows look as in a file, but for what only PostgreSQL stores in another way:
// texts that have a NUL or are not UTF-8, and identifiers that are none.
func ReadPostgres(ctx context.Context, url string) (Contents, error) {
	return read(ctx, "pgx", url, tablesPostgres)
}

// ReadURL reads the database of a store's url, which is one or the other.
func ReadURL(ctx context.Context, url string) (Contents, error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return Read(ctx, file)
	}
	return ReadPostgres(ctx, url)
}

func read(ctx context.Context, driver, source, query string) (Contents, error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation[driver]})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	tables, err := rows(ctx, tx, query)
	if err != nil {
		return nil, err
	}
	found := Contents{}
	for _, table := range tables {
		name := strings.TrimPrefix(table, "name=")
		if found[name], err = rows(ctx, tx, `SELECT * FROM "`+name+`"`); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return found, nil
}

// isolation is what a transaction of an engine needs to see one moment.
var isolation = map[string]sql.IsolationLevel{"pgx": sql.LevelRepeatableRead}

func rows(ctx context.Context, tx *sql.Tx, query string) ([]string, error) {
	r, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	columns, err := r.Columns()
	if err != nil {
		return nil, err
	}
	var all []string
	for r.Next() {
		values := make([]any, len(columns))
		places := make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := r.Scan(places...); err != nil {
			return nil, err
		}
		cells := make([]string, len(columns))
		for i, v := range values {
			cells[i] = columns[i] + "=" + show(v)
		}
		all = append(all, strings.Join(cells, " "))
	}
	slices.Sort(all)
	return all, r.Err()
}

func show(v any) string {
	switch v := v.(type) {
	case []byte:
		if len(v) == 16 { // an identifier
			text := hex.EncodeToString(v)
			return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
		}
		if len(v) == 0 { // no identifier, which a file has as text
			return ""
		}
	case bool: // which a file has as a number
		if v {
			return "1"
		}
		return "0"
	}
	return fmt.Sprint(v)
}

// Without leaves tables out.
func (c Contents) Without(tables ...string) Contents {
	rest := Contents{}
	for name, rows := range c {
		if !slices.Contains(tables, name) {
			rest[name] = rows
		}
	}
	return rest
}

// Mentioning returns the rows in which a text stands, such as an identifier. Tables without any are left out.
func (c Contents) Mentioning(text string) Contents {
	found := Contents{}
	for name, rows := range c {
		for _, row := range rows {
			if strings.Contains(row, text) {
				found[name] = append(found[name], row)
			}
		}
	}
	return found
}

// Tables are the names of the tables, in their order.
func (c Contents) Tables() []string {
	var names []string
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
