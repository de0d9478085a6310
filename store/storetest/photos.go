package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// photo gives an account a photo.
func (w world) photo(t testing.TB, a identity.Account, content string) identity.AccountPhoto {
	t.Helper()
	p := identity.AccountPhoto{Account: a.ID, UpdatedAt: start,
		Photo: identity.Photo{Digest: identity.DigestOf([]byte(content)), MediaType: "image/jpeg", Width: 96, Height: 48, Size: len(content)}}
	w.must(t, func(tx identity.Tx) error { return tx.PutPhoto(ctx, a.Org, p, []byte(content)) })
	if a.Directory != nil {
		p.Connector, p.Object = a.Directory.Connector, a.Directory.Object
	}
	return p
}

// waiting stages a photo for a plan.
func (w world) waiting(t testing.TB, p identity.PlanPhoto, content string) identity.PlanPhoto {
	t.Helper()
	p.Digest = identity.DigestOf([]byte(content))
	w.must(t, func(tx identity.Tx) error { return tx.StagePhoto(ctx, p, []byte(content)) })
	return p
}

func testPhotos(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	linked := w.account(w.own, "ada")
	linked.Directory = &identity.DirectoryLink{Connector: n.ID, Object: "o1", DN: "cn=ada"}
	ada, bob, cy := w.add(t, linked), w.add(t, w.account(w.own, "bob")), w.add(t, w.account(w.own, "cy"))
	of := func(ids ...identity.AccountID) []identity.AccountPhoto {
		got, err := w.store.PhotosOf(ctx, w.own, ids)
		require.NoError(t, err)
		return got
	}
	first, second := w.photo(t, ada, "\x00\xff one"), w.photo(t, bob, "\x00\xff one")
	t.Run("photos are listed with the entries of their accounts", func(t *testing.T) {
		got, err := w.store.Photos(ctx, w.own, "", 10)
		require.NoError(t, err)
		require.Equal(t, []identity.AccountPhoto{first, second}, got)
		got, err = w.store.Photos(ctx, w.own, ada.ID, 1)
		require.NoError(t, err)
		require.Equal(t, []identity.AccountPhoto{second}, got)
		require.Equal(t, []identity.AccountPhoto{second}, of(bob.ID, cy.ID))
		require.Empty(t, of())
	})
	t.Run("the bytes are those that were written", func(t *testing.T) {
		got, err := w.store.PhotoContent(ctx, w.own, ada.ID)
		require.NoError(t, err)
		require.Equal(t, "\x00\xff one", string(got))
		_, err = w.store.PhotoContent(ctx, w.own, cy.ID)
		require.Equal(t, identity.RuleUnknownPhoto, identity.RuleOf(err))
	})
	t.Run("a photo takes the place of the one before", func(t *testing.T) {
		first = w.photo(t, ada, "two")
		require.Equal(t, []identity.AccountPhoto{first}, of(ada.ID))
		got, err := w.store.PhotoContent(ctx, w.own, ada.ID)
		require.NoError(t, err)
		require.Equal(t, "two", string(got))
	})
	t.Run("a photo is deleted", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeletePhoto(ctx, w.own, bob.ID) })
		require.Empty(t, of(bob.ID))
		_, err := w.store.PhotoContent(ctx, w.own, bob.ID)
		require.True(t, identity.IsNotFound(err))
		refused(t, w.do(func(tx identity.Tx) error { return tx.DeletePhoto(ctx, w.own, bob.ID) }), identity.NotFound, identity.RuleUnknownPhoto)
	})
	t.Run("a photo goes with its account", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, ada.ID, ada.Version) })
		require.Empty(t, of(ada.ID))
		_, err := w.store.PhotoContent(ctx, w.own, ada.ID)
		require.True(t, identity.IsNotFound(err))
	})
}

func testPlanPhotos(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	kept, dropped := w.plan(t, n), w.plan(t, n)
	content := func(p identity.PlanPhoto) string {
		got, err := w.store.PlanPhoto(ctx, w.own, p.Plan, p.Digest)
		if identity.IsNotFound(err) {
			return ""
		}
		require.NoError(t, err)
		return string(got)
	}
	stage := func(plan identity.PlanID) identity.PlanPhoto {
		return w.waiting(t, identity.PlanPhoto{Org: w.own, Connector: n.ID, Plan: plan, StagedAt: start}, "one")
	}
	stray, forKept, forDropped := stage(identity.PlanID(w.ids.New())), stage(kept.ID), stage(dropped.ID)
	t.Run("the same photo twice is one", func(t *testing.T) {
		require.Equal(t, forKept, stage(kept.ID))
		require.Equal(t, "one", content(forKept))
	})
	t.Run("photos go when their plan is dropped", func(t *testing.T) {
		dropped.DroppedAt = start
		w.must(t, func(tx identity.Tx) error { return tx.DropPlan(ctx, dropped) })
		require.Empty(t, content(forDropped))
		require.Equal(t, "one", content(forKept))
	})
	t.Run("photos of plans that are not there go after their time", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DropStrayPhotos(ctx, start.Add(-1)) })
		require.Equal(t, "one", content(stray))
		w.must(t, func(tx identity.Tx) error { return tx.DropStrayPhotos(ctx, start) })
		require.Empty(t, content(stray))
		require.Equal(t, "one", content(forKept))
	})
	t.Run("photos are forgotten", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DropPlanPhotos(ctx, w.other, kept.ID) })
		require.Equal(t, "one", content(forKept))
		w.must(t, func(tx identity.Tx) error { return tx.DropPlanPhotos(ctx, w.own, kept.ID) })
		require.Empty(t, content(forKept))
	})
	t.Run("photos go with their connector", func(t *testing.T) {
		forKept = stage(kept.ID)
		w.must(t, func(tx identity.Tx) error { return tx.DeleteConnector(ctx, w.own, n.ID) })
		require.Empty(t, content(forKept))
	})
}
