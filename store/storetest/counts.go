package storetest

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// counts are the numbers of what an organization has.
type counts struct{ Accounts, Users, Groups, Printers, Rooms int }

const room identity.ItemType = "Room"

// countsIn asks for the numbers.
func countsIn(t require.TestingT, r identity.Reader, org identity.OrgID) (n counts) {
	for into, ask := range map[*int]func() (int, error){
		&n.Accounts: func() (int, error) { return r.CountAccounts(ctx, org, nil) },
		&n.Users:    func() (int, error) { return r.CountUsers(ctx, org) },
		&n.Groups:   func() (int, error) { return r.CountGroups(ctx, org, identity.GroupQuery{}) },
		&n.Printers: func() (int, error) { return r.CountItems(ctx, org, identity.ItemQuery{Type: printer}) },
		&n.Rooms:    func() (int, error) { return r.CountItems(ctx, org, identity.ItemQuery{Type: room}) },
	} {
		got, err := ask()
		require.NoError(t, err)
		*into = got
	}
	return n
}

// countsOf counts what lists find.
func countsOf(t require.TestingT, r identity.Reader, org identity.OrgID) (n counts) {
	const all = 10_000
	accounts, err := r.Accounts(ctx, org, identity.AccountQuery{Limit: all})
	require.NoError(t, err)
	n.Accounts = len(accounts)
	for _, a := range accounts {
		if !a.Shadow && !a.Machine() {
			n.Users++
		}
	}
	groups, err := r.Groups(ctx, org, identity.GroupQuery{Limit: all})
	require.NoError(t, err)
	n.Groups = len(groups)
	for into, kind := range map[*int]identity.ItemType{&n.Printers: printer, &n.Rooms: room} {
		items, err := r.Items(ctx, org, identity.ItemQuery{Type: kind, Limit: all})
		require.NoError(t, err)
		*into = len(items)
	}
	return n
}

func testCounts(t *testing.T, w world) {
	expect := func(t *testing.T, own, other counts) {
		t.Helper()
		for org, want := range map[identity.OrgID]counts{w.own: own, w.other: other, "none": {}} {
			require.Equal(t, want, countsIn(t, w.store, org))
			require.Equal(t, want, countsOf(t, w.store, org))
		}
	}
	shadow := w.account(w.own, "shadow")
	shadow.Shadow = true
	t.Run("an organization has what was created in it", func(t *testing.T) {
		expect(t, counts{}, counts{})
		w.add(t, shadow)
		w.add(t, w.account(w.own, "ada"))
		w.add(t, w.account(w.other, "bob"))
		w.insertItem(t, w.item(w.own, printer))
		w.insertItem(t, w.item(w.own, room))
		w.insertItem(t, w.item(w.own, room))
		expect(t, counts{Accounts: 2, Users: 1, Printers: 1, Rooms: 2}, counts{Accounts: 1, Users: 1})
	})
	t.Run("a transaction counts what it has written itself", func(t *testing.T) {
		err := w.do(func(tx identity.Tx) error {
			require.NoError(t, tx.InsertAccount(ctx, w.account(w.own, "undone"), nil))
			require.NoError(t, tx.DeleteAccount(ctx, w.own, shadow.ID, shadow.Version))
			require.NoError(t, tx.InsertAccount(ctx, w.account(w.own, "undone too"), nil))
			require.Equal(t, counts{Accounts: 3, Users: 3, Printers: 1, Rooms: 2}, countsIn(t, tx, w.own))
			return errChangedMyMind
		})
		require.ErrorIs(t, err, errChangedMyMind)
	})
	t.Run("what was undone was never there", func(t *testing.T) {
		expect(t, counts{Accounts: 2, Users: 1, Printers: 1, Rooms: 2}, counts{Accounts: 1, Users: 1})
	})
	t.Run("failures among many at once count for nothing", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				defer func() { _ = recover() }()
				_ = w.do(func(tx identity.Tx) error { // some are refused
					if err := tx.InsertAccount(ctx, w.account(w.own, "crowd"+strconv.Itoa(i)), nil); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return errChangedMyMind
					case 2:
						return tx.InsertAccount(ctx, w.account(w.own, "ada"), nil)
					case 3:
						panic("boom")
					}
					return nil
				})
			})
		}
		all.Wait()
		expect(t, counts{Accounts: 2 + 15, Users: 1 + 15, Printers: 1, Rooms: 2}, counts{Accounts: 1, Users: 1})
	})
	t.Run("what refers to others goes without them", func(t *testing.T) {
		outer, inner := w.group(t, w.own, "outer"), w.group(t, w.own, "inner")
		w.join(t, outer, identity.Member{Group: inner.ID}, identity.Member{Account: shadow.ID})
		w.must(t, func(tx identity.Tx) error { return tx.DeleteGroup(ctx, w.own, outer.ID, outer.Version) })
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, shadow.ID, shadow.Version) })
		expect(t, counts{Accounts: 16, Users: 16, Groups: 1, Printers: 1, Rooms: 2}, counts{Accounts: 1, Users: 1})
	})
	t.Run("ORG-15 of an organization that was purged nothing is left", func(t *testing.T) {
		for left := true; left; {
			w.must(t, func(tx identity.Tx) error {
				n, err := tx.PurgeOrganization(ctx, w.own, 2)
				left = n > 0
				return err
			})
			require.Equal(t, countsOf(t, w.store, w.own), countsIn(t, w.store, w.own))
		}
		expect(t, counts{Accounts: 16, Users: 16}, counts{Accounts: 1, Users: 1})
	})
	t.Run("whatever happens they are what lists find", rapid.MakeCheck(w.countsAgree))
}

