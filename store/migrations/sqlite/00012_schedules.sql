-- +goose Up
-- upgrade: stop

-- When connectors synchronize by themselves, and what came of it. due_at is the earliest of what is to come, so that one index finds what
-- is due in all organizations; it is NULL where nothing ever is.
CREATE TABLE sync_schedules (
    connector_id        ANY     NOT NULL PRIMARY KEY REFERENCES connectors (id) ON DELETE CASCADE,
    org_id              ANY     NOT NULL REFERENCES organizations (id),
    full_every          INTEGER NOT NULL,
    incremental_every   INTEGER NOT NULL,
    next_full_at        INTEGER,
    next_incremental_at INTEGER,
    failures            INTEGER NOT NULL,
    failing_since       INTEGER,
    quarantined_at      INTEGER,
    trouble             TEXT    NOT NULL,
    attempt_at          INTEGER,
    attempt_kind        TEXT    NOT NULL,
    success_at          INTEGER,
    success_kind        TEXT    NOT NULL,
    success_run         ANY,
    lease_by            TEXT    NOT NULL,
    lease_until         INTEGER,
    due_at              INTEGER,
    version             INTEGER NOT NULL
) STRICT;
CREATE INDEX sync_schedules_due ON sync_schedules (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sync_schedules_org ON sync_schedules (org_id);

-- Connectors that there are already run daily and every four hours like new ones, from when they last ran well.
INSERT INTO sync_schedules (connector_id, org_id, full_every, incremental_every, next_full_at, next_incremental_at, failures, trouble,
    attempt_kind, success_at, success_kind, lease_by, due_at, version)
SELECT id, org_id, 86400, 14400, COALESCE(last_good_at, created_at) + 86400000000, COALESCE(last_good_at, created_at) + 14400000000, 0, '',
    '', last_good_at, CASE WHEN last_good_at IS NULL THEN '' ELSE 'full' END, '', COALESCE(last_good_at, created_at) + 14400000000, 1
FROM connectors;

-- How many users no entry matches; -1 where a plan does not tell.
ALTER TABLE plans ADD COLUMN mismatched INTEGER NOT NULL DEFAULT -1;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('sync_schedules', 'sqlite_autoindex_sync_schedules_1', '10000 1'),
    ('sync_schedules', 'sync_schedules_due', '10000 1'),
    ('sync_schedules', 'sync_schedules_org', '10000 2');
