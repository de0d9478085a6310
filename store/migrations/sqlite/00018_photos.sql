-- +goose Up
-- upgrade: stop

-- Photos of users. What is said about them is apart from their bytes, so that it can be listed quickly.
CREATE TABLE photos (
    org_id     ANY     NOT NULL,
    account_id ANY     NOT NULL,
    digest     BLOB    NOT NULL,
    media_type TEXT    NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, account_id),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE photo_bytes (
    org_id     ANY  NOT NULL,
    account_id ANY  NOT NULL,
    bytes      BLOB NOT NULL,
    PRIMARY KEY (org_id, account_id),
    FOREIGN KEY (org_id, account_id) REFERENCES accounts (org_id, id) ON DELETE CASCADE
) STRICT;

-- Photos that wait for a plan to be applied. They are written before the plan is, a few at a time, so that it is whole when it is seen.
CREATE TABLE plan_photos (
    org_id       ANY     NOT NULL REFERENCES organizations (id),
    plan_id      ANY     NOT NULL,
    digest       BLOB    NOT NULL,
    connector_id ANY     NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    staged_at    INTEGER NOT NULL,
    bytes        BLOB    NOT NULL,
    PRIMARY KEY (org_id, plan_id, digest)
) STRICT;
CREATE INDEX plan_photos_staged ON plan_photos (staged_at, plan_id);
CREATE INDEX plan_photos_connector ON plan_photos (connector_id);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('photos', 'photos', '10000000 1000 1'),
    ('photo_bytes', 'sqlite_autoindex_photo_bytes_1', '10000000 1000 1'),
    ('plan_photos', 'sqlite_autoindex_plan_photos_1', '100000 1000 100 1'),
    ('plan_photos', 'plan_photos_staged', '100000 2 2'),
    ('plan_photos', 'plan_photos_connector', '100000 1000');
