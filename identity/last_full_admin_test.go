package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestUSR26_TheLastFullAdministratorStays(t *testing.T) {
	acts := map[string]func(*world, identity.Account, identity.Person) error{
		"deactivate": func(w *world, a identity.Account, _ identity.Person) error {
			_, err := w.deactivate(admin, a)
			return err
		},
		"delete": func(w *world, a identity.Account, _ identity.Person) error { return w.delete(admin, a) },
		"SCIM active=false": func(w *world, a identity.Account, _ identity.Person) error {
			_, err := w.update(provider, a, func(d *identity.Draft) { d.Active = false })
			return err
		},
		"SCIM DELETE": func(w *world, a identity.Account, _ identity.Person) error { return w.delete(provider, a) },
		"demote": func(w *world, a identity.Account, p identity.Person) error {
			_, err := w.Grant(w.ctx, admin, identity.Grant{Org: a.Org, Issuer: p.Issuer, Subject: p.Subject, Role: identity.RoleUser})
			return err
		},
		"revoke": func(w *world, a identity.Account, p identity.Person) error {
			return w.RevokeGrant(w.ctx, admin, a.Org, p.Issuer, p.Subject)
		},
	}
	others := []struct {
		situation string
		prepare   func(w *world, org identity.OrgID)
		allowed   bool
	}{
		{"nobody else", func(*world, identity.OrgID) {}, false},
		{"a user administrator", func(w *world, org identity.OrgID) {
			_, p := w.bound(org, "bob@example.com")
			w.grant(org, p, identity.RoleUser)
		}, false},
		{"an external full administrator", func(w *world, org identity.OrgID) {
			_, p := w.bound(w.org("B"), "bob@example.com")
			w.grant(org, p, identity.RoleFull)
		}, false},
		{"a partner", func(w *world, org identity.OrgID) {
			p := w.partner("P")
			_, who := w.bound(p, "bob@example.com")
			w.grant(p, who, identity.RoleFull)
			_, err := w.PutPartner(w.ctx, operator, p, org, identity.RoleFull)
			require.NoError(w.t, err)
		}, false},
		{"another full administrator who is inactive", func(w *world, org identity.OrgID) {
			a, p := w.bound(org, "bob@example.com")
			w.grant(org, p, identity.RoleFull)
			_, err := w.deactivate(admin, a)
			require.NoError(w.t, err)
		}, false},
		{"another full administrator", func(w *world, org identity.OrgID) {
			_, p := w.bound(org, "bob@example.com")
			w.grant(org, p, identity.RoleFull)
		}, true},
		{"one whom the operator named and who has not signed in yet", func(w *world, org identity.OrgID) {
			w.grant(org, identity.Person{Issuer: issuer, Subject: "new"}, identity.RoleFull)
		}, true},
	}
	for _, o := range others {
		for name, do := range acts {
			t.Run(o.situation+"/"+name, func(t *testing.T) {
				w := newWorld(t)
				org := w.org("A")
				a, p := w.bound(org, "ada@example.com")
				w.grant(org, p, identity.RoleFull)
				o.prepare(w, org)
				err := do(w, a, p)
				if o.allowed {
					require.NoError(t, err)
					return
				}
				refusedWith(t, err, identity.RuleLastFullAdmin)
				require.Equal(t, identity.NotVerified, w.account(a).Status)
				grants, err := w.Reader().GrantsOf(w.ctx, p.Issuer, p.Subject)
				require.NoError(t, err)
				require.Equal(t, identity.RoleFull, grants[0].Role)
			})
		}
	}
}

func TestUSR26_ADirectoryCannotRemoveTheLastFullAdministratorEither(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: issuer, Subject: "ada", Org: org, Account: a.ID})
	require.NoError(t, err)
	w.grant(org, identity.Person{Issuer: issuer, Subject: "ada"}, identity.RoleFull)
	for _, standing := range []identity.Trigger{identity.DirectoryMissing, identity.DirectoryBlocked} {
		_, err = w.mirror(a, standing, identity.DirectoryDeleted)
		refusedWith(t, err, identity.RuleLastFullAdmin)
	}
}

func TestUSR24_RolesGoWithThePerson(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	a, p := w.bound(org, "ada@example.com")
	w.grant(org, p, identity.RoleUser)
	w.grant(other, p, identity.RoleReadOnly)
	require.NoError(t, w.delete(admin, a))
	grants, err := w.Reader().GrantsOf(w.ctx, p.Issuer, p.Subject)
	require.NoError(t, err)
	require.Empty(t, grants, "in any organization")
	c := w.caller(p)
	require.Nil(t, c.Account)
	told, err := w.Reader().Events(w.ctx, other, identity.EventQuery{Kinds: []identity.EventKind{identity.GrantRevoked}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, told, 1, "the other organization is told")
	require.Empty(t, told[0].Account, "and nothing of whose account it was")
}

func TestROL02_ARoleIsThePersonsWhicheverWayTheySignIn(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, first := w.bound(org, "ada@example.com")
	_, err := w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleFull)
	require.NoError(t, err)
	second := identity.Person{Issuer: "https://another.example.net", Subject: "ada"} // comes before the first in every list
	_, err = w.Bind(w.ctx, operator, identity.Binding{Issuer: second.Issuer, Subject: second.Subject, Org: org, Account: a.ID})
	require.NoError(t, err)
	_, other := w.bound(org, "bob@example.com")
	w.grant(org, other, identity.RoleFull)

	_, err = w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleReadOnly)
	require.NoError(t, err)
	for _, p := range []identity.Person{first, second} {
		access, err := w.AccessTo(w.ctx, w.caller(p), org)
		require.NoError(t, err)
		require.Equal(t, identity.RoleReadOnly, access.Role, p.Issuer)
	}
}
