-- +goose Up
-- upgrade: stop
-- Since when a connector asks its directory for changes; NULL where a full reading is owed.
ALTER TABLE connectors ADD COLUMN cursor TEXT;
