-- +goose Up

-- The run that a plan takes back; NULL for a plan of what a synchronization would do.
ALTER TABLE plans ADD COLUMN undoes ANY;
