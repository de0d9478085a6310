package main

import "fmt"

// clients is how many ask at once unless it is said otherwise; patchClients is for PATCH.
const (
	clients      = 32
	patchClients = 8
)

// shares of other servers that are wanted.
var (
	getOfEcho     = wanted{atLeast, 0.70, 0.85}
	filterOfEcho  = wanted{atLeast, 0.60, 0.85}
	listOfBare    = wanted{atLeast, 0.60, 0.80}
	patchOfBare   = wanted{atLeast, 0.50, 0.70}
	createOfBare  = wanted{atLeast, 0.60, 0.80}
	createOfEcho  = wanted{atLeast, 0.45, 0}
	manyAsFew     = wanted{atLeast, 0.9, 1}
	loneAsBare    = wanted{atMost, 1.5, 1}
	deepAsFirst   = wanted{atMost, 1.2, 0}
	anyOf         = wanted{shown, 0, 0}
	readsOfPeople = map[string]wanted{"get": getOfEcho, "filter": filterOfEcho}
)

// titles are what operations are called where people read.
var titles = map[string]string{
	"create": "durable create", "get": "GET by id", "filter": "filter userName eq", "list": "list of 100", "patch": "PATCH active",
}

// everybody returns all servers: Rollcall and bare on each store, the controls that have none, and the others.
func (b *bench) everybody() []*target {
	var all []*target
	for _, s := range b.sides {
		all = append(all, s.rollcall, s.bare)
	}
	return append(append(all, b.echo, b.elimity), b.others...)
}

// measureReads: looking people up, beside an echo of the very same answer.
func (b *bench) measureReads() error {
	for _, operation := range []string{"get", "filter"} {
		found, err := b.compare(operation, clients, b.everybody()...)
		if err != nil {
			return err
		}
		for _, s := range b.sides {
			ours := found[s.rollcall].rate()
			b.add(compared(title(operation, clients), ours, found[b.echo].rate(), readsOfPeople[operation]),
				compared(title(operation, clients), ours, found[s.bare].rate(), anyOf),
				compared(title(operation, clients), ours, found[b.elimity].rate(), anyOf))
		}
		b.addOthers(operation, clients, found)
	}
	return nil
}

// addOthers shows the first store beside the servers that were named.
func (b *bench) addOthers(operation string, clients int, found map[*target]*series) {
	for _, t := range b.others {
		b.add(compared(title(operation, clients), found[b.sides[0].rollcall].rate(), found[t].rate(), anyOf))
	}
}

func title(operation string, clients int) string {
	if clients == 1 {
		return titles[operation] + ", lone client"
	}
	return fmt.Sprintf("%s, %d clients", titles[operation], clients)
}

// measureScale: the same with many people as with few, and how long one who is alone waits at most.
func (b *bench) measureScale() error {
	for _, operation := range []string{"get", "filter"} {
		var many, lone []*target
		for _, s := range b.sides {
			many = append(many, s.rollcall, s.small)
			lone = append(lone, s.rollcall, s.bare)
		}
		found, err := b.compare(operation, clients, many...)
		if err != nil {
			return err
		}
		for _, s := range b.sides {
			what := fmt.Sprintf("%s at %s users as at 1,000", titles[operation], thousands(b.options.Users))
			b.add(compared(what, found[s.rollcall].rate(), found[s.small].rate(), manyAsFew))
		}
		if found, err = b.compare(operation, 1, lone...); err != nil {
			return err
		}
		for _, s := range b.sides {
			b.add(compared("p99 of "+title(operation, 1), found[s.rollcall].p99(), found[s.bare].p99(), loneAsBare))
		}
	}
	return nil
}

// measureLists: pages of 100, and one of them far behind.
func (b *bench) measureLists() error {
	found, err := b.compare("list", clients, b.everybody()...)
	if err != nil {
		return err
	}
	for _, s := range b.sides {
		b.add(compared(title("list", clients), found[s.rollcall].rate(), found[s.bare].rate(), listOfBare),
			compared(title("list", clients), found[s.rollcall].rate(), found[b.echo].rate(), anyOf))
	}
	b.addOthers("list", clients, found)
	for _, s := range b.sides {
		if err := b.measureDepth(s); err != nil {
			return err
		}
	}
	return nil
}

// measurePatches: switching people on and off.
func (b *bench) measurePatches() error {
	found, err := b.compare("patch", patchClients, b.everybody()...)
	if err != nil {
		return err
	}
	for _, s := range b.sides {
		b.add(compared(title("patch", patchClients), found[s.rollcall].rate(), found[s.bare].rate(), patchOfBare),
			compared(title("patch", patchClients), found[s.rollcall].rate(), found[b.echo].rate(), anyOf))
	}
	b.addOthers("patch", patchClients, found)
	return nil
}

// measureCreates: each is on the disk before it is answered, but for echo and elimity.
func (b *bench) measureCreates() error {
	var before, created []float64
	for _, s := range b.sides {
		n, err := s.process.metric(commitsMetric)
		if err != nil {
			return err
		}
		before, created = append(before, n), append(created, float64(s.rollcall.created.Load()))
	}
	found, err := b.compare("create", clients, b.everybody()...)
	if err != nil {
		return err
	}
	for i, s := range b.sides {
		ours := found[s.rollcall].rate()
		b.add(compared(title("create", clients), ours, found[s.bare].rate(), createOfBare))
		if s.store == "sqlite" {
			b.add(compared(title("create", clients), ours, found[b.echo].rate(), createOfEcho))
		} else {
			b.add(compared(title("create", clients), ours, found[b.echo].rate(), anyOf))
		}
		b.add(compared(title("create", clients), ours, found[b.elimity].rate(), anyOf))
		n, err := s.process.metric(commitsMetric)
		if err != nil {
			return err
		}
		made := float64(s.rollcall.created.Load()) - created[i]
		most := wanted{atMost, 100, 0}
		if s.store != "sqlite" {
			most = anyOf // PostgreSQL gathers commits by itself
		}
		b.add(limited("commits for 1,000 creates, 32 clients", figure{s.rollcall.name, (n - before[i]) / made * 1000, ""}, most))
	}
	b.addOthers("create", clients, found)
	return nil
}

const commitsMetric = "rollcall_store_commits_total"
