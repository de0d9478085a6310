package notify_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/notify"
)

func TestNTF06_WhatWasCommittedIsDeliveredOnceAndWhatWasRolledBackNever(t *testing.T) {
	w, p := newWorld(t), &post{}
	d := w.deliverer(p)
	failed := errors.New("the change failed after all")
	err := w.Transact(w.ctx, w.org, operator, func(c *identity.Acts) error {
		_, err := c.Tx().Enqueue(w.ctx, identity.Message{ID: identity.MessageID(w.NewID()), Org: w.org, Kind: identity.MessageInvitation,
			To: "ada@corp.example", Key: "rolled back", Data: map[string]string{"link": secret}, State: identity.MessageWaiting, NextAt: t0, CreatedAt: t0})
		require.NoError(t, err)
		return failed
	})
	require.ErrorIs(t, err, failed)
	require.Zero(t, w.deliver(d))
	require.Zero(t, p.opened, "nothing to do is no reason to connect")

	m := w.invite("ada@corp.example")
	require.Equal(t, 1, w.deliver(d))
	require.Zero(t, w.deliver(d))
	require.Len(t, p.mails, 1)
	require.Equal(t, string(m.ID)+"@id.example.org", p.mails[0].ID)
	require.Equal(t, "ada@corp.example", p.mails[0].To)
	require.Equal(t, m.CreatedAt, p.mails[0].Date)
	sent := w.message(m)
	require.Equal(t, identity.MessageSent, sent.State)
	require.Empty(t, sent.Data)
}

func TestNTF06_WhoDiesBetweenSendingAndRecordingSendsAgainUnderTheSameMessageID(t *testing.T) {
	w, first := newWorld(t), &post{}
	m := w.invite("ada@corp.example")
	// The panic is the death: nothing is recorded after the server took the mail over.
	dying := w.deliverer(transportFunc(func() (notify.Connection, error) { return &dies{first}, nil }))
	require.Panics(t, func() { _, _ = dying.Deliver(w.ctx, 10) })
	require.Equal(t, identity.MessageWaiting, w.message(m).State)

	second := &post{}
	require.Zero(t, w.deliver(w.deliverer(second)), "the lease still runs")
	w.clock.move(w.message(m).NextAt.Sub(w.Now()))
	require.Equal(t, 1, w.deliver(w.deliverer(second)))
	require.Equal(t, first.mails[0].ID, second.mails[0].ID)
	require.Equal(t, first.mails[0].Date, second.mails[0].Date)
	require.Equal(t, identity.MessageSent, w.message(m).State)
}

type transportFunc func() (notify.Connection, error)

func (f transportFunc) Open(context.Context) (notify.Connection, error) { return f() }

// dies sends a mail and never comes back.
type dies struct{ *post }

func (d *dies) Send(ctx context.Context, m notify.Mail) error {
	_ = d.post.Send(ctx, m)
	panic("killed")
}

func TestNTF06_TwoDeliverersShareTheWorkAndSendNothingTwice(t *testing.T) {
	w, p := newWorld(t), &post{}
	const messages = 40
	for i := range messages {
		w.invite("p" + strconv.Itoa(i) + "@corp.example")
	}
	var both sync.WaitGroup
	settled := make([]int, 2)
	for i := range settled {
		d := w.deliverer(p)
		both.Go(func() { settled[i], _ = d.Deliver(context.WithoutCancel(w.ctx), messages) })
	}
	both.Wait()
	require.Equal(t, messages, settled[0]+settled[1])
	seen := map[string]bool{}
	for _, m := range p.mails {
		require.False(t, seen[m.ID], "%s was sent twice", m.ID)
		seen[m.ID] = true
	}
	require.Len(t, seen, messages)
}

func TestAMessageThatCannotBeSentDoesNotStopTheOthers(t *testing.T) {
	for name, tc := range map[string]struct {
		to    string
		kind  identity.MessageKind
		data  map[string]string
		fail  error
		state identity.MessageState
		cause string
	}{
		"the server refuses the recipient":   {to: "poison@corp.example", fail: &notify.Failure{Permanent: true, Cause: "550 no such user"}, state: identity.MessageParked, cause: "550 no such user"},
		"the server wants to be asked later": {to: "poison@corp.example", fail: &notify.Failure{Cause: "451 greylisted"}, state: identity.MessageWaiting, cause: "451 greylisted"},
		"the connection breaks":              {to: "poison@corp.example", fail: &notify.Failure{Lost: true, Cause: "EOF"}, state: identity.MessageWaiting, cause: "EOF"},
		"an error of no known kind":          {to: "poison@corp.example", fail: errors.New("odd"), state: identity.MessageWaiting, cause: "odd"},
		"an address that is none":            {to: "poison", state: identity.MessageParked, cause: `the address cannot be written to: "poison" is not an e-mail address: it has no "@"`},
		"an address with a command in it":    {to: "poison@corp.example>\r\nRCPT TO:<eve@evil.example", state: identity.MessageParked, cause: "the address cannot be written to: "},
		"a kind without a text":              {kind: "riddle", to: "poison@corp.example", state: identity.MessageParked, cause: `the mail cannot be written: there is no text for messages of the kind "riddle"`},
		"no link to send":                    {data: map[string]string{"name": "Ada"}, to: "poison@corp.example", state: identity.MessageParked, cause: "the message has no link to send"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := &post{fail: func(m notify.Mail) error {
				if strings.HasPrefix(m.To, "poison") {
					return tc.fail
				}
				return nil
			}}
			kind, data := tc.kind, tc.data
			if kind == "" {
				kind = identity.MessageInvitation
			}
			if data == nil {
				data = map[string]string{"link": secret, "organization": "Acme"}
			}
			before, poison, after := w.invite("a@corp.example"), w.enqueue(kind, tc.to, data), w.invite("b@corp.example")
			require.Equal(t, 3, w.deliver(w.deliverer(p)))
			require.Equal(t, identity.MessageSent, w.message(before).State)
			require.Equal(t, identity.MessageSent, w.message(after).State)
			now := w.message(poison)
			require.Equal(t, tc.state, now.State)
			require.Contains(t, now.LastError, tc.cause)
			require.Equal(t, 1, now.Attempts)
			require.Contains(t, w.log.String(), string(poison.ID))
			require.Equal(t, p.opened, p.closed, "every connection is closed")
		})
	}
}

