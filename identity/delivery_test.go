package identity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

const lease = 5 * time.Minute

// letter is an invitation with a secret.
func (w *world) letter(org identity.OrgID, key string) identity.Message {
	return identity.Message{ID: identity.MessageID(system.IDs{}.New()), Org: org, Kind: identity.MessageInvitation, To: "ada@corp.example", Key: key,
		Data: map[string]string{"link": "SECRETOFTHELINK", "organization": "Acme"}, State: identity.MessageWaiting, NextAt: w.clock.Now(), CreatedAt: w.clock.Now()}
}

func (w *world) enqueue(m identity.Message) (identity.Message, bool) {
	w.t.Helper()
	stored, err := act(w, m.Org, operator, func(c *identity.Acts) (bool, error) { return c.Tx().Enqueue(w.ctx, m) })
	require.NoError(w.t, err)
	return m, stored
}

func (w *world) message(m identity.Message) identity.Message {
	w.t.Helper()
	now, err := w.Reader().Message(w.ctx, m.Org, m.ID)
	require.NoError(w.t, err)
	return now
}

func (w *world) take(limit int) []identity.Message {
	w.t.Helper()
	claimed, err := w.ClaimMessages(w.ctx, identity.ByMail, limit, lease)
	require.NoError(w.t, err)
	return claimed
}

func (w *world) messages(org identity.OrgID) []identity.Message {
	w.t.Helper()
	all, err := w.Reader().Messages(w.ctx, org, identity.MessageQuery{Limit: 100})
	require.NoError(w.t, err)
	return all
}

func (w *world) messageEvents(m identity.Message) []identity.Event {
	w.t.Helper()
	all, err := w.Reader().Events(w.ctx, m.Org, identity.EventQuery{Target: string(m.ID), Limit: 10})
	require.NoError(w.t, err)
	return all
}

func TestNTF06_AMessageLivesAndDiesWithItsTransaction(t *testing.T) {
	w := newWorld(t)
	org := w.org("Acme")
	changed := errors.New("the change failed after all")
	err := w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		stored, err := c.Tx().Enqueue(w.ctx, w.letter(org, "welcome"))
		require.NoError(t, err)
		require.True(t, stored)
		return changed
	})
	require.ErrorIs(t, err, changed)
	require.Empty(t, w.messages(org), "rolled back with the change")

	first, stored := w.enqueue(w.letter(org, "welcome"))
	require.True(t, stored)
	_, stored = w.enqueue(w.letter(org, "welcome"))
	require.False(t, stored, "the same key again")
	require.Equal(t, []identity.Message{first}, w.messages(org))
}

func TestNTF06_AClaimedMessageIsNobodyElsesUntilTheLeaseIsOver(t *testing.T) {
	w := newWorld(t)
	m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
	claimed := w.take(10)
	require.Len(t, claimed, 1)
	require.Equal(t, 1, claimed[0].Attempts)
	require.Equal(t, w.clock.Now().Add(lease), claimed[0].NextAt)
	require.Equal(t, m.Data, claimed[0].Data)

	w.clock.move(lease - time.Microsecond)
	require.Empty(t, w.take(10))
	w.clock.move(time.Microsecond)
	again := w.take(10)
	require.Len(t, again, 1)
	require.Equal(t, m.ID, again[0].ID)
	require.Equal(t, 2, again[0].Attempts)
}

func TestNTF06_ManyClaimersShareTheMessagesWithoutAnyTwice(t *testing.T) {
	w := newWorld(t)
	orgs := []identity.OrgID{w.org("Acme"), w.org("Bergen"), w.org("Cairo")}
	const messages = 60
	for i := range messages {
		w.enqueue(w.letter(orgs[i%len(orgs)], "k"+string(rune('0'+i))))
	}
	var mu sync.Mutex
	seen := map[identity.MessageID]int{}
	var claimers sync.WaitGroup
	for range 4 {
		claimers.Go(func() {
			for {
				claimed, err := w.ClaimMessages(context.Background(), identity.ByMail, 3, lease)
				if err != nil || len(claimed) == 0 {
					return
				}
				mu.Lock()
				for _, m := range claimed {
					seen[m.ID]++
				}
				mu.Unlock()
			}
		})
	}
	claimers.Wait()
	require.Len(t, seen, messages)
	for id, times := range seen {
		require.Equal(t, 1, times, "message %s", id)
	}
}

