-- +goose Up
-- upgrade: stop

-- The entry that a group mirrors.
ALTER TABLE groups ADD COLUMN connector_id ANY REFERENCES connectors (id);
ALTER TABLE groups ADD COLUMN object_id TEXT;
ALTER TABLE groups ADD COLUMN dn TEXT;
CREATE UNIQUE INDEX groups_object ON groups (connector_id, object_id) WHERE connector_id IS NOT NULL;
CREATE INDEX groups_connector ON groups (connector_id, id) WHERE connector_id IS NOT NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('groups', 'groups_object', '100000 10 1'),
    ('groups', 'groups_connector', '100000 10 1');
