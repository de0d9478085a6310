-- +goose Up
-- upgrade: stop

-- How many accounts, groups and items of each type an organization has. Triggers keep it, but for accounts that are inserted: a statement with
-- a trigger keeps a copy of every page that it changes, and programs add up what they insert and write the sum with the ends of the chains of events.
CREATE TABLE org_counts (
    org_id ANY     NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kind   TEXT    NOT NULL, -- the table, and for items a slash and their type
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind)
) STRICT, WITHOUT ROWID;

INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'accounts', count(*) FROM accounts GROUP BY org_id;
INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'groups', count(*) FROM groups GROUP BY org_id;
INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'items/' || type, count(*) FROM items GROUP BY org_id, type;

-- A program that does not know the table does not count whom it inserts.
UPDATE schema_oldest SET version = 21;

-- +goose StatementBegin
CREATE TRIGGER accounts_uncounted AFTER DELETE ON accounts BEGIN
    UPDATE org_counts SET n = n - 1 WHERE org_id = OLD.org_id AND kind = 'accounts';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_recounted AFTER UPDATE OF org_id ON accounts BEGIN
    UPDATE org_counts SET n = n - 1 WHERE org_id = OLD.org_id AND kind = 'accounts';
    INSERT INTO org_counts (org_id, kind, n) VALUES (NEW.org_id, 'accounts', 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER groups_counted AFTER INSERT ON groups BEGIN
    INSERT INTO org_counts (org_id, kind, n) VALUES (NEW.org_id, 'groups', 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_uncounted AFTER DELETE ON groups BEGIN
    UPDATE org_counts SET n = n - 1 WHERE org_id = OLD.org_id AND kind = 'groups';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_recounted AFTER UPDATE OF org_id ON groups BEGIN
    UPDATE org_counts SET n = n - 1 WHERE org_id = OLD.org_id AND kind = 'groups';
    INSERT INTO org_counts (org_id, kind, n) VALUES (NEW.org_id, 'groups', 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER items_counted AFTER INSERT ON items BEGIN
    INSERT INTO org_counts (org_id, kind, n) VALUES (NEW.org_id, 'items/' || NEW.type, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER items_uncounted AFTER DELETE ON items BEGIN
    UPDATE org_counts SET n = n - 1 WHERE org_id = OLD.org_id AND kind = 'items/' || OLD.type;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER items_recounted AFTER UPDATE OF org_id, type ON items BEGIN
    UPDATE org_counts SET n = n - 1 WHERE org_id = OLD.org_id AND kind = 'items/' || OLD.type;
    INSERT INTO org_counts (org_id, kind, n) VALUES (NEW.org_id, 'items/' || NEW.type, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
