package identity

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The rules of delivering messages.
const (
	MaxDeliveryAttempts = 16 // about two days and a half; then the message is parked
	SentMessageDays     = 30 // how long what was sent can be looked up

	firstRetry      = time.Minute
	longestRetry    = 6 * time.Hour
	maxFailureCause = 500 // bytes
)

// RetryAfter returns how long a message rests after a number of attempts that failed: a minute, doubled each time, six hours at
// most.
func RetryAfter(attempts int) time.Duration {
	d := firstRetry
	for range attempts - 1 {
		d = min(2*d, longestRetry)
	}
	return d
}

// RetryPause is RetryAfter if the receiver asked for a pause, which can be longer and not shorter; six hours at most all the same.
func RetryPause(attempts int, asked time.Duration) time.Duration {
	return max(RetryAfter(attempts), min(asked, longestRetry))
}

// dueAt reports whether a message can be claimed.
func (m Message) dueAt(now time.Time) bool { return m.State == MessageWaiting && !now.Before(m.NextAt) }

// ClaimMessages takes at most limit messages of a channel that are due, the longest due first. Nobody else gets them before the lease is
// over, so a process that dies gives them up by itself. Each is to be handed back to [Service.Delivered] or
// [Service.DeliveryFailed] or [Service.Drop] as it came.
func (s *Service) ClaimMessages(ctx context.Context, channel Channel, limit int, lease time.Duration) ([]Message, error) {
	for {
		now, err := s.SharedNow(ctx)
		if err != nil {
			return nil, err
		}
		due, err := s.store.MessagesDue(ctx, channel, now, limit)
		if err != nil || len(due) == 0 {
			return nil, err
		}
		claimed, err := s.claim(ctx, due, lease)
		if err != nil || len(claimed) > 0 {
			return claimed, err
		}
		// Somebody else was quicker with all of them; there may be more.
	}
}

