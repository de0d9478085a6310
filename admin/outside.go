package admin

import (
	"fmt"
	"net"
	"net/http"
	"net/url"

	"rollcall/internal/outside"
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
	dialer := net.Dialer{Timeout: issuerTimeout, Control: outside.OnlyPublic}
	transport.Proxy, transport.DialContext = nil, dialer.DialContext
	return way{client: clientOver(transport), permits: onlyHTTPS}
}

func onlyHTTPS(u *url.URL) error {
	if u.Scheme != "https" {
		return fmt.Errorf("%q must be an https URL", u.Redacted())
	}
	return nil
}
