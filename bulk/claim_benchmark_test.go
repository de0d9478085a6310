package bulk_test

import (
	"bytes"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// BenchmarkTwentyThousandClaims exports as many users as a file may have and claims them, on disk and with all that belongs to a claim
// (both accounts, addresses, mail, link, an event in each organization), beside bare inserts of the rows that the claims added,
// 100 users a commit. It fails if either takes 64 MiB more than the idle server.
func BenchmarkTwentyThousandClaims(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "rollcall.db")
		s, err := store.Open(b.Context(), "sqlite:"+path)
		require.NoError(b, err)
		service := identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
		w := &world{Jobs: bulk.New(service, slog.New(slog.DiscardHandler)), t: b, ctx: b.Context(), service: service}
		w.org = w.organization()
		w.verify(w.org, corp)
		w.personal(somebody(bulk.MaxRows)...)
		before := filepath.Join(b.TempDir(), "before.db")
		copyDatabase(b, path, before)

		h, begin := watchHeap(), time.Now()
		var size counter
		require.NoError(b, w.WriteClaimable(w.ctx, &size, w.org))
		exporting, exportHeap := time.Since(begin), h.grown()
		require.Greater(b, int(size), bulk.MaxRows*50)

		var file bytes.Buffer
		require.NoError(b, w.WriteClaimable(w.ctx, &file, w.org))
		h, begin = watchHeap(), time.Now()
		j, err := w.StartClaims(w.ctx, admin, w.org, &file, acknowledged)
		require.NoError(b, err)
		w.work()
		claiming, claimHeap := time.Since(begin), h.grown()
		require.Equal(b, bulk.MaxRows, w.job(j.ID).Succeeded)
		require.Equal(b, bulk.MaxRows, w.count())
		require.NoError(b, s.Close())

		bare := bareInserts(b, path) - bareInserts(b, before)
		b.ReportMetric(claimHeap, "claim-MiB")
		b.ReportMetric(exportHeap, "export-MiB")
		b.ReportMetric(bulk.MaxRows/claiming.Seconds(), "claimed/s")
		b.ReportMetric(bulk.MaxRows/exporting.Seconds(), "exported/s")
		b.ReportMetric(claiming.Seconds()/bare.Seconds(), "times-bare")
		b.Logf("claims %v at %.1f MiB above idle, %.2f times the bare inserts (%v); export %v at %.1f MiB", claiming.Round(time.Millisecond),
			claimHeap, claiming.Seconds()/bare.Seconds(), bare.Round(time.Millisecond), exporting.Round(time.Millisecond), exportHeap)
		require.Less(b, claimHeap, float64(mostHeap))
		require.Less(b, exportHeap, float64(mostHeap))
	}
}

func copyDatabase(b *testing.B, from, to string) {
	db, err := sql.Open("sqlite3", "file:"+from+"?mode=ro")
	require.NoError(b, err)
	defer db.Close()
	_, err = db.ExecContext(b.Context(), "VACUUM INTO ?", to)
	require.NoError(b, err)
}
