package main

import (
	"io"

	"rollcall/identity"
)

type syncDeletedCmd struct {
	storeFlag
	orgFlag
	connectorFlag
}

// Help says what can be done about them.
func (syncDeletedCmd) Help() string {
	return "While synchronization is on, only the directory brings somebody back: restore the entry and synchronize before the date. " +
		"To delete somebody earlier: sync plan --purge, or user purge for at once and without a plan."
}

// Run lists the users who are gone, whoever is deleted first first.
func (c *syncDeletedCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		var connector identity.ConnectorID
		if c.Connector != "" {
			n, err := s.connector(o.ID, c.Connector)
			if err != nil {
				return err
			}
			connector = n.ID
		}
		gone, err := s.syncer().Deleted(s.ctx, o.ID, connector)
		if err != nil {
			return err
		}
		switch {
		case len(gone) == 0:
			s.say("Nobody is waiting to be deleted.")
		case o.ManagedByDirectory():
			s.say("To keep somebody, bring the entry back and synchronize. To delete somebody now: rollcall sync plan --org %s --purge E-MAIL", o.ID)
		default:
			s.say("Synchronization is off. To keep somebody: rollcall user reactivate --org %s E-MAIL", o.ID)
		}
		return s.show(listOf(gone), func(w io.Writer) error {
			rows := make([][]string, len(gone))
			for i, d := range gone {
				rows[i] = []string{printable(d.UserName), instant(d.PurgeAt), instant(d.Since), string(d.Reason), or(printable(d.DN), "-")}
			}
			return table(w, []string{"USERNAME", "DELETED ON", "GONE SINCE", "WHY", "ENTRY"}, rows)
		})
	})
}