// countsAgree runs some transactions, of which some fail, and compares.
func (w world) countsAgree(rt *rapid.T) {
	orgs := []identity.OrgID{w.own, w.other}
	var live []func(identity.Tx) error // deletes what there is
	for range rapid.IntRange(1, 6).Draw(rt, "transactions") {
		kept := append([]func(identity.Tx) error(nil), live...)
		var steps []func(identity.Tx) error
		for range rapid.IntRange(1, 5).Draw(rt, "steps") {
			step, undo := w.someStep(rapid.SampledFrom(orgs).Draw(rt, "organization"), rapid.IntRange(0, 3).Draw(rt, "kind"))
			if n := len(kept); n > 0 && rapid.Bool().Draw(rt, "deletes") {
				i := rapid.IntRange(0, n-1).Draw(rt, "which")
				step, undo = kept[i], nil
				kept = append(kept[:i:i], kept[i+1:]...)
			}
			steps = append(steps, step)
			if undo != nil {
				kept = append(kept, undo)
			}
		}
		fails := rapid.IntRange(0, 2).Draw(rt, "fails") == 0
		err := w.do(func(tx identity.Tx) error {
			for _, step := range steps {
				if err := step(tx); err != nil {
					return err
				}
			}
			if fails {
				return errChangedMyMind
			}
			return nil
		})
		if fails {
			require.ErrorIs(rt, err, errChangedMyMind)
		} else {
			require.NoError(rt, err)
			live = kept
		}
		for _, org := range orgs {
			require.Equal(rt, countsOf(rt, w.store, org), countsIn(rt, w.store, org))
		}
	}
}

// someStep returns what creates something in an organization, and what deletes it.
func (w world) someStep(org identity.OrgID, kind int) (create, remove func(identity.Tx) error) {
	switch kind {
	case 0:
		a := w.account(org, w.ids.New())
		return func(tx identity.Tx) error { return tx.InsertAccount(ctx, a, nil) },
			func(tx identity.Tx) error { return tx.DeleteAccount(ctx, org, a.ID, a.Version) }
	case 1:
		g := identity.Group{ID: identity.GroupID(w.ids.New()), Org: org, Name: "g", Source: identity.SourceManual, CreatedAt: start, UpdatedAt: start, Version: 1}
		return func(tx identity.Tx) error { return tx.InsertGroup(ctx, g) },
			func(tx identity.Tx) error { return tx.DeleteGroup(ctx, org, g.ID, g.Version) }
	}
	i := w.item(org, []identity.ItemType{printer, room}[kind%2])
	return func(tx identity.Tx) error { return tx.InsertItem(ctx, i, nil) },
		func(tx identity.Tx) error { return tx.DeleteItem(ctx, org, i.Type, i.ID, i.Version) }
}
