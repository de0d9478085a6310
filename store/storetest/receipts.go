package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testReceipts(t *testing.T, w world) {
	insert := func(r identity.Receipt) error {
		return w.do(func(tx identity.Tx) error { return tx.InsertReceipt(ctx, r) })
	}
	find := func(t *testing.T, caller, key string) identity.Receipt {
		r, err := w.store.Receipt(ctx, caller, key)
		require.NoError(t, err)
		return r
	}
	r := identity.Receipt{Caller: "i s", Key: "k", Fingerprint: "f", CreatedAt: start}
	require.NoError(t, insert(r))
	t.Run("a key is one per caller", func(t *testing.T) {
		require.Equal(t, r, find(t, "i s", "k"), "not answered yet")
		again := r
		again.Fingerprint = "g"
		refused(t, insert(again), identity.Conflict, identity.RuleReceiptExists)
		again.Caller = "i t"
		require.NoError(t, insert(again))
		require.Equal(t, again, find(t, "i t", "k"))
		require.Equal(t, r, find(t, "i s", "k"))
		_, err := w.store.Receipt(ctx, "i s", "K")
		refused(t, err, identity.NotFound, identity.RuleUnknownReceipt)
	})
	t.Run("of many who use a key at once one begins", func(t *testing.T) {
		contended := r
		contended.Key = "contended"
		require.Len(t, race(t, 16, func(int) error { return insert(contended) }, identity.RuleReceiptExists), 1)
	})
	for name, answer := range map[string][]byte{"an answer": {0, 255, '{'}, "an empty answer": {}} {
		t.Run(name+" is kept byte by byte", func(t *testing.T) {
			done := r
			done.Org, done.Answer, done.CreatedAt = w.own, answer, start.Add(time.Minute)
			w.must(t, func(tx identity.Tx) error { return tx.UpdateReceipt(ctx, done) })
			require.Equal(t, done, find(t, "i s", "k"))
		})
	}
	t.Run("receipts are forgotten one by one", func(t *testing.T) {
		remove := func(tx identity.Tx) error { return tx.DeleteReceipt(ctx, "i s", "k") }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownReceipt)
		refused(t, w.do(func(tx identity.Tx) error { return tx.UpdateReceipt(ctx, r) }), identity.NotFound, identity.RuleUnknownReceipt)
	})
	t.Run("receipts are forgotten by their age", func(t *testing.T) {
		ages := map[string]time.Duration{"oldest": time.Hour, "older": time.Minute, "old": time.Microsecond, "young": 0}
		for key, age := range ages {
			made := r
			made.Key, made.CreatedAt = key, start.Add(-age)
			require.NoError(t, insert(made))
		}
		left := func() []bool {
			var there []bool
			for _, key := range []string{"oldest", "older", "old"} {
				_, err := w.store.Receipt(ctx, r.Caller, key)
				there = append(there, err == nil)
			}
			return there
		}
		w.goInTurn(t, func(tx identity.Tx, limit int) (int, error) { return tx.DeleteReceiptsBefore(ctx, start, limit) }, left)
		require.Equal(t, start, find(t, r.Caller, "young").CreatedAt)
	})
}

func testClock(t *testing.T, w world) {
	read := func() identity.ClockWatch {
		watch, err := w.store.ClockWatch(ctx)
		require.NoError(t, err)
		return watch
	}
	now, err := w.store.SharedNow(ctx, start)
	require.NoError(t, err)
	if now != start { // the database has a clock of its own
		require.WithinDuration(t, time.Now(), now, time.Hour, "in microseconds since 1970")
		require.Equal(t, time.UTC, now.Location())
	}
	w.must(t, func(tx identity.Tx) error {
		within, err := tx.SharedNow(ctx, start)
		require.False(t, within.Before(now))
		return err
	})
	require.Zero(t, read(), "there was no round yet")
	for _, watch := range []identity.ClockWatch{
		{At: start},
		{At: start, PausedAt: start.Add(time.Second), Why: "the clock jumped", Steady: start.Add(time.Hour)},
		{},
	} {
		w.must(t, func(tx identity.Tx) error {
			require.NoError(t, tx.PutClockWatch(ctx, watch))
			got, err := tx.ClockWatch(ctx)
			require.Equal(t, watch, got)
			return err
		})
		require.Equal(t, watch, read())
	}
}
