-- +goose Up
-- upgrade: stop

-- The password of a connector's account, sealed with a key that is not in the database; empty where its settings name a file.
ALTER TABLE connectors ADD COLUMN secret TEXT NOT NULL DEFAULT '';
