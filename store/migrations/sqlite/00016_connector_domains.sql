-- +goose Up
-- upgrade: stop

-- The Active Directory domain that a connector reads; empty where there is none. Of connectors of before that read the same one, the first
-- keeps it.
ALTER TABLE connectors ADD COLUMN domain TEXT NOT NULL DEFAULT '';
UPDATE connectors SET domain = substr(base, instr(base, 'dc='))
FROM (SELECT id AS connector, lower(replace(json_extract(settings, '$.baseDNs[0]'), ', ', ',')) AS base FROM connectors
    WHERE 'ad' IN (kind, json_extract(settings, '$.schema')) AND json_extract(settings, '$.baseDNs[0]') IS NOT NULL) AS bases
WHERE connectors.id = connector AND instr(base, 'dc=') > 0;
UPDATE connectors SET domain = '' WHERE domain <> '' AND EXISTS (SELECT 1 FROM connectors AS earlier
    WHERE earlier.org_id = connectors.org_id AND earlier.domain = connectors.domain AND earlier.id < connectors.id);
CREATE UNIQUE INDEX connectors_domain ON connectors (org_id, domain) WHERE domain <> '';

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('connectors', 'connectors_domain', '10000 2 1');
