package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/require"
)

// issuer is an OpenID Connect issuer over HTTP whose keys can change.
type issuer struct {
	t     *testing.T
	url   string
	now   atomic.Pointer[oidctest.Server]
	keyID string
	key   crypto.Signer
	alg   string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { i.now.Load().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	i.url = server.URL
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i.rotate("first", key, oidc.RS256)
	return i
}

// rotate replaces the issuer's only key.
func (i *issuer) rotate(id string, key crypto.Signer, alg string) {
	i.keyID, i.key, i.alg = id, key, alg
	s := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: id, Algorithm: alg}}}
	s.SetIssuer(i.url)
	i.now.Store(s)
}

// claims says that somebody signed in a moment ago.
func (i *issuer) claims(subject string) map[string]any {
	now := time.Now()
	return map[string]any{"iss": i.url, "sub": subject, "aud": "rollcall", "azp": "console", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"email": subject + "@corp.example", "email_verified": true}
}

func (i *issuer) sign(claims map[string]any) string {
	i.t.Helper()
	raw, err := json.Marshal(claims)
	require.NoError(i.t, err)
	return oidctest.SignIDToken(i.key, i.keyID, i.alg, string(raw))
}

func (i *issuer) token(subject string) string { return i.sign(i.claims(subject)) }

// with returns a token that says something else.
func (i *issuer) with(subject, claim string, value any) string {
	claims := i.claims(subject)
	claims[claim] = value
	return i.sign(claims)
}

// forged returns a token of a header and a signature that no library would make.
func (i *issuer) forged(header map[string]any, subject string, sign func(input string) []byte) string {
	i.t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(i.t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	input := part(header) + "." + part(i.claims(subject))
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

// ask calls the API of a server and returns the status and the decoded body.
func ask(t *testing.T, s *server, method, path, token string, body io.Reader) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequest(method, s.url+"/api/v1"+path, body)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	var object map[string]any
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &object), "%s", raw)
	}
	return response.StatusCode, object
}

func TestTheServerTrustsWhomItsIssuersSign(t *testing.T) {
	i := newIssuer(t)
	db := database(t)
	org := command(t, db, "org", "create", "Corp")["id"].(string)
	other := command(t, db, "org", "create", "Other")["id"].(string)
	command(t, db, "admin", "grant", "--org", org, "--issuer", i.url, "--subject", "ada", "--role", "full")
	s := serve(t, db, "--oidc-issuer", i.url, "--oidc-audience", "rollcall", "--oidc-client", "console", "--allow-private-issuers")
	look := "/organizations/" + org

	status, body := ask(t, s, http.MethodGet, look, i.token("ada"), nil)
	require.Equal(t, http.StatusOK, status, "%v", body)
	require.Equal(t, "Corp", body["name"])

	public := i.key.Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, token := range map[string]string{
		"expired":          i.with("ada", "exp", time.Now().Add(-2*time.Minute).Unix()),
		"another audience": i.with("ada", "aud", "mail"),
		"another client":   i.with("ada", "azp", "game"),
		"another issuer":   i.with("ada", "iss", "https://login.example.net"),
		"from the future":  i.with("ada", "nbf", time.Now().Add(5*time.Minute).Unix()),
		"alg none":         i.forged(map[string]any{"alg": "none"}, "ada", func(string) []byte { return nil }),
		"HS256 with the public key": i.forged(map[string]any{"alg": "HS256", "kid": i.keyID}, "ada", func(input string) []byte {
			mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			mac.Write([]byte(input))
			return mac.Sum(nil)
		}),
		"signed by somebody else": oidctest.SignIDToken(stranger, i.keyID, oidc.RS256, `{"iss":"`+i.url+`","sub":"ada","aud":"rollcall","exp":4102444800}`),
		"no token at all":         "x",
	} {
		t.Run(name, func(t *testing.T) {
			status, body := ask(t, s, http.MethodGet, look, token, nil)
			require.Equal(t, http.StatusUnauthorized, status, "%v", body)
			require.Equal(t, "INVALID_TOKEN", body["code"])
		})
	}

	t.Run("a person without a role learns nothing", func(t *testing.T) {
		for _, path := range []string{look, "/organizations/" + other, "/organizations/018f0000-0000-7000-8000-000000000000"} {
			status, body := ask(t, s, http.MethodGet, path, i.token("eve"), nil)
			require.Equal(t, http.StatusNotFound, status)
			require.Equal(t, "UNKNOWN_ORGANIZATION", body["code"])
		}
	})

	t.Run("an organization's own issuer speaks for that organization", func(t *testing.T) {
		own := newIssuer(t)
		command(t, db, "domain", "attest", "--org", other, "corp.example")
		status, _ := ask(t, s, http.MethodGet, "/organizations", own.token("bob"), nil)
		require.Equal(t, http.StatusUnauthorized, status, "before it is registered")
		command(t, db, "sso", "set", "--org", other, own.url, "--audience", "rollcall")
		for _, o := range []string{org, other} {
			command(t, db, "admin", "grant", "--org", o, "--issuer", own.url, "--subject", "bob", "--role", "readonly")
		}
		status, _ = ask(t, s, http.MethodGet, "/organizations/"+other, own.token("bob"), nil)
		require.Equal(t, http.StatusOK, status)
		status, _ = ask(t, s, http.MethodGet, look, own.token("bob"), nil)
		require.Equal(t, http.StatusNotFound, status, "not for another organization")
		command(t, db, "sso", "set", "--org", other, own.url, "--audience", "rollcall", "--no-active")
		status, _ = ask(t, s, http.MethodGet, "/organizations/"+other, own.token("bob"), nil)
		require.Equal(t, http.StatusUnauthorized, status, "at once when it is switched off")
	})

	t.Run("keys rotate", func(t *testing.T) {
		old := i.token("ada")
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		i.rotate("second", key, oidc.ES256)
		require.Eventually(t, func() bool {
			status, _ := ask(t, s, http.MethodGet, look, i.token("ada"), nil)
			return status == http.StatusOK
		}, 30*time.Second, 250*time.Millisecond, "there is a pause of ten seconds between two looks at an issuer's keys")
		status, _ := ask(t, s, http.MethodGet, look, old, nil)
		require.Equal(t, http.StatusUnauthorized, status, "the old key is not trusted any longer")
	})
}
