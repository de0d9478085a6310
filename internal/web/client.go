package web

import (
	"net"
	"net/http"
	"strings"
	"unicode"
)

// MaxUserAgent is how much of a client's name for itself is kept, in bytes.
const MaxUserAgent = 200

// Address returns where a request came from, without the port.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
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