// claim takes those of the messages that are still due. The lock is exclusive because two processes that both read a message as
// due must not both write so.
func (s *Service) claim(ctx context.Context, due []Message, lease time.Duration) ([]Message, error) {
	var lock OrgLock
	seen := map[OrgID]bool{}
	for _, m := range due {
		if !seen[m.Org] {
			seen[m.Org] = true
			lock.Orgs = append(lock.Orgs, m.Org)
		}
	}
	lock.Exclusive = true
	var claimed []Message
	err := s.store.Do(ctx, lock, func(tx Tx) error {
		claimed = nil
		now, err := tx.SharedNow(ctx, s.clock.Now())
		if err != nil {
			return err
		}
		for _, m := range due {
			m, err := tx.Message(ctx, m.Org, m.ID)
			if IsNotFound(err) {
				continue
			}
			if err != nil {
				return err
			}
			if !m.dueAt(now) {
				continue
			}
			m.Attempts, m.NextAt = m.Attempts+1, now.Add(lease)
			if err := tx.UpdateMessage(ctx, m); err != nil {
				return err
			}
			claimed = append(claimed, m)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// Delivered records that a claimed message was sent. What it said is forgotten: it may hold the secret of a link. Of an order that
// outlived its organization nothing is left.
func (s *Service) Delivered(ctx context.Context, m Message) error {
	return s.settle(ctx, m, func(c *Acts, now Message) error {
		if c.org.State == OrgDeleted {
			return c.tx.DeleteMessage(ctx, now.Org, now.ID)
		}
		now.State, now.SentAt, now.Data, now.LastError = MessageSent, c.now, nil, ""
		return c.tx.UpdateMessage(ctx, now)
	})
}

// DeliveryFailed records that a claimed message could not be sent, and why. It waits for the next attempt, or is parked if
// trying again would not help or this was attempt [MaxDeliveryAttempts]. The cause is for operators; the secret of the
// message's link is taken out of it. If somebody else has claimed the message since, because the lease was over, nothing happens.
func (s *Service) DeliveryFailed(ctx context.Context, m Message, permanent bool, cause string) error {
	return s.failed(ctx, m, permanent, 0, cause)
}

// PutOff is DeliveryFailed for a message whose receiver asked for a pause.
func (s *Service) PutOff(ctx context.Context, m Message, pause time.Duration, cause string) error {
	return s.failed(ctx, m, false, pause, cause)
}

func (s *Service) failed(ctx context.Context, m Message, permanent bool, pause time.Duration, cause string) error {
	return s.settle(ctx, m, func(c *Acts, now Message) error {
		if now.Attempts != m.Attempts {
			return nil
		}
		now.LastError = m.WithoutSecrets(cause)
		if !permanent && now.Attempts < MaxDeliveryAttempts {
			at, err := c.SharedNow(ctx)
			if err != nil {
				return err
			}
			now.NextAt = at.Add(RetryPause(now.Attempts, pause))
			return c.tx.UpdateMessage(ctx, now)
		}
		now.State = MessageParked
		if err := c.tx.UpdateMessage(ctx, now); err != nil {
			return err
		}
		return c.tellOf(ctx, MessageGivenUp, now.target(), map[string]any{"kind": now.Kind, "to": now.To, "account": now.Account,
			"attempts": now.Attempts, "cause": now.LastError})
	})
}

// Drop records that a claimed message is not to be sent any more because what it was about is over, such as a link that was replaced.
// Nobody has to do anything about it.
func (s *Service) Drop(ctx context.Context, m Message, why string) error {
	return s.settle(ctx, m, func(c *Acts, now Message) error {
		if c.org.State == OrgDeleted {
			return c.tx.DeleteMessage(ctx, now.Org, now.ID)
		}
		now.State, now.SentAt, now.Data, now.LastError = MessageDropped, c.now, nil, m.WithoutSecrets(why)
		return c.tx.UpdateMessage(ctx, now)
	})
}

// settle lets do change a message that was claimed, unless it has gone or was settled by somebody else.
func (s *Service) settle(ctx context.Context, m Message, do func(c *Acts, now Message) error) error {
	return s.onMessages(ctx, m.Org, Actor{Kind: System, Name: string(m.Kind.Channel())}, func(c *Acts) error {
		now, err := c.tx.Message(ctx, m.Org, m.ID)
		switch {
		case IsNotFound(err):
			return nil
		case err != nil:
			return err
		case now.State != MessageWaiting:
			return nil
		}
		return do(c, now)
	})
}

// onMessages runs fn in a transaction on an organization that may be a tombstone: orders outlive it.
func (s *Service) onMessages(ctx context.Context, org OrgID, by Actor, fn func(*Acts) error) error {
	return s.store.Do(ctx, Exclusive(org), func(tx Tx) error {
		o, err := tx.Organization(ctx, org)
		switch {
		case IsNotFound(err):
			o = Organization{ID: org, State: OrgDeleted}
		case err != nil:
			return err
		}
		return fn(&Acts{service: s, tx: tx, org: o, by: by, now: s.clock.Now()})
	})
}

// RetryMessage lets a parked message be tried again at once, with all of its attempts. Whoever runs the server can do so for an
// organization that was deleted, too: its orders are still to be carried out.
func (s *Service) RetryMessage(ctx context.Context, by Actor, org OrgID, id MessageID) (Message, error) {
	var m Message
	retry := func(c *Acts) error {
		var err error
		if m, err = c.tx.Message(ctx, org, id); err != nil {
			return err
		}
		if m.State != MessageParked {
			return Refuse(Conflict, RuleInvalidTransition, "the message is %s; only one that was given up can be tried again", m.State)
		}
		at, err := c.SharedNow(ctx)
		if err != nil {
			return err
		}
		m.State, m.Attempts, m.NextAt = MessageWaiting, 0, at
		if err := c.tx.UpdateMessage(ctx, m); err != nil {
			return err
		}
		return c.tellOf(ctx, MessageRetried, m.target(), map[string]any{"kind": m.Kind, "to": m.To, "account": m.Account})
	}
	err := s.transact(ctx, Exclusive(org), org, by, retry)
	if RuleOf(err) == RuleUnknownOrg && by.Kind == Operator {
		err = s.onMessages(ctx, org, by, retry)
	}
	return m, err
}

// ForgetSentMessages forgets messages that were sent or dropped [SentMessageDays] ago or earlier.
func (s *Service) ForgetSentMessages(ctx context.Context) error {
	before := s.clock.Now().Add(-SentMessageDays * Day)
	return s.forget(ctx, func(tx Tx, limit int) (int, error) { return tx.DeleteMessagesBefore(ctx, before, limit) })
}

func (m Message) target() Target {
	return Target{Type: TargetMessage, ID: string(m.ID), Name: string(m.Kind)}
}

// WithoutSecrets makes what somebody said about a message fit to be stored and logged: one line of at most 500 bytes, without the
// secret of the message's link, in capitals or not. A mail server may quote what it refuses.
func (m Message) WithoutSecrets(text string) string {
	if secret := m.Data["link"]; secret != "" {
		text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(secret)).ReplaceAllString(text, "…")
	}
	return oneLine(text)
}

func oneLine(cause string) string {
	cause = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(cause, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(cause) <= maxFailureCause {
		return cause
	}
	cut := maxFailureCause - len("…")
	for !utf8.RuneStart(cause[cut]) {
		cut--
	}
	return cause[:cut] + "…"
}
