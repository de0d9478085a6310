package store

import (
	"context"
	"database/sql"

	"rollcall/identity"
)

const itemColumns = `org_id, type, id, external_id, attributes, created_at, updated_at, version`

func scanItem(r *sql.Rows) (i identity.Item, err error) {
	return i, r.Scan(scanID(&i.Org), text(&i.Type), scanID(&i.ID), text(&i.ExternalID), text(&i.Attributes), instant{&i.CreatedAt},
		instant{&i.UpdatedAt}, &i.Version)
}

func (r reader) Item(ctx context.Context, org identity.OrgID, kind identity.ItemType, id identity.ItemID) (identity.Item, error) {
	return one(ctx, r.run, unknownItem, scanItem,
		`SELECT `+itemColumns+` FROM items WHERE org_id = $1 AND type = $2 AND id = $3`, org, kind, id)
}

func (r reader) Items(ctx context.Context, org identity.OrgID, q identity.ItemQuery) ([]identity.Item, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	if q.Skip < 0 {
		return nil, r.run.failed(identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "cannot skip %d items", q.Skip).At("skip"))
	}
	c, where := r.dialect.itemsWhere(org, q)
	if q.After != "" {
		where += " AND id > " + c.arg(q.After)
	}
	query := `SELECT ` + itemColumns + ` FROM items WHERE ` + where
	if q.Skip > 0 {
		query += ` AND id >= (SELECT id FROM items WHERE ` + where + ` ORDER BY id LIMIT 1 OFFSET ` + c.arg(q.Skip) + `)`
	}
	return list(ctx, r.run, scanItem, query+` ORDER BY id LIMIT `+c.arg(q.Limit), c.args...)
}

func (r reader) CountItems(ctx context.Context, org identity.OrgID, q identity.ItemQuery) (int, error) {
	if q == (identity.ItemQuery{Type: q.Type, After: q.After, Skip: q.Skip, Limit: q.Limit}) {
		return r.counted(ctx, org, countedItems+string(q.Type))
	}
	c, where := r.dialect.itemsWhere(org, q)
	return one(ctx, r.run, unknownItem, scanInt, `SELECT count(*) FROM items WHERE `+where, c.args...)
}

// itemsWhere says which items of an organization a query is about.
func (d *dialect) itemsWhere(org identity.OrgID, q identity.ItemQuery) (*compiler, string) {
	c := &compiler{dialect: d, org: org}
	where := "org_id = " + c.arg(org) + " AND type = " + c.arg(q.Type)
	if q.ID != "" {
		where += " AND id = " + c.arg(q.ID)
	}
	if q.ExternalID != "" {
		where += " AND external_id = " + c.arg(q.ExternalID)
	}
	if q.Key != (identity.ItemKey{}) {
		where += " AND id = (SELECT item_id FROM item_keys WHERE org_id = " + c.arg(org) + " AND type = " + c.arg(q.Type) +
			" AND name = " + c.arg(q.Key.Name) + " AND value = " + c.arg(q.Key.Value) + ")"
	}
	if q.Mentions != "" {
		where += " AND " + c.mentions("attributes", q.Mentions)
	}
	return c, where
}

func (t *transaction) InsertItem(ctx context.Context, i identity.Item, keys []identity.ItemKey) error {
	_, err := t.exec(ctx, `INSERT INTO items (`+itemColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`,
		i.Org, i.Type, i.ID, orNull(i.ExternalID), i.Attributes, i.CreatedAt, i.UpdatedAt)
	if err != nil {
		return err
	}
	return t.insertItemKeys(ctx, i, keys)
}

func (t *transaction) UpdateItem(ctx context.Context, i identity.Item, keys []identity.ItemKey) error {
	n, err := t.exec(ctx, `UPDATE items SET external_id = $5, attributes = $6, created_at = $7, updated_at = $8, version = version + 1
		WHERE org_id = $1 AND type = $2 AND id = $3 AND version = $4`,
		i.Org, i.Type, i.ID, i.Version, orNull(i.ExternalID), i.Attributes, i.CreatedAt, i.UpdatedAt)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.staleItem(ctx, i.Org, i.Type, i.ID)
	}
	if _, err := t.exec(ctx, `DELETE FROM item_keys WHERE org_id = $1 AND type = $2 AND item_id = $3`, i.Org, i.Type, i.ID); err != nil {
		return err
	}
	return t.insertItemKeys(ctx, i, keys)
}

func (t *transaction) insertItemKeys(ctx context.Context, i identity.Item, keys []identity.ItemKey) error {
	for _, k := range keys {
		if _, err := t.exec(ctx, `INSERT INTO item_keys (org_id, type, name, value, item_id) VALUES ($1, $2, $3, $4, $5)`,
			i.Org, i.Type, k.Name, k.Value, i.ID); err != nil {
			return err
		}
	}
	return nil
}

// DeleteItem leaves keys to the schema's cascade.
func (t *transaction) DeleteItem(ctx context.Context, org identity.OrgID, kind identity.ItemType, id identity.ItemID, version int64) error {
	n, err := t.exec(ctx, `DELETE FROM items WHERE org_id = $1 AND type = $2 AND id = $3 AND version = $4`, org, kind, id, version)
	if err == nil && n == 0 {
		return t.staleItem(ctx, org, kind, id)
	}
	return err
}

func (t *transaction) staleItem(ctx context.Context, org identity.OrgID, kind identity.ItemType, id identity.ItemID) error {
	return t.stale(ctx, unknownItem, `SELECT version FROM items WHERE org_id = $1 AND type = $2 AND id = $3`, org, kind, id)
}
