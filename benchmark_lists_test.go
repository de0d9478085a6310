package rollcall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// unlooked is for answers whose status is enough.
func unlooked(int, []byte) error { return nil }

// fetch reads one answer.
func fetch(b *testing.B, client *http.Client, r *http.Request) []byte {
	b.Helper()
	resp, err := client.Do(r)
	require.NoError(b, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, resp.StatusCode, string(body))
	return body
}

// BenchmarkReadOfEcho: reading over HTTP, beside an echo of the very JSON that is read. A filter by userName reaches at least 60 % of it, a list
// of 100 at least 40 %.
func BenchmarkReadOfEcho(b *testing.B) {
	const people = 20_000
	p, control, client := startServer(b, people), startControl(b, echoControl), newClient()
	for _, c := range []struct {
		name string
		n    int
		path func(i int) string
	}{
		{"filter", 4000, func(i int) string {
			return "/Users?filter=" + url.QueryEscape(fmt.Sprintf("userName eq %q", userName((i*7919)%people)))
		}},
		{"list of 100", 400, func(i int) string { return fmt.Sprint("/Users?count=100&startIndex=", 1+i%100*100) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			read := func(i int) *http.Request {
				return newRequest(b.Context(), http.MethodGet, p.url+c.path(i), p.token, nil)
			}
			said := fetch(b, client, read(0))
			mirror := func(int) *http.Request { return newRequest(b.Context(), http.MethodPost, control, p.token, said) }
			drive(b, client, c.n, read, http.StatusOK, unlooked)
			drive(b, client, c.n, mirror, http.StatusCreated, unlooked)
			var ours, theirs []float64
			for b.Loop() {
				for range rounds {
					theirs = append(theirs, drive(b, client, c.n, mirror, http.StatusCreated, unlooked))
					ours = append(ours, drive(b, client, c.n, read, http.StatusOK, unlooked))
				}
			}
			ratio := median(ours) / median(theirs)
			b.ReportMetric(median(ours), "reads/s")
			b.ReportMetric(median(theirs), "echoes/s")
			b.ReportMetric(ratio, "of-echo")
			b.Logf("%.0f reads/s, %.0f echoes/s of %d bytes, %.2f of echo", median(ours), median(theirs), len(said), ratio)
		})
	}
}

// BenchmarkCursorDepth: a page of 100 behind 900,000 of 1,000,000 users, beside the first page. At most 1.2 times its time.
func BenchmarkCursorDepth(b *testing.B) {
	const people, depth = 1_000_000, 900_000
	p, client := startServer(b, people), newClient()
	page := func(cursor string, count int) (took time.Duration, next string) {
		r := newRequest(b.Context(), http.MethodGet, fmt.Sprintf("%s/Users?count=%d&cursor=%s", p.url, count, url.QueryEscape(cursor)), p.token, nil)
		began := time.Now()
		body := fetch(b, client, r)
		took = time.Since(began)
		var list struct {
			NextCursor   string
			TotalResults int
		}
		require.NoError(b, json.NewDecoder(bytes.NewReader(body)).Decode(&list))
		require.Equal(b, people, list.TotalResults)
		return took, list.NextCursor
	}
	deep := ""
	for range depth / 1000 {
		_, deep = page(deep, 1000)
	}
	var first, last []float64
	for b.Loop() {
		for range 50 {
			for cursor, times := range map[string]*[]float64{"": &first, deep: &last} {
				took, _ := page(cursor, 100)
				*times = append(*times, float64(took.Microseconds()))
			}
		}
	}
	b.ReportMetric(median(first), "first-µs")
	b.ReportMetric(median(last), "deep-µs")
	b.ReportMetric(median(last)/median(first), "times-first")
}
