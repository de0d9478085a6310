package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/system"
)

// customer stores an organization.
func customer(t testing.TB, s *Store) identity.OrgID {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o := identity.Organization{ID: identity.OrgID(system.IDs{}.New()), Name: "-", Kind: identity.Customer, State: identity.OrgActive,
		SyncMode: identity.SyncDisabled, RetentionDays: 30, CreatedAt: at, UpdatedAt: at}
	require.NoError(t, s.Do(ctx, identity.Shared(o.ID), func(tx identity.Tx) error { return tx.InsertOrganization(ctx, o) }))
	return o.ID
}

// meeting lets so many go on when all of them have come. Whoever comes later passes.
func meeting(n int) func() {
	var come atomic.Int64
	all := make(chan struct{})
	return func() {
		if come.Add(1) == int64(n) {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(5 * time.Second): // those who wait for a lock do not come
		}
	}
}

// both runs two transactions at the same time and returns how often their functions ran. Each has a lock of its own.
func both(t testing.TB, s *Store, one, two func(identity.Tx) error) (runs int64, failures []error) {
	t.Helper()
	var all sync.WaitGroup
	var ran atomic.Int64
	failures = make([]error, 2)
	locked := []identity.OrgID{customer(t, s), customer(t, s)}
	for slices.Equal(bucketsOf(identity.Shared(locked[0])), bucketsOf(identity.Shared(locked[1]))) {
		locked[1] = customer(t, s)
	}
	for i, fn := range []func(identity.Tx) error{one, two} {
		org := locked[i]
		all.Go(func() {
			failures[i] = s.Do(ctx, identity.Shared(org), func(tx identity.Tx) error {
				ran.Add(1)
				return fn(tx)
			})
		})
	}
	all.Wait()
	return ran.Load(), failures
}

func rename(tx identity.Tx, org identity.OrgID, meet func(), more string) error {
	o, err := tx.Organization(ctx, org)
	if err != nil {
		return err
	}
	meet()
	o.Name += more
	return tx.UpdateOrganization(ctx, o)
}

func TestPostgres_WhoReadWhatSomebodyElseHasChangedRunsAgain(t *testing.T) {
	s := openServer(t, serverURL(t))
	org, meet := customer(t, s), meeting(2)
	runs, failures := both(t, s,
		func(tx identity.Tx) error { return rename(tx, org, meet, "a") },
		func(tx identity.Tx) error { return rename(tx, org, meet, "b") })
	require.NoError(t, errors.Join(failures...))
	require.EqualValues(t, 3, runs)
	o, err := s.Organization(ctx, org)
	require.NoError(t, err)
	require.Contains(t, []string{"-ab", "-ba"}, o.Name)
}

func TestPostgres_ADeadlockIsTriedAgain(t *testing.T) {
	s := openServer(t, serverURL(t))
	first, second, meet := customer(t, s), customer(t, s), meeting(2)
	none := func() {}
	crosswise := func(a, b identity.OrgID, more string) func(identity.Tx) error {
		return func(tx identity.Tx) error {
			if err := rename(tx, a, none, more); err != nil {
				return err
			}
			meet()
			return rename(tx, b, none, more)
		}
	}
	runs, failures := both(t, s, crosswise(first, second, "a"), crosswise(second, first, "b"))
	require.NoError(t, errors.Join(failures...))
	require.GreaterOrEqual(t, runs, int64(3))
	for _, org := range []identity.OrgID{first, second} {
		o, err := s.Organization(ctx, org)
		require.NoError(t, err)
		require.Contains(t, []string{"-ab", "-ba"}, o.Name)
	}
}

