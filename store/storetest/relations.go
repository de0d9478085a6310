package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testBindings(t *testing.T, w world) {
	ada, bob := w.add(t, w.account(w.own, "ada")), w.add(t, w.account(w.other, "bob"))
	bind := func(a identity.Account, issuer, subject string) (identity.Binding, error) {
		b := identity.Binding{Issuer: issuer, Subject: subject, Org: a.Org, Account: a.ID, CreatedAt: start}
		return b, w.do(func(tx identity.Tx) error { return tx.InsertBinding(ctx, b) })
	}
	first, err := bind(ada, "https://idp", "s1")
	require.NoError(t, err)
	t.Run("ROL-04 a person is found by issuer and subject, byte by byte", func(t *testing.T) {
		got, err := w.store.Binding(ctx, "https://idp", "s1")
		require.NoError(t, err)
		require.Equal(t, first, got)
		for _, wrong := range [][2]string{{"https://IDP", "s1"}, {"https://idp", "S1"}, {"https://idp", ""}, {"https://idp/", "s1"}} {
			_, err := w.store.Binding(ctx, wrong[0], wrong[1])
			refused(t, err, identity.NotFound, identity.RuleNotBound)
		}
	})
	t.Run("ROL-04 a person has one account only, in all organizations", func(t *testing.T) {
		for _, a := range []identity.Account{ada, bob} {
			_, err := bind(a, "https://idp", "s1")
			refused(t, err, identity.Conflict, identity.RuleAlreadyBound)
		}
		got, err := w.store.Binding(ctx, "https://idp", "s1")
		require.NoError(t, err)
		require.Equal(t, first, got)
	})
	t.Run("ROL-04 of many who bind a person at once one does", func(t *testing.T) {
		winners := race(t, 16, func(i int) error {
			_, err := bind([]identity.Account{ada, bob}[i%2], "https://idp", "contended")
			return err
		}, identity.RuleAlreadyBound)
		require.Len(t, winners, 1)
	})
	t.Run("an account can have several, which go with it", func(t *testing.T) {
		cyd := w.add(t, w.account(w.own, "cyd"))
		b, err := bind(cyd, "https://z", "c")
		require.NoError(t, err)
		a, err := bind(cyd, "https://a", "c")
		require.NoError(t, err)
		got, err := w.store.BindingsOf(ctx, w.own, cyd.ID)
		require.NoError(t, err)
		require.Equal(t, []identity.Binding{a, b}, got)
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, cyd.ID, 1) })
		_, err = w.store.Binding(ctx, "https://z", "c")
		refused(t, err, identity.NotFound, identity.RuleNotBound)
		_, err = bind(bob, "https://z", "c")
		require.NoError(t, err, "the person is free again")
	})
	t.Run("USR-26 full administrators are those at home with the role, as it is at the moment", func(t *testing.T) {
		eve := w.add(t, w.account(w.own, "eve"))
		_, err := bind(eve, "https://idp", "eve")
		require.NoError(t, err)
		grant := func(org identity.OrgID, subject string, role identity.Role) identity.Grant {
			return identity.Grant{Org: org, Issuer: "https://idp", Subject: subject, Role: role, CreatedAt: start}
		}
		w.must(t, func(tx identity.Tx) error {
			list := func(want ...identity.AccountID) {
				got, err := tx.FullAdministrators(ctx, w.own)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			list()
			require.NoError(t, tx.PutGrant(ctx, grant(w.own, "eve", identity.RoleUser)))
			require.NoError(t, tx.PutGrant(ctx, grant(w.own, "nobody yet", identity.RoleFull)))
			require.NoError(t, tx.PutGrant(ctx, grant(w.other, "s1", identity.RoleFull)))
			list()
			require.NoError(t, tx.PutGrant(ctx, grant(w.own, "eve", identity.RoleFull)))
			list(eve.ID)
			require.NoError(t, tx.DeleteBinding(ctx, w.own, "https://idp", "eve"))
			list()
			require.NoError(t, tx.InsertBinding(ctx, identity.Binding{Issuer: "https://idp", Subject: "eve", Org: w.own, Account: eve.ID, CreatedAt: start}))
			list(eve.ID)
			require.NoError(t, tx.DeleteGrant(ctx, w.own, "https://idp", "eve"))
			list()
			return nil
		})
	})
	t.Run("ROL-04 a person who is freed can be bound again, once", func(t *testing.T) {
		_, err := bind(ada, "https://free", "s")
		require.NoError(t, err)
		free := func(tx identity.Tx) error { return tx.DeleteBinding(ctx, w.own, "https://free", "s") }
		w.must(t, free)
		refused(t, w.do(free), identity.NotFound, identity.RuleNotBound)
		_, err = bind(bob, "https://free", "s")
		require.NoError(t, err)
	})
	t.Run("nobody is bound to an account that does not exist, or that another organization has", func(t *testing.T) {
		gone, foreign := w.account(w.own, "gone"), bob
		foreign.Org = w.own
		for _, a := range []identity.Account{gone, foreign} {
			_, err := bind(a, "https://idp", "nobody")
			require.Equal(t, identity.Internal, identity.KindOf(err), "%v", err)
		}
	})
}

