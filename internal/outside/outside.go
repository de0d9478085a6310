// Package outside tells addresses that anybody on the internet could have from those that only this machine can reach.
//
// Its one idea: an administrator of one of many organizations may have the server ask a machine, so the address is looked at when the
// connection is made. A check of the name alone is passed by a name that resolves to another address a moment later.
//
// It must not know who is asked what.
package outside

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// ErrNotPublic is an address that somebody from outside must not have us ask.
var ErrNotPublic = errors.New("the address is not a public one")

// OnlyPublic is a net.Dialer's Control: it sees the address that is about to be connected to.
func OnlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !Public(to.Addr()) {
		return fmt.Errorf("%w: %s", ErrNotPublic, to.Addr())
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

// Public reports whether an address is one that anybody on the internet could have.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}
