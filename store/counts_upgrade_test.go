package store

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/system"
)

// bringUpTo brings a new database up to a schema that an older program knew.
func bringUpTo(t *testing.T, db *sql.DB, engine goose.Dialect, h history, version int64) {
	t.Helper()
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	for number, run := range h.inGo {
		options = append(options, goose.WithGoMigrations(goose.NewGoMigration(number, &goose.GoFunc{RunTx: run}, nil)))
	}
	provider, err := goose.NewProvider(engine, db, h.files, options...)
	require.NoError(t, err)
	_, err = provider.UpTo(ctx, version)
	require.NoError(t, err)
}

// populous is what there is of each kind in an organization of an older database.
type populous struct{ people, shadows, machines, groups, printers, rooms int }

func TestWhatAnOlderDatabaseHasIsCounted(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := t.TempDir() + "/rollcall.db"
		db := openSQLite(path, migrationConnection)
		bringUpTo(t, db, goose.DialectSQLite3, historyOf("sqlite"), 20)
		countsOfAnOlderDatabase(t, db, newSQLiteDialect(), "sqlite:"+path)
	})
	t.Run("postgres", func(t *testing.T) {
		url := fixtures.NewDatabase(t)
		place, err := parsePostgresURL(url)
		require.NoError(t, err)
		db := place.pool(1)
		bringUpTo(t, db, goose.DialectPostgres, historyOf("postgres"), 2)
		countsOfAnOlderDatabase(t, db, newPostgresDialect(), url)
	})
}

// countsOfAnOlderDatabase fills a database that knows no counts, opens it as the program of today does, and asks for them.
func countsOfAnOlderDatabase(t *testing.T, db *sql.DB, d *dialect, url string) {
	t.Helper()
	want := map[identity.OrgID]populous{
		identity.OrgID(system.IDs{}.New()): {people: 37, shadows: 3, machines: 2, groups: 5, printers: 4, rooms: 1},
		identity.OrgID(system.IDs{}.New()): {people: 1},
		identity.OrgID(system.IDs{}.New()): {},
		identity.ConsumerOrgID:             {people: 2, shadows: 1},
	}
	for org, p := range want {
		p.store(t, db, d, org)
	}
	require.NoError(t, db.Close())
	s, err := Open(ctx, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	counted := func() map[identity.OrgID]populous {
		all := map[identity.OrgID]populous{}
		for org := range want {
			users, err := s.CountUsers(ctx, org)
			require.NoError(t, err)
			accounts, err := s.CountAccounts(ctx, org, nil)
			require.NoError(t, err)
			p := populous{people: users, shadows: accounts - users}
			p.groups, err = s.CountGroups(ctx, org, identity.GroupQuery{})
			require.NoError(t, err)
			p.printers, err = s.CountItems(ctx, org, identity.ItemQuery{Type: "Printer"})
			require.NoError(t, err)
			p.rooms, err = s.CountItems(ctx, org, identity.ItemQuery{Type: "Room"})
			require.NoError(t, err)
			all[org] = p
		}
		return all
	}
	for org, p := range want { // neither shadows nor machines are users
		p.shadows, p.machines = p.shadows+p.machines, 0
		want[org] = p
	}
	require.Equal(t, want, counted())

	for org := range want { // and go on being counted
		a := newAccount("new-"+string(org), 10)
		a.Org = org
		require.NoError(t, insert(s, a))
		p := want[org]
		p.people++
		if p.groups > 0 {
			groups, err := s.Groups(ctx, org, identity.GroupQuery{Limit: 1})
			require.NoError(t, err)
			require.NoError(t, s.Do(ctx, identity.Shared(org), func(tx identity.Tx) error { return tx.DeleteGroup(ctx, org, groups[0].ID, groups[0].Version) }))
			p.groups--
		}
		want[org] = p
	}
	require.Equal(t, want, counted())
	require.Empty(t, columnOf(t, s.readers, `SELECT kind FROM org_counts WHERE n <= 0`), "what an organization never had has no number")
}

// store writes rows as they were before they were counted.
func (p populous) store(t *testing.T, db *sql.DB, d *dialect, org identity.OrgID) {
	t.Helper()
	put := func(query string, args ...any) {
		bound, err := bind(args)
		require.NoError(t, err)
		_, err = db.ExecContext(ctx, d.rebind(query), bound...)
		require.NoError(t, err, query)
	}
	if org != identity.ConsumerOrgID { // which is there, and as good as any other
		columns := copiedTables()[0].names()
		list := strings.Join(columns[1:], ", ")
		put(`INSERT INTO organizations (id, `+list+`) SELECT $1, `+list+` FROM organizations WHERE id = $2`, org, identity.ConsumerOrgID)
	}
	account := func(name string, shadow, machine bool) {
		put(`INSERT INTO accounts (org_id, id, user_name, user_name_key, status, previous_status, status_at, status_event, source, shadow, created_at, updated_at,
			version, emails, profile, machine) VALUES ($1, $2, $3, $3, 'active', '', 1, $2, 'scim', $4, 1, 1, 1, '[]', '', $5)`,
			org, identity.AccountID(system.IDs{}.New()), name, shadow, machine)
	}
	for i := range p.people {
		account(fmt.Sprint("person", i), false, false)
	}
	for i := range p.shadows {
		account(fmt.Sprint("shadow", i), true, false)
	}
	for i := range p.machines {
		account(fmt.Sprint("machine", i), false, true)
	}
	for i := range p.groups {
		put(`INSERT INTO groups (org_id, id, name, source, created_at, updated_at, version, name_key, attributes) VALUES ($1, $2, $3, 'manual', 1, 1, 1, $3, '')`,
			org, identity.GroupID(system.IDs{}.New()), fmt.Sprint("group", i))
	}
	for kind, n := range map[identity.ItemType]int{"Printer": p.printers, "Room": p.rooms} {
		for range n {
			put(`INSERT INTO items (org_id, type, id, attributes, created_at, updated_at, version) VALUES ($1, $2, $3, '{}', 1, 1, 1)`,
				org, kind, identity.ItemID(system.IDs{}.New()))
		}
	}
}
