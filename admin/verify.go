package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"rollcall/identity"
)

// MaxToken is the length of a token in bytes.
const MaxToken = 16 << 10

// algorithms are the signatures that are accepted: asymmetric ones only, so that no public key can pass for a secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// keysOf is one issuer. Discovery waits for the first token, so that the server starts though the issuer is down.
type keysOf struct {
	Issuer
	way   way
	clock identity.Clock

	mu     sync.Mutex // held while the issuer is asked; guards what follows
	verify *oidc.IDTokenVerifier
	last   attempt
}

// person verifies a token. The error is a badToken, or an *unreachable if the issuer cannot be asked for its keys.
func (v *verifier) person(ctx context.Context, token string) (identity.Person, error) {
	if len(token) > MaxToken {
		return identity.Person{}, tokenTooLong
	}
	claimed, err := claimedIssuer(token)
	if err != nil {
		return identity.Person{}, err
	}
	issuer, provider, err := v.trusted(ctx, claimed)
	if err != nil {
		return identity.Person{}, err
	}
	t, err := issuer.signed(ctx, token)
	if err != nil {
		return identity.Person{}, err
	}
	p, err := accept(issuer.Issuer, t, v.clock.Now())
	p.Provider = provider
	return p, err
}

// claimedIssuer reads the issuer of a token that nothing is known of yet, only to choose whose keys it is checked with.
func claimedIssuer(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", tokenMalformed
	}
	var header struct {
		Algorithm jose.SignatureAlgorithm `json:"alg"`
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	for part, into := range map[string]any{parts[0]: &header, parts[1]: &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || json.Unmarshal(raw, into) != nil {
			return "", tokenMalformed
		}
	}
	if !slices.Contains(algorithms, header.Algorithm) {
		return "", tokenAlgorithm
	}
	return claims.Issuer, nil
}

// signed returns the token if the issuer signed it.
func (k *keysOf) signed(ctx context.Context, token string) (*oidc.IDToken, error) {
	verify, err := k.ready()
	if err != nil {
		return nil, err
	}
	var failure keyFailure
	t, err := verify.Verify(context.WithValue(ctx, keyFailureKey{}, &failure), token)
	var down *unreachable
	switch {
	case err == nil:
		return t, nil
	case errors.As(failure.err, &down):
		return nil, down
	case errors.Is(failure.err, errNoKey):
		return nil, tokenSignature
	}
	return nil, tokenMalformed
}

// ready asks the issuer where its keys are, once that is needed and until it has answered, with a pause after every failure.
func (k *keysOf) ready() (*oidc.IDTokenVerifier, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.verify != nil {
		return k.verify, nil
	}
	now := k.clock.Now()
	if !k.last.again(now) {
		return nil, k.last.err
	}
	verify, err := k.discover()
	if err != nil {
		err = &unreachable{cause: err}
	}
	k.verify, k.last = verify, attempt{at: now, err: err}
	return verify, err
}

// discover reads the issuer's own description (OpenID Connect Discovery 1.0 section 4). It does not end with the request that
// needed it: others wait for the same.
func (k *keysOf) discover() (*oidc.IDTokenVerifier, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), k.way.client), k.URL)
	if err != nil {
		return nil, err
	}
	var found struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&found); err != nil {
		return nil, err
	}
	u, err := url.Parse(found.Keys)
	if err != nil || u.Host == "" {
		return nil, errors.New("the issuer's discovery document has no usable jwks_uri")
	}
	if err := k.way.permits(u); err != nil {
		return nil, err
	}
	keys := tellingKeys{&keySet{url: found.Keys, client: k.way.client, clock: k.clock}}
	config := &oidc.Config{
		// Audience and dates are checked by accept, which can tell one from the other.
		SkipClientIDCheck: true, SkipExpiryCheck: true,
	}
	for _, algorithm := range algorithms {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(algorithm))
	}
	return oidc.NewVerifier(k.URL, keys, config), nil
}

// tellingKeys leaves the error of a failed verification where the caller finds it: the verifier above it keeps the text only.
type tellingKeys struct{ *keySet }

type keyFailureKey struct{}

type keyFailure struct{ err error }

func (k tellingKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.keySet.VerifySignature(ctx, token)
	if failure, ok := ctx.Value(keyFailureKey{}).(*keyFailure); ok {
		failure.err = err
	}
	return payload, err
}
