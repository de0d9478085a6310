package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

const printer identity.ItemType = "Printer"

// item makes an item that is not stored yet.
func (w world) item(org identity.OrgID, kind identity.ItemType) identity.Item {
	return identity.Item{ID: identity.ItemID(w.ids.New()), Org: org, Type: kind, CreatedAt: start, UpdatedAt: start, Version: 1}
}

func (w world) insertItem(t testing.TB, i identity.Item, keys ...identity.ItemKey) identity.Item {
	t.Helper()
	w.must(t, func(tx identity.Tx) error { return tx.InsertItem(ctx, i, keys) })
	return i
}

func serial(value string) identity.ItemKey { return identity.ItemKey{Name: "serial", Value: value} }

func testItems(t *testing.T, w world) {
	full := w.item(w.own, printer)
	full.ExternalID, full.Attributes, full.UpdatedAt = "EXT-1", `{"big":9007199254740993,"name":"Ünïcode \"☃\""}`, start.Add(time.Hour)
	bare := w.item(w.own, printer)
	twin := w.item(w.own, printer)
	twin.ExternalID = "EXT-1"
	room := w.item(w.own, "Room")
	room.ExternalID = "EXT-1"
	for _, i := range []identity.Item{full, bare, twin, room} {
		w.insertItem(t, i)
	}
	t.Run("values", func(t *testing.T) {
		for _, want := range []identity.Item{full, bare, room} {
			got, err := w.store.Item(ctx, want.Org, want.Type, want.ID)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err := w.store.Item(ctx, w.own, "Room", full.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownItem)
	})
	t.Run("items of one type are listed in the order of ids", func(t *testing.T) {
		for name, c := range map[string]struct {
			query identity.ItemQuery
			want  []identity.Item
			total int
		}{
			"all":                   {identity.ItemQuery{Type: printer, Limit: 10}, []identity.Item{full, bare, twin}, 3},
			"another type":          {identity.ItemQuery{Type: "Room", Limit: 10}, []identity.Item{room}, 1},
			"no such type":          {identity.ItemQuery{Type: "printer", Limit: 10}, nil, 0},
			"a page":                {identity.ItemQuery{Type: printer, Limit: 2}, []identity.Item{full, bare}, 3},
			"beyond one":            {identity.ItemQuery{Type: printer, After: bare.ID, Limit: 2}, []identity.Item{twin}, 3},
			"by position":           {identity.ItemQuery{Type: printer, Skip: 1, Limit: 1}, []identity.Item{bare}, 3},
			"beyond the end":        {identity.ItemQuery{Type: printer, Skip: 3, Limit: 1}, nil, 3},
			"by id":                 {identity.ItemQuery{Type: printer, ID: bare.ID, Limit: 10}, []identity.Item{bare}, 1},
			"by externalId":         {identity.ItemQuery{Type: printer, ExternalID: "EXT-1", Limit: 10}, []identity.Item{full, twin}, 2},
			"its second":            {identity.ItemQuery{Type: printer, ExternalID: "EXT-1", Skip: 1, Limit: 10}, []identity.Item{twin}, 2},
			"externalId is exact":   {identity.ItemQuery{Type: printer, ExternalID: "ext-1", Limit: 10}, nil, 0},
			"a key that nobody has": {identity.ItemQuery{Type: printer, Key: serial("x"), Limit: 10}, nil, 0},
		} {
			got, err := w.store.Items(ctx, w.own, c.query)
			require.NoError(t, err, name)
			require.Equal(t, c.want, got, name)
			n, err := w.store.CountItems(ctx, w.own, c.query)
			require.NoError(t, err, name)
			require.Equal(t, c.total, n, name)
		}
		for _, q := range []identity.ItemQuery{{Type: printer}, {Type: printer, Limit: 1, Skip: -1}} {
			_, err := w.store.Items(ctx, w.own, q)
			refused(t, err, identity.Invalid, identity.RuleInvalidValue)
		}
	})
	t.Run("an item is changed with the version that was read", func(t *testing.T) {
		update := func(i identity.Item) error {
			return w.do(func(tx identity.Tx) error { return tx.UpdateItem(ctx, i, nil) })
		}
		changed := bare
		changed.ExternalID, changed.Attributes, changed.UpdatedAt = "EXT-2", `{"a":1}`, start.Add(time.Minute)
		require.NoError(t, update(changed))
		refused(t, update(changed), identity.Stale, identity.RuleVersionMismatch)
		changed.Version++
		got, err := w.store.Item(ctx, w.own, printer, bare.ID)
		require.NoError(t, err)
		require.Equal(t, changed, got)
		changed.Type = "Room"
		refused(t, update(changed), identity.NotFound, identity.RuleUnknownItem)
		bare = got
	})
	t.Run("an item is deleted with the version that was read", func(t *testing.T) {
		remove := func(kind identity.ItemType, version int64) error {
			return w.do(func(tx identity.Tx) error { return tx.DeleteItem(ctx, w.own, kind, bare.ID, version) })
		}
		refused(t, remove(printer, 1), identity.Stale, identity.RuleVersionMismatch)
		refused(t, remove("Room", 2), identity.NotFound, identity.RuleUnknownItem)
		require.NoError(t, remove(printer, 2))
		refused(t, remove(printer, 2), identity.NotFound, identity.RuleUnknownItem)
	})
}

func testItemKeys(t *testing.T, w world) {
	insert := func(i identity.Item, keys ...identity.ItemKey) error {
		return w.do(func(tx identity.Tx) error { return tx.InsertItem(ctx, i, keys) })
	}
	holder := func(org identity.OrgID, kind identity.ItemType, key identity.ItemKey) identity.ItemID {
		found, err := w.store.Items(ctx, org, identity.ItemQuery{Type: kind, Key: key, Limit: 10})
		require.NoError(t, err)
		n, err := w.store.CountItems(ctx, org, identity.ItemQuery{Type: kind, Key: key})
		require.NoError(t, err)
		require.Len(t, found, n)
		if n == 0 {
			return ""
		}
		return found[0].ID
	}
	first := w.insertItem(t, w.item(w.own, printer), serial("A"), serial("B"), identity.ItemKey{Name: "host", Value: "A"})
	t.Run("a value has one holder in its type and organization", func(t *testing.T) {
		refused(t, insert(w.item(w.own, printer), serial("A")), identity.Conflict, identity.RuleItemKeyTaken)
		require.Equal(t, first.ID, holder(w.own, printer, serial("A")))
		require.Equal(t, first.ID, holder(w.own, printer, serial("B")))
		for name, i := range map[string]identity.Item{"another type": w.item(w.own, "Room"), "another organization": w.item(w.other, printer)} {
			require.NoError(t, insert(i, serial("A")), name)
			require.Equal(t, i.ID, holder(i.Org, i.Type, serial("A")), name)
		}
		require.NoError(t, insert(w.item(w.own, printer), serial("a"), identity.ItemKey{Name: "tag", Value: "A"}), "every byte and the name count")
	})
	t.Run("what an item does not have any longer is free", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			return tx.UpdateItem(ctx, first, []identity.ItemKey{serial("B"), serial("C")})
		})
		require.Empty(t, holder(w.own, printer, serial("A")))
		require.Equal(t, first.ID, holder(w.own, printer, serial("C")))
		second := w.insertItem(t, w.item(w.own, printer), serial("A"))
		err := w.do(func(tx identity.Tx) error { return tx.UpdateItem(ctx, second, []identity.ItemKey{serial("C")}) })
		refused(t, err, identity.Conflict, identity.RuleItemKeyTaken)
		require.Equal(t, second.ID, holder(w.own, printer, serial("A")), "a change that was refused changes nothing")
		w.must(t, func(tx identity.Tx) error { return tx.DeleteItem(ctx, w.own, printer, first.ID, 2) })
		require.Empty(t, holder(w.own, printer, serial("C")))
	})
}
