-- +goose Up
-- upgrade: stop

ALTER TABLE organizations ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
ALTER TABLE organizations ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE organizations ADD COLUMN allow_content_transfer INTEGER NOT NULL DEFAULT 1;
ALTER TABLE organizations ADD COLUMN provider_authoritative INTEGER NOT NULL DEFAULT 0;

-- Who could be claimed in a domain is found here: the primary addresses of a domain, in order. Holds what is needed to count them.
ALTER TABLE address_holds ADD COLUMN domain TEXT NOT NULL DEFAULT '';
UPDATE address_holds SET domain = substr(email_key, instr(email_key, '@') + 1);
CREATE INDEX address_holds_domain ON address_holds (domain, email_key, org_id, account_id) WHERE kind = 'primary';

-- Accounts that stand for no person, and those whose owners were claimed. There are few, so that users are counted by leaving them out.
ALTER TABLE accounts ADD COLUMN machine INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET machine = 1 WHERE instr(profile, '"userType":"room"') > 0 OR instr(profile, '"userType":"external_calling"') > 0
    OR instr(profile, '"userType":"calling_service"') > 0;
CREATE INDEX accounts_no_users ON accounts (org_id) WHERE shadow OR machine;


-- The labels from the last to the first: what is below a domain begins with it.
ALTER TABLE domains ADD COLUMN reversed TEXT NOT NULL DEFAULT '';
WITH RECURSIVE turned (org_id, name, rest, done) AS (
    SELECT org_id, name, name || '.', '' FROM domains
    UNION ALL
    SELECT org_id, name, substr(rest, instr(rest, '.') + 1),
        substr(rest, 1, instr(rest, '.') - 1) || CASE done WHEN '' THEN '' ELSE '.' || done END
    FROM turned WHERE rest <> ''
)
UPDATE domains SET reversed = turned.done FROM turned
    WHERE turned.rest = '' AND turned.org_id = domains.org_id AND turned.name = domains.name;
CREATE INDEX domains_reversed ON domains (reversed, org_id);

-- A claim outlives the accounts that it is about, so it refers to the organizations only.
CREATE TABLE claims (
    id           ANY     NOT NULL PRIMARY KEY,
    target       ANY     NOT NULL REFERENCES organizations (id),
    source       ANY     NOT NULL REFERENCES organizations (id),
    new_account  ANY     NOT NULL,
    old_account  ANY     NOT NULL,
    mode         TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    domain       TEXT    NOT NULL,
    carried      TEXT    NOT NULL,
    content_lost INTEGER NOT NULL,
    claimed_at   INTEGER NOT NULL,
    signed_in_at INTEGER,
    outcome      TEXT,
    settled_at   INTEGER,
    version      INTEGER NOT NULL
) STRICT;
-- Nobody is claimed twice at the same time.
CREATE UNIQUE INDEX claims_old_open ON claims (source, old_account) WHERE outcome IS NULL;
CREATE UNIQUE INDEX claims_new_open ON claims (target, new_account) WHERE outcome IS NULL;
CREATE INDEX claims_target ON claims (target, id);
CREATE INDEX claims_open ON claims (target, id) WHERE outcome IS NULL;
CREATE INDEX claims_new ON claims (target, new_account, id);
CREATE INDEX claims_old ON claims (source, old_account, id);
CREATE INDEX claims_due ON claims (claimed_at) WHERE outcome IS NULL AND mode = 'deferred';
CREATE INDEX claims_domain ON claims (target, domain, id) WHERE outcome IS NULL;

CREATE TABLE site_links (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    site       TEXT    NOT NULL,
    licence    TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, site)
) STRICT, WITHOUT ROWID;

-- How far the deletion of an organization is; with the organization itself what is left of it in the end.
CREATE TABLE org_deletions (
    org_id       ANY     NOT NULL PRIMARY KEY REFERENCES organizations (id),
    id           ANY     NOT NULL,
    handling     TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    requested_at INTEGER NOT NULL,
    users_at     INTEGER,
    deleted_at   INTEGER,
    converted    INTEGER NOT NULL,
    removed      INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT;
CREATE INDEX org_deletions_open ON org_deletions (requested_at) WHERE state <> 'deleted';

-- When somebody put a reminder off.
CREATE TABLE reminders (
    org_id     ANY     NOT NULL,
    account_id ANY     NOT NULL,
    prompt     TEXT    NOT NULL,
    later_at   INTEGER NOT NULL,
    PRIMARY KEY (org_id, account_id, prompt),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Mails and work orders go different ways, and neither waits for the other.
ALTER TABLE messages ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
DROP INDEX messages_due;
CREATE INDEX messages_due ON messages (channel, COALESCE(next_at, 0), id) WHERE state = 'waiting';

-- Whom an answer that is kept tells about.
ALTER TABLE receipts ADD COLUMN org_id ANY;
CREATE INDEX receipts_org ON receipts (org_id) WHERE org_id IS NOT NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('accounts', 'accounts_no_users', '10000 100'),
    ('address_holds', 'address_holds_domain', '1000000 100 1 1 1'),
    ('domains', 'domains_reversed', '10000 2 1'),
    ('claims', 'claims_old_open', '10000 100 1'),
    ('claims', 'claims_new_open', '10000 100 1'),
    ('claims', 'claims_target', '100000 1000 1'),
    ('claims', 'claims_open', '10000 100 1'),
    ('claims', 'claims_new', '100000 1000 1 1'),
    ('claims', 'claims_old', '100000 1000 1 1'),
    ('claims', 'claims_due', '10000 1'),
    ('claims', 'claims_domain', '10000 100 10 1');
