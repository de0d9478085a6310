package store

import (
	"context"
	"database/sql"
	"strings"
)

// firstAnalysis is how many rows a store writes before it looks for the first time whether the server should; then ten times as many each time.
const firstAnalysis = 500

// grow counts rows that were committed, and has the server look at its tables when there are many more than before. A server that knows nothing
// of a table takes one index for another, keeps that plan with the connection, also of the checks of its foreign keys, and comes to
// look by itself only after a minute: until then each write would take as long as there are accounts.
func (w *sessions) grow(rows int) {
	due := w.analyzeAt.Load()
	if w.rows.Add(int64(rows)) >= due && w.analyzeAt.CompareAndSwap(due, 10*due) {
		w.analyses.Go(func() {
			_ = w.analyze(w.open) // the server does it later
		})
	}
}

// grownTables are those that the server has not looked at since there is anything in them, and those that take five times the pages that they had
// then, whoever wrote and whoever made it look.
const grownTables = `SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r'
	AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
	AND pg_relation_size(oid) > 0
	AND (reltuples <= 0 OR pg_relation_size(oid) >= 5 * relpages * CAST(current_setting('block_size') AS bigint)) ORDER BY relname`

// analyze has the server look at the tables that have grown. What another program has it look at already is left to that.
func (w *sessions) analyze(ctx context.Context) error {
	grown, err := list(ctx, pool{w.db, w.dialect}, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) }, grownTables)
	if err != nil || len(grown) == 0 {
		return err
	}
	_, err = w.db.ExecContext(ctx, "ANALYZE (SKIP_LOCKED) "+strings.Join(grown, ", "))
	return err
}
