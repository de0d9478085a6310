package main

// measureNeighbours: how long a lone client of one organization waits while 32 create in another one, beside when they do not. The same with
// bare says what the machine itself makes of it: clients and servers share its processors.
func (b *bench) measureNeighbours() error {
	for _, s := range b.sides {
		names := []string{s.rollcall.name, s.bareName()}
		readers, writers := []*target{s.other, s.bare}, []*target{s.rollcall, s.bare}
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
			b.add(compared("p99 of a lone client's GET, another organization creates from 32", beside.p99(), alone.p99(), w))
		}
	}
	return nil
}
