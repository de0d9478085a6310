package directory_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"slices"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"rollcall/directory/ldap"
	"rollcall/fixtures"
)

// BenchmarkUnchangedSync10k plans a full synchronization of 10,000 people of a real OpenLDAP server who are all as they should be,
// and reports how much longer that takes than only reading the same entries page by page with go-ldap.
func BenchmarkUnchangedSync10k(b *testing.B) {
	const n = 10_000
	d := fixtures.StartSlapd(b, fixtures.SlapdOptions{People: n})
	w := newWorld(b)
	w.joined(b, d, d.BaseDN)
	w.t = b
	w.sync()
	var bare, full time.Duration
	for b.Loop() {
		began := time.Now()
		entries := bareRead(b, d)
		bare += time.Since(began)
		began = time.Now()
		_, plan := w.plan()
		full += time.Since(began)
		require.True(b, plan.Empty())
		require.Equal(b, entries, plan.Reading.Count)
	}
	b.ReportMetric(full.Seconds()/bare.Seconds(), "times-bare-read")
	b.ReportMetric(bare.Seconds()/float64(b.N), "bare-s")
	b.ReportMetric(full.Seconds()/float64(b.N), "sync-s")
}

// BenchmarkNothingChanged runs an incremental synchronization in which nothing changed, with 1,000 and with 50,000 people, and reports how
// much longer the latter takes: it should not.
func BenchmarkNothingChanged(b *testing.B) {
	sizes := []int{1_000, 50_000}
	var worlds []*world
	for _, n := range sizes {
		d := fixtures.StartSlapd(b, fixtures.SlapdOptions{People: n})
		w := newWorld(b).joined(b, d, d.BaseDN)
		w.sync()
		worlds = append(worlds, w)
	}
	took := make([][]float64, len(sizes))
	for b.Loop() {
		for range 50 {
			for i, w := range worlds {
				began := time.Now()
				_, _, report, err := w.syncer.RunIncremental(b.Context(), w.org, w.connector, admin, nil)
				took[i] = append(took[i], float64(time.Since(began).Microseconds()))
				require.NoError(b, err)
				require.Zero(b, report.Total)
			}
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	small, large := took[0][len(took[0])/2], took[1][len(took[1])/2]
	b.ReportMetric(small, "1k-µs")
	b.ReportMetric(large, "50k-µs")
	b.ReportMetric(large/small, "times-1k")
}

// bareRead is what a client does at the least: the same connection, entries and attributes, and nothing done with them.
func bareRead(b *testing.B, d *fixtures.Directory) int {
	pem, err := os.ReadFile(d.CAFile)
	require.NoError(b, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := goldap.DialURL(d.LDAPSURL, goldap.DialWithTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}))
	require.NoError(b, err)
	defer conn.Close()
	require.NoError(b, conn.Bind(d.SyncDN, d.SyncPassword))
	attributes := []string{"entryUUID", "pwdAccountLockedTime"}
	for _, source := range (ldap.Settings{Kind: ldap.OpenLDAP}).WithDefaults().Mapping {
		attributes = append(attributes, source)
	}
	result, err := conn.SearchWithPaging(goldap.NewSearchRequest(d.BaseDN, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=inetOrgPerson)", attributes, nil), 1000)
	require.NoError(b, err)
	return len(result.Entries)
}
