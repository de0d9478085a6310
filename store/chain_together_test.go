package store

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// Two stores share nothing but the file, as a server and a command beside it do.
func TestAUD04_TwoProcessesMakeOneChain(t *testing.T) {
	url := "sqlite:" + t.TempDir() + "/rollcall.db"
	const org, each, processes, callers = identity.ConsumerOrgID, 20, 2, 4
	changed := errors.New("changed my mind")
	var stores []*Store
	for range processes {
		s, err := Open(ctx, url)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		stores = append(stores, s)
	}
	before := verifyChain(t, stores[0], org).Events
	var all sync.WaitGroup
	failures := make(chan error, processes*callers*each*2)
	for _, s := range stores {
		for range callers {
			all.Go(func() {
				for range each {
					failures <- record(s, org, nil)
					if err := record(s, org, changed); !errors.Is(err, changed) {
						failures <- errors.Join(errors.New("kept what was given up"), err)
					}
				}
			})
		}
	}
	all.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	for _, s := range stores {
		report := verifyChain(t, s, org)
		require.Empty(t, report.Fault)
		require.EqualValues(t, before+processes*callers*each, report.Events)
	}
}
