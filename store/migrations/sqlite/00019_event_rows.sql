-- +goose Up
-- upgrade: stop

-- Events in the order in which they came, in a table with row numbers: rows of a table without them may fill a quarter of a page at most, and
-- what a directory showed is longer, so that every such event took a page of its own for the rest.
ALTER TABLE events RENAME TO events_before;
CREATE TABLE events (
    org_id        ANY     NOT NULL REFERENCES organizations (id),
    id            ANY     NOT NULL,
    at            INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    rule          TEXT    NOT NULL,
    actor_kind    TEXT    NOT NULL,
    actor_id      TEXT    NOT NULL,
    actor_name    TEXT    NOT NULL,
    actor_org     ANY     NOT NULL,
    account_id    ANY,
    account_name  TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    evidence      TEXT,
    actor_account ANY,
    request       TEXT,
    target_type   TEXT    NOT NULL DEFAULT '',
    target_id     TEXT,
    target_name   TEXT    NOT NULL DEFAULT '',
    error         TEXT    NOT NULL DEFAULT '',
    message       TEXT    NOT NULL DEFAULT '',
    seq           INTEGER NOT NULL DEFAULT 0,
    hash          BLOB    NOT NULL DEFAULT X'',
    PRIMARY KEY (org_id, id)
) STRICT;
INSERT INTO events SELECT * FROM events_before ORDER BY org_id, id;
DROP TABLE events_before;
CREATE INDEX events_account ON events (org_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX events_chain ON events (org_id, seq);
CREATE INDEX events_target ON events (org_id, target_id, id) WHERE target_id IS NOT NULL;

DELETE FROM sqlite_stat1 WHERE tbl = 'events_before' OR tbl = 'events';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('events', 'sqlite_autoindex_events_1', '5000000 50000 1'),
    ('events', 'events_account', '5000000 50000 5 1'),
    ('events', 'events_chain', '5000000 50000 1'),
    ('events', 'events_target', '500000 5000 5 1');
