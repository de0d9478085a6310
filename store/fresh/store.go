package fresh

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/store"
)

// Store is a store whose time is that of whoever asks, as in a file, so that a test which moves its clock moves leases too. The clock that
// servers share on PostgreSQL is tested with the store and with real servers.
type Store struct{ *store.Store }

var _ identity.Store = Store{}

// Open opens a new database of the engine that is tested. Nobody has it open when the test has ended.
func Open(t testing.TB) Store {
	t.Helper()
	return OpenAgain(t, URL(t))
}

// OpenAgain opens a database that may be open already, as another server does. The test does not close it.
func OpenAgain(t testing.TB, url string) Store {
	t.Helper()
	if strings.HasPrefix(url, "postgres:") {
		return lend(t, url)
	}
	s, err := store.Open(context.Background(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return Store{s}
}

// idle are the stores on PostgreSQL that no test is using, by the url of their database. Their connections know its tables and the statements
// already, and telling new ones takes longer than most tests do. They end with the program.
var idle = struct {
	sync.Mutex
	stores map[string][]*store.Store
}{stores: map[string][]*store.Store{}}

func lend(t testing.TB, url string) Store {
	t.Helper()
	idle.Lock()
	defer idle.Unlock()
	var s *store.Store
	if stores := idle.stores[url]; len(stores) > 0 {
		s, idle.stores[url] = stores[len(stores)-1], stores[:len(stores)-1]
	} else {
		var err error
		s, err = store.Open(context.Background(), url+"&application_name="+fixtures.Lent)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		idle.Lock()
		defer idle.Unlock()
		idle.stores[url] = append(idle.stores[url], s)
	})
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
