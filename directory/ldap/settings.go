package ldap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// The kinds of directories.
const (
	AD       = "ad"
	OpenLDAP = "openldap"
)

// Settings say how to reach a directory and what to read in it. They are stored with a connector as JSON and hold no secret: the
// bind password stays in its file.
type Settings struct {
	Kind             string            `json:"kind"`
	URLs             []string          `json:"urls,omitempty"` // ldaps://host[:port] or ldap://host[:port], in the order in which they are tried
	SRV              string            `json:"srv,omitempty"`  // instead of URLs: the domain whose servers the DNS names
	StartTLS         bool              `json:"startTLS,omitempty"`
	CAFile           string            `json:"caFile,omitempty"`     // PEM; the system's authorities if empty; for every server
	ServerName       string            `json:"serverName,omitempty"` // the name in the server's certificate, if there is one URL and it is not its host
	AllowPlaintext   bool              `json:"allowPlaintext,omitempty"`
	ClientCertFile   string            `json:"clientCertFile,omitempty"`   // PEM; shown to every server. Without a bind DN it is the account (SASL EXTERNAL)
	ClientKeyFile    string            `json:"clientKeyFile,omitempty"`    // PEM
	BindDN           string            `json:"bindDN,omitempty"`           // needed without a client certificate
	BindPasswordFile string            `json:"bindPasswordFile,omitempty"` // goes with the bind DN; a line end at its end does not count
	BaseDNs          []string          `json:"baseDNs"`                    //nolint:staticcheck // several DNs, not the DNS
	Filter           string            `json:"filter,omitempty"`
	Mapping          map[string]string `json:"mapping,omitempty"` // our attribute path to the directory's attribute; "" takes a default away
	Policy           directory.Policy  `json:"policy,omitzero"`
	ReportTo         []string          `json:"reportTo,omitempty"` // who gets a mail about every run (DIR-14)
	Changes          string            `json:"changes,omitempty"`  // how the directory tells what changed: ChangesAuto, ChangesUSN or ChangesOff
	// IgnoreReferrals are referral URLs, as the server sends them, that say nothing about the people of the base DNs.
	IgnoreReferrals []string `json:"ignoreReferrals,omitempty"`

	PageSize      int      `json:"pageSize,omitempty"`      // entries; default 1000
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
	defaultPageTimeout   = Duration(time.Minute)
	defaultTotalTimeout  = Duration(30 * time.Minute)
	defaultRetryDelay    = Duration(time.Second)
	defaultMaxPageBytes  = 64 << 20
	defaultMaxEntryBytes = 1 << 20
)

// defaultFilters are wide on purpose: an entry that leaves the filter looks like one that left the scope.
var defaultFilters = map[string]string{AD: "(objectClass=user)", OpenLDAP: "(objectClass=inetOrgPerson)"}

// defaultMappings follow the schemas: MS-ADA1 to MS-ADA3, RFC 4519 and RFC 2798.
var defaultMappings = map[string]map[string]string{
	AD: {
		"userName": "mail", "emails": "mail",
		"displayName": "displayName", "name.givenName": "givenName", "name.familyName": "sn", "title": "title",
		`phoneNumbers[type eq "work"].value`:   "telephoneNumber",
		`phoneNumbers[type eq "mobile"].value`: "mobile",
		`addresses[type eq "work"].locality`:   "l",
		enterprise + "department":              "department",
		enterprise + "organization":            "company",
		enterprise + "employeeNumber":          "employeeID",
	},
	OpenLDAP: {
		"userName": "mail", "emails": "mail",
		"displayName": "displayName", "name.givenName": "givenName", "name.familyName": "sn", "title": "title",
		`phoneNumbers[type eq "work"].value`:   "telephoneNumber",
		`phoneNumbers[type eq "mobile"].value`: "mobile",
		`addresses[type eq "work"].locality`:   "l",
		enterprise + "department":              "departmentNumber",
		enterprise + "organization":            "o",
		enterprise + "employeeNumber":          "employeeNumber",
	},
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

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
		s.Filter = defaultFilters[s.Kind]
	}
	mapping := maps.Clone(defaultMappings[s.Kind])
	if mapping == nil {
		mapping = map[string]string{}
	}
	for path, source := range s.Mapping {
		mapping[path] = source
		if source == "" {
			delete(mapping, path)
		}
	}
	s.Mapping = mapping
	fill(&s.PageSize, defaultPageSize)
	fill(&s.PageTimeout, defaultPageTimeout)
	fill(&s.TotalTimeout, defaultTotalTimeout)
	fill(&s.RetryDelay, defaultRetryDelay)
	fill(&s.MaxPageBytes, defaultMaxPageBytes)
	fill(&s.MaxEntryBytes, defaultMaxEntryBytes)
	s.Policy = s.Policy.WithDefaults()
	return s
}

func fill[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// owns returns the attribute paths that the mapping owns, sorted.
func (s Settings) owns() []string { return slices.Sorted(maps.Keys(s.Mapping)) }
