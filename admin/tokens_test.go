package admin_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
)

const mine = "/api/v1/organizations"

func TestATokenOfATrustedIssuerIsAccepted(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	listed := w.get(mine, token).is(http.StatusOK)
	require.Len(t, listed["organizations"], 1)

	several := w.claims("ada")
	several["aud"], several["azp"] = []string{"other", audience}, "other"
	w.get(mine, w.issuer.token(several)).is(http.StatusOK)
}

func TestBadTokensAre401AndSayWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.administrator(w.org("Example"), "ada", identity.RoleFull)
	stranger := newIssuer(t)
	with := func(name string, value any) string {
		claims := w.claims("ada")
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
		return w.issuer.token(claims)
	}
	good := w.token("ada")
	public, err := x509.MarshalPKIXPublicKey(w.issuer.key.private.Public())
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	parts := strings.Split(good, ".")
	now := w.clock.Now()

	for name, c := range map[string]struct{ token, says string }{
		"expired":              {with("exp", now.Add(-time.Hour).Unix()), "expired"},
		"expired a minute ago": {with("exp", now.Add(-time.Minute).Unix()), "expired"},
		"issued in 61 seconds": {with("iat", now.Add(61*time.Second).Unix()), "issued in the future"},
		"without an expiry":    {with("exp", nil), "expired"},
		"not yet valid":        {with("nbf", now.Add(61*time.Second).Unix()), "not valid yet"},
		"for another audience": {with("aud", "another"), "audience"},
		"for nobody":           {with("aud", nil), "audience"},
		"for several audiences, asked for by nobody":   {with("aud", []string{"other", audience}), "azp"},
		"asked for by something that is no text":       {with("azp", 7), "not a signed"},
		"without a subject":                            {with("sub", nil), "subject"},
		"of an unknown issuer":                         {stranger.token(map[string]any{"iss": stranger.url(), "aud": audience, "sub": "ada", "exp": now.Add(time.Hour).Unix()}), "issuer"},
		"of an issuer with a slash more":               {with("iss", w.issuer.url()+"/"), "issuer"},
		"signed by somebody else in the issuer's name": {stranger.token(w.claims("ada")), "signature"},
		"with a key id that nobody knows":              {sign(t, w.issuer.key.private, "k9", "ES256", w.claims("ada")), "signature"},
		"without a signature (alg none)":               {segment(t, map[string]any{"alg": "none"}) + "." + parts[1] + ".", "algorithm"},
		"signed with the public key as a secret":       {sign(t, publicPEM, "k1", "HS256", w.claims("ada")), "algorithm"},
		"with another payload under a good signature":  {parts[0] + "." + segment(t, w.claims("eve")) + "." + parts[2], "signature"},
		"truncated in the signature":                   {good[:len(good)-10], "signature"},
		"truncated in the payload":                     {parts[0] + "." + parts[1][:10] + "." + parts[2], "not a signed"},
		"two parts":                                    {parts[0] + "." + parts[1], "not a signed"},
		"not a token at all":                           {"abc", "not a signed"},
		"one of ours for identity providers":           {identity.TokenPrefix + "ABC", "not a signed"},
		"100 KB long":                                  {good + strings.Repeat("a", 100<<10), "longer"},
		"one byte longer than allowed":                 {strings.Repeat("a", admin.MaxToken+1), "longer"},
		"as long as allowed, and still not a token":    {strings.Repeat("a", admin.MaxToken), "not a signed"},
		"with a date that is not one":                  {with("exp", "tomorrow"), "not a signed"},
		"with claims of roles and another audience too": {func() string {
			c := w.claims("ada")
			c["aud"], c["roles"] = "x", []string{"full"}
			return w.issuer.token(c)
		}(), "audience"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.get(mine, c.token)
			a.t = t
			require.Contains(t, a.refused(http.StatusUnauthorized, "INVALID_TOKEN"), c.says)
			challenge := a.header.Get("WWW-Authenticate")
			require.True(t, strings.HasPrefix(challenge, `Bearer realm="rollcall", error="invalid_token", error_description="`), challenge)
			require.Contains(t, challenge, c.says)
			require.NotContains(t, a.body+challenge, w.issuer.url(), "the server's settings stay its own")
		})
	}
	require.NotContains(t, w.log.String(), parts[2], "no token in the log")
	w.get(mine, good).is(http.StatusOK)
}

func TestTokensJustInsideTheirLimitsAreAccepted(t *testing.T) {
	w := newWorld(t)
	w.administrator(w.org("Example"), "ada", identity.RoleFull)
	claims := w.claims("ada")
	claims["exp"], claims["nbf"], claims["iat"] = t0.Unix(), t0.Add(time.Minute).Unix(), t0.Add(time.Minute).Unix()
	token := w.issuer.token(claims)
	w.get(mine, token).is(http.StatusOK)
	w.clock.move(time.Minute - time.Microsecond)
	w.get(mine, token).is(http.StatusOK)
	w.clock.move(time.Microsecond)
	require.Contains(t, w.get(mine, token).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "expired")
}

