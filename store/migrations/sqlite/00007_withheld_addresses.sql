-- +goose Up
-- upgrade: stop

-- Addresses of a domain that nobody can be claimed by: their users are being claimed, or are gone from a directory and about to be deleted.
CREATE INDEX address_holds_withheld ON address_holds (domain, email_key) WHERE kind IN ('claim', 'soft_deleted');

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('address_holds', 'address_holds_withheld', '10000 10 1');
