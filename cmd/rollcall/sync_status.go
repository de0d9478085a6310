package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"rollcall/admin"
	"rollcall/directory"
)

type syncStatusCmd struct {
	apiFlags
	orgFlag
}

// Help says what is shown.
func (syncStatusCmd) Help() string {
	return "Shows for every connector the last run that went well, the last attempt and what was wrong with it, when the next ones come, " +
		"why nothing runs by itself if so, and a plan that waits for an approval, with the command that gives it."
}

// Run shows where the connectors stand.
func (c *syncStatusCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		standing, err := o.synchronization()
		if err != nil {
			return err
		}
		if len(standing.Connectors) == 0 {
			a.say("The organization has no connector. To make one: rollcall connector create --org %s", o.id)
		}
		return a.show(standing.Connectors, func(w io.Writer) error {
			for _, st := range standing.Connectors {
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

// text is the interval as the API has it; nothing if the flag was not given.
func (i *interval) text() string {
	switch {
	case i == nil:
		return ""
	case *i == 0:
		return "off"
	}
	return time.Duration(*i).String()
}

type syncScheduleCmd struct {
	apiFlags
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
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		n, err := o.connector(c.Connector)
		if err != nil {
			return err
		}
		change := admin.ScheduleChange{Full: c.Full.text(), Incremental: c.Incremental.text()}
		var st directory.Status
		if err := o.do(call{method: http.MethodPatch, path: o.at("connectors", n.ID, "schedule"), body: change, patch: true}, &st); err != nil {
			return err
		}
		return a.show(st, st.Print)
	})
}

type syncResumeCmd struct {
	apiFlags
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
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		n, err := o.connector(c.Connector)
		if err != nil {
			return err
		}
		var st directory.Status
		if err := o.post(o.at("connectors", n.ID, "resume"), nil, &st); err != nil {
			return err
		}
		a.say("The connector %s goes on; the next attempt is due now.", n.Name)
		return a.show(st, st.Print)
	})
}
