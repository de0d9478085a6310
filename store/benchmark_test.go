package store_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// BenchmarkGroupCommit creates accounts with 1 KB profiles from several clients at once. Besides the time of one create it
// reports how many commits a thousand of them took. A client that thinks is busy for that long between two creates.
func BenchmarkGroupCommit(b *testing.B) {
	for _, clients := range []int{1, 8, 32, 128} {
		for _, think := range []time.Duration{0, 200 * time.Microsecond} {
			b.Run(fmt.Sprintf("clients=%d/think=%s", clients, think), func(b *testing.B) {
				s := openStore(b)
				before := s.Stats()
				createFrom(b, s, clients, think, b.N)
				after := s.Stats()
				b.ReportMetric(1000*float64(after.Commits-before.Commits)/float64(b.N), "commits/1000")
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
			})
		}
	}
}

// createFrom creates n accounts from several goroutines.
func createFrom(b *testing.B, s *store.Store, clients int, think time.Duration, n int) {
	ids := system.IDs{}
	profile := identity.Profile(`{"title":"` + strings.Repeat("x", 1000) + `"}`)
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	b.ResetTimer()
	for client := range clients {
		all.Go(func() {
			for i := 0; left.Add(-1) >= 0; i++ {
				for began := time.Now(); time.Since(began) < think; {
				}
				a := account(identity.ConsumerOrgID, ids.New(), fmt.Sprintf("user-%d-%d@example.com", client, i))
				a.Profile = profile
				err := s.Do(ctx, identity.Shared(a.Org), func(tx identity.Tx) error {
					event := identity.Event{ID: a.StatusEvent, Org: a.Org, At: a.CreatedAt, Kind: identity.AccountCreated, Account: a.ID, AccountName: a.UserName}
					if err := tx.Record(ctx, event); err != nil {
						return err
					}
					return tx.InsertAccount(ctx, a, []identity.Hold{{Key: identity.EmailKey(a.UserName), Kind: identity.HoldPrimary}})
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
}

// account returns an account that is verified and has its userName as its only address.
func account(org identity.OrgID, id, userName string) identity.Account {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)
	return identity.Account{
		ID: identity.AccountID(id), Org: org, UserName: userName, Emails: []identity.AccountEmail{{Value: userName, Primary: true}},
		Status: identity.Verified, StatusAt: at, StatusEvent: identity.EventID(id), Source: identity.SourceSCIM,
		CreatedAt: at, UpdatedAt: at, Version: 1,
	}
}
