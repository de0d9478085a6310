package identity

import (
	"context"
	"strings"
	"time"
)

// The bounds of an item's keys.
const (
	MaxItemKeys = 100  // of one item
	MaxItemKey  = 1024 // bytes of a value
)

// ItemType names a type of items. The operator chooses the types; identity knows none of them.
type ItemType string

// Item is a thing of an organization that is no account and no group: a printer, a room, whatever types the operator has
// registered. identity stores and compares items and reads nothing in them.
type Item struct {
	ID         ItemID     `json:"id"`
	Org        OrgID      `json:"org"`
	Type       ItemType   `json:"type"`
	ExternalID ExternalID `json:"externalId,omitempty"`
	Attributes Profile    `json:"attributes,omitempty"` // everything else that is known of it, in canonical form
	CreatedAt  time.Time  `json:"createdAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`
	Version    int64      `json:"version"`
}

// ItemKey is a value that only one item of its type and organization can have. Both texts are the surface's; keys compare
// byte by byte.
type ItemKey struct {
	Name  string // the attribute, for people to read in a refusal
	Value string
}

// ItemDraft is the part of an item that whoever writes it decides, and what must be unique in it.
type ItemDraft struct {
	ExternalID ExternalID
	Attributes Profile
	Keys       []ItemKey
}

// ItemQuery selects items of one type and organization, in the order of their ids.
type ItemQuery struct {
	Type       ItemType
	ID         ItemID     // empty: any
	ExternalID ExternalID // empty: any
	Key        ItemKey    // zero: any
	Mentions   Mentions   // in the attributes; empty: anything
	After      ItemID     // only items beyond this one; empty: from the start
	Skip       int        // pass over so many of them
	Limit      int        // at most so many; must be positive
}

// ItemReader reads items. It is part of [Reader].
type ItemReader interface {
	Item(ctx context.Context, org OrgID, kind ItemType, id ItemID) (Item, error)
	// Items lists in the order of ids.
	Items(ctx context.Context, org OrgID, q ItemQuery) ([]Item, error)
	// CountItems counts all that a query selects, wherever a page of it would begin and end.
	CountItems(ctx context.Context, org OrgID, q ItemQuery) (int, error)
}

// ItemTx writes items. It is part of [Tx].
type ItemTx interface {
	// InsertItem stores a new item with version 1. A key that another item of the type has is an *Error of kind Conflict
	// with the rule ITEM_KEY_TAKEN.
	InsertItem(ctx context.Context, i Item, keys []ItemKey) error
	// UpdateItem replaces the item and its keys. Conflicts as for InsertItem.
	UpdateItem(ctx context.Context, i Item, keys []ItemKey) error
	DeleteItem(ctx context.Context, org OrgID, kind ItemType, id ItemID, version int64) error
}

func (i Item) target() Target {
	return Target{Type: TargetItem, ID: string(i.ID), Name: string(i.Type)}
}

// validate checks everything that no state of the store could make acceptable.
func (d ItemDraft) validate() error {
	switch {
	case len(d.ExternalID) > MaxExternalID:
		return Refuse(Invalid, RuleInvalidValue, "externalId has %d bytes; at most %d are allowed", len(d.ExternalID), MaxExternalID).At("externalId")
	case !printable(string(d.ExternalID)):
		return Refuse(Invalid, RuleInvalidValue, "externalId has control characters or is not valid UTF-8").At("externalId")
	case len(d.Keys) > MaxItemKeys:
		return Refuse(Invalid, RuleInvalidValue, "%d values must be unique; at most %d are allowed", len(d.Keys), MaxItemKeys)
	}
	for _, k := range d.Keys {
		if len(k.Value) > MaxItemKey {
			return Refuse(Invalid, RuleInvalidValue, "%s has %d bytes; what must be unique has at most %d", k.Name, len(k.Value), MaxItemKey).At(k.Name)
		}
	}
	return nil
}

func (t ItemType) validate() error {
	if strings.TrimSpace(string(t)) == "" {
		return Refuse(Invalid, RuleInvalidValue, "an item needs a type").At("type")
	}
	return nil
}