func TestAServerThatIsDownCostsOneAttemptARound(t *testing.T) {
	w, p := newWorld(t), &post{open: errDown}
	first, second := w.invite("a@corp.example"), w.invite("b@corp.example")
	d := w.deliverer(p)
	n, err := d.Deliver(w.ctx, 100)
	require.ErrorContains(t, err, "mail cannot be delivered at present: connection refused")
	require.Zero(t, n)
	require.Equal(t, 1, p.opened)
	require.Equal(t, 1, w.message(first).Attempts)
	require.Equal(t, "connection refused", w.message(first).LastError)
	require.Zero(t, w.message(second).Attempts, "it keeps its attempts")

	p.open = nil
	w.clock.move(identity.RetryAfter(1))
	require.Equal(t, 2, w.deliver(d))
	require.Len(t, p.mails, 2)
}

func TestAServerThatKeepsHangingUpIsLeftAloneAfterThreeMessages(t *testing.T) {
	w, p := newWorld(t), &post{fail: func(notify.Mail) error { return &notify.Failure{Lost: true, Cause: "EOF"} }}
	for i := range 5 {
		w.invite("p" + strconv.Itoa(i) + "@corp.example")
	}
	n, err := w.deliverer(p).Deliver(w.ctx, 100)
	require.ErrorContains(t, err, "EOF")
	require.Equal(t, 2, n)
	require.Equal(t, 3, p.opened)
	require.Equal(t, 3, p.closed)
}

func TestARoundKeepsToItsLimit(t *testing.T) {
	w, p := newWorld(t), &post{}
	for i := range 5 {
		w.invite("p" + strconv.Itoa(i) + "@corp.example")
	}
	n, err := w.deliverer(p).Deliver(w.ctx, 3)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Len(t, p.mails, 3)
	require.Equal(t, 1, p.opened, "one connection for the round")
}

func TestAStopLetsTheMailUnderWayBeRecorded(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(w.ctx)
	p := &post{before: stop}
	first, second := w.invite("a@corp.example"), w.invite("b@corp.example")
	n, err := w.deliverer(p).Deliver(ctx, 100)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, identity.MessageSent, w.message(first).State)
	require.Equal(t, 0, w.message(second).Attempts)
}

func TestNothingThatIsLoggedOrStoredHoldsTheSecretOfALink(t *testing.T) {
	w := newWorld(t)
	answers := []error{
		&notify.Failure{Cause: "451 odd: " + baseURL + path + secret},
		&notify.Failure{Permanent: true, Cause: "554 spam:\r\n" + strings.ToLower(baseURL+path+secret)},
		errors.New("write: " + secret), nil,
	}
	p := &post{fail: func(notify.Mail) error {
		next := answers[0]
		answers = answers[1:]
		return next
	}}
	var all []identity.Message
	for range answers {
		all = append(all, w.invite("a@corp.example"))
	}
	require.Equal(t, 4, w.deliver(w.deliverer(p)))
	_, err := w.deliverer(&post{open: errors.New("refused " + secret)}).Deliver(w.ctx, 1)
	require.NoError(t, err, "nothing is due")
	w.invite("b@corp.example")
	_, err = w.deliverer(&post{open: errors.New("refused " + secret)}).Deliver(w.ctx, 1)
	require.ErrorContains(t, err, "refused")
	told := w.log.String() + err.Error()
	for _, m := range all {
		told += w.message(m).LastError
	}
	events, err := w.Reader().Events(w.ctx, w.org, identity.EventQuery{Limit: 100})
	require.NoError(t, err)
	for _, e := range events {
		told += string(e.Evidence)
	}
	require.Contains(t, told, "spam", "the causes are there")
	require.NotContains(t, strings.ToLower(told), strings.ToLower(secret))
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ from, base, want string }{
		"no sender":                    {"", baseURL, "is no sender"},
		"a sender without a domain":    {"rollcall", baseURL, "is no sender"},
		"a sender beyond ASCII":        {"bürö@corp.example", baseURL, "ASCII characters only"},
		"a sender of one label":        {"rollcall@localhost", baseURL, "a full domain name"},
		"no base URL":                  {sender, "", "cannot begin the links"},
		"a base URL without a scheme":  {sender, "id.example.org", "cannot begin the links"},
		"a base URL of another scheme": {sender, "javascript:alert(1)", "cannot begin the links"},
		"a base URL with a user":       {sender, "https://user@id.example.org", "cannot begin the links"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := notify.New(notify.Options{From: tc.from, BaseURL: tc.base})
			require.ErrorContains(t, err, tc.want)
		})
	}
}
