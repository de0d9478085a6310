package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/term"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// directoryFlags are a connector's settings. What is not given stays as it is; an empty value takes a setting away.
type directoryFlags struct {
	Kind              *string           `placeholder:"ad|openldap|ldif" help:"What the directory is; ldif for files that a directory was exported to."`
	URL               []string          `name:"url" sep:"none" placeholder:"URL" help:"ldaps://host[:port], or ldap://host[:port] with --start-tls; repeatable: the next one is tried when one cannot be reached."`
	SRV               *string           `name:"srv" placeholder:"DOMAIN" help:"Instead of --url: the domain whose servers the DNS names. They are asked over LDAPS, or with --start-tls on the port that the DNS names."`
	BindDN            *string           `name:"bind-dn" placeholder:"DN" help:"The account that reads the directory; not needed if --client-cert-file is the account (SASL EXTERNAL)."`
	BindPasswordFile  *string           `placeholder:"FILE" help:"File with the account's password; it is read at every run and never stored."`
	BindPasswordStdin bool              `help:"Read the account's password from standard input and keep it, sealed with the key of --secret-key-file."`
	Path              *string           `placeholder:"PATH" help:"With --kind ldif: a file, or a folder whose files *.ldif are read together."`
	Schema            *string           `placeholder:"ad|openldap" help:"With --kind ldif: what kind of directory wrote the files."`
	BaseDN            []string          `name:"base-dn" sep:"none" placeholder:"DN" help:"Where the people are; repeatable."`
	Filter            *string           `placeholder:"FILTER" help:"Which entries are people (default by --kind)."`
	StartTLS          *bool             `name:"start-tls" negatable:"" help:"Switch an ldap:// connection to TLS before the password is sent."`
	CAFile            *string           `name:"ca-file" placeholder:"FILE" help:"Certificates in PEM to check each server's against, instead of the system's."`
	ClientCertFile    *string           `placeholder:"FILE" help:"Certificate in PEM to show to each server."`
	ClientKeyFile     *string           `placeholder:"FILE" help:"The certificate's key in PEM; it is read at every run and never stored."`
	ServerName        *string           `placeholder:"NAME" help:"Name in the server's certificate, if there is one URL and it is not its host."`
	AllowPlaintext    *bool             `negatable:"" help:"Send the password in clear over ldap:// to another machine. Only for networks that nobody listens to."`
	Map               map[string]string `mapsep:"none" placeholder:"ATTRIBUTE=SOURCE" help:"Make an attribute from another source than by default: the name of an attribute of the directory, or an object in JSON such as {\"first\": [\"mail\", \"userPrincipalName\"]}; an empty source leaves it alone; repeatable."`

	Groups      *string  `placeholder:"off|direct|nested|flattened" help:"Mirror security groups: with their direct members, with the groups that are in them, or with everybody who is in them by way of others (off)."`
	GroupBaseDN []string `name:"group-base-dn" sep:"none" placeholder:"DN" help:"Where the groups are (where the people are); repeatable."`
	GroupFilter *string  `placeholder:"FILTER" help:"Which entries are groups (default by --kind)."`
	GroupName   *string  `placeholder:"ATTRIBUTE" help:"The attribute that groups are called by (cn)."`

	Photos         *string  `placeholder:"off|on" help:"Take photos of people from the directory (off)."`
	PhotoAttribute []string `sep:"none" placeholder:"ATTRIBUTE" help:"The attribute with the photo; repeatable: the next one is looked at where one has no photo that can be taken (thumbnailPhoto of AD, jpegPhoto of OpenLDAP)."`
	PhotoMaxBytes  *int     `placeholder:"N" help:"Larger photos are not taken (102400)."`

	OutOfScope      *string        `placeholder:"remove|retain|hold" help:"What becomes of people and groups that leave the base or the filter (remove)."`
	Mismatched      *string        `placeholder:"retain|delete" help:"What becomes of users whom no entry matches (retain)."`
	MaxLossPercent  *int           `placeholder:"N" help:"More losses than so many percent need an approval (20)."`
	MaxLossCount    *int           `placeholder:"N" help:"More losses than so many people need an approval (500)."`
	MinCountPercent *int           `placeholder:"N" help:"A reading with less than this share of the last one loses nobody (50)."`
	MaxDropPercent  *int           `placeholder:"N" help:"An attribute that vanishes from more than this share of people refuses the plan (20)."`
	Budget          map[string]int `mapsep:"none" placeholder:"KIND.WINDOW=N" help:"Hold a plan that brings more removals, disables, emailChanges, blanked (users who lose an attribute) or groupLosses (memberships that end) in a run, a day or a week, such as removals.day=50; -1 is no limit, 0 the default; repeatable."`
	Changes         *string        `placeholder:"auto|usn|off" help:"How the directory tells what changed: by what it has, by AD's update sequence numbers, or not at all (auto)."`
	PageSize        *int           `placeholder:"N" help:"Entries to ask for at a time (1000, or 100 with photos)."`

	password string // from standard input

	ReportTo []string `sep:"none" placeholder:"ADDRESS" help:"Mail a report of every full run, and of others with trouble, to this address, and of every plan that waits for an approval; repeatable, at most 30."`
}

