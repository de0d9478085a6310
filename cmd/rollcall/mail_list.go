package main

import (
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"

	"rollcall/admin"
	"rollcall/identity"
)

type mailCmd struct {
	List  mailListCmd  `cmd:"" help:"List an organization's messages, mails and work orders, the newest first."`
	Show  mailShowCmd  `cmd:"" help:"Show one message and what became of it."`
	Retry mailRetryCmd `cmd:"" help:"Have messages that were given up tried again."`
}

type mailListCmd struct {
	apiFlags
	orgFlag
	State string `enum:",waiting,sent,parked,dropped" default:"" placeholder:"STATE" help:"Only messages that are waiting, sent, parked (given up) or dropped (what they were about was over)."`
	place
}

// Run lists the messages.
func (c *mailListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		messages, next, err := o.messages(c.State, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(messages, func(w io.Writer) error {
			rows := make([][]string, len(messages))
			for i, m := range messages {
				rows[i] = []string{m.is.ID, m.is.Kind, m.is.State, strconv.Itoa(m.is.Attempts), instantIf(m.is.NextAt), m.is.To, m.is.LastError}
			}
			return table(w, []string{"ID", "KIND", "STATE", "ATTEMPTS", "NEXT", "TO", "LAST ERROR"}, rows)
		})
	})
}

func (c *orgClient) messages(state string, p place) ([]seen[admin.Message], string, error) {
	return list[admin.Message](c.apiClient, c.at("messages"), "messages", url.Values{"state": {state}}, p)
}

type mailShowCmd struct {
	apiFlags
	orgFlag
	ID string `arg:"" help:"The message's id; rollcall mail list has it."`
}

// Run shows the message.
func (c *mailShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		all, _, err := o.messages("", everything)
		if err != nil {
			return err
		}
		n := slices.IndexFunc(all, func(m seen[admin.Message]) bool { return m.is.ID == c.ID })
		if n < 0 {
			return identity.Refuse(identity.NotFound, identity.RuleUnknownMessage, "no message of this organization has the id %q", c.ID)
		}
		return a.showMessage(all[n])
	})
}

func (a *app) showMessage(m seen[admin.Message]) error {
	return a.show(m, func(w io.Writer) error {
		v := m.is
		return properties(w, "id", v.ID, "kind", v.Kind, "to", v.To, "user", v.User, "state", v.State, "attempts", strconv.Itoa(v.Attempts),
			"next attempt", instantIf(v.NextAt), "last error", v.LastError, "written", instant(v.CreatedAt), "sent", instantIf(v.SentAt))
	})
}

type mailRetryCmd struct {
	apiFlags
	orgFlag
	ID  string `arg:"" optional:"" help:"The message's id."`
	All bool   `help:"All of the organization's messages that were given up."`
}

// Validate wants either a message or all of them.
func (c *mailRetryCmd) Validate() error {
	if (c.ID == "") != c.All {
		return errors.New("name one message by its id, or all that were given up with --all")
	}
	return nil
}

// Run has messages tried again by the server.
func (c *mailRetryCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		if !c.All {
			m, err := o.retry(c.ID)
			if err != nil {
				return err
			}
			return a.showMessage(m)
		}
		retried, err := o.retryAll()
		if err != nil {
			return err
		}
		result := struct {
			Retried int `json:"retried"`
		}{retried}
		return a.show(result, func(w io.Writer) error { return properties(w, "tried again", strconv.Itoa(retried)) })
	})
}

func (c *orgClient) retry(id string) (m seen[admin.Message], err error) {
	err = c.post(c.at("messages", id, "retry"), nil, &m)
	return m, err
}

// retryAll has everything tried again that is parked. A message that somebody else has tried again meanwhile is no error.
func (c *orgClient) retryAll() (int, error) {
	parked, _, err := c.messages(string(identity.MessageParked), everything)
	if err != nil {
		return 0, err
	}
	retried := 0
	for _, m := range parked {
		_, err := c.retry(m.is.ID)
		switch rule := identity.RuleOf(err); {
		case err == nil:
			retried++
		case rule != identity.RuleInvalidTransition && rule != identity.RuleUnknownMessage:
			return retried, err
		}
	}
	return retried, nil
}
