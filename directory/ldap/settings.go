package ldap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// The kinds of directories.
const (
	AD       = mapping.AD
	OpenLDAP = mapping.OpenLDAP
)

// Settings say how to reach a directory and what to read in it. They are stored with a connector as JSON and hold no secret: the
// bind password stays in its file, or is kept sealed beside them.
type Settings struct {
	Kind             string                   `json:"kind"`
	URLs             []string                 `json:"urls,omitempty"` // ldaps://host[:port] or ldap://host[:port], in the order in which they are tried
	SRV              string                   `json:"srv,omitempty"`  // instead of URLs: the domain whose servers the DNS names
	StartTLS         bool                     `json:"startTLS,omitempty"`
	CAFile           string                   `json:"caFile,omitempty"`     // PEM; the system's authorities if empty; for every server
	CA               string                   `json:"ca,omitempty"`         // instead of CAFile: the certificates themselves
	ServerName       string                   `json:"serverName,omitempty"` // the name in the server's certificate, if there is one URL and it is not its host
	AllowPlaintext   bool                     `json:"allowPlaintext,omitempty"`
	ClientCertFile   string                   `json:"clientCertFile,omitempty"`   // PEM; shown to every server. Without a bind DN it is the account (SASL EXTERNAL)
	ClientKeyFile    string                   `json:"clientKeyFile,omitempty"`    // PEM
	BindDN           string                   `json:"bindDN,omitempty"`           // needed without a client certificate
	BindPasswordFile string                   `json:"bindPasswordFile,omitempty"` // goes with the bind DN; a line end at its end does not count
	Password         Password                 `json:"-"`                          // instead of the file
	BaseDNs          []string                 `json:"baseDNs"`                    //nolint:staticcheck // several DNs, not the DNS
	Filter           string                   `json:"filter,omitempty"`
	Groups           *directory.GroupSettings `json:"groups,omitempty"`  // which groups are mirrored; without it none (DIR-13)
	Photos           *directory.PhotoSettings `json:"photos,omitempty"`  // whether photos are taken; without it none are
	Mapping          mapping.Mapping          `json:"mapping,omitempty"` // what our attributes are made from; see [mapping.Source]
	Policy           directory.Policy         `json:"policy,omitzero"`
	ReportTo         []string                 `json:"reportTo,omitempty"` // who gets a mail about every run (DIR-14)
	Changes          string                   `json:"changes,omitempty"`  // how the directory tells what changed: ChangesAuto, ChangesUSN or ChangesOff
	// PublicOnly says that an administrator of the organization chose the servers, so that they must have public addresses unless the
	// operator allows others.
	PublicOnly bool `json:"publicOnly,omitempty"`
	// IgnoreReferrals are referral URLs, as the server sends them, that say nothing about the people of the base DNs.
	IgnoreReferrals []string `json:"ignoreReferrals,omitempty"`

	PageSize      int      `json:"pageSize,omitempty"`      // entries; default 1000, or 100 with photos
	PageTimeout   Duration `json:"pageTimeout,omitzero"`    // for one answer; default 60s
	TotalTimeout  Duration `json:"totalTimeout,omitzero"`   // for one reading with its retries; default 30m
	RetryDelay    Duration `json:"retryDelay,omitzero"`     // before the second attempt, doubled for the third; default 1s
	MaxPageBytes  int      `json:"maxPageBytes,omitempty"`  // of one answer on the wire; default 64 MiB
	MaxEntryBytes int      `json:"maxEntryBytes,omitempty"` // of the values of one entry; default 1 MiB
}

// Duration is a length of time that is written "30s" in JSON.
type Duration time.Duration

// MarshalText writes the duration like [time.Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what [time.ParseDuration] reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`%q is not a duration such as "30s"`, text)
	}
	*d = Duration(v)
	return nil
}

// Default values of the settings.
const (
	defaultPageSize      = 1000
	photoPageSize        = 100 // where photos come with the entries: a page is in memory as a whole
	defaultPageTimeout   = Duration(time.Minute)
	defaultTotalTimeout  = Duration(30 * time.Minute)
	defaultRetryDelay    = Duration(time.Second)
	defaultMaxPageBytes  = 64 << 20
	defaultMaxEntryBytes = 1 << 20
)

// ParseSettings reads the settings of a connector and checks them.
func ParseSettings(raw json.RawMessage) (Settings, error) {
	s, err := ReadSettings(raw)
	if err != nil {
		return Settings{}, err
	}
	return s, s.Validate()
}

// ReadSettings reads the settings of a connector as they are, be it that a file they name is gone. One URL may stand as "url".
func ReadSettings(raw json.RawMessage) (Settings, error) {
	var s struct {
		Settings
		URL string `json:"url"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // a misspelt limit must not silently be the default
	if err := dec.Decode(&s); err != nil {
		var known *identity.Error
		if errors.As(err, &known) {
			return Settings{}, err
		}
		return Settings{}, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the settings of the connector cannot be read: %v", err).At("settings")
	}
	if s.URL != "" {
		s.URLs = append([]string{s.URL}, s.URLs...)
	}
	return s.Settings, nil
}

// WithDefaults returns the settings with everything filled in that was left out.
func (s Settings) WithDefaults() Settings {
	if s.Filter == "" {
		s.Filter = mapping.DefaultFilters[s.Kind]
	}
	s.Mapping = s.Mapping.WithDefaults(s.Kind)
	if s.Groups != nil {
		groups := s.Groups.WithDefaults(s.BaseDNs, mapping.DefaultGroupFilters[s.Kind])
		s.Groups = &groups
	}
	if s.Photos != nil {
		taken := s.Photos.WithDefaults(mapping.PhotoAttributes[s.Kind])
		s.Photos = &taken
		fill(&s.PageSize, photoPageSize)
	}
	fill(&s.PageSize, defaultPageSize)
	fill(&s.PageTimeout, defaultPageTimeout)
	fill(&s.TotalTimeout, defaultTotalTimeout)
	fill(&s.RetryDelay, defaultRetryDelay)
	fill(&s.MaxPageBytes, defaultMaxPageBytes)
	fill(&s.MaxEntryBytes, defaultMaxEntryBytes)
	s.Policy = s.Policy.WithDefaults()
	return s
}

// bases are all base DNs, of people and groups, without those that are below others.
func (s Settings) bases() []string {
	all := slices.Clone(s.BaseDNs)
	if s.Groups == nil {
		return all
	}
	for _, dn := range s.Groups.BaseDNs {
		if slices.ContainsFunc(all, func(other string) bool { return inside(dn, other) }) {
			continue
		}
		all = slices.DeleteFunc(all, func(other string) bool { return inside(other, dn) })
		all = append(all, dn)
	}
	return all
}

// filters are those of people and groups.
func (s Settings) filters() []string {
	if s.Groups == nil {
		return []string{s.Filter}
	}
	return []string{s.Filter, s.Groups.Filter}
}

func fill[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}