func TestPostgres_ARuleOverSeveralRowsHoldsWhateverIsLocked(t *testing.T) {
	s := openServer(t, serverURL(t))
	org, meet := customer(t, s), meeting(2)
	require.NoError(t, s.Do(ctx, identity.Shared(org), func(tx identity.Tx) error {
		return errors.Join(tx.PutGrant(ctx, identity.Grant{Org: org, Issuer: "i", Subject: "a", Role: identity.RoleFull, CreatedAt: time.Unix(1, 0)}),
			tx.PutGrant(ctx, identity.Grant{Org: org, Issuer: "i", Subject: "b", Role: identity.RoleFull, CreatedAt: time.Unix(1, 0)}))
	}))
	errLast := identity.Refuse(identity.Conflict, identity.RuleLastFullAdmin, "the last one stays")
	leave := func(subject string) func(identity.Tx) error {
		return func(tx identity.Tx) error {
			there, err := tx.Grants(ctx, org)
			if err != nil {
				return err
			}
			if len(there) < 2 {
				return errLast
			}
			meet()
			return tx.DeleteGrant(ctx, org, "i", subject)
		}
	}
	_, failures := both(t, s, leave("a"), leave("b"))
	require.ElementsMatch(t, []error{nil, errLast}, failures)
	left, err := s.Grants(ctx, org)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestPostgres_OfManyWhoWantOneAddressOneGetsIt(t *testing.T) {
	address := serverURL(t)
	stores := []*Store{openServer(t, address), openServer(t, address)}
	var orgs []identity.OrgID
	for range 4 {
		orgs = append(orgs, customer(t, stores[0]))
	}
	for round := range 12 {
		key := identity.EmailKey(fmt.Sprintf("round-%d@example.com", round))
		var all sync.WaitGroup
		failures := make([]error, 16)
		for i := range failures {
			a := newAccount(fmt.Sprintf("round-%d-%d", round, i), 10)
			a.Org = orgs[i/2%4]
			all.Go(func() {
				failures[i] = stores[i%2].Do(ctx, identity.Shared(a.Org), func(tx identity.Tx) error {
					if _, err := tx.Hold(ctx, key); !identity.IsNotFound(err) {
						return errors.Join(err, identity.Refuse(identity.Conflict, identity.RuleEmailTaken, "taken"))
					}
					return tx.InsertAccount(ctx, a, []identity.Hold{{Key: key, Kind: identity.HoldPrimary}})
				})
			})
		}
		all.Wait()
		winners := 0
		for _, err := range failures {
			if err == nil {
				winners++
				continue
			}
			require.Equal(t, identity.RuleEmailTaken, identity.RuleOf(err), "%v", err)
		}
		require.Equal(t, 1, winners)
	}
}

func TestPostgres_ManyWhoAreInEachOthersWayAllGetThrough(t *testing.T) {
	s := openServer(t, serverURL(t))
	contended := customer(t, s)
	var all sync.WaitGroup
	failures := make([]error, 24)
	for i := range failures {
		own := identity.OrgID(system.IDs{}.New()) // a lock of its own
		all.Go(func() {
			failures[i] = s.Do(ctx, identity.Shared(own), func(tx identity.Tx) error { return rename(tx, contended, func() {}, "x") })
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(failures...))
	o, err := s.Organization(ctx, contended)
	require.NoError(t, err)
	require.Len(t, o.Name, 1+len(failures))
}

func TestPostgres_StoresThatOpenANewDatabaseAtTheSameTimeAllSucceed(t *testing.T) {
	address := fixtures.NewDatabase(t)
	schema, err := CheckSchema(ctx, address)
	require.NoError(t, err)
	require.Zero(t, schema.Version)
	require.False(t, schema.UpToDate())
	var all sync.WaitGroup
	failures := make([]error, 6)
	for i := range failures {
		all.Go(func() {
			s, err := Open(ctx, address+"&pool_max_conns=2")
			if err == nil {
				err = errors.Join(insert(s, newAccount(strconv.Itoa(i), 10)), s.Close())
			}
			failures[i] = err
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(failures...))
	s := openServer(t, address)
	n, err := s.CountAccounts(ctx, identity.ConsumerOrgID, nil)
	require.NoError(t, err)
	require.Equal(t, len(failures), n)
	organizations, err := s.Organizations(ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, organizations, 1, "migrated once")
	before, err := Migrate(ctx, address)
	require.NoError(t, err)
	require.True(t, before.UpToDate())
	v, err := s.SchemaVersion(ctx)
	require.NoError(t, err)
	require.Equal(t, before.Latest, v)

	_, err = s.readers.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)", v+1)
	require.NoError(t, err)
	_, err = s.readers.ExecContext(ctx, "UPDATE schema_oldest SET version = $1", v+1)
	require.NoError(t, err)
	_, err = Open(ctx, address)
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	require.ErrorContains(t, err, "newer program")
}

func TestPostgres_ADatabaseThatDoesNotHaveAllNamesIsRefused(t *testing.T) {
	s := openServer(t, serverURL(t))
	_, err := s.readers.ExecContext(ctx, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	require.NoError(t, err)
	u, err := url.Parse(currentURL(t, s))
	require.NoError(t, err)
	u.Path = "/latin"
	_, err = Open(ctx, u.String())
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	require.ErrorContains(t, err, "ENCODING 'UTF8'")
	_, err = s.readers.ExecContext(ctx, "DROP DATABASE latin WITH (FORCE)")
	require.NoError(t, err)
	_, err = Open(ctx, u.String())
	require.Equal(t, identity.Unavailable, identity.KindOf(err))
	require.ErrorContains(t, err, "create it first")
	u.User = url.UserPassword("rollcall", "wrong")
	_, err = Open(ctx, u.String())
	require.Equal(t, identity.Unavailable, identity.KindOf(err))
	require.ErrorContains(t, err, "does not let this user in")
}

func TestPostgres_BehindAPoolerNothingIsKeptWithAConnection(t *testing.T) {
	s := openServer(t, serverURL(t)+"&default_query_exec_mode=cache_describe")
	for i := range 3 {
		require.NoError(t, insert(s, newAccount("pooled-"+strconv.Itoa(i), 10)))
		_, err := s.AccountByUserName(ctx, identity.ConsumerOrgID, identity.NameKey("pooled-"+strconv.Itoa(i)))
		require.NoError(t, err)
	}
	require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
		run := tx.(*transaction).run
		require.Empty(t, names(t, run, "SELECT name FROM pg_prepared_statements WHERE NOT from_sql"))
		require.Equal(t, []string{"10s"}, names(t, run, "SELECT current_setting('lock_timeout')"), "a transaction brings its own limits")
		return nil
	}))
	require.Equal(t, []string{"0"}, columnOf(t, s.readers, "SELECT current_setting('lock_timeout')"))
}

// names are the only column of a query.
func names(t testing.TB, run runner, query string, args ...any) []string {
	t.Helper()
	found, err := run.query(context.Background(), query, args...)
	require.NoError(t, err)
	defer found.Close()
	var all []string
	for found.Next() {
		var name string
		require.NoError(t, found.Scan(&name))
		all = append(all, name)
	}
	require.NoError(t, found.Err())
	return all
}
