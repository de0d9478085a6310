package admin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestOnlyPublicAddressesAreOutside(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.215.14": true, "2606:2800:21f:cb07:6820:80da:af6b:8b2c": true, "::ffff:93.184.215.14": true,
		"172.32.0.1": true, "100.128.0.1": true, "11.0.0.1": true,
		"127.0.0.1": false, "127.255.255.254": false, "::1": false, "::ffff:127.0.0.1": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false, "::ffff:10.0.0.1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false,
		"224.0.0.1": false, "239.1.2.3": false, "ff02::1": false, "ff0e::1": false,
		"0.0.0.0": false, "::": false, "0.1.2.3": false,
		"100.64.0.1": false, "198.18.0.1": false, "192.0.0.8": false, "255.255.255.255": false, "240.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::1": false, "2001::1": false, "::7f00:1": false, "fec0::1": false,
	} {
		require.Equal(t, want, public(netip.MustParseAddr(text)), text)
	}
}

func TestTheWayOutsideDoesNotLeadInside(t *testing.T) {
	asked := false
	inside := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked = true }))
	defer inside.Close()
	u, err := url.Parse(inside.URL)
	require.NoError(t, err)
	closed := wayOutside(false)
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0"} {
		_, err := closed.client.Get("https://" + host + ":" + u.Port() + "/")
		require.ErrorIs(t, err, errNotPublic, host)
	}
	require.False(t, asked)
	require.Error(t, closed.permits(&url.URL{Scheme: "http", Host: "127.0.0.1"}))
	require.Error(t, closed.permits(&url.URL{Scheme: "http", Host: "login.example.com"}))
	require.NoError(t, closed.permits(u))

	open := wayOutside(true)
	_, err = open.client.Get(inside.URL)
	require.Error(t, err, "its certificate is not one that the system trusts")
	require.False(t, errors.Is(err, errNotPublic))
	require.NoError(t, open.permits(&url.URL{Scheme: "http", Host: "127.0.0.1"}))
	require.Error(t, open.permits(&url.URL{Scheme: "http", Host: "login.example.com"}))
}

func TestTheWayOutsideUsesNoProxy(t *testing.T) {
	transport := wayOutside(false).client.Transport.(wholeJSON).next.(*http.Transport)
	require.Nil(t, transport.Proxy, "a proxy would connect to what we must not")
}

func TestTheVerifierRemembersABoundedNumberOfIssuers(t *testing.T) {
	v := &verifier{outside: wayOutside(false), others: map[string]registered{}}
	for n := range maxProviders + 10 {
		_, err := v.registered(identity.IdentityProvider{Issuer: "https://login.example.com/" + strconv.Itoa(n), Audience: "a"})
		require.NoError(t, err)
		require.LessOrEqual(t, len(v.others), maxProviders)
	}
	last := identity.IdentityProvider{Issuer: "https://login.example.com/" + strconv.Itoa(maxProviders+9), Audience: "a"}
	known, err := v.registered(last)
	require.NoError(t, err)
	same, err := v.registered(last)
	require.NoError(t, err)
	require.Same(t, known, same)
	last.UpdatedAt = last.UpdatedAt.Add(1)
	changed, err := v.registered(last)
	require.NoError(t, err)
	require.NotSame(t, known, changed)
	require.Equal(t, maxProviders, len(v.others), "a change takes no other's place")
}