func TestAClaimTakesTheLongestDueFirstAndNoMoreThanAsked(t *testing.T) {
	w := newWorld(t)
	org := w.org("Acme")
	late, _ := w.enqueue(w.letter(org, "late"))
	m := w.letter(org, "early")
	m.NextAt = m.NextAt.Add(-time.Hour)
	early, _ := w.enqueue(m)
	m = w.letter(org, "future")
	m.NextAt = m.NextAt.Add(time.Hour)
	w.enqueue(m)
	first, second := w.take(1), w.take(1)
	require.Equal(t, early.ID, first[0].ID)
	require.Equal(t, late.ID, second[0].ID)
	require.Empty(t, w.take(1))
}

func TestASentMessageForgetsItsSecretAndStaysFor30Days(t *testing.T) {
	w := newWorld(t)
	m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
	claimed := w.take(1)[0]
	require.NoError(t, w.DeliveryFailed(w.ctx, claimed, false, "not now"))
	w.clock.move(identity.RetryAfter(1))
	claimed = w.take(1)[0]
	require.NoError(t, w.Delivered(w.ctx, claimed))
	sent := w.message(m)
	require.Equal(t, identity.MessageSent, sent.State)
	require.Equal(t, w.clock.Now(), sent.SentAt)
	require.Empty(t, sent.Data)
	require.Empty(t, sent.LastError)
	require.Equal(t, m.To, sent.To)

	require.NoError(t, w.DeliveryFailed(w.ctx, claimed, true, "too late"), "what was sent stays sent")
	require.Equal(t, sent, w.message(m))

	w.clock.move(identity.SentMessageDays * identity.Day)
	require.NoError(t, w.ForgetSentMessages(w.ctx))
	require.Equal(t, sent, w.message(m))
	w.clock.move(time.Microsecond)
	require.NoError(t, w.ForgetSentMessages(w.ctx))
	_, err := w.Reader().Message(w.ctx, m.Org, m.ID)
	refusedWith(t, err, identity.RuleUnknownMessage)
}

func TestAFailedMessageBacksOffAndIsParkedAfter16Attempts(t *testing.T) {
	w := newWorld(t)
	m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
	var pauses []string
	for range identity.MaxDeliveryAttempts - 1 {
		claimed := w.take(1)
		require.Len(t, claimed, 1)
		require.NoError(t, w.DeliveryFailed(w.ctx, claimed[0], false, "451 try later"))
		now := w.message(m)
		require.Equal(t, identity.MessageWaiting, now.State)
		pause := now.NextAt.Sub(w.clock.Now())
		pauses = append(pauses, pause.String())
		w.clock.move(pause - time.Microsecond)
		require.Empty(t, w.take(1))
		w.clock.move(time.Microsecond)
	}
	require.Equal(t, "1m0s 2m0s 4m0s 8m0s 16m0s 32m0s 1h4m0s 2h8m0s 4h16m0s 6h0m0s 6h0m0s 6h0m0s 6h0m0s 6h0m0s 6h0m0s", strings.Join(pauses, " "))
	require.Empty(t, w.messageEvents(m))

	require.NoError(t, w.DeliveryFailed(w.ctx, w.take(1)[0], false, "451 try later"))
	parked := w.message(m)
	require.Equal(t, identity.MessageParked, parked.State)
	require.Equal(t, identity.MaxDeliveryAttempts, parked.Attempts)
	require.Equal(t, "451 try later", parked.LastError)
	require.Equal(t, m.Data, parked.Data, "it can still be sent")
	events := w.messageEvents(m)
	require.Len(t, events, 1)
	require.Equal(t, identity.MessageGivenUp, events[0].Kind)
	require.Equal(t, identity.Target{Type: identity.TargetMessage, ID: string(m.ID), Name: "invitation"}, events[0].Target)
	require.JSONEq(t, `{"kind":"invitation","to":"ada@corp.example","account":"","attempts":16,"cause":"451 try later"}`, string(events[0].Evidence))
	w.clock.move(365 * identity.Day)
	require.Empty(t, w.take(1), "parked until somebody has it tried again")
}

func TestAParkedMessageCanBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
	_, err := w.RetryMessage(w.ctx, operator, m.Org, m.ID)
	refusedWith(t, err, identity.RuleInvalidTransition)
	require.NoError(t, w.DeliveryFailed(w.ctx, w.take(1)[0], true, "550 no such mailbox"))
	require.Equal(t, identity.MessageParked, w.message(m).State, "a permanent failure parks at once")
	require.Empty(t, w.take(1))

	_, err = w.RetryMessage(w.ctx, operator, w.org("Bergen"), m.ID)
	refusedWith(t, err, identity.RuleUnknownMessage)
	retried, err := w.RetryMessage(w.ctx, operator, m.Org, m.ID)
	require.NoError(t, err)
	require.Equal(t, retried, w.message(m))
	require.Equal(t, identity.MessageWaiting, retried.State)
	require.Zero(t, retried.Attempts)
	claimed := w.take(1)
	require.Len(t, claimed, 1)
	require.Equal(t, m.Data, claimed[0].Data)
	var kinds []identity.EventKind
	for _, e := range w.messageEvents(m) {
		kinds = append(kinds, e.Kind)
	}
	require.Contains(t, kinds, identity.MessageGivenUp)
	require.Contains(t, kinds, identity.MessageRetried)
}

func TestAFailureOfALeaseThatIsOverChangesNothing(t *testing.T) {
	w := newWorld(t)
	m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
	slow := w.take(1)[0]
	w.clock.move(lease)
	quick := w.take(1)[0]
	require.NoError(t, w.DeliveryFailed(w.ctx, slow, true, "timed out"))
	require.Equal(t, quick, w.message(m), "it is somebody else's now")
	require.NoError(t, w.Delivered(w.ctx, slow), "but what was sent was sent")
	require.Equal(t, identity.MessageSent, w.message(m).State)
}

func TestTheCauseOfAFailureIsOneShortLineWithoutSecrets(t *testing.T) {
	for name, tc := range map[string]struct{ cause, want string }{
		"a secret that the server quotes":          {"554 refused: https://id.example/links/SECRETOFTHELINK", "554 refused: https://id.example/links/…"},
		"in small letters":                         {"spam: /links/secretofthelink!", "spam: /links/…!"},
		"several lines":                            {"550-No such user\r\n550 here\x1b[2J", "550-No such user 550 here [2J"},
		"bytes that are no text":                   {"550 \xff\xfe", "550 ?"},
		"exactly as long as allowed":               {strings.Repeat("x", 500), strings.Repeat("x", 500)},
		"one byte longer":                          {strings.Repeat("x", 501), strings.Repeat("x", 497) + "…"},
		"longer, with a letter of two bytes there": {strings.Repeat("x", 496) + "éé" + strings.Repeat("x", 9), strings.Repeat("x", 496) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
			require.NoError(t, w.DeliveryFailed(w.ctx, w.take(1)[0], true, tc.cause))
			got := w.message(m).LastError
			require.Equal(t, tc.want, got)
			require.True(t, utf8.ValidString(got))
			for _, e := range w.messageEvents(m) {
				require.NotContains(t, strings.ToUpper(string(e.Evidence)), "SECRETOFTHELINK")
			}
		})
	}
}

func TestAReceiverCanAskForALongerPauseButNotForAShorterOne(t *testing.T) {
	for name, tc := range map[string]struct{ asked, want time.Duration }{
		"longer":             {time.Hour, time.Hour},
		"shorter":            {time.Second, time.Minute},
		"none":               {0, time.Minute},
		"longer than we do":  {365 * identity.Day, 6 * time.Hour},
		"a pause before now": {-time.Hour, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m, _ := w.enqueue(w.letter(w.org("Acme"), "a"))
			require.NoError(t, w.PutOff(w.ctx, w.take(1)[0], tc.asked, "429"))
			now := w.message(m)
			require.Equal(t, identity.MessageWaiting, now.State)
			require.Equal(t, w.clock.Now().Add(tc.want), now.NextAt)
			require.Equal(t, "429", now.LastError)
		})
	}
}
