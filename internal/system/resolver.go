package system

import (
	"context"
	"errors"
	"net"
	"time"

	"rollcall/identity"
)

// dnsTimeout bounds one question to the DNS, with all its repetitions.
const dnsTimeout = 10 * time.Second

// Resolver asks the DNS: by the machine's settings, or one name server only. It remembers nothing.
type Resolver struct {
	Server string // host and port of a name server; empty: the machine's settings
}

// TXT returns the texts at a name. It follows aliases, and joins the strings of each record (RFC 7208 section 3.3 does the same).
func (r Resolver) TXT(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	// The dot at the end keeps search domains out of it.
	found, err := r.resolver().LookupTXT(ctx, name+".")
	var failed *net.DNSError
	switch {
	case err == nil:
		return found, nil
	case errors.As(err, &failed) && failed.IsNotFound:
		return nil, identity.Refuse(identity.NotFound, identity.RuleDomainTXTNotFound, "there is no TXT record at %s", name)
	case errors.As(err, &failed) && failed.IsTimeout:
		return nil, &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleDNSUnavailable, Detail: "the DNS did not answer in time", Err: err}
	}
	return nil, &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleDNSUnavailable, Detail: "the DNS did not answer properly", Err: err}
}

func (r Resolver) resolver() *net.Resolver {
	if r.Server == "" {
		return &net.Resolver{PreferGo: true}
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, r.Server)
	}}
}
