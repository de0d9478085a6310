package identity_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// contested is a store in which somebody else takes the last seat of the first subscriptions asked, just before it is taken here.
type contested struct {
	identity.Store
	faster int // how often somebody else is
}

type contestedTx struct {
	identity.Tx
	store *contested
}

func (s *contested) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return s.Store.Do(ctx, lock, func(tx identity.Tx) error { return fn(&contestedTx{tx, s}) })
}

func (t *contestedTx) TakeSeat(ctx context.Context, a identity.Assignment) error {
	if t.store.faster > 0 {
		t.store.faster--
		return identity.Refuse(identity.Conflict, identity.RuleNoLicences, "somebody was faster")
	}
	return t.Tx.TakeSeat(ctx, a)
}

func TestLIC05_SomebodyElseTakesTheSeatAtTheSameMoment(t *testing.T) {
	s := fresh.Open(t)
	race := &contested{Store: s}
	w := &world{Service: identity.NewService(race, &clock{now: t0}, system.IDs{}, identity.EmailPolicy{}), t: t, ctx: t.Context()}
	org := w.org("A")
	w.subscribe(org, "older", seats("l1", 5), seats("l2", 5))
	younger := w.subscribe(org, "younger", seats("l1", 5))
	a := w.must(org, provider, person("ada@example.com"))

	race.faster = 1
	require.NoError(t, w.addLicences(a, "l1"))
	require.Equal(t, 1, w.subscription(younger).Pools[0].Used, "the next subscription has one")

	race.faster = 1
	err := w.addLicences(a, "l2")
	require.Equal(t, identity.Unavailable, identity.KindOf(err), "the call is to be made again: a part of it was done, so no caller may go on")
	require.NoError(t, w.addLicences(a, "l2"))
	require.Equal(t, []identity.Licence{"l1", "l2"}, w.licences(a))

	w.template(org, "", "l1", "l2")
	race.faster = 2
	b := w.must(org, provider, person("eve@example.com"))
	require.Equal(t, []identity.Licence{"l2"}, w.licences(b), "a template goes without it")
	require.Equal(t, []string{`{"added":["l2"],"removed":[],"missing":["l1"]}`}, w.licenceEvents(b))
}
