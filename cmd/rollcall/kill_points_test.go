package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/system"
)

// killedProgram is the program that kills itself at the point that $KILL_AT names: its main over a store that knows when the point has
// come. The program that is shipped has no such switch.
const killedProgram = "rollcall-killed"

// The points of a command's way at which it can be killed: where a transaction stands, and which one.
const (
	within = "within" // in the middle of its writes
	before = "before" // all is written and nothing committed
	after  = "after"  // it is committed, and nobody knows yet
	beyond = "beyond" // the next one is about to begin
)

// point is a point, as "before batch 13".
type point struct {
	where string
	what  string // plan, run, batch, last (batch) or end (of the run)
	turn  int    // of how many of the kind
}

func (p point) String() string { return fmt.Sprintf("%s %s %d", p.where, p.what, p.turn) }

func pointOf(text string) (p point, err error) {
	_, err = fmt.Sscanf(text, "%s %s %d", &p.where, &p.what, &p.turn)
	return p, err
}

func untilKilled() {
	at, err := pointOf(os.Getenv("KILL_AT"))
	if err != nil {
		panic(err)
	}
	w := world{clock: system.Clock{}, over: func(s identity.Store) identity.Store { return &deadly{Store: s, at: at, turns: map[string]int{}} }}
	os.Exit(runIn(context.Background(), w, os.Args[1:], os.Stdout, os.Stderr))
}

// deadly is a store that kills its process. Commands use it from one goroutine.
type deadly struct {
	identity.Store
	at    point
	turns map[string]int // how many transactions of each kind were committed
	last  string         // the kind of the last one
}

func (d *deadly) reached(where, what string, turn int) {
	if d.at == (point{where, what, turn}) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing more happens, however long the signal takes
	}
}

func (d *deadly) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	d.reached(beyond, d.last, d.turns[d.last])
	seen := &watched{deadly: d}
	err := d.Store.Do(ctx, lock, func(tx identity.Tx) error {
		seen.Tx, seen.what, seen.writes = tx, "", 0
		err := fn(seen)
		if err == nil {
			d.reached(before, seen.what, d.turns[seen.what]+1)
		}
		return err
	})
	if err == nil {
		d.last = seen.what
		d.turns[d.last]++
		d.reached(after, d.last, d.turns[d.last])
	}
	return err
}

// watched is a transaction that finds out what it is by what is written in it.
type watched struct {
	identity.Tx
	*deadly
	what   string
	writes int // of accounts
}

func (w *watched) InsertPlan(ctx context.Context, p identity.Plan) error {
	w.what = "plan"
	return w.Tx.InsertPlan(ctx, p)
}

func (w *watched) InsertRun(ctx context.Context, r identity.Run) error {
	w.what = "run"
	return w.Tx.InsertRun(ctx, r)
}

func (w *watched) UpdateRun(ctx context.Context, r identity.Run) error {
	var report directory.Report
	if err := json.Unmarshal(r.Report, &report); err != nil {
		return err
	}
	switch {
	case r.State != identity.RunRunning:
		w.what = "end"
	case r.NextStep == report.Total:
		w.what = "last"
	default:
		w.what = "batch"
	}
	return w.Tx.UpdateRun(ctx, r)
}

func (w *watched) InsertAccount(ctx context.Context, a identity.Account, holds []identity.Hold) error {
	w.written()
	return w.Tx.InsertAccount(ctx, a, holds)
}

func (w *watched) UpdateAccount(ctx context.Context, a identity.Account, holds []identity.Hold) error {
	w.written()
	return w.Tx.UpdateAccount(ctx, a, holds)
}

// written counts accounts. Only batches write any, and they write the run last.
func (w *watched) written() {
	if w.writes++; w.writes == 100 {
		w.reached(within, "batch", w.turns["batch"]+1)
	}
}
