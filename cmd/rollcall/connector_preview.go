package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"rollcall/directory/mapping"
)

type connectorPreviewCmd struct {
	storeFlag
	orgFlag
	connectorArg
	accessFlags
	DN    string `name:"dn" placeholder:"DN" help:"Show this entry, wherever it is."`
	First int    `default:"3" placeholder:"N" help:"Without --dn, show so many entries, at most 100 (${default})."`
}

// Validate keeps a preview small.
func (c *connectorPreviewCmd) Validate() error {
	if c.First < 1 || c.First > 100 {
		return fmt.Errorf("--first is %d; use 1 to 100", c.First)
	}
	return nil
}

// Run shows how sample entries are mapped. Nothing is changed.
func (c *connectorPreviewCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) (err error) {
		_, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		d, err := c.directories(s.service.Now)
		if err != nil {
			return err
		}
		source, err := d.Open(s.ctx, n)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		previewer, ok := source.(mapping.Previewer)
		if !ok {
			return fmt.Errorf("a connector of the kind %s cannot show how it maps", n.Kind)
		}
		list, err := previewer.Preview(s.ctx, c.DN, c.First)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			s.say("Nobody is in scope. If there are people, check the base DN, the filter and the rights of the connector's account.")
		}
		return s.show(listOf(list), func(w io.Writer) error {
			for i, v := range list {
				if i > 0 {
					if _, err := fmt.Fprintln(w); err != nil {
						return err
					}
				}
				if err := showPreview(w, v); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func showPreview(w io.Writer, v mapping.Preview) error {
	state := "enabled"
	if v.Disabled {
		state = "disabled"
	}
	if err := properties(w, "entry", v.DN, "id", string(v.ID), "state", state, "SKIPPED", v.Skipped); err != nil {
		return err
	}
	rows := make([][]string, len(v.Attributes))
	for i, m := range v.Attributes {
		result := or(strings.Join(m.Values, ", "), "(none)")
		if m.Problem != "" {
			result = "(none) " + m.Problem
		}
		rows[i] = []string{m.Attribute, short(result), short(madeFrom(m))}
	}
	return table(w, []string{"ATTRIBUTE", "RESULT", "MADE FROM"}, rows)
}

// madeFrom tells what the entry holds of the attributes that a source names, and the source unless it is one of them.
func madeFrom(m mapping.Made) string {
	var parts []string
	for _, g := range m.From {
		parts = append(parts, g.Name+"="+or(strings.Join(g.Values, ", "), "(none)"))
	}
	if text := m.Source.String(); len(m.From) != 1 || text != m.From[0].Name {
		parts = append(parts, "by "+text)
	}
	return strings.Join(parts, "; ")
}

// short keeps a row on a screen; --output json has all of it.
func short(text string) string {
	const most = 120
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return text
}
