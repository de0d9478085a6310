package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// directoryFlags are a connector's settings.
type directoryFlags struct {
	Kind             string            `required:"" enum:"ad,openldap,ldif" placeholder:"ad|openldap|ldif" help:"What the directory is; ldif for files that a directory was exported to."`
	URL              string            `name:"url" placeholder:"URL" help:"ldaps://host[:port], or ldap://host[:port] with --start-tls."`
	BindDN           string            `name:"bind-dn" placeholder:"DN" help:"The account that reads the directory."`
	BindPasswordFile string            `placeholder:"FILE" help:"File with the account's password; it is read at every run and never stored."`
	Path             string            `placeholder:"PATH" help:"With --kind ldif: a file, or a folder whose files *.ldif are read together."`
	Schema           string            `enum:"ad,openldap," default:"" placeholder:"ad|openldap" help:"With --kind ldif: what kind of directory wrote the files."`
	BaseDN           []string          `required:"" name:"base-dn" sep:"none" placeholder:"DN" help:"Where the people are; repeatable."`
	Filter           string            `placeholder:"FILTER" help:"Which entries are people (default by --kind)."`
	StartTLS         bool              `name:"start-tls" help:"Switch an ldap:// connection to TLS before the password is sent."`
	CAFile           string            `name:"ca-file" placeholder:"FILE" help:"Certificates in PEM to check the server's against, instead of the system's."`
	ServerName       string            `placeholder:"NAME" help:"Name in the server's certificate, if it is not the URL's host."`
	AllowPlaintext   bool              `help:"Send the password in clear over ldap:// to another machine. Only for networks that nobody listens to."`
	Map              map[string]string `mapsep:"none" placeholder:"ATTRIBUTE=SOURCE" help:"Make an attribute from another source than by default: the name of an attribute of the directory, or an object in JSON such as {\"first\": [\"mail\", \"userPrincipalName\"]}; an empty source leaves it alone; repeatable."`

	OutOfScope      string `enum:"remove,retain,hold" default:"remove" placeholder:"remove|retain|hold" help:"What becomes of people who leave the base or the filter (remove)."`
	Mismatched      string `enum:"retain,delete" default:"retain" placeholder:"retain|delete" help:"What becomes of users whom no entry matches (retain)."`
	MaxLossPercent  int    `placeholder:"N" help:"More losses than so many percent need an approval (20)."`
	MaxLossCount    int    `placeholder:"N" help:"More losses than so many people need an approval (500)."`
	MinCountPercent int    `placeholder:"N" help:"A reading with less than this share of the last one loses nobody (50)."`
	MaxDropPercent  int    `placeholder:"N" help:"An attribute that vanishes from more than this share of people refuses the plan (20)."`
	Changes         string `enum:"auto,usn,off" default:"auto" placeholder:"auto|usn|off" help:"How the directory tells what changed: by what it has, by AD's update sequence numbers, or not at all (auto)."`
	PageSize        int    `placeholder:"N" help:"Entries to ask for at a time (1000)."`

	ReportTo []string `sep:"none" placeholder:"ADDRESS" help:"Mail a report of every run to this address, and of every plan that waits for an approval; repeatable, at most 30."`
}

