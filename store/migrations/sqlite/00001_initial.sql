-- +goose Up
-- upgrade: stop

CREATE TABLE organizations (
    id                ANY     NOT NULL PRIMARY KEY,
    name              TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    sync_mode         TEXT    NOT NULL,
    sso_provider      TEXT    NOT NULL,
    require_email     INTEGER NOT NULL,
    activation_emails INTEGER NOT NULL,
    retention_days    INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL
) STRICT;

CREATE TABLE connectors (
    id               ANY     NOT NULL PRIMARY KEY,
    org_id           ANY     NOT NULL REFERENCES organizations (id),
    name             TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    settings         TEXT,
    last_good_count  INTEGER NOT NULL,
    last_good_at     INTEGER,
    last_good_server TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX connectors_name ON connectors (org_id, name);

CREATE TABLE accounts (
    org_id           ANY     NOT NULL REFERENCES organizations (id),
    id               ANY     NOT NULL,
    user_name        TEXT    NOT NULL,
    user_name_key    TEXT    NOT NULL,
    external_id      TEXT,
    status           TEXT    NOT NULL,
    previous_status  TEXT    NOT NULL,
    inactive_reason  TEXT,
    status_at        INTEGER NOT NULL,
    status_event     ANY     NOT NULL,
    source           TEXT    NOT NULL,
    connector_id     ANY     REFERENCES connectors (id),
    object_id        TEXT,
    dn               TEXT,
    shadow           INTEGER NOT NULL,
    first_sign_in_at INTEGER,
    last_sign_in_at  INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    emails           TEXT    NOT NULL,
    profile          TEXT    NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT;
CREATE UNIQUE INDEX accounts_user_name ON accounts (org_id, user_name_key);
CREATE UNIQUE INDEX accounts_object ON accounts (connector_id, object_id) WHERE connector_id IS NOT NULL;
CREATE INDEX accounts_external_id ON accounts (org_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX accounts_connector ON accounts (connector_id, id) WHERE connector_id IS NOT NULL;
-- Holds every column that a condition can compare, so that counting and skipping never read a document.
CREATE INDEX accounts_listing ON accounts (org_id, id, status, inactive_reason, source, created_at, updated_at,
    user_name_key, external_id, connector_id);
-- Holds whoever has a retention clock running, the longest waiting first.
CREATE INDEX accounts_due ON accounts (status_at)
    WHERE status = 'inactive' AND NOT shadow AND inactive_reason IS DISTINCT FROM 'directory_disabled';

-- Every address of an account, folded for filters. It decides nothing; address_holds does.
CREATE TABLE account_emails (
    org_id     ANY  NOT NULL,
    account_id ANY  NOT NULL,
    email      TEXT NOT NULL,
    PRIMARY KEY (org_id, account_id, email),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX account_emails_email ON account_emails (org_id, email, account_id);

-- The only judge of who has an address, across all organizations.
CREATE TABLE address_holds (
    email_key  TEXT NOT NULL PRIMARY KEY,
    org_id     ANY  NOT NULL,
    account_id ANY  NOT NULL,
    kind       TEXT NOT NULL,
    -- Looked at when the transaction ends: an address is taken before its account is written.
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX address_holds_account ON address_holds (account_id);

CREATE TABLE tokens (
    id         ANY     NOT NULL PRIMARY KEY,
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    name       TEXT    NOT NULL,
    profile    TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_org ON tokens (org_id, id);

CREATE TABLE grants (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_person ON grants (issuer, subject, org_id);

CREATE TABLE domains (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    name       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_name ON domains (name, org_id);
CREATE UNIQUE INDEX domains_claimed ON domains (name) WHERE state = 'claimed';

-- Events outlive what they tell of, so they refer to nothing but their organization.
CREATE TABLE events (
    org_id       ANY     NOT NULL REFERENCES organizations (id),
    id           ANY     NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    rule         TEXT    NOT NULL,
    actor_kind   TEXT    NOT NULL,
    actor_id     TEXT    NOT NULL,
    actor_name   TEXT    NOT NULL,
    actor_org    ANY     NOT NULL,
    account_id   ANY ,
    account_name TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    evidence     TEXT,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_account ON events (org_id, account_id, id) WHERE account_id IS NOT NULL;

CREATE TABLE plans (
    id           ANY     NOT NULL PRIMARY KEY,
    org_id       ANY     NOT NULL REFERENCES organizations (id),
    connector_id ANY     NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    hash         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    summary      TEXT,
    approved_by  TEXT    NOT NULL,
    version      INTEGER NOT NULL
) STRICT;
CREATE INDEX plans_org ON plans (org_id, id);
CREATE INDEX plans_connector ON plans (connector_id, id);

-- Apart from the plan, because it is long and never changes while the plan's state does.
CREATE TABLE plan_bodies (
    plan_id ANY  NOT NULL PRIMARY KEY REFERENCES plans (id) ON DELETE CASCADE,
    body    TEXT
) STRICT;

CREATE TABLE runs (
    id           ANY     NOT NULL PRIMARY KEY,
    org_id       ANY     NOT NULL REFERENCES organizations (id),
    connector_id ANY     NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    plan_id      ANY     NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    state        TEXT    NOT NULL,
    actor_kind   TEXT    NOT NULL,
    actor_id     TEXT    NOT NULL,
    actor_name   TEXT    NOT NULL,
    actor_org    ANY     NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    next_step    INTEGER NOT NULL,
    report       TEXT,
    version      INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_org ON runs (org_id, id);
CREATE INDEX runs_connector ON runs (connector_id, id);
CREATE INDEX runs_plan ON runs (plan_id);

-- The organization of personal accounts exists in every store.
INSERT INTO organizations (id, name, kind, sync_mode, sso_provider, require_email, activation_emails, retention_days,
    created_at, updated_at, version)
VALUES (X'00000000000070008000000000000001', 'Personal accounts', 'consumer', 'disabled', '', 0, 1, 30,
    unixepoch() * 1000000, unixepoch() * 1000000, 1);

-- What the planner takes the tables to be: large, with many organizations of many people each. Without this it expects ten
-- rows in an organization and goes through all of them where an index would find the one that is wanted.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('accounts', 'sqlite_autoindex_accounts_1', '1000000 10000 1'),
    ('accounts', 'accounts_user_name', '1000000 10000 1'),
    ('accounts', 'accounts_object', '500000 10000 1'),
    ('accounts', 'accounts_external_id', '1000000 10000 1 1'),
    ('accounts', 'accounts_connector', '500000 10000 1'),
    ('accounts', 'accounts_listing', '1000000 10000 1 1 1 1 1 1 1 1 1'),
    ('accounts', 'accounts_due', '10000 1'),
    ('account_emails', 'account_emails', '1500000 15000 2 1'),
    ('account_emails', 'account_emails_email', '1500000 15000 1 1'),
    ('address_holds', 'address_holds', '1500000 1'),
    ('address_holds', 'address_holds_account', '1500000 15000 2'),
    ('events', 'sqlite_autoindex_events_1', '5000000 50000 1'),
    ('events', 'events_account', '5000000 50000 5 1');
