// Package demoissuer is a small OpenID Connect issuer for demonstrations: it publishes its discovery document and its key
// (OpenID Connect Discovery 1.0 section 4) and signs tokens for whoever holds it.
//
// Its one idea: what verifies tokens meets a real issuer over HTTP, and nobody has to install one. Devices can log in too (RFC
// 8628), but it asks nobody for a password: the program around it decides. So it must not be used for anything else.
package demoissuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const keyID = "demo-1"

// Issuer signs tokens. Its handler answers below the path of its URL.
type Issuer struct {
	url    string
	key    *ecdsa.PrivateKey
	signer jose.Signer
	mux    *http.ServeMux

	devices devices
}

// New returns an issuer that is reached at url ("http://127.0.0.1:4567"), with a key of its own.
func New(url string) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("demoissuer: make a key: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader(jose.HeaderKey("kid"), keyID))
	if err != nil {
		return nil, fmt.Errorf("demoissuer: prepare to sign: %w", err)
	}
	i := &Issuer{url: url, key: key, signer: signer, mux: http.NewServeMux()}
	i.mux.HandleFunc("GET /.well-known/openid-configuration", i.configuration)
	i.mux.HandleFunc("GET /keys", i.keys)
	i.mux.HandleFunc("POST /device", i.authorizeDevice)
	i.mux.HandleFunc("POST /token", i.token)
	return i, nil
}

// URL is the issuer's name, which tokens carry as "iss".
func (i *Issuer) URL() string { return i.url }

func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.mux.ServeHTTP(w, r) }

// Token returns a signed token for a person (RFC 9068 section 2.2), good from now for the given time.
func (i *Issuer) Token(subject, audience string, now time.Time, valid time.Duration) (string, error) {
	token, err := jwt.Signed(i.signer).Claims(jwt.Claims{
		Issuer: i.url, Subject: subject, Audience: jwt.Audience{audience}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(valid)),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("demoissuer: sign: %w", err)
	}
	return token, nil
}

func (i *Issuer) configuration(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{
		"issuer": i.url, "jwks_uri": i.url + "/keys", "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token",
		"device_authorization_endpoint": i.url + "/device", "grant_types_supported": []string{deviceGrant, "refresh_token"},
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{string(jose.ES256)},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"}}})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encode(w, v)
}

func encode(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the client has gone
	}
}
