package system_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/system"
)

func nameServer(t *testing.T) *fixtures.NameServer {
	t.Helper()
	s, err := fixtures.StartNameServer()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestDOM01_WhatTheDNSSays(t *testing.T) {
	server := nameServer(t)
	for name, c := range map[string]struct {
		dns   *fixtures.DNSAnswer // nil: there is no such name
		texts []string
		kind  identity.Kind
	}{
		"one.example":     {dns: &fixtures.DNSAnswer{Texts: [][]string{{"v=1"}}}, texts: []string{"v=1"}},
		"several.example": {dns: &fixtures.DNSAnswer{Texts: [][]string{{"v=1"}, {"v=2"}}}, texts: []string{"v=1", "v=2"}},
		"split.example":   {dns: &fixtures.DNSAnswer{Texts: [][]string{{"one record ", "in two strings"}}}, texts: []string{"one record in two strings"}},
		"alias.example":   {dns: &fixtures.DNSAnswer{Alias: "target.example", Texts: [][]string{{"of the target"}}}, texts: []string{"of the target"}},
		"other.example":   {dns: &fixtures.DNSAnswer{}, kind: identity.NotFound},
		"none.example":    {kind: identity.NotFound},
		"broken.example":  {dns: &fixtures.DNSAnswer{Code: dnsmessage.RCodeServerFailure}, kind: identity.Unavailable},
		"refused.example": {dns: &fixtures.DNSAnswer{Code: dnsmessage.RCodeRefused}, kind: identity.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if c.dns != nil {
				server.Set(name, *c.dns)
			}
			texts, err := system.Resolver{Server: server.Address()}.TXT(t.Context(), name)
			if c.kind != identity.Internal {
				require.Error(t, err)
				require.Equal(t, c.kind, identity.KindOf(err), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.texts, texts)
		})
	}
}

func TestDOM01_ANameServerThatIsSilentIsNotAnAnswer(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	_, err = system.Resolver{Server: conn.LocalAddr().String()}.TXT(t.Context(), "one.example")
	require.Equal(t, identity.Unavailable, identity.KindOf(err), "%v", err)
}

func TestDOM16_NothingIsRemembered(t *testing.T) {
	server := nameServer(t)
	_, err := system.Resolver{Server: server.Address()}.TXT(t.Context(), "late.example")
	require.Equal(t, identity.NotFound, identity.KindOf(err), "%v", err)
	server.Publish("late.example", "now")
	texts, err := system.Resolver{Server: server.Address()}.TXT(t.Context(), "late.example")
	require.NoError(t, err)
	require.Equal(t, []string{"now"}, texts)
}