func testPartners(t *testing.T, w world) {
	third := w.organization(t)
	put := func(managing, managed identity.OrgID, role identity.Role, at time.Time) identity.Relationship {
		r := identity.Relationship{Managing: managing, Managed: managed, Role: role, CreatedAt: at}
		w.must(t, func(tx identity.Tx) error { return tx.PutRelationship(ctx, r) })
		return r
	}
	put(w.own, w.other, identity.RoleReadOnly, start)
	further := put(w.own, third, identity.RoleUser, start)
	back := put(third, w.other, identity.RoleFull, start)
	changed := put(w.own, w.other, identity.RoleFull, start.Add(time.Hour))
	changed.CreatedAt = start
	list := func(ask func() ([]identity.Relationship, error)) []identity.Relationship {
		r, err := ask()
		require.NoError(t, err)
		return r
	}
	manages := func(org identity.OrgID) []identity.Relationship {
		return list(func() ([]identity.Relationship, error) { return w.store.Manages(ctx, org) })
	}
	managedBy := func(org identity.OrgID) []identity.Relationship {
		return list(func() ([]identity.Relationship, error) { return w.store.ManagedBy(ctx, org) })
	}
	t.Run("one organization manages another in one role", func(t *testing.T) {
		require.Equal(t, []identity.Relationship{changed, further}, manages(w.own))
		require.Equal(t, []identity.Relationship{changed, back}, managedBy(w.other))
		require.Empty(t, managedBy(w.own), "not the other way round")
		require.Empty(t, manages(w.other))
	})
	t.Run("until it ends", func(t *testing.T) {
		remove := func(tx identity.Tx) error { return tx.DeleteRelationship(ctx, w.own, w.other) }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownPartner)
		require.Equal(t, []identity.Relationship{further}, manages(w.own))
		require.Equal(t, []identity.Relationship{back}, managedBy(w.other))
	})
}

func testProviders(t *testing.T, w world) {
	put := func(org identity.OrgID, issuer string, active bool) (identity.IdentityProvider, error) {
		p := identity.IdentityProvider{Org: org, Issuer: issuer, Audience: "rollcall", Clients: "a b", Active: active, CreatedAt: start, UpdatedAt: start}
		return p, w.do(func(tx identity.Tx) error { return tx.PutIdentityProvider(ctx, p) })
	}
	z, err := put(w.own, "https://z", true)
	require.NoError(t, err)
	t.Run("an issuer is of one organization", func(t *testing.T) {
		_, err := put(w.other, "https://z", false)
		refused(t, err, identity.Conflict, identity.RuleIssuerTaken)
		got, err := w.store.IdentityProviderOf(ctx, "https://z")
		require.NoError(t, err)
		require.Equal(t, z, got)
		_, err = put(w.other, "https://Z", false)
		require.NoError(t, err, "issuers are compared byte by byte")
	})
	t.Run("which can change its settings", func(t *testing.T) {
		changed := identity.IdentityProvider{Org: w.own, Issuer: "https://z", Audience: "other", CreatedAt: start.Add(time.Hour), UpdatedAt: start.Add(time.Hour)}
		w.must(t, func(tx identity.Tx) error { return tx.PutIdentityProvider(ctx, changed) })
		changed.CreatedAt = start
		a, err := put(w.own, "https://a", true)
		require.NoError(t, err)
		all, err := w.store.IdentityProviders(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.IdentityProvider{a, changed}, all)
	})
	t.Run("and give it up", func(t *testing.T) {
		remove := func(tx identity.Tx) error { return tx.DeleteIdentityProvider(ctx, w.own, "https://z") }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownProvider)
		_, err := w.store.IdentityProviderOf(ctx, "https://z")
		refused(t, err, identity.NotFound, identity.RuleUnknownProvider)
		_, err = put(w.other, "https://z", true)
		require.NoError(t, err)
	})
}
