package fresh

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store"
)

// Store is a store whose time is that of whoever asks, as in a file, so that a test which moves its clock moves leases too. The clock that
// servers share on PostgreSQL is tested with the store and with real servers.
type Store struct{ *store.Store }

var _ identity.Store = Store{}

// Open opens a new database of the engine that is tested. It is closed when the test ends.
func Open(t testing.TB) Store {
	t.Helper()
	return OpenAgain(t, URL(t))
}

// OpenAgain opens a database that may be open already, as another server does. It is closed when the test ends.
func OpenAgain(t testing.TB, url string) Store {
	t.Helper()
	s, err := store.Open(context.Background(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return Store{s}
}

// SharedNow is identity.Reader's.
func (s Store) SharedNow(_ context.Context, own time.Time) (time.Time, error) { return own, nil }

// Do is identity.Store's.
func (s Store) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return s.Store.Do(ctx, lock, func(tx identity.Tx) error { return fn(transaction{tx}) })
}

type transaction struct{ identity.Tx }

func (t transaction) SharedNow(_ context.Context, own time.Time) (time.Time, error) { return own, nil }
