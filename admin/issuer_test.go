package admin_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// audience is what the issuer's tokens for this server have in "aud".
const audience = "rollcall"

// key is a signing key of an issuer.
type key struct {
	id      string
	private *ecdsa.PrivateKey
}

func newKey(t *testing.T, id string) key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key{id, private}
}

// issuer is an OpenID Connect provider that answers discovery and keys over HTTP, whose keys can change and which can fail.
type issuer struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	key     key
	down    bool
	mangle  func(path string, document map[string]any) // changes what it answers
	fetches map[string]int                             // answered or not, by path
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, key: newKey(t, "k1"), fetches: map[string]int{}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) url() string { return i.server.URL }

// change does something to the issuer while it serves.
func (i *issuer) change(edit func(*issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	edit(i)
}

func (i *issuer) fetched(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches[path]
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches[r.URL.Path]++
	if i.down {
		http.Error(w, "secret of the issuer", http.StatusBadGateway)
		return
	}
	document := map[string]any{}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document = map[string]any{
			"issuer": i.server.URL, "jwks_uri": i.server.URL + "/keys", "authorization_endpoint": i.server.URL + "/authorize",
			"token_endpoint": i.server.URL + "/token", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
		}
	case "/keys":
		document["keys"] = []jose.JSONWebKey{{Key: i.key.private.Public(), KeyID: i.key.id, Algorithm: "ES256", Use: "sig"}}
	default:
		http.NotFound(w, r)
		return
	}
	if i.mangle != nil {
		i.mangle(r.URL.Path, document)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document)
}

// token signs claims with the present key.
func (i *issuer) token(claims map[string]any) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return sign(i.t, i.key.private, i.key.id, "ES256", claims)
}

func sign(t *testing.T, private crypto.PrivateKey, id, algorithm string, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	return oidctest.SignIDToken(private, id, algorithm, string(text))
}
