package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/identity"
)

type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"Look through what was done and what was refused."`
	Export auditExportCmd `cmd:"" help:"Write the audit into a file, one JSON object a line, with what its hashes cover."`
}

// rangeFlags are the time that is looked at.
type rangeFlags struct {
	From string `placeholder:"TIME" help:"At or after this instant: 2026-03-01, which begins in UTC, or 2026-03-01T12:00:00Z."`
	To   string `placeholder:"TIME" help:"Before this instant; without it, until now."`
}

// Validate refuses what is no time.
func (f *rangeFlags) Validate() error {
	_, from := moment("--from", f.From)
	_, to := moment("--to", f.To)
	return cmp.Or(from, to)
}

func (f *rangeFlags) query() url.Values {
	// Validate has refused what cannot be read.
	from, _ := moment("--from", f.From)
	to, _ := moment("--to", f.To)
	return url.Values{"from": {from}, "to": {to}}
}

// moment brings a time or a day into the form of the API.
func moment(flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format(time.RFC3339Nano), nil
		}
	}
	return "", fmt.Errorf("%s %q is no time; use 2026-03-01 or 2026-03-01T12:00:00Z", flag, text)
}

type auditListCmd struct {
	apiFlags
	orgFlag
	rangeFlags
	Actor    string   `placeholder:"ID" help:"Only what this actor did; the id is in the JSON, as actorId."`
	Category []string `placeholder:"NAME" help:"Only these categories: USERS, LOGINS, ORG_SETTINGS, CUSTOMERS, GROUPS, LICENSES, DIRECTORY, ITEMS or REFUSALS; repeatable."`
	Target   string   `placeholder:"ID|E-MAIL" help:"Only what happened to this: an id, or a user's address."`
	place
}

// Validate refuses categories that do not exist, because they would find nothing in silence.
func (c *auditListCmd) Validate() error {
	for _, name := range c.Category {
		if err := oneOf("--category", identity.Category(name), identity.Categories); err != nil {
			return err
		}
	}
	return cmp.Or(c.rangeFlags.Validate(), c.place.Validate())
}

// Run lists the events, the newest first.
func (c *auditListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		query := c.query()
		query.Set("actor", c.Actor)
		query.Set("category", strings.Join(c.Category, ","))
		query.Set("target", c.Target)
		if strings.Contains(c.Target, "@") {
			u, err := o.user(c.Target)
			if err != nil {
				return err
			}
			query.Set("target", u.is.ID)
		}
		events, next, err := list[admin.AuditEvent](o.apiClient, o.at("audit"), "events", query, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(events, func(w io.Writer) error {
			rows := make([][]string, len(events))
			for i, e := range events {
				rows[i] = []string{instant(e.is.Created), e.is.Data.EventCategory, or(e.is.Data.ErrorCode, or(e.is.Rule, "-")), e.is.Data.ActionText}
			}
			return table(w, []string{"AT", "CATEGORY", "RULE", "WHAT"}, rows)
		})
	})
}

type auditExportCmd struct {
	apiFlags
	orgFlag
	rangeFlags
	File string `arg:"" optional:"" placeholder:"FILE" help:"Where to write; - or nothing for standard output."`
}

// Run writes the events in the order of the chain.
func (c *auditExportCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error { return o.save(c.File, o.at("audit", "export"), given(c.query())) })
}
