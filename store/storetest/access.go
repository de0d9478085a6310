package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testAccess(t *testing.T, w world) {
	t.Run("a token is found by its hash and keeps the instant of its first revocation", func(t *testing.T) {
		k := identity.Token{ID: identity.TokenID(w.ids.New()), Org: w.own, Name: "okta", Profile: "okta", Hash: "h1", CreatedAt: start}
		w.must(t, func(tx identity.Tx) error { return tx.InsertToken(ctx, k) })
		got, err := w.store.TokenByHash(ctx, "h1")
		require.NoError(t, err)
		require.Equal(t, k, got)
		for _, at := range []time.Time{start.Add(time.Hour), start.Add(2 * time.Hour)} {
			w.must(t, func(tx identity.Tx) error { return tx.RevokeToken(ctx, w.own, k.ID, at) })
		}
		k.RevokedAt = start.Add(time.Hour)
		got, err = w.store.TokenByHash(ctx, "h1")
		require.NoError(t, err)
		require.Equal(t, k, got)
		all, err := w.store.Tokens(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.Token{k}, all)
		_, err = w.store.TokenByHash(ctx, "h2")
		refused(t, err, identity.NotFound, identity.RuleUnknownToken)
		refused(t, w.do(func(tx identity.Tx) error { return tx.RevokeToken(ctx, w.own, "none", start) }), identity.NotFound, identity.RuleUnknownToken)
	})
	t.Run("an account is found together with whether a token is good", func(t *testing.T) {
		good := identity.Token{ID: identity.TokenID(w.ids.New()), Org: w.own, Name: "good", Profile: "rfc", Hash: "good", CreatedAt: start}
		w.must(t, func(tx identity.Tx) error { return tx.InsertToken(ctx, good) })
		ada := w.add(t, w.account(w.own, "ada"))
		keys := []identity.AccountKey{{Org: w.own, ID: ada.ID}, {Org: w.own, Name: identity.KeyOfUserName(ada.UserName)}}
		for hash, want := range map[string]bool{"good": true, "h1": false, "unknown": false} {
			for _, key := range keys {
				a, isGood, err := w.store.AccountFor(ctx, key, hash)
				require.NoError(t, err)
				require.Equal(t, ada, a)
				require.Equal(t, want, isGood, "token %s", hash)
			}
		}
		for _, key := range []identity.AccountKey{{Org: w.other, ID: ada.ID}, {Org: w.other, Name: identity.KeyOfUserName(ada.UserName)}, {Org: w.own, Name: "bob"}} {
			_, _, err := w.store.AccountFor(ctx, key, "good")
			refused(t, err, identity.NotFound, identity.RuleUnknownAccount)
		}
	})
	t.Run("a grant is one per person and organization", func(t *testing.T) {
		put := func(org identity.OrgID, subject string, role identity.Role) identity.Grant {
			g := identity.Grant{Org: org, Issuer: "https://idp", Subject: subject, Role: role, CreatedAt: start}
			w.must(t, func(tx identity.Tx) error { return tx.PutGrant(ctx, g) })
			return g
		}
		put(w.own, "ada", identity.RoleReadOnly)
		bob := put(w.own, "bob", identity.RoleUser)
		ada, elsewhere := put(w.own, "ada", identity.RoleFull), put(w.other, "ada", identity.RoleGroup)
		all, err := w.store.Grants(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.Grant{ada, bob}, all)
		hers, err := w.store.GrantsOf(ctx, "https://idp", "ada")
		require.NoError(t, err)
		require.Equal(t, []identity.Grant{ada, elsewhere}, hers)
		remove := func(tx identity.Tx) error { return tx.DeleteGrant(ctx, w.own, "https://idp", "ada") }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownGrant)
		hers, err = w.store.GrantsOf(ctx, "https://idp", "ada")
		require.NoError(t, err)
		require.Equal(t, []identity.Grant{elsewhere}, hers)
		for _, wrong := range []string{"https://IDP", "ada"} {
			none, err := w.store.GrantsOf(ctx, wrong, "ada")
			require.NoError(t, err)
			require.Empty(t, none)
		}
	})
	t.Run("several organizations can have verified a domain", func(t *testing.T) {
		put := func(org identity.OrgID, name string, state identity.DomainState) identity.Domain {
			d := identity.Domain{Org: org, Name: name, State: state, UpdatedAt: start}
			w.must(t, func(tx identity.Tx) error { return tx.PutDomain(ctx, d) })
			return d
		}
		put(w.own, "example.com", identity.DomainVerified)
		other, next := put(w.other, "example.com", identity.DomainVerified), put(w.own, "example.net", identity.DomainVerified)
		claimed := put(w.own, "example.com", identity.DomainClaimed)
		holders, err := w.store.DomainHolders(ctx, "example.com")
		require.NoError(t, err)
		require.Equal(t, []identity.Domain{claimed, other}, holders)
		own, err := w.store.Domains(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.Domain{claimed, next}, own)
		remove := func(tx identity.Tx) error { return tx.DeleteDomain(ctx, w.own, "example.com") }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownDomain)
	})
}
