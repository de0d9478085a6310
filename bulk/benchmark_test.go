package bulk_test

import (
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// mostHeap is how much more memory than at rest an import or export of the longest file may need, in MiB.
const mostHeap = 64

// heap watches how far the heap grows above where it is now.
type heap struct {
	idle uint64
	peak uint64
	stop chan struct{}
	done chan struct{}
}

func watchHeap() *heap {
	runtime.GC()
	h := &heap{stop: make(chan struct{}), done: make(chan struct{})}
	h.idle = heapNow()
	go func() {
		defer close(h.done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			h.peak = max(h.peak, heapNow())
			select {
			case <-tick.C:
			case <-h.stop:
				return
			}
		}
	}()
	return h
}

// grown returns the peak above idle in MiB.
func (h *heap) grown() float64 {
	close(h.stop)
	<-h.done
	return float64(max(h.peak, h.idle)-h.idle) / (1 << 20)
}

func heapNow() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// fullRow is a row with something in most columns.
func fullRow(w io.Writer, i int) {
	fmt.Fprintf(w, "person.%d@example.com,Person,Number %d,Person Number %d,Engineer,Research,+46 8 %07d,%d,en,Europe/Stockholm,Street %d,Stockholm,11122,SE\n",
		i, i, i, i, i, i)
}

// fullFile makes a file as it is read, so that it takes no memory itself.
func fullFile(rows int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, only+",First Name,Last Name,Display Name,Title,Department,Phone Number,Extension,Preferred Language,Time Zone,"+
			"Street Address,City,Postal Code,Country\n")
		for i := 0; i < rows && err == nil; i++ {
			var b strings.Builder
			fullRow(&b, i)
			_, err = io.WriteString(w, b.String())
		}
		_ = w.CloseWithError(err)
	}()
	return r
}

// BenchmarkTwentyThousandRows imports and exports the longest file, on disk and with all that belongs to a user (addresses, mail,
// link, events), beside bare inserts of the same rows into the same tables, 100 users a commit. It fails if either takes 64 MiB
// more than the idle server.
func BenchmarkTwentyThousandRows(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "rollcall.db")
		s, err := store.Open(b.Context(), "sqlite:"+path)
		require.NoError(b, err)
		service := identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
		jobs := bulk.New(service, slog.New(slog.DiscardHandler))
		o, err := service.CreateOrganization(b.Context(), operator, identity.Organization{Name: "Bench", Kind: identity.Customer})
		require.NoError(b, err)

		drain := func() {
			for {
				n, err := jobs.Work(b.Context(), 1000)
				require.NoError(b, err)
				if n == 0 {
					return
				}
			}
		}
		h, begin := watchHeap(), time.Now()
		j, err := jobs.StartImport(b.Context(), admin, o.ID, fullFile(bulk.MaxRows), bulk.ImportOptions{})
		require.NoError(b, err)
		drain()
		importing, importHeap := time.Since(begin), h.grown()
		j, err = s.Job(b.Context(), o.ID, j.ID)
		require.NoError(b, err)
		require.Equal(b, bulk.MaxRows, j.Succeeded)

		h, begin = watchHeap(), time.Now()
		j, err = jobs.StartExport(b.Context(), admin, o.ID, bulk.ExportOptions{})
		require.NoError(b, err)
		drain()
		var size counter
		require.NoError(b, jobs.WriteExport(b.Context(), &size, o.ID, j.ID))
		exporting, exportHeap := time.Since(begin), h.grown()
		require.Greater(b, int(size), bulk.MaxRows*100)
		require.NoError(b, s.Close())

		bare := bareInserts(b, path)
		b.ReportMetric(importHeap, "import-MiB")
		b.ReportMetric(exportHeap, "export-MiB")
		b.ReportMetric(bulk.MaxRows/importing.Seconds(), "imported/s")
		b.ReportMetric(bulk.MaxRows/exporting.Seconds(), "exported/s")
		b.ReportMetric(importing.Seconds()/bare.Seconds(), "times-bare")
		b.Logf("import %v at %.1f MiB above idle, %.2f times the bare inserts (%v); export %v at %.1f MiB", importing.Round(time.Millisecond),
			importHeap, importing.Seconds()/bare.Seconds(), bare.Round(time.Millisecond), exporting.Round(time.Millisecond), exportHeap)
		require.Less(b, importHeap, float64(mostHeap))
		require.Less(b, exportHeap, float64(mostHeap))
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// bareInserts puts every row of a database into a new one with the same schema, as many a commit as an import does, and returns
// how long the inserts and the commits took.
func bareInserts(b *testing.B, from string) time.Duration {
	path := filepath.Join(b.TempDir(), "bare.db")
	s, err := store.Open(b.Context(), "sqlite:"+path)
	require.NoError(b, err)
	require.NoError(b, s.Close())
	source, err := sql.Open("sqlite3", "file:"+from+"?mode=ro")
	require.NoError(b, err)
	defer source.Close()
	target, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=0&_cache_size=-32768&_stmt_cache_size=64")
	require.NoError(b, err)
	defer target.Close()
	target.SetMaxOpenConns(1)
	_, err = target.ExecContext(b.Context(), "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432") // as the store has it
	require.NoError(b, err)
	tables := openTables(b, source)
	var took time.Duration
	for more := true; more; {
		for i := range tables {
			tables[i].read(b)
		}
		begin := time.Now()
		tx, err := target.BeginTx(b.Context(), nil)
		require.NoError(b, err)
		more = false
		for _, table := range tables {
			insert, err := tx.PrepareContext(b.Context(), table.insert)
			require.NoError(b, err)
			for _, values := range table.batch {
				_, err := insert.ExecContext(b.Context(), values...)
				require.NoError(b, err)
			}
			more = more || len(table.batch) > 0
		}
		require.NoError(b, tx.Commit())
		took += time.Since(begin)
	}
	return took
}

// tableCopy is a table on its way into another database.
type tableCopy struct {
	insert string
	rows   *sql.Rows
	width  int
	share  int // rows in one commit: as many as belong to rowsACommit users
	batch  [][]any
}

// rowsACommit is how many users an import does in one transaction.
const rowsACommit = 100

func openTables(b *testing.B, source *sql.DB) []tableCopy {
	names, err := source.QueryContext(b.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`)
	require.NoError(b, err)
	defer names.Close()
	var tables []tableCopy
	for names.Next() {
		var name string
		require.NoError(b, names.Scan(&name))
		var n int
		require.NoError(b, source.QueryRowContext(b.Context(), "SELECT count(*) FROM "+name).Scan(&n))
		rows, err := source.QueryContext(b.Context(), "SELECT * FROM "+name)
		require.NoError(b, err)
		b.Cleanup(func() { _ = rows.Close() })
		columns, err := rows.Columns()
		require.NoError(b, err)
		tables = append(tables, tableCopy{rows: rows, width: len(columns), share: 1 + n*rowsACommit/bulk.MaxRows,
			insert: "INSERT OR IGNORE INTO " + name + " VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"})
	}
	require.NoError(b, names.Err())
	return tables
}

func (t *tableCopy) read(b *testing.B) {
	t.batch = t.batch[:0]
	for len(t.batch) < t.share && t.rows.Next() {
		values, to := make([]any, t.width), make([]any, t.width)
		for i := range values {
			to[i] = &values[i]
		}
		require.NoError(b, t.rows.Scan(to...))
		t.batch = append(t.batch, values)
	}
	require.NoError(b, t.rows.Err())
}
