package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

var errAgain = errors.New("storetest: once more")

// Repeating returns a store that runs every function of Do twice, undoing the first time, as a store may that meets a
// neighbour's failure or another writer. A service that works over it depends on no function running once only.
func Repeating(s identity.Store) identity.Store { return repeating{s} }

type repeating struct{ identity.Store }

func (r repeating) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	err := r.Store.Do(ctx, lock, func(tx identity.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return r.Store.Do(ctx, lock, fn)
}

// clock is a clock that stands still.
type clock struct{ time.Time }

func (c clock) Now() time.Time { return c.Time }

// testRepetition goes through a user's life over a repeating store and over a plain one: both end alike.
func testRepetition(t *testing.T, w world) {
	for name, s := range map[string]identity.Store{"once": w.store, "twice": Repeating(w.store)} {
		t.Run(name, func(t *testing.T) {
			service := identity.NewService(s, clock{start}, w.ids, identity.EmailPolicy{})
			by := identity.Actor{Kind: identity.Operator}
			o, err := service.CreateOrganization(ctx, by, identity.Organization{Name: name, Kind: identity.Customer})
			require.NoError(t, err)
			address := name + "@example.com"
			var a identity.Account
			act := func(do func(*identity.Acts) error) { require.NoError(t, service.Transact(ctx, o.ID, by, do)) }
			act(func(c *identity.Acts) (err error) {
				a, err = c.Create(ctx, identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address}}, Active: true},
					identity.Origin{Source: identity.SourceManual})
				return err
			})
			act(func(c *identity.Acts) error {
				_, err := c.Update(ctx, a.ID, nil, func(d identity.Draft) (identity.Draft, error) {
					d.UserName = "renamed-" + d.UserName
					return d, nil
				})
				return err
			})
			act(func(c *identity.Acts) (err error) { a, err = c.Deactivate(ctx, a.ID, nil); return err })
			require.EqualValues(t, 3, a.Version)
			got, err := s.Account(ctx, o.ID, a.ID)
			require.NoError(t, err)
			require.Equal(t, a, got)
			require.Equal(t, "renamed-"+address, got.UserName)
			act(func(c *identity.Acts) error { return c.Delete(ctx, a.ID, nil) })
			events, err := s.Events(ctx, o.ID, identity.EventQuery{Limit: 10})
			require.NoError(t, err)
			var kinds []identity.EventKind
			for _, e := range events {
				kinds = append(kinds, e.Kind)
			}
			require.Equal(t, []identity.EventKind{identity.OrgCreated, identity.AccountCreated, identity.AccountChanged,
				identity.AccountDeactivated, identity.AccountDeleted}, kinds)
		})
	}
}
