package ldap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

func TestAPasswordDoesNotShowItself(t *testing.T) {
	s := ldap.Settings{Kind: ldap.AD, Password: ldap.NewPassword("hunter2")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(format, s), "hunter2", format)
		require.NotContains(t, fmt.Sprintf(format, s.Password), "hunter2", format)
	}
	for _, v := range []any{s, s.Password} {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "hunter2")
	}
}

func TestASealedPasswordGoesToNobodyElse(t *testing.T) {
	before := ldap.Settings{Kind: ldap.AD, URLs: []string{"ldaps://dc1.corp.example"}, BindDN: "CN=reader", BaseDNs: []string{"DC=corp"}, Password: ldap.KeptPassword()}
	for name, c := range map[string]struct {
		edit  func(*ldap.Settings)
		given bool
		names string // empty: allowed
	}{
		"another filter":          {func(s *ldap.Settings) { s.Filter = "(a=b)" }, false, ""},
		"another host":            {func(s *ldap.Settings) { s.URLs = []string{"ldaps://evil.example"} }, false, "urls"},
		"other authorities":       {func(s *ldap.Settings) { s.CA = "PEM" }, false, "ca"},
		"another host, given":     {func(s *ldap.Settings) { s.URLs, s.Password = []string{"ldaps://dc2"}, ldap.NewPassword("new") }, true, ""},
		"another host, no secret": {func(s *ldap.Settings) { s.URLs, s.Password = []string{"ldaps://dc2"}, ldap.Password{} }, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			after := before
			c.edit(&after)
			err := after.CheckSecret(before, c.given)
			if c.names == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.names+" changed, and the password of before is not sent to whoever answers now; give bindPassword again")
		})
	}
}

func TestAConnectorOpensWithThePasswordThatIsKeptForIt(t *testing.T) {
	n := identity.Connector{ID: "n1", Org: "o1", Kind: ldap.AD, Secret: "sealed",
		Settings: []byte(`{"kind":"ad","urls":["ldap://127.0.0.1:1"],"bindDN":"CN=reader","baseDNs":["DC=corp"]}`)}
	opened := func(text string, err error) ldap.Opener {
		return ldap.Opener{Now: time.Now, Unseal: func(got identity.Connector) (string, error) {
			require.Equal(t, n.ID, got.ID)
			return text, err
		}}
	}
	_, err := opened("hunter2", nil).Open(t.Context(), n)
	require.NoError(t, err)
	missing := identity.Refuse(identity.Unavailable, "SECRET_KEY_UNKNOWN", "the key ab is not there")
	_, err = opened("", missing).Open(t.Context(), n)
	require.ErrorIs(t, err, missing)

	source, err := ldap.Opener{Now: time.Now}.Open(t.Context(), n)
	require.NoError(t, err, "what does not ask the directory needs no key")
	_, err = source.Snapshot(t.Context(), nil)
	require.ErrorContains(t, err, "kept sealed, and was not opened", "never an anonymous bind")

	both := n
	both.Settings = []byte(`{"kind":"ad","urls":["ldap://127.0.0.1:1"],"bindDN":"CN=reader","bindPasswordFile":"x","baseDNs":["DC=corp"]}`)
	_, err = opened("hunter2", nil).Open(t.Context(), both)
	require.ErrorContains(t, err, "use one of the two")
}

func TestServersThatAnOrganizationChoseHavePublicAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	asked := make(chan struct{}, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			asked <- struct{}{}
			_ = c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	read := func(url string, publicOnly, private bool) error {
		s := ldap.Settings{Kind: ldap.AD, URLs: []string{url}, BindDN: "CN=reader", BaseDNs: []string{"DC=corp"}, PublicOnly: publicOnly,
			RetryDelay: ldap.Duration(time.Microsecond)}
		raw, err := json.Marshal(s)
		require.NoError(t, err)
		open := ldap.Opener{Now: time.Now, AllowPrivate: private, Unseal: func(identity.Connector) (string, error) { return "x", nil }}
		source, err := open.Open(t.Context(), identity.Connector{Kind: ldap.AD, Settings: raw, Secret: "sealed"})
		require.NoError(t, err)
		_, err = source.Snapshot(context.WithoutCancel(t.Context()), nil)
		require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
		return err
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		require.ErrorContains(t, read("ldaps://"+host+":"+port, true, false), "--allow-private-directories", host)
	}
	require.Empty(t, asked, "nobody was connected to")
	require.NotContains(t, read("ldaps://127.0.0.1:"+port, true, true).Error(), "--allow-private-directories")
	require.NotContains(t, read("ldaps://127.0.0.1:"+port, false, false).Error(), "--allow-private-directories")
	require.NotEmpty(t, asked)
}
