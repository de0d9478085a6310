package admin

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
)

// way is how issuers are reached, and which of their URLs may be asked at all.
type way struct {
	client  *http.Client
	permits func(*url.URL) error
}

// wayOutside is the way to issuers that organizations registered. Their administrators choose the URL, so without care they
// could have this server ask machines that only it can reach. Therefore it is https only, and the address is looked at when the
// connection is made, after the name was resolved; a proxy would take that out of our hands, so there is none. With private
// set these issuers are reached like the operator's own.
func wayOutside(private bool) way {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if private {
		return way{client: clientOver(transport), permits: encrypted}
	}
	dialer := net.Dialer{Timeout: issuerTimeout, Control: onlyPublic}
	transport.Proxy, transport.DialContext = nil, dialer.DialContext
	return way{client: clientOver(transport), permits: onlyHTTPS}
}

func onlyHTTPS(u *url.URL) error {
	if u.Scheme != "https" {
		return fmt.Errorf("%q must be an https URL", u.Redacted())
	}
	return nil
}

// errNotPublic is an address that issuers of organizations must not have.
var errNotPublic = errors.New("the issuer's address is not a public one")

// onlyPublic is a net.Dialer's Control: it sees the address that is about to be connected to.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(to.Addr()) {
		return fmt.Errorf("%w: %s", errNotPublic, to.Addr())
	}
	return nil
}

// reserved are the ranges of the special-purpose registries of IANA (RFC 6890) that netip.Addr has no method for, and those
// that carry an IPv4 address to which somebody on the way may translate.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// public reports whether an address is one that anybody on the internet could have.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}
