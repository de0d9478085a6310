package admin

import (
	"context"
	"encoding/json"

	"rollcall/directory"
	"rollcall/identity"
)

// Directories is what this surface needs of directories, whatever they speak.
type Directories interface {
	// Open opens the directory of a connector. One that can show samples is a [mapping.Previewer].
	Open(ctx context.Context, n identity.Connector) (directory.Source, error)
	// Delegated returns a connector with a merge patch laid over its settings and another password, unless that is nil, as an administrator
	// of its organization may. What they must not say, or what cannot work, is refused.
	Delegated(n identity.Connector, patch json.RawMessage, password *string) (identity.Connector, error)
	// Shown returns the settings that are the organization's own, and the names of others that are set.
	Shown(n identity.Connector) (own json.RawMessage, others []string, err error)
}

// noDirectories is for a server that knows none.
type noDirectories struct{}

func (noDirectories) none() error {
	return identity.Refuse(identity.Unavailable, identity.RuleUnavailable, "directories are not connected through this API here")
}

func (d noDirectories) Open(context.Context, identity.Connector) (directory.Source, error) {
	return nil, d.none()
}

func (d noDirectories) Delegated(n identity.Connector, _ json.RawMessage, _ *string) (identity.Connector, error) {
	return n, d.none()
}

func (d noDirectories) Shown(identity.Connector) (json.RawMessage, []string, error) {
	return nil, nil, d.none()
}