// settings brings the flags into the form that is stored, and checks it. Files are named absolutely, because server and command line
// run in different folders.
func (f directoryFlags) settings() (json.RawMessage, error) {
	sources, err := f.mapping()
	if err != nil {
		return nil, err
	}
	if err := f.matchKind(); err != nil {
		return nil, err
	}
	policy := directory.Policy{OutOfScope: directory.ScopePolicy(f.OutOfScope), Mismatched: directory.MismatchPolicy(f.Mismatched),
		MaxLosses: f.MaxLossCount, MaxLossPercent: f.MaxLossPercent, MinCountPercent: f.MinCountPercent, MaxDropPercent: f.MaxDropPercent}
	if f.Kind == ldif.Kind {
		s := ldif.Settings{Kind: f.Kind, Schema: f.Schema, BaseDNs: f.BaseDN, Filter: f.Filter, Mapping: sources, Policy: policy, ReportTo: f.ReportTo}
		if s.Path, err = absolute(f.Path); err != nil {
			return nil, err
		}
		return checked(s)
	}
	s := ldap.Settings{
		Kind: f.Kind, URL: f.URL, StartTLS: f.StartTLS, ServerName: f.ServerName, AllowPlaintext: f.AllowPlaintext,
		BindDN: f.BindDN, BaseDNs: f.BaseDN, Filter: f.Filter, Mapping: sources, PageSize: f.PageSize, ReportTo: f.ReportTo, Policy: policy,
	}
	if f.Changes != "auto" {
		s.Changes = f.Changes
	}
	if s.BindPasswordFile, err = absolute(f.BindPasswordFile); err != nil {
		return nil, err
	}
	if s.CAFile, err = absolute(f.CAFile); err != nil {
		return nil, err
	}
	return checked(s)
}

// checked returns the JSON of settings that can work.
func checked(s interface{ Validate() error }) (json.RawMessage, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// absolute leaves what is not given as it is.
func absolute(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	return filepath.Abs(file)
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
func (f directoryFlags) matchKind() error {
	server := map[string]bool{"--url": f.URL != "", "--bind-dn": f.BindDN != "", "--bind-password-file": f.BindPasswordFile != "", "--start-tls": f.StartTLS,
		"--ca-file": f.CAFile != "", "--server-name": f.ServerName != "", "--allow-plaintext": f.AllowPlaintext, "--page-size": f.PageSize != 0, "--changes": f.Changes != "auto"}
	files := map[string]bool{"--path": f.Path != "", "--schema": f.Schema != ""}
	given, wrong := server, "is about a server, and --kind ldif reads files"
	if f.Kind != ldif.Kind {
		given, wrong = files, "goes with --kind ldif only"
	}
	for _, flag := range sortedKeys(given) {
		if given[flag] {
			return fmt.Errorf("%s %s; leave it out", flag, wrong)
		}
	}
	return nil
}

// openSource opens the directory of a connector of any kind.
func openSource(now func() time.Time) directory.Open {
	server, files := ldap.OpenConnector(now), ldif.OpenConnector(now)
	return func(ctx context.Context, c identity.Connector) (directory.Source, error) {
		if c.Kind == ldif.Kind {
			return files(ctx, c)
		}
		return server(ctx, c)
	}
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
		err     error
	)
	if n.Kind == ldif.Kind {
		var s ldif.Settings
		err = json.Unmarshal(n.Settings, &s)
		e := s.WithDefaults()
		pairs = []string{"path", e.Path, "schema", e.Schema}
		filter, bases, sources, p, reports = e.Filter, e.BaseDNs, e.Mapping, e.Policy, e.ReportTo
	} else {
		var s ldap.Settings
		err = json.Unmarshal(n.Settings, &s)
		e := s.WithDefaults()
		pairs = []string{"url", e.URL, "StartTLS", yesNo(e.StartTLS), "CA file", e.CAFile, "server name", e.ServerName,
			"bind DN", e.BindDN, "bind password file", e.BindPasswordFile}
		filter, bases, sources, p, reports = e.Filter, e.BaseDNs, e.Mapping, e.Policy, e.ReportTo
	}
	if err != nil {
		return nil, fmt.Errorf("the stored settings of the connector cannot be read: %w", err)
	}
	made := make([]string, 0, len(sources))
	for _, path := range sources.Owns() {
		made = append(made, path+" from "+sources[path].String())
	}
	return append(pairs, "base DNs", strings.Join(bases, " | "), "filter", filter, "mapping", strings.Join(made, "; "),
		"out of scope", string(p.OutOfScope), "mismatched", string(p.Mismatched),
		"loss guard", fmt.Sprintf("more than %d %% or more than %d people need an approval", p.MaxLossPercent, p.MaxLosses), "reports to", strings.Join(reports, ", ")), nil
}
