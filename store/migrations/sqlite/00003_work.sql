-- +goose Up
-- upgrade: stop

CREATE TABLE subscriptions (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    id         ANY     NOT NULL,
    name       TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT;
CREATE INDEX subscriptions_started ON subscriptions (org_id, started_at, id);

-- No seats means as many as wanted. What is used is counted here and never summed up, so that taking a seat is one write.
CREATE TABLE pools (
    org_id          ANY     NOT NULL,
    subscription_id ANY     NOT NULL,
    licence         TEXT    NOT NULL,
    seats           INTEGER NOT NULL CHECK (seats >= 0),
    used            INTEGER NOT NULL CHECK (used >= 0 AND (seats = 0 OR used <= seats)),
    PRIMARY KEY (org_id, subscription_id, licence),
    FOREIGN KEY (org_id, subscription_id) REFERENCES subscriptions (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A licence cannot be assigned from a pool that does not exist, nor such a pool go away.
CREATE TABLE assignments (
    org_id          ANY     NOT NULL,
    account_id      ANY     NOT NULL,
    licence         TEXT    NOT NULL,
    subscription_id ANY     NOT NULL,
    assigned_at     INTEGER NOT NULL,
    PRIMARY KEY (org_id, account_id, licence),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, subscription_id, licence) REFERENCES pools (org_id, subscription_id, licence)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignments_pool ON assignments (org_id, subscription_id, licence, account_id);

CREATE TABLE groups (
    org_id      ANY     NOT NULL REFERENCES organizations (id),
    id          ANY     NOT NULL,
    name        TEXT    NOT NULL,
    external_id TEXT,
    source      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT;

CREATE TABLE group_members (
    org_id     ANY NOT NULL,
    group_id   ANY NOT NULL,
    account_id ANY NOT NULL,
    PRIMARY KEY (org_id, group_id, account_id),
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_account ON group_members (org_id, account_id, group_id);

-- The organization's own template has the empty group, so it refers to no group.
CREATE TABLE templates (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    group_id   ANY     NOT NULL,
    licences   TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, group_id)
) STRICT, WITHOUT ROWID;

-- Messages outlive the accounts that they are about.
CREATE TABLE messages (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    id         ANY     NOT NULL,
    account_id ANY,
    kind       TEXT    NOT NULL,
    recipient  TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    data       TEXT,
    state      TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    next_at    INTEGER,
    last_error TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER,
    PRIMARY KEY (org_id, id)
) STRICT;
CREATE UNIQUE INDEX messages_key ON messages (key);
CREATE INDEX messages_state ON messages (org_id, state, id);
CREATE INDEX messages_account ON messages (org_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX messages_due ON messages (COALESCE(next_at, 0), id) WHERE state = 'waiting';
CREATE INDEX messages_sent ON messages (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE jobs (
    org_id      ANY     NOT NULL REFERENCES organizations (id),
    id          ANY     NOT NULL,
    kind        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    options     TEXT,
    total       INTEGER NOT NULL,
    processed   INTEGER NOT NULL,
    succeeded   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    next        TEXT    NOT NULL,
    error       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    started_at  INTEGER,
    finished_at INTEGER,
    expires_at  INTEGER,
    lease_until INTEGER,
    version     INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT;
CREATE UNIQUE INDEX jobs_alone ON jobs (org_id, kind) WHERE state IN ('queued', 'running') AND kind <> 'export';
CREATE INDEX jobs_kind ON jobs (org_id, kind, id);
CREATE INDEX jobs_open ON jobs (state, id) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_expiry ON jobs (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE job_rows (
    org_id     ANY     NOT NULL,
    job_id     ANY     NOT NULL,
    number     INTEGER NOT NULL,
    input      TEXT,
    done       INTEGER NOT NULL,
    outcome    TEXT    NOT NULL,
    account_id ANY,
    code       TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    PRIMARY KEY (org_id, job_id, number),
    FOREIGN KEY (org_id, job_id) REFERENCES jobs (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE job_chunks (
    org_id ANY     NOT NULL,
    job_id ANY     NOT NULL,
    number INTEGER NOT NULL,
    data   BLOB    NOT NULL,
    PRIMARY KEY (org_id, job_id, number),
    FOREIGN KEY (org_id, job_id) REFERENCES jobs (org_id, id) ON DELETE CASCADE
) STRICT;
