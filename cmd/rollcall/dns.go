package main

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"rollcall/identity"
	"rollcall/internal/system"
)

// dnsFlag says which name server is asked about domains.
type dnsFlag struct {
	DNSServer string `name:"dns-server" env:"ROLLCALL_DNS_SERVER" placeholder:"HOST[:PORT]" help:"Name server to ask whether domains are proven, instead of those that this machine is set up with."`
}

// resolver asks the name server of the flag.
func (f dnsFlag) resolver() (identity.Resolver, error) {
	if f.DNSServer == "" {
		return system.Resolver{}, nil
	}
	const standard = "53"
	host, port, err := net.SplitHostPort(f.DNSServer)
	if ip, bare := netip.ParseAddr(f.DNSServer); bare == nil {
		host, port, err = ip.String(), standard, nil
	} else if !strings.Contains(f.DNSServer, ":") {
		host, port, err = f.DNSServer, standard, nil
	}
	if n, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || n == 0 || host == "" || strings.ContainsAny(host, "/ ") {
		return nil, bad("dns-server", "%q is no name server; use its address, such as 192.0.2.53, or with a port 192.0.2.53:5353", f.DNSServer)
	}
	return system.Resolver{Server: net.JoinHostPort(host, port)}, nil
}
