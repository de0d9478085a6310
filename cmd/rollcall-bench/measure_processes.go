package main

import "time"

// measureProcesses: memory and the time from start to ready, after everything else.
func (b *bench) measureProcesses() error {
	most := wanted{atMost, 150, 0}
	if b.options.Users > 100_000 {
		most.value = 200
	}
	for _, s := range b.sides {
		loaded, err := s.process.memory()
		if err != nil {
			return err
		}
		b.add(limited("memory when idle", figure{s.rollcall.name, s.idle.peak, "MiB"}, wanted{atMost, 30, 0}),
			limited("memory when idle, without pages of files such as the program", figure{s.rollcall.name, s.idle.own, "MiB"}, anyOf),
			limited("memory at most, "+thousands(b.options.Users)+" users, after all of the above", figure{s.rollcall.name, loaded.peak, "MiB"}, most))
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
			if err := b.end(p); err != nil {
				return err
			}
		}
		b.add(limited("start to ready at "+thousands(b.options.Users)+" users", figure{s.rollcall.name, median(ready), "ms"}, wanted{atMost, 150, 100}))
	}
	return nil
}
