package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store"
	"rollcall/store/fresh"
	"rollcall/store/storetest"
)

func TestContract(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) identity.Store { return openStore(t) })
	})
	t.Run("postgres", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) identity.Store { return openPostgres(t, fresh.Postgres(t)) })
	})
}

// openPostgres opens a store on a server that is closed when the test ends.
func openPostgres(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(ctx, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
