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
	serverFlag
	orgFlag
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user; somebody who was deleted, by id or userName."`
}

// Run explains the user.
func (c *userWhyCmd) Run(a *app) error {
	return a.onPeople(c.storeFlag, c.serverFlag, func(p people) error {
		x, err := p.why(c.orgFlag, c.User)
		if err != nil {
			return err
		}
		return a.show(x, func(w io.Writer) error { return explain(w, x) })
	})
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
