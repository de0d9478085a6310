package main

import (
	"encoding/json"
	"io"
	"reflect"

	"rollcall/directory/ldap"
	"rollcall/identity"
)

type connectorSetCmd struct {
	storeFlag
	orgFlag
	connectorArg
	IfVersion int64 `placeholder:"N" help:"Only if the connector still has this version (connector show)."`
	directoryFlags
}

// Help says what is kept and what is not.
func (connectorSetCmd) Help() string {
	return "What is not named stays as it is; an empty value takes a setting away, and a list or the mapping is replaced as a whole. " +
		"Whoever changes where the password is sent, or how the connection is secured, names its file again. Plans of before are not applied any more."
}

// Run changes the settings.
func (c *connectorSetCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		if c.IfVersion != 0 {
			n.Version = c.IfVersion
		}
		before, err := ldap.ReadSettings(n.Settings)
		if err != nil {
			return err
		}
		settings, err := c.changed(before)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(settings, before) { // or else another spelling of the same would be a change
			if n.Settings, err = json.Marshal(settings); err != nil {
				return err
			}
		}
		updated := n.UpdatedAt
		if n, err = s.service.ChangeConnector(s.ctx, s.by, n); err != nil {
			return err
		}
		if n.UpdatedAt.Equal(updated) {
			s.say("The connector %s is as it was.", n.Name)
		} else {
			s.say("Nobody is synchronized with these settings before somebody has looked what they would do. Next: rollcall sync plan --org %s --connector %s", o.ID, n.ID)
		}
		return s.show(n, func(w io.Writer) error { return showConnector(w, n) })
	})
}

// changed is what the flags make of the settings.
func (c *connectorSetCmd) changed(before ldap.Settings) (ldap.Settings, error) {
	if c.Kind != nil && *c.Kind != before.Kind {
		return before, identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
			"the connector is of the kind %s, and people are known by ids of that kind: create another connector for another kind", before.Kind).At("kind")
	}
	after, err := c.settings(before)
	if err != nil {
		return before, err
	}
	return after, after.CheckSecret(before, c.BindPasswordFile != nil)
}
