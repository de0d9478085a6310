package identity_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

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

// world is a service over a real store, with a clock that the test moves.
type world struct {
	*identity.Service
	t     *testing.T
	ctx   context.Context
	clock *clock
	under fresh.Store // what the service stands on
	url   string      // of the database
	links map[identity.OrgID]identity.ConnectorID
}

var (
	operator  = identity.Actor{Kind: identity.Operator, Name: "the operator"}
	admin     = identity.Actor{Kind: identity.Administrator, ID: "https://issuer|ada", Name: "Ada"}
	provider  = identity.Actor{Kind: identity.Provider, ID: "t1", Name: "Entra"}
	connector = identity.Actor{Kind: identity.ConnectorRun, ID: "c1", Name: "AD"}
)

func newWorld(t *testing.T) *world {
	t.Helper()
	url := fresh.URL(t)
	s := fresh.OpenAgain(t, url)
	c := &clock{now: t0}
	return &world{Service: identity.NewService(s, c, system.IDs{}, identity.EmailPolicy{}), t: t, ctx: t.Context(), clock: c, under: s, url: url,
		links: map[identity.OrgID]identity.ConnectorID{}}
}

func (w *world) org(name string) identity.OrgID {
	w.t.Helper()
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Customer})
	require.NoError(w.t, err)
	return o.ID
}

func (w *world) set(org identity.OrgID, edit func(*identity.Organization)) {
	w.t.Helper()
	_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
		edit(&o)
		return o
	})
	require.NoError(w.t, err)
}

func (w *world) verify(org identity.OrgID, domain string) {
	w.t.Helper()
	_, err := w.AttestDomain(w.ctx, operator, org, domain)
	require.NoError(w.t, err)
}

// act runs one act in a transaction of its own.
func act[T any](w *world, org identity.OrgID, by identity.Actor, fn func(*identity.Acts) (T, error)) (T, error) {
	var result T
	err := w.Transact(w.ctx, org, by, func(c *identity.Acts) error {
		var err error
		result, err = fn(c)
		return err
	})
	return result, err
}

func person(address string) identity.Draft {
	return identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}, Active: true}
}

func (w *world) add(org identity.OrgID, by identity.Actor, d identity.Draft) (identity.Account, error) {
	return w.addFrom(org, by, d, identity.Origin{Source: identity.SourceSCIM})
}

func (w *world) addFrom(org identity.OrgID, by identity.Actor, d identity.Draft, from identity.Origin) (identity.Account, error) {
	return act(w, org, by, func(c *identity.Acts) (identity.Account, error) { return c.Create(w.ctx, d, from) })
}

func (w *world) must(org identity.OrgID, by identity.Actor, d identity.Draft) identity.Account {
	w.t.Helper()
	a, err := w.add(org, by, d)
	require.NoError(w.t, err)
	return a
}

func (w *world) update(by identity.Actor, a identity.Account, edit func(*identity.Draft)) (identity.Account, error) {
	return act(w, a.Org, by, func(c *identity.Acts) (identity.Account, error) {
		return c.Update(w.ctx, a.ID, nil, func(d identity.Draft) (identity.Draft, error) {
			edit(&d)
			return d, nil
		})
	})
}

func (w *world) deactivate(by identity.Actor, a identity.Account) (identity.Account, error) {
	return act(w, a.Org, by, func(c *identity.Acts) (identity.Account, error) { return c.Deactivate(w.ctx, a.ID, nil) })
}

func (w *world) reactivate(by identity.Actor, a identity.Account) (identity.Account, error) {
	return act(w, a.Org, by, func(c *identity.Acts) (identity.Account, error) { return c.Reactivate(w.ctx, a.ID, nil) })
}

func (w *world) delete(by identity.Actor, a identity.Account) error {
	return w.Transact(w.ctx, a.Org, by, func(c *identity.Acts) error { return c.Delete(w.ctx, a.ID, nil) })
}

func (w *world) signIn(a identity.Account) {
	w.t.Helper()
	_, err := act(w, a.Org, identity.Actor{Kind: identity.Owner}, func(c *identity.Acts) (identity.Account, error) { return c.SignIn(w.ctx, a.ID) })
	require.NoError(w.t, err)
}

// link returns a link of an organization's connector, which it registers without switching synchronization on.
func (w *world) link(org identity.OrgID, object string) *identity.DirectoryLink {
	w.t.Helper()
	if w.links[org] == "" {
		c, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
		require.NoError(w.t, err)
		w.links[org] = c.ID
		w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	}
	return &identity.DirectoryLink{Connector: w.links[org], Object: identity.ObjectID(object), DN: "CN=" + object}
}

// synchronized adds an account that a directory owns.
func (w *world) synchronized(org identity.OrgID, address string, disabled bool) identity.Account {
	w.t.Helper()
	a, err := w.addFrom(org, connector, person(address), identity.Origin{
		Source: identity.SourceDirectory, Disabled: disabled,
		Link: w.link(org, "guid-of-"+address),
	})
	require.NoError(w.t, err)
	return a
}

func (w *world) mirror(a identity.Account, standing identity.Trigger, loss identity.InactiveReason) (identity.Account, error) {
	return act(w, a.Org, connector, func(c *identity.Acts) (identity.Account, error) {
		return c.Mirror(w.ctx, a.ID, nil, identity.Mirror{Draft: a.Draft(), Link: *a.Directory, Standing: standing, Loss: loss,
			Evidence: []byte(`{"found":"tombstone"}`)})
	})
}

func (w *world) account(a identity.Account) identity.Account {
	w.t.Helper()
	now, err := w.Reader().Account(w.ctx, a.Org, a.ID)
	require.NoError(w.t, err)
	return now
}

func (w *world) why(a identity.Account) identity.Explanation {
	w.t.Helper()
	x, err := w.Why(w.ctx, a.Org, a.ID)
	require.NoError(w.t, err)
	return x
}

func (w *world) purge() int {
	w.t.Helper()
	n, err := w.PurgeDue(w.ctx, 1000)
	require.NoError(w.t, err)
	return n
}

// events lists what happened to an account, without what was only tried.
func (w *world) events(a identity.Account) []identity.EventKind {
	w.t.Helper()
	list, err := w.Reader().Events(w.ctx, a.Org, identity.EventQuery{Account: a.ID, Limit: 100})
	require.NoError(w.t, err)
	var kinds []identity.EventKind
	for _, e := range list {
		if e.Kind != identity.EventRefused {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

func refusedWith(t *testing.T, err error, rule identity.Rule) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, rule, identity.RuleOf(err), "%v", err)
}
