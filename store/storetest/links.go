package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testLinks(t *testing.T, w world) {
	ada := w.add(t, w.account(w.own, "ada"))
	n := 0
	mail := func(a identity.Account, purpose identity.LinkPurpose, expires time.Time) identity.Link {
		n++
		l := identity.Link{Hash: identity.HashSecret(fmt.Sprint(n)), Org: a.Org, Account: a.ID, Purpose: purpose, Address: "ada@example.com",
			CreatedAt: start, ExpiresAt: expires}
		w.must(t, func(tx identity.Tx) error { return tx.InsertLink(ctx, l) })
		return l
	}
	exists := func(l identity.Link) bool {
		got, err := w.store.LinkByHash(ctx, l.Hash)
		if identity.IsNotFound(err) {
			return false
		}
		require.NoError(t, err)
		require.Equal(t, l, got)
		return true
	}
	use := func(l identity.Link) error {
		return w.do(func(tx identity.Tx) error { return tx.UseLink(ctx, l.Org, l.Hash, start.Add(time.Minute)) })
	}
	later := start.Add(time.Hour)
	t.Run("a link can be used once", func(t *testing.T) {
		l := mail(ada, identity.LinkInvitation, later)
		require.True(t, exists(l))
		require.NoError(t, use(l))
		l.UsedAt = start.Add(time.Minute)
		require.True(t, exists(l))
		refused(t, use(l), identity.Conflict, identity.RuleLinkUsed)
		l.Hash = "unknown"
		refused(t, use(l), identity.NotFound, identity.RuleUnknownLink)
	})
	t.Run("of many who use it at once one does", func(t *testing.T) {
		l := mail(ada, identity.LinkInvitation, later)
		require.Len(t, race(t, 16, func(int) error { return use(l) }, identity.RuleLinkUsed), 1)
	})
	t.Run("links of one purpose can be forgotten, used or not", func(t *testing.T) {
		bob := w.add(t, w.account(w.own, "bob"))
		used, other, foreign := mail(ada, identity.LinkChangeEmail, later), mail(ada, identity.LinkCancelChange, later), mail(bob, identity.LinkChangeEmail, later)
		open := mail(ada, identity.LinkChangeEmail, later)
		require.NoError(t, use(used))
		w.must(t, func(tx identity.Tx) error { return tx.DeleteLinks(ctx, w.own, ada.ID, identity.LinkChangeEmail) })
		require.Equal(t, []bool{false, false, true, true}, []bool{exists(used), exists(open), exists(other), exists(foreign)})
	})
	t.Run("links that expired before an instant can be forgotten", func(t *testing.T) {
		at, before := mail(ada, identity.LinkInvitation, start), mail(ada, identity.LinkInvitation, start.Add(-time.Microsecond))
		long, longest := mail(ada, identity.LinkInvitation, start.Add(-time.Minute)), mail(ada, identity.LinkInvitation, start.Add(-time.Hour))
		w.goInTurn(t, func(tx identity.Tx, limit int) (int, error) { return tx.DeleteLinksBefore(ctx, start, limit) },
			func() []bool { return []bool{exists(longest), exists(long), exists(before)} })
		require.True(t, exists(at))
	})
	t.Run("links go with their account", func(t *testing.T) {
		cyd := w.add(t, w.account(w.own, "cyd"))
		l := mail(cyd, identity.LinkInvitation, later)
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, cyd.ID, 1) })
		require.False(t, exists(l))
	})
}
