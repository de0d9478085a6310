-- +goose Up
-- upgrade: stop

-- Groups are looked for by name in any case, and by the id that their provider gave them.
ALTER TABLE groups ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE groups SET name_key = lower(name);
CREATE INDEX groups_name ON groups (org_id, name_key, id);
CREATE INDEX groups_external ON groups (org_id, external_id, id) WHERE external_id IS NOT NULL;

-- What whoever added a member calls it.
ALTER TABLE group_members ADD COLUMN display TEXT;

-- Groups that are in groups.
CREATE TABLE group_groups (
    org_id    ANY NOT NULL,
    group_id  ANY NOT NULL,
    member_id ANY NOT NULL,
    display   TEXT,
    PRIMARY KEY (org_id, group_id, member_id),
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, member_id) REFERENCES groups (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_groups_member ON group_groups (org_id, member_id, group_id);

-- The account that the bearer of a token stands for.
ALTER TABLE tokens ADD COLUMN me ANY;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('groups', 'groups_name', '100000 100 1 1'),
    ('groups', 'groups_external', '100000 100 1 1'),
    ('group_groups', 'sqlite_autoindex_group_groups_1', '10000 10 2 1'),
    ('group_groups', 'group_groups_member', '10000 10 2 1');
