package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

type connectorCmd struct {
	Create connectorCreateCmd `cmd:"" help:"Connect an organization to a directory. From then on the directory owns its people, unless it has claimed users: then see sync enable."`
	Change connectorChangeCmd `cmd:"" help:"Give a connector other settings; a plan is owed then."`
	List   connectorListCmd   `cmd:"" help:"List an organization's connectors."`
	Show   connectorShowCmd   `cmd:"" help:"Show a connector's settings."`
	Test   connectorTestCmd   `cmd:"" help:"Bind, read, and say what the directory shows; nothing is changed."`
	Remove connectorRemoveCmd `cmd:"" help:"Forget a connector with its plans and runs; its users stay."`
}

// directoryFlags are a connector's settings.
type directoryFlags struct {
	Kind             string            `required:"" enum:"ad,openldap" placeholder:"ad|openldap" help:"What the directory is."`
	URL              string            `required:"" name:"url" placeholder:"URL" help:"ldaps://host[:port], or ldap://host[:port] with --start-tls."`
	BindDN           string            `required:"" name:"bind-dn" placeholder:"DN" help:"The account that reads the directory."`
	BindPasswordFile string            `required:"" placeholder:"FILE" help:"File with the account's password; it is read at every run and never stored."`
	BaseDN           []string          `required:"" name:"base-dn" sep:"none" placeholder:"DN" help:"Where the people are; repeatable."`
	Filter           string            `placeholder:"FILTER" help:"Which entries are people (default by --kind)."`
	StartTLS         bool              `name:"start-tls" help:"Switch an ldap:// connection to TLS before the password is sent."`
	CAFile           string            `name:"ca-file" placeholder:"FILE" help:"Certificates in PEM to check the server's against, instead of the system's."`
	ServerName       string            `placeholder:"NAME" help:"Name in the server's certificate, if it is not the URL's host."`
	AllowPlaintext   bool              `help:"Send the password in clear over ldap:// to another machine. Only for networks that nobody listens to."`
	Map              map[string]string `mapsep:"none" placeholder:"ATTRIBUTE=SOURCE" help:"Take an attribute from another source than by default; an empty source leaves it alone; repeatable."`

	OutOfScope      string         `enum:"remove,retain,hold" default:"remove" placeholder:"remove|retain|hold" help:"What becomes of people who leave the base or the filter (remove)."`
	Mismatched      string         `enum:"retain,delete" default:"retain" placeholder:"retain|delete" help:"What becomes of users whom no entry matches (retain)."`
	MaxLossPercent  int            `placeholder:"N" help:"More losses than so many percent need an approval (20)."`
	MaxLossCount    int            `placeholder:"N" help:"More losses than so many people need an approval (500)."`
	MinCountPercent int            `placeholder:"N" help:"A reading with less than this share of the last one loses nobody (50)."`
	MaxDropPercent  int            `placeholder:"N" help:"An attribute that vanishes from more than this share of people refuses the plan (20)."`
	Budget          map[string]int `mapsep:"none" placeholder:"KIND.WINDOW=N" help:"Hold a plan that brings more removals, disables, emailChanges or blanked (users who lose an attribute) in a run, a day or a week, such as removals.day=50; -1 is no limit; repeatable."`
	Changes         string         `enum:"auto,usn,off" default:"auto" placeholder:"auto|usn|off" help:"How the directory tells what changed: by what it has, by AD's update sequence numbers, or not at all (auto)."`
	PageSize        int            `placeholder:"N" help:"Entries to ask for at a time (1000)."`

	ReportTo []string `sep:"none" placeholder:"ADDRESS" help:"Mail a report of every full run, and of others with trouble, to this address, and of every plan that waits for an approval; repeatable, at most 30."`
}

// settings brings the flags into the form that is stored. Files are named absolutely, because server and command line run in
// different folders.
func (f directoryFlags) settings() (ldap.Settings, error) {
	s := ldap.Settings{
		Kind: f.Kind, URL: f.URL, StartTLS: f.StartTLS, ServerName: f.ServerName, AllowPlaintext: f.AllowPlaintext,
		BindDN: f.BindDN, BaseDNs: f.BaseDN, Filter: f.Filter, Mapping: f.Map, PageSize: f.PageSize, ReportTo: f.ReportTo,
		Policy: directory.Policy{OutOfScope: directory.ScopePolicy(f.OutOfScope), Mismatched: directory.MismatchPolicy(f.Mismatched),
			MaxLosses: f.MaxLossCount, MaxLossPercent: f.MaxLossPercent, MinCountPercent: f.MinCountPercent, MaxDropPercent: f.MaxDropPercent},
	}
	for _, name := range sortedKeys(f.Budget) {
		if err := s.Policy.Budgets.Set(name, f.Budget[name]); err != nil {
			return s, err
		}
	}
	if f.Changes != "auto" {
		s.Changes = f.Changes
	}
	var err error
	if s.BindPasswordFile, err = filepath.Abs(f.BindPasswordFile); err != nil {
		return s, err
	}
	if f.CAFile != "" {
		if s.CAFile, err = filepath.Abs(f.CAFile); err != nil {
			return s, err
		}
	}
	return s, s.Validate()
}

type connectorCreateCmd struct {
	storeFlag
	orgFlag
	Name string `required:"" help:"What the connector is called; unique in the organization."`
	directoryFlags
}

// Run stores the connector. It does not reach for the directory: connector test and sync plan do.
func (c *connectorCreateCmd) Run(a *app) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		n, err := s.service.CreateConnector(s.ctx, s.by, identity.Connector{Org: o.ID, Name: c.Name, Kind: c.Kind, Settings: raw})
		if err != nil {
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
	var stored ldap.Settings
	if err := json.Unmarshal(n.Settings, &stored); err != nil {
		return fmt.Errorf("the stored settings of the connector cannot be read: %w", err)
	}
	e := stored.WithDefaults()
	mapping := make([]string, 0, len(e.Mapping))
	for _, path := range sortedKeys(e.Mapping) {
		mapping = append(mapping, path+" from "+e.Mapping[path])
	}
	p := e.Policy
	return properties(w, "id", string(n.ID), "name", n.Name, "kind", n.Kind, "url", e.URL, "StartTLS", yesNo(e.StartTLS), "CA file", e.CAFile,
		"server name", e.ServerName, "bind DN", e.BindDN, "bind password file", e.BindPasswordFile, "base DNs", strings.Join(e.BaseDNs, " | "),
		"filter", e.Filter, "mapping", strings.Join(mapping, "; "),
		"out of scope", string(p.OutOfScope), "mismatched", string(p.Mismatched),
		"loss guard", fmt.Sprintf("more than %d %% or more than %d people need an approval", p.MaxLossPercent, p.MaxLosses), "budgets", budgetsOf(p), "reports to", strings.Join(e.ReportTo, ", "),
		"last good run", or(instant(n.LastGoodAt), "never"), "people then", fmt.Sprint(n.LastGoodCount), "server then", n.LastGoodServer)
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
