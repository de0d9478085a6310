package admin_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
)

func TestAnIssuerIsTrustedByItsOwnCertificates(t *testing.T) {
	i := &issuer{t: t, key: newKey(t, "k1"), fetches: map[string]int{}}
	i.server = httptest.NewTLSServer(i)
	t.Cleanup(i.server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw}), 0o600))
	for name, c := range map[string]struct {
		caFile string
		status int
	}{
		"with its CA file":               {file, http.StatusOK},
		"with the system's certificates": {"", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, newIssuer(t), admin.Issuer{URL: i.url(), Audience: audience, CAFile: c.caFile})
			claims := w.claims("ada")
			claims["iss"] = i.url()
			require.Equal(t, c.status, w.get(mine, i.token(claims)).status)
		})
	}
}

func TestAnIssuerThatRedirectsIsNotFollowed(t *testing.T) {
	good := newIssuer(t)
	evil := httptest.NewServer(http.RedirectHandler(good.url()+"/.well-known/openid-configuration", http.StatusFound))
	t.Cleanup(evil.Close)
	w := newWorldWith(t, good, admin.Issuer{URL: evil.URL, Audience: audience})
	claims := w.claims("ada")
	claims["iss"] = evil.URL
	w.get(mine, good.token(claims)).refused(http.StatusServiceUnavailable, "ISSUER_UNAVAILABLE")
	require.Zero(t, good.fetched("/.well-known/openid-configuration"))
}

func TestKeysThatAreNotUnderstoodDoNotSpoilTheOthers(t *testing.T) {
	w := newWorld(t)
	w.administrator(w.org("Example"), "ada", identity.RoleFull)
	secret := []byte("a secret that somebody published!")
	sealing := newKey(t, "sealing")
	w.issuer.change(func(i *issuer) {
		i.mangle = func(path string, d map[string]any) {
			if path != "/keys" {
				return
			}
			keys := []any{
				map[string]any{"kty": "OKP", "crv": "Ed448", "x": "AA", "kid": "new"}, map[string]any{"kty": "future"}, "rubbish",
				jose.JSONWebKey{Key: secret, KeyID: "secret", Algorithm: "HS256"},
				jose.JSONWebKey{Key: sealing.private.Public(), KeyID: "sealing", Use: "enc"},
			}
			for _, k := range d["keys"].([]jose.JSONWebKey) {
				keys = append(keys, k)
			}
			d["keys"] = keys
		}
	})
	w.get(mine, w.token("ada")).is(http.StatusOK)
	w.get(mine, sign(t, secret, "secret", "HS256", w.claims("ada"))).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	w.get(mine, sign(t, sealing.private, "sealing", "ES256", w.claims("ada"))).refused(http.StatusUnauthorized, "INVALID_TOKEN")
}

func TestATokenWithoutAKeyIDIsCheckedWithEveryKey(t *testing.T) {
	w := newWorld(t)
	w.administrator(w.org("Example"), "ada", identity.RoleFull)
	w.get(mine, sign(t, w.issuer.key.private, "", "ES256", w.claims("ada"))).is(http.StatusOK)
	w.get(mine, sign(t, newKey(t, "").private, "", "ES256", w.claims("ada"))).refused(http.StatusUnauthorized, "INVALID_TOKEN")
}

func TestAnIssuerThatCannotBeTrustedIsRefusedAtTheStart(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing.pem")
	require.NoError(t, os.WriteFile(nothing, []byte("no certificate"), 0o600))
	w := newWorld(t)
	options := func(i ...admin.Issuer) admin.Options {
		return admin.Options{Service: w.Service, Clock: w.clock, Logger: newLogger(), Issuers: i}
	}
	good := admin.Issuer{URL: "https://login.example.com/tenant", Audience: "a"}
	for name, c := range map[string]struct {
		issuers []admin.Issuer
		says    string
	}{
		"plain HTTP":            {[]admin.Issuer{good, {URL: "http://login.example.com", Audience: "a"}}, `issuers[1]: "http://login.example.com" must be an https URL`},
		"no audience":           {[]admin.Issuer{{URL: "https://login.example.com"}}, "issuers[0]: the audience is missing"},
		"no URL":                {[]admin.Issuer{{Audience: "a"}}, "is not an issuer URL"},
		"a query":               {[]admin.Issuer{{URL: "https://login.example.com?x=1", Audience: "a"}}, "is not an issuer URL"},
		"twice":                 {[]admin.Issuer{good, good}, "issuers[1]: https://login.example.com/tenant is there twice"},
		"a CA file that is not": {[]admin.Issuer{{URL: good.URL, Audience: "a", CAFile: nothing + "x"}}, "the CA file cannot be read"},
		"an empty CA file":      {[]admin.Issuer{{URL: good.URL, Audience: "a", CAFile: nothing}}, "has no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := admin.New(options(c.issuers...))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := admin.New(options(good, admin.Issuer{URL: "http://127.0.0.1:9", Audience: "a"}))
	require.NoError(t, err, "on this machine plain HTTP is as good")
}
