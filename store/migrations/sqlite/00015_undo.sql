-- +goose Up
-- upgrade: stop

-- The run that a plan takes back; NULL for a plan of what a synchronization would do.
ALTER TABLE plans ADD COLUMN undoes ANY;

-- When the body of a plan was forgotten; NULL: it is still there. Those that are still there are looked through for old ones.
ALTER TABLE plans ADD COLUMN dropped_at INTEGER;
CREATE INDEX plans_kept ON plans (created_at) WHERE dropped_at IS NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('plans', 'plans_kept', '10000 1');
