package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

const issuer = "https://login.example.net"

// bound adds an account whose owner signs in at the platform's issuer.
func (w *world) bound(org identity.OrgID, address string) (identity.Account, identity.Person) {
	w.t.Helper()
	a := w.must(org, provider, person(address))
	p := identity.Person{Issuer: issuer, Subject: "sub-" + address, Name: address, Email: address}
	_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: p.Issuer, Subject: p.Subject, Org: org, Account: a.ID})
	require.NoError(w.t, err)
	return a, p
}

func (w *world) grant(org identity.OrgID, p identity.Person, role identity.Role) {
	w.t.Helper()
	_, err := w.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: p.Issuer, Subject: p.Subject, Role: role})
	require.NoError(w.t, err)
}

func (w *world) caller(p identity.Person) identity.Caller {
	w.t.Helper()
	c, err := w.Caller(w.ctx, p)
	require.NoError(w.t, err)
	return c
}

func (w *world) partner(name string) identity.OrgID {
	w.t.Helper()
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Partner})
	require.NoError(w.t, err)
	return o.ID
}

func TestROL01_NewUsersHaveNoRights(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	_, p := w.bound(org, "ada@example.com")
	_, err := w.AccessTo(w.ctx, w.caller(p), org)
	refusedWith(t, err, identity.RuleUnknownOrg)
	all, err := w.AccessList(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestROL02_OnlyAnOrganizationsOwnAdministratorsAddExternalOnes(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("A"), w.org("B")
	_, stranger := w.bound(elsewhere, "eve@example.com")
	_, member := w.bound(org, "ada@example.com")
	asks := func(standing identity.Standing, p identity.Person) error {
		by := identity.Actor{Kind: identity.Administrator, ID: "x|y", Standing: standing}
		_, err := w.Grant(w.ctx, by, identity.Grant{Org: org, Issuer: p.Issuer, Subject: p.Subject, Role: identity.RoleReadOnly})
		return err
	}
	require.NoError(t, asks(identity.StandingExternal, member), "one of the organization's people")
	refusedWith(t, asks(identity.StandingExternal, stranger), identity.RuleForbiddenRole)
	refusedWith(t, asks(identity.StandingPartner, stranger), identity.RuleForbiddenRole)
	require.NoError(t, asks(identity.StandingOwn, stranger))
}

func TestROL03_PeopleWithAPersonalAccountAdministerNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	_, p := w.bound(identity.ConsumerOrgID, "eve@example.com")
	_, err := w.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: p.Issuer, Subject: p.Subject, Role: identity.RoleReadOnly})
	refusedWith(t, err, identity.RuleConsumerAdmin)
}

func TestROL04_OnePersonHasOneAccount(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, p := w.bound(org, "ada@example.com")
	b := w.must(org, provider, person("bob@example.com"))
	_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: p.Issuer, Subject: p.Subject, Org: org, Account: b.ID})
	refusedWith(t, err, identity.RuleAlreadyBound)
	_, err = w.Bind(w.ctx, operator, identity.Binding{Issuer: p.Issuer, Subject: p.Subject, Org: org, Account: a.ID})
	require.NoError(t, err, "the same again")
	other := p
	other.Issuer = "https://elsewhere.example.net"
	c := w.caller(other)
	require.Nil(t, c.Account, "the same subject of another issuer is another person")
	require.Equal(t, a.ID, w.caller(p).Account.ID)
}

func TestROL04_WhoIsInactiveAdministersNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, p := w.bound(org, "ada@example.com")
	w.grant(org, p, identity.RoleReadOnly)
	_, err := w.deactivate(admin, a)
	require.NoError(t, err)
	_, err = w.Caller(w.ctx, p)
	refusedWith(t, err, identity.RuleAccountInactive)
	_, err = w.reactivate(admin, a)
	require.NoError(t, err)
	in, err := w.AccessTo(w.ctx, w.caller(p), org)
	require.NoError(t, err)
	require.Equal(t, identity.Access{Org: org, Role: identity.RoleReadOnly, Standing: identity.StandingOwn}, in)
}

