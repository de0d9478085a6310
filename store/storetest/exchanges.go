package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// exchange makes an exchange with a token that is not stored yet.
func (w world) exchange(k identity.Token, at time.Time) identity.Exchange {
	return identity.Exchange{
		ID: identity.ExchangeID(w.ids.New()), Org: k.Org, Token: k.ID, At: at, Method: "PATCH", Path: "/scim/x/v2/Users/☃", Query: `filter=userName eq "xxx"`,
		Status: 400, Code: "invalidValue", Detail: "\"active\" is no boolean", Took: 1234 * time.Microsecond, Body: `{"Operations":[…`, RequestID: "r-1",
		UserAgent: "Azure AD",
	}
}

func testExchanges(t *testing.T, w world) {
	token := func(org identity.OrgID, hash string) identity.Token {
		k := identity.Token{ID: identity.TokenID(w.ids.New()), Org: org, Name: hash, Profile: "rfc", Hash: hash, CreatedAt: start}
		w.must(t, func(tx identity.Tx) error { return tx.InsertToken(ctx, k) })
		return k
	}
	k, neighbour, foreign := token(w.own, "h1"), token(w.own, "h2"), token(w.other, "h3")
	insert := func(e identity.Exchange) identity.Exchange {
		w.must(t, func(tx identity.Tx) error { return tx.InsertExchange(ctx, e) })
		return e
	}
	list := func(t testing.TB, q identity.ExchangeQuery) []identity.Exchange {
		q.Token = k.ID
		found, err := w.store.Exchanges(ctx, w.own, q)
		require.NoError(t, err)
		return found
	}
	bare := identity.Exchange{ID: identity.ExchangeID(w.ids.New()), Org: w.own, Token: k.ID, At: start.Add(time.Second), Method: "GET", Status: 200}
	partly := identity.Exchange{ID: identity.ExchangeID(w.ids.New()), Org: w.own, Token: k.ID, At: start.Add(-time.Second), Method: "POST", Status: 200, Detail: "Operation 1: 409"}
	late := insert(w.exchange(k, start.Add(time.Second))) // its id is greater than bare's
	insert(bare)
	insert(partly)
	early := insert(w.exchange(k, start))
	apart := []identity.Exchange{insert(w.exchange(neighbour, start)), insert(w.exchange(foreign, start))}
	t.Run("the newest come first, and of those that came together the one with the greater id", func(t *testing.T) {
		for _, c := range []struct {
			name string
			q    identity.ExchangeQuery
			want []identity.Exchange
		}{
			{"all", identity.ExchangeQuery{Limit: 10}, []identity.Exchange{late, bare, early, partly}},
			{"some", identity.ExchangeQuery{Limit: 1}, []identity.Exchange{late}},
			{"older ones", identity.ExchangeQuery{After: late.Place(), Limit: 10}, []identity.Exchange{bare, early, partly}},
			{"none are older", identity.ExchangeQuery{After: partly.Place(), Limit: 10}, nil},
			{"failures", identity.ExchangeQuery{Failed: true, Limit: 10}, []identity.Exchange{late, early, partly}},
			{"older failures", identity.ExchangeQuery{Failed: true, After: late.Place(), Limit: 10}, []identity.Exchange{early, partly}},
		} {
			require.Equal(t, c.want, list(t, c.q), c.name)
		}
		_, err := w.store.Exchanges(ctx, w.own, identity.ExchangeQuery{Token: k.ID})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
	t.Run("the place of one that has gone is still a place", func(t *testing.T) {
		gone := identity.ExchangePlace{At: start.Add(time.Microsecond), ID: identity.ExchangeID(w.ids.New())}
		require.Equal(t, []identity.Exchange{early, partly}, list(t, identity.ExchangeQuery{After: gone, Limit: 10}))
	})
	t.Run("one of a token that is not there is refused, and the transaction goes on", func(t *testing.T) {
		lost := w.exchange(identity.Token{ID: identity.TokenID(w.ids.New()), Org: w.own}, start)
		w.must(t, func(tx identity.Tx) error {
			refused(t, tx.InsertExchange(ctx, lost), identity.NotFound, identity.RuleUnknownToken)
			apart[0].ID = identity.ExchangeID(w.ids.New())
			return tx.InsertExchange(ctx, apart[0])
		})
	})
	t.Run("the oldest of a token are forgotten, and nobody else's", func(t *testing.T) {
		for _, c := range []struct {
			keep int
			want []identity.Exchange
		}{{5, []identity.Exchange{late, bare, early, partly}}, {4, []identity.Exchange{late, bare, early, partly}}, {3, []identity.Exchange{late, bare, early}}, {2, []identity.Exchange{late, bare}}, {0, nil}} {
			w.must(t, func(tx identity.Tx) error { return tx.TrimExchanges(ctx, w.own, k.ID, c.keep) })
			require.Equal(t, c.want, list(t, identity.ExchangeQuery{Limit: 10}), c.keep)
		}
		for _, e := range apart {
			found, err := w.store.Exchanges(ctx, e.Org, identity.ExchangeQuery{Token: e.Token, Limit: 10})
			require.NoError(t, err)
			require.True(t, slices.Contains(found, e))
		}
	})
}
