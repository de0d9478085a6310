package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
	"rollcall/directory/mapping"
	"rollcall/identity"
	"rollcall/internal/seal"
)

// checked returns the JSON of settings that can work.
func checked(s interface{ Validate() error }) (json.RawMessage, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

func (f directoryFlags) mapping() (mapping.Mapping, error) {
	m := mapping.Mapping{}
	for _, path := range sortedKeys(f.Map) {
		var err error
		if m[path], err = mapping.Parse(path, f.Map[path]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// matchKind refuses flags that say nothing about a directory of the kind, so that nobody believes they do.
func (f directoryFlags) matchKind(kind string) error {
	server := map[string]bool{"--url": f.URL != nil, "--srv": f.SRV != nil, "--bind-dn": f.BindDN != nil, "--bind-password-file": f.BindPasswordFile != nil, "--bind-password-stdin": f.BindPasswordStdin,
		"--start-tls": f.StartTLS != nil, "--ca-file": f.CAFile != nil, "--client-cert-file": f.ClientCertFile != nil, "--client-key-file": f.ClientKeyFile != nil,
		"--server-name": f.ServerName != nil, "--allow-plaintext": f.AllowPlaintext != nil, "--page-size": f.PageSize != nil, "--changes": f.Changes != nil}
	files := map[string]bool{"--path": f.Path != nil, "--schema": f.Schema != nil}
	given, wrong := server, "is about a server, and --kind ldif reads files"
	if kind != ldif.Kind {
		given, wrong = files, "goes with --kind ldif only"
	}
	for _, flag := range sortedKeys(given) {
		if given[flag] {
			return fmt.Errorf("%s %s; leave it out", flag, wrong)
		}
	}
	return nil
}

// effectiveSettings are a connector's settings as they are in effect, names and values in turn.
func effectiveSettings(n identity.Connector) ([]string, error) {
	var (
		pairs   []string
		filter  string
		bases   []string
		sources mapping.Mapping
		p       directory.Policy
		reports []string
		groups  *directory.GroupSettings
		photos  *directory.PhotoSettings
		err     error
	)
	if n.Kind == ldif.Kind {
		var s ldif.Settings
		err = json.Unmarshal(n.Settings, &s)
		e := s.WithDefaults()
		pairs = []string{"path", e.Path, "schema", e.Schema}
		filter, bases, groups, photos, sources, p, reports = e.Filter, e.BaseDNs, e.Groups, e.Photos, e.Mapping, e.Policy, e.ReportTo
	} else {
		var s ldap.Settings
		s, err = ldap.ReadSettings(n.Settings)
		e := s.WithDefaults()
		pairs = []string{"servers", strings.Join(e.URLs, " | "), "servers from the DNS of", e.SRV, "StartTLS", yesNo(e.StartTLS), "CA file", e.CAFile,
			"CA", authoritiesIn(e.CA), "server name", e.ServerName, "client certificate", e.ClientCertFile, "client key file", e.ClientKeyFile,
			"bind DN", e.BindDN, "bind password", sealedWith(n), "bind password file", e.BindPasswordFile, "changes", or(e.Changes, "auto"), "public addresses only", yesIf(e.PublicOnly)}
		filter, bases, groups, photos, sources, p, reports = e.Filter, e.BaseDNs, e.Groups, e.Photos, e.Mapping, e.Policy, e.ReportTo
	}
	if err != nil {
		return nil, fmt.Errorf("the stored settings of the connector cannot be read: %w", err)
	}
	made := make([]string, 0, len(sources))
	for _, path := range sources.Owns() {
		made = append(made, path+" from "+sources[path].String())
	}
	mirrored := "not mirrored"
	if groups != nil {
		mirrored = fmt.Sprintf("%s members, below %s, filter %s, called by %s", groups.Members, strings.Join(groups.BaseDNs, " | "), groups.Filter, groups.Name)
	}
	taken := "not taken"
	if photos != nil {
		taken = fmt.Sprintf("from %s, at most %d bytes", strings.Join(photos.Attributes, " or "), photos.MaxBytes)
	}
	return append(pairs, "base DNs", strings.Join(bases, " | "), "filter", filter, "groups", mirrored, "photos", taken, "mapping", strings.Join(made, "; "),
		"out of scope", string(p.OutOfScope), "mismatched", string(p.Mismatched),
		"loss guard", fmt.Sprintf("more than %d %% or more than %d people need an approval", p.MaxLossPercent, p.MaxLosses), "budgets", budgetsOf(p), "reports to", strings.Join(reports, ", ")), nil
}

// yesIf says so, or nothing.
func yesIf(set bool) string {
	if set {
		return "yes: an administrator of the organization chose the servers"
	}
	return ""
}

// sealedWith says how a connector's password is kept, if it is.
func sealedWith(n identity.Connector) string {
	if n.Secret == "" {
		return ""
	}
	return "sealed with the key " + or(seal.KeyOf(n.Secret), "(unknown)")
}

// authoritiesIn counts certificates in PEM form.
func authoritiesIn(pem string) string {
	if pem == "" {
		return ""
	}
	return fmt.Sprintf("%d certificates of its own", strings.Count(pem, "-----BEGIN CERTIFICATE-----"))
}
