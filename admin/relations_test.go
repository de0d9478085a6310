package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
)

func (w *world) partner(name string) identity.OrgID {
	w.t.Helper()
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Partner})
	require.NoError(w.t, err)
	return o.ID
}

func TestAnOrganizationLetsAPartnerManageItAndEitherSideEndsIt(t *testing.T) {
	w := newWorld(t)
	org, partner := w.org("Example"), w.partner("Helpers")
	ada, pia := w.administrator(org, "ada", identity.RoleFull), w.administrator(partner, "pia", identity.RoleFull)
	path := of(org, "/partners/"+string(partner))
	w.get(users(org), pia).refused(http.StatusNotFound, identity.RuleUnknownOrg)

	shown := w.put(path, ada, `{"role":"readonly"}`).is(http.StatusOK)
	require.Equal(t, []any{string(partner), "Helpers", "readonly"}, []any{shown["organization"], shown["name"], shown["role"]})
	require.Equal(t, []any{shown}, w.get(of(org, "/partners"), ada).is(http.StatusOK)["partners"])
	managed := w.get(of(partner, "/managed"), pia).is(http.StatusOK)["managed"].([]any)
	require.Len(t, managed, 1)
	require.Equal(t, "Example", managed[0].(map[string]any)["name"])
	w.get(users(org), pia).is(http.StatusOK)
	w.put(path, pia, `{"role":"full"}`).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	w.get(of(org, "/partners"), pia).refused(http.StatusForbidden, identity.RuleForbiddenRole)

	w.delete(path, ada).nothing()
	w.get(users(org), pia).refused(http.StatusNotFound, identity.RuleUnknownOrg)
	w.put(path, ada, `{"role":"full"}`).is(http.StatusOK)
	w.delete(of(partner, "/managed/"+string(org)), pia).nothing()
	w.get(users(org), pia).refused(http.StatusNotFound, identity.RuleUnknownOrg)
	w.delete(of(partner, "/managed/"+string(org)), pia).refused(http.StatusNotFound, identity.RuleUnknownPartner)
	w.delete(path, ada).refused(http.StatusNotFound, identity.RuleUnknownPartner)
}

func TestOnlyPartnersCanBePartners(t *testing.T) {
	w := newWorld(t)
	org, customer, partner := w.org("Example"), w.org("Customer"), w.partner("Helpers")
	ada := w.administrator(org, "ada", identity.RoleFull)
	path := of(org, "/partners/")
	a := w.put(path+string(customer), ada, `{"role":"full"}`)
	a.refused(http.StatusNotFound, identity.RuleUnknownPartner)
	require.Equal(t, a.body, w.put(path+string(noOrg), ada, `{"role":"full"}`).body, "an organization that is no partner is as unknown as none")
	w.put(path+string(org), ada, `{"role":"full"}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.put(path+string(partner), ada, `{"role":"group"}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.put(path+string(partner), ada, `{}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
}

func TestAnOrganizationRegistersItsOwnIssuer(t *testing.T) {
	own := newIssuer(t)
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.AllowPrivateIssuers = true })
	org := w.org("Example")
	w.verify(org, "example.com")
	ada := w.administrator(org, "ada", identity.RoleFull)
	grace := w.user(org, "grace@example.com")
	_, err := w.Bind(w.ctx, operator, identity.Binding{Org: org, Account: grace.ID, Issuer: own.url(), Subject: "grace"})
	require.NoError(t, err)
	_, err = w.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: own.url(), Subject: "grace", Role: identity.RoleUser})
	require.NoError(t, err)
	claims := w.claims("grace")
	claims["iss"], claims["aud"], claims["azp"] = own.url(), "their-rollcall", "their-client"
	token := func() string { return own.token(claims) }
	w.get(users(org), token()).refused(http.StatusUnauthorized, "INVALID_TOKEN")

	settings := `{"issuer":"` + own.url() + `","audience":"their-rollcall","clients":["their-client","another"],"active":true}`
	shown := w.put(of(org, "/identity-providers"), ada, settings).is(http.StatusOK)
	require.Equal(t, []any{"their-client", "another"}, shown["clients"])
	require.Equal(t, []any{shown}, w.get(of(org, "/identity-providers"), ada).is(http.StatusOK)["identityProviders"])
	w.get(users(org), token()).is(http.StatusOK)

	w.clock.move(1)
	w.put(of(org, "/identity-providers"), ada, strings.Replace(settings, "their-client", "third", 1)).is(http.StatusOK)
	w.get(users(org), token()).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	w.put(of(org, "/identity-providers"), ada, strings.Replace(settings, `"active":true`, `"active":false`, 1)).is(http.StatusOK)
	w.get(users(org), token()).refused(http.StatusUnauthorized, "INVALID_TOKEN")

	other := w.org("Other")
	olga := w.administrator(other, "olga", identity.RoleFull)
	w.put(of(other, "/identity-providers"), olga, settings).refused(http.StatusConflict, identity.RuleIssuerTaken)
	gone := of(org, "/identity-providers?issuer="+url.QueryEscape(own.url()))
	w.delete(gone, ada).nothing()
	w.delete(gone, ada).refused(http.StatusNotFound, identity.RuleUnknownProvider)
	w.put(of(other, "/identity-providers"), olga, settings).is(http.StatusOK)
}

func TestIssuersThatCannotBeAnOrganizationsOwn(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	for name, c := range map[string]struct {
		body, says string
		status     int
		code       identity.Rule
	}{
		"plain HTTP":             {`{"issuer":"http://login.example.com","audience":"a","active":true}`, "must be an https URL", http.StatusBadRequest, identity.RuleInvalidValue},
		"plain HTTP on loopback": {`{"issuer":"http://127.0.0.1:9","audience":"a","active":true}`, "must be an https URL", http.StatusBadRequest, identity.RuleInvalidValue},
		"no URL":                 {`{"issuer":"login","audience":"a","active":true}`, "is not an issuer URL", http.StatusBadRequest, identity.RuleInvalidValue},
		"no audience":            {`{"issuer":"https://login.example.com","audience":"","active":true}`, "audience", http.StatusBadRequest, identity.RuleInvalidValue},
		"not active nor not":     {`{"issuer":"https://login.example.com","audience":"a"}`, "active", http.StatusBadRequest, "INVALID_REQUEST"},
		"a client with blanks":   {`{"issuer":"https://login.example.com","audience":"a","clients":["a b"],"active":true}`, "clients", http.StatusBadRequest, identity.RuleInvalidValue},
		"an empty client":        {`{"issuer":"https://login.example.com","audience":"a","clients":[""],"active":true}`, "clients", http.StatusBadRequest, identity.RuleInvalidValue},
		"everybody's issuer":     {`{"issuer":"` + w.issuer.url() + `","audience":"a","active":true}`, "for the people of all organizations", http.StatusConflict, identity.RuleIssuerTaken},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.put(of(org, "/identity-providers"), ada, c.body)
			a.t = t
			require.Contains(t, a.refused(c.status, c.code), c.says)
		})
	}
	require.Empty(t, w.get(of(org, "/identity-providers"), ada).is(http.StatusOK)["identityProviders"])
	refused := w.audit(org, ada, "limit=5")
	require.Equal(t, []string{"request.refused", "administrator.granted", "organization.created"}, kindsOf(refused))
	require.Equal(t, []any{"ISSUER_TAKEN", w.issuer.url()}, []any{refused[0]["data"].(map[string]any)["errorCode"], refused[0]["data"].(map[string]any)["targetId"]})
}
