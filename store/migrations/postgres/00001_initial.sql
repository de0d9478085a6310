-- +goose Up
-- upgrade: stop

-- The same tables as for SQLite after 00018; what is different is said where it stands. Identifiers are bytes, instants
-- whole microseconds, and texts are compared byte by byte, so that both engines have every list in the same order.

CREATE TABLE organizations (
    id                       bytea            NOT NULL PRIMARY KEY,
    name                     text COLLATE "C" NOT NULL,
    kind                     text COLLATE "C" NOT NULL,
    sync_mode                text COLLATE "C" NOT NULL,
    sso_provider             text COLLATE "C" NOT NULL,
    require_email            boolean          NOT NULL,
    activation_emails        boolean          NOT NULL,
    retention_days           bigint           NOT NULL,
    created_at               bigint           NOT NULL,
    updated_at               bigint           NOT NULL,
    version                  bigint           NOT NULL,
    retention_cut_at         bigint,
    enforce_verified_domains boolean          NOT NULL,
    self_registration        boolean          NOT NULL,
    required_attributes      text COLLATE "C" NOT NULL,
    creator                  bytea,
    active_providers         bigint           NOT NULL,
    licence_templates        bigint           NOT NULL,
    state                    text COLLATE "C" NOT NULL,
    region                   text COLLATE "C" NOT NULL,
    allow_content_transfer   boolean          NOT NULL,
    provider_authoritative   boolean          NOT NULL
);

