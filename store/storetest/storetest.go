// Package storetest is the contract of identity.Store as a suite of tests.
//
// Its one idea: an engine is right if it passes [Run], whatever it is made of. The suite knows the port and nothing of any
// engine; what is special to one (files, processes, full disks) is tested beside it.
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// Run tests the stores that open returns. Each one must be new, and closed when its test ends.
func Run(t *testing.T, open func(t testing.TB) identity.Store) {
	for _, part := range []struct {
		name string
		test func(*testing.T, world)
	}{
		{"values", testValues},
		{"tenancy", testTenancy},
		{"versions", testVersions},
		{"holds", testHolds},
		{"conflicts", testConflicts},
		{"transactions", testTransactions},
		{"long transactions", testLongTransactions},
		{"repetition", testRepetition},
		{"pages", testPages},
		{"conditions", testConditions},
		{"retention", testRetention},
		{"events", testEvents},
		{"event queries", testEventQueries},
		{"chain", testChain},
		{"email changes", testEmailChanges},
		{"directory", testDirectory},
		{"schedules", testSchedules},
		{"access", testAccess},
		{"exchanges", testExchanges},
		{"challenges", testChallenges},
		{"bindings", testBindings},
		{"partners", testPartners},
		{"providers", testProviders},
		{"links", testLinks},
		{"receipts", testReceipts},
		{"clock", testClock},
		{"licences", testLicences},
		{"groups", testGroups},
		{"groups of a directory", testLinkedGroups},
		{"groups in groups", testNestedGroups},
		{"photos", testPhotos},
		{"photos of plans", testPlanPhotos},
		{"outbox", testOutbox},
		{"messages due", testOutboxDue},
		{"channels", testChannels},
		{"claims", testClaims},
		{"claim queries", testClaimQueries},
		{"open claims", testOpenClaims},
		{"candidates", testCandidates},
		{"domains around", testDomainsAround},
		{"site links", testSiteLinks},
		{"deletions of organizations", testOrgDeletions},
		{"purge of an organization", testPurgeOrganization},
		{"reminders", testReminders},
		{"tombstones", testTombstones},
		{"people", testPeople},
		{"jobs", testJobs},
		{"jobs open", testJobsOpen},
		{"job files", testJobFiles},
		{"counts", testCounts},
		{"items", testItems},
		{"item keys", testItemKeys},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, newWorld(t, open(t))) })
	}
}

var ctx = context.Background()

// start is when everything in the tests happens.
var start = time.Date(2026, 3, 4, 5, 6, 7, 891234000, time.UTC)

// world is a store with two organizations that know nothing of each other.
type world struct {
	store identity.Store
	ids   system.IDs
	own   identity.OrgID
	other identity.OrgID
}

func newWorld(t testing.TB, s identity.Store) world {
	w := world{store: s}
	w.own, w.other = w.organization(t), w.organization(t)
	return w
}

func (w world) organization(t testing.TB) identity.OrgID {
	o := identity.Organization{
		ID: identity.OrgID(w.ids.New()), Name: "Somebody Ltd", Kind: identity.Customer, State: identity.OrgActive, SyncMode: identity.SyncDisabled,
		ActivationEmails: true, RetentionDays: identity.DefaultRetentionDays, CreatedAt: start, UpdatedAt: start,
	}
	w.must(t, func(tx identity.Tx) error { return tx.InsertOrganization(ctx, o) })
	return o.ID
}

// do runs fn in a transaction.
func (w world) do(fn func(identity.Tx) error) error {
	return w.store.Do(ctx, identity.Shared(w.own, w.other), fn)
}

func (w world) must(t testing.TB, fn func(identity.Tx) error) {
	t.Helper()
	require.NoError(t, w.do(fn))
}

// account makes an account that is not stored yet.
func (w world) account(org identity.OrgID, userName string) identity.Account {
	id := w.ids.New()
	return identity.Account{
		ID: identity.AccountID(id), Org: org, UserName: userName, Status: identity.NotVerified, StatusAt: start,
		StatusEvent: identity.EventID(id), Source: identity.SourceManual, CreatedAt: start, UpdatedAt: start, Version: 1,
	}
}

// add stores an account and returns it.
func (w world) add(t testing.TB, a identity.Account, holds ...identity.Hold) identity.Account {
	t.Helper()
	w.must(t, func(tx identity.Tx) error { return tx.InsertAccount(ctx, a, holds) })
	return a
}

func (w world) connector(t testing.TB, org identity.OrgID, name string) identity.Connector {
	t.Helper()
	n := identity.Connector{
		ID: identity.ConnectorID(w.ids.New()), Org: org, Name: name, Kind: "ad", Settings: json.RawMessage(`{"url":"ldaps://dc"}`),
		Secret: "1.key.first", CreatedAt: start, UpdatedAt: start, Version: 1,
	}
	w.must(t, func(tx identity.Tx) error { return tx.InsertConnector(ctx, n) })
	return n
}

func (w world) plan(t testing.TB, n identity.Connector) identity.Plan {
	t.Helper()
	p := identity.Plan{
		ID: identity.PlanID(w.ids.New()), Org: n.Org, Connector: n.ID, CreatedAt: start, Hash: "00ff", State: identity.PlanHeld,
		Summary: json.RawMessage(`{"losses":9}`), Body: json.RawMessage(`{"steps":[]}`), Version: 1,
	}
	w.must(t, func(tx identity.Tx) error { return tx.InsertPlan(ctx, p) })
	return p
}

func (w world) run(t testing.TB, p identity.Plan) identity.Run {
	t.Helper()
	r := identity.Run{
		ID: identity.RunID(w.ids.New()), Org: p.Org, Connector: p.Connector, Plan: p.ID, State: identity.RunRunning,
		Actor: identity.Actor{Kind: identity.Administrator, ID: "i s", Name: "Ada", Org: p.Org}, StartedAt: start, Version: 1,
	}
	w.must(t, func(tx identity.Tx) error { return tx.InsertRun(ctx, r) })
	return r
}

func hold(key string, kind identity.HoldKind) identity.Hold {
	return identity.Hold{Key: identity.EmailKey(key), Kind: kind}
}

// refused requires an *identity.Error of a kind and rule.
func refused(t testing.TB, err error, kind identity.Kind, rule identity.Rule) {
	t.Helper()
	var e *identity.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Kind, "%v", err)
	require.Equal(t, rule, e.Rule, "%v", err)
	require.NotEmpty(t, e.Detail)
}

func numbered(format string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(format, i)
	}
	return names
}
