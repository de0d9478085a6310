package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// chain reads an organization's whole chain and requires that it holds: numbers without a gap, every hash over the one before,
// and a head that says where it ends.
func (w world) chain(t require.TestingT, r identity.Reader, org identity.OrgID) []identity.EventID {
	var ids []identity.EventID
	hash := ""
	for {
		page, err := r.Chain(ctx, org, int64(len(ids)), 7)
		require.NoError(t, err)
		for _, e := range page {
			ids = append(ids, e.ID)
			require.EqualValues(t, len(ids), e.Seq)
			require.Equal(t, e.Digest(hash), e.Hash)
			hash = e.Hash
		}
		if len(page) < 7 {
			break
		}
	}
	seq, last, err := r.ChainHead(ctx, org)
	require.NoError(t, err)
	require.EqualValues(t, len(ids), seq)
	require.Equal(t, hash, last)
	return ids
}

func (w world) event(org identity.OrgID) identity.Event {
	return identity.Event{ID: identity.EventID(w.ids.New()), Org: org, At: start, Kind: identity.AccountChanged}
}

// testChain records events in all manners and looks whether every organization's chain holds.
func testChain(t *testing.T, w world) {
	t.Run("AUD-04 an organization without events has a chain without a head", func(t *testing.T) {
		require.Empty(t, w.chain(t, w.store, w.own))
		require.Empty(t, w.chain(t, w.store, "no such organization"))
	})
	t.Run("AUD-04 a transaction sees the chain grow", func(t *testing.T) {
		org := w.organization(t)
		w.must(t, func(tx identity.Tx) error {
			for n := range 20 {
				require.Len(t, w.chain(t, tx, org), n)
				require.NoError(t, tx.Record(ctx, w.event(org)))
			}
			return nil
		})
		require.Len(t, w.chain(t, w.store, org), 20)
	})
	t.Run("AUD-04 what happens between two events of a transaction does not break the chain", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			o, err := tx.Organization(ctx, w.own)
			require.NoError(t, err)
			return errors.Join(tx.Record(ctx, w.event(w.own)), tx.UpdateOrganization(ctx, o), tx.Record(ctx, w.event(w.own)))
		})
		require.Len(t, w.chain(t, w.store, w.own), 2)
	})
	t.Run("AUD-04 the chain is in the order of recording, whatever the ids and instants", func(t *testing.T) {
		org := w.organization(t)
		late, early := w.event(org), w.event(org)
		late.ID, early.ID = early.ID, late.ID
		early.At = start.Add(time.Hour)
		for _, e := range []identity.Event{late, early} {
			w.must(t, func(tx identity.Tx) error { return tx.Record(ctx, e) })
		}
		require.Equal(t, []identity.EventID{late.ID, early.ID}, w.chain(t, w.store, org))
	})
	t.Run("AUD-04 whatever succeeds is in the chain and nothing else", rapid.MakeCheck(func(rt *rapid.T) {
		orgs := []identity.OrgID{w.organization(t), w.organization(t)}
		want := map[identity.OrgID][]identity.EventID{}
		for range rapid.IntRange(1, 8).Draw(rt, "transactions") {
			var events []identity.Event
			for range rapid.IntRange(0, 4).Draw(rt, "events") {
				events = append(events, w.event(orgs[rapid.IntRange(0, 1).Draw(rt, "organization")]))
			}
			fails := rapid.Bool().Draw(rt, "fails")
			err := w.do(func(tx identity.Tx) error {
				for _, e := range events {
					require.NoError(rt, tx.Record(ctx, e))
				}
				if fails {
					return errChangedMyMind
				}
				return nil
			})
			if fails {
				require.ErrorIs(rt, err, errChangedMyMind)
				continue
			}
			require.NoError(rt, err)
			for _, e := range events {
				want[e.Org] = append(want[e.Org], e.ID)
			}
		}
		for _, org := range orgs {
			require.Equal(rt, want[org], w.chain(rt, w.store, org))
		}
	}))
	t.Run("AUD-04 many writers at once, of whom some change their mind, leave no gap", func(t *testing.T) {
		orgs := []identity.OrgID{w.organization(t), w.organization(t)}
		var mu sync.Mutex
		want := map[identity.OrgID][]identity.EventID{}
		var all sync.WaitGroup
		for writer := range 8 {
			all.Go(func() {
				for n := range 40 {
					first, second := w.event(orgs[0]), w.event(orgs[(writer+n)%2])
					fails := (writer+n)%5 == 0
					err := w.do(func(tx identity.Tx) error {
						if err := errors.Join(tx.Record(ctx, first), tx.Record(ctx, second)); err != nil {
							return err
						}
						if fails {
							return errChangedMyMind
						}
						return nil
					})
					if fails != errors.Is(err, errChangedMyMind) || !fails && err != nil {
						t.Errorf("writer %d, transaction %d: %v", writer, n, err)
					}
					if !fails {
						mu.Lock()
						want[first.Org] = append(want[first.Org], first.ID)
						want[second.Org] = append(want[second.Org], second.ID)
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		for _, org := range orgs {
			require.ElementsMatch(t, want[org], w.chain(t, w.store, org))
		}
	})
	t.Run("AUD-04 an event with text that is no text reads as it was hashed", func(t *testing.T) {
		org := w.organization(t)
		e := w.event(org)
		e.Actor.Request = identity.Request{UserAgent: "a\xff\xfeb <&>\u2028", IP: "\xc3", TrackingID: "\x00"}
		e.Actor.Name, e.Message = "n\xff", "m\x00m"
		w.must(t, func(tx identity.Tx) error { return tx.Record(ctx, e) })
		require.Equal(t, []identity.EventID{e.ID}, w.chain(t, w.store, org))
	})
}

// testEventQueries compares what a query finds with what the same conditions say of every event.
func testEventQueries(t *testing.T, w world) {
	kinds := []identity.EventKind{identity.AccountCreated, identity.AccountChanged, identity.EventRefused}
	user := identity.AccountID(w.ids.New())
	var all []identity.Event
	w.must(t, func(tx identity.Tx) error {
		all = nil
		for i := range 48 {
			e := w.event(w.own)
			e.At, e.Kind, e.Actor.ID = start.Add(time.Duration(i%7)*time.Second), kinds[i%3], strconv.Itoa(i%2)
			switch i % 4 {
			case 0:
				e.Account = user
			case 1:
				e.Target = identity.Target{Type: identity.TargetGroup, ID: string(user)}
			case 2:
				e.Target = identity.Target{Type: identity.TargetDomain, ID: "example.com"}
			}
			all = append(all, e)
			foreign := e
			foreign.ID, foreign.Org = identity.EventID(w.ids.New()), w.other
			if err := errors.Join(tx.Record(ctx, e), tx.Record(ctx, foreign)); err != nil {
				return err
			}
		}
		return nil
	})
	t.Run("AUD-02 every condition alone and with others", rapid.MakeCheck(func(rt *rapid.T) {
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			if rapid.Bool().Draw(t, "open") {
				return time.Time{}
			}
			return start.Add(time.Duration(rapid.IntRange(-1, 8).Draw(t, "second")) * time.Second)
		})
		q := identity.EventQuery{
			From: instant.Draw(rt, "from"), Until: instant.Draw(rt, "until"),
			Actor:  rapid.SampledFrom([]string{"", "", "0", "1", "nobody"}).Draw(rt, "actor"),
			Target: rapid.SampledFrom([]string{"", "", string(user), "example.com", "nothing"}).Draw(rt, "target"),
			Kinds:  rapid.SliceOfNDistinct(rapid.SampledFrom(kinds), 0, 2, rapid.ID).Draw(rt, "kinds"),
			Newest: rapid.Bool().Draw(rt, "newest"), Skip: rapid.IntRange(0, 50).Draw(rt, "skip"), Limit: rapid.IntRange(1, 50).Draw(rt, "limit"),
		}
		want := []identity.Event{}
		for _, e := range all {
			if (q.From.IsZero() || !e.At.Before(q.From)) && (q.Until.IsZero() || e.At.Before(q.Until)) &&
				(q.Actor == "" || e.Actor.ID == q.Actor) && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind)) &&
				(q.Target == "" || string(e.Account) == q.Target || e.Target.ID == q.Target) {
				want = append(want, e)
			}
		}
		if !q.From.IsZero() || !q.Until.IsZero() {
			slices.SortStableFunc(want, func(a, b identity.Event) int { return a.At.Compare(b.At) })
		}
		if q.Newest {
			slices.Reverse(want)
		}
		if place := rapid.IntRange(-20, 20).Draw(rt, "place"); place >= 0 && place < len(want) {
			q.After, want = want[place].ID, want[place+1:]
		}
		want = want[min(q.Skip, len(want)):]
		want = want[:min(q.Limit, len(want))]
		found, err := w.store.Events(ctx, w.own, q)
		require.NoError(rt, err)
		require.Equal(rt, eventIDs(want), eventIDs(found))
	}))
	t.Run("nothing can be skipped backwards", func(t *testing.T) {
		_, err := w.store.Events(ctx, w.own, identity.EventQuery{Skip: -1, Limit: 1})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

func eventIDs(events []identity.Event) []identity.EventID {
	ids := make([]identity.EventID, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids
}
