package store

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

var grownTo = flag.Int("grown", 40000, "how many events and messages there are when TestPostgres_AuditAndOutboxStayFast looks again")

// grow makes a history of so many events and messages in one organization: twenty events of each account, one refusal in a thousand, and of
// the messages fifty that wait.
func grow(t testing.TB, s *Store, n int) {
	t.Helper()
	fillBy(t, s, []string{
		`CREATE OR REPLACE FUNCTION id(n bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT decode(lpad(to_hex(n), 32, '0'), 'hex') $$`,
		`INSERT INTO organizations SELECT (jsonb_populate_record(o, jsonb_build_object('id', id(0)))).* FROM organizations o`,
		fmt.Sprintf(`INSERT INTO events (org_id, id, at, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason, evidence, target_type,
				target_name, error, message, seq, hash)
			SELECT id(0), id(i), i, CASE WHEN i %% 1000 = 0 THEN 'refused' ELSE 'account.changed' END, '', 'provider', 'actor' || i %% 10, 'Entra', id(0), id(1 + i %% (%[1]d / 20)),
				'user' || i, '', repeat('x', 120), 'user', 'user', '', '', i, id(i) FROM generate_series(1, %[1]d) i`, n),
		fmt.Sprintf(`INSERT INTO messages (org_id, id, account_id, kind, recipient, key, state, attempts, last_error, created_at, channel, sent_at)
			SELECT id(0), id(i), id(1 + i %% (%[1]d / 20)), 'invitation', 'user@example.com', i, CASE WHEN i > %[1]d - 50 THEN 'waiting' ELSE 'sent' END, 1, '', i, 'mail',
				CASE WHEN i <= %[1]d - 50 THEN i END FROM generate_series(1, %[1]d) i`, n),
	})
}

// The statements that every write and every delivery has, and what is asked of the audit.
func TestPostgres_AuditAndOutboxStayFast(t *testing.T) {
	const young = 2000
	sizes := []int{young, *grownTo}
	stores := make([]*Store, len(sizes))
	for i, n := range sizes {
		stores[i] = openServer(t, fixtures.NewDatabase(t)+"&statement_timeout=0") // one in which nothing was deleted, and many rows take their time
		grow(t, stores[i], n)
	}
	for name, ask := range map[string]func(c *touching, r reader, n int){
		"record an event": func(c *touching, r reader, n int) {
			c.write(`INSERT INTO events (`+eventColumns+`) SELECT $1, org_id, at + 1, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason,
				evidence, actor_account, request, target_type, target_id, target_name, error, message, seq + 1, hash FROM events WHERE org_id = $2 AND id = $3`,
				identity.EventID(seededID(n+1)), seededOrg, identity.EventID(seededID(n)))
		},
		"the newest events": func(_ *touching, r reader, _ int) {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{Newest: true, Limit: 100})
			require.NoError(t, err)
		},
		"the newest events of a user": func(_ *touching, r reader, _ int) {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{Account: identity.AccountID(seededID(7)), Newest: true, Limit: 100})
			require.NoError(t, err)
		},
		"events of a short time, long ago": func(_ *touching, r reader, n int) {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{From: time.UnixMicro(100), Until: time.UnixMicro(150), Newest: true, Limit: 100})
			require.NoError(t, err)
		},
		"what an actor did of late": func(_ *touching, r reader, n int) {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{From: time.UnixMicro(int64(n - 500)), Actor: "actor3", Newest: true, Limit: 100})
			require.NoError(t, err)
		},
		"refusals of late": func(_ *touching, r reader, n int) {
			_, err := r.Events(ctx, seededOrg, identity.EventQuery{From: time.UnixMicro(int64(n - 2000)), Kinds: []identity.EventKind{identity.EventRefused}, Newest: true, Limit: 1})
			require.NoError(t, err)
		},
		"what goes on with a chain": func(_ *touching, r reader, n int) {
			_, err := r.Chain(ctx, seededOrg, int64(n-100), 100)
			require.NoError(t, err)
		},
		"write a message": func(c *touching, _ reader, n int) {
			c.write(`INSERT INTO messages (`+messageColumns+`, channel) SELECT org_id, $1, account_id, kind, recipient, 'new', data, state, attempts, next_at, last_error, created_at,
				sent_at, channel FROM messages WHERE org_id = $2 AND id = $3 ON CONFLICT (key) DO NOTHING`, identity.MessageID(seededID(n+1)), seededOrg, identity.MessageID(seededID(n)))
		},
		"messages that are due": func(_ *touching, r reader, _ int) {
			_, err := r.MessagesDue(ctx, identity.ByMail, time.UnixMicro(1), 20)
			require.NoError(t, err)
		},
		"a message is claimed": func(c *touching, _ reader, n int) {
			c.write(`UPDATE messages SET attempts = attempts + 1, next_at = $3 WHERE org_id = $1 AND id = $2`, seededOrg, identity.MessageID(seededID(n)), time.UnixMicro(1))
		},
		"a message is delivered": func(c *touching, _ reader, n int) {
			c.write(`UPDATE messages SET state = 'sent', sent_at = $3 WHERE org_id = $1 AND id = $2`, seededOrg, identity.MessageID(seededID(n)), time.UnixMicro(1))
		},
		"messages that were sent long ago are forgotten": func(c *touching, _ reader, _ int) {
			c.write(sentMessages.statement(), time.UnixMicro(1000), 10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var pages []int
			for i, s := range stores {
				c := &touching{pool: pool{s.readers, s.dialect}, t: t}
				ask(c, reader{run: c, dialect: s.dialect}, sizes[i])
				pages = append(pages, c.blocks)
			}
			// Indexes that are a thousand times as large have a level or two more.
			require.LessOrEqual(t, pages[1], pages[0]*13/10+20)
			t.Logf("%d pages of the database with %d, %d with %d", pages[0], sizes[0], pages[1], sizes[1])
		})
	}
}

// write counts the pages that a statement touches that changes something, and takes it back.
func (c *touching) write(query string, args ...any) {
	c.t.Helper()
	bound, err := bind(args)
	require.NoError(c.t, err)
	tx, err := c.db.BeginTx(ctx, nil)
	require.NoError(c.t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off") // as in the store's transactions
	require.NoError(c.t, err)
	plan := parsePlan(c.t, columnOf(c.t, tx, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+query, bound...))
	c.blocks += plan.Hit + plan.Read
}