// kind is what the flags say that the directory is; empty if they do not.
func (f directoryFlags) kind() string {
	if f.Kind == nil {
		return ""
	}
	return *f.Kind
}

// put puts the flags over a connector's settings (none: it is a new one), checked and in the form that is stored.
func (f directoryFlags) put(n identity.Connector, d *directories) (identity.Connector, error) {
	raw, err := f.settings(n)
	if err != nil {
		return n, err
	}
	n.Settings = raw
	if n.Domain, err = domainOf(n.Kind, raw); err != nil {
		return n, err
	}
	switch {
	case f.password != "":
		n.Secret, err = d.seal(n, f.password)
	case f.BindPasswordFile != nil:
		n.Secret = ""
	}
	return n, err
}

func (f directoryFlags) settings(n identity.Connector) (json.RawMessage, error) {
	kind := f.kind()
	before := n.Settings
	if before != nil {
		var stored struct{ Kind string }
		if err := json.Unmarshal(before, &stored); err != nil {
			return nil, fmt.Errorf("the stored settings of the connector cannot be read: %w", err)
		}
		if f.Kind != nil && kind != stored.Kind {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
				"the connector is of the kind %s, and people are known by ids of that kind: create another connector for another kind", stored.Kind).At("kind")
		}
		kind = stored.Kind
	}
	if err := f.matchKind(kind); err != nil {
		return nil, err
	}
	if kind == ldif.Kind {
		return f.filesSettings(before)
	}
	return f.serverSettings(n)
}

func (f directoryFlags) filesSettings(before json.RawMessage) (json.RawMessage, error) {
	s := ldif.Settings{Kind: ldif.Kind}
	if before != nil {
		if err := json.Unmarshal(before, &s); err != nil {
			return nil, fmt.Errorf("the stored settings of the connector cannot be read: %w", err)
		}
	}
	give(&s.Schema, f.Schema)
	if err := giveFile(&s.Path, f.Path); err != nil {
		return nil, err
	}
	if err := f.common(commonSettings{&s.BaseDNs, &s.Filter, &s.Groups, &s.Photos, &s.Mapping, &s.Policy, &s.ReportTo}); err != nil {
		return nil, err
	}
	return checked(s)
}

func (f directoryFlags) serverSettings(n identity.Connector) (json.RawMessage, error) {
	var was ldap.Settings
	if n.Settings != nil {
		var err error
		if was, err = ldap.SettingsOf(n); err != nil {
			return nil, err
		}
	}
	s, err := f.over(was)
	if err != nil {
		return nil, err
	}
	raw, err := checked(s)
	if err != nil || n.Settings == nil {
		return raw, err
	}
	same := s
	if same.Password = was.Password; reflect.DeepEqual(same, was) { // or else another spelling of the same would be a change
		return n.Settings, nil
	}
	return raw, s.CheckSecret(was, f.secretGiven())
}

// secretGiven reports whether the flags say what the password is.
func (f directoryFlags) secretGiven() bool { return f.BindPasswordFile != nil || f.password != "" }

// readPassword reads the password from standard input if that is where it comes from. Typed, it does not show.
func (f *directoryFlags) readPassword(a *app) error {
	if !f.BindPasswordStdin {
		return nil
	}
	var line string
	var err error
	if file, isFile := a.stdin.(*os.File); isFile && isTerminal(file) {
		fmt.Fprint(a.stderr, "The password of the directory's account, and Enter; it does not show: ")
		line, err = hiddenLine(a.ctx, int(file.Fd()))
		a.say("")
	} else {
		line, err = bufio.NewReader(io.LimitReader(a.stdin, maxPassword)).ReadString('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the password cannot be read: %w", err)
	}
	if f.password = strings.TrimRight(line, "\r\n"); f.password == "" {
		return errors.New("--bind-password-stdin: there is no password on standard input; an empty one would be an anonymous bind")
	}
	return nil
}

// hiddenLine reads a line from a terminal that does not show it. Interrupted, it leaves a terminal that shows what is typed.
func hiddenLine(ctx context.Context, terminal int) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	var line []byte
	ended := make(chan error, 1)
	go func() {
		typed, err := term.ReadPassword(terminal)
		line = typed
		ended <- err
	}()
	select {
	case err := <-ended:
		return string(line), err
	case <-ctx.Done(): // the reading ends with the process
		return "", errors.Join(ctx.Err(), term.Restore(terminal, before))
	}
}

