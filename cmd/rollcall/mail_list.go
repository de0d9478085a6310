package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"rollcall/identity"
)

type mailCmd struct {
	List  mailListCmd  `cmd:"" help:"List an organization's mails, the newest first."`
	Show  mailShowCmd  `cmd:"" help:"Show one mail and what became of it."`
	Retry mailRetryCmd `cmd:"" help:"Have mails that were given up tried again."`
}

// messageView is a message without what it says: that may hold the secret of a link.
type messageView struct {
	ID        identity.MessageID    `json:"id"`
	Kind      identity.MessageKind  `json:"kind"`
	To        string                `json:"to"`
	Account   identity.AccountID    `json:"account,omitempty"`
	State     identity.MessageState `json:"state"`
	Attempts  int                   `json:"attempts"`
	NextAt    time.Time             `json:"nextAt,omitzero"` // of one that waits
	LastError string                `json:"lastError,omitempty"`
	CreatedAt time.Time             `json:"createdAt"`
	SentAt    time.Time             `json:"sentAt,omitzero"`
}

func viewOfMessage(m identity.Message) messageView {
	v := messageView{ID: m.ID, Kind: m.Kind, To: m.To, Account: m.Account, State: m.State, Attempts: m.Attempts, LastError: m.LastError,
		CreatedAt: m.CreatedAt, SentAt: m.SentAt}
	if m.State == identity.MessageWaiting {
		v.NextAt = m.NextAt
	}
	return v
}

type mailListCmd struct {
	storeFlag
	orgFlag
	State string `enum:",waiting,sent,parked" default:"" placeholder:"STATE" help:"Only mails that are waiting, sent or parked, which is given up."`
	Limit int    `default:"100" placeholder:"N" help:"At most so many (${default})."`
}

// Run lists the mails.
func (c *mailListCmd) Run(a *app) error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit %d is not possible; use 1 or more", c.Limit)
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		messages, err := s.messages(o.ID, identity.MessageState(c.State), c.Limit)
		if err != nil {
			return err
		}
		views := make([]messageView, len(messages))
		rows := make([][]string, len(messages))
		for i, m := range messages {
			v := viewOfMessage(m)
			views[i] = v
			rows[i] = []string{string(v.ID), string(v.Kind), string(v.State), strconv.Itoa(v.Attempts), instant(v.NextAt), v.To, v.LastError}
		}
		return s.show(views, func(w io.Writer) error {
			return table(w, []string{"ID", "KIND", "STATE", "ATTEMPTS", "NEXT", "TO", "LAST ERROR"}, rows)
		})
	})
}

// messages returns an organization's messages, the newest first.
func (s *session) messages(org identity.OrgID, state identity.MessageState, limit int) ([]identity.Message, error) {
	var all []identity.Message
	q := identity.MessageQuery{State: state}
	for len(all) < limit {
		q.Limit = min(pageOfAll, limit-len(all))
		page, err := s.read.Messages(s.ctx, org, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < q.Limit {
			break
		}
		q.After = page[len(page)-1].ID
	}
	return all, nil
}

type mailShowCmd struct {
	storeFlag
	orgFlag
	ID string `arg:"" help:"The mail's id; rollcall mail list has it."`
}

// Run shows the mail.
func (c *mailShowCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		m, err := s.read.Message(s.ctx, o.ID, identity.MessageID(c.ID))
		if err != nil {
			return err
		}
		return s.showMessage(m)
	})
}

func (s *session) showMessage(m identity.Message) error {
	v := viewOfMessage(m)
	return s.show(v, func(w io.Writer) error {
		return properties(w, "id", string(v.ID), "kind", string(v.Kind), "to", v.To, "user", string(v.Account), "state", string(v.State),
			"attempts", strconv.Itoa(v.Attempts), "next attempt", instant(v.NextAt), "last error", v.LastError,
			"written", instant(v.CreatedAt), "sent", instant(v.SentAt))
	})
}

type mailRetryCmd struct {
	storeFlag
	orgFlag
	ID  string `arg:"" optional:"" help:"The mail's id."`
	All bool   `help:"All of the organization's mails that were given up."`
}

// Run has mails tried again by the server.
func (c *mailRetryCmd) Run(a *app) error {
	if (c.ID == "") != c.All {
		return errors.New("name one mail by its id, or all that were given up with --all")
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		if !c.All {
			m, err := s.service.RetryMessage(s.ctx, s.by, o.ID, identity.MessageID(c.ID))
			if err != nil {
				return err
			}
			return s.showMessage(m)
		}
		retried, err := s.retryAll(o.ID)
		if err != nil {
			return err
		}
		result := struct {
			Retried int `json:"retried"`
		}{retried}
		return s.show(result, func(w io.Writer) error { return properties(w, "tried again", strconv.Itoa(retried)) })
	})
}

// retryAll goes through what is parked until nothing is. A message that somebody else has tried again meanwhile is no error.
func (s *session) retryAll(org identity.OrgID) (int, error) {
	retried := 0
	for {
		page, err := s.read.Messages(s.ctx, org, identity.MessageQuery{State: identity.MessageParked, Limit: pageOfAll})
		if err != nil || len(page) == 0 {
			return retried, err
		}
		for _, m := range page {
			_, err := s.service.RetryMessage(s.ctx, s.by, org, m.ID)
			switch rule := identity.RuleOf(err); {
			case err == nil:
				retried++
			case rule != identity.RuleInvalidTransition && rule != identity.RuleUnknownMessage:
				return retried, err
			}
		}
	}
}
