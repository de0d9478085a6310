package scim

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestALogThatIsFullSaysWhatItLacks(t *testing.T) {
	var log strings.Builder
	l := newExchanges(nil, slog.New(slog.NewTextHandler(&log, nil)), nil)
	add := func(token, n int) {
		for range n {
			l.add(&exchange{token: identity.Token{ID: identity.TokenID(fmt.Sprint(token))}})
		}
	}
	for token := range 10 {
		add(token, mostWaiting/10-1)
	}
	add(10, 20)
	add(0, 1)
	require.Equal(t, mostWaiting, l.count)
	require.Equal(t, 11, l.lost, "ten of the last token found a place")
	for token := range 10 {
		add(token, identity.MaxExchanges)
	}
	taken, lost := l.take()
	require.Len(t, taken, mostWaiting)
	require.Equal(t, 11+10*identity.MaxExchanges, lost)
	add(0, 2*identity.MaxExchanges)
	taken, lost = l.take()
	require.Len(t, taken, identity.MaxExchanges)
	require.Zero(t, lost, "the old ones give way, as they would in the store")
	require.NoError(t, l.flush(t.Context()))
	require.Empty(t, log.String())
	l.lost = 7
	require.NoError(t, l.flush(t.Context()))
	require.Contains(t, log.String(), "missing=7")
}
