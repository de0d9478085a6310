package main

import (
	"io"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
)

type doctorCmd struct {
	LDAP doctorLDAPCmd `cmd:"" name:"ldap" help:"Look at a directory: DNS, TCP, TLS, rights, limits, and what would be read; nothing is changed."`
}

type doctorLDAPCmd struct {
	storeFlag
	Org string `env:"ROLLCALL_ORG" placeholder:"ID|NAME" help:"Organization of the connector: its id, or its name if only one has it."`
	connectorFlag
	directoryFlags
	accessFlags
}

// Help names the exit statuses.
func (doctorLDAPCmd) Help() string {
	return "It looks at a connector, with other settings laid over its own, or without --org at what --kind and the other settings say, before there is a connector. " +
		"Exit status: 0 all is well, 2 there are warnings, 1 something failed."
}

// exitWarnings is the exit status for warnings.
const exitWarnings exit = 2

// checkup is what the doctor found.
type checkup struct {
	Result ldap.Result  `json:"result"` // the worst of the checks
	Checks []ldap.Check `json:"checks"`
}

// Run examines the directory.
func (c *doctorLDAPCmd) Run(a *app) error {
	if err := c.readPassword(a); err != nil {
		return err
	}
	settings, err := c.toExamine(a)
	if err != nil {
		return err
	}
	var found checkup
	p := newProgress(a.stderr)
	found.Checks = ldap.Doctor{Now: a.clock.Now, Progress: directory.Progress(p.tell)}.Examine(a.ctx, settings)
	p.end()
	if err := a.ctx.Err(); err != nil {
		return err
	}
	found.Result = ldap.Worst(found.Checks)
	if err := a.show(found, found.print); err != nil {
		return err
	}
	switch found.Result {
	case ldap.CheckFailed:
		return exit(1)
	case ldap.CheckWarning:
		return exitWarnings
	}
	return nil
}

// toExamine is a connector's settings with the flags over them, or the flags alone. They are not checked yet: the doctor does that.
func (c *doctorLDAPCmd) toExamine(a *app) (ldap.Settings, error) {
	if c.Connector == "" && c.Kind != nil {
		return c.over(ldap.Settings{})
	}
	var settings ldap.Settings
	err := a.onStore(c.storeFlag, func(s *session) error {
		if c.Org == "" {
			return bad("org", "name a connector with --org and --connector, or a directory with --kind, --url and so on")
		}
		_, n, err := s.orgAndConnector(orgFlag{c.Org}, c.Connector)
		if err != nil {
			return err
		}
		if n.Kind == ldif.Kind {
			return bad("connector", "the connector reads files, and there is no server to look at; see connector test and connector preview")
		}
		d, err := c.directories(s.service.Now)
		if err != nil {
			return err
		}
		before, err := d.servers.Settings(n)
		if err != nil {
			return err
		}
		if settings, err = c.over(before); err != nil {
			return err
		}
		return settings.CheckSecret(before, c.secretGiven())
	})
	return settings, err
}

func (c checkup) print(w io.Writer) error {
	var rows [][]string
	for _, check := range c.Checks {
		seen := check.Seen
		if check.Server != "" {
			seen = check.Server + ": " + seen
		}
		rows = append(rows, []string{string(check.Result), check.Name, seen})
		if check.Remedy != "" {
			rows = append(rows, []string{"", "", "do: " + check.Remedy})
		}
	}
	return table(w, []string{"RESULT", "CHECK", "SEEN"}, rows)
}
