-- +goose Up
-- upgrade: stop

-- Things of an organization of types that the operator registered.
CREATE TABLE items (
    org_id      ANY     NOT NULL REFERENCES organizations (id),
    type        TEXT    NOT NULL,
    id          ANY     NOT NULL,
    external_id TEXT,
    attributes  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (org_id, type, id)
) STRICT;
CREATE INDEX items_external_id ON items (org_id, type, external_id, id) WHERE external_id IS NOT NULL;

-- What only one item of its type and organization can have.
CREATE TABLE item_keys (
    org_id  ANY  NOT NULL,
    type    TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    item_id ANY  NOT NULL,
    PRIMARY KEY (org_id, type, name, value),
    FOREIGN KEY (org_id, type, item_id) REFERENCES items (org_id, type, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX item_keys_item ON item_keys (org_id, type, item_id);

-- What extensions say of groups.
ALTER TABLE groups ADD COLUMN attributes TEXT NOT NULL DEFAULT '';

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('items', 'sqlite_autoindex_items_1', '1000000 10000 1000 1'),
    ('items', 'items_external_id', '1000000 10000 1000 1 1'),
    ('item_keys', 'item_keys', '1000000 10000 1000 500 1'),
    ('item_keys', 'item_keys_item', '1000000 10000 1000 2');
