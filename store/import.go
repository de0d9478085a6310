package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"rollcall/identity"
)

// Importing says how an export is taken in.
type Importing struct {
	BrokenAudit bool // also if somebody changed the audit before it was exported
	Told        Told
}

// Import reads an export into the empty database that a url names, making it if it is a file that does not exist. Everything is written in
// one transaction and read back in it: whatever goes wrong, also the end of the process, leaves the database as empty as it was, and nobody
// sees a part of it. It holds a few rows in memory.
func Import(ctx context.Context, url string, from io.Reader, how Importing) (Copied, error) {
	place, err := parseURL(url)
	if err != nil {
		return Copied{}, err
	}
	file, err := newExportReader(from)
	if err != nil {
		return Copied{}, err
	}
	if err := place.migrate(ctx); err != nil {
		return Copied{}, err
	}
	if err := copyable(ctx, place); err != nil { // a newer program's
		return Copied{}, err
	}
	to, err := place.importing(ctx)
	if err != nil {
		return Copied{}, refusal(err)
	}
	copied, err := to.imported(ctx, file, how)
	return copied, errors.Join(err, to.end())
}

func (c *copying) imported(ctx context.Context, file *exportReader, how Importing) (Copied, error) {
	if err := c.empty(ctx); err != nil {
		return Copied{}, err
	}
	ends, err := c.loadAll(ctx, file, how.Told)
	if err != nil {
		return Copied{}, err
	}
	end, err := file.end()
	if err != nil {
		return Copied{}, err
	}
	if err := c.compare(ctx, ends, end.Rows, how.Told); err != nil {
		return Copied{}, err
	}
	if err := c.verifyAudit(ctx, how); err != nil {
		return Copied{}, err
	}
	if err := c.commit(ctx); err != nil {
		return Copied{}, err
	}
	return Copied{ExportHeader: file.header, Total: end.Rows, Contents: end.Contents, SHA256: end.SHA256}, nil
}

// replaced are the tables in which something stands before anybody has used a database: the organization of personal accounts, and the
// mark of a server's clock. An import puts what was exported in their place.
var replaced = []string{"clock_watch", "organizations"}

// empty refuses a database that anybody has used, and takes away what is there before.
func (c *copying) empty(ctx context.Context) error {
	var found []string
	for _, t := range copiedTables() {
		query := `SELECT count(*) FROM "` + t.name + `"`
		switch {
		case t.name == "organizations":
			query += " WHERE kind <> '" + string(identity.Consumer) + "'"
		case slices.Contains(replaced, t.name):
			continue
		}
		var n int64
		if err := c.conn.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return refusal(err)
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%s %d", t.name, n))
		}
	}
	if len(found) > 0 {
		return identity.Refuse(identity.Conflict, identity.RuleStoreNotEmpty,
			"the database is in use, and an import does not add to what is there; rows it has: %s", strings.Join(found, ", "))
	}
	for _, table := range replaced {
		if _, err := c.conn.ExecContext(ctx, `DELETE FROM "`+table+`"`); err != nil {
			return refusal(err)
		}
	}
	return nil
}

// loadAll writes all rows of the file.
func (c *copying) loadAll(ctx context.Context, file *exportReader, told Told) ([]tableEnd, error) {
	total := int(file.header.total())
	told("importing", 0, total)
	var ends []tableEnd
	for _, t := range copiedTables() {
		if err := file.begin(t); err != nil {
			return nil, err
		}
		var end tableEnd
		var sum rowsSum
		var fault error // of the file, whatever an engine makes of it
		err := c.load(ctx, t, func() ([]any, error) {
			if fault = ctx.Err(); fault != nil {
				return nil, fault
			}
			var values []any
			values, fault = file.next(t, &end, &sum)
			if file.rows%toldEvery == 0 {
				told("importing", int(file.rows), total)
			}
			return values, fault
		})
		switch {
		case fault != nil:
			return nil, fault
		case err != nil:
			return nil, notStored(t, file.number, err)
		}
		ends = append(ends, end)
	}
	told("importing", int(file.rows), total)
	return ends, nil
}

// notStored says what it means that an engine did not take rows of a table. Rows travel in groups, so the line is about where it was.
func notStored(t copiedTable, line int, err error) error {
	told := refusal(err)
	switch {
	case code(err) == tooLong:
		return &identity.Error{Kind: identity.Invalid, Rule: identity.RuleInvalidValue, Err: err,
			Detail: fmt.Sprintf("the table %s has a value near line %d that is too long for an index of PostgreSQL, which holds about 2,700 bytes, and SQLite's do not mind; "+
				"shorten it in the database that was exported, and export again", t.name, line)}
	case identity.KindOf(told) == identity.Unavailable || errors.Is(err, context.Canceled):
		return told
	}
	return fmt.Errorf("rows of the table %s cannot be stored, near line %d; nothing was imported: %w", t.name, line, told)
}

// compare reads back what was written.
func (c *copying) compare(ctx context.Context, ends []tableEnd, total int64, told Told) error {
	done := 0
	for i, t := range copiedTables() {
		found, err := c.sum(ctx, t, func([]byte) error {
			if done++; done%toldEvery == 0 {
				told("reading back", done, int(total))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if found != ends[i] {
			return fmt.Errorf("store: import: the table %s was read back with %d rows and other contents than the %d of the file; nothing was imported",
				t.name, found.Rows, ends[i].Rows)
		}
	}
	told("reading back", done, int(total))
	return nil
}

// verifyAudit computes the chains of events again: what was changed before the export shows here.
func (c *copying) verifyAudit(ctx context.Context, how Importing) error {
	orgs, err := list(ctx, c.connection, func(rows *sql.Rows) (org identity.OrgID, err error) {
		return org, rows.Scan(scanID(&org))
	}, `SELECT id FROM organizations ORDER BY id`)
	if err != nil {
		return err
	}
	for i, org := range orgs {
		report, err := identity.VerifyChain(ctx, c.reader, org)
		if err != nil {
			return err
		}
		if report.Broken() && !how.BrokenAudit {
			return identity.Refuse(identity.Conflict, identity.RuleAuditChanged,
				"the audit of the organization %s was changed before it was exported: %s", org, report.Fault)
		}
		how.Told("verifying the audits", i+1, len(orgs))
	}
	return nil
}
