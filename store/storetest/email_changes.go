package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// testEmailChanges compares EmailChangesDue with when each change was asked for.
func testEmailChanges(t *testing.T, w world) {
	asked := func(org identity.OrgID, name string, at time.Time) identity.AccountID {
		a := w.account(org, name)
		if a.PendingSince = at; !at.IsZero() {
			a.PendingEmail = "new-" + name + "@example.com"
		}
		return w.add(t, a).ID
	}
	asked(w.own, "nothing asked", time.Time{})
	asked(w.own, "too late", start.Add(time.Microsecond))
	at, before := asked(w.own, "at", start), asked(w.other, "before", start.Add(-time.Hour))
	t.Run("EML-14 changes that were asked for at or before an instant, the longest waiting first", func(t *testing.T) {
		due, err := w.store.EmailChangesDue(ctx, start, 10)
		require.NoError(t, err)
		require.Equal(t, []identity.AccountID{before, at}, idsOf(due))
		due, err = w.store.EmailChangesDue(ctx, start, 1)
		require.NoError(t, err)
		require.Equal(t, []identity.AccountID{before}, idsOf(due))
		require.Equal(t, "new-before@example.com", due[0].PendingEmail)
	})
	t.Run("EML-14 not once they are over", func(t *testing.T) {
		a, err := w.store.Account(ctx, w.other, before)
		require.NoError(t, err)
		a.PendingEmail, a.PendingSince = "", time.Time{}
		w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, a, nil) })
		due, err := w.store.EmailChangesDue(ctx, start, 10)
		require.NoError(t, err)
		require.Equal(t, []identity.AccountID{at}, idsOf(due))
	})
	t.Run("USR-23 noting an invitation changes neither the version nor anything else", func(t *testing.T) {
		a, err := w.store.Account(ctx, w.own, at)
		require.NoError(t, err)
		w.must(t, func(tx identity.Tx) error { return tx.MarkInvited(ctx, w.own, at, start.Add(time.Hour)) })
		w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, a, nil) })
		got, err := w.store.Account(ctx, w.own, at)
		require.NoError(t, err)
		a.InvitedAt, a.Version = start.Add(time.Hour), a.Version+1
		require.Equal(t, a, got)
	})
}
