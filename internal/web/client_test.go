package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/internal/web"
)

func TestProxies_OnlyAProxyIsBelieved(t *testing.T) {
	proxies := web.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for name, c := range map[string]struct {
		trusted   web.Proxies
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":                             {nil, "192.0.2.1:4000", nil, "192.0.2.1"},
		"a stranger who claims to be a proxy":  {proxies, "192.0.2.1:4000", []string{"198.51.100.9"}, "192.0.2.1"},
		"nobody is believed without a setting": {nil, "10.0.0.1:4000", []string{"198.51.100.9"}, "10.0.0.1"},
		"one proxy":                            {proxies, "10.0.0.1:4000", []string{"198.51.100.9"}, "198.51.100.9"},
		"two proxies":                          {proxies, "10.0.0.1:4000", []string{"198.51.100.9, 10.2.2.2"}, "198.51.100.9"},
		"two proxies in two headers":           {proxies, "10.0.0.1:4000", []string{"198.51.100.9", "10.2.2.2"}, "198.51.100.9"},
		"what the client wrote does not count": {proxies, "10.0.0.1:4000", []string{"203.0.113.5, 198.51.100.9"}, "198.51.100.9"},
		"nonsense ends it":                     {proxies, "10.0.0.1:4000", []string{"198.51.100.9, unknown"}, "10.0.0.1"},
		"a proxy that says nothing":            {proxies, "10.0.0.1:4000", nil, "10.0.0.1"},
		"proxies only":                         {proxies, "10.0.0.1:4000", []string{"10.3.3.3"}, "10.3.3.3"},
		"IPv6":                                 {proxies, "[2001:db8:1::1]:4000", []string{"2001:db8:2::9"}, "2001:db8:2::9"},
		"IPv4 in IPv6":                         {proxies, "[::ffff:10.0.0.1]:4000", []string{"::ffff:198.51.100.9"}, "198.51.100.9"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			require.Equal(t, c.want, c.trusted.Address(r))
		})
	}
}

func TestUserAgent_IsFitToBeStored(t *testing.T) {
	for name, c := range map[string]struct{ given, want string }{
		"as it is":           {"curl/8.0", "curl/8.0"},
		"control characters": {"a\x1b[31mb\nc", "a[31mbc"},
		"not UTF-8":          {"a\xffb", "ab"},
		"at the limit":       {strings.Repeat("a", web.MaxUserAgent), strings.Repeat("a", web.MaxUserAgent)},
		"one past it":        {strings.Repeat("a", web.MaxUserAgent+1), strings.Repeat("a", web.MaxUserAgent)},
		"cut in a character": {strings.Repeat("a", web.MaxUserAgent-1) + "é", strings.Repeat("a", web.MaxUserAgent-1)},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("User-Agent", c.given)
			require.Equal(t, c.want, web.UserAgent(r))
		})
	}
}
