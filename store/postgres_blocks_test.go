package store

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

// touching counts the pages that PostgreSQL touches to answer.
type touching struct {
	pool
	t        testing.TB
	blocks   int
	descents int // how often an index was searched from its root
}

func (c *touching) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	bound, err := bind(args)
	require.NoError(c.t, err)
	plan := parsePlan(c.t, columnOf(c.t, c.db, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+query, bound...))
	c.blocks += plan.Hit + plan.Read
	plan.all(func(n planNode) {
		if n.Index != "" {
			c.descents += int(n.Loops)
		}
	})
	return c.db.QueryContext(ctx, "SELECT WHERE false") // what is counted is not read
}

// seed fills a database: organization 0, which is the one that is asked about, with people, groups, items, events and messages, and others with five
// of each. Identifiers grow, as real ones do.
func seed(t testing.TB, s *Store, people, others int) {
	t.Helper()
	rows := fmt.Sprintf(`(SELECT i, 0 AS o FROM generate_series(1, %d) i UNION ALL SELECT %d + i, 1 + i %% %d FROM generate_series(1, %d) i) r`, people, people, others, 5*others)
	fillBy(t, s, []string{
		`CREATE OR REPLACE FUNCTION id(n bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT decode(lpad(to_hex(n), 32, '0'), 'hex') $$`,
		fmt.Sprintf(`INSERT INTO organizations SELECT (jsonb_populate_record(o, jsonb_build_object('id', id(n)))).* FROM organizations o, generate_series(0, %d) n`, others),
		`INSERT INTO tokens (id, org_id, name, profile, hash, created_at) SELECT id, id, '', '', encode(id, 'hex'), 1 FROM organizations`,
		`INSERT INTO accounts (org_id, id, user_name, user_name_key, emails, profile, status, previous_status, status_at, status_event, source, shadow, created_at, updated_at, version, machine)
			SELECT id(o), id(i), 'user' || i, 'user' || i, '[]', repeat('x', 500), 'active', '', i, id(i), 'scim', false, i, i, 1, false FROM ` + rows,
		`INSERT INTO account_emails (org_id, account_id, email) SELECT org_id, id, user_name || '@example.com' FROM accounts`,
		`INSERT INTO address_holds (email_key, org_id, account_id, kind, domain) SELECT user_name || '@example.com', org_id, id, 'primary', 'example.com' FROM accounts`,
		`INSERT INTO groups (org_id, id, name, source, created_at, updated_at, version, name_key, attributes)
			SELECT id(o), id(i), 'group' || i, 'manual', i, i, 1, 'group' || i, '' FROM ` + rows,
		`INSERT INTO group_members (org_id, group_id, account_id) SELECT id(o), CASE WHEN o = 0 THEN id(1) ELSE id(i) END, id(i) FROM ` + rows,
		`INSERT INTO items (org_id, type, id, attributes, created_at, updated_at, version) SELECT id(o), 'T', id(i), repeat('x', 300), i, i, 1 FROM ` + rows,
		`INSERT INTO events (org_id, id, at, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason, target_type, target_name, error, message, seq, hash)
			SELECT id(o), id(i), i, 'account.created', '', 'system', 'actor' || i % 10, '', id(o), id(i), '', '', '', '', '', '', i, '' FROM ` + rows,
		`INSERT INTO messages (org_id, id, account_id, kind, recipient, key, state, attempts, last_error, created_at, channel)
			SELECT id(o), id(i), id(i), 'invitation', '', i, 'sent', 1, '', i, 'mail' FROM ` + rows,
		`INSERT INTO org_counts (org_id, kind, n) SELECT org_id, 'accounts', count(*) FROM accounts GROUP BY org_id`,
	})
}

// seededID is the identifier of something that seed made.
func seededID(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012x", n) }

const seededOrg identity.OrgID = "00000000-0000-0000-0000-000000000000"

func TestPostgres_NoPageOfAListCostsMoreThanTheFirst(t *testing.T) {
	const people, page = 10000, 100
	s := openServer(t, fixtures.NewDatabase(t)) // one in which nothing was deleted
	seed(t, s, people, 20)
	c := &touching{pool: pool{s.readers, s.dialect}, t: t}
	r := reader{run: c, dialect: s.dialect}
	for name, list := range map[string]func(after string) error{
		"users": func(after string) error {
			_, err := r.Accounts(ctx, seededOrg, identity.AccountQuery{After: identity.AccountID(after), Limit: page})
			return err
		},
		"users by a filter that an index has": func(after string) error {
			_, err := r.Accounts(ctx, seededOrg, identity.AccountQuery{Where: &identity.Compare{Field: identity.FieldActive, Op: identity.Equal, Bool: true},
				After: identity.AccountID(after), Limit: page})
			return err
		},
		"groups": func(after string) error {
			_, err := r.Groups(ctx, seededOrg, identity.GroupQuery{After: identity.GroupID(after), Limit: page})
			return err
		},
		"members of a group": func(after string) error {
			_, err := r.Members(ctx, seededOrg, identity.GroupID(seededID(1)), identity.AccountID(after), page)
			return err
		},
		"resources of another type": func(after string) error {
			_, err := r.Items(ctx, seededOrg, identity.ItemQuery{Type: "T", After: identity.ItemID(after), Limit: page})
			return err
		},
		"events": func(after string) error {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{After: identity.EventID(after), Limit: page})
			return err
		},
		"events of a range": func(after string) error {
			q := identity.EventQuery{From: time.UnixMicro(1), Until: time.UnixMicro(people), After: identity.EventID(after), Limit: page}
			query, args := r.dialect.eventsQuery(seededOrg, q, seededAt(after))
			_, err := c.query(ctx, query, args...)
			return err
		},
		"events of an actor in a range": func(after string) error {
			q := identity.EventQuery{From: time.UnixMicro(1), Actor: "actor3", After: identity.EventID(after), Limit: page}
			query, args := r.dialect.eventsQuery(seededOrg, q, seededAt(after))
			_, err := c.query(ctx, query, args...)
			return err
		},
		"messages": func(after string) error {
			if after != "" { // they are listed from the newest on
				after = seededID(people / 10)
			}
			_, err := r.Messages(ctx, seededOrg, identity.MessageQuery{After: identity.MessageID(after), Limit: page})
			return err
		},
		"the chain of events": func(after string) error {
			_, err := r.Chain(ctx, seededOrg, seededAt(after).UnixMicro(), page)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			measure := func(after string) int {
				c.blocks, c.descents = 0, 0
				require.NoError(t, list(after))
				return c.blocks
			}
			first, deep := measure(""), measure(seededID(people*9/10))
			require.LessOrEqual(t, deep, first*12/10+3, "pages of the database")
			t.Logf("%d pages of the database for the first, %d behind nine tenths", first, deep)
		})
	}
}

