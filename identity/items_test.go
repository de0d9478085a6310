package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

const printer identity.ItemType = "Printer"

func (w *world) createItem(org identity.OrgID, d identity.ItemDraft) (identity.Item, error) {
	return act(w, org, provider, func(c *identity.Acts) (identity.Item, error) { return c.CreateItem(w.ctx, printer, d) })
}

func (w *world) changeItem(i identity.Item, expect func(identity.Item) error, d identity.ItemDraft) (identity.Item, error) {
	return act(w, i.Org, provider, func(c *identity.Acts) (identity.Item, error) {
		return c.ChangeItem(w.ctx, i.Type, i.ID, expect, func(identity.Item) (identity.ItemDraft, error) { return d, nil })
	})
}

func (w *world) deleteItem(i identity.Item, expect func(identity.Item) error) error {
	return w.Transact(w.ctx, i.Org, provider, func(c *identity.Acts) error { return c.DeleteItem(w.ctx, i.Type, i.ID, expect) })
}

func serial(values ...string) (keys []identity.ItemKey) {
	for _, v := range values {
		keys = append(keys, identity.ItemKey{Name: "serial", Value: v})
	}
	return keys
}

func TestALifeOfAnItem(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	draft := identity.ItemDraft{ExternalID: "x1", Attributes: `{"serial":"A"}`, Keys: serial("A", "A")}
	made, err := w.createItem(org, draft)
	require.NoError(t, err)
	now := func() identity.Item {
		i, err := w.Reader().Item(w.ctx, org, printer, made.ID)
		require.NoError(t, err)
		return i
	}
	require.Equal(t, made, now(), "what is answered is what is stored")

	w.clock.move(time.Hour)
	same, err := w.changeItem(made, nil, draft)
	require.NoError(t, err)
	require.Equal(t, made, same, "who says the same changes nothing")
	require.Equal(t, made, now())

	draft.Attributes, draft.Keys = `{"serial":"B"}`, serial("B")
	changed, err := w.changeItem(made, nil, draft)
	require.NoError(t, err)
	require.Equal(t, made.Version+1, changed.Version)
	require.Equal(t, w.clock.Now(), changed.UpdatedAt)
	require.Equal(t, changed, now())

	stale := identity.Refuse(identity.Stale, identity.RuleVersionMismatch, "no")
	expect := func(i identity.Item) error {
		require.Equal(t, changed, i)
		return stale
	}
	_, err = w.changeItem(made, expect, identity.ItemDraft{})
	refusedWith(t, err, identity.RuleVersionMismatch)
	refusedWith(t, w.deleteItem(made, expect), identity.RuleVersionMismatch)
	require.NoError(t, w.deleteItem(made, nil))
	refusedWith(t, w.deleteItem(made, nil), identity.RuleUnknownItem)

	list, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Target: string(made.ID), Limit: 10})
	require.NoError(t, err)
	told := map[identity.EventKind]string{}
	for _, e := range list {
		require.Equal(t, identity.Target{Type: identity.TargetItem, ID: string(made.ID), Name: "Printer"}, e.Target)
		require.Equal(t, identity.CategoryItems, e.Kind.Category())
		told[e.Kind] = string(e.Evidence)
	}
	require.Equal(t, map[identity.EventKind]string{
		identity.ItemCreated: `{"externalId":"x1","type":"Printer"}`,
		identity.ItemChanged: `{"changed":["attributes"],"type":"Printer"}`,
		identity.ItemDeleted: `{"externalId":"x1","type":"Printer"}`,
	}, told)
}

func TestAKeyHasOneHolder(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	first, err := w.createItem(org, identity.ItemDraft{Keys: serial("A")})
	require.NoError(t, err)
	second, err := w.createItem(org, identity.ItemDraft{Keys: serial("B")})
	require.NoError(t, err)
	_, err = w.createItem(org, identity.ItemDraft{Keys: serial("C", "A")})
	refusedWith(t, err, identity.RuleItemKeyTaken)
	require.ErrorContains(t, err, "serial")
	_, err = w.changeItem(second, nil, identity.ItemDraft{ExternalID: "x", Keys: serial("A")})
	refusedWith(t, err, identity.RuleItemKeyTaken)
	_, err = w.createItem(w.org("B"), identity.ItemDraft{Keys: serial("A")})
	require.NoError(t, err, "another organization")
	require.NoError(t, w.deleteItem(first, nil))
	_, err = w.changeItem(second, nil, identity.ItemDraft{ExternalID: "x", Keys: serial("A")})
	require.NoError(t, err)
}

func TestAnItemIsRefusedThatNoStoreCouldHold(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	for name, d := range map[string]identity.ItemDraft{
		"externalId is too long":            {ExternalID: identity.ExternalID(strings.Repeat("x", identity.MaxExternalID+1))},
		"externalId has control characters": {ExternalID: "a\x00b"},
		"a key is too long":                 {Keys: serial(strings.Repeat("x", identity.MaxItemKey+1))},
		"too many keys":                     {Keys: serial(make([]string, identity.MaxItemKeys+1)...)},
	} {
		_, err := w.createItem(org, d)
		require.Equal(t, identity.RuleInvalidValue, identity.RuleOf(err), name)
	}
	_, err := act(w, org, provider, func(c *identity.Acts) (identity.Item, error) { return c.CreateItem(w.ctx, " ", identity.ItemDraft{}) })
	refusedWith(t, err, identity.RuleInvalidValue)
}
