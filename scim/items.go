package scim

import (
	"context"
	"encoding/json"
	"time"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// items are the resources of a type that the operator registered.
type items struct {
	kind     identity.ItemType
	endpoint string
	index    *index
}

// item is one resource of such a type.
type item struct {
	identity.Item
	of items
}

func (i *item) id() string     { return string(i.ID) }
func (i *item) version() int64 { return i.Version }

func (k items) create(ctx context.Context, acts *identity.Acts, _ Dialect, doc map[string]any) (entity, error) {
	draft, err := k.draft(doc)
	if err != nil {
		return nil, err
	}
	i, err := acts.CreateItem(ctx, k.kind, draft)
	return &item{i, k}, err
}

func (k items) change(ctx context.Context, acts *identity.Acts, id string, check check, e edit) (entity, error) {
	i, err := acts.ChangeItem(ctx, k.kind, identity.ItemID(id), checked(check), func(i identity.Item) (identity.ItemDraft, error) {
		before, err := draftOfItem(i)
		if err != nil {
			return identity.ItemDraft{}, err
		}
		after, err := e.apply(before)
		if err != nil {
			return identity.ItemDraft{}, err
		}
		return k.draft(after)
	})
	return &item{i, k}, err
}

func (k items) delete(ctx context.Context, acts *identity.Acts, id string, check check) error {
	return acts.DeleteItem(ctx, k.kind, identity.ItemID(id), checked(check))
}

func checked(check check) func(identity.Item) error {
	return func(i identity.Item) error { return check(i.Version) }
}

func (k items) get(ctx context.Context, read identity.Reader, org identity.OrgID, id string) (entity, error) {
	i, err := read.Item(ctx, org, k.kind, identity.ItemID(id))
	return &item{i, k}, err
}

// push answers equality of what the store has columns for, alone or joined by "and", and looks for one thing that documents mention.
func (k items) push(n filter.Node) (where any, exact bool) {
	terms := []filter.Node{n}
	if and, ok := n.(*filter.And); ok {
		terms = and.Terms
	}
	var q identity.ItemQuery
	exact = true
	for _, t := range terms {
		exact = k.pushTerm(&q, t) && exact
	}
	if q == (identity.ItemQuery{}) {
		return nil, false
	}
	return q, exact
}

// pushTerm adds one term to a query, and reports whether it now says all of it.
func (k items) pushTerm(q *identity.ItemQuery, n filter.Node) bool {
	c, ok := n.(*filter.Compare)
	if !ok {
		return false
	}
	attr, _ := k.index.resolve(c.Path)
	if c.Op == filter.Eq && c.Value.Kind == filter.String && c.Value.Text != "" && attr.Container == "" {
		switch {
		case attr.Name == "id" && q.ID == "":
			q.ID = identity.ItemID(c.Value.Text)
			return true
		case attr.Name == "externalId" && q.ExternalID == "":
			q.ExternalID = identity.ExternalID(c.Value.Text)
			return true
		}
	}
	if q.Mentions == "" {
		q.Mentions = k.index.mentions(c)
	}
	return false
}

func (k items) batch(ctx context.Context, read identity.Reader, org identity.OrgID, where any, after string, skip, limit int) ([]entity, error) {
	q := k.query(where)
	q.After, q.Skip, q.Limit = identity.ItemID(after), skip, limit
	found, err := read.Items(ctx, org, q)
	list := make([]entity, len(found))
	for n, i := range found {
		list[n] = &item{i, k}
	}
	return list, err
}

func (k items) count(ctx context.Context, read identity.Reader, org identity.OrgID, where any) (int, error) {
	return read.CountItems(ctx, org, k.query(where))
}

func (k items) query(where any) identity.ItemQuery {
	q, _ := where.(identity.ItemQuery)
	q.Type = k.kind
	return q
}

func (k items) complete(context.Context, identity.Reader, identity.OrgID, []entity, bool) error {
	return nil
}

// draftOfItem is the part of an item that clients write, as a new document that may be changed.
func draftOfItem(i identity.Item) (map[string]any, error) {
	doc, err := i.Attributes.Object()
	if err != nil {
		return nil, err
	}
	doc["id"] = string(i.ID)
	if i.ExternalID != "" {
		doc["externalId"] = string(i.ExternalID)
	}
	return doc, nil
}

// draft is the way back. The document must be canonical; it is used up.
func (k items) draft(doc map[string]any) (d identity.ItemDraft, err error) {
	external, _ := doc["externalId"].(string)
	d.ExternalID = identity.ExternalID(external)
	d.Keys = k.index.keysOf(doc)
	delete(doc, "id")
	delete(doc, "externalId")
	d.Attributes, err = identity.ProfileOf(doc)
	return d, err
}

// document is the whole resource as clients see it.
func (i *item) document(v view) (map[string]any, error) {
	doc, err := draftOfItem(i.Item)
	if err != nil {
		return nil, err
	}
	x := i.of.index
	x.forget(doc)
	doc["schemas"] = x.schemasOf(doc)
	doc["meta"] = map[string]any{
		"resourceType": string(i.Type), "created": formatTime(i.CreatedAt), "lastModified": formatTime(i.UpdatedAt),
		"location": v.location(i.of.endpoint, i.id()), "version": etag(i.Version),
	}
	return doc, nil
}

func (i *item) append(b []byte, v view) ([]byte, error) { return v.appendDocument(b, i.of.index, i) }

// keysOf lists the values in a canonical document that no other resource of the type may have.
func (x *index) keysOf(doc map[string]any) (keys []identity.ItemKey) {
	for _, c := range append([]*container{x.core}, x.extensions...) {
		values := doc
		if c.key != "" {
			values, _ = doc[c.key].(map[string]any)
		}
		for _, a := range c.unique {
			for _, v := range valuesOf(values[a.Name]) {
				if a.unique {
					keys = append(keys, identity.ItemKey{Name: c.named(a), Value: a.key(v)})
				}
				m, _ := v.(map[string]any)
				for _, sub := range a.uniqueSubs {
					for _, v := range valuesOf(m[sub.Name]) {
						keys = append(keys, identity.ItemKey{Name: c.named(a) + "." + sub.Name, Value: sub.key(v)})
					}
				}
			}
		}
	}
	return keys
}

// valuesOf lists the values of an attribute, however many it has.
func valuesOf(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// key is a text that two values have in common if a filter calls them equal.
func (a *attribute) key(v any) string {
	switch v := v.(type) {
	case json.Number:
		return filter.NumberKey(v.String())
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil && a.Type == filter.TypeDateTime {
			return formatTime(at)
		}
		if a.Fold != nil {
			return a.Fold(v)
		}
		return v
	}
	return ""
}