// seededAt is when the event of an id happened.
func seededAt(id string) time.Time {
	if id == "" {
		return time.UnixMicro(0)
	}
	var n int64
	_, err := fmt.Sscanf(id[len(id)-12:], "%x", &n)
	if err != nil {
		panic(err) // seededID wrote it
	}
	return time.UnixMicro(n)
}

func TestPostgres_WhatARequestCostsDoesNotDependOnHowManyOrganizationsThereAre(t *testing.T) {
	const people = 3000
	var few, many touching
	for others, c := range map[int]*touching{1: &few, 2000: &many} {
		s := openServer(t, fixtures.NewDatabase(t)) // one in which nothing was deleted
		seed(t, s, people, others)
		*c = touching{pool: pool{s.readers, s.dialect}, t: t}
	}
	for name, ask := range map[string]func(r reader) error{
		"who a token is": func(r reader) error { _, err := r.TokenByHash(ctx, "00000000000000000000000000000000"); return err },
		"a user by id": func(r reader) error {
			_, _, err := r.AccountFor(ctx, identity.AccountKey{Org: seededOrg, ID: identity.AccountID(seededID(7))}, "00000000000000000000000000000000")
			return err
		},
		"a user by userName": func(r reader) error { _, err := r.AccountByUserName(ctx, seededOrg, "user7"); return err },
		"who has an address": func(r reader) error { _, err := r.Hold(ctx, "user7@example.com"); return err },
		"users of an address": func(r reader) error {
			_, err := r.Accounts(ctx, seededOrg, identity.AccountQuery{Where: &identity.Compare{Field: identity.FieldEmail, Op: identity.Equal, Text: "user7@example.com"}, Limit: 100})
			return err
		},
		"users of addresses that begin so": func(r reader) error {
			_, err := r.Accounts(ctx, seededOrg, identity.AccountQuery{Where: &identity.Compare{Field: identity.FieldEmail, Op: identity.HasPrefix, Text: "user77"}, Limit: 100})
			return err
		},
		"a page of users": func(r reader) error {
			_, err := r.Accounts(ctx, seededOrg, identity.AccountQuery{Limit: 100})
			return err
		},
		"users by position": func(r reader) error {
			_, err := r.Accounts(ctx, seededOrg, identity.AccountQuery{Skip: 500, Limit: 100})
			return err
		},
		"how many users": func(r reader) error { _, err := r.CountAccounts(ctx, seededOrg, nil); return err },
		"groups of users": func(r reader) error {
			_, err := r.MembershipsOf(ctx, seededOrg, []identity.AccountID{identity.AccountID(seededID(7)), identity.AccountID(seededID(8))})
			return err
		},
		"groups with a member": func(r reader) error {
			_, err := r.Groups(ctx, seededOrg, identity.GroupQuery{Member: seededID(7), Limit: 100})
			return err
		},
		"members of a group": func(r reader) error {
			_, err := r.Members(ctx, seededOrg, identity.GroupID(seededID(1)), "", 100)
			return err
		},
		"the last events": func(r reader) error {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{Newest: true, Limit: 100})
			return err
		},
		"events of a range": func(r reader) error {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{From: time.UnixMicro(100), Until: time.UnixMicro(people - 100), Newest: true, Limit: 100})
			return err
		},
		"events of a user": func(r reader) error {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{Account: identity.AccountID(seededID(7)), Newest: true, Limit: 100})
			return err
		},
		"mails": func(r reader) error {
			_, err := r.Messages(ctx, seededOrg, identity.MessageQuery{Limit: 100})
			return err
		},
		"mails that are due": func(r reader) error {
			_, err := r.MessagesDue(ctx, identity.ByMail, time.UnixMicro(1), 100)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []*touching{&few, &many} {
				c.blocks, c.descents = 0, 0
				require.NoError(t, skipUnknown(ask(reader{run: c, dialect: c.dialect})))
			}
			// A larger index can have a level more, and a page of it is touched whenever it is searched.
			require.LessOrEqual(t, many.blocks, few.blocks*12/10+max(few.descents, many.descents)+3)
			t.Logf("%d pages of the database with 2 organizations, %d with 2,001", few.blocks, many.blocks)
		})
	}
}

// skipUnknown takes it that nothing was found: what is counted is not read.
func skipUnknown(err error) error {
	if identity.IsNotFound(err) {
		return nil
	}
	return err
}
