package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

// bareSQLite writes on one connection, with a commit for everybody who is waiting, and reads on as many as there are processors.
type bareSQLite struct {
	*pattern
	writing, reading                 *sql.DB
	one, named, some, update, number *sql.Stmt
	inserts                          []*sql.Stmt // one for each row of the pattern
	queue                            chan bareWrite
	done                             chan struct{}
}

// bareWrite is somebody who waits for a commit.
type bareWrite struct {
	run func(tx *sql.Tx) error
	end chan error
}

func openSQLite(path, settings string) (*sql.DB, error) {
	return sql.Open("sqlite3", (&url.URL{Scheme: "file", Path: path, RawQuery: settings}).String())
}

// checkpoint has everything in the file itself, so that the file can be copied.
func checkpoint(ctx context.Context, path string) error {
	db, err := openSQLite(path, "")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func openBareSQLite(ctx context.Context, path string) (*bareSQLite, error) {
	// As Rollcall has it, but for foreign keys: those are rules.
	writing, err := openSQLite(path, "_journal_mode=WAL&_synchronous=FULL&_cache_size=-32768&_txlock=immediate&_busy_timeout=10000")
	if err != nil {
		return nil, err
	}
	writing.SetMaxOpenConns(1)
	reading, err := openSQLite(path, "mode=ro&_query_only=1&_cache_size=-8192&_busy_timeout=10000")
	if err != nil {
		return nil, err
	}
	reading.SetMaxOpenConns(max(2, runtime.GOMAXPROCS(0)))
	reading.SetMaxIdleConns(max(2, runtime.GOMAXPROCS(0)))
	b := &bareSQLite{writing: writing, reading: reading, queue: make(chan bareWrite, 512), done: make(chan struct{})}
	if _, err := writing.ExecContext(ctx, "PRAGMA wal_autocheckpoint = 4000"); err != nil {
		return nil, err
	}
	if b.pattern, err = readPattern(func(statement string) ([]string, []any, error) { return anyRow(ctx, reading, statement) }); err != nil {
		return nil, err
	}
	if err := reading.QueryRowContext(ctx, selectOrg).Scan(&b.org); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		to   **sql.Stmt
		db   *sql.DB
		text string
	}{{&b.one, reading, selectByID}, {&b.named, reading, selectByName}, {&b.some, reading, selectPage}, {&b.number, reading, selectCount}, {&b.update, writing, updateStatus}} {
		if *s.to, err = s.db.PrepareContext(ctx, fmt.Sprintf(s.text, "?")); err != nil {
			return nil, err
		}
	}
	for _, row := range b.rows {
		insert, err := writing.PrepareContext(ctx, row.insertion("?"))
		if err != nil {
			return nil, err
		}
		b.inserts = append(b.inserts, insert)
	}
	go b.commitBatches()
	return b, nil
}

// anyRow reads a row whose columns nobody knows.
func anyRow(ctx context.Context, db *sql.DB, statement string) ([]string, []any, error) {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, nil, err
	}
	if !rows.Next() {
		return nil, nil, errors.Join(sql.ErrNoRows, rows.Err())
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	return columns, values, rows.Scan(into...)
}

// commitBatches commits once for everybody who has come while the commit before was under way.
func (b *bareSQLite) commitBatches() {
	defer close(b.done)
	for first := range b.queue {
		batch := []bareWrite{first}
		tx, err := b.writing.Begin()
		if err == nil {
			err = first.run(tx)
		}
		for err == nil && len(b.queue) > 0 {
			next := <-b.queue
			batch = append(batch, next)
			err = next.run(tx)
		}
		if err == nil {
			err = tx.Commit()
		} else if tx != nil {
			err = errors.Join(err, tx.Rollback())
		}
		for _, w := range batch {
			w.end <- err
		}
	}
}

func (b *bareSQLite) write(run func(tx *sql.Tx) error) error {
	end := make(chan error, 1)
	b.queue <- bareWrite{run, end}
	return <-end
}

func (b *bareSQLite) insertIn(tx *sql.Tx, p barePerson) error {
	for i, row := range b.rows {
		if _, err := tx.Stmt(b.inserts[i]).Exec(b.like(row, p)...); err != nil {
			return err
		}
	}
	return nil
}

func (b *bareSQLite) insert(_ context.Context, p barePerson) error {
	return b.write(func(tx *sql.Tx) error { return b.insertIn(tx, p) })
}

func scanBare(row interface{ Scan(...any) error }) (p barePerson, err error) {
	err = row.Scan(&p.id, &p.userName, &p.emails, &p.profile, &p.status, &p.createdAt, &p.updatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNobody
	}
	return p, err
}

func (b *bareSQLite) byID(ctx context.Context, id []byte) (barePerson, error) {
	return scanBare(b.one.QueryRowContext(ctx, b.org, id))
}

func (b *bareSQLite) byName(ctx context.Context, name string) (barePerson, error) {
	return scanBare(b.named.QueryRowContext(ctx, b.org, name))
}

func (b *bareSQLite) page(ctx context.Context, skip, limit int) ([]barePerson, error) {
	rows, err := b.some.QueryContext(ctx, b.org, limit, skip)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []barePerson
	for rows.Next() {
		p, err := scanBare(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, rows.Err()
}

func (b *bareSQLite) setActive(_ context.Context, id []byte, active bool) (p barePerson, err error) {
	err = b.write(func(tx *sql.Tx) error {
		now := newBarePerson().createdAt
		if p, err = scanBare(tx.Stmt(b.update).QueryRow(b.org, id, statusOf(active), now)); err != nil {
			return err
		}
		who := p
		who.createdAt = now
		last := len(b.rows) - 1 // the event
		_, err = tx.Stmt(b.inserts[last]).Exec(b.like(b.rows[last], who)...)
		return err
	})
	return p, err
}

func (b *bareSQLite) count(ctx context.Context) (n int, err error) {
	return n, b.number.QueryRowContext(ctx, b.org).Scan(&n)
}

// load writes people in transactions of a thousand, as fast as one connection takes them.
func (b *bareSQLite) load(_ context.Context, people []barePerson) error {
	return b.write(func(tx *sql.Tx) error {
		for _, p := range people {
			if err := b.insertIn(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bareSQLite) close() error {
	close(b.queue)
	<-b.done
	return errors.Join(b.writing.Close(), b.reading.Close())
}
