package main

import (
	"io"

	"rollcall/identity"
)

type syncDisableCmd struct {
	storeFlag
	orgFlag
}

// Help says what it is for.
func (syncDisableCmd) Help() string {
	return "Works on the database. Users can be claimed only while synchronization is off. A run that has not finished ends where it is."
}

// Run switches synchronization off.
func (c *syncDisableCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		if o, err = s.service.DisableSync(s.ctx, s.by, o.ID); err != nil {
			return err
		}
		s.say("Synchronization is off. The connectors of %s stay, and who was going to be deleted still is.", o.Name)
		return s.showSync(o)
	})
}

type syncEnableCmd struct {
	storeFlag
	orgFlag
}

// Help says what it wants.
func (syncEnableCmd) Help() string {
	return "Works on the database. After users were claimed, a plan of every connector is owed first: whom the directory does not know could be lost by the next synchronization."
}

// Run switches synchronization on.
func (c *syncEnableCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		before, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		o, err := s.service.EnableSync(s.ctx, s.by, before.ID)
		if identity.RuleOf(err) == identity.RuleDryRunRequired {
			status := complain(s.stderr, err)
			owed, err := s.service.DryRunsOwed(s.ctx, before.ID)
			if err != nil {
				return err
			}
			for _, n := range owed {
				s.say("Next: rollcall sync plan --org %s --connector %s", before.ID, n.ID)
			}
			return exit(status)
		}
		if err != nil {
			return err
		}
		s.say("The directory owns the people of %s from now on.", o.Name)
		return s.showSync(o)
	})
}

// showSync shows where an organization stands with synchronization.
func (s *session) showSync(o identity.Organization) error {
	shown := struct {
		ID       identity.OrgID    `json:"id"`
		Name     string            `json:"name"`
		SyncMode identity.SyncMode `json:"syncMode"`
	}{o.ID, o.Name, o.SyncMode}
	return s.show(shown, func(w io.Writer) error {
		return properties(w, "id", string(o.ID), "name", o.Name, "synchronization", string(o.SyncMode))
	})
}
