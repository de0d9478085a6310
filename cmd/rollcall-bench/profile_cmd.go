package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// profileCmd says what the time of an operation goes to.
type profileCmd struct {
	Operation string        `arg:"" enum:"create,get,filter,list,patch,mixed" help:"What to ask."`
	Store     string        `default:"sqlite" enum:"sqlite,postgres" help:"On which store (${default})."`
	Users     int           `default:"10000" help:"People in the database (${default})."`
	Clients   int           `default:"32" help:"How many ask at once (${default})."`
	Duration  time.Duration `default:"10s" help:"For how long (${default})."`
	Save      string        `default:"cpu.prof" placeholder:"FILE" help:"Where the profile goes (${default}), for go tool pprof."`
}

// Run asks Rollcall's SCIM over its own store, which is all of the server but for logging and metrics, in a process that watches itself.
func (c *profileCmd) Run(a *app) (err error) {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	b := &bench{ctx: ctx, say: a.say, options: &reportCmd{}, filled: map[string]seeded{}}
	if b.folder, err = os.MkdirTemp("", "rollcall-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := os.Chmod(b.folder, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if c.Store == "postgres" {
		if b.cluster, err = startCluster(ctx, b.folder); err != nil {
			return err
		}
	}
	s, err := b.seedNew(c.Store, "profiled", c.Users)
	if err != nil {
		return err
	}
	p, err := b.start("profiled", nil, b.self, "control", "scim", "--database="+s.database, "--cpu-profile="+c.Save)
	if err != nil {
		return err
	}
	t := newTarget("Rollcall", fmt.Sprintf("%s/scim/%s/v2", p.url, s.org), s.token)
	if err := t.meet(ctx, c.Users); err != nil {
		return err
	}
	r, err := load(ctx, t, c.Operation, c.Clients, c.Duration)
	if err != nil {
		return err
	}
	if err := errors.Join(p.stop(), writeJSON(a.stdout, r)); err != nil {
		return err
	}
	show := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount=60", c.Save)
	show.Stdout, show.Stderr = a.stdout, a.stderr
	return show.Run()
}
