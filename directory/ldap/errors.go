package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/outside"
)

// explain turns what went wrong into an error that says what to do. What came over the wire is kept for the log only.
func (s *Source) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	var known *identity.Error
	if errors.As(err, &known) {
		return known // what is wrong with the settings is no matter of a server
	}
	e := identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "%s %s", doing, s.failed(err))
	e.Err = err
	return e
}

// failed says what went wrong, at each server that was tried.
func (s *Source) failed(err error) string {
	var tried failures
	switch {
	case !errors.As(err, &tried):
		return "failed: " + s.diagnosis(err)
	case len(tried) == 1:
		return fmt.Sprintf("at %s failed: %s", tried[0].server, s.diagnosis(tried[0].err))
	}
	texts := make([]string, len(tried))
	for i, one := range tried {
		texts[i] = fmt.Sprintf("(%d) at %s: %s", i+1, one.server, s.diagnosis(one.err))
	}
	return "failed: " + strings.Join(texts, "; ")
}

func (s *Source) diagnosis(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		cert      x509.CertificateInvalidError
		handshake *noHandshake
		much      *tooMuch
		netErr    net.Error
		dns       *net.DNSError
		nobody    *noServers
	)
	switch {
	case errors.As(err, &nobody) && len(nobody.foreign) > 0:
		return fmt.Sprintf("the DNS names only servers outside the domain (%s), and its word is not enough to send them a password; list the servers in urls", strings.Join(nobody.foreign, ", "))
	case errors.As(err, &nobody) && errors.As(err, &dns) && !dns.IsNotFound:
		return fmt.Sprintf("the DNS does not answer when it is asked for %s; look at the machine's name servers", nobody.name)
	case errors.As(err, &nobody):
		return fmt.Sprintf("the DNS names no server at %s; check the domain and the machine's name servers, or list the servers in urls", nobody.name)
	case errors.Is(err, outside.ErrNotPublic):
		return "its address is on this machine or in a private network, and only whoever runs the server decides whether such directories are asked; " +
			"have them allow it (--allow-private-directories) or set the connector up themselves"
	case errors.As(err, &authority):
		from := "the system's authorities"
		switch {
		case s.settings.CAFile != "":
			from = "the authorities in " + s.settings.CAFile
		case s.settings.CA != "":
			from = "the authorities in ca"
		}
		if s.settings.PublicOnly { // files are not theirs to name
			return fmt.Sprintf("the server's certificate is not signed by %s; put the certificate of the authority that signed it into ca", from)
		}
		return fmt.Sprintf("the server's certificate is not signed by %s; set caFile to the authority that signed it", from)
	case errors.As(err, &host):
		return fmt.Sprintf("the server's certificate is for another name (%s); use that name in the URL, or set serverName to it", certificateNames(host.Certificate))
	case errors.As(err, &cert) && cert.Reason == x509.Expired:
		return fmt.Sprintf("the server's certificate is not valid now (it is valid from %s to %s); renew it, or set this machine's clock right",
			cert.Cert.NotBefore.UTC().Format("2006-01-02 15:04"), cert.Cert.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	case errors.As(err, &cert):
		return "the server's certificate cannot be used: " + cert.Error()
	case errors.As(err, &much):
		return fmt.Sprintf("one answer had more than %d bytes (maxPageBytes); lower pageSize, or raise maxPageBytes", much.limit)
	case errors.As(err, &dns):
		return fmt.Sprintf("the host %s is not known; check the URL", dns.Name)
	case errors.As(err, &netErr) && netErr.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "the server did not answer in time; raise pageTimeout or totalTimeout if it is slow"
	}
	var op *net.OpError
	var gone *hungUp
	if errors.As(err, &gone) || errors.As(err, &op) && op.Op == "remote error" { // while TLS began
		if s.settings.ClientCertFile == "" {
			return "the server ends the encrypted connection before it says a word; if it wants a certificate, set clientCertFile and clientKeyFile"
		}
		return "the server ends the encrypted connection after it has seen the client's certificate; use one that has not expired and that an authority of the server's has signed"
	}
	if errors.As(err, &handshake) {
		return "no encrypted connection came about; for ldaps:// use the port for LDAPS (636), for startTLS the other one (389), and check that the server has a certificate"
	}
	var wire *ldap.Error
	if errors.As(err, &wire) {
		if s.settings.external() && slices.Contains(externalRefusals, wire.ResultCode) {
			return "the server takes the client's certificate for nobody; map its subject to an account (OpenLDAP: authz-regexp), and check that it is one that the server asks for"
		}
		if text := wireTexts[wire.ResultCode]; text != "" {
			return text
		}
		if saidByServer(wire) {
			return fmt.Sprintf("the server answered with the result %d (%s)", wire.ResultCode, ldap.LDAPResultCodeMap[wire.ResultCode])
		}
	}
	if errors.As(err, &op) && op.Op == "dial" {
		return "nobody answers there; check the host and the port, and that the server runs"
	}
	return "the connection broke"
}

func certificateNames(c *x509.Certificate) string {
	if c == nil {
		return "none"
	}
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "none"
	}
	return fmt.Sprint(names)
}

// externalRefusals are how servers refuse SASL EXTERNAL.
var externalRefusals = []uint16{ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultAuthMethodNotSupported}

// wireTexts explain the results (RFC 4511 section 4.1.9) that an administrator can do something about.
var wireTexts = map[uint16]string{
	ldap.LDAPResultInvalidCredentials:           "the server refused the bind DN or its password",
	ldap.LDAPResultStrongAuthRequired:           "the server wants an encrypted connection; use ldaps://, or set startTLS",
	ldap.LDAPResultConfidentialityRequired:      "the server wants an encrypted connection; use ldaps://, or set startTLS",
	ldap.LDAPResultSizeLimitExceeded:            "the server's size limit cut the answer off; lower pageSize (AD allows 1000: MaxPageSize), or raise the limit of the connector's account",
	ldap.LDAPResultTimeLimitExceeded:            "the server's time limit cut the answer off; narrow the base or the filter, or raise the limit of the connector's account",
	ldap.LDAPResultAdminLimitExceeded:           "a limit of the server cut the answer off; raise the limits of the connector's account",
	ldap.LDAPResultUnavailableCriticalExtension: "the server does not support what was asked for, most likely the paging of results (RFC 2696)",
	ldap.LDAPResultInsufficientAccessRights:     "the connector's account has no right to read there",
	ldap.LDAPResultNoSuchObject:                 "there is no such entry, or the connector's account may not see it; check the base DN and the account's rights",
	ldap.LDAPResultInvalidDNSyntax:              "the server does not take the base DN or the bind DN for a name",
	ldap.LDAPResultSyncRefreshRequired:          "the server does not remember what changed since so long ago",
	ldap.LDAPResultBusy:                         "the server is busy; try again later",
	ldap.LDAPResultUnavailable:                  "the server is shutting down; try again later",
	ldap.LDAPResultReferral:                     "the server refers to another one; give the URL of the server that holds the base DN",
	ldap.LDAPResultOperationsError:              "the server wants a bind first, or is in trouble; check the bind DN",
}

// passing reports whether the same request may well succeed a little later.
func passing(err error) bool {
	var (
		cut *broken
		op  *net.OpError
	)
	if errors.Is(err, outside.ErrNotPublic) {
		return false
	}
	return errors.As(err, &cut) || errors.As(err, &op) || ldap.IsErrorAnyOf(err, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable)
}
