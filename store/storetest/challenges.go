package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testChallenges(t *testing.T, w world) {
	h := identity.Challenge{Org: w.own, Name: "example.com", Token: "first", CreatedAt: start}
	w.must(t, func(tx identity.Tx) error { return tx.PutChallenge(ctx, h) })
	other := identity.Challenge{Org: w.other, Name: "example.com", Token: "theirs", CreatedAt: start}
	w.must(t, func(tx identity.Tx) error { return tx.PutChallenge(ctx, other) })
	t.Run("two organizations can have one for the same domain", func(t *testing.T) {
		got, err := w.store.Challenge(ctx, w.own, "example.com")
		require.NoError(t, err)
		require.Equal(t, h, got)
	})
	t.Run("a new attempt replaces the token", func(t *testing.T) {
		h.Token, h.CreatedAt = "second", start.Add(time.Hour)
		before := identity.Challenge{Org: w.own, Name: "a.example.com", Token: "x", CreatedAt: start}
		w.must(t, func(tx identity.Tx) error { return tx.PutChallenge(ctx, h) })
		w.must(t, func(tx identity.Tx) error { return tx.PutChallenge(ctx, before) })
		all, err := w.store.Challenges(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.Challenge{before, h}, all, "in the order of the names")
	})
	t.Run("deleted", func(t *testing.T) {
		remove := func(tx identity.Tx) error { return tx.DeleteChallenge(ctx, w.own, "example.com") }
		w.must(t, remove)
		w.must(t, remove)
		_, err := w.store.Challenge(ctx, w.own, "example.com")
		refused(t, err, identity.NotFound, identity.RuleUnknownDomain)
		_, err = w.store.Challenge(ctx, w.other, "example.com")
		require.NoError(t, err, "the other organization's stays")
	})
}
