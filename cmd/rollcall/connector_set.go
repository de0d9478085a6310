package main

import "io"

type connectorSetCmd struct {
	storeFlag
	orgFlag
	connectorArg
	IfVersion int64 `placeholder:"N" help:"Only if the connector still has this version (connector show)."`
	directoryFlags
	accessFlags
}

// Help says what is kept and what is not.
func (connectorSetCmd) Help() string {
	return "What is not named stays as it is; an empty value takes a setting away, and a list or the mapping is replaced as a whole. " +
		"Whoever changes where the password is sent, or how the connection is secured, gives it, or names its file, again. Plans of before are not applied any more."
}

// Run changes the settings.
func (c *connectorSetCmd) Run(a *app) error {
	if err := c.readPassword(a); err != nil {
		return err
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		if c.IfVersion != 0 {
			n.Version = c.IfVersion
		}
		d, err := c.directories(s.service.Now)
		if err != nil {
			return err
		}
		before := n
		if n, err = c.put(n, d); err != nil {
			return err
		}
		if n, err = s.service.ChangeConnector(s.ctx, s.by, n); err != nil {
			return err
		}
		switch {
		case n.Secret != before.Secret && n.UpdatedAt.Equal(before.UpdatedAt):
			s.say("The connector %s has another password and is as it was otherwise.", n.Name)
		case n.UpdatedAt.Equal(before.UpdatedAt):
			s.say("The connector %s is as it was.", n.Name)
		default:
			s.say("Nobody is synchronized with these settings before somebody has looked what they would do. Next: rollcall sync plan --org %s --connector %s", o.ID, n.ID)
		}
		return s.show(n, func(w io.Writer) error { return showConnector(w, n) })
	})
}
