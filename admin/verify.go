package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"rollcall/identity"
)

// MaxToken is the length of a token in bytes.
const MaxToken = 16 << 10

// notBeforeLeeway is how far the issuer's clock may be ahead of ours.
const notBeforeLeeway = time.Minute

// algorithms are the signatures that are accepted: asymmetric ones only, so that no public key can pass for a secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// badToken is a token that is not accepted. Its text is told to the client and holds nothing of the server's settings.
type badToken string

func (e badToken) Error() string { return string(e) }

// The reasons why a token is not accepted.
const (
	tokenTooLong       badToken = "the token is longer than 16384 bytes"
	tokenMalformed     badToken = "the token is not a signed JSON Web Token"
	tokenAlgorithm     badToken = "the token is not signed with an accepted algorithm; use one of RS, PS, ES or EdDSA"
	tokenIssuer        badToken = "the issuer of the token is not one that this server trusts"
	tokenSignature     badToken = "the signature of the token does not verify with the keys of its issuer; if the keys changed a moment ago, try again in ten seconds"
	tokenAudience      badToken = "the token is for another audience"
	tokenExpired       badToken = "the token has expired; get a new one from its issuer"
	tokenNotYetValid   badToken = "the token is not valid yet"
	tokenWithoutPerson badToken = "the token has no subject"
)

// person is whom a token speaks of. Issuer and subject together are the identity; the name is for people to read.
type person struct {
	issuer, subject, name string
}

func (p person) actor(org identity.OrgID) identity.Actor {
	return identity.Actor{Kind: identity.Administrator, ID: p.issuer + "|" + p.subject, Name: p.name, Org: org}
}

// verifier checks tokens of several issuers.
type verifier struct {
	clock   identity.Clock
	issuers map[string]*keysOf
}

// keysOf is one issuer. Discovery waits for the first token, so that the server starts though the issuer is down.
type keysOf struct {
	Issuer
	client *http.Client
	clock  identity.Clock

	mu     sync.Mutex // held while the issuer is asked; guards what follows
	verify *oidc.IDTokenVerifier
	last   attempt
}

func newVerifier(clock identity.Clock, issuers []Issuer) (*verifier, error) {
	v := &verifier{clock: clock, issuers: map[string]*keysOf{}}
	for n, i := range issuers {
		if err := i.check(); err != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %w", n, err)
		}
		if v.issuers[i.URL] != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %s is there twice", n, i.URL)
		}
		client, err := i.client()
		if err != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %w", n, err)
		}
		v.issuers[i.URL] = &keysOf{Issuer: i, client: client, clock: clock}
	}
	return v, nil
}

// person verifies a token. The error is a badToken, or an *unreachable if the issuer cannot be asked for its keys.
func (v *verifier) person(ctx context.Context, token string) (person, error) {
	if len(token) > MaxToken {
		return person{}, tokenTooLong
	}
	claimed, err := claimedIssuer(token)
	if err != nil {
		return person{}, err
	}
	issuer := v.issuers[claimed]
	if issuer == nil {
		return person{}, tokenIssuer
	}
	t, err := issuer.signed(ctx, token)
	if err != nil {
		return person{}, err
	}
	return v.accept(issuer.Issuer, t)
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
	provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), k.client), k.URL)
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
	if err := encrypted(u); err != nil {
		return nil, err
	}
	keys := tellingKeys{&keySet{url: found.Keys, client: k.client, clock: k.clock}}
	config := &oidc.Config{
		// Audience and dates are checked by accept, which can tell one from the other.
		SkipClientIDCheck: true, SkipExpiryCheck: true,
	}
	for _, algorithm := range algorithms {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(algorithm))
	}
	return oidc.NewVerifier(k.URL, keys, config), nil
}

// accept checks what a token that its issuer signed says.
func (v *verifier) accept(issuer Issuer, t *oidc.IDToken) (person, error) {
	var claims struct {
		NotBefore float64 `json:"nbf"`
		Name      string  `json:"name"`
		Email     string  `json:"email"`
	}
	if err := t.Claims(&claims); err != nil {
		return person{}, tokenMalformed
	}
	now := v.clock.Now()
	switch {
	case !slices.Contains(t.Audience, issuer.Audience):
		return person{}, tokenAudience
	case !now.Before(t.Expiry): // RFC 7519 section 4.1.4: on or after it; without one, never
		return person{}, tokenExpired
	case float64(now.Add(notBeforeLeeway).UnixNano()) < claims.NotBefore*1e9:
		return person{}, tokenNotYetValid
	case t.Subject == "":
		return person{}, tokenWithoutPerson
	}
	for _, name := range []string{claims.Name, claims.Email, t.Subject} {
		if name = readable(name); name != "" {
			return person{issuer: issuer.URL, subject: t.Subject, name: name}, nil
		}
	}
	return person{issuer: issuer.URL, subject: t.Subject}, nil
}

// readable makes a name fit to be shown and stored: no control characters, at most 200 characters.
func readable(name string) string {
	const most = 200
	runes := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name)))
	return string(runes[:min(len(runes), most)])
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
