package main

import (
	"io"
	"os"

	"rollcall/store"
)

type importCmd struct {
	storeFlag
	File        string `arg:"" placeholder:"FILE|-" help:"The file that rollcall export wrote, compressed or not; - for standard input."`
	BrokenAudit bool   `help:"Import also if the audit was changed before it was exported; rollcall verify goes on to say so."`
}

// Help says what is proven, and what a failure leaves.
func (importCmd) Help() string {
	return "The database must be one that nobody has used yet; a file is made if it does not exist. Everything is written at once, read back and compared with the file's " +
		"checksums, and the chains of the audit are computed again. Until all of that is done the database is as empty as before, also for a server on it; " +
		"whatever goes wrong, import again. Give the servers the same --secret-key-file, --scim-schemas and rules as before: they are not in the database."
}

// Run reads the file.
func (c *importCmd) Run(a *app) error {
	from := io.NopCloser(a.stdin)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		from = file
	}
	defer from.Close()
	p := newProgress(a.stderr)
	defer p.end()
	found, err := store.Import(a.ctx, c.Database, from, store.Importing{BrokenAudit: c.BrokenAudit, Told: p.tell})
	if err != nil {
		return c.named(err)
	}
	p.end()
	return a.showCopied(c.File, found)
}
