package admin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
)

// theirs is an organization with an issuer of its own, of which an administrator is known.
type theirs struct {
	*world
	org    identity.OrgID
	issuer *issuer
	grace  identity.Account
}

func newTheirs(t *testing.T) *theirs {
	t.Helper()
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.AllowPrivateIssuers = true })
	x := &theirs{world: w, org: w.org("Theirs"), issuer: newIssuer(t)}
	w.verify(x.org, "theirs.example")
	x.grace = w.user(x.org, "grace@theirs.example")
	x.bind(x.grace, "grace")
	x.grant(x.org, "grace")
	return x
}

// register registers the issuer, later than before.
func (x *theirs) register(edit func(*identity.IdentityProvider)) {
	x.t.Helper()
	x.clock.move(time.Second)
	p := identity.IdentityProvider{Org: x.org, Issuer: x.issuer.url(), Audience: audience, Active: true}
	if edit != nil {
		edit(&p)
	}
	_, err := x.PutIdentityProvider(x.ctx, operator, p)
	require.NoError(x.t, err)
}

func (x *theirs) bind(a identity.Account, subject string) {
	x.t.Helper()
	_, err := x.Bind(x.ctx, operator, identity.Binding{Org: a.Org, Account: a.ID, Issuer: x.issuer.url(), Subject: subject})
	require.NoError(x.t, err)
}

func (x *theirs) grant(org identity.OrgID, subject string) {
	x.t.Helper()
	_, err := x.Grant(x.ctx, operator, identity.Grant{Org: org, Issuer: x.issuer.url(), Subject: subject, Role: identity.RoleFull})
	require.NoError(x.t, err)
}

// claimed is what the organization's issuer says of a subject.
func (x *theirs) claimed(subject string) map[string]any {
	c := x.claims(subject)
	c["iss"] = x.issuer.url()
	return c
}

func (x *theirs) theirToken(subject string) string { return x.issuer.token(x.claimed(subject)) }

func TestROL04_AnOrganizationsOwnIssuerIsTrustedWhileItIsActive(t *testing.T) {
	x := newTheirs(t)
	unknown := func() {
		t.Helper()
		require.Contains(t, x.get(users(x.org), x.theirToken("grace")).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "not one that this server trusts")
	}
	unknown()
	x.register(func(p *identity.IdentityProvider) { p.Active = false })
	unknown()
	require.Zero(t, x.issuer.fetched("/keys"), "nobody is asked who is not trusted")
	x.register(nil)
	x.get(users(x.org), x.theirToken("grace")).is(http.StatusOK)
	x.get(users(x.org), x.theirToken("grace")).is(http.StatusOK)
	require.Equal(t, 1, x.issuer.fetched("/keys"), "the keys are kept")
	x.register(func(p *identity.IdentityProvider) { p.Active = false })
	unknown()
	x.register(nil)
	x.get(users(x.org), x.theirToken("grace")).is(http.StatusOK)
	require.NoError(t, x.RemoveIdentityProvider(x.ctx, operator, x.org, x.issuer.url()))
	unknown()
}

func TestAChangeOfAnOrganizationsIssuerCountsAtOnce(t *testing.T) {
	x := newTheirs(t)
	x.register(nil)
	x.get(users(x.org), x.theirToken("grace")).is(http.StatusOK)
	x.register(func(p *identity.IdentityProvider) { p.Audience = "another" })
	require.Contains(t, x.get(users(x.org), x.theirToken("grace")).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "audience")
	x.register(func(p *identity.IdentityProvider) { p.Clients = "console  app" })
	require.Contains(t, x.get(users(x.org), x.theirToken("grace")).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "client")
	for _, party := range []string{"console", "app"} {
		claims := x.claimed("grace")
		claims["azp"] = party
		x.get(users(x.org), x.issuer.token(claims)).is(http.StatusOK)
	}
}

func TestKeysOfAnOrganizationsIssuerMayRotate(t *testing.T) {
	x := newTheirs(t)
	x.register(nil)
	old := x.theirToken("grace")
	x.get(users(x.org), old).is(http.StatusOK)
	x.issuer.change(func(i *issuer) { i.key = newKey(t, "k2") })
	renewed := x.theirToken("grace")
	require.Contains(t, x.get(users(x.org), renewed).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "signature")
	x.clock.move(10 * time.Second)
	x.get(users(x.org), renewed).is(http.StatusOK)
	x.get(users(x.org), old).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	require.Equal(t, 2, x.issuer.fetched("/keys"))
}

