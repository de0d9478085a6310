package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// world is an organization with a connector over a real store and a directory made up by the test.
type world struct {
	t         tester
	store     identity.Store
	clock     *clock
	service   *identity.Service
	org       identity.OrgID
	connector identity.ConnectorID
	source    *madeUp
	syncer    *directory.Syncer
}

var admin = identity.Actor{Kind: identity.Operator, Name: "Olga"}

// clock moves on by a microsecond whenever it is looked at.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

// madeUp is a directory.
type madeUp struct {
	entries  []directory.Entry
	gaps     []string
	findings map[identity.ObjectID]directory.FindingKind
	down     error
	lost     bool // look-ups fail
	byName   bool // entries name others by DN, and keep an old one

	groups   []*team
	happened int                       // to groups
	touched  map[identity.ObjectID]int // when something last happened to a group, which does not show when a member goes
}

func (m *madeUp) Snapshot(context.Context, directory.Progress) (directory.Snapshot, error) {
	if m.down != nil {
		return directory.Snapshot{}, m.down
	}
	return directory.Snapshot{Entries: slices.Clone(m.entries), Owns: []string{"displayName", "emails", "title", directory.ManagerPath, "userName"}, Complete: len(m.gaps) == 0,
		Gaps: m.gaps, Server: "dc1.corp.example", HighestUSN: 42, ReadAt: readAt, Groups: m.shownGroups(), MembersByName: m.byName}, nil
}

func (m *madeUp) Find(_ context.Context, ids []identity.ObjectID, _ identity.ObjectID) ([]directory.Finding, error) {
	if m.lost {
		return nil, errors.New("the wire is cut")
	}
	var found []directory.Finding
	for _, id := range ids {
		kind, ok := m.findings[id]
		if !ok {
			kind = directory.Tombstone
		}
		found = append(found, directory.Finding{ID: id, Kind: kind, DN: "cn=gone", Detail: "Looked up."})
	}
	return found, nil
}

func (m *madeUp) Close() error { return nil }

// set replaces the directory's entries.
func (m *madeUp) set(entries ...directory.Entry) { m.entries = entries }

func newWorld(t testing.TB) *world {
	s := fresh.Open(t)
	return worldOver(t, s, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
}

// tester is what a world needs of a test, drawn or not.
type tester interface {
	require.TestingT
	Context() context.Context
}

func worldOver(t tester, s identity.Store, c *clock) *world {
	w := &world{t: t, store: s, clock: c, source: &madeUp{findings: map[identity.ObjectID]directory.FindingKind{}}}
	w.service = identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{})
	org, err := w.service.CreateOrganization(t.Context(), admin, identity.Organization{Name: "Corp", Kind: identity.Customer})
	require.NoError(t, err)
	w.org = org.ID
	n, err := w.service.CreateConnector(t.Context(), admin, identity.Connector{Org: w.org, Name: "corp", Kind: "ad", Settings: json.RawMessage(`{}`)})
	require.NoError(t, err)
	w.connector = n.ID
	w.syncer = w.syncerOver(s)
	return w
}

// joined makes the world's connector one to a real directory.
func (w *world) joined(t testing.TB, d *fixtures.Directory, bases ...string) *world {
	return w.joinedWith(t, d, func(*ldap.Settings) {}, bases...)
}

// joinedWith is joined with other settings.
func (w *world) joinedWith(t testing.TB, d *fixtures.Directory, edit func(*ldap.Settings), bases ...string) *world {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(d.SyncPassword), 0o600))
	s := ldap.Settings{Kind: string(d.Kind), URLs: []string{d.LDAPSURL}, CAFile: d.CAFile, BindDN: d.SyncDN, BindPasswordFile: file, BaseDNs: bases}
	edit(&s)
	settings, err := json.Marshal(s)
	require.NoError(t, err)
	n, err := w.service.CreateConnector(t.Context(), admin, identity.Connector{Org: w.org, Name: "real", Kind: string(d.Kind), Settings: settings})
	require.NoError(t, err)
	w.connector = n.ID
	w.syncer = directory.New(w.service, ldap.OpenConnector(w.clock.Now))
	return w
}

func (w *world) syncerOver(s identity.Store) *directory.Syncer {
	service := identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{})
	return directory.New(service, func(context.Context, identity.Connector) (directory.Source, error) { return w.source, nil })
}

func (w *world) plan() (identity.Plan, directory.Plan) {
	stored, plan, err := w.syncer.Plan(w.t.Context(), w.org, w.connector, admin, nil)
	require.NoError(w.t, err)
	return stored, plan
}

func (w *world) apply(id identity.PlanID) directory.Report {
	report, err := w.syncer.Apply(w.t.Context(), w.org, id, admin, nil)
	require.NoError(w.t, err)
	return report
}

// sync plans and applies, approving the plan if it is held.
func (w *world) sync() directory.Report {
	stored, plan := w.plan()
	require.Empty(w.t, plan.Refused)
	if stored.State == identity.PlanHeld {
		_, err := w.syncer.Approve(w.t.Context(), w.org, stored.ID, admin)
		require.NoError(w.t, err)
	}
	return w.apply(stored.ID)
}

func (w *world) accounts() []identity.Account {
	list, err := w.store.Accounts(w.t.Context(), w.org, identity.AccountQuery{Limit: 100_000})
	require.NoError(w.t, err)
	return list
}

func (w *world) user(name string) identity.Account {
	a, err := w.store.AccountByUserName(w.t.Context(), w.org, identity.KeyOfUserName(name))
	require.NoError(w.t, err)
	return a
}

// brittle is a store that fails for good from a certain transaction on, like one whose process was killed.
type brittle struct {
	identity.Store
	left *atomic.Int64
}

var errKilled = errors.New("killed")

func (b brittle) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if b.left.Add(-1) < 0 {
		return errKilled
	}
	return b.Store.Do(ctx, lock, fn)
}
