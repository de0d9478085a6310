package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/store"
)

// openStore opens a new store that is closed when the test ends.
func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), "sqlite:"+t.TempDir()+"/rollcall.db")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
