package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// crowdOfLookups lets look-ups wait until all of them are there, and returns what each came to.
func crowdOfLookups(t *testing.T, s *Store, keys []identity.AccountKey) ([]identity.Account, []error) {
	t.Helper()
	w := s.lookups
	w.mu.Lock()
	w.serving = w.most // as if somebody was looking
	w.mu.Unlock()
	accounts, failed := make([]identity.Account, len(keys)), make([]error, len(keys))
	var all sync.WaitGroup
	for i, key := range keys {
		all.Go(func() { accounts[i], _, failed[i] = s.AccountFor(ctx, key, "hash") })
	}
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.waiting) == len(keys)
	}, time.Minute, time.Millisecond)
	w.mu.Lock()
	w.serving = 1
	w.mu.Unlock()
	w.serve()
	all.Wait()
	return accounts, failed
}

func TestPostgres_ThoseWhoLookTogetherFindWhatEachHasLookedFor(t *testing.T) {
	relay, through := startCutter(t, serverURL(t))
	s := openServer(t, through)
	var keys []identity.AccountKey
	var want []identity.AccountID
	for i := range 3 {
		a := newAccount(fmt.Sprint("user-", i), 10)
		require.NoError(t, insert(s, a))
		keys = append(keys, identity.AccountKey{Org: a.Org, ID: a.ID}, identity.AccountKey{Org: a.Org, Name: identity.KeyOfUserName(a.UserName)},
			identity.AccountKey{Org: "another", ID: a.ID})
		want = append(want, a.ID, a.ID, "")
	}
	for range 2 {
		before := relay.messages.Load()
		accounts, failed := crowdOfLookups(t, s, keys)
		for i, id := range want {
			require.Equal(t, id, accounts[i].ID)
			require.Equal(t, id == "", identity.IsNotFound(failed[i]), "%v", failed[i])
		}
		if relay.messages.Load() == before+1 {
			return
		}
	}
	require.Fail(t, "once its statements are prepared all of it goes in one message")
}

func TestPostgres_WhoCannotLookStandsInNobodysWay(t *testing.T) {
	s := openServer(t, serverURL(t))
	a := newAccount("ada", 10)
	require.NoError(t, insert(s, a))
	good, bad := newLookup(accountFor(identity.AccountKey{Org: a.Org, ID: a.ID}, "hash")), newLookup("SELECT 1 / 0", nil)
	var err error
	good.args, err = bind(good.args)
	require.NoError(t, err)
	s.lookups.look([]*lookup{bad, good})
	require.ErrorContains(t, bad.err, "division by zero")
	require.NoError(t, good.err)
	require.Len(t, good.found, 1)
}

func TestPostgres_WhoHasGoneWaitsForNoLookup(t *testing.T) {
	s := openServer(t, serverURL(t))
	s.lookups.most = 0 // nobody looks
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err := s.AccountFor(gone, identity.AccountKey{Org: identity.ConsumerOrgID, ID: "x"}, "hash")
	require.ErrorIs(t, err, context.Canceled)
}

func TestPostgres_WhetherThoseWhoWaitGetAMessageOfTheirOwn(t *testing.T) {
	for _, test := range []struct {
		name                    string
		waiting, asked, serving int
		want                    bool
	}{
		{"the first one", 1, 0, 0, true},
		{"the last of a few", 1, lookupsApart - 1, 3, true},
		{"the first behind a few", 1, lookupsApart, 1, false},
		{"all but one that a message has", lookupsAtOnce - 1, lookupsAtOnce, 1, false},
		{"as many as a message has", lookupsAtOnce, lookupsAtOnce, 1, true},
		{"as many, and all processors look", lookupsAtOnce, lookupsAtOnce, 8, false},
		{"a few, and all processors look", 1, 1, 8, false},
	} {
		w := &lookups{waiting: make([]*lookup, test.waiting), asked: test.asked, serving: test.serving, most: 8}
		require.Equal(t, test.want, w.worthMessage(), test.name)
	}
}
