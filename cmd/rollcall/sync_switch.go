package main

import (
	"io"

	"rollcall/admin"
	"rollcall/identity"
)

type syncDisableCmd struct {
	apiFlags
	orgFlag
}

// Help says what it is for.
func (syncDisableCmd) Help() string {
	return "Users can be claimed only while synchronization is off. A run that has not finished ends where it is."
}

// Run switches synchronization off.
func (c *syncDisableCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var standing admin.Synchronization
		if err := o.post(o.at("synchronization", "disable"), nil, &standing); err != nil {
			return err
		}
		a.say("Synchronization is off. The connectors of %s stay, and who was going to be deleted still is.", o.name)
		return o.showSync(standing)
	})
}

type syncEnableCmd struct {
	apiFlags
	orgFlag
}

// Help says what it wants.
func (syncEnableCmd) Help() string {
	return "After users were claimed, a plan of every connector is owed first: whom the directory does not know could be lost by the next synchronization."
}

// Run switches synchronization on.
func (c *syncEnableCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var standing admin.Synchronization
		err := o.post(o.at("synchronization", "enable"), nil, &standing)
		if identity.RuleOf(err) == identity.RuleDryRunRequired {
			status := complain(a.stderr, err)
			if standing, err = o.synchronization(); err != nil {
				return err
			}
			for _, n := range standing.PlansOwed {
				a.say("Next: rollcall sync plan --org %s --connector %s", o.id, n)
			}
			return exit(status)
		}
		if err != nil {
			return err
		}
		a.say("The directory owns the people of %s from now on.", o.name)
		return o.showSync(standing)
	})
}

// showSync shows where an organization stands with synchronization.
func (c *orgClient) showSync(standing admin.Synchronization) error {
	shown := struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		SyncMode string `json:"syncMode"`
	}{c.id, c.name, standing.Mode}
	return c.show(shown, func(w io.Writer) error {
		return properties(w, "id", c.id, "name", c.name, "synchronization", standing.Mode)
	})
}
