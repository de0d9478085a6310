package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// reportCmd measures everything.
type reportCmd struct {
	Users    int               `default:"100000" help:"People in the large databases (${default})."`
	Rounds   int               `default:"5" help:"Rounds in which everybody is asked in turn; medians are shown (${default})."`
	Phase    time.Duration     `default:"1s" help:"How long everybody is asked in each round (${default})."`
	Stores   []string          `default:"sqlite,postgres" enum:"sqlite,postgres" help:"On which stores Rollcall is measured (${default})."`
	Only     []string          `placeholder:"PART" help:"Parts to measure, instead of all: ${parts}."`
	Other    map[string]string `placeholder:"NAME=URL" help:"Another SCIM endpoint to ask the same, as https://HOST/PATH without /Users; repeatable. People are created there, and left."`
	Token    map[string]string `placeholder:"NAME=TOKEN" help:"Bearer token of another endpoint."`
	Rollcall string            `placeholder:"FILE" help:"The program to measure; without, it is built from the source around."`
	Folder   string            `placeholder:"DIR" help:"Where databases are made, on the disk that is to be measured; a temporary folder unless told."`
	Output   string            `default:"text" enum:"text,json" help:"Form on standard output: text or json."`
	Save     string            `placeholder:"FILE" help:"Also write the report as JSON."`
	renderFlags
}

// bench is a report on its way.
type bench struct {
	ctx       context.Context
	say       func(format string, args ...any)
	options   *reportCmd
	folder    string
	program   string
	self      string
	cluster   *cluster
	filled    map[string]seeded // files with people, which are copied and never served themselves
	processes []*process
	sides     []*side
	echo      *target
	elimity   *target
	others    []*target
	report    *report
}

// part is something that is measured by itself.
type part struct {
	name    string
	measure func(b *bench) error
}

// parts come in this order: what only reads first, since creates and patches leave more rows behind.
var parts = []part{
	{"read", (*bench).measureReads}, {"scale", (*bench).measureScale}, {"list", (*bench).measureLists}, {"patch", (*bench).measurePatches},
	{"neighbour", (*bench).measureNeighbours}, {"create", (*bench).measureCreates}, {"commit", (*bench).measureCommits}, {"bulk", (*bench).measureBulk},
	{"process", (*bench).measureProcesses}, {"instances", (*bench).measureInstances}, {"directory", (*bench).measureDirectory},
}

func partNames() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

func (c *reportCmd) Run(a *app) (err error) {
	for _, name := range c.Only {
		if !slices.Contains(partNames(), name) {
			return fmt.Errorf("--only: there is no part %q; the parts are %s", name, strings.Join(partNames(), ", "))
		}
	}
	if c.Users < smallPeople || c.Rounds < 1 || c.Phase <= 0 {
		return fmt.Errorf("there must be at least %d users, one round, and some time for each", smallPeople)
	}
	r, err := c.measure(a)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = writeJSON(a.stdout, r)
	} else {
		err = r.writeTable(a.stdout)
	}
	if c.Save != "" {
		err = errors.Join(err, r.save(c.Save))
	}
	if err := errors.Join(err, c.render(r)); err != nil {
		return err
	}
	if r.Failures > 0 {
		return fmt.Errorf("%d answers were wrong or did not come, so these figures are worth nothing; the report has the first of each series under \"error\"", r.Failures)
	}
	return nil
}

