-- +goose Up
-- upgrade: stop

-- The last requests that were made with each token. There is no reference to it: exchanges are purged with the organization, before its
-- tokens, and none is stored without one.
CREATE TABLE scim_exchanges (
    org_id      ANY     NOT NULL REFERENCES organizations (id),
    token_id    ANY     NOT NULL,
    at          INTEGER NOT NULL,
    id          ANY     NOT NULL,
    method      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    query       TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    scim_type   TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    duration_us INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    PRIMARY KEY (org_id, token_id, at, id)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('scim_exchanges', 'scim_exchanges', '100000 2000 1000 1 1');
