package ldap

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
)

// Validate refuses settings that cannot work. Every error names the field and what to do.
func (s Settings) Validate() error {
	if s.Kind != AD && s.Kind != OpenLDAP {
		return invalid("kind", "the kind is %q; use ad or openldap", s.Kind)
	}
	if err := s.validateURL(); err != nil {
		return err
	}
	if s.CAFile != "" {
		if _, err := s.authorities(); err != nil {
			return err
		}
	}
	if s.BindDN == "" {
		return invalid("bindDN", "the bind DN is missing; give the account that reads the directory")
	}
	if _, err := s.password(); err != nil {
		return err
	}
	if err := s.validateBases(); err != nil {
		return err
	}
	if s.Filter != "" {
		if _, err := ldap.CompileFilter(s.Filter); err != nil {
			return invalid("filter", "the filter %q is not an LDAP filter (RFC 4515); an example: %s", s.Filter, defaultFilters[s.Kind])
		}
	}
	if err := s.validateMapping(); err != nil {
		return err
	}
	if !slices.Contains([]string{ChangesAuto, ChangesUSN, ChangesOff}, s.Changes) || s.Changes == ChangesUSN && s.Kind != AD {
		return invalid("changes", "changes is %q; leave it out for what the directory has, or use off, or usn with Active Directory", s.Changes)
	}
	if err := s.validateLimits(); err != nil {
		return err
	}
	if err := s.Policy.Validate(); err != nil {
		return err
	}
	return directory.CheckReceivers(s.ReportTo)
}

func (s Settings) validateURL() error {
	const example = "give it like ldaps://dc1.corp.example.com or ldap://dc1.corp.example.com:389"
	if s.URL == "" {
		return invalid("url", "the URL of the directory is missing; %s", example)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return invalid("url", "%q is not a URL; %s", s.URL, example)
	}
	switch {
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		return invalid("url", "the URL %q does not begin with ldap:// or ldaps://; %s", u.Redacted(), example)
	case u.User != nil:
		return invalid("url", "the URL must not hold a user or password; use bindDN and bindPasswordFile")
	case u.Hostname() == "":
		return invalid("url", "the URL %q names no host; %s", s.URL, example)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return invalid("url", "the URL %q has something after the host; base and filter have fields of their own", s.URL)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return invalid("url", "the port %q of the URL is not between 1 and 65535", port)
		}
	}
	switch {
	case u.Scheme == "ldaps" && s.StartTLS:
		return invalid("startTLS", "ldaps:// is encrypted from the start; use startTLS with ldap:// only")
	case u.Scheme == "ldap" && !s.StartTLS && !s.AllowPlaintext && !loopback(u.Hostname()):
		return invalid("url", "ldap:// without StartTLS sends the password in clear text; use ldaps://, set startTLS, or allow it with allowPlaintext")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// authorities reads the certificates of the CA file.
func (s Settings) authorities() (*x509.CertPool, error) {
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, invalid("caFile", "the CA file cannot be read: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, invalid("caFile", "the CA file %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", s.CAFile)
	}
	return pool, nil
}

// password reads the bind password. An empty one is refused, because a server takes it for an anonymous bind and says that all is
// well (RFC 4513 section 5.1.2).
func (s Settings) password() (string, error) {
	if s.BindPasswordFile == "" {
		return "", invalid("bindPasswordFile", "the file of the bind password is missing")
	}
	raw, err := os.ReadFile(s.BindPasswordFile)
	if err != nil {
		return "", invalid("bindPasswordFile", "the file of the bind password cannot be read: %v", err)
	}
	password := strings.TrimRight(string(raw), "\r\n")
	if password == "" {
		return "", invalid("bindPasswordFile", "the file %s is empty; an empty password would be an anonymous bind", s.BindPasswordFile)
	}
	return password, nil
}

func (s Settings) validateBases() error {
	if len(s.BaseDNs) == 0 {
		return invalid("baseDNs", "there is no base DN; give one like OU=People,DC=corp,DC=example,DC=com")
	}
	parsed := make([]*ldap.DN, len(s.BaseDNs))
	for i, base := range s.BaseDNs {
		field := fmt.Sprintf("baseDNs[%d]", i)
		dn, err := ldap.ParseDN(base)
		if err != nil || len(dn.RDNs) == 0 {
			return invalid(field, "%q is not a distinguished name; give one like OU=People,DC=corp,DC=example,DC=com", base)
		}
		for _, other := range parsed[:i] {
			if dn.EqualFold(other) || dn.AncestorOfFold(other) || other.AncestorOfFold(dn) {
				return invalid(field, "the base DN %q overlaps another one; everybody would be read twice", base)
			}
		}
		parsed[i] = dn
	}
	return nil
}

// required are the paths that a mapping cannot do without.
var required = []string{"userName", "emails"}

func (s Settings) validateMapping() error {
	mapping := s.WithDefaults().Mapping
	for path, source := range mapping {
		field := "mapping." + path
		if !slices.Contains(required, path) && path != "externalId" && !directory.KnownAttribute(path) {
			return invalid(field, `%q is not an attribute that a directory can fill; use userName, emails, externalId, or one like name.givenName, title, phoneNumbers[type eq "work"].value`, path)
		}
		if !attributeName(source) {
			return invalid(field, "%q is not the name of an LDAP attribute", source)
		}
	}
	for _, path := range required {
		if mapping[path] == "" {
			return invalid("mapping."+path, "nothing is mapped to %s, and nobody can be synchronized without it", path)
		}
	}
	return nil
}

// attributeName is a descriptor or a numeric OID (RFC 4512 section 2.5).
func attributeName(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '.')
	})
}

func (s Settings) validateLimits() error {
	for _, limit := range []struct {
		field       string
		v           int
		least, most int
	}{
		{"pageSize", s.PageSize, 1, 100_000},
		{"maxPageBytes", s.MaxPageBytes, 64 << 10, 1 << 30},
		{"maxEntryBytes", s.MaxEntryBytes, 1 << 10, 64 << 20},
	} {
		if limit.v != 0 && (limit.v < limit.least || limit.v > limit.most) {
			return invalid(limit.field, "%s is %d; use %d to %d, or leave it out for the default", limit.field, limit.v, limit.least, limit.most)
		}
	}
	for field, d := range map[string]Duration{"pageTimeout": s.PageTimeout, "totalTimeout": s.TotalTimeout, "retryDelay": s.RetryDelay} {
		if d < 0 {
			return invalid(field, "%s is negative", field)
		}
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At(field)
}
