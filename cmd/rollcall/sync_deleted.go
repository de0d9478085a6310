package main

import (
	"io"
	"net/url"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

type syncDeletedCmd struct {
	apiFlags
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
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		connector, err := o.connectorIf(c.Connector)
		if err != nil {
			return err
		}
		users, _, err := list[admin.DeletedUser](o.apiClient, o.at("synchronization", "deleted-users"), "users", url.Values{"connector": {connector}}, everything)
		if err != nil {
			return err
		}
		standing, err := o.synchronization()
		if err != nil {
			return err
		}
		gone := make([]directory.Deleted, len(users))
		for i, u := range users {
			gone[i] = directory.Deleted{Account: identity.AccountID(u.is.User), UserName: u.is.UserName, Connector: identity.ConnectorID(u.is.Connector), DN: u.is.DN,
				Reason: identity.InactiveReason(u.is.Reason), Since: u.is.Since, PurgeAt: u.is.PurgeAt}
		}
		switch {
		case len(gone) == 0:
			a.say("Nobody is waiting to be deleted.")
		case standing.ManagedBy == managedByDirectory:
			a.say("To keep somebody, bring the entry back and synchronize. To delete somebody now: rollcall sync plan --org %s --purge E-MAIL", o.id)
		default:
			a.say("Synchronization is off. To keep somebody: rollcall user reactivate --org %s E-MAIL", o.id)
		}
		return a.show(gone, func(w io.Writer) error {
			rows := make([][]string, len(gone))
			for i, d := range gone {
				rows[i] = []string{printable(d.UserName), instant(d.PurgeAt), instant(d.Since), string(d.Reason), or(printable(d.DN), "-")}
			}
			return table(w, []string{"USERNAME", "DELETED ON", "GONE SINCE", "WHY", "ENTRY"}, rows)
		})
	})
}
