package admin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/outside"
)

func TestTheWayOutsideDoesNotLeadInside(t *testing.T) {
	asked := false
	inside := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked = true }))
	defer inside.Close()
	u, err := url.Parse(inside.URL)
	require.NoError(t, err)
	closed := wayOutside(false)
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0"} {
		_, err := closed.client.Get("https://" + host + ":" + u.Port() + "/")
		require.ErrorIs(t, err, outside.ErrNotPublic, host)
	}
	require.False(t, asked)
	require.Error(t, closed.permits(&url.URL{Scheme: "http", Host: "127.0.0.1"}))
	require.Error(t, closed.permits(&url.URL{Scheme: "http", Host: "login.example.com"}))
	require.NoError(t, closed.permits(u))

	open := wayOutside(true)
	_, err = open.client.Get(inside.URL)
	require.Error(t, err, "its certificate is not one that the system trusts")
	require.False(t, errors.Is(err, outside.ErrNotPublic))
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
