package store

// firstAnalysis is how many rows a store writes before it has the server look at its tables for the first time; then ten times as many each time.
const firstAnalysis = 500

// grow counts rows that were committed, and has the server look at its tables when there are many more than before. A server that knows nothing
// of a table takes one index for another, keeps that plan with the connection, also of the checks of its foreign keys, and comes to
// look by itself only after a minute: until then each write would take as long as there are accounts.
func (w *sessions) grow(rows int) {
	due := w.analyzeAt.Load()
	if w.rows.Add(int64(rows)) >= due && w.analyzeAt.CompareAndSwap(due, 10*due) {
		w.analyses.Go(func() {
			_, _ = w.db.ExecContext(w.open, "ANALYZE") // the server does it later
		})
	}
}
