package identity_test

import (
	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func seats(licence identity.Licence, n int) identity.Pool {
	return identity.Pool{Licence: licence, Seats: n}
}

// subscribe adds an active subscription that starts now.
func (w *world) subscribe(org identity.OrgID, name string, pools ...identity.Pool) identity.Subscription {
	w.t.Helper()
	s, err := w.PutSubscription(w.ctx, admin, identity.Subscription{Org: org, Name: name, Type: identity.Paid, Status: identity.SubscriptionActive, Pools: pools})
	require.NoError(w.t, err)
	return s
}

func (w *world) template(org identity.OrgID, group identity.GroupID, licences ...identity.Licence) {
	w.t.Helper()
	_, err := w.PutTemplate(w.ctx, admin, org, group, licences)
	require.NoError(w.t, err)
}

// licensed adds an account with explicit licences, be it none.
func (w *world) licensed(org identity.OrgID, address string, licences ...identity.Licence) identity.Account {
	w.t.Helper()
	a, err := w.addFrom(org, admin, person(address), identity.Origin{Source: identity.SourceCSV, Licences: append([]identity.Licence{}, licences...)})
	require.NoError(w.t, err)
	return a
}

func (w *world) setLicences(by identity.Actor, a identity.Account, licences ...identity.Licence) ([]identity.Licence, error) {
	return act(w, a.Org, by, func(c *identity.Acts) ([]identity.Licence, error) { return c.SetLicences(w.ctx, a, licences) })
}

func (w *world) addLicences(a identity.Account, licences ...identity.Licence) error {
	return w.Transact(w.ctx, a.Org, admin, func(c *identity.Acts) error { return c.AddLicences(w.ctx, a, licences) })
}

func (w *world) removeLicences(a identity.Account, licences ...identity.Licence) error {
	return w.Transact(w.ctx, a.Org, admin, func(c *identity.Acts) error { return c.RemoveLicences(w.ctx, a, licences) })
}

func (w *world) licences(a identity.Account) []identity.Licence {
	w.t.Helper()
	list, err := w.LicencesOf(w.ctx, a.Org, a.ID)
	require.NoError(w.t, err)
	return list
}

// used adds up what is used of a licence in all subscriptions.
func (w *world) used(org identity.OrgID, licence identity.Licence) int {
	w.t.Helper()
	all, err := w.Reader().Subscriptions(w.ctx, org)
	require.NoError(w.t, err)
	used := 0
	for _, s := range all {
		for _, p := range s.Pools {
			if p.Licence == licence {
				used += p.Used
			}
		}
	}
	return used
}

// licenceEvents returns what the events of an account's licences say.
func (w *world) licenceEvents(a identity.Account) []string {
	w.t.Helper()
	list, err := w.Reader().Events(w.ctx, a.Org, identity.EventQuery{Account: a.ID, Kinds: []identity.EventKind{identity.LicencesChanged}, Limit: 100})
	require.NoError(w.t, err)
	said := []string{}
	for _, e := range list {
		said = append(said, string(e.Evidence))
	}
	return said
}

// store puts an account into a state that no act of this organization leads to.
func (w *world) store(a identity.Account) {
	w.t.Helper()
	require.NoError(w.t, w.Transact(w.ctx, a.Org, operator, func(c *identity.Acts) error { return c.Tx().UpdateAccount(w.ctx, a, nil) }))
}

func (w *world) group(org identity.OrgID, name string, members ...identity.Account) identity.Group {
	w.t.Helper()
	g, err := act(w, org, admin, func(c *identity.Acts) (identity.Group, error) {
		return c.CreateGroup(w.ctx, name, "", identity.Origin{Source: identity.SourceManual})
	})
	require.NoError(w.t, err)
	return w.join(g, members...)
}

func (w *world) join(g identity.Group, members ...identity.Account) identity.Group {
	w.t.Helper()
	g, err := act(w, g.Org, admin, func(c *identity.Acts) (identity.Group, error) { return c.AddMember(w.ctx, g.ID, nil, ids(members)...) })
	require.NoError(w.t, err)
	return g
}

func (w *world) leave(g identity.Group, members ...identity.Account) identity.Group {
	w.t.Helper()
	g, err := act(w, g.Org, admin, func(c *identity.Acts) (identity.Group, error) {
		return c.RemoveMember(w.ctx, g.ID, nil, ids(members)...)
	})
	require.NoError(w.t, err)
	return g
}

func ids(accounts []identity.Account) []identity.AccountID {
	list := []identity.AccountID{}
	for _, a := range accounts {
		list = append(list, a.ID)
	}
	return list
}

func (w *world) applyTemplate(a identity.Account, removed []identity.Licence, preserve bool) error {
	return w.Transact(w.ctx, a.Org, admin, func(c *identity.Acts) error { return c.ApplyTemplate(w.ctx, a.ID, removed, preserve) })
}

func (w *world) subscription(s identity.Subscription) identity.Subscription {
	w.t.Helper()
	now, err := w.Reader().Subscription(w.ctx, s.Org, s.ID)
	require.NoError(w.t, err)
	return now
}

func (w *world) organization(org identity.OrgID) identity.Organization {
	w.t.Helper()
	o, err := w.Reader().Organization(w.ctx, org)
	require.NoError(w.t, err)
	return o
}

func (w *world) groupNow(g identity.Group) identity.Group {
	w.t.Helper()
	now, err := w.Reader().Group(w.ctx, g.Org, g.ID)
	require.NoError(w.t, err)
	return now
}

func (w *world) members(g identity.Group) int {
	w.t.Helper()
	n, err := w.Reader().CountMembers(w.ctx, g.Org, g.ID)
	require.NoError(w.t, err)
	return n
}

func (w *world) rename(g identity.Group, expect func(identity.Group) error, name string) (identity.Group, error) {
	return act(w, g.Org, admin, func(c *identity.Acts) (identity.Group, error) { return c.RenameGroup(w.ctx, g.ID, expect, name) })
}
