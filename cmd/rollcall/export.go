package main

import (
	"compress/gzip"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
	"rollcall/store"
)

type exportCmd struct {
	storeFlag
	File string `arg:"" placeholder:"FILE|-" help:"Where to write; compressed by gzip if the name ends in .gz. - is standard output, not compressed."`
}

// Help says what is in the file.
func (exportCmd) Help() string {
	return "The file has all that the database has at one moment, and it can be written while servers run. It is the same for SQLite and PostgreSQL: " +
		"rollcall import fills an empty database of either kind from it. Whoever reads it knows everything about everybody; tokens are in it as hashes and passwords of " +
		"connectors as they are sealed, so their keys (--secret-key-file) are needed beside it. It is made readable by its owner only; keep it so. " +
		"Changes that are made after the export began are not in it: to move for good, stop the servers first."
}

// Run writes the file.
func (c *exportCmd) Run(a *app) error {
	p := newProgress(a.stderr)
	defer p.end()
	var found store.Copied
	export := func(to io.Writer) (err error) {
		found, err = store.Export(a.ctx, c.Database, programVersion(), a.clock.Now(), to, p.tell)
		var refusal *identity.Error
		if errors.As(err, &refusal) {
			return c.named(err)
		}
		return err // it may be about the file, and says so
	}
	if c.File == "-" {
		if err := export(a.stdout); err != nil {
			return err
		}
		p.end()
		a.say("Exported %d rows; their checksum is %s.", found.Total, found.Contents)
		return nil
	}
	if err := writeWhole(c.File, func(to io.Writer) error {
		if !strings.HasSuffix(c.File, ".gz") {
			return export(to)
		}
		packed, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
		if err != nil {
			return err
		}
		return errors.Join(export(packed), packed.Close())
	}); err != nil {
		return err
	}
	p.end()
	return a.showCopied(c.File, found)
}

// copied is what is told about an export or import.
type copied struct {
	File      string           `json:"file"`
	Schema    int64            `json:"schema"`
	Program   string           `json:"program"` // that exported
	CreatedAt time.Time        `json:"createdAt"`
	Rows      int64            `json:"rows"`
	Tables    map[string]int64 `json:"tables"`
	Contents  string           `json:"contents"`
	SHA256    string           `json:"sha256"`
}

func (a *app) showCopied(file string, found store.Copied) error {
	h := found.ExportHeader
	return a.show(copied{file, h.Schema, h.Program, h.CreatedAt, found.Total, h.Rows, found.Contents, found.SHA256}, func(w io.Writer) error {
		number := func(n int64) string { return strconv.FormatInt(n, 10) }
		return properties(w, "file", file, "exported at", instant(h.CreatedAt), "by rollcall", h.Program, "schema", number(h.Schema),
			"organizations", number(h.Rows["organizations"]), "accounts", number(h.Rows["accounts"]), "events", number(h.Rows["events"]),
			"rows of all tables", number(found.Total), "checksum of contents", found.Contents, "checksum of the file", found.SHA256)
	})
}
