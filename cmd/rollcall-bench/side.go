package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// side is Rollcall on one of its stores, and what it is compared with there.
type side struct {
	store    string // sqlite or postgres
	large    seeded
	rollcall *target  // on many people
	small    *target  // on few
	other    *target  // another organization on the same server as rollcall
	bare     *target  // the same rows as rollcall's
	process  *process // of rollcall
	spare    string   // a copy of the small database that nobody works on
	idle     memory   // what the process of rollcall needed before it was asked anything
}

// smallPeople is how many people the small databases have.
const smallPeople = 1000

// rateLimit is more than anybody asks.
const rateLimit = 100_000

// newSide fills the databases, copies them and starts the servers.
func (b *bench) newSide(store string) (*side, error) {
	if store == "postgres" {
		var err error
		if b.cluster, err = startCluster(b.ctx, b.folder); err != nil {
			return nil, err
		}
	}
	s := &side{store: store}
	var err error
	if s.large, err = b.seedNew(store, "large", b.options.Users); err != nil {
		return nil, err
	}
	few, err := b.seedNew(store, "small", smallPeople)
	if err != nil {
		return nil, err
	}
	bareDatabase, err := b.copy(store, "large", "bare")
	if err != nil {
		return nil, err
	}
	if s.spare, err = b.copy(store, "small", "spare"); err != nil {
		return nil, err
	}
	if s.rollcall, s.process, err = b.serve(s.name(), s.large); err != nil {
		return nil, err
	}
	if s.idle, err = s.process.idle(); err != nil {
		return nil, err
	}
	if s.small, _, err = b.serve(s.name()+", 1,000 users", few); err != nil {
		return nil, err
	}
	s.other = newTarget(s.name()+", other organization", strings.Replace(s.rollcall.url, string(s.large.org), string(s.large.other), 1), s.large.otherKey)
	if s.bare, err = b.control(s.bareName(), "bare", "--database="+bareDatabase); err != nil {
		return nil, err
	}
	for _, t := range []*target{s.rollcall, s.bare} {
		if err := t.meet(b.ctx, b.options.Users); err != nil {
			return nil, err
		}
	}
	if err := s.small.meet(b.ctx, smallPeople); err != nil {
		return nil, err
	}
	return s, s.other.meetFrom(b.ctx, otherBase, otherPeople)
}

func (s *side) name() string {
	if s.store == "postgres" {
		return "Rollcall on PostgreSQL"
	}
	return "Rollcall on SQLite"
}

func (s *side) bareName() string {
	if s.store == "postgres" {
		return "bare-pg"
	}
	return "bare"
}

// seedNew makes a database of that name and fills it. The one on PostgreSQL is a copy of the one on SQLite.
func (b *bench) seedNew(store, name string, people int) (seeded, error) {
	s, ok := b.filled[name]
	if !ok {
		var err error
		if s, err = seed(b.ctx, "sqlite:"+b.file(name), people); err != nil {
			return seeded{}, err
		}
		if err := checkpoint(b.ctx, b.file(name)); err != nil {
			return seeded{}, err
		}
		b.filled[name] = s
	}
	if store != "postgres" {
		s.database = "sqlite:" + b.file(name+"-served")
		return s, copyFile(b.file(name), b.file(name+"-served"))
	}
	database, err := b.cluster.database(b.ctx, name, "")
	if err != nil {
		return seeded{}, err
	}
	s.database = database
	if err := transfer(b.ctx, b.file(name), database); err != nil {
		return seeded{}, err
	}
	return s, b.cluster.settle(b.ctx, database)
}

func (b *bench) file(name string) string { return filepath.Join(b.folder, name+".db") }

// copy copies a database that nobody has open.
func (b *bench) copy(store, from, to string) (string, error) {
	if store == "postgres" {
		return b.cluster.database(b.ctx, to, from)
	}
	return "sqlite:" + b.file(to), copyFile(b.file(from), b.file(to))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// serve starts Rollcall on a database.
func (b *bench) serve(name string, s seeded) (*target, *process, error) {
	p, err := b.start("rollcall", []string{"ROLLCALL_DATABASE=" + s.database}, b.program, "serve", "--listen=127.0.0.1:0",
		"--scim-rate-limit="+strconv.Itoa(rateLimit), "--mail-dir="+filepath.Join(b.folder, "mail"))
	if err != nil {
		return nil, nil, err
	}
	return newTarget(name, fmt.Sprintf("%s/scim/%s/v2", p.url, s.org), s.token), p, nil
}
