package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"

	"rollcall/identity"
)

// errNoKey says that none of the issuer's keys made the signature.
var errNoKey = errors.New("admin: no key of the issuer verifies the signature")

// keySet is the keys of an issuer. It fetches them when a signature does not verify with those it has, which is how keys
// rotate (OpenID Connect Core 1.0 section 10.1.1), but never within the pause after the last fetch. go-oidc's own key set
// knows no pause: with it every bad token is a request to the issuer.
type keySet struct {
	url    string
	client *http.Client
	clock  identity.Clock

	mu   sync.RWMutex
	keys []jose.JSONWebKey

	fetching sync.Mutex // held while the issuer is asked; guards last
	last     attempt
}

// VerifySignature returns the payload of a token that one of the keys signed. The error is errNoKey, or an *unreachable if
// new keys were needed and could not be had. Algorithm, issuer and dates are the caller's to check.
func (k *keySet) VerifySignature(_ context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, err
	}
	if payload, ok := verify(signed, k.present()); ok {
		return payload, nil
	}
	if err := k.refresh(); err != nil {
		return nil, err
	}
	if payload, ok := verify(signed, k.present()); ok {
		return payload, nil
	}
	return nil, errNoKey
}

func verify(signed *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, bool) {
	id := signed.Signatures[0].Header.KeyID
	for i := range keys {
		if id != "" && keys[i].KeyID != id {
			continue
		}
		if payload, err := signed.Verify(&keys[i]); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func (k *keySet) present() []jose.JSONWebKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys
}

// refresh fetches the keys unless that was done a moment ago; then it says what came of it. Calls that come together wait for
// one fetch.
func (k *keySet) refresh() error {
	k.fetching.Lock()
	defer k.fetching.Unlock()
	now := k.clock.Now()
	if !k.last.again(now) {
		return k.last.err
	}
	keys, err := k.fetch()
	if err != nil {
		err = &unreachable{cause: err}
	} else {
		k.mu.Lock()
		k.keys = keys
		k.mu.Unlock()
	}
	k.last = attempt{at: now, err: err}
	return err
}

// fetch reads the issuer's public signing keys. One of a kind that is not understood does not spoil the others (RFC 7517
// section 5).
func (k *keySet) fetch() ([]jose.JSONWebKey, error) {
	response, err := k.client.Get(k.url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil && key.IsPublic() && key.Use != "enc" {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the issuer has no public signing key that can be used")
	}
	return keys, nil
}
