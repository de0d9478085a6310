package main

import (
	"errors"
	"sync"
)

// instances is how many servers share a database where several are measured.
const instances = 3

// measureInstances: several servers on one PostgreSQL beside one, asked by as many clients in all. They share the machine's processors too, so
// nothing can become faster here; what is asked is whether they get into each other's way.
func (b *bench) measureInstances() (err error) {
	for _, s := range b.sides {
		if s.store != "postgres" {
			continue
		}
		fleet := []*target{s.rollcall}
		for len(fleet) < instances {
			t, p, err := b.serve(s.rollcall.name, s.large)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, b.end(p)) }()
			t.present, t.people = s.rollcall.present, s.rollcall.people
			fleet = append(fleet, t)
		}
		for _, operation := range []string{"get", "create"} {
			one := &series{Operation: operation, Clients: clients, Server: s.rollcall.name + ", one instance"}
			three := &series{Operation: operation, Clients: clients, Server: s.rollcall.name + ", three instances"}
			for round := range b.options.Rounds + 1 { // the first one is to warm up
				alone, err := load(b.ctx, s.rollcall, operation, clients, b.options.Phase)
				if err != nil {
					return err
				}
				shared, err := b.loadAll(fleet, operation)
				if err != nil {
					return err
				}
				if round > 0 {
					one.Rounds, three.Rounds = append(one.Rounds, alone), append(three.Rounds, shared)
				}
			}
			b.report.Series = append(b.report.Series, one, three)
			b.add(compared(title(operation, clients)+", three instances of one database", three.rate(), one.rate(), wanted{atLeast, 1, 0}))
		}
	}
	return nil
}

// loadAll asks several servers at once, with all clients spread over them. The latencies are those of the slowest one.
func (b *bench) loadAll(fleet []*target, operation string) (all result, err error) {
	results, errs := make([]result, len(fleet)), make([]error, len(fleet))
	var wait sync.WaitGroup
	for i, t := range fleet {
		wait.Go(func() {
			share := (clients + i) / len(fleet) // 10, 11 and 11 of 32
			results[i], errs[i] = load(b.ctx, t, operation, share, b.options.Phase)
		})
	}
	wait.Wait()
	all = result{Operation: operation, Clients: clients}
	for i, r := range results {
		if errs[i] != nil {
			return all, errs[i]
		}
		all.Requests, all.Errors, all.PerSecond = all.Requests+r.Requests, all.Errors+r.Errors, all.PerSecond+r.PerSecond
		all.Seconds, all.P50, all.P99 = max(all.Seconds, r.Seconds), max(all.P50, r.P50), max(all.P99, r.P99)
		if all.Error == "" {
			all.Error = r.Error
		}
	}
	return all, nil
}