// measure starts everything, measures the parts, and ends what it started.
func (c *reportCmd) measure(a *app) (r *report, err error) {
	began := time.Now()
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	b := &bench{ctx: ctx, say: a.say, options: c, filled: map[string]seeded{}, report: &report{At: began.UTC().Truncate(time.Second), Users: c.Users, Rounds: c.Rounds, Phase: c.Phase.String()}}
	if b.folder, err = os.MkdirTemp(c.Folder, "rollcall-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.prepare(); err != nil {
		return nil, err
	}
	for _, p := range parts {
		if len(c.Only) > 0 && !slices.Contains(c.Only, p.name) {
			continue
		}
		a.say("%6s  measuring: %s", time.Since(began).Round(time.Second), p.name)
		if err := p.measure(b); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for _, s := range b.report.Series {
		for _, round := range s.Rounds {
			b.report.Failures += round.Errors
		}
	}
	b.report.Took = time.Since(began).Round(time.Second).String()
	return b.report, nil
}

// prepare builds the program and starts all servers.
func (b *bench) prepare() (err error) {
	if err := os.Chmod(b.folder, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	if b.report.Machine, err = describeMachine(b.folder); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.program, err = b.build(); err != nil {
		return err
	}
	for _, store := range b.options.Stores {
		b.say("filling %s with %d users", store, b.options.Users)
		s, err := b.newSide(store)
		if err != nil {
			return fmt.Errorf("%s: %w", store, err)
		}
		b.sides = append(b.sides, s)
	}
	if len(b.sides) == 0 {
		return errors.New("--stores: at least one store is needed")
	}
	if b.echo, err = b.control("echo", "echo"); err != nil {
		return err
	}
	if b.echo.mirror, err = reflect(b.ctx, b.sides[0].rollcall); err != nil {
		return err
	}
	inMemory := min(b.options.Users, 10*smallPeople)
	if b.elimity, err = b.control("elimity", "elimity", fmt.Sprintf("--people=%d", inMemory)); err != nil {
		return err
	}
	if err := b.elimity.meet(b.ctx, inMemory); err != nil {
		return err
	}
	for name, url := range b.options.Other {
		t := newTarget(name, url, b.options.Token[name])
		if err := t.settle(b.ctx, smallPeople); err != nil {
			return err
		}
		b.others = append(b.others, t)
	}
	return nil
}

// build makes the program to measure of the source around, and installs it: Linux keeps a file that has just been linked in pieces of up to
// 2 MiB, and since 6.18 counts the whole of each that is touched as the memory of who touches it. A copy is in small ones, as is what is read from a disk.
func (b *bench) build() (string, error) {
	if b.options.Rollcall != "" {
		return b.options.Rollcall, nil
	}
	linked, binary := filepath.Join(b.folder, "linked"), filepath.Join(b.folder, "rollcall")
	out, err := exec.CommandContext(b.ctx, "go", "build", "-o", linked, "rollcall/cmd/rollcall").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program to measure (or name one with --rollcall): %w\n%s", err, out)
	}
	return binary, errors.Join(copyFile(linked, binary), os.Chmod(binary, 0o755), os.Remove(linked))
}

// start runs a server until the bench is over.
func (b *bench) start(name string, env []string, program string, args ...string) (*process, error) {
	p, err := start(b.ctx, b.folder, name, env, program, args...)
	if err == nil {
		b.processes = append(b.processes, p)
	}
	return p, err
}

// end stops a server before the bench is over.
func (b *bench) end(p *process) error {
	b.processes = slices.DeleteFunc(b.processes, func(other *process) bool { return other == p })
	return p.stop()
}

// control starts this program as one of the controls.
func (b *bench) control(name string, args ...string) (*target, error) {
	p, err := b.start(name, nil, b.self, append([]string{"control"}, args...)...)
	if err != nil {
		return nil, err
	}
	return newTarget(name, p.url, ""), nil
}

// close ends everything and removes the databases.
func (b *bench) close() error {
	var errs []error
	for _, p := range b.processes {
		errs = append(errs, p.stop())
	}
	if b.cluster != nil {
		errs = append(errs, b.cluster.destroy())
	}
	return errors.Join(append(errs, os.RemoveAll(b.folder))...)
}

func (b *bench) add(rows ...row) { b.report.Rows = append(b.report.Rows, rows...) }

// compare asks all of them the same in turn, round by round, after a short time to warm up. Each round begins with another one.
func (b *bench) compare(operation string, clients int, targets ...*target) (map[*target]*series, error) {
	found := make(map[*target]*series, len(targets))
	for _, t := range targets {
		if _, err := load(b.ctx, t, operation, clients, b.options.Phase/2); err != nil {
			return nil, err
		}
		found[t] = &series{Operation: operation, Clients: clients, Server: t.name}
		b.report.Series = append(b.report.Series, found[t])
	}
	for round := range b.options.Rounds {
		for i := range targets {
			t := targets[(i+round)%len(targets)]
			r, err := load(b.ctx, t, operation, clients, b.options.Phase)
			if err != nil {
				return nil, err
			}
			found[t].Rounds = append(found[t].Rounds, r)
		}
	}
	return found, nil
}
