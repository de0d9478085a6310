package ldap_test

import (
	"crypto/tls"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
)

// byCertificate has the client's certificate be the account.
func byCertificate(d *fixtures.Directory) func(*ldap.Settings) {
	return func(s *ldap.Settings) {
		s.BindDN, s.BindPasswordFile, s.ClientCertFile, s.ClientKeyFile = "", "", d.ClientCertFile, d.ClientKeyFile
	}
}

func TestACertificateMayBeTheAccount(t *testing.T) {
	lenient := fixtures.StartSlapd(t, fixtures.SlapdOptions{People: 600})
	strict := fixtures.StartSlapd(t, fixtures.SlapdOptions{DemandCert: true})
	strict.AddUser(t, fixtures.User{Login: "ada", Mail: "ada@example.com"})
	for name, c := range map[string]struct {
		of    *fixtures.Directory
		edit  func(*ldap.Settings)
		count int
		says  string // empty: works
	}{
		"over LDAPS, as the account without limits": {lenient, func(*ldap.Settings) {}, 571, ""},
		"over StartTLS": {lenient, func(s *ldap.Settings) { s.URLs, s.StartTLS = []string{lenient.URL}, true }, 571, ""},
		"demanded":      {strict, func(*ldap.Settings) {}, 1, ""},
		"demanded, with a password beside it": {strict, func(s *ldap.Settings) {
			s.BindDN, s.BindPasswordFile = strict.PlainDN, passwordFile(t, strict.PlainPassword)
		}, 1, ""},
		"demanded, and none shown": {strict, func(s *ldap.Settings) {
			s.ClientCertFile, s.ClientKeyFile, s.BindDN, s.BindPasswordFile = "", "", strict.SyncDN, passwordFile(t, strict.SyncPassword)
		}, 0, "if it wants a certificate, set clientCertFile"},
		"signed by another authority": {strict, func(s *ldap.Settings) {
			s.ClientCertFile, s.ClientKeyFile = strict.StrangerCertFile, strict.StrangerKeyFile
		}, 0, "after it has seen the client's certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := connectorTo(t, c.of, "ou=People,"+c.of.BaseDN)
			byCertificate(c.of)(&settings)
			c.edit(&settings)
			got, err := open(t, settings).Snapshot(t.Context(), nil)
			if c.says == "" {
				require.NoError(t, err)
				require.Len(t, got.Entries, c.count)
				return
			}
			require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
			require.ErrorContains(t, err, c.says)
		})
	}
	settings := connectorTo(t, strict, "ou=People,"+strict.BaseDN)
	byCertificate(strict)(&settings)
	checks := examine(t, settings)
	require.Equal(t, "clock: not tried\nok: 17", outcome(checks))
	require.Equal(t, "as the certificate in "+strict.ClientCertFile, checkOf(t, checks, "bind").Seen)
	for left, want := range map[int]ldap.Result{29: ldap.CheckOK, 10: ldap.CheckWarning, -1: ldap.CheckFailed} {
		checks = examineAt(t, settings, func() time.Time { return time.Now().AddDate(0, 0, 30-left) })
		require.Equal(t, want, checkOf(t, checks, "settings").Result, "%d days left", left)
	}
	settings.ClientCertFile, settings.ClientKeyFile = strict.StrangerCertFile, strict.StrangerKeyFile
	require.Equal(t, ldap.CheckFailed, ldap.Worst(examine(t, settings)))
}

// TestACertificateThatIsMissedDuringTheHandshake is what a server says whose TLS is older.
func TestACertificateThatIsMissedDuringTheHandshake(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	own, err := tls.LoadX509KeyPair(filepath.Join(filepath.Dir(d.CAFile), "server.pem"), filepath.Join(filepath.Dir(d.CAFile), "server.key"))
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", net.JoinHostPort(address(t, d), "0"), &tls.Config{Certificates: []tls.Certificate{own}, MaxVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAnyClientCert})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1)) // has the handshake go on
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	settings := connectorTo(t, d, "ou=People,"+d.BaseDN)
	settings.URLs = []string{"ldaps://" + listener.Addr().String()}
	_, err = open(t, settings).Snapshot(t.Context(), nil)
	require.ErrorContains(t, err, "if it wants a certificate, set clientCertFile")
}

// address is the address that a directory's certificate is made out to.
func address(t testing.TB, d *fixtures.Directory) string {
	u, err := url.Parse(d.URL)
	require.NoError(t, err)
	return u.Hostname()
}

func TestSettingsOfACertificate(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	for name, c := range map[string]struct {
		edit  func(*ldap.Settings)
		field string // empty: accepted
		says  string
	}{
		"a certificate":                       {func(*ldap.Settings) {}, "", ""},
		"a certificate beside an account":     {func(s *ldap.Settings) { s.BindDN, s.BindPasswordFile = d.SyncDN, passwordFile(t, "x") }, "", ""},
		"an account without password":         {func(s *ldap.Settings) { s.BindDN = d.SyncDN }, "bindPasswordFile", "missing"},
		"a password without account":          {func(s *ldap.Settings) { s.BindPasswordFile = passwordFile(t, "x") }, "bindDN", "no bind DN that it belongs to"},
		"no key":                              {func(s *ldap.Settings) { s.ClientKeyFile = "" }, "clientKeyFile", "give clientKeyFile too"},
		"no certificate":                      {func(s *ldap.Settings) { s.ClientCertFile = "" }, "clientCertFile", "give clientCertFile too"},
		"the key of another":                  {func(s *ldap.Settings) { s.ClientKeyFile = d.StrangerKeyFile }, "clientKeyFile", "do not belong together"},
		"a certificate that is not there":     {func(s *ldap.Settings) { s.ClientCertFile += "x" }, "clientCertFile", "cannot be read"},
		"a key that is not there":             {func(s *ldap.Settings) { s.ClientKeyFile += "x" }, "clientKeyFile", "cannot be read"},
		"in clear text":                       {func(s *ldap.Settings) { s.URLs = []string{d.URL} }, "clientCertFile", "over an encrypted connection only"},
		"one of two servers in clear text":    {func(s *ldap.Settings) { s.URLs = append(s.URLs, d.URL) }, "clientCertFile", "over an encrypted connection only"},
		"servers from the DNS, in clear text": {func(s *ldap.Settings) { s.URLs, s.SRV, s.AllowPlaintext = nil, "example.org", true }, "clientCertFile", "over an encrypted connection only"},
		"servers from the DNS, over LDAPS":    {func(s *ldap.Settings) { s.URLs, s.SRV = nil, "example.org" }, "", ""},
		"neither certificate nor account":     {func(s *ldap.Settings) { s.ClientCertFile, s.ClientKeyFile = "", "" }, "bindDN", "or clientCertFile and clientKeyFile"},
		"a key that is a certificate":         {func(s *ldap.Settings) { s.ClientKeyFile = s.ClientCertFile }, "clientKeyFile", "not in PEM form"},
		"a key whose text is shown to nobody": {func(s *ldap.Settings) { s.ClientKeyFile = passwordFile(t, "secret") }, "clientKeyFile", "not in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := connectorTo(t, d, "ou=People,"+d.BaseDN)
			byCertificate(d)(&settings)
			c.edit(&settings)
			err := settings.Validate()
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var refusal *identity.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, c.field, refusal.Field)
			require.Contains(t, refusal.Detail, c.says)
			require.NotContains(t, refusal.Detail, "secret")
		})
	}
}
