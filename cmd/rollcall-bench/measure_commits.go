package main

import (
	"fmt"
	"net/http"
	"time"
)

// slower is what is added to every fsync of a slow disk.
const slower = 4 * time.Millisecond

// measureCommits: commits that callers share beside one commit for each, on SQLite, on this disk and on a slow one. Both are Rollcall's own
// SCIM over its own store; the second lets one transaction in at a time.
func (b *bench) measureCommits() error {
	if b.sides[0].store != "sqlite" {
		return nil
	}
	slow, err := slowDisk(b.ctx, b.folder, slower)
	if err != nil {
		return err
	}
	for _, disk := range []struct {
		name string
		env  []string
		want wanted
	}{
		{"", nil, wanted{atLeast, 1.8, 0}},
		{fmt.Sprintf(", %d ms added to every fsync", slower.Milliseconds()), slow, wanted{atLeast, 10, 14}},
	} {
		shared, err := b.committer("Rollcall, group commit"+disk.name, disk.env)
		if err != nil {
			return err
		}
		single, err := b.committer("Rollcall, one commit each"+disk.name, disk.env, "--one-by-one")
		if err != nil {
			return err
		}
		// The lone client first: the crowd leaves three to eleven times as many people behind where commits are shared.
		alone, err := b.compare("create", 1, shared, single)
		if err != nil {
			return err
		}
		found, err := b.compare("create", clients, shared, single)
		if err != nil {
			return err
		}
		b.add(compared(title("create", clients)+disk.name, figure{"group commit", found[shared].rate().Value, "/s"}, figure{"one commit each", found[single].rate().Value, "/s"}, disk.want))
		b.add(compared("p50 of "+title("create", 1)+disk.name, figure{"group commit", alone[shared].p50().Value, "ms"}, figure{"one commit each", alone[single].p50().Value, "ms"}, wanted{atMost, 1.15, 0}))
		if disk.env != nil && alone[single].p50().Value < milliseconds(slower) {
			return fmt.Errorf("a lone client waits %.1f ms, so nothing was added to fsync: the program does not call the C library's", alone[single].p50().Value)
		}
		if err := b.measureConflict(shared, disk.name); err != nil {
			return err
		}
	}
	return nil
}

// committer starts Rollcall's SCIM over a new small database, with group commit or without.
func (b *bench) committer(name string, env []string, args ...string) (*target, error) {
	s, err := seed(b.ctx, "sqlite:"+b.file(fmt.Sprintf("commit-%d", len(b.processes))), smallPeople)
	if err != nil {
		return nil, err
	}
	p, err := b.start("commit", env, b.self, append([]string{"control", "scim", "--database=" + s.database}, args...)...)
	if err != nil {
		return nil, err
	}
	return newTarget(name, fmt.Sprintf("%s/scim/%s/v2", p.url, s.org), s.token), nil
}

// measureConflict: 31 clients create, and the 32nd creates too, or wants a userName that is taken. That must delay nobody.
func (b *bench) measureConflict(t *target, disk string) error {
	const bystanders = clients - 1
	taken := exchange{http.MethodPost, "/Users", userBody(seededName(0), 0), func(status int, body []byte) error {
		_, err := answered(status, http.StatusConflict, body)
		return err
	}}
	var all [2]*series
	for i, name := range []string{"beside another create", "beside a conflict"} {
		all[i] = &series{Operation: "create", Clients: bystanders, Server: t.name + ", " + name}
	}
	for range b.options.Rounds {
		for i, next := range []func(int) exchange{t.create, func(int) exchange { return taken }} {
			beside := make(chan result, 1)
			go func() { beside <- drive(b.ctx, t, 1, b.options.Phase, next) }()
			r, err := load(b.ctx, t, "create", bystanders, b.options.Phase)
			r.Errors += (<-beside).Errors
			if err != nil {
				return err
			}
			all[i].Rounds = append(all[i].Rounds, r)
		}
	}
	b.report.Series = append(b.report.Series, all[:]...)
	b.add(compared("p50 of 31 creating clients, the 32nd gets 409"+disk, figure{"beside a conflict", all[1].p50().Value, "ms"},
		figure{"beside another create", all[0].p50().Value, "ms"}, wanted{atMost, 1.15, 1}))
	return nil
}
