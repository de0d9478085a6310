package main

import (
	"path/filepath"
	"slices"

	"rollcall/directory/ldap"
)

// directoryFlags are a connector's settings. What is not given stays as it is; an empty value takes a setting away.
type directoryFlags struct {
	Kind             *string           `placeholder:"ad|openldap" help:"What the directory is."`
	URL              []string          `name:"url" sep:"none" placeholder:"URL" help:"ldaps://host[:port], or ldap://host[:port] with --start-tls; repeatable: the next one is tried when one cannot be reached."`
	SRV              *string           `name:"srv" placeholder:"DOMAIN" help:"Instead of --url: the domain whose servers the DNS names. They are asked over LDAPS, or with --start-tls on the port that the DNS names."`
	BindDN           *string           `name:"bind-dn" placeholder:"DN" help:"The account that reads the directory; not needed if --client-cert-file is the account (SASL EXTERNAL)."`
	BindPasswordFile *string           `placeholder:"FILE" help:"File with the account's password; it is read at every run and never stored."`
	BaseDN           []string          `name:"base-dn" sep:"none" placeholder:"DN" help:"Where the people are; repeatable."`
	Filter           *string           `placeholder:"FILTER" help:"Which entries are people (default by --kind)."`
	StartTLS         *bool             `name:"start-tls" negatable:"" help:"Switch an ldap:// connection to TLS before the password is sent."`
	CAFile           *string           `name:"ca-file" placeholder:"FILE" help:"Certificates in PEM to check each server's against, instead of the system's."`
	ClientCertFile   *string           `placeholder:"FILE" help:"Certificate in PEM to show to each server."`
	ClientKeyFile    *string           `placeholder:"FILE" help:"The certificate's key in PEM; it is read at every run and never stored."`
	ServerName       *string           `placeholder:"NAME" help:"Name in the server's certificate, if there is one URL and it is not its host."`
	AllowPlaintext   *bool             `negatable:"" help:"Send the password in clear over ldap:// to another machine. Only for networks that nobody listens to."`
	Map              map[string]string `mapsep:"none" placeholder:"ATTRIBUTE=SOURCE" help:"Take an attribute from another source than by default; an empty source leaves it alone; repeatable."`

	OutOfScope      *string        `placeholder:"remove|retain|hold" help:"What becomes of people who leave the base or the filter (remove)."`
	Mismatched      *string        `placeholder:"retain|delete" help:"What becomes of users whom no entry matches (retain)."`
	MaxLossPercent  *int           `placeholder:"N" help:"More losses than so many percent need an approval (20)."`
	MaxLossCount    *int           `placeholder:"N" help:"More losses than so many people need an approval (500)."`
	MinCountPercent *int           `placeholder:"N" help:"A reading with less than this share of the last one loses nobody (50)."`
	MaxDropPercent  *int           `placeholder:"N" help:"An attribute that vanishes from more than this share of people refuses the plan (20)."`
	Budget          map[string]int `mapsep:"none" placeholder:"KIND.WINDOW=N" help:"Hold a plan that brings more removals, disables, emailChanges or blanked (users who lose an attribute) in a run, a day or a week, such as removals.day=50; -1 is no limit, 0 the default; repeatable."`
	Changes         *string        `placeholder:"auto|usn|off" help:"How the directory tells what changed: by what it has, by AD's update sequence numbers, or not at all (auto)."`
	PageSize        *int           `placeholder:"N" help:"Entries to ask for at a time (1000)."`

	ReportTo []string `sep:"none" placeholder:"ADDRESS" help:"Mail a report of every full run, and of others with trouble, to this address, and of every plan that waits for an approval; repeatable, at most 30."`
}

// settings puts the flags over what there is and checks what comes out.
func (f directoryFlags) settings(s ldap.Settings) (ldap.Settings, error) {
	s, err := f.over(s)
	if err != nil {
		return s, err
	}
	return s, s.Validate()
}

// over puts the flags over what there is.
func (f directoryFlags) over(s ldap.Settings) (ldap.Settings, error) {
	give(&s.Kind, f.Kind)
	giveList(&s.URLs, f.URL)
	give(&s.SRV, f.SRV)
	switch { // one takes the other's place
	case len(f.URL) > 0 && f.SRV == nil:
		s.SRV = ""
	case f.SRV != nil && len(f.URL) == 0:
		s.URLs = nil
	}
	give(&s.StartTLS, f.StartTLS)
	give(&s.ServerName, f.ServerName)
	give(&s.AllowPlaintext, f.AllowPlaintext)
	give(&s.BindDN, f.BindDN)
	giveList(&s.BaseDNs, f.BaseDN)
	give(&s.Filter, f.Filter)
	if f.Map != nil {
		s.Mapping = f.Map
	}
	give(&s.PageSize, f.PageSize)
	if give(&s.Changes, f.Changes); s.Changes == "auto" {
		s.Changes = ldap.ChangesAuto
	}
	giveList(&s.ReportTo, f.ReportTo)
	give((*string)(&s.Policy.OutOfScope), f.OutOfScope)
	give((*string)(&s.Policy.Mismatched), f.Mismatched)
	give(&s.Policy.MaxLosses, f.MaxLossCount)
	for _, name := range sortedKeys(f.Budget) {
		if err := s.Policy.Budgets.Set(name, f.Budget[name]); err != nil {
			return s, err
		}
	}
	give(&s.Policy.MaxLossPercent, f.MaxLossPercent)
	give(&s.Policy.MinCountPercent, f.MinCountPercent)
	give(&s.Policy.MaxDropPercent, f.MaxDropPercent)
	for _, file := range []struct{ to, from *string }{{&s.BindPasswordFile, f.BindPasswordFile}, {&s.CAFile, f.CAFile},
		{&s.ClientCertFile, f.ClientCertFile}, {&s.ClientKeyFile, f.ClientKeyFile}} {
		if err := giveFile(file.to, file.from); err != nil {
			return s, err
		}
	}
	return s, nil
}

func give[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// giveList takes one empty value for an empty list.
func giveList(to *[]string, from []string) {
	if from != nil {
		*to = slices.DeleteFunc(slices.Clone(from), func(value string) bool { return value == "" })
	}
}

// giveFile names a file absolutely, because server and command line run in different folders.
func giveFile(to, from *string) error {
	if from == nil || *from == "" {
		give(to, from)
		return nil
	}
	var err error
	*to, err = filepath.Abs(*from)
	return err
}
