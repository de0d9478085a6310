package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// exchangesOf makes so many exchanges with a token, one a second.
func exchangesOf(k identity.Token, n int) []identity.Exchange {
	all := make([]identity.Exchange, n)
	for i := range all {
		all[i] = identity.Exchange{Org: k.Org, Token: k.ID, At: t0.Add(time.Duration(i) * time.Second), Method: "GET", Path: fmt.Sprint(i), Status: 200}
	}
	return all
}

func TestTheLastThousandExchangesOfEachTokenAreKept(t *testing.T) {
	w := newWorld(t)
	org := w.org("Ours")
	busy, _, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "busy", Profile: "rfc"})
	require.NoError(t, err)
	quiet, _, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "quiet", Profile: "rfc"})
	require.NoError(t, err)
	paths := func(k identity.Token) (paths []string) {
		all, err := w.Exchanges(w.ctx, org, identity.ExchangeQuery{Token: k.ID, Limit: 2000})
		require.NoError(t, err)
		for _, e := range all {
			paths = append(paths, e.Path)
		}
		return paths
	}
	all := exchangesOf(busy, identity.MaxExchanges+1)
	require.NoError(t, w.KeepExchanges(w.ctx, append(all[:identity.MaxExchanges:identity.MaxExchanges], exchangesOf(quiet, 1)...)))
	require.Len(t, paths(busy), identity.MaxExchanges)
	require.NoError(t, w.KeepExchanges(w.ctx, all[identity.MaxExchanges:]))
	kept := paths(busy)
	require.Len(t, kept, identity.MaxExchanges)
	require.Equal(t, []string{"1000", "1"}, []string{kept[0], kept[len(kept)-1]}, "the oldest has gone")
	require.Equal(t, []string{"0"}, paths(quiet))
}

func TestExchangesOfATokenThatHasGoneKeepNothingElseBack(t *testing.T) {
	w := newWorld(t)
	org := w.org("Ours")
	k, _, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "Entra", Profile: "rfc"})
	require.NoError(t, err)
	gone, elsewhere := k, k
	gone.ID, elsewhere.Org = identity.TokenID(w.NewID()), identity.ConsumerOrgID
	require.NoError(t, w.KeepExchanges(w.ctx, append(append(exchangesOf(gone, 1), exchangesOf(elsewhere, 1)...), exchangesOf(k, 1)...)))
	all, err := w.Exchanges(w.ctx, org, identity.ExchangeQuery{Token: k.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NotEmpty(t, all[0].ID)

	for org, token := range map[identity.OrgID]identity.TokenID{org: gone.ID, identity.ConsumerOrgID: k.ID} {
		_, err = w.Exchanges(w.ctx, org, identity.ExchangeQuery{Token: token, Limit: 10})
		require.Equal(t, identity.RuleUnknownToken, identity.RuleOf(err))
	}
	require.NoError(t, w.RevokeToken(w.ctx, operator, org, k.ID))
	require.NoError(t, w.KeepExchanges(w.ctx, exchangesOf(k, 1)))
	all, err = w.Exchanges(w.ctx, org, identity.ExchangeQuery{Token: k.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, all, 2, "why a connection ended is of interest when it has")
}