func TestROL04_AnOrganizationsIssuerSpeaksForItsVerifiedDomainsOnly(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	w.verify(org, "example.com")
	p, err := w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: org, Issuer: "https://sso.example.com", Audience: "rollcall", Active: true})
	require.NoError(t, err)
	at := func(o identity.OrgID, address string) identity.Person {
		a := w.must(o, provider, person(address))
		_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: p.Issuer, Subject: address, Org: o, Account: a.ID})
		require.NoError(t, err)
		return identity.Person{Issuer: p.Issuer, Subject: address, Provider: &p}
	}
	for name, c := range map[string]struct {
		org     identity.OrgID
		address string
		rule    identity.Rule
	}{
		"its own person in its domain":       {org, "ada@example.com", ""},
		"its own person in a foreign one":    {org, "ada@example.org", identity.RuleIssuerNotForAddress},
		"a sub-domain is another domain":     {org, "ada@sub.example.com", identity.RuleIssuerNotForAddress},
		"another organization's person":      {other, "bob@example.net", identity.RuleIssuerNotForAddress},
		"another's person in its own domain": {other, "bob@example.com", identity.RuleIssuerNotForAddress},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Caller(w.ctx, at(c.org, c.address))
			if c.rule == "" {
				require.NoError(t, err)
				return
			}
			refusedWith(t, err, c.rule)
		})
	}
	t.Run("whom nobody bound is known in that organization only", func(t *testing.T) {
		nobody := identity.Person{Issuer: p.Issuer, Subject: "nobody", Provider: &p}
		w.grant(org, nobody, identity.RoleUser)
		w.grant(other, nobody, identity.RoleUser)
		_, err := w.AccessTo(w.ctx, w.caller(nobody), org)
		require.NoError(t, err)
		_, err = w.AccessTo(w.ctx, w.caller(nobody), other)
		refusedWith(t, err, identity.RuleUnknownOrg)
	})
}

func TestIdentityProviders_AnActiveOneMakesTheOrganizationOneWithSingleSignOn(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	uses := func() bool {
		o, err := w.Reader().Organization(w.ctx, org)
		require.NoError(t, err)
		return o.UsesSSO()
	}
	put := func(issuer string, active bool) {
		_, err := w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: org, Issuer: issuer, Audience: "rollcall", Active: active})
		require.NoError(t, err)
	}
	put("https://one.example.com", false)
	require.False(t, uses())
	put("https://two.example.com", true)
	require.True(t, uses(), "any active one does")
	put("https://two.example.com", false)
	require.False(t, uses())
	put("https://one.example.com", true)
	require.NoError(t, w.RemoveIdentityProvider(w.ctx, admin, org, "https://one.example.com"))
	require.False(t, uses())

	_, err := w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: w.org("B"), Issuer: "https://two.example.com", Audience: "rollcall"})
	refusedWith(t, err, identity.RuleIssuerTaken)
	require.NotContains(t, err.Error(), string(org))
	for name, p := range map[string]identity.IdentityProvider{
		"plain http":   {Org: org, Issuer: "http://sso.example.com", Audience: "x"},
		"no host":      {Org: org, Issuer: "https://", Audience: "x"},
		"a query":      {Org: org, Issuer: "https://sso.example.com?a=b", Audience: "x"},
		"a password":   {Org: org, Issuer: "https://a:b@sso.example.com", Audience: "x"},
		"no audience":  {Org: org, Issuer: "https://sso.example.com"},
		"not a URL":    {Org: org, Issuer: "sso", Audience: "x"},
		"control text": {Org: org, Issuer: "https://sso.example.com", Audience: "x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.PutIdentityProvider(w.ctx, admin, p)
			refusedWith(t, err, identity.RuleInvalidValue)
		})
	}
}

