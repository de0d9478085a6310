-- +goose Up
-- upgrade: expand

-- Events of a range of time, and those of an actor in it, without reading what came before and after. They hold the kind so that no event is
-- read for being of another one.
CREATE INDEX events_at ON events (org_id, at, id, kind);
CREATE INDEX events_actor ON events (org_id, actor_id, at, id, kind);