func TestROL04_AnOrganizationsIssuerSpeaksForItsOwnPeopleOnly(t *testing.T) {
	x := newTheirs(t)
	x.register(nil)
	other := x.world.org("Other")
	x.grant(other, "stranger")
	x.grant(x.org, "stranger")
	x.get(users(other), x.theirToken("stranger")).refused(http.StatusNotFound, identity.RuleUnknownOrg)
	x.get(users(x.org), x.theirToken("stranger")).is(http.StatusOK)

	victim := x.user(other, "victim@other.example")
	x.bind(victim, "victim")
	x.grant(other, "victim")
	x.get(users(other), x.theirToken("victim")).refused(http.StatusForbidden, identity.RuleIssuerNotForAddress)

	outside := x.user(x.org, "ada@elsewhere.example")
	x.bind(outside, "ada")
	x.grant(x.org, "ada")
	x.get(users(x.org), x.theirToken("ada")).refused(http.StatusForbidden, identity.RuleIssuerNotForAddress)
}

func TestAnOrganizationsIssuerSignsOnlyForItself(t *testing.T) {
	x := newTheirs(t)
	x.register(nil)
	x.administrator(x.org, "ada", identity.RoleFull)
	require.Contains(t, x.get(users(x.org), x.issuer.token(x.claims("ada"))).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "signature",
		"in the name of the operator's issuer")
	require.Contains(t, x.get(users(x.org), x.world.issuer.token(x.claimed("grace"))).refused(http.StatusUnauthorized, "INVALID_TOKEN"), "signature")
}

func TestTheOperatorsIssuerStaysTheOperators(t *testing.T) {
	x := newTheirs(t)
	_, err := x.PutIdentityProvider(x.ctx, operator, identity.IdentityProvider{Org: x.org, Issuer: x.world.issuer.url(), Audience: "another", Active: true})
	require.NoError(t, err)
	other := x.world.org("Other")
	x.get(users(other), x.administrator(other, "ada", identity.RoleFull)).is(http.StatusOK)
}

func TestAnOrganizationsIssuerInsideIsNotAsked(t *testing.T) {
	w := newWorld(t)
	inside := newIssuer(t)
	org := w.org("Theirs")
	for _, address := range []string{inside.url(), "https" + inside.url()[len("http"):], "https://localhost:1/x"} {
		_, err := w.PutIdentityProvider(w.ctx, operator, identity.IdentityProvider{Org: org, Issuer: address, Audience: audience, Active: true})
		require.NoError(t, err)
		claims := w.claims("ada")
		claims["iss"] = address
		a := w.get(mine, inside.token(claims))
		a.refused(http.StatusServiceUnavailable, "ISSUER_UNAVAILABLE")
		require.NotContains(t, a.body, "127.0.0.1")
	}
	require.Zero(t, inside.fetched("/.well-known/openid-configuration"))
	require.Contains(t, w.log.String(), "not a public one")
	require.Contains(t, w.log.String(), "must be an https URL")
}

func TestATokenSaysWhoAskedForIt(t *testing.T) {
	type claims = map[string]any
	for name, c := range map[string]struct {
		clients []string
		says    claims
		status  int
	}{
		"one audience, nobody":                        {nil, claims{}, 200},
		"one audience, somebody":                      {nil, claims{"azp": "anybody"}, 200},
		"several audiences, somebody":                 {nil, claims{"aud": []string{"x", audience}, "azp": "anybody"}, 200},
		"several audiences, nobody":                   {nil, claims{"aud": []string{"x", audience}}, 401},
		"an accepted client":                          {[]string{"app", "console"}, claims{"azp": "console"}, 200},
		"another client":                              {[]string{"app", "console"}, claims{"azp": "evil"}, 401},
		"part of an accepted client":                  {[]string{"console"}, claims{"azp": "con"}, 401},
		"nobody, and the audience is no client":       {[]string{"app"}, claims{}, 401},
		"nobody, and the audience is the client":      {[]string{audience}, claims{}, 200},
		"several audiences, an accepted client":       {[]string{"app"}, claims{"aud": []string{"x", audience}, "azp": "app"}, 200},
		"several audiences, another client":           {[]string{"app"}, claims{"aud": []string{"x", audience}, "azp": "x"}, 401},
		"an accepted client, but not for this server": {[]string{"app"}, claims{"aud": "x", "azp": "app"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.Issuers[0].Clients = c.clients })
			token := w.claims("ada")
			for name, value := range c.says {
				token[name] = value
			}
			require.Equal(t, c.status, w.get(mine, w.issuer.token(token)).status)
		})
	}
}
