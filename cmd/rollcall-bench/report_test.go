package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRow_IsJudgedByWhatIsWanted(t *testing.T) {
	t.Parallel()
	of := func(v float64) figure { return figure{"x", v, "/s"} }
	for _, test := range []struct {
		name  string
		row   row
		ratio float64
		met   bool
	}{
		{"faster than is wanted", compared("", of(8), of(10), wanted{atLeast, 0.6, 0}), 0.8, true},
		{"just as fast", compared("", of(6), of(10), wanted{atLeast, 0.6, 0}), 0.6, true},
		{"too slow", compared("", of(5), of(10), wanted{atLeast, 0.6, 0}), 0.5, false},
		{"takes too long", compared("", of(20), of(10), wanted{atMost, 1.5, 0}), 2, false},
		{"takes no longer", compared("", of(10), of(10), wanted{atMost, 1.5, 0}), 1, true},
		{"a control that came to nothing", compared("", of(10), of(0), wanted{atMost, 1.5, 0}), 0, false},
		{"nothing is wanted", compared("", of(1), of(10), anyOf), 0.1, true},
		{"little enough", limited("", of(30), wanted{atMost, 30, 0}), 0, true},
		{"too much", limited("", of(31), wanted{atMost, 30, 0}), 0, false},
	} {
		require.InDelta(t, test.ratio, test.row.Ratio, 1e-9, test.name)
		require.Equal(t, test.met, test.row.Met, test.name)
	}
}

func TestSeries_ShowsMedians(t *testing.T) {
	t.Parallel()
	s := &series{Server: "x", Rounds: []result{{PerSecond: 10, P99: 3}, {PerSecond: 1000, P99: 1}, {PerSecond: 30, P99: 2}}}
	require.Equal(t, figure{"x", 30, "/s"}, s.rate())
	require.Equal(t, figure{"x", 2, "ms"}, s.p99())
}

// sample is a report with what is hard to draw in it.
func sample() *report {
	round := []result{{PerSecond: 1234567, P50: 1}, {PerSecond: 1200000}, {PerSecond: 1300000}}
	return &report{Users: 1_000_000, Rounds: 3, Series: []*series{
		{Operation: "get", Clients: 32, Server: "Rollcall on SQLite", Rounds: round},
		{Operation: "get", Clients: 32, Server: `<Others & "Sons">`, Rounds: round},
		{Operation: "get", Clients: 32, Server: "nothing", Rounds: []result{{}}},
		{Operation: "get", Clients: 1, Server: "alone", Rounds: round},
	}, Rows: []row{
		compared("GET by id", figure{"Rollcall", 900, "/s"}, figure{"echo", 1000, "/s"}, wanted{atLeast, 0.7, 0.85}),
		limited("memory", figure{"Rollcall", 31.26, "MiB"}, wanted{atMost, 30, 0}),
	}}
}

func TestPlots_AreWellFormed(t *testing.T) {
	t.Parallel()
	plots := sample().plots()
	require.Len(t, plots, 1)
	require.Equal(t, "get.svg", plots[0].file)
	require.Len(t, plots[0].bars, 3)
	d := xml.NewDecoder(bytes.NewReader(plots[0].svg()))
	bars := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	require.Equal(t, 1+3, bars, "the ground and a bar for each server")
}

func TestTable(t *testing.T) {
	t.Parallel()
	text := sample().markdown()
	require.Contains(t, text, "1 of 2 wanted numbers are met. 1,000,000 users;")
	require.Contains(t, text, "| GET by id | Rollcall: 900/s | echo: 1,000/s | 0.90 | at least 0.70 (better: 0.85) | yes |\n")
	require.Contains(t, text, "| memory | Rollcall: 31.3 MiB |  |  | at most 30 MiB | **no** |\n")
	require.Contains(t, text, "(performance/get.svg)")
	var out bytes.Buffer
	require.NoError(t, sample().writeTable(&out))
	require.Contains(t, out.String(), "memory     Rollcall: 31.3 MiB")
}

func TestPage_KeepsWhatIsAroundTheReport(t *testing.T) {
	t.Parallel()
	page, err := between("# Speed\n"+beginMark+"\nold\n"+endMark+"\nMore.\n", "new\n")
	require.NoError(t, err)
	require.Equal(t, "# Speed\n"+beginMark+"\n\nnew\n\n"+endMark+"\nMore.\n", page)
	again, err := between(page, "new\n")
	require.NoError(t, err)
	require.Equal(t, page, again)
	_, err = between("# Speed\n", "new\n")
	require.ErrorContains(t, err, "the page has no line")
}

// TestDocs_SayWhatWasMeasured: nobody types figures.
func TestDocs_SayWhatWasMeasured(t *testing.T) {
	t.Parallel()
	docs := filepath.Join("..", "..", "docs")
	r, err := readReport(filepath.Join(docs, "performance", "report.json"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	require.NoError(t, err)
	want, err := between(string(page), r.markdown())
	require.NoError(t, err)
	require.Equal(t, want, string(page), "run: go run ./cmd/rollcall-bench render docs/performance/report.json --page docs/performance.md --plots docs/performance")
	for _, p := range r.plots() {
		drawn, err := os.ReadFile(filepath.Join(docs, "performance", p.file))
		require.NoError(t, err)
		require.Equal(t, string(p.svg()), string(drawn), p.file)
	}
}
