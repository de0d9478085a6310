package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"rollcall/identity"
)

// An export is a text in lines, JSON each, that no engine has its own form of:
//
//	{"rollcallExport":1,"schema":21,"program":"v1.2.0","createdAt":"2026-03-01T12:00:00Z","rows":{"accounts":2,…}}
//	{"table":"accounts","columns":["org_id","id",…]}
//	["0199…","019a…",…]
//	["0199…","019b…",…]
//	{"end":"accounts","rows":2,"contents":"9d5e…"}
//	…
//	{"tables":49,"rows":1234,"contents":"77ac…","sha256":"5b0c…"}
//
// Tables always come in the same order, in which each one stands after those that it refers to. "contents" of a table is the sum of the
// SHA-256 of its lines, and the last line's is over those of all tables: equal contents have equal ones, whichever engine they were in.
// "sha256" is over all bytes before the last line.

// exportFormat is the version of this form.
const exportFormat = 1

// ExportHeader is the first line of an export.
type ExportHeader struct {
	Format    int              `json:"rollcallExport"`
	Schema    int64            `json:"schema"` // as SQLite counts; PostgreSQL's migrations began later
	Program   string           `json:"program"`
	CreatedAt time.Time        `json:"createdAt"`
	Rows      map[string]int64 `json:"rows"` // of each table
}

func (h ExportHeader) total() int64 {
	var n int64
	for _, rows := range h.Rows {
		n += rows
	}
	return n
}

// tableBegin, tableEnd and exportEnd are the lines around the rows.
type (
	tableBegin struct {
		Table   string   `json:"table"`
		Columns []string `json:"columns"`
	}
	tableEnd struct {
		End      string `json:"end"`
		Rows     int64  `json:"rows"`
		Contents string `json:"contents"`
	}
	exportEnd struct {
		Tables   int    `json:"tables"`
		Rows     int64  `json:"rows"`
		Contents string `json:"contents"`
		SHA256   string `json:"sha256"`
	}
)

// Copied says what went through an export.
type Copied struct {
	ExportHeader
	Total    int64  // rows of all tables
	Contents string // the same for equal contents
	SHA256   string // of the lines before the last
}

// Told hears how far long work has come.
type Told func(phase string, done, total int)

// toldEvery is how many rows there are between two calls of it.
const toldEvery = 1000

// copying is a connection in a transaction that reads or writes everything.
type copying struct {
	*connection
	reader reader
	end    func() error // gives up what has not been committed, and the connection

	// What only an import has: how rows get in, and how they stay.
	load   func(ctx context.Context, t copiedTable, next func() ([]any, error)) error
	commit func(ctx context.Context) error
}

// Export writes everything that the database has which a url names, as it is at one moment, also while others write. It changes nothing:
// a database with another schema than this program's is refused. It holds a few rows in memory.
func Export(ctx context.Context, url string, program string, at time.Time, to io.Writer, told Told) (Copied, error) {
	place, err := parseURL(url)
	if err != nil {
		return Copied{}, err
	}
	if err := copyable(ctx, place); err != nil {
		return Copied{}, err
	}
	from, err := place.exporting(ctx)
	if err != nil {
		return Copied{}, refusal(err)
	}
	copied, err := from.export(ctx, ExportHeader{Format: exportFormat, Schema: copiedSchema(), Program: program, CreatedAt: at}, to, told)
	return copied, errors.Join(err, from.end())
}

// copyable refuses a database whose tables and columns are not those of copied.
func copyable(ctx context.Context, p place) error {
	found, err := p.inspect(ctx)
	switch {
	case err != nil:
		return err
	case found.Version == 0:
		return identity.Refuse(identity.NotFound, identity.RuleNoDatabase, "there is no database of rollcall here").At("database")
	case !found.UpToDate():
		return identity.Refuse(identity.Conflict, identity.RuleExportVersion,
			"the database has schema version %d, and this program exports and imports version %d only", found.Version, found.Latest)
	}
	return nil
}

func (c *copying) export(ctx context.Context, h ExportHeader, to io.Writer, told Told) (Copied, error) {
	var err error
	if h.Rows, err = c.count(ctx); err != nil {
		return Copied{}, err
	}
	w := newExportWriter(to)
	w.line(h)
	total := h.total()
	var end exportEnd
	var sums string
	for _, t := range copiedTables() {
		w.line(tableBegin{t.name, t.names()})
		found, err := c.sum(ctx, t, func(line []byte) error {
			if end.Rows++; end.Rows%toldEvery == 0 {
				told("exporting", int(end.Rows), int(total))
			}
			return w.bytes(line)
		})
		if err != nil {
			return Copied{}, err
		}
		w.line(found)
		end.Tables++
		sums += found.Contents
	}
	end.Contents = digestOf(sums)
	end.SHA256 = hex.EncodeToString(w.hash.Sum(nil))
	w.line(end)
	if w.err == nil {
		w.err = w.to.Flush()
	}
	told("exporting", int(end.Rows), int(total))
	return Copied{ExportHeader: h, Total: end.Rows, Contents: end.Contents, SHA256: end.SHA256}, w.err
}

// digestOf is the checksum over those of all tables.
func digestOf(sums string) string {
	hash := sha256.Sum256([]byte(sums))
	return hex.EncodeToString(hash[:])
}

// count returns how many rows each table has.
func (c *copying) count(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, t := range copiedTables() {
		var n int64
		if err := c.conn.QueryRowContext(ctx, `SELECT count(*) FROM "`+t.name+`"`).Scan(&n); err != nil {
			return nil, refusal(err)
		}
		counts[t.name] = n
	}
	return counts, nil
}

// sum reads a table and gives the line of each row to each, which may use it until it returns.
func (c *copying) sum(ctx context.Context, t copiedTable, each func(line []byte) error) (tableEnd, error) {
	end := tableEnd{End: t.name}
	rows, err := c.conn.QueryContext(ctx, "SELECT "+t.list()+` FROM "`+t.name+`" ORDER BY `+t.order)
	if err != nil {
		return end, refusal(err)
	}
	defer rows.Close()
	values, places := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		places[i] = &values[i]
	}
	var sum rowsSum
	var line []byte
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return end, fmt.Errorf("store: %s: %w", t.name, err)
		}
		if line, err = t.appendRow(line[:0], values); err != nil {
			return end, err
		}
		sum.add(line)
		end.Rows++
		if err := each(line); err != nil {
			return end, err
		}
	}
	end.Contents = sum.text()
	return end, refusal(rows.Err())
}

// exportWriter writes lines until one cannot be written.
type exportWriter struct {
	to   *bufio.Writer
	hash hash.Hash
	err  error
}

func newExportWriter(to io.Writer) *exportWriter {
	return &exportWriter{to: bufio.NewWriterSize(to, 1<<16), hash: sha256.New()}
}

func (w *exportWriter) bytes(line []byte) error {
	if w.err == nil {
		_, _ = w.hash.Write(line) // never fails
		_, w.err = w.to.Write(line)
	}
	return w.err
}

func (w *exportWriter) line(value any) {
	line, err := json.Marshal(value)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("store: export: %w", err)
	}
	_ = w.bytes(append(line, '\n')) // told at the end
}
