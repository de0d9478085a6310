package main

import (
	"errors"
	"io"

	"rollcall/identity"
	"rollcall/store"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check a configuration file without starting anything."`
}

// configCheckCmd has the server's flags, so that the file is read exactly as serve reads it.
type configCheckCmd struct {
	serverFlags
}

// Run checks the settings that serve would start with. Unknown keys and unreadable values have been refused before it.
func (c *configCheckCmd) Run(a *app) error {
	if a.settings.path == "" {
		return errors.New("there is nothing to check; name the file with --config FILE")
	}
	if err := c.check(); err != nil {
		return a.settings.place(err)
	}
	// A database that is not there yet, or not within reach, is no fault of the file.
	var refusal *identity.Error
	if _, err := store.CheckSchema(a.ctx, c.Database); errors.As(err, &refusal) && refusal.Kind == identity.Invalid {
		return a.settings.place(bad("database", "%s", refusal.Detail))
	}
	checked := struct {
		File     string         `json:"file"`
		Settings map[string]any `json:"settings"`
	}{a.settings.path, a.settings.values}
	return a.show(checked, func(w io.Writer) error { return properties(w, a.settings.path, "good") })
}
