-- +goose Up
-- upgrade: stop

-- The schema that the oldest program knows which can work with this one. A migration that such a program cannot live with writes its own number here.
CREATE TABLE schema_oldest (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO schema_oldest (id, version) VALUES (1, 20);
