package main

import (
	"fmt"
	"io"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

type syncStatusCmd struct {
	storeFlag
	orgFlag
}

// Help says what is shown.
func (syncStatusCmd) Help() string {
	return "Shows for every connector the last run that went well, the last attempt and what was wrong with it, when the next ones come, " +
		"why nothing runs by itself if so, and a plan that waits for an approval, with the command that gives it."
}

// Run shows where the connectors stand.
func (c *syncStatusCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		all, err := s.syncer().Status(s.ctx, o.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			s.say("The organization has no connector. To make one: rollcall connector create --org %s", o.ID)
		}
		return s.show(listOf(all), func(w io.Writer) error {
			for _, st := range all {
				if err := st.Print(w); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// interval is a flag's duration, or off.
type interval time.Duration

// UnmarshalText reads the flag.
func (i *interval) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*i = 0
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf(`%q is not an interval; use one such as 24h or 30m, or off`, text)
	}
	*i = interval(d)
	return nil
}

type syncScheduleCmd struct {
	storeFlag
	orgFlag
	connectorFlag
	Full        *interval `placeholder:"INTERVAL|off" help:"Read the whole directory so often; 24h unless set."`
	Incremental *interval `placeholder:"INTERVAL|off" help:"Read what changed so often; 4h unless set."`
}

// Help says when a schedule counts.
func (syncScheduleCmd) Help() string {
	return "Counts while the organization's mode is auto and a server runs. Every run may come up to a tenth of its interval later, so that not all directories are read at once."
}

// Run changes the schedule, or only shows it.
func (c *syncScheduleCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		if err := s.syncer().Reschedule(s.ctx, o.ID, n.ID, s.by, (*time.Duration)(c.Full), (*time.Duration)(c.Incremental)); err != nil {
			return err
		}
		return s.showStatus(o.ID, n.ID)
	})
}

type syncResumeCmd struct {
	storeFlag
	orgFlag
	connectorFlag
}

// Help says what it is for.
func (syncResumeCmd) Help() string {
	return "A connector stops synchronizing by itself after ten failures in a row, or four weeks of them; sync status says why. Once that is mended, this lets it go on. " +
		"So does a run by hand that succeeds."
}

// Run ends the quarantine.
func (c *syncResumeCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		if err := s.syncer().Resume(s.ctx, o.ID, n.ID, s.by); err != nil {
			return err
		}
		s.say("The connector %s goes on; the next attempt is due now.", n.Name)
		return s.showStatus(o.ID, n.ID)
	})
}

// showStatus shows where one connector stands.
func (s *session) showStatus(org identity.OrgID, connector identity.ConnectorID) error {
	all, err := s.syncer().Status(s.ctx, org)
	if err != nil {
		return err
	}
	var found directory.Status
	for _, st := range all {
		if st.Connector == connector {
			found = st
		}
	}
	return s.show(found, found.Print)
}
