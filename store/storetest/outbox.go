package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// message makes a message that waits and is not stored yet.
func (w world) message(org identity.OrgID, key string, next time.Time) identity.Message {
	return identity.Message{
		ID: identity.MessageID(w.ids.New()), Org: org, Kind: identity.MessageInvitation, To: "Ada@example.com", Key: key,
		Data: map[string]string{"link": "s", "name": "Ä"}, State: identity.MessageWaiting, NextAt: next, CreatedAt: start,
	}
}

// order makes a work order that waits and is not stored yet.
func (w world) order(org identity.OrgID, key string, next time.Time) identity.Message {
	m := w.message(org, key, next)
	m.Kind, m.To, m.Data = identity.OrderPurge, "", map[string]string{"scope": "messages"}
	return m
}

func (w world) enqueue(t testing.TB, m identity.Message) (stored bool) {
	t.Helper()
	w.must(t, func(tx identity.Tx) (err error) { stored, err = tx.Enqueue(ctx, m); return err })
	return stored
}

func testOutbox(t *testing.T, w world) {
	account := identity.AccountID(w.ids.New())
	about := w.message(w.own, "about", start)
	about.Account = account
	plain := w.message(w.own, "plain", start)
	plain.Data = nil
	t.Run("a message is kept as it is, whether or not its account is", func(t *testing.T) {
		for _, m := range []identity.Message{about, plain} {
			require.True(t, w.enqueue(t, m))
			got, err := w.store.Message(ctx, w.own, m.ID)
			require.NoError(t, err)
			require.Equal(t, m, got)
		}
	})
	t.Run("NTF-06 a key has one message, in whatever organization", func(t *testing.T) {
		for _, org := range []identity.OrgID{w.own, w.other} {
			again := w.message(org, "about", start)
			w.must(t, func(tx identity.Tx) error {
				stored, err := tx.Enqueue(ctx, again)
				require.NoError(t, err)
				require.False(t, stored)
				_, err = tx.Message(ctx, org, again.ID)
				refused(t, err, identity.NotFound, identity.RuleUnknownMessage)
				return nil
			})
		}
		winners := make([]bool, 16)
		race(t, 16, func(i int) error {
			return w.do(func(tx identity.Tx) (err error) {
				winners[i], err = tx.Enqueue(ctx, w.message(w.other, "contended", start.Add(time.Hour)))
				return err
			})
		}, "")
		stored := 0
		for _, won := range winners {
			if won {
				stored++
			}
		}
		require.Equal(t, 1, stored)
	})
	t.Run("what has become of a message is written, and nothing else of it", func(t *testing.T) {
		plain.Data, plain.State, plain.Attempts, plain.NextAt = map[string]string{"name": "Bob"}, identity.MessageParked, 3, start.Add(time.Hour)
		plain.LastError, plain.SentAt = "550 no such user", start.Add(time.Minute)
		changed := plain
		changed.To, changed.Key, changed.Kind, changed.Account, changed.CreatedAt = "x@example.com", "x", identity.MessageActivation, account, start.Add(time.Hour)
		w.must(t, func(tx identity.Tx) error { return tx.UpdateMessage(ctx, changed) })
		got, err := w.store.Message(ctx, w.own, plain.ID)
		require.NoError(t, err)
		require.Equal(t, plain, got)
		changed.ID = "none"
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateMessage(ctx, changed) }), identity.NotFound, identity.RuleUnknownMessage)
	})
	t.Run("messages are listed by state and account, the newest first", func(t *testing.T) {
		newest := w.message(w.own, "newest", start.Add(time.Hour))
		newest.Account = account
		w.enqueue(t, newest)
		for _, c := range []struct {
			name string
			q    identity.MessageQuery
			want []identity.Message
		}{
			{"all", identity.MessageQuery{Limit: 10}, []identity.Message{newest, plain, about}},
			{"some", identity.MessageQuery{Limit: 2}, []identity.Message{newest, plain}},
			{"the older ones", identity.MessageQuery{After: plain.ID, Limit: 2}, []identity.Message{about}},
			{"parked", identity.MessageQuery{State: identity.MessageParked, Limit: 10}, []identity.Message{plain}},
			{"waiting", identity.MessageQuery{State: identity.MessageWaiting, Limit: 1}, []identity.Message{newest}},
			{"of an account", identity.MessageQuery{Account: account, Limit: 10}, []identity.Message{newest, about}},
			{"waiting, older, of an account", identity.MessageQuery{State: identity.MessageWaiting, Account: account, After: newest.ID, Limit: 10}, []identity.Message{about}},
			{"sent", identity.MessageQuery{State: identity.MessageSent, Limit: 10}, nil},
		} {
			got, err := w.store.Messages(ctx, w.own, c.q)
			require.NoError(t, err)
			require.Equal(t, c.want, got, c.name)
		}
		_, err := w.store.Messages(ctx, w.own, identity.MessageQuery{})
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

func testOutboxDue(t *testing.T, w world) {
	now := start
	later, early, atOnce, exact := w.message(w.own, "later", now.Add(time.Microsecond)), w.message(w.own, "early", now.Add(-time.Hour)),
		w.message(w.other, "at once", time.Time{}), w.message(w.other, "exact", now)
	parked, sent := w.message(w.own, "parked", now), w.message(w.own, "sent", now)
	parked.State, sent.State, sent.SentAt = identity.MessageParked, identity.MessageSent, now
	for _, m := range []identity.Message{later, early, atOnce, exact, parked, sent} {
		w.enqueue(t, m)
	}
	due := func(at time.Time, limit int) []identity.Message {
		got, err := w.store.MessagesDue(ctx, identity.ByMail, at, limit)
		require.NoError(t, err)
		return got
	}
	t.Run("NTF-06 messages are due from their instant on, the longest due first", func(t *testing.T) {
		require.Equal(t, []identity.Message{atOnce, early}, due(now.Add(-time.Microsecond), 10))
		require.Equal(t, []identity.Message{atOnce, early, exact}, due(now, 10))
		require.Equal(t, []identity.Message{atOnce, early, exact, later}, due(now.Add(time.Microsecond), 10))
		require.Equal(t, []identity.Message{atOnce}, due(now, 1))
	})
	t.Run("a message that somebody tries is not due for others", func(t *testing.T) {
		early.NextAt, early.Attempts = now.Add(time.Minute), 1
		w.must(t, func(tx identity.Tx) error { return tx.UpdateMessage(ctx, early) })
		require.Equal(t, []identity.Message{atOnce, exact}, due(now, 10))
		require.NotContains(t, due(now.Add(time.Minute-time.Microsecond), 10), early)
		require.Contains(t, due(now.Add(time.Minute), 10), early)
	})
	t.Run("messages that were sent before an instant are forgotten", func(t *testing.T) {
		exists := func(m identity.Message) bool {
			_, err := w.store.Message(ctx, m.Org, m.ID)
			return err == nil
		}
		older, oldest := w.message(w.own, "older", start), w.message(w.other, "oldest", start)
		older.State, older.SentAt = identity.MessageDropped, sent.SentAt.Add(-time.Second)
		oldest.State, oldest.SentAt = identity.MessageSent, sent.SentAt.Add(-time.Minute)
		for _, m := range []identity.Message{older, oldest} {
			w.enqueue(t, m)
		}
		before := func(at time.Time) some {
			return func(tx identity.Tx, limit int) (int, error) { return tx.DeleteMessagesBefore(ctx, at, limit) }
		}
		require.Zero(t, w.deleted(t, before(oldest.SentAt), 10))
		w.goInTurn(t, before(now.Add(time.Microsecond)), func() []bool { return []bool{exists(oldest), exists(older), exists(sent)} })
		for _, m := range []identity.Message{later, early, atOnce, exact, parked} {
			require.True(t, exists(m), m.Key)
		}
	})
}

// testChannels lets mails and orders wait side by side.
func testChannels(t *testing.T, w world) {
	mails, orders := []identity.Message{}, []identity.Message{}
	for i, key := range numbered("%d", 5) {
		mails = append(mails, w.message(w.own, "mail"+key, start.Add(time.Duration(i)*time.Second)))
		order := w.order(w.other, "order"+key, start.Add(time.Duration(i)*time.Second))
		order.Kind = identity.OrderKinds[i%len(identity.OrderKinds)]
		orders = append(orders, order)
	}
	for i := range mails {
		require.True(t, w.enqueue(t, mails[i]))
		require.True(t, w.enqueue(t, orders[i]))
	}
	for channel, want := range map[identity.Channel][]identity.Message{identity.ByMail: mails, identity.ByOrder: orders} {
		t.Run("neither hides the other, by "+string(channel), func(t *testing.T) {
			got, err := w.store.MessagesDue(ctx, channel, start.Add(time.Hour), 5)
			require.NoError(t, err)
			require.Equal(t, want, got)
			got, err = w.store.MessagesDue(ctx, channel, start.Add(time.Second), 5)
			require.NoError(t, err)
			require.Equal(t, want[:2], got)
			got, err = w.store.MessagesDue(ctx, channel, start.Add(time.Hour), 1)
			require.NoError(t, err)
			require.Equal(t, want[:1], got)
		})
	}
	t.Run("a channel that nothing goes by has nothing", func(t *testing.T) {
		got, err := w.store.MessagesDue(ctx, "pigeon", start.Add(time.Hour), 5)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("an organization's messages are of every channel", func(t *testing.T) {
		got, err := w.store.Messages(ctx, w.other, identity.MessageQuery{Limit: 10})
		require.NoError(t, err)
		require.Len(t, got, len(orders))
	})
}