CREATE TABLE connectors (
    id               bytea            NOT NULL PRIMARY KEY,
    org_id           bytea            NOT NULL REFERENCES organizations (id),
    name             text COLLATE "C" NOT NULL,
    kind             text COLLATE "C" NOT NULL,
    settings         text COLLATE "C",
    last_good_count  bigint           NOT NULL,
    last_good_at     bigint,
    last_good_server text COLLATE "C" NOT NULL,
    created_at       bigint           NOT NULL,
    updated_at       bigint           NOT NULL,
    version          bigint           NOT NULL,
    cursor           text COLLATE "C",
    secret           text COLLATE "C" NOT NULL,
    domain           text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX connectors_domain ON connectors (org_id, domain) WHERE domain <> '';
CREATE UNIQUE INDEX connectors_name ON connectors (org_id, name);

CREATE TABLE accounts (
    org_id           bytea            NOT NULL REFERENCES organizations (id),
    id               bytea            NOT NULL,
    user_name        text COLLATE "C" NOT NULL,
    user_name_key    text COLLATE "C" NOT NULL,
    external_id      text COLLATE "C",
    status           text COLLATE "C" NOT NULL,
    previous_status  text COLLATE "C" NOT NULL,
    inactive_reason  text COLLATE "C",
    status_at        bigint           NOT NULL,
    status_event     bytea            NOT NULL,
    source           text COLLATE "C" NOT NULL,
    connector_id     bytea            REFERENCES connectors (id),
    object_id        text COLLATE "C",
    dn               text COLLATE "C",
    shadow           boolean          NOT NULL,
    first_sign_in_at bigint,
    last_sign_in_at  bigint,
    created_at       bigint           NOT NULL,
    updated_at       bigint           NOT NULL,
    version          bigint           NOT NULL,
    emails           text COLLATE "C" NOT NULL,
    profile          text COLLATE "C" NOT NULL,
    pending_email    text COLLATE "C",
    pending_since    bigint,
    invited_at       bigint,
    machine          boolean          NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX accounts_connector ON accounts (connector_id, id) WHERE connector_id IS NOT NULL;
-- Holds whoever has a retention clock running, the longest waiting first.
CREATE INDEX accounts_due ON accounts (status_at) WHERE status = 'inactive' AND NOT shadow AND inactive_reason IS DISTINCT FROM 'directory_disabled';
CREATE INDEX accounts_external_id ON accounts (org_id, external_id, id) WHERE external_id IS NOT NULL;
-- Holds every column that a condition can compare, so that counting and skipping never read a document.
CREATE INDEX accounts_listing ON accounts (org_id, id, status, inactive_reason, source, created_at,
    updated_at, user_name_key, external_id, connector_id);
-- Accounts that stand for no person, and those whose owners were claimed. There are few, so that users are counted by leaving them out.
CREATE INDEX accounts_no_users ON accounts (org_id) WHERE shadow OR machine;
CREATE UNIQUE INDEX accounts_object ON accounts (connector_id, object_id) WHERE connector_id IS NOT NULL;
-- Holds whoever has not confirmed a new address, the longest waiting first.
CREATE INDEX accounts_pending ON accounts (pending_since) WHERE pending_since IS NOT NULL;
CREATE UNIQUE INDEX accounts_user_name ON accounts (org_id, user_name_key);

-- Every address of an account, folded for filters. It decides nothing; address_holds does.
CREATE TABLE account_emails (
    org_id     bytea            NOT NULL,
    account_id bytea            NOT NULL,
    email      text COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, account_id, email),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);
CREATE INDEX account_emails_email ON account_emails (org_id, email, account_id);

-- The only judge of who has an address, across all organizations.
CREATE TABLE address_holds (
    email_key  text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id     bytea            NOT NULL,
    account_id bytea            NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    domain     text COLLATE "C" NOT NULL,
    -- Looked at when the transaction ends: an address is taken before its account is written.
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX address_holds_account ON address_holds (account_id);
-- Who could be claimed in a domain is found here. Holds what is needed to count them.
CREATE INDEX address_holds_domain ON address_holds (domain, email_key, org_id, account_id) WHERE kind = 'primary';
-- Addresses of a domain that nobody can be claimed by.
CREATE INDEX address_holds_withheld ON address_holds (domain, email_key) WHERE kind IN ('claim', 'soft_deleted');

CREATE TABLE tokens (
    id         bytea            NOT NULL PRIMARY KEY,
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    name       text COLLATE "C" NOT NULL,
    profile    text COLLATE "C" NOT NULL,
    hash       text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    revoked_at bigint,
    me         bytea
);
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_org ON tokens (org_id, id);

-- The last requests that were made with each token. There is no reference to it: exchanges are purged with the organization, before its
-- tokens, and none is stored without one.
CREATE TABLE scim_exchanges (
    org_id      bytea            NOT NULL REFERENCES organizations (id),
    token_id    bytea            NOT NULL,
    at          bigint           NOT NULL,
    id          bytea            NOT NULL,
    method      text COLLATE "C" NOT NULL,
    path        text COLLATE "C" NOT NULL,
    query       text COLLATE "C" NOT NULL,
    status      bigint           NOT NULL,
    scim_type   text COLLATE "C" NOT NULL,
    detail      text COLLATE "C" NOT NULL,
    duration_us bigint           NOT NULL,
    body        text COLLATE "C" NOT NULL,
    request_id  text COLLATE "C" NOT NULL,
    user_agent  text COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, token_id, at, id)
);

CREATE TABLE grants (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    issuer     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    role       text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    PRIMARY KEY (org_id, issuer, subject)
);
CREATE INDEX grants_person ON grants (issuer, subject, org_id);

CREATE TABLE domains (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    name       text COLLATE "C" NOT NULL,
    state      text COLLATE "C" NOT NULL,
    updated_at bigint           NOT NULL,
    reversed   text COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, name)
);
CREATE UNIQUE INDEX domains_claimed ON domains (name) WHERE state = 'claimed';
CREATE INDEX domains_name ON domains (name, org_id);
CREATE INDEX domains_reversed ON domains (reversed, org_id);

-- Proofs that organizations were asked for and have not brought yet. A domain that is proven is in domains.
CREATE TABLE domain_challenges (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    name       text COLLATE "C" NOT NULL,
    token      text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    PRIMARY KEY (org_id, name)
);

