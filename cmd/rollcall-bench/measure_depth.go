package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// measureDepth: a page of 100 behind nine tenths of all people, by cursor, beside the first page.
func (b *bench) measureDepth(s *side) error {
	const most = 1000 // that a page may have
	deep := ""
	for range b.options.Users * 9 / 10 / most {
		var err error
		if _, deep, err = b.turnPage(s.rollcall, deep, most); err != nil {
			return err
		}
	}
	const pages = 100
	places := []string{"", deep}
	took := make([][]time.Duration, len(places))
	for range pages {
		for i, cursor := range places {
			t, _, err := b.turnPage(s.rollcall, cursor, pageSize)
			if err != nil {
				return err
			}
			took[i] = append(took[i], t)
		}
	}
	half := func(i int) float64 { return milliseconds(quantile(took[i], 0.5)) }
	b.add(compared("cursor behind 90 % of the people, p50 of a lone client", figure{s.rollcall.name, half(1), "ms"}, figure{"its first page", half(0), "ms"}, deepAsFirst))
	return nil
}

// turnPage reads one page and returns how long that took and the cursor of the next.
func (b *bench) turnPage(t *target, cursor string, count int) (time.Duration, string, error) {
	var next string
	query := url.Values{"count": {fmt.Sprint(count)}, "cursor": {cursor}}
	e := exchange{http.MethodGet, "/Users?" + query.Encode(), nil, func(status int, body []byte) error {
		a, err := answered(status, http.StatusOK, body)
		if err == nil {
			err = a.isPage(count, t.present)
		}
		next = a.NextCursor
		return err
	}}
	var buffer bytes.Buffer
	began := time.Now()
	err := t.ask(b.ctx, e, &buffer)
	return time.Since(began), next, err
}

// measureNeighbours: how long a lone client of one organization waits while 32 create in another one, beside when they do not. The same with
// bare says what the machine itself makes of it: clients and servers share its processors.
func (b *bench) measureNeighbours() error {
	for _, s := range b.sides {
		names := []string{s.rollcall.name, s.bareName()}
		readers, writers := []*target{s.other, s.bare}, []*target{s.rollcall, s.bare}
		var ratios [2]float64
		for i := range readers {
			alone, beside := &series{Operation: "get", Clients: 1, Server: names[i] + ", alone"}, &series{Operation: "get", Clients: 1, Server: names[i] + ", beside creates"}
			for range b.options.Rounds {
				quiet, err := load(b.ctx, readers[i], "get", 1, b.options.Phase)
				if err != nil {
					return err
				}
				creating := make(chan result, 1)
				go func() {
					created, _ := load(b.ctx, writers[i], "create", clients, b.options.Phase) // an interruption is told by the other load
					creating <- created
				}()
				busy, err := load(b.ctx, readers[i], "get", 1, b.options.Phase)
				created := <-creating
				if err != nil {
					return err
				}
				busy.Errors += created.Errors
				alone.Rounds, beside.Rounds = append(alone.Rounds, quiet), append(beside.Rounds, busy)
			}
			b.report.Series = append(b.report.Series, alone, beside)
			w := anyOf
			if i == 0 {
				w = wanted{atMost, 2, 1.3}
			}
			r := compared("p99 of a lone client's GET, another organization creates from 32", beside.p99(), alone.p99(), w)
			ratios[i] = r.Ratio
			b.add(r)
		}
		b.say("%s: p99 beside creates %.1f times alone; %s %.1f times", names[0], ratios[0], names[1], ratios[1])
	}
	return nil
}

// measureProcesses: memory and the time from start to ready, after everything else.
func (b *bench) measureProcesses() error {
	most := wanted{atMost, 150, 0}
	if b.options.Users > 100_000 {
		most.value = 200
	}
	for _, s := range b.sides {
		peak, err := s.process.peak()
		if err != nil {
			return err
		}
		b.add(limited("memory when idle", figure{s.rollcall.name, s.idle, "MiB"}, wanted{atMost, 30, 0}),
			limited("memory at most, "+thousands(b.options.Users)+" users, after all of the above", figure{s.rollcall.name, peak, "MiB"}, most))
		var ready []float64
		for range max(3, b.options.Rounds) {
			began := time.Now()
			_, p, err := b.serve(s.rollcall.name, s.large)
			if err != nil {
				return err
			}
			took, err := p.waitReady(b.ctx, began)
			if err != nil {
				return err
			}
			ready = append(ready, milliseconds(took))
			b.processes = slices.DeleteFunc(b.processes, func(other *process) bool { return other == p })
			if err := p.stop(); err != nil {
				return err
			}
		}
		b.add(limited("start to ready at "+thousands(b.options.Users)+" users", figure{s.rollcall.name, median(ready), "ms"}, wanted{atMost, 150, 100}))
	}
	return nil
}
