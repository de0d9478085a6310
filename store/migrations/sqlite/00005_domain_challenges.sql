-- +goose Up
-- upgrade: stop

-- Proofs that organizations were asked for and have not brought yet. A domain that is proven is in domains.
CREATE TABLE domain_challenges (
    org_id     ANY     NOT NULL REFERENCES organizations (id),
    name       TEXT    NOT NULL,
    token      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, name)
) STRICT, WITHOUT ROWID;
