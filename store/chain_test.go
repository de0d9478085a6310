package store

import (
	"database/sql"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// openFirst makes a database of the first schema, fills it, and opens it with the present program.
func openFirst(t *testing.T, fill func(db *sql.DB)) *Store {
	t.Helper()
	path := t.TempDir() + "/rollcall.db"
	db := openSQLite(path, migrationConnection)
	files, err := fs.Sub(migrations, "migrations/sqlite")
	require.NoError(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = provider.UpTo(ctx, 1)
	require.NoError(t, err)
	fill(db)
	require.NoError(t, db.Close())
	s, err := Open(ctx, "sqlite:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func verifyChain(t *testing.T, s *Store, org identity.OrgID) identity.ChainReport {
	t.Helper()
	service := identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	report, err := service.VerifyChain(ctx, org)
	require.NoError(t, err)
	return report
}

func TestAUD04_EventsOfAnOlderDatabaseGetAChain(t *testing.T) {
	const other, silent identity.OrgID = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
	ids := system.IDs{}
	want := map[identity.OrgID][]identity.EventID{}
	s := openFirst(t, func(db *sql.DB) {
		d := newSQLiteDialect()
		put := func(query string, args ...any) {
			bound, err := bind(args)
			require.NoError(t, err)
			_, err = db.ExecContext(ctx, d.rebind(query), bound...)
			require.NoError(t, err)
		}
		for _, org := range []identity.OrgID{other, silent} {
			put(`INSERT INTO organizations SELECT $1, name, kind, sync_mode, sso_provider, require_email, activation_emails, retention_days,
				created_at, updated_at, version FROM organizations WHERE id = $2`, org, identity.ConsumerOrgID)
		}
		for i := range eventsAtOnce + 2 {
			for _, org := range []identity.OrgID{identity.ConsumerOrgID, other} {
				if org == other && i > 2 {
					continue
				}
				id := identity.EventID(ids.New())
				want[org] = append(want[org], id)
				put(`INSERT INTO events (id, org_id, at, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason, evidence)
					VALUES ($1, $2, $3, 'account.created', 'USR-01', 'provider', 't', 'okta', $2, $4, 'ada', '', $5)`,
					id, org, time.Unix(int64(i), 0), "gone", `{"n":1}`)
			}
		}
	})
	for org, events := range want {
		report := verifyChain(t, s, org)
		require.False(t, report.Broken(), report.Fault)
		require.EqualValues(t, len(events), report.Events)
		page, err := s.Chain(ctx, org, 0, len(events))
		require.NoError(t, err)
		for i, e := range page {
			require.Equal(t, events[i], e.ID)
		}
	}
	for _, org := range []identity.OrgID{other, silent} {
		before := len(want[org])
		require.NoError(t, record(s, org, nil))
		report := verifyChain(t, s, org)
		require.False(t, report.Broken(), report.Fault)
		require.EqualValues(t, before+1, report.Events)
	}
}

// record stores an event and ends as told.
func record(s *Store, org identity.OrgID, end error) error {
	return s.Do(ctx, identity.Shared(org), func(tx identity.Tx) error {
		e := identity.Event{ID: identity.EventID(system.IDs{}.New()), Org: org, At: time.Unix(9, 0), Kind: identity.OrgChanged}
		if err := tx.Record(ctx, e); err != nil {
			return err
		}
		return end
	})
}

func TestAUD04_ANeighbourWhoFailsLeavesNoGapInTheChain(t *testing.T) {
	s := openTemp(t)
	const org = identity.ConsumerOrgID
	failure := fmt.Errorf("changed my mind")
	for name, ends := range map[string][]error{
		"first":        {failure, nil, nil},
		"in between":   {nil, failure, nil, nil, failure, nil},
		"last":         {nil, nil, failure},
		"all":          {failure, failure},
		"nobody":       {nil, nil, nil},
		"next to each": {failure, failure, nil, failure, failure, nil},
	} {
		t.Run(name, func(t *testing.T) {
			before := verifyChain(t, s, org).Events
			var callers []func() error
			kept := int64(0)
			for _, end := range ends {
				callers = append(callers, func() error { return record(s, org, end) })
				if end == nil {
					kept++
				}
			}
			require.Equal(t, ends, together(t, s, callers...))
			report := verifyChain(t, s, org)
			require.False(t, report.Broken(), report.Fault)
			require.Equal(t, before+kept, report.Events)
		})
	}
}

func TestAUD04_WhoeverChangesHistoryIsFoundOut(t *testing.T) {
	for name, tamper := range map[string]string{
		"a text is changed":          `UPDATE events SET actor_name = 'somebody else' WHERE seq = 3`,
		"a refusal is hidden":        `UPDATE events SET error = 'X' WHERE seq = 5`,
		"an event is removed":        `DELETE FROM events WHERE seq = 2`,
		"the last event is removed":  `DELETE FROM events WHERE seq = 5`,
		"all events are removed":     `DELETE FROM events`,
		"the end is set back":        `UPDATE audit_heads SET seq = 4`,
		"the end has another hash":   `UPDATE audit_heads SET hash = zeroblob(32)`,
		"an event has another place": `UPDATE events SET seq = 9 WHERE seq = 5`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openTemp(t)
			for range 5 {
				require.NoError(t, record(s, identity.ConsumerOrgID, nil))
			}
			require.False(t, verifyChain(t, s, identity.ConsumerOrgID).Broken())
			_, err := writerOf(s).conn.ExecContext(ctx, tamper)
			require.NoError(t, err)
			require.True(t, verifyChain(t, s, identity.ConsumerOrgID).Broken())
		})
	}
}
