package ldif

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// Kind is the kind of a connector that reads files.
const Kind = "ldif"

// Settings say which files hold a directory and what to read in them. They are stored with a connector as JSON.
type Settings struct {
	Kind          string                   `json:"kind"`
	Path          string                   `json:"path"`    // a file, or a folder whose files *.ldif are read together
	Schema        string                   `json:"schema"`  // what kind of directory wrote them: ad or openldap
	BaseDNs       []string                 `json:"baseDNs"` //nolint:staticcheck // several DNs, not the DNS
	Filter        string                   `json:"filter,omitempty"`
	Groups        *directory.GroupSettings `json:"groups,omitempty"`  // which groups are mirrored; without it none (DIR-13)
	Photos        *directory.PhotoSettings `json:"photos,omitempty"`  // whether photos are taken; without it none are
	Mapping       mapping.Mapping          `json:"mapping,omitempty"` // what our attributes are made from; see [mapping.Source]
	Policy        directory.Policy         `json:"policy,omitzero"`
	ReportTo      []string                 `json:"reportTo,omitempty"`      // who gets a mail about every run (DIR-14)
	MaxEntryBytes int                      `json:"maxEntryBytes,omitempty"` // of the values of one entry; default 1 MiB
}

const defaultMaxEntryBytes = 1 << 20

// ParseSettings reads the settings of a connector and checks them.
func ParseSettings(raw json.RawMessage) (Settings, error) {
	var s Settings
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // a misspelt limit must not silently be the default
	if err := dec.Decode(&s); err != nil {
		var known *identity.Error
		if errors.As(err, &known) {
			return Settings{}, err
		}
		return Settings{}, invalid("settings", "the settings of the connector cannot be read: %v", err)
	}
	return s, s.Validate()
}

// WithDefaults returns the settings with everything filled in that was left out.
func (s Settings) WithDefaults() Settings {
	if s.Filter == "" {
		s.Filter = mapping.DefaultFilters[s.Schema]
	}
	if s.Groups != nil {
		groups := s.Groups.WithDefaults(s.BaseDNs, mapping.DefaultGroupFilters[s.Schema])
		s.Groups = &groups
	}
	if s.Photos != nil {
		taken := s.Photos.WithDefaults(mapping.PhotoAttributes[s.Schema])
		s.Photos = &taken
	}
	s.Mapping = s.Mapping.WithDefaults(s.Schema)
	if s.MaxEntryBytes == 0 {
		s.MaxEntryBytes = defaultMaxEntryBytes
	}
	s.Policy = s.Policy.WithDefaults()
	return s
}

// Validate refuses settings that cannot work. Every error names the field and what to do. What the files hold shows at the first
// reading.
func (s Settings) Validate() error {
	if s.Kind != Kind {
		return invalid("kind", "the kind is %q; use ldif", s.Kind)
	}
	if !mapping.KnownSchema(s.Schema) {
		return invalid("schema", "the schema is %q; say what kind of directory wrote the files: ad or openldap", s.Schema)
	}
	if s.Path == "" {
		return invalid("path", "the path is missing; give a file, or a folder whose files *.ldif are read together")
	}
	if !filepath.IsAbs(s.Path) {
		return invalid("path", "the path %q depends on the folder that a program runs in; give all of it", s.Path)
	}
	if _, err := os.Stat(s.Path); err != nil {
		return invalid("path", "the path cannot be read: %v", err)
	}
	if _, err := scopeOf(s.WithDefaults()); err != nil {
		return err
	}
	if _, err := s.Domain(); err != nil {
		return err
	}
	if err := s.validateGroups(); err != nil {
		return err
	}
	if err := mapping.CheckPhotos(s.Photos); err != nil {
		return err
	}
	if err := s.Mapping.Check(s.Schema); err != nil {
		return err
	}
	if s.MaxEntryBytes != 0 && (s.MaxEntryBytes < 1<<10 || s.MaxEntryBytes > maxRecordBytes) {
		return invalid("maxEntryBytes", "maxEntryBytes is %d; use %d to %d, or leave it out for the default", s.MaxEntryBytes, 1<<10, maxRecordBytes)
	}
	if err := s.Policy.Validate(); err != nil {
		return err
	}
	return directory.CheckReceivers(s.ReportTo)
}

// Domain is the Active Directory domain that was exported; empty for other directories (DIR-02).
func (s Settings) Domain() (string, error) {
	if s.Schema != mapping.AD {
		return "", nil
	}
	return directory.DomainOf(s.BaseDNs)
}

// validateGroups checks which groups are read.
func (s Settings) validateGroups() error {
	if s.Groups == nil {
		return nil
	}
	if err := s.Groups.Validate(); err != nil {
		return err
	}
	if _, err := groupScopeOf(s.WithDefaults()); err != nil {
		return err
	}
	return mapping.CheckAttribute("groups.name", s.Groups.Name)
}

// scope says which entries are people, or groups.
type scope struct {
	bases  []*ldap.DN
	filter filter
}

func scopeOf(s Settings) (scope, error) {
	return newScope("", s.BaseDNs, s.Filter, mapping.DefaultFilters[s.Schema])
}

// groupScopeOf says which entries are groups, by settings that are filled in; the zero value: none are.
func groupScopeOf(s Settings) (scope, error) {
	if s.Groups == nil {
		return scope{}, nil
	}
	return newScope("groups.", s.Groups.BaseDNs, s.Groups.Filter, mapping.DefaultGroupFilters[s.Schema])
}

func newScope(within string, bases []string, filter, exampleFilter string) (scope, error) {
	const example = "OU=People,DC=corp,DC=example,DC=com"
	var c scope
	if len(bases) == 0 {
		return c, invalid(within+"baseDNs", "there is no base DN; give one like %s", example)
	}
	for i, base := range bases {
		field := fmt.Sprintf("%sbaseDNs[%d]", within, i)
		dn, err := ldap.ParseDN(base)
		if err != nil || len(dn.RDNs) == 0 {
			return c, invalid(field, "%q is not a distinguished name; give one like %s", base, example)
		}
		for _, other := range c.bases {
			if below(dn, other) || below(other, dn) {
				return c, invalid(field, "the base DN %q overlaps another one; everything would be read twice", base)
			}
		}
		c.bases = append(c.bases, dn)
	}
	var err error
	if c.filter, err = compileFilter(filter); err != nil {
		var syntax *ldap.Error
		if errors.As(err, &syntax) {
			return c, invalid(within+"filter", "the filter %q is not an LDAP filter (RFC 4515); an example: %s", filter, exampleFilter)
		}
		return c, invalid(within+"filter", "the filter %q cannot be used: %v", filter, err)
	}
	return c, nil
}

// base returns the place of the base that an entry is at or below; none if there is none.
func (c scope) base(dn *ldap.DN) int {
	for i, base := range c.bases {
		if below(dn, base) {
			return i
		}
	}
	return none
}

const none = -1

// below reports whether a name is another one or below it.
func below(dn, ancestor *ldap.DN) bool { return ancestor.EqualFold(dn) || ancestor.AncestorOfFold(dn) }

func invalid(field, format string, args ...any) error {
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At(field)
}
