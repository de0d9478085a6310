package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"

	"rollcall/identity"
)

// MaxToken is the length of a token in bytes.
const MaxToken = 16 << 10

// notBeforeLeeway is how far the issuer's clock may be ahead of ours.
const notBeforeLeeway = time.Minute

// algorithms are the signatures that are accepted: asymmetric ones only, so that no public key can pass for a secret.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

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
	config context.Context // carries the HTTP client, as go-oidc wants it

	mu     sync.Mutex
	verify *oidc.IDTokenVerifier
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
		client, err := i.client(newFetchLimit(clock))
		if err != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %w", n, err)
		}
		v.issuers[i.URL] = &keysOf{Issuer: i, config: oidc.ClientContext(context.Background(), client)}
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
		Algorithm string `json:"alg"`
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
	verify, err := k.discover()
	if err != nil {
		return nil, &unreachable{cause: err}
	}
	var keys keyFailure
	t, err := verify.Verify(context.WithValue(ctx, keyFailureKey{}, &keys), token)
	var down *unreachable
	switch {
	case err == nil:
		return t, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(keys.err, &down):
		return nil, down
	case keys.err != nil:
		return nil, tokenSignature
	}
	return nil, tokenMalformed
}

// discover asks the issuer where its keys are, once it is needed and until it has answered.
func (k *keysOf) discover() (*oidc.IDTokenVerifier, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.verify != nil {
		return k.verify, nil
	}
	provider, err := oidc.NewProvider(k.config, k.URL)
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
	// Audience and dates are checked by accept, which can tell one from the other.
	k.verify = oidc.NewVerifier(k.URL, remoteKeys{oidc.NewRemoteKeySet(k.config, found.Keys)},
		&oidc.Config{SupportedSigningAlgs: algorithms, SkipClientIDCheck: true, SkipExpiryCheck: true})
	return k.verify, nil
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

// remoteKeys is go-oidc's key set, which fetches the keys again for a key id that it does not know. It leaves the error of a
// failed verification where the caller finds it: the verifier above it keeps the text only.
type remoteKeys struct{ *oidc.RemoteKeySet }

type keyFailureKey struct{}

type keyFailure struct{ err error }

func (k remoteKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.RemoteKeySet.VerifySignature(ctx, token)
	if errors.Is(err, errFetchedLately) {
		// The keys may have come between the look at the old ones and the wish for new ones: look once more.
		payload, err = k.RemoteKeySet.VerifySignature(ctx, token)
	}
	if failure, ok := ctx.Value(keyFailureKey{}).(*keyFailure); ok {
		failure.err = err
	}
	return payload, err
}
