package main

import (
	"fmt"
	"io"
	"strings"

	"rollcall/directory"
	"rollcall/identity"
)

type connectorCmd struct {
	Create  connectorCreateCmd  `cmd:"" help:"Connect an organization to a directory. From then on the directory owns its people, unless it has claimed users: then see sync enable."`
	List    connectorListCmd    `cmd:"" help:"List an organization's connectors."`
	Show    connectorShowCmd    `cmd:"" help:"Show a connector's settings."`
	Set     connectorSetCmd     `cmd:"" help:"Change some of a connector's settings."`
	Test    connectorTestCmd    `cmd:"" help:"Bind, read, and say what the directory shows; nothing is changed."`
	Preview connectorPreviewCmd `cmd:"" help:"Show what the mapping makes of sample entries; nothing is changed."`
	Remove  connectorRemoveCmd  `cmd:"" help:"Forget a connector with its plans and runs; its users stay."`
}

type connectorCreateCmd struct {
	storeFlag
	orgFlag
	Name string `required:"" help:"What the connector is called; unique in the organization."`
	directoryFlags
	accessFlags
}

// Run stores the connector. It does not reach for the directory: connector test and sync plan do.
func (c *connectorCreateCmd) Run(a *app) error {
	if err := c.readPassword(a); err != nil {
		return err
	}
	if _, err := c.settings(identity.Connector{}); err != nil {
		return err
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		d, err := c.directories(s.service.Now)
		if err != nil {
			return err
		}
		n, err := c.put(identity.Connector{ID: identity.ConnectorID(s.service.NewID()), Org: o.ID, Name: c.Name, Kind: c.kind()}, d)
		if err != nil {
			return err
		}
		if n, err = s.service.CreateConnector(s.ctx, s.by, n); err != nil {
			return err
		}
		if o, err = s.read.Organization(s.ctx, o.ID); err != nil {
			return err
		}
		next := fmt.Sprintf("Next: rollcall sync plan --org %s --connector %s", o.ID, n.ID)
		if o.ManagedByDirectory() {
			s.say("The directory owns the people of %s from now on. %s", o.Name, next)
		} else {
			s.say("Users were claimed, so synchronization stays off until somebody has looked what the directory would do to them. %s", next)
		}
		created := struct {
			ID   identity.ConnectorID `json:"id"`
			Name string               `json:"name"`
		}{n.ID, n.Name}
		return s.show(created, func(w io.Writer) error { return properties(w, "id", string(n.ID), "name", n.Name) })
	})
}

type connectorListCmd struct {
	storeFlag
	orgFlag
}

// Run lists the connectors.
func (c *connectorListCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		all, err := s.read.Connectors(s.ctx, o.ID)
		if err != nil {
			return err
		}
		return s.show(listOf(all), func(w io.Writer) error {
			rows := make([][]string, len(all))
			for i, n := range all {
				rows[i] = []string{string(n.ID), n.Kind, fmt.Sprint(n.LastGoodCount), or(instant(n.LastGoodAt), "never"), n.Name}
			}
			return table(w, []string{"ID", "KIND", "PEOPLE", "LAST GOOD RUN", "NAME"}, rows)
		})
	})
}

// connectorArg names a connector after its organization.
type connectorArg struct {
	Connector string `arg:"" placeholder:"ID|NAME" help:"The connector."`
}

type connectorShowCmd struct {
	storeFlag
	orgFlag
	connectorArg
}

// Run shows the connector with the settings as they are in effect.
func (c *connectorShowCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		_, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		return s.show(n, func(w io.Writer) error { return showConnector(w, n) })
	})
}

func showConnector(w io.Writer, n identity.Connector) error {
	pairs, err := effectiveSettings(n)
	if err != nil {
		return err
	}
	pairs = append([]string{"id", string(n.ID), "name", n.Name, "kind", n.Kind, "domain", n.Domain}, pairs...)
	return properties(w, append(pairs, "version", fmt.Sprint(n.Version), "last good run", or(instant(n.LastGoodAt), "never"), "people then", fmt.Sprint(n.LastGoodCount), "server then", n.LastGoodServer)...)
}

// budgetsOf names the budgets that are not the default.
func budgetsOf(p directory.Policy) string {
	names, limits := p.Budgets.Each()
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s %d", name, limits[name])
		if limits[name] < 0 {
			parts[i] = name + " without limit"
		}
	}
	return strings.Join(parts, ", ")
}

type connectorRemoveCmd struct {
	storeFlag
	orgFlag
	connectorArg
}

// Run removes the connector.
func (c *connectorRemoveCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		if err := s.service.RemoveConnector(s.ctx, s.by, o.ID, n.ID); err != nil {
			return err
		}
		s.say("The connector %s is gone. Its users stay as they are, and who was going to be deleted still is.", n.Name)
		return nil
	})
}

func (s *session) orgAndConnector(f orgFlag, name string) (identity.Organization, identity.Connector, error) {
	o, err := s.org(f)
	if err != nil {
		return o, identity.Connector{}, err
	}
	n, err := s.connector(o.ID, name)
	return o, n, err
}
