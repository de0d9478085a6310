package history_test

import (
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store"
	"rollcall/store/fresh"
)

var (
	operations = flag.Int("operations", 2000, "how many acts the clients of TestEML01_WhatConcurrentClientsSee do over each kind of database")
	seed       = flag.Uint64("seed", 1, "of what the clients of its first world choose; the next ones have the next numbers")
)

// inWorld is how many acts there are in a world, and together how many worlds there are at once.
const (
	inWorld  = 250
	together = 3
)

// TestEML01_WhatConcurrentClientsSee records histories over several stores of one database, as several servers have them, and checks each.
func TestEML01_WhatConcurrentClientsSee(t *testing.T) {
	for name, open := range map[string]func(testing.TB) []identity.Store{
		"one store on SQLite":        func(t testing.TB) []identity.Store { return stores(t, "sqlite:"+fresh.Database(t), 1) },
		"two stores on one file":     func(t testing.TB) []identity.Store { return stores(t, "sqlite:"+fresh.Database(t), 2) },
		"three stores on one server": func(t testing.TB) []identity.Store { return stores(t, fresh.Postgres(t), 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := open(t)
			free := make(chan struct{}, together)
			found := make([]error, (*operations+inWorld-1)/inWorld)
			var worlds sync.WaitGroup
			for i := range found {
				w := newWorld(t, i, all...)
				free <- struct{}{}
				worlds.Go(func() {
					defer func() { <-free }()
					history, err := w.play(t.Context(), *seed+uint64(i), inWorld)
					found[i] = errors.Join(err, unexplained(fmt.Sprint("world ", i, " of ", name), history))
				})
			}
			worlds.Wait()
			require.NoError(t, errors.Join(found...))
		})
	}
}

// stores opens a database several times, each as a server of its own does.
func stores(t testing.TB, url string, n int) []identity.Store {
	t.Helper()
	var all []identity.Store
	for range n {
		s, err := store.Open(t.Context(), url)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		all = append(all, s)
	}
	return all
}