func TestPartners_AreNeverMoreThanAtHomeNorThanWasDelegated(t *testing.T) {
	for _, c := range []struct{ home, most, want identity.Role }{
		{identity.RoleFull, identity.RoleFull, identity.RoleFull},
		{identity.RoleFull, identity.RoleUser, identity.RoleUser},
		{identity.RoleFull, identity.RoleReadOnly, identity.RoleReadOnly},
		{identity.RoleUser, identity.RoleFull, identity.RoleUser},
		{identity.RoleUser, identity.RoleReadOnly, identity.RoleReadOnly},
		{identity.RoleReadOnly, identity.RoleFull, identity.RoleReadOnly},
		{identity.RoleReadOnly, identity.RoleUser, identity.RoleReadOnly},
		{identity.RoleGroup, identity.RoleFull, identity.RoleGroup},
		{identity.RoleGroup, identity.RoleUser, ""},
		{identity.RoleDevice, identity.RoleUser, ""},
	} {
		t.Run(string(c.home)+" at home, "+string(c.most)+" delegated", func(t *testing.T) {
			w := newWorld(t)
			managing, managed := w.partner("P"), w.org("A")
			_, p := w.bound(managing, "pat@example.com")
			w.grant(managing, p, c.home)
			_, err := w.PutPartner(w.ctx, operator, managing, managed, c.most)
			require.NoError(t, err)
			in, err := w.AccessTo(w.ctx, w.caller(p), managed)
			if c.want == "" {
				refusedWith(t, err, identity.RuleUnknownOrg)
				return
			}
			require.NoError(t, err)
			require.Equal(t, identity.Access{Org: managed, Role: c.want, Standing: identity.StandingPartner}, in)
			require.NoError(t, w.RemovePartner(w.ctx, admin, managed, managing, managed))
			for org, other := range map[identity.OrgID]identity.OrgID{managed: managing, managing: managed} {
				events, err := w.Audit(w.ctx, org, identity.AuditQuery{Categories: []identity.Category{identity.CategoryCustomers}, Limit: 10})
				require.NoError(t, err)
				require.Len(t, events, 2, "each side's audit tells of both")
				require.Equal(t, string(other), events[0].Target.ID)
			}
			_, err = w.AccessTo(w.ctx, w.caller(p), managed)
			refusedWith(t, err, identity.RuleUnknownOrg)
		})
	}
}

func TestPartners_AreOrganizationsOfThatKind(t *testing.T) {
	w := newWorld(t)
	a, p := w.org("A"), w.partner("P")
	for name, c := range map[string]struct {
		managing, managed identity.OrgID
		role              identity.Role
		rule              identity.Rule
	}{
		"a customer manages nobody":     {w.org("B"), a, identity.RoleFull, identity.RuleUnknownPartner},
		"an unknown one":                {"018f0000-0000-7000-8000-000000000000", a, identity.RoleFull, identity.RuleUnknownPartner},
		"itself":                        {p, p, identity.RoleFull, identity.RuleInvalidValue},
		"the personal accounts":         {p, identity.ConsumerOrgID, identity.RoleFull, identity.RuleForbiddenRole},
		"a role that is not for others": {p, a, identity.RoleGroup, identity.RuleInvalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.PutPartner(w.ctx, operator, c.managing, c.managed, c.role)
			refusedWith(t, err, c.rule)
		})
	}
}

func TestPartners_WhoAdministersTwoOfThemIsTheMoreOfBothAndListedOnce(t *testing.T) {
	w := newWorld(t)
	managed := w.org("Customer")
	p := identity.Person{Issuer: issuer, Subject: "consultant"}
	for _, role := range []identity.Role{identity.RoleReadOnly, identity.RoleFull, identity.RoleUser} {
		partner := w.partner(string(role))
		w.grant(partner, p, role)
		_, err := w.PutPartner(w.ctx, operator, partner, managed, identity.RoleFull)
		require.NoError(t, err)
	}
	want := identity.Access{Org: managed, Role: identity.RoleFull, Standing: identity.StandingPartner}
	got, err := w.AccessTo(w.ctx, w.caller(p), managed)
	require.NoError(t, err)
	require.Equal(t, want, got)
	list, err := w.AccessList(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Len(t, list, 4)
	require.Contains(t, list, want)
}

func TestAPersonIsNamedByAnIssuerAndASubjectThatAnIssuerMayGive(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, admin, person("ada@example.com"))
	long := func(n int) string { return strings.Repeat("0123456789", n)[:n] }
	for name, b := range map[string]identity.Binding{
		"no issuer":            {Subject: "ada"},
		"no subject":           {Issuer: issuer},
		"a subject of a novel": {Issuer: issuer, Subject: long(identity.MaxSubject + 1)},
		"an issuer of a novel": {Issuer: long(identity.MaxIssuer + 1), Subject: "ada"},
	} {
		b.Org, b.Account = org, a.ID
		_, err := w.Bind(w.ctx, operator, b)
		require.Equal(t, identity.RuleInvalidValue, identity.RuleOf(err), name)
	}
	_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: long(identity.MaxIssuer), Subject: long(identity.MaxSubject), Org: org, Account: a.ID})
	require.NoError(t, err)
}
