package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
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
		return err
	}
	e := identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "%s at %s failed: %s", doing, s.settings.URL, s.diagnosis(err))
	e.Err = err
	return e
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
	)
	switch {
	case errors.As(err, &authority):
		from := "the system's authorities"
		if s.settings.CAFile != "" {
			from = "the authorities in " + s.settings.CAFile
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
	if errors.As(err, &handshake) {
		return "no encrypted connection came about; for ldaps:// use the port for LDAPS (636), for startTLS the other one (389), and check that the server has a certificate"
	}
	var wire *ldap.Error
	if errors.As(err, &wire) {
		if text := wireTexts[wire.ResultCode]; text != "" {
			return text
		}
		if saidByServer(wire) {
			return fmt.Sprintf("the server answered with the result %d (%s)", wire.ResultCode, ldap.LDAPResultCodeMap[wire.ResultCode])
		}
	}
	var op *net.OpError
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
	return errors.As(err, &cut) || errors.As(err, &op) || ldap.IsErrorAnyOf(err, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable)
}
