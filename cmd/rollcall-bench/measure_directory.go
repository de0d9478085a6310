package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// mostInDirectory is how many people the directory has at most.
const mostInDirectory = 100_000

// measureDirectory: what synchronizing everybody of a directory takes, beside reading the same with nothing done: into an empty database, and when
// everybody is as they should be. Everything is done by the command line; the database is on SQLite. The first run of all wants a plan that somebody
// has seen, which is made before.
func (b *bench) measureDirectory() (err error) {
	people := min(b.options.Users, mostInDirectory)
	server, err := startLDAP(b.ctx, b.folder, people)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.destroy()) }()
	if err := server.read(); err != nil { // so that the server has read its own disk
		return err
	}
	var bare, first, unchanged, beyond []float64
	for round := range min(b.options.Rounds, 3) {
		read, err := seconds(server.read)
		if err != nil {
			return err
		}
		m, err := b.mirror(server, fmt.Sprintf("mirror-%d", round))
		if err != nil {
			return err
		}
		if err := m.run(nil, 2, "sync", "plan", "--org=Mirror"); err != nil {
			return err
		}
		whole, err := seconds(func() error { return m.run(&m.applied, 0, "sync", "run", "--org=Mirror", "--output=json") })
		if err != nil {
			return err
		}
		if m.applied.Applied["create"] != people {
			return fmt.Errorf("%d people were created instead of %d", m.applied.Applied["create"], people)
		}
		again, err := seconds(func() error { return m.run(nil, 0, "sync", "plan", "--org=Mirror") })
		if err != nil {
			return err
		}
		bare, first, unchanged = append(bare, read), append(first, whole), append(unchanged, again)
		beyond = append(beyond, float64(people)/(whole-read))
	}
	name, control := b.sides[0].name(), figure{"bare go-ldap read", median(bare), "s"}
	what := "full directory sync of " + thousands(people) + ", "
	b.add(compared(what+"first", figure{name, median(first), "s"}, control, wanted{atMost, 1.25, 1.1}),
		compared(what+"unchanged", figure{name, median(unchanged), "s"}, control, wanted{atMost, 1.1, 1}),
		limited(what+"first, people a second beyond the read", figure{name, median(beyond), "rows/s"}, wanted{atLeast, 5000, 0}))
	return nil
}

// mirror is a database with an organization that mirrors a directory.
type mirror struct {
	b        *bench
	database string
	applied  struct{ Applied map[string]int }
}

func (b *bench) mirror(server *ldapServer, name string) (*mirror, error) {
	m := &mirror{b: b, database: "sqlite:" + b.file(name)}
	return m, errors.Join(m.run(nil, 0, "org", "create", "Mirror"),
		m.run(nil, 0, "connector", "create", "--org=Mirror", "--name=directory", "--kind=openldap", "--url="+server.said["LDAPS_URL"], "--ca-file="+server.said["CA_FILE"],
			"--bind-dn="+server.said["SYNC_DN"], "--bind-password-file="+server.passwordFile(), "--base-dn="+server.said["BASE_DN"], "--groups=nested"))
}

// run runs a command of the program and decodes what it prints, unless into is nil.
func (m *mirror) run(into any, status int, args ...string) error {
	cmd := exec.CommandContext(m.b.ctx, m.b.program, args...)
	cmd.Env = append(os.Environ(), "ROLLCALL_DATABASE="+m.database)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		return fmt.Errorf("%s %s: %w\n%s", args[0], args[1], err, said.String())
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(out.Bytes(), into)
}

func seconds(do func() error) (float64, error) {
	began := time.Now()
	err := do()
	return time.Since(began).Seconds(), err
}