// maxPassword is room for the longest password in bytes.
const maxPassword = 4096

// commonSettings are those of every kind.
type commonSettings struct {
	bases   *[]string
	filter  *string
	groups  **directory.GroupSettings
	photos  **directory.PhotoSettings
	mapping *mapping.Mapping
	policy  *directory.Policy
	reports *[]string
}

func (f directoryFlags) common(s commonSettings) error {
	giveList(s.bases, f.BaseDN)
	give(s.filter, f.Filter)
	if err := f.groups(s.groups); err != nil {
		return err
	}
	if err := f.photos(s.photos); err != nil {
		return err
	}
	if f.Map != nil {
		m, err := f.mapping()
		if err != nil {
			return err
		}
		*s.mapping = m
	}
	giveList(s.reports, f.ReportTo)
	give((*string)(&s.policy.OutOfScope), f.OutOfScope)
	give((*string)(&s.policy.Mismatched), f.Mismatched)
	give(&s.policy.MaxLosses, f.MaxLossCount)
	give(&s.policy.MaxLossPercent, f.MaxLossPercent)
	give(&s.policy.MinCountPercent, f.MinCountPercent)
	give(&s.policy.MaxDropPercent, f.MaxDropPercent)
	for _, name := range sortedKeys(f.Budget) {
		if err := s.policy.Budgets.Set(name, f.Budget[name]); err != nil {
			return err
		}
	}
	return nil
}

// groups puts the flags about groups over the settings of a connector.
func (f directoryFlags) groups(to **directory.GroupSettings) error {
	const off = "off"
	switch {
	case f.Groups != nil && *f.Groups == off:
		*to = nil
	case f.Groups != nil && *to == nil:
		*to = &directory.GroupSettings{}
	}
	if *to == nil {
		if f.GroupBaseDN != nil || f.GroupFilter != nil || f.GroupName != nil {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
				"groups are not mirrored, so nothing can be said about them; give --groups direct, nested or flattened, too").At("groups")
		}
		return nil
	}
	g := **to // not the stored ones, which are compared with these
	give((*string)(&g.Members), f.Groups)
	giveList(&g.BaseDNs, f.GroupBaseDN)
	give(&g.Filter, f.GroupFilter)
	give(&g.Name, f.GroupName)
	*to = &g
	return nil
}

// photos puts the flags about photos over the settings of a connector.
func (f directoryFlags) photos(to **directory.PhotoSettings) error {
	switch {
	case f.Photos == nil:
	case *f.Photos == "off":
		*to = nil
	case *f.Photos != "on":
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "photos is %q; use on or off", *f.Photos).At("photos")
	case *to == nil:
		*to = &directory.PhotoSettings{}
	}
	if *to == nil {
		if f.PhotoAttribute != nil || f.PhotoMaxBytes != nil {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
				"photos are not taken, so nothing can be said about them; give --photos on, too").At("photos")
		}
		return nil
	}
	p := **to // not the stored ones, which are compared with these
	giveList(&p.Attributes, f.PhotoAttribute)
	give(&p.MaxBytes, f.PhotoMaxBytes)
	*to = &p
	return nil
}

// over puts the flags over the settings of a connection, without checking them.
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
	switch { // one takes the other's place
	case f.password != "" && f.BindPasswordFile == nil:
		s.Password, s.BindPasswordFile = ldap.NewPassword(f.password), ""
	case f.password != "":
		s.Password = ldap.NewPassword(f.password)
	case f.BindPasswordFile != nil:
		s.Password = ldap.Password{}
	}
	if f.URL != nil || f.SRV != nil {
		s.PublicOnly = false // whoever runs the program says where the directory is
	}
	if f.CAFile != nil {
		s.CA = ""
	}
	give(&s.PageSize, f.PageSize)
	if give(&s.Changes, f.Changes); s.Changes == "auto" {
		s.Changes = ldap.ChangesAuto
	}
	if err := f.common(commonSettings{&s.BaseDNs, &s.Filter, &s.Groups, &s.Photos, &s.Mapping, &s.Policy, &s.ReportTo}); err != nil {
		return s, err
	}
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