-- Events outlive what they tell of, so they refer to nothing but their organization.
CREATE TABLE events (
    org_id        bytea            NOT NULL REFERENCES organizations (id),
    id            bytea            NOT NULL,
    at            bigint           NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    rule          text COLLATE "C" NOT NULL,
    actor_kind    text COLLATE "C" NOT NULL,
    actor_id      text COLLATE "C" NOT NULL,
    actor_name    text COLLATE "C" NOT NULL,
    actor_org     bytea            NOT NULL,
    account_id    bytea,
    account_name  text COLLATE "C" NOT NULL,
    reason        text COLLATE "C" NOT NULL,
    evidence      text COLLATE "C",
    actor_account bytea,
    request       text COLLATE "C",
    target_type   text COLLATE "C" NOT NULL,
    target_id     text COLLATE "C",
    target_name   text COLLATE "C" NOT NULL,
    error         text COLLATE "C" NOT NULL,
    message       text COLLATE "C" NOT NULL,
    seq           bigint           NOT NULL,
    hash          bytea            NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX events_account ON events (org_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX events_chain ON events (org_id, seq);
CREATE INDEX events_target ON events (org_id, target_id, id) WHERE target_id IS NOT NULL;

-- Where each organization's chain ends. Apart from the events, so that it shows if the last ones are gone.
CREATE TABLE audit_heads (
    org_id bytea  NOT NULL PRIMARY KEY REFERENCES organizations (id),
    seq    bigint NOT NULL,
    hash   bytea  NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE plans (
    id           bytea            NOT NULL PRIMARY KEY,
    org_id       bytea            NOT NULL REFERENCES organizations (id),
    connector_id bytea            NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    created_at   bigint           NOT NULL,
    hash         text COLLATE "C" NOT NULL,
    state        text COLLATE "C" NOT NULL,
    summary      text COLLATE "C",
    approved_by  text COLLATE "C" NOT NULL,
    version      bigint           NOT NULL,
    mismatched   bigint           NOT NULL,
    undoes       bytea,
    dropped_at   bigint
);
CREATE INDEX plans_connector ON plans (connector_id, id);
CREATE INDEX plans_kept ON plans (created_at) WHERE dropped_at IS NULL;
CREATE INDEX plans_org ON plans (org_id, id);

-- Apart from the plan, because it is long and never changes while the plan's state does.
CREATE TABLE plan_bodies (
    plan_id bytea NOT NULL PRIMARY KEY REFERENCES plans (id) ON DELETE CASCADE,
    body    bytea
);

CREATE TABLE runs (
    id           bytea            NOT NULL PRIMARY KEY,
    org_id       bytea            NOT NULL REFERENCES organizations (id),
    connector_id bytea            NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    plan_id      bytea            NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    state        text COLLATE "C" NOT NULL,
    actor_kind   text COLLATE "C" NOT NULL,
    actor_id     text COLLATE "C" NOT NULL,
    actor_name   text COLLATE "C" NOT NULL,
    actor_org    bytea            NOT NULL,
    started_at   bigint           NOT NULL,
    finished_at  bigint,
    next_step    bigint           NOT NULL,
    report       text COLLATE "C",
    version      bigint           NOT NULL
);
CREATE INDEX runs_connector ON runs (connector_id, id);
CREATE INDEX runs_org ON runs (org_id, id);
CREATE INDEX runs_plan ON runs (plan_id);

-- When connectors synchronize by themselves, and what came of it. due_at is the earliest of what is to come, so that one index finds what
-- is due in all organizations; it is NULL where nothing ever is.
CREATE TABLE sync_schedules (
    connector_id        bytea            NOT NULL PRIMARY KEY REFERENCES connectors (id) ON DELETE CASCADE,
    org_id              bytea            NOT NULL REFERENCES organizations (id),
    full_every          bigint           NOT NULL,
    incremental_every   bigint           NOT NULL,
    next_full_at        bigint,
    next_incremental_at bigint,
    failures            bigint           NOT NULL,
    failing_since       bigint,
    quarantined_at      bigint,
    trouble             text COLLATE "C" NOT NULL,
    attempt_at          bigint,
    attempt_kind        text COLLATE "C" NOT NULL,
    success_at          bigint,
    success_kind        text COLLATE "C" NOT NULL,
    success_run         bytea,
    lease_by            text COLLATE "C" NOT NULL,
    lease_until         bigint,
    due_at              bigint,
    version             bigint           NOT NULL
);
CREATE INDEX sync_schedules_due ON sync_schedules (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sync_schedules_org ON sync_schedules (org_id);

-- Whose account somebody is whom an issuer knows, across all organizations.
CREATE TABLE bindings (
    issuer     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    org_id     bytea            NOT NULL,
    account_id bytea            NOT NULL,
    created_at bigint           NOT NULL,
    PRIMARY KEY (issuer, subject),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);
CREATE INDEX bindings_account ON bindings (org_id, account_id, issuer, subject);

CREATE TABLE relationships (
    managing   bytea            NOT NULL REFERENCES organizations (id),
    managed    bytea            NOT NULL REFERENCES organizations (id),
    role       text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    PRIMARY KEY (managing, managed)
);
CREATE INDEX relationships_managed ON relationships (managed, managing);

CREATE TABLE identity_providers (
    issuer     text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    audience   text COLLATE "C" NOT NULL,
    clients    text COLLATE "C" NOT NULL,
    active     boolean          NOT NULL,
    created_at bigint           NOT NULL,
    updated_at bigint           NOT NULL
);
CREATE INDEX identity_providers_org ON identity_providers (org_id, issuer);

CREATE TABLE links (
    hash       text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id     bytea            NOT NULL,
    account_id bytea            NOT NULL,
    purpose    text COLLATE "C" NOT NULL,
    address    text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    expires_at bigint           NOT NULL,
    used_at    bigint,
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);
CREATE INDEX links_account ON links (org_id, account_id, purpose);
CREATE INDEX links_expired ON links (expires_at);

CREATE TABLE receipts (
    caller      text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    answer      bytea,
    created_at  bigint           NOT NULL,
    org_id      bytea,
    PRIMARY KEY (caller, key)
);
CREATE INDEX receipts_created ON receipts (created_at);
CREATE INDEX receipts_org ON receipts (org_id) WHERE org_id IS NOT NULL;

-- Has one row at most.
CREATE TABLE clock_watch (
    id        bigint           NOT NULL PRIMARY KEY CHECK (id = 1),
    at        bigint,
    paused_at bigint,
    why       text COLLATE "C" NOT NULL,
    steady    bigint
);

CREATE TABLE subscriptions (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    id         bytea            NOT NULL,
    name       text COLLATE "C" NOT NULL,
    type       text COLLATE "C" NOT NULL,
    status     text COLLATE "C" NOT NULL,
    started_at bigint           NOT NULL,
    updated_at bigint           NOT NULL,
    version    bigint           NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX subscriptions_started ON subscriptions (org_id, started_at, id);

-- No seats means as many as wanted. What is used is counted here and never summed up, so that taking a seat is one write.
CREATE TABLE pools (
    org_id          bytea            NOT NULL,
    subscription_id bytea            NOT NULL,
    licence         text COLLATE "C" NOT NULL,
    seats           bigint           NOT NULL CHECK (seats >= 0),
    used            bigint           NOT NULL CHECK (used >= 0 AND (seats = 0 OR used <= seats)),
    PRIMARY KEY (org_id, subscription_id, licence),
    FOREIGN KEY (org_id, subscription_id) REFERENCES subscriptions (org_id, id) ON DELETE CASCADE
);

-- A licence cannot be assigned from a pool that does not exist, nor such a pool go away.
CREATE TABLE assignments (
    org_id          bytea            NOT NULL,
    account_id      bytea            NOT NULL,
    licence         text COLLATE "C" NOT NULL,
    subscription_id bytea            NOT NULL,
    assigned_at     bigint           NOT NULL,
    PRIMARY KEY (org_id, account_id, licence),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, subscription_id, licence) REFERENCES pools (org_id, subscription_id, licence)
);
CREATE INDEX assignments_pool ON assignments (org_id, subscription_id, licence, account_id);

CREATE TABLE groups (
    org_id       bytea            NOT NULL REFERENCES organizations (id),
    id           bytea            NOT NULL,
    name         text COLLATE "C" NOT NULL,
    external_id  text COLLATE "C",
    source       text COLLATE "C" NOT NULL,
    created_at   bigint           NOT NULL,
    updated_at   bigint           NOT NULL,
    version      bigint           NOT NULL,
    name_key     text COLLATE "C" NOT NULL,
    attributes   text COLLATE "C" NOT NULL,
    connector_id bytea            REFERENCES connectors (id),
    object_id    text COLLATE "C",
    dn           text COLLATE "C",
    PRIMARY KEY (org_id, id)
);
CREATE INDEX groups_connector ON groups (connector_id, id) WHERE connector_id IS NOT NULL;
CREATE INDEX groups_external ON groups (org_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX groups_name ON groups (org_id, name_key, id);
CREATE UNIQUE INDEX groups_object ON groups (connector_id, object_id) WHERE connector_id IS NOT NULL;

CREATE TABLE group_members (
    org_id     bytea            NOT NULL,
    group_id   bytea            NOT NULL,
    account_id bytea            NOT NULL,
    display    text COLLATE "C",
    PRIMARY KEY (org_id, group_id, account_id),
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);
CREATE INDEX group_members_account ON group_members (org_id, account_id, group_id);

-- Groups that are in groups.
CREATE TABLE group_groups (
    org_id    bytea            NOT NULL,
    group_id  bytea            NOT NULL,
    member_id bytea            NOT NULL,
    display   text COLLATE "C",
    PRIMARY KEY (org_id, group_id, member_id),
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, member_id) REFERENCES groups (org_id, id) ON DELETE CASCADE
);
CREATE INDEX group_groups_member ON group_groups (org_id, member_id, group_id);

-- The organization's own template has the empty group, so it refers to no group.
CREATE TABLE templates (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    group_id   bytea            NOT NULL,
    licences   text COLLATE "C",
    updated_at bigint           NOT NULL,
    PRIMARY KEY (org_id, group_id)
);

-- Messages outlive the accounts that they are about.
CREATE TABLE messages (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    id         bytea            NOT NULL,
    account_id bytea,
    kind       text COLLATE "C" NOT NULL,
    recipient  text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    data       text COLLATE "C",
    state      text COLLATE "C" NOT NULL,
    attempts   bigint           NOT NULL,
    next_at    bigint,
    last_error text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    sent_at    bigint,
    channel    text COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX messages_account ON messages (org_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX messages_due ON messages (channel, COALESCE(next_at, 0), id) WHERE state = 'waiting';
CREATE UNIQUE INDEX messages_key ON messages (key);
CREATE INDEX messages_sent ON messages (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX messages_state ON messages (org_id, state, id);

CREATE TABLE jobs (
    org_id      bytea            NOT NULL REFERENCES organizations (id),
    id          bytea            NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL,
    actor       text COLLATE "C" NOT NULL,
    options     text COLLATE "C",
    total       bigint           NOT NULL,
    processed   bigint           NOT NULL,
    succeeded   bigint           NOT NULL,
    failed      bigint           NOT NULL,
    next        text COLLATE "C" NOT NULL,
    error       text COLLATE "C" NOT NULL,
    created_at  bigint           NOT NULL,
    started_at  bigint,
    finished_at bigint,
    expires_at  bigint,
    lease_until bigint,
    version     bigint           NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX jobs_alone ON jobs (org_id, kind) WHERE state IN ('queued', 'running') AND kind <> 'export';
CREATE INDEX jobs_expiry ON jobs (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX jobs_kind ON jobs (org_id, kind, id);
CREATE INDEX jobs_open ON jobs (state, id) WHERE state IN ('queued', 'running');

CREATE TABLE job_rows (
    org_id     bytea            NOT NULL,
    job_id     bytea            NOT NULL,
    number     bigint           NOT NULL,
    input      text COLLATE "C",
    done       boolean          NOT NULL,
    outcome    text COLLATE "C" NOT NULL,
    account_id bytea,
    code       text COLLATE "C" NOT NULL,
    message    text COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, job_id, number),
    FOREIGN KEY (org_id, job_id) REFERENCES jobs (org_id, id) ON DELETE CASCADE
);

CREATE TABLE job_chunks (
    org_id bytea  NOT NULL,
    job_id bytea  NOT NULL,
    number bigint NOT NULL,
    data   bytea  NOT NULL,
    PRIMARY KEY (org_id, job_id, number),
    FOREIGN KEY (org_id, job_id) REFERENCES jobs (org_id, id) ON DELETE CASCADE
);

-- A claim outlives the accounts that it is about, so it refers to the organizations only.
CREATE TABLE claims (
    id           bytea            NOT NULL PRIMARY KEY,
    target       bytea            NOT NULL REFERENCES organizations (id),
    source       bytea            NOT NULL REFERENCES organizations (id),
    new_account  bytea            NOT NULL,
    old_account  bytea            NOT NULL,
    mode         text COLLATE "C" NOT NULL,
    email        text COLLATE "C" NOT NULL,
    domain       text COLLATE "C" NOT NULL,
    carried      text COLLATE "C" NOT NULL,
    content_lost boolean          NOT NULL,
    claimed_at   bigint           NOT NULL,
    signed_in_at bigint,
    outcome      text COLLATE "C",
    settled_at   bigint,
    version      bigint           NOT NULL
);
CREATE INDEX claims_domain ON claims (target, domain, id) WHERE outcome IS NULL;
CREATE INDEX claims_due ON claims (claimed_at) WHERE outcome IS NULL AND mode = 'deferred';
CREATE INDEX claims_new ON claims (target, new_account, id);
CREATE UNIQUE INDEX claims_new_open ON claims (target, new_account) WHERE outcome IS NULL;
CREATE INDEX claims_old ON claims (source, old_account, id);
-- Nobody is claimed twice at the same time.
CREATE UNIQUE INDEX claims_old_open ON claims (source, old_account) WHERE outcome IS NULL;
CREATE INDEX claims_open ON claims (target, id) WHERE outcome IS NULL;
CREATE INDEX claims_target ON claims (target, id);

CREATE TABLE site_links (
    org_id     bytea            NOT NULL REFERENCES organizations (id),
    site       text COLLATE "C" NOT NULL,
    licence    text COLLATE "C" NOT NULL,
    status     text COLLATE "C" NOT NULL,
    created_at bigint           NOT NULL,
    updated_at bigint           NOT NULL,
    PRIMARY KEY (org_id, site)
);

-- How far the deletion of an organization is; with the organization itself what is left of it in the end.
CREATE TABLE org_deletions (
    org_id       bytea            NOT NULL PRIMARY KEY REFERENCES organizations (id),
    id           bytea            NOT NULL,
    handling     text COLLATE "C" NOT NULL,
    state        text COLLATE "C" NOT NULL,
    actor        text COLLATE "C" NOT NULL,
    requested_at bigint           NOT NULL,
    users_at     bigint,
    deleted_at   bigint,
    converted    bigint           NOT NULL,
    removed      bigint           NOT NULL,
    version      bigint           NOT NULL
);
CREATE INDEX org_deletions_open ON org_deletions (requested_at) WHERE state <> 'deleted';

-- When somebody put a reminder off.
CREATE TABLE reminders (
    org_id     bytea            NOT NULL,
    account_id bytea            NOT NULL,
    prompt     text COLLATE "C" NOT NULL,
    later_at   bigint           NOT NULL,
    PRIMARY KEY (org_id, account_id, prompt),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);

-- Things of an organization of types that the operator registered.
CREATE TABLE items (
    org_id      bytea            NOT NULL REFERENCES organizations (id),
    type        text COLLATE "C" NOT NULL,
    id          bytea            NOT NULL,
    external_id text COLLATE "C",
    attributes  text COLLATE "C" NOT NULL,
    created_at  bigint           NOT NULL,
    updated_at  bigint           NOT NULL,
    version     bigint           NOT NULL,
    PRIMARY KEY (org_id, type, id)
);
CREATE INDEX items_external_id ON items (org_id, type, external_id, id) WHERE external_id IS NOT NULL;

-- What only one item of its type and organization can have.
CREATE TABLE item_keys (
    org_id  bytea            NOT NULL,
    type    text COLLATE "C" NOT NULL,
    name    text COLLATE "C" NOT NULL,
    value   text COLLATE "C" NOT NULL,
    item_id bytea            NOT NULL,
    PRIMARY KEY (org_id, type, name, value),
    FOREIGN KEY (org_id, type, item_id) REFERENCES items (org_id, type, id) ON DELETE CASCADE
);
CREATE INDEX item_keys_item ON item_keys (org_id, type, item_id);

-- Photos of users. What is said about them is apart from their bytes, so that it can be listed quickly.
CREATE TABLE photos (
    org_id     bytea            NOT NULL,
    account_id bytea            NOT NULL,
    digest     bytea            NOT NULL,
    media_type text COLLATE "C" NOT NULL,
    width      bigint           NOT NULL,
    height     bigint           NOT NULL,
    size       bigint           NOT NULL,
    updated_at bigint           NOT NULL,
    PRIMARY KEY (org_id, account_id),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);

CREATE TABLE photo_bytes (
    org_id     bytea NOT NULL,
    account_id bytea NOT NULL,
    bytes      bytea NOT NULL,
    PRIMARY KEY (org_id, account_id),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
);

-- Photos that wait for a plan to be applied. They are written before the plan is, a few at a time, so that it is whole when it is seen.
CREATE TABLE plan_photos (
    org_id       bytea  NOT NULL REFERENCES organizations (id),
    plan_id      bytea  NOT NULL,
    digest       bytea  NOT NULL,
    connector_id bytea  NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    staged_at    bigint NOT NULL,
    bytes        bytea  NOT NULL,
    PRIMARY KEY (org_id, plan_id, digest)
);
CREATE INDEX plan_photos_staged ON plan_photos (staged_at, plan_id);
CREATE INDEX plan_photos_connector ON plan_photos (connector_id);

-- Marks of the transactions that were committed last, and of those that must not be any more: whoever loses the connection while committing
-- writes the mark, which either finds it there or keeps the transaction from being committed later.
CREATE TABLE commits (
    mark bytea       NOT NULL PRIMARY KEY,
    kept boolean     NOT NULL DEFAULT true,
    at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX commits_at ON commits (at);

-- Locks, and nothing else: every writer locks the first one, and those of its organizations. A lock of a table is the only one that is
-- taken before the transaction's snapshot; an advisory lock is taken by a query, which sees the world as it was before it waited.
CREATE TABLE writers ();
-- +goose StatementBegin
DO $$
BEGIN
    FOR n IN 0..63 LOOP
        EXECUTE format('CREATE TABLE writers_%s ()', lpad(n::text, 2, '0'));
    END LOOP;
END
$$;
-- +goose StatementEnd

-- The organization of personal accounts exists in every store.
INSERT INTO organizations (id, name, kind, sync_mode, sso_provider, require_email, activation_emails, retention_days, created_at, updated_at,
    version, enforce_verified_domains, self_registration, required_attributes, active_providers, licence_templates, state, region,
    allow_content_transfer, provider_authoritative)
SELECT '\x00000000000070008000000000000001', 'Personal accounts', 'consumer', 'disabled', '', false, true, 30, micros, micros,
    1, false, true, '', 0, 0, 'active', '', true, false
FROM (SELECT floor(extract(epoch FROM now()) * 1000000)::bigint AS micros) AS started;
