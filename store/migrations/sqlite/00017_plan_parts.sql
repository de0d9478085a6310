-- +goose Up
-- upgrade: stop

-- The body of a plan is a series of compressed parts, which is no text. What was stored as text before can still be read.
ALTER TABLE plan_bodies RENAME TO plan_texts;
CREATE TABLE plan_bodies (
    plan_id ANY  NOT NULL PRIMARY KEY REFERENCES plans (id) ON DELETE CASCADE,
    body    BLOB
) STRICT;
INSERT INTO plan_bodies (plan_id, body) SELECT plan_id, CAST(body AS BLOB) FROM plan_texts;
DROP TABLE plan_texts;
