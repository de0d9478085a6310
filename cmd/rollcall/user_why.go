package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/identity"
)

type userWhyCmd struct {
	apiFlags
	orgFlag
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user; somebody who was deleted, by id or, on the database, by userName."`
}

// explanation is what the API tells, with the evidence as it came.
type explanation struct {
	admin.Explanation
	Evidence json.RawMessage `json:"evidence"`
}

// Run explains the user.
func (c *userWhyCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		id, err := o.userOrDeleted(c.User)
		if err != nil {
			return err
		}
		var x seen[explanation]
		if err := o.get(o.at("users", id, "why"), nil, &x); err != nil {
			return err
		}
		return a.show(x, func(w io.Writer) error { return explain(w, x.is) })
	})
}

// explain writes an explanation for people.
func explain(w io.Writer, x explanation) error {
	status := x.Status
	if x.Reason != "" {
		status += " (" + x.Reason + ")"
	}
	because := x.Because
	if x.Rule != "" {
		because += " [" + x.Rule + "]"
	}
	actor := x.Actor.Kind
	if name := or(x.Actor.Name, x.Actor.ID); name != "" {
		actor += " " + name
	}
	next := x.Next.Text
	if x.Next.Rule != "" {
		next += " [" + x.Next.Rule + "]"
	}
	if _, err := fmt.Fprintf(w, "%s (%s)\n", printable(x.UserName), x.User); err != nil {
		return err
	}
	if err := properties(w, "  status", status, "  since", instant(x.Since), "  because", because, "  done by", actor,
		"  event", x.Event, "  managed by", "the "+x.ManagedBy, "  next", next); err != nil {
		return err
	}
	for _, note := range x.Notes {
		if err := properties(w, "  note", note); err != nil {
			return err
		}
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

// userOrDeleted finds the id of somebody, also of somebody who has been deleted: events outlive what they tell of.
func (c *orgClient) userOrDeleted(text string) (string, error) {
	if isID(text) {
		return text, nil
	}
	u, unknown := c.user(text)
	if unknown == nil || c.local == nil || !identity.IsNotFound(unknown) {
		return u.is.ID, unknown
	}
	// With a range, be it all of time, an index passes over what is of another kind.
	q := identity.EventQuery{From: time.UnixMicro(0), Kinds: []identity.EventKind{identity.AccountDeleted}, Newest: true, Limit: pageOfAll}
	for {
		page, err := c.local.read.Events(c.ctx, identity.OrgID(c.id), q)
		if err != nil {
			return "", err
		}
		for _, e := range page {
			if identity.Fold(e.AccountName) == identity.Fold(text) {
				return string(e.Account), nil
			}
		}
		if len(page) < pageOfAll {
			return "", unknown
		}
		q.After = page[len(page)-1].ID
	}
}
