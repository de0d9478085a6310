package main

import (
	"context"
	"encoding/json"
	"time"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
	"rollcall/identity"
	"rollcall/internal/seal"
)

// accessFlags say how directories are got at.
type accessFlags struct {
	SecretKeyFile           string `name:"secret-key-file" env:"ROLLCALL_SECRET_KEY_FILE" placeholder:"FILE" help:"Keys that passwords of connectors are kept sealed with; rollcall key create makes the file."`
	AllowPrivateDirectories bool   `name:"allow-private-directories" env:"ROLLCALL_ALLOW_PRIVATE_DIRECTORIES" help:"Let administrators of organizations connect directories on this machine and in private networks. They can then have the server ask any machine that it reaches."`
}

// directories are the kinds of directories that there are, with what it takes to get at one.
type directories struct {
	servers ldap.Opener
	files   directory.Open
	keys    *seal.Keys // nil: no password can be kept
}

// directories reads the keys, if there are any.
func (f accessFlags) directories(now func() time.Time) (*directories, error) {
	d := &directories{files: ldif.OpenConnector(now)}
	if f.SecretKeyFile != "" {
		var err error
		if d.keys, err = seal.Read(f.SecretKeyFile); err != nil {
			return nil, bad("secret-key-file", "%w", err)
		}
	}
	d.servers = ldap.Opener{Now: now, Unseal: d.unseal, AllowPrivate: f.AllowPrivateDirectories}
	return d, nil
}

// Open opens the directory of a connector of any kind.
func (d *directories) Open(ctx context.Context, n identity.Connector) (directory.Source, error) {
	if n.Kind == ldif.Kind {
		return d.files(ctx, n)
	}
	return d.servers.Open(ctx, n)
}

// Delegated lays a patch over a connector's settings, and another password, as an administrator of its organization may.
func (d *directories) Delegated(n identity.Connector, patch json.RawMessage, password *string) (identity.Connector, error) {
	before := ldap.Settings{Kind: n.Kind}
	switch {
	case n.Kind == ldif.Kind:
		return n, identity.Refuse(identity.Forbidden, identity.RuleForbiddenRole, "the connector reads files of the server, so only whoever runs it can change it")
	case n.Settings != nil:
		var err error
		if before, err = ldap.SettingsOf(n); err != nil {
			return n, err
		}
	}
	after, err := before.Delegated(patch, password)
	if err != nil {
		return n, err
	}
	if n.Domain, err = after.Domain(); err != nil {
		return n, err
	}
	if n.Settings, err = json.Marshal(after); err != nil || password == nil {
		return n, err
	}
	n.Secret, err = d.seal(n, *password)
	return n, err
}

// Shown are the settings that are an organization's own, and the names of others that are set.
func (d *directories) Shown(n identity.Connector) (own json.RawMessage, others []string, err error) {
	if n.Kind == ldif.Kind {
		return json.RawMessage(`{}`), []string{"path"}, nil
	}
	s, err := ldap.SettingsOf(n)
	if err != nil {
		return nil, nil, err
	}
	return s.Shown()
}

var _ admin.Directories = (*directories)(nil)

// domainOf is the domain that checked settings of a connector are about.
func domainOf(kind string, settings json.RawMessage) (string, error) {
	if kind == ldif.Kind {
		s, err := ldif.ParseSettings(settings)
		if err != nil {
			return "", err
		}
		return s.Domain()
	}
	s, err := ldap.ReadSettings(settings)
	if err != nil {
		return "", err
	}
	return s.Domain()
}

// seal seals a password for a connector.
func (d *directories) seal(n identity.Connector, password string) (string, error) {
	return d.keys.Seal(password, string(n.Org), string(n.ID))
}

func (d *directories) unseal(n identity.Connector) (string, error) {
	return d.keys.Open(n.Secret, string(n.Org), string(n.ID))
}

// syncer is for what needs no directory.
func (s *session) syncer() *directory.Syncer { return directory.New(s.service, nil) }

// reader is a syncer that gets at directories.
func (s *session) reader(f accessFlags) (*directory.Syncer, error) {
	d, err := f.directories(s.service.Now)
	if err != nil {
		return nil, err
	}
	return directory.New(s.service, d.Open), nil
}
