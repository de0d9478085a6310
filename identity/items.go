package identity

import (
	"context"
	"slices"
)

// CreateItem adds an item. A key that stands twice in the draft counts once.
func (c *Acts) CreateItem(ctx context.Context, kind ItemType, d ItemDraft) (Item, error) {
	i := Item{ID: ItemID(c.service.ids.New()), Org: c.org.ID, Type: kind, ExternalID: d.ExternalID, Attributes: d.Attributes,
		CreatedAt: c.now, UpdatedAt: c.now, Version: 1}
	if err := kind.validate(); err != nil {
		return Item{}, err
	}
	keys, err := c.itemKeys(ctx, i, d)
	if err != nil {
		return Item{}, err
	}
	if err := c.tx.InsertItem(ctx, i, keys); err != nil {
		return Item{}, err
	}
	return i, c.tellOf(ctx, ItemCreated, i.target(), map[string]any{"type": i.Type, "externalId": i.ExternalID})
}

// ChangeItem gives an item what edit makes of it. expect, if not nil, sees the item first and may refuse (an ETag that no
// longer fits). A draft that says what the item has already changes nothing.
func (c *Acts) ChangeItem(ctx context.Context, kind ItemType, id ItemID, expect func(Item) error, edit func(Item) (ItemDraft, error)) (Item, error) {
	i, err := c.loadItem(ctx, kind, id, expect)
	if err != nil {
		return Item{}, err
	}
	d, err := edit(i)
	if err != nil {
		return Item{}, err
	}
	var changed []string
	if i.ExternalID != d.ExternalID {
		changed = append(changed, "externalId")
	}
	if i.Attributes != d.Attributes {
		changed = append(changed, "attributes")
	}
	if changed == nil {
		return i, nil
	}
	keys, err := c.itemKeys(ctx, i, d)
	if err != nil {
		return Item{}, err
	}
	i.ExternalID, i.Attributes, i.UpdatedAt = d.ExternalID, d.Attributes, c.now
	if err := c.tx.UpdateItem(ctx, i, keys); err != nil {
		return Item{}, err
	}
	i.Version++
	return i, c.tellOf(ctx, ItemChanged, i.target(), map[string]any{"type": i.Type, "changed": changed})
}

// DeleteItem removes an item and frees its keys.
func (c *Acts) DeleteItem(ctx context.Context, kind ItemType, id ItemID, expect func(Item) error) error {
	i, err := c.loadItem(ctx, kind, id, expect)
	if err != nil {
		return err
	}
	if err := c.tx.DeleteItem(ctx, c.org.ID, kind, id, i.Version); err != nil {
		return err
	}
	return c.tellOf(ctx, ItemDeleted, i.target(), map[string]any{"type": i.Type, "externalId": i.ExternalID})
}

func (c *Acts) loadItem(ctx context.Context, kind ItemType, id ItemID, expect func(Item) error) (Item, error) {
	i, err := c.tx.Item(ctx, c.org.ID, kind, id)
	if err != nil || expect == nil {
		return i, err
	}
	return i, expect(i)
}

// itemKeys returns the keys of a draft after checking that each is free or the item's own.
func (c *Acts) itemKeys(ctx context.Context, i Item, d ItemDraft) ([]ItemKey, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	var keys []ItemKey
	for _, k := range d.Keys {
		if slices.Contains(keys, k) {
			continue
		}
		keys = append(keys, k)
		holders, err := c.tx.Items(ctx, c.org.ID, ItemQuery{Type: i.Type, Key: k, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(holders) > 0 && holders[0].ID != i.ID {
			return nil, Refuse(Conflict, RuleItemKeyTaken, "another resource of this type has this %s", k.Name).At(k.Name)
		}
	}
	return keys, nil
}
