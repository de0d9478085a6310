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
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// Validate refuses settings that cannot work. Every error names the field and what to do.
func (s Settings) Validate() error {
	if !mapping.KnownSchema(s.Kind) {
		return invalid("kind", "the kind is %q; use ad or openldap", s.Kind)
	}
	if err := s.validateServers(); err != nil {
		return err
	}
	if s.CAFile != "" || s.CA != "" {
		if _, err := s.authorities(); err != nil {
			return err
		}
	}
	if err := s.checkCredentials(); err != nil {
		return err
	}
	if err := s.validateBases(); err != nil {
		return err
	}
	if s.Filter != "" {
		if _, err := ldap.CompileFilter(s.Filter); err != nil {
			return invalid("filter", "the filter %q is not an LDAP filter (RFC 4515); an example: %s", s.Filter, mapping.DefaultFilters[s.Kind])
		}
	}
	if err := s.validateGroups(); err != nil {
		return err
	}
	if err := mapping.CheckPhotos(s.Photos); err != nil {
		return err
	}
	if err := s.Mapping.Check(s.Kind); err != nil {
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

// validateServers checks how the directory is found.
func (s Settings) validateServers() error {
	const example = "give it like ldaps://dc1.corp.example.com or ldap://dc1.corp.example.com:389"
	switch {
	case len(s.URLs) == 0 && s.SRV == "":
		return invalid("urls", "the URL of the directory is missing; %s, or name the domain in srv if the DNS names its servers", example)
	case len(s.URLs) > 0 && s.SRV != "":
		return invalid("srv", "the servers are listed in urls and looked up by srv; use one of the two")
	case len(s.URLs) > maxServers:
		return invalid("urls", "there are %d URLs; at most %d are tried", len(s.URLs), maxServers)
	case s.ServerName != "" && len(s.URLs) != 1:
		return invalid("serverName", "serverName is the name of one server; with several, each must show a certificate for its own name: use those names in urls")
	}
	if s.SRV != "" {
		return s.validateSRV()
	}
	seen := map[endpoint]bool{}
	for i, raw := range s.URLs {
		field := fmt.Sprintf("urls[%d]", i)
		if err := s.validateURL(field, raw, example); err != nil {
			return err
		}
		e, err := endpointOf(raw)
		if err != nil {
			return err
		}
		if seen[e] {
			return invalid(field, "the server %s is listed twice", e)
		}
		seen[e] = true
	}
	return nil
}

func (s Settings) validateSRV() error {
	if !domainName(s.SRV) {
		return invalid("srv", "%q is not the name of a domain; give it like corp.example.com", s.SRV)
	}
	if s.StartTLS && s.AllowPlaintext {
		return invalid("allowPlaintext", "StartTLS is asked for and clear text allowed; use one of the two")
	}
	return nil
}

// domainName is one or more labels of letters, digits, hyphens and underscores; the underscore is Microsoft's.
func domainName(s string) bool {
	if len(s) > 200 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
		}) {
			return false
		}
	}
	return true
}

func (s Settings) validateURL(field, raw, example string) error {
	if raw == "" {
		return invalid(field, "the URL of the directory is missing; %s", example)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return invalid(field, "%q is not a URL; %s", raw, example)
	}
	switch {
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		return invalid(field, "the URL %q does not begin with ldap:// or ldaps://; %s", u.Redacted(), example)
	case u.User != nil:
		return invalid(field, "the URL must not hold a user or password; use bindDN and bindPasswordFile")
	case u.Hostname() == "":
		return invalid(field, "the URL %q names no host; %s", raw, example)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return invalid(field, "the URL %q has something after the host; base and filter have fields of their own", raw)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return invalid(field, "the port %q of the URL is not between 1 and 65535", port)
		}
	}
	switch {
	case u.Scheme == "ldaps" && s.StartTLS:
		return invalid("startTLS", "ldaps:// is encrypted from the start; use startTLS with ldap:// only")
	case u.Scheme == "ldap" && !s.StartTLS && !s.AllowPlaintext && !loopback(u.Hostname()):
		return invalid(field, "ldap:// without StartTLS sends the password in clear text; use ldaps://, set startTLS, or allow it with allowPlaintext")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// authorities reads the certificates that a server's is checked against.
func (s Settings) authorities() (*x509.CertPool, error) {
	switch {
	case s.CA != "" && s.CAFile != "":
		return nil, invalid("ca", "the authorities are given, and a file of them too; use one of the two")
	case s.CA != "":
		pool := x509.NewCertPool()
		if len(s.CA) > maxCA || !pool.AppendCertsFromPEM([]byte(s.CA)) {
			return nil, invalid("ca", "this is no certificate in PEM form (-----BEGIN CERTIFICATE-----), or has more than %d bytes", maxCA)
		}
		return pool, nil
	}
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

// maxCA is room for a few certificates in bytes.
const maxCA = 64 << 10

// validateGroups checks which groups are read.
func (s Settings) validateGroups() error {
	if s.Groups == nil {
		return nil
	}
	if err := s.Groups.Validate(); err != nil {
		return err
	}
	if err := validateNames("groups.baseDNs", s.Groups.BaseDNs); err != nil {
		return err
	}
	if s.Groups.Filter != "" {
		if _, err := ldap.CompileFilter(s.Groups.Filter); err != nil {
			return invalid("groups.filter", "the filter %q is not an LDAP filter (RFC 4515); an example: %s", s.Groups.Filter, mapping.DefaultGroupFilters[s.Kind])
		}
	}
	return mapping.CheckAttribute("groups.name", s.Groups.Name)
}

func (s Settings) validateBases() error {
	if len(s.BaseDNs) == 0 {
		return invalid("baseDNs", "there is no base DN; give one like OU=People,DC=corp,DC=example,DC=com")
	}
	if err := validateNames("baseDNs", s.BaseDNs); err != nil {
		return err
	}
	_, err := s.Domain()
	return err
}

// Domain is the Active Directory domain that is read; empty for other directories (DIR-02).
func (s Settings) Domain() (string, error) {
	if s.Kind != AD {
		return "", nil
	}
	return directory.DomainOf(s.BaseDNs)
}

func validateNames(list string, dns []string) error {
	parsed := make([]*ldap.DN, len(dns))
	for i, base := range dns {
		field := fmt.Sprintf("%s[%d]", list, i)
		dn, err := ldap.ParseDN(base)
		if err != nil || len(dn.RDNs) == 0 {
			return invalid(field, "%q is not a distinguished name; give one like OU=People,DC=corp,DC=example,DC=com", base)
		}
		for _, other := range parsed[:i] {
			if dn.EqualFold(other) || dn.AncestorOfFold(other) || other.AncestorOfFold(dn) {
				return invalid(field, "the base DN %q overlaps another one; everything would be read twice", base)
			}
		}
		parsed[i] = dn
	}
	return nil
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
