package bulk_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is jobs over a real store, with one organization and a clock that the test moves.
type world struct {
	*bulk.Jobs
	t       testing.TB
	ctx     context.Context
	store   identity.Store
	service *identity.Service
	clock   *clock
	org     identity.OrgID
}

var (
	admin    = identity.Actor{Kind: identity.Administrator, ID: "https://issuer|ada", Name: "Ada"}
	operator = identity.Actor{Kind: identity.Operator, Name: "the operator"}
	provider = identity.Actor{Kind: identity.Provider, ID: "t1", Name: "Entra"}
)

func newWorld(t testing.TB) *world {
	t.Helper()
	s := fresh.Open(t)
	return newWorldOver(t, s)
}

func newWorldOver(t testing.TB, s identity.Store) *world {
	t.Helper()
	c := &clock{now: t0}
	service := identity.NewService(s, c, system.IDs{}, identity.EmailPolicy{})
	w := &world{Jobs: bulk.New(service, slog.New(slog.DiscardHandler)), t: t, ctx: t.Context(), store: s, service: service, clock: c}
	w.org = w.organization()
	return w
}

func (w *world) organization() identity.OrgID {
	w.t.Helper()
	o, err := w.service.CreateOrganization(w.ctx, operator, identity.Organization{Name: "Example", Kind: identity.Customer})
	require.NoError(w.t, err)
	return o.ID
}

func (w *world) set(edit func(*identity.Organization)) {
	w.t.Helper()
	_, err := w.service.ChangeOrganization(w.ctx, operator, w.org, func(o identity.Organization) identity.Organization {
		edit(&o)
		return o
	})
	require.NoError(w.t, err)
}

// add adds an account as a provider does, with a profile given as JSON.
func (w *world) add(org identity.OrgID, address, profile string) identity.Account {
	w.t.Helper()
	var a identity.Account
	require.NoError(w.t, w.service.Transact(w.ctx, org, provider, func(c *identity.Acts) error {
		var err error
		a, err = c.Create(w.ctx, draft(address, profile), identity.Origin{Source: identity.SourceSCIM})
		return err
	}))
	return a
}

func draft(address, profile string) identity.Draft {
	return identity.Draft{UserName: address, Active: true, Profile: identity.Profile(profile),
		Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}}
}

// seats gives the organization a subscription with seats for licences.
func (w *world) seats(seats int, licences ...identity.Licence) identity.Subscription {
	w.t.Helper()
	s := identity.Subscription{ID: identity.SubscriptionID(system.IDs{}.New()), Org: w.org, Name: "Business", Type: identity.Paid,
		Status: identity.SubscriptionActive, StartedAt: w.clock.Now(), UpdatedAt: w.clock.Now(), Version: 1}
	for _, l := range licences {
		s.Pools = append(s.Pools, identity.Pool{Licence: l, Seats: seats})
	}
	require.NoError(w.t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error { return c.Tx().InsertSubscription(w.ctx, s) }))
	return s
}

func (w *world) licences(a identity.Account) []identity.Licence {
	w.t.Helper()
	list, err := w.service.LicencesOf(w.ctx, a.Org, a.ID)
	require.NoError(w.t, err)
	return list
}

// user finds an account of the organization by userName.
func (w *world) user(name string) identity.Account {
	w.t.Helper()
	a, err := w.service.Reader().AccountByUserName(w.ctx, w.org, identity.KeyOfUserName(name))
	require.NoError(w.t, err)
	return a
}

func (w *world) count() int {
	w.t.Helper()
	n, err := w.service.Reader().CountAccounts(w.ctx, w.org, nil)
	require.NoError(w.t, err)
	return n
}

// work does everything that is due.
func (w *world) work() {
	w.t.Helper()
	for {
		n, err := w.Work(w.ctx, 1000)
		require.NoError(w.t, err)
		if n == 0 {
			return
		}
	}
}

func (w *world) job(id identity.JobID) identity.Job {
	w.t.Helper()
	j, err := w.service.Reader().Job(w.ctx, w.org, id)
	require.NoError(w.t, err)
	return j
}

// imported imports a file to its end and returns the job and what came of each row: the outcome, and of a failed one the code.
func (w *world) imported(text string, o bulk.ImportOptions) (identity.Job, []string) {
	w.t.Helper()
	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(text), o)
	require.NoError(w.t, err)
	w.work()
	j = w.job(j.ID)
	require.Equal(w.t, identity.JobDone, j.State, j.Error)
	return j, w.outcomes(j)
}

func (w *world) outcomes(j identity.Job) []string {
	w.t.Helper()
	var list []string
	for _, r := range w.results(j)[1:] {
		if r[3] != "" {
			list = append(list, r[3])
			continue
		}
		list = append(list, r[2])
	}
	return list
}

func (w *world) results(j identity.Job) [][]string {
	w.t.Helper()
	var b bytes.Buffer
	require.NoError(w.t, w.WriteResults(w.ctx, &b, w.org, j.ID))
	return parse(w.t, b.String())
}

func parse(t testing.TB, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	return rows
}

// export has a job write everybody of the organization.
func (w *world) export(f bulk.Filter) string {
	w.t.Helper()
	j, err := w.StartExport(w.ctx, admin, w.org, bulk.ExportOptions{Filter: f})
	require.NoError(w.t, err)
	w.work()
	var b bytes.Buffer
	require.NoError(w.t, w.WriteExport(w.ctx, &b, w.org, j.ID))
	return b.String()
}

// lines makes a file of rows that need no quoting.
func lines(rows ...string) string { return strings.Join(rows, "\n") + "\n" }

const only = "User ID/Email (Required)"

func refusedWith(t testing.TB, err error, rule identity.Rule) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, rule, identity.RuleOf(err), "%v", err)
}