func segment(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

func TestWithoutATokenTheChallengeNamesNoError(t *testing.T) {
	w := newWorld(t)
	a := w.get(mine, "")
	a.refused(http.StatusUnauthorized, "INVALID_TOKEN")
	require.Equal(t, `Bearer realm="rollcall"`, a.header.Get("WWW-Authenticate"))
	a = w.call(http.MethodGet, mine, "", "", "Authorization", "Basic YTpi")
	a.refused(http.StatusUnauthorized, "INVALID_TOKEN")
	require.Contains(t, a.header.Get("WWW-Authenticate"), "invalid_token")
}

func TestKeysMayRotate(t *testing.T) {
	w := newWorld(t)
	w.administrator(w.org("Example"), "ada", identity.RoleFull)
	old := w.token("ada")
	w.get(mine, old).is(http.StatusOK)
	w.issuer.change(func(i *issuer) { i.key = newKey(t, "k2") })
	renewed := w.token("ada")
	w.get(mine, renewed).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	w.clock.move(10 * time.Second)
	w.get(mine, renewed).is(http.StatusOK)
	w.get(mine, old).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	require.Equal(t, 2, w.issuer.fetched("/keys"))
}

func TestUnknownKeysDoNotMakeTheServerAskTheIssuerAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	w.administrator(w.org("Example"), "ada", identity.RoleFull)
	w.get(mine, w.token("ada")).is(http.StatusOK)
	w.clock.move(time.Minute)
	for range 20 {
		w.get(mine, sign(t, newKey(t, "x").private, "x", "ES256", w.claims("ada"))).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	}
	require.Equal(t, 2, w.issuer.fetched("/keys"), "once for the first token, once for the first unknown key")
	w.get(mine, w.token("ada")).is(http.StatusOK)
}

func TestManyFirstCallsAtOnceAreAllAccepted(t *testing.T) {
	w := newWorld(t)
	token := w.administrator(w.org("Example"), "ada", identity.RoleFull)
	var group sync.WaitGroup
	statuses := make([]int, 32)
	for n := range statuses {
		group.Go(func() { statuses[n] = w.get(mine, token).status })
	}
	group.Wait()
	for _, status := range statuses {
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, 1, w.issuer.fetched("/keys"))
}

func TestWhileTheIssuerIsDownNothingIsAcceptedAndTheServerRuns(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*issuer)
		mended func(*issuer)
	}{
		"it answers with errors": {func(i *issuer) { i.down = true }, func(i *issuer) { i.down = false }},
		"its document names another issuer": {
			func(i *issuer) { i.mangle = func(_ string, d map[string]any) { d["issuer"] = "https://evil.example" } }, func(i *issuer) { i.mangle = nil }},
		"its keys are to be had without TLS": {
			func(i *issuer) {
				i.mangle = func(path string, d map[string]any) {
					if d["jwks_uri"] != nil {
						d["jwks_uri"] = "http://keys.example/"
					}
				}
			}, func(i *issuer) { i.mangle = nil }},
		"its keys are too long": {
			func(i *issuer) {
				i.mangle = func(path string, d map[string]any) {
					if path == "/keys" {
						d["more"] = strings.Repeat("a", 1<<20)
					}
				}
			}, func(i *issuer) { i.mangle = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.change(c.spoil)
			w := newWorldWith(t, i)
			token := w.administrator(w.org("Example"), "ada", identity.RoleFull)
			for range 3 {
				a := w.get(mine, token)
				a.refused(http.StatusServiceUnavailable, "ISSUER_UNAVAILABLE")
				require.Equal(t, "5", a.header.Get("Retry-After"))
				require.NotContains(t, a.body, "secret of the issuer")
			}
			require.LessOrEqual(t, i.fetched("/.well-known/openid-configuration"), 1, "an issuer in trouble is not asked for every request")
			require.LessOrEqual(t, i.fetched("/keys"), 1)
			i.change(c.mended)
			w.clock.move(10 * time.Second)
			w.get(mine, token).is(http.StatusOK)
		})
	}
}

func TestKnownKeysServeWhileTheIssuerIsDown(t *testing.T) {
	w := newWorld(t)
	token := w.administrator(w.org("Example"), "ada", identity.RoleFull)
	w.get(mine, token).is(http.StatusOK)
	w.issuer.change(func(i *issuer) { i.down = true })
	w.clock.move(time.Minute)
	w.get(mine, token).is(http.StatusOK)
	w.get(mine, sign(t, newKey(t, "x").private, "x", "ES256", w.claims("ada"))).refused(http.StatusServiceUnavailable, "ISSUER_UNAVAILABLE")
}

func TestROL04_AnIdentityIsIssuerAndSubjectTogether(t *testing.T) {
	other := newIssuer(t)
	w := newWorldWith(t, newIssuer(t), admin.Issuer{URL: other.url(), Audience: audience})
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleFull)
	claims := w.claims("ada")
	claims["iss"] = other.url()
	require.Empty(t, w.get(mine, other.token(claims)).is(http.StatusOK)["organizations"], "the same subject of another issuer is another person")
	claims = w.claims("eve")
	claims["email"], claims["roles"], claims["role"] = "ada@example.com", []string{"full", "admin"}, "full"
	w.get(users(org), w.issuer.token(claims)).refused(http.StatusNotFound, identity.RuleUnknownOrg)
}
