package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"rollcall/identity"
)

type userWhyCmd struct {
	storeFlag
	orgFlag
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user; somebody who was deleted, by id or userName."`
}

// Run explains the user.
func (c *userWhyCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		id, err := s.userOrDeleted(o.ID, c.User)
		if err != nil {
			return err
		}
		why, err := s.service.Why(s.ctx, o.ID, id)
		if err != nil {
			return err
		}
		return s.show(why, func(w io.Writer) error { return explain(w, why) })
	})
}

// userOrDeleted finds the id of somebody, also of somebody who has been deleted: events outlive what they tell of.
func (s *session) userOrDeleted(org identity.OrgID, text string) (identity.AccountID, error) {
	a, unknown := s.user(org, text)
	if unknown == nil {
		return a.ID, nil
	}
	if !identity.IsNotFound(unknown) {
		return "", unknown
	}
	q := identity.EventQuery{Newest: true, Limit: pageOfAll}
	for {
		page, err := s.read.Events(s.ctx, org, q)
		if err != nil {
			return "", err
		}
		for _, e := range page {
			if e.Kind == identity.AccountDeleted && (string(e.Account) == text || identity.Fold(e.AccountName) == identity.Fold(text)) {
				return e.Account, nil
			}
		}
		if len(page) < pageOfAll {
			return "", unknown
		}
		q.After = page[len(page)-1].ID
	}
}

// explain writes an explanation for people.
func explain(w io.Writer, x identity.Explanation) error {
	status := x.Status
	if x.Reason != "" {
		status += " (" + string(x.Reason) + ")"
	}
	because := x.Because
	if x.Rule != "" {
		because += " [" + string(x.Rule) + "]"
	}
	actor := string(x.Actor.Kind)
	if name := or(x.Actor.Name, x.Actor.ID); name != "" {
		actor += " " + name
	}
	next := x.Next.Text
	if x.Next.Rule != "" {
		next += " [" + string(x.Next.Rule) + "]"
	}
	if _, err := fmt.Fprintf(w, "%s (%s)\n", printable(x.UserName), x.Account); err != nil {
		return err
	}
	if err := properties(w, "  status", status, "  since", instant(x.Since), "  because", because, "  done by", actor,
		"  event", string(x.Event), "  managed by", "the "+x.ManagedBy, "  next", next); err != nil {
		return err
	}
	pairs := evidence(x.Evidence)
	if len(pairs) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w, "  evidence"); err != nil {
		return err
	}
	return properties(w, pairs...)
}

// evidence takes a JSON object apart into names and values to show; what is no object is shown as it is.
func evidence(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&object); err != nil {
		return []string{"    ", string(raw)}
	}
	var pairs []string
	for _, name := range sortedKeys(object) {
		text, isText := object[name].(string)
		if !isText {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(object[name]); err != nil {
				continue // it was decoded a moment ago
			}
			text = strings.TrimSpace(b.String())
		}
		pairs = append(pairs, "    "+name, text)
	}
	return pairs
}
