package admin

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"

	"rollcall/identity"
)

// leeway is how far the issuer's clock may be from ours, in either direction (RFC 7519 section 4.1.4: "a few minutes" at most).
const leeway = time.Minute

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
	tokenNoParty       badToken = "the token is for several audiences and has no azp, which would say who asked for it"
	tokenParty         badToken = "the token was issued to a client that is not accepted here"
	tokenExpired       badToken = "the token has expired; get a new one from its issuer"
	tokenNotYetValid   badToken = "the token is not valid yet"
	tokenFromTomorrow  badToken = "the token was issued in the future; the clocks of its issuer and of this server differ by more than a minute"
	tokenWithoutPerson badToken = "the token has no subject"
)

// told is what a token says beside what go-oidc reads.
type told struct {
	NotBefore     float64 `json:"nbf"`
	Party         string  `json:"azp"`
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified truth   `json:"email_verified"`
}

// truth is a JSON boolean that some issuers send as text.
type truth bool

func (b *truth) UnmarshalJSON(raw []byte) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	*b = v == true || v == "true"
	return nil
}

// accept checks what a token that its issuer signed says.
func accept(issuer Issuer, t *oidc.IDToken, now time.Time) (identity.Person, error) {
	var claims told
	if err := t.Claims(&claims); err != nil {
		return identity.Person{}, tokenMalformed
	}
	if err := checkParty(issuer, t.Audience, claims.Party); err != nil {
		return identity.Person{}, err
	}
	latest := now.Add(leeway)
	switch {
	case !now.Add(-leeway).Before(t.Expiry): // RFC 7519 section 4.1.4: on or after it; without one, never
		return identity.Person{}, tokenExpired
	case float64(latest.UnixNano()) < claims.NotBefore*1e9:
		return identity.Person{}, tokenNotYetValid
	case latest.Before(t.IssuedAt):
		return identity.Person{}, tokenFromTomorrow
	case t.Subject == "":
		return identity.Person{}, tokenWithoutPerson
	}
	p := identity.Person{Issuer: issuer.URL, Subject: t.Subject}
	// An address that is not fit to be shown is not shortened: that would make it another one.
	if readable(claims.Email) == claims.Email {
		p.Email, p.EmailVerified = claims.Email, bool(claims.EmailVerified) && claims.Email != ""
	}
	for _, name := range []string{claims.Name, claims.Email, t.Subject} {
		if p.Name = readable(name); p.Name != "" {
			break
		}
	}
	return p, nil
}

// checkParty checks for whom and to whom a token was issued (OpenID Connect Core 1.0 section 3.1.3.7, steps 3 to 5). A token
// without azp was issued to its only audience.
func checkParty(issuer Issuer, audience []string, party string) error {
	switch {
	case !slices.Contains(audience, issuer.Audience):
		return tokenAudience
	case party == "" && len(audience) > 1:
		return tokenNoParty
	case party == "":
		party = audience[0]
	}
	if len(issuer.Clients) > 0 && !slices.Contains(issuer.Clients, party) {
		return tokenParty
	}
	return nil
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
