package identity_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestAReceiptIsBegunOnceAndThenHoldsTheAnswer(t *testing.T) {
	w := newWorld(t)
	r, err := w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.NoError(t, err)
	require.Nil(t, r.Answer)
	_, err = w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.Equal(t, identity.RuleKeyInProgress, identity.RuleOf(err))
	_, err = w.BeginReceipt(w.ctx, "ada", "k", "another")
	require.Equal(t, identity.RuleKeyReused, identity.RuleOf(err))
	_, err = w.BeginReceipt(w.ctx, "eve", "k", "another")
	require.NoError(t, err, "keys of different callers have nothing to do with each other")

	require.NoError(t, w.FinishReceipt(w.ctx, r, []byte("answer")))
	r, err = w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.NoError(t, err)
	require.Equal(t, "answer", string(r.Answer))
	_, err = w.BeginReceipt(w.ctx, "ada", "k", "another")
	require.Equal(t, identity.RuleKeyReused, identity.RuleOf(err))
}

func TestAReceiptWithoutAnAnswerIsGivenUpAfterAMinute(t *testing.T) {
	w := newWorld(t)
	first, err := w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.NoError(t, err)
	w.clock.move(identity.ReceiptPatience - time.Microsecond)
	_, err = w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.Equal(t, identity.RuleKeyInProgress, identity.RuleOf(err))
	w.clock.move(time.Microsecond)
	second, err := w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.NoError(t, err)

	require.NoError(t, w.FinishReceipt(w.ctx, first, []byte("late")))
	require.NoError(t, w.AbandonReceipt(w.ctx, first))
	_, err = w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.Equal(t, identity.RuleKeyInProgress, identity.RuleOf(err), "the first has no say any more")
	require.NoError(t, w.FinishReceipt(w.ctx, second, []byte("answer")))
	r, err := w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.NoError(t, err)
	require.Equal(t, "answer", string(r.Answer))
}

func TestAnAbandonedKeyIsFree(t *testing.T) {
	w := newWorld(t)
	r, err := w.BeginReceipt(w.ctx, "ada", "k", "print")
	require.NoError(t, err)
	require.NoError(t, w.AbandonReceipt(w.ctx, r))
	require.NoError(t, w.AbandonReceipt(w.ctx, r), "again changes nothing")
	_, err = w.BeginReceipt(w.ctx, "ada", "k", "another")
	require.NoError(t, err)
}

func TestReceiptsAreForgottenAfterADay(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"swept", "not swept"} {
		r, err := w.BeginReceipt(w.ctx, "ada", key, "print")
		require.NoError(t, err)
		require.NoError(t, w.FinishReceipt(w.ctx, r, []byte("answer")))
	}
	w.clock.move(identity.ReceiptHours*time.Hour - time.Microsecond)
	require.NoError(t, w.ForgetReceipts(w.ctx))
	r, err := w.BeginReceipt(w.ctx, "ada", "swept", "print")
	require.NoError(t, err)
	require.NotNil(t, r.Answer)

	w.clock.move(time.Microsecond)
	r, err = w.BeginReceipt(w.ctx, "ada", "not swept", "another")
	require.NoError(t, err, "the worker may be late")
	require.Nil(t, r.Answer)
	w.clock.move(time.Microsecond)
	require.NoError(t, w.ForgetReceipts(w.ctx))
	require.NoError(t, w.ForgetReceipts(w.ctx))
	_, err = w.Reader().Receipt(w.ctx, "ada", "swept")
	require.True(t, identity.IsNotFound(err))
	_, err = w.Reader().Receipt(w.ctx, "ada", "not swept")
	require.NoError(t, err)
}

func TestOfManyCallsWithOneKeyOneBegins(t *testing.T) {
	w := newWorld(t)
	for _, age := range []time.Duration{0, identity.ReceiptPatience, identity.ReceiptHours * time.Hour} {
		w.clock.move(age)
		var group sync.WaitGroup
		errs := make([]error, 16)
		for n := range errs {
			group.Go(func() { _, errs[n] = w.BeginReceipt(w.ctx, "ada", "k", "print") })
		}
		group.Wait()
		begun := 0
		for _, err := range errs {
			var e *identity.Error
			switch {
			case err == nil:
				begun++
			case !errors.As(err, &e) || e.Rule != identity.RuleKeyInProgress:
				require.NoError(t, err)
			}
		}
		require.Equal(t, 1, begun, age)
	}
}
