package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
)

// MaxUserAgent is how much of a client's name for itself is kept, in bytes.
const MaxUserAgent = 200

// Proxies are the networks whose machines are believed when they say for whom they ask.
type Proxies []netip.Prefix

// Address returns where a request came from, without the port: the other end of the connection, unless that is a proxy. Then it
// is the last address in X-Forwarded-For that is no proxy itself; what stands before it, anybody could have written there.
func (p Proxies) Address(r *http.Request) string {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	if !p.include(address) {
		return address
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0; i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			return address
		}
		address = next.Unmap().WithZone("").String()
		if !p.include(address) {
			return address
		}
	}
	return address
}

func (p Proxies) include(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, network := range p {
		if network.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// UserAgent returns what a client calls itself, fit to be stored: printable and not long.
func UserAgent(r *http.Request) string {
	name := strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, strings.ToValidUTF8(r.UserAgent(), ""))
	if len(name) > MaxUserAgent {
		name = strings.ToValidUTF8(name[:MaxUserAgent], "")
	}
	return name
}
