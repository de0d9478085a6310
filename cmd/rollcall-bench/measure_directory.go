package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	mostInDirectory = 100_000 // people
	fewInDirectory  = 1000    // people

	unchangedRuns = 20 // of synchronizations of what changed, when nothing did
)

// measureDirectory: what synchronizing everybody of a directory takes, beside reading the same with nothing done: into an empty database, and when
// everybody is as they should be; what asking for changes takes when there are none, beside a directory with few people; and how much memory the
// commands have at most. Everything is done by the command line; the database is on SQLite. The first run of all wants a plan that somebody has seen,
// which is made before.
func (b *bench) measureDirectory() (err error) {
	people := min(b.options.Users, mostInDirectory)
	server, err := startLDAP(b.ctx, b.folder, 3389, people)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.destroy()) }()
	if err := server.read(); err != nil { // so that the server has read its own disk
		return err
	}
	var bare, first, unchanged, beyond []float64
	var peaks struct{ plan, run, unchanged float64 }
	var large *mirror
	for round := range min(b.options.Rounds, 3) {
		read, err := seconds(server.read)
		if err != nil {
			return err
		}
		if large, err = b.mirror(server, fmt.Sprintf("mirror-%d", round)); err != nil {
			return err
		}
		planned, err := large.run(nil, 2, "sync", "plan", "--org=Mirror")
		if err != nil {
			return err
		}
		var report struct{ Applied map[string]int }
		whole, err := large.run(&report, 0, "sync", "run", "--org=Mirror", "--output=json")
		if err != nil {
			return err
		}
		if report.Applied["create"] != people {
			return fmt.Errorf("%d people were created instead of %d", report.Applied["create"], people)
		}
		again, err := large.run(nil, 0, "sync", "plan", "--org=Mirror")
		if err != nil {
			return err
		}
		bare, first, unchanged = append(bare, read), append(first, whole.seconds), append(unchanged, again.seconds)
		beyond = append(beyond, float64(people)/(whole.seconds-read))
		peaks.plan, peaks.run, peaks.unchanged = max(peaks.plan, planned.peak), max(peaks.run, whole.peak), max(peaks.unchanged, again.peak)
	}
	name, control := b.sides[0].name(), figure{"bare go-ldap read", median(bare), "s"}
	what, most := "full directory sync of "+thousands(people)+", ", wanted{atMost, 300, 0}
	b.add(compared(what+"first", figure{name, median(first), "s"}, control, wanted{atMost, 1.25, 1.1}),
		compared(what+"unchanged", figure{name, median(unchanged), "s"}, control, wanted{atMost, 1.1, 1}),
		limited(what+"first, people a second beyond the read", figure{name, median(beyond), "rows/s"}, wanted{atLeast, 5000, 0}),
		limited(what+"memory at most of the first plan", figure{name, peaks.plan, "MiB"}, most),
		limited(what+"memory at most of the first run", figure{name, peaks.run, "MiB"}, most),
		limited(what+"memory at most when unchanged", figure{name, peaks.unchanged, "MiB"}, most))
	return b.measureChanges(large, people)
}

// measureChanges: asking a directory what changed when nothing did, beside one with few people.
func (b *bench) measureChanges(large *mirror, people int) (err error) {
	server, err := startLDAP(b.ctx, filepath.Join(b.folder, "few"), 3391, fewInDirectory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.destroy()) }()
	small, err := b.mirror(server, "mirror-few")
	if err != nil {
		return err
	}
	if _, err := small.run(nil, 2, "sync", "plan", "--org=Mirror"); err != nil {
		return err
	}
	if _, err := small.run(nil, 0, "sync", "run", "--org=Mirror"); err != nil {
		return err
	}
	took := map[*mirror][]float64{}
	for range unchangedRuns {
		for _, m := range []*mirror{small, large} {
			one, err := m.run(nil, 0, "sync", "plan", "--org=Mirror", "--incremental")
			if err != nil {
				return err
			}
			took[m] = append(took[m], one.seconds*1000)
		}
	}
	name := b.sides[0].name()
	b.add(compared("directory sync of changes, none of "+thousands(people), figure{name, median(took[large]), "ms"},
		figure{name + ", " + thousands(fewInDirectory) + " people", median(took[small]), "ms"}, wanted{atMost, 1.2, 1}))
	return nil
}

// mirror is a database with an organization that mirrors a directory.
type mirror struct {
	b        *bench
	database string
}

func (b *bench) mirror(server *ldapServer, name string) (*mirror, error) {
	m := &mirror{b: b, database: "sqlite:" + b.file(name)}
	if _, err := m.run(nil, 0, "org", "create", "Mirror"); err != nil {
		return nil, err
	}
	_, err := m.run(nil, 0, "connector", "create", "--org=Mirror", "--name=directory", "--kind=openldap", "--url="+server.said["LDAPS_URL"], "--ca-file="+server.said["CA_FILE"],
		"--bind-dn="+server.said["SYNC_DN"], "--bind-password-file="+server.passwordFile(), "--base-dn="+server.said["BASE_DN"], "--groups=nested")
	return m, err
}

// outlay is what a command takes.
type outlay struct {
	seconds float64
	peak    float64 // of its memory, in MiB
}

// run runs a command of the program and decodes what it prints, unless into is nil.
func (m *mirror) run(into any, status int, args ...string) (took outlay, err error) {
	cmd := exec.CommandContext(m.b.ctx, m.b.program, args...)
	cmd.Env = append(os.Environ(), "ROLLCALL_DATABASE="+m.database)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return outlay{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-tick.C:
			// What the system keeps of a process that has ended counts what its parent had when it started it.
			if now, err := memoryOf(cmd.Process.Pid); err == nil {
				took.peak = max(took.peak, now.peak)
			}
		}
	}
	took.seconds = time.Since(began).Seconds()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		return took, fmt.Errorf("%s %s: %w\n%s", args[0], args[1], err, said.String())
	}
	if into == nil {
		return took, nil
	}
	return took, json.Unmarshal(out.Bytes(), into)
}

func seconds(do func() error) (float64, error) {
	began := time.Now()
	err := do()
	return time.Since(began).Seconds(), err
}
