package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func siteLink(org identity.OrgID, site string) identity.SiteLink {
	return identity.SiteLink{Org: org, Site: site, Licence: "meetings", Status: identity.SitePending, CreatedAt: start, UpdatedAt: start.Add(time.Minute)}
}

func testSiteLinks(t *testing.T, w world) {
	put := func(l identity.SiteLink) identity.SiteLink {
		w.must(t, func(tx identity.Tx) error { return tx.PutSiteLink(ctx, l) })
		return l
	}
	list := func(org identity.OrgID) []identity.SiteLink {
		all, err := w.store.SiteLinks(ctx, org)
		require.NoError(t, err)
		return all
	}
	z, a, theirs := put(siteLink(w.own, "z.example.com")), put(siteLink(w.own, "a.example.com")), put(siteLink(w.other, "z.example.com"))
	t.Run("links are listed by their sites", func(t *testing.T) {
		require.Equal(t, []identity.SiteLink{a, z}, list(w.own))
		require.Equal(t, []identity.SiteLink{theirs}, list(w.other), "two organizations may name the same site")
	})
	t.Run("ORG-07 the same site again changes its link, and not when it was made", func(t *testing.T) {
		z.Licence, z.Status, z.CreatedAt, z.UpdatedAt = "", identity.SiteCompleted, start.Add(time.Hour), start.Add(time.Hour)
		put(z)
		z.CreatedAt = start
		require.Equal(t, []identity.SiteLink{a, z}, list(w.own))
		require.Equal(t, []identity.SiteLink{theirs}, list(w.other))
	})
	t.Run("ORG-08 a link can be undone", func(t *testing.T) {
		remove := func(tx identity.Tx) error { return tx.DeleteSiteLink(ctx, w.own, "z.example.com") }
		w.must(t, remove)
		refused(t, w.do(remove), identity.NotFound, identity.RuleUnknownSite)
		require.Equal(t, []identity.SiteLink{a}, list(w.own))
		require.Equal(t, []identity.SiteLink{theirs}, list(w.other))
	})
}
