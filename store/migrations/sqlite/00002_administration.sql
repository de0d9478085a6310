-- +goose Up
-- upgrade: stop

ALTER TABLE organizations ADD COLUMN retention_cut_at INTEGER;
ALTER TABLE organizations ADD COLUMN enforce_verified_domains INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN self_registration INTEGER NOT NULL DEFAULT 1;
ALTER TABLE organizations ADD COLUMN required_attributes TEXT NOT NULL DEFAULT '';
ALTER TABLE organizations ADD COLUMN creator ANY;
ALTER TABLE organizations ADD COLUMN active_providers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN licence_templates INTEGER NOT NULL DEFAULT 0;

ALTER TABLE accounts ADD COLUMN pending_email TEXT;
ALTER TABLE accounts ADD COLUMN pending_since INTEGER;
ALTER TABLE accounts ADD COLUMN invited_at INTEGER;
-- Holds whoever has not confirmed a new address, the longest waiting first.
CREATE INDEX accounts_pending ON accounts (pending_since) WHERE pending_since IS NOT NULL;

-- Whose account somebody is whom an issuer knows, across all organizations.
CREATE TABLE bindings (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    org_id     ANY     NOT NULL,
    account_id ANY     NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX bindings_account ON bindings (org_id, account_id);

CREATE TABLE relationships (
    managing   ANY     NOT NULL REFERENCES organizations (id),
    managed    ANY     NOT NULL REFERENCES organizations (id),
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (managing, managed)
) STRICT, WITHOUT ROWID;
CREATE INDEX relationships_managed ON relationships (managed, managing);

CREATE TABLE identity_providers (
    issuer     TEXT    NOT NULL PRIMARY KEY,
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    audience   TEXT    NOT NULL,
    clients    TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_providers_org ON identity_providers (org_id, issuer);

CREATE TABLE links (
    hash       TEXT    NOT NULL PRIMARY KEY,
    org_id     ANY     NOT NULL,
    account_id ANY     NOT NULL,
    purpose    TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX links_account ON links (org_id, account_id, purpose);
CREATE INDEX links_expired ON links (expires_at);

CREATE TABLE receipts (
    caller      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    answer      BLOB,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX receipts_created ON receipts (created_at);

-- Has one row at most.
CREATE TABLE clock_watch (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    at        INTEGER,
    paused_at INTEGER,
    why       TEXT    NOT NULL,
    steady    INTEGER
) STRICT;

-- The place of an event in its organization's chain, and its hash, which a later migration computes for the events that there
-- are already.
ALTER TABLE events ADD COLUMN actor_account ANY;
ALTER TABLE events ADD COLUMN request TEXT;
ALTER TABLE events ADD COLUMN target_type TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN target_id TEXT;
ALTER TABLE events ADD COLUMN target_name TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN error TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN message TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN hash BLOB NOT NULL DEFAULT X'';
UPDATE events SET seq = numbered.seq
    FROM (SELECT org_id, id, row_number() OVER (PARTITION BY org_id ORDER BY id) AS seq FROM events) AS numbered
    WHERE events.org_id = numbered.org_id AND events.id = numbered.id;
CREATE UNIQUE INDEX events_chain ON events (org_id, seq);
CREATE INDEX events_target ON events (org_id, target_id, id) WHERE target_id IS NOT NULL;

-- Where each organization's chain ends. Apart from the events, so that it shows if the last ones are gone.
CREATE TABLE audit_heads (
    org_id ANY     NOT NULL PRIMARY KEY REFERENCES organizations (id),
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('accounts', 'accounts_pending', '1000 1'),
    ('bindings', 'bindings', '500000 100000 1'),
    ('bindings', 'bindings_account', '500000 5000 1'),
    ('links', 'links', '100000 1'),
    ('links', 'links_account', '100000 1000 1 1'),
    ('links', 'links_expired', '100000 1'),
    ('events', 'events_chain', '5000000 50000 1'),
    ('events', 'events_target', '500000 5000 5 1');
