package ldap

import (
	"context"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// Opener opens the directories of stored connectors.
type Opener struct {
	Now func() time.Time // tells the time of readings
	// Unseal opens the password that is kept sealed with a connector; nil: nobody can.
	Unseal func(identity.Connector) (string, error)
	// AllowPrivate lets connectors that administrators of organizations set up ask servers on this machine and in private networks. Then
	// whoever administers an organization can have the server ask any machine that it reaches.
	AllowPrivate bool
}

// Open is [Open] for a stored connector: what a [directory.Syncer] wants.
func (o Opener) Open(_ context.Context, n identity.Connector) (directory.Source, error) {
	s, err := o.Settings(n)
	if err != nil {
		return nil, err
	}
	source, err := Open(s, o.Now)
	if err != nil {
		return nil, err
	}
	source.anywhere = o.AllowPrivate
	return source, nil
}

// Settings are a connector's, with its password opened.
func (o Opener) Settings(n identity.Connector) (Settings, error) {
	s, err := SettingsOf(n)
	if err != nil || n.Secret == "" || o.Unseal == nil {
		return s, err
	}
	password, err := o.Unseal(n)
	if err != nil {
		return Settings{}, err
	}
	s.Password = NewPassword(password)
	return s, nil
}

// SettingsOf reads the settings of a stored connector as they are. A password that is kept sealed stays closed.
func SettingsOf(n identity.Connector) (Settings, error) {
	s, err := ReadSettings(n.Settings)
	if n.Secret != "" {
		s.Password = KeptPassword()
	}
	return s, err
}

// OpenConnector opens stored connectors whose passwords are in files.
func OpenConnector(now func() time.Time) directory.Open { return Opener{Now: now}.Open }
