package directory_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"rollcall/directory/mapping"
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
	for _, source := range mapping.Defaults(mapping.OpenLDAP) {
		attributes = append(attributes, source.Attribute)
	}
	result, err := conn.SearchWithPaging(goldap.NewSearchRequest(d.BaseDN, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=inetOrgPerson)", attributes, nil), 1000)
	require.NoError(b, err)
	return len(result.Entries)
}
