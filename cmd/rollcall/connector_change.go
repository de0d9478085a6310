package main

import (
	"encoding/json"
	"io"

	"rollcall/identity"
)

type connectorChangeCmd struct {
	storeFlag
	orgFlag
	connectorArg
	Name string `placeholder:"NAME" help:"Another name; the present one unless set."`
	directoryFlags
}

// Help says what follows.
func (connectorChangeCmd) Help() string {
	return "Takes all the settings anew, as connector create does: what is not given is the default. Users stay linked to their entries. " +
		"Plans made before are not applied any more, and nothing runs by itself until a plan was made, read and run, and the mode was set to auto again."
}

// Run stores the settings. It does not reach for the directory: connector test and sync plan do.
func (c *connectorChangeCmd) Run(a *app) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		if c.Kind != n.Kind {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the connector %s is one to %s, and its users have the ids of entries there; "+
				"for a directory of another kind create another connector", n.Name, n.Kind).At("kind")
		}
		changed, err := s.service.ChangeConnector(s.ctx, s.by, o.ID, n.ID, func(n identity.Connector) identity.Connector {
			n.Name, n.Settings = or(c.Name, n.Name), raw
			return n
		})
		if err != nil {
			return err
		}
		if changed.UpdatedAt.Equal(n.UpdatedAt) {
			s.say("The settings are as they were.")
		} else {
			s.say("Nobody has seen yet what the connector would do now. Next: rollcall sync plan --org %s --connector %s", o.ID, n.ID)
		}
		return s.show(changed, func(w io.Writer) error { return showConnector(w, changed) })
	})
}
