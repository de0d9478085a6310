package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Migration is one step from a schema to the next.
type Migration struct {
	Number int64  `json:"number"`
	Name   string `json:"name"`
	// Expansion says that programs which know the schema before can work with the one after. They need not be stopped for it.
	Expansion bool `json:"expansion"`
}

// Every migration says in its second line which of the two it is.
const (
	expansionMark = "-- upgrade: expand"
	stopMark      = "-- upgrade: stop"
)

// history is the migrations that a program knows, of one engine. They are numbered from 1 without gaps.
type history struct {
	files fs.FS
	inGo  map[int64]func(context.Context, *sql.Tx) error // those that SQL cannot do; no older program can live with them
}

// historyOf returns the history of this program.
func historyOf(engine string) history {
	files, err := fs.Sub(migrations, "migrations/"+engine)
	if err != nil {
		panic(err) // the path is one of two constants
	}
	h := history{files: files}
	if engine == "sqlite" {
		h.inGo = inGo
	}
	return h
}

// latest returns the number of the last migration.
func (h history) latest() int64 {
	names, err := fs.Glob(h.files, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	return int64(len(names) + len(h.inGo))
}

// after returns what follows a schema, in order.
func (h history) after(version int64) ([]Migration, error) {
	names, err := fs.Glob(h.files, "*.sql")
	if err != nil {
		return nil, err
	}
	var all []Migration
	for number := range h.inGo {
		all = append(all, Migration{Number: number})
	}
	for _, name := range names {
		m, err := h.migration(name)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Migration) int { return int(a.Number - b.Number) })
	return slices.DeleteFunc(all, func(m Migration) bool { return m.Number <= version }), nil
}

func (h history) migration(file string) (Migration, error) {
	number, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	m := Migration{Name: strings.ReplaceAll(name, "_", " ")}
	var err error
	if m.Number, err = strconv.ParseInt(number, 10, 64); err != nil {
		return m, fmt.Errorf("store: the migration %s has no number: %w", file, err)
	}
	text, err := fs.ReadFile(h.files, file)
	if err != nil {
		return m, fmt.Errorf("store: migrations: %w", err)
	}
	lines := strings.SplitN(string(text), "\n", 3)
	m.Expansion = len(lines) == 3 && lines[1] == expansionMark
	return m, nil
}

// Schema says how a database's schema relates to this program's.
type Schema struct {
	Version int64       // of the database; 0 if it is empty or does not exist
	Latest  int64       // that this program brings
	Oldest  int64       // that a program must know to work with the database; 0: only those that know all of it can
	Pending []Migration // what this program would do to it
}

// UpToDate reports whether the database has the schema that this program brings.
func (s Schema) UpToDate() bool { return s.Version == s.Latest }

// Usable reports whether this program can work with the database as it is: it knows all of the schema, or what came later was made so that
// programs of before can go on.
func (s Schema) Usable() bool {
	return s.UpToDate() || s.Version > s.Latest && s.Oldest > 0 && s.Oldest <= s.Latest
}

// Rolling reports whether the servers that work with the database now can go on while this program migrates it, and after that.
func (s Schema) Rolling() bool {
	return s.Version == 0 || !slices.ContainsFunc(s.Pending, func(m Migration) bool { return !m.Expansion })
}

// look asks a database for its schema. kept is a query that says whether a table of a name exists.
func (h history) look(ctx context.Context, db *sql.DB, kept string) (Schema, error) {
	s := Schema{Latest: h.latest()}
	for table, query := range map[string]string{
		"goose_db_version": "SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied",
		"schema_oldest":    "SELECT version FROM schema_oldest WHERE id = 1",
	} {
		var tables int64
		if err := db.QueryRowContext(ctx, kept, table).Scan(&tables); err != nil {
			return s, refusal(err)
		}
		if tables == 0 {
			continue
		}
		into := &s.Version
		if table == "schema_oldest" {
			into = &s.Oldest
		}
		if err := db.QueryRowContext(ctx, query).Scan(into); err != nil {
			return s, refusal(err)
		}
	}
	var err error
	s.Pending, err = h.after(s.Version)
	return s, err
}
