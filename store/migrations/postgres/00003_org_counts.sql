-- +goose Up
-- upgrade: expand

-- Nobody writes while what is there is counted. Whoever waits for this has not looked at anything yet.
LOCK TABLE writers IN EXCLUSIVE MODE;

-- How many accounts, groups and items of each type an organization has. Triggers keep it, so it is right whoever writes; a program only reads it.
CREATE TABLE org_counts (
    org_id bytea            NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kind   text COLLATE "C" NOT NULL, -- the table, and for items a slash and their type
    n      bigint           NOT NULL,
    PRIMARY KEY (org_id, kind)
);

-- A row is written for every statement and not for every row of it: a transaction finds a row that it has written n times by looking at n
-- versions. Nothing of it reads org_counts, which would let transactions of different organizations collide.
-- +goose StatementBegin
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO org_counts AS c (org_id, kind, n)
        SELECT org_id, TG_TABLE_NAME, sign * count(*) FROM changed GROUP BY org_id ORDER BY org_id
        ON CONFLICT (org_id, kind) DO UPDATE SET n = c.n + excluded.n;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION count_items() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO org_counts AS c (org_id, kind, n)
        SELECT org_id, TG_TABLE_NAME || '/' || type, sign * count(*) FROM changed GROUP BY org_id, type ORDER BY org_id, type
        ON CONFLICT (org_id, kind) DO UPDATE SET n = c.n + excluded.n;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- No program of ours moves a row to another organization or type; this is for whoever does it by hand. Only items have a type.
-- +goose StatementBegin
CREATE FUNCTION count_moved_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO org_counts AS c (org_id, kind, n)
        VALUES (OLD.org_id, TG_TABLE_NAME || COALESCE('/' || (to_jsonb(OLD) ->> 'type'), ''), -1)
        ON CONFLICT (org_id, kind) DO UPDATE SET n = c.n + excluded.n;
    INSERT INTO org_counts AS c (org_id, kind, n)
        VALUES (NEW.org_id, TG_TABLE_NAME || COALESCE('/' || (to_jsonb(NEW) ->> 'type'), ''), 1)
        ON CONFLICT (org_id, kind) DO UPDATE SET n = c.n + excluded.n;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Programs that add up what they insert, and write it once for many inserts, say so in their transactions.
CREATE TRIGGER accounts_counted AFTER INSERT ON accounts REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('rollcall.counts_accounts', true) IS DISTINCT FROM 'yes') EXECUTE FUNCTION count_rows();
CREATE TRIGGER accounts_uncounted AFTER DELETE ON accounts REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER accounts_recounted AFTER UPDATE OF org_id ON accounts FOR EACH ROW EXECUTE FUNCTION count_moved_row();
CREATE TRIGGER groups_counted AFTER INSERT ON groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER groups_uncounted AFTER DELETE ON groups REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER groups_recounted AFTER UPDATE OF org_id ON groups FOR EACH ROW EXECUTE FUNCTION count_moved_row();
CREATE TRIGGER items_counted AFTER INSERT ON items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_items();
CREATE TRIGGER items_uncounted AFTER DELETE ON items REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_items();
CREATE TRIGGER items_recounted AFTER UPDATE OF org_id, type ON items FOR EACH ROW EXECUTE FUNCTION count_moved_row();

INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'accounts', count(*) FROM accounts GROUP BY org_id;
INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'groups', count(*) FROM groups GROUP BY org_id;
INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'items/' || type, count(*) FROM items GROUP BY org_id, type;
