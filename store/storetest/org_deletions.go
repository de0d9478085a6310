package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// deletion makes the deletion of an organization that is not stored yet.
func (w world) deletion(org identity.OrgID, requested time.Time) identity.OrgDeletion {
	return identity.OrgDeletion{
		ID: identity.DeletionID(w.ids.New()), Org: org, Handling: identity.HandleConvert, State: identity.DeletionUsers,
		By:          identity.Actor{Kind: identity.Administrator, ID: "https://idp|s", Name: "Ada", Org: org, Standing: identity.StandingOwn},
		RequestedAt: requested, Version: 1,
	}
}

func testOrgDeletions(t *testing.T, w world) {
	insert := func(d identity.OrgDeletion) identity.OrgDeletion {
		w.must(t, func(tx identity.Tx) error { return tx.InsertOrgDeletion(ctx, d) })
		return d
	}
	read := func(t testing.TB, org identity.OrgID) identity.OrgDeletion {
		d, err := w.store.OrgDeletion(ctx, org)
		require.NoError(t, err)
		return d
	}
	open := func(t testing.TB, limit int) []identity.OrgDeletion {
		all, err := w.store.OrgDeletionsOpen(ctx, limit)
		require.NoError(t, err)
		return all
	}
	full := w.deletion(w.own, start.Add(time.Microsecond))
	full.By.Account = identity.AccountID(w.ids.New())
	full.By.Request = identity.Request{Email: "ada@example.com", Role: identity.RoleFull, IP: "2001:db8::1", UserAgent: `"☃"`, TrackingID: "t", Operation: "deleteOrganization"}
	full.State, full.UsersAt, full.Converted, full.Removed = identity.DeletionPurge, start.Add(time.Hour), 7, 8
	bare := w.deletion(w.other, start)
	bare.Handling, bare.By = identity.HandleNone, identity.Actor{Kind: identity.Operator}
	t.Run("values", func(t *testing.T) {
		for _, d := range []identity.OrgDeletion{full, bare} {
			_, err := w.store.OrgDeletion(ctx, d.Org)
			refused(t, err, identity.NotFound, identity.RuleUnknownDeletion)
			require.Equal(t, insert(d), read(t, d.Org))
		}
	})
	t.Run("ORG-17 an organization is deleted once", func(t *testing.T) {
		err := w.do(func(tx identity.Tx) error { return tx.InsertOrgDeletion(ctx, w.deletion(w.own, start)) })
		require.Equal(t, identity.Internal, identity.KindOf(err), "%v", err)
		require.Equal(t, full, read(t, w.own))
	})
	t.Run("ORG-19 deletions that are not done are found, the oldest first", func(t *testing.T) {
		require.Equal(t, []identity.OrgDeletion{bare, full}, open(t, 10))
		require.Equal(t, []identity.OrgDeletion{bare}, open(t, 1))
		_, err := w.store.OrgDeletionsOpen(ctx, 0)
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
	t.Run("how far a deletion is is written, and nothing else of it", func(t *testing.T) {
		changed := w.deletion(w.other, start.Add(time.Hour))
		changed.State, changed.UsersAt, changed.DeletedAt, changed.Converted, changed.Removed = identity.DeletionDone, start, start.Add(time.Hour), 1, 2
		w.must(t, func(tx identity.Tx) error { return tx.UpdateOrgDeletion(ctx, changed) })
		bare.State, bare.UsersAt, bare.DeletedAt, bare.Converted, bare.Removed, bare.Version = identity.DeletionDone, start, start.Add(time.Hour), 1, 2, 2
		require.Equal(t, bare, read(t, w.other))
		require.Equal(t, []identity.OrgDeletion{full}, open(t, 10), "what is done is not open")
	})
}

func testReminders(t *testing.T, w world) {
	ada, bob := w.add(t, w.account(w.own, "ada")), w.add(t, w.account(w.own, "bob"))
	put := func(a identity.Account, prompt string, at time.Time) {
		w.must(t, func(tx identity.Tx) error { return tx.PutReminder(ctx, a.Org, a.ID, prompt, at) })
	}
	later := func(a identity.Account, prompt string) time.Time {
		at, err := w.store.ReminderLater(ctx, a.Org, a.ID, prompt)
		if identity.IsNotFound(err) {
			require.Equal(t, identity.RuleUnknownPrompt, identity.RuleOf(err))
			return time.Time{}
		}
		require.NoError(t, err)
		return at
	}
	t.Run("ORG-22 everybody puts each prompt off for themselves", func(t *testing.T) {
		require.Zero(t, later(ada, prompt))
		put(ada, prompt, start)
		require.Equal(t, start, later(ada, prompt))
		require.Zero(t, later(ada, "other"))
		require.Zero(t, later(bob, prompt))
	})
	t.Run("ORG-22 the latest time counts", func(t *testing.T) {
		put(ada, prompt, start.Add(time.Hour))
		require.Equal(t, start.Add(time.Hour), later(ada, prompt))
	})
	t.Run("reminders go with their account", func(t *testing.T) {
		put(bob, prompt, start)
		w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, ada.ID, 1) })
		require.Zero(t, later(ada, prompt))
		require.Equal(t, start, later(bob, prompt))
	})
}

// testPurgeOrganization purges an organization that has one thing of each kind, a little at a time, beside another that has
// much the same.
func testPurgeOrganization(t *testing.T, w world) {
	p := w.property(t)
	bob := w.add(t, w.account(w.other, "bob"), hold("bob@example.org", identity.HoldPrimary))
	theirs, moved := w.work(t, bob), w.moves(t, bob, p.partner.Managed)
	bob.InGroups = true // the group of its work
	between := w.insertClaim(t, w.claim(w.other, w.own))
	orders := w.orders(t, w.own)
	receipt := identity.Receipt{Caller: "i s", Key: "k", Fingerprint: "f", CreatedAt: start}
	foreign := receipt
	foreign.Key = "foreign"
	for _, r := range []*identity.Receipt{&receipt, &foreign} {
		w.must(t, func(tx identity.Tx) error { return tx.InsertReceipt(ctx, *r) })
		r.Answer = []byte("{}")
	}
	receipt.Org, foreign.Org = w.own, w.other
	w.must(t, func(tx identity.Tx) error { return tx.UpdateReceipt(ctx, receipt) })
	w.must(t, func(tx identity.Tx) error { return tx.UpdateReceipt(ctx, foreign) })

	purge := func(t testing.TB, limit int) (deleted int) {
		w.must(t, func(tx identity.Tx) (err error) { deleted, err = tx.PurgeOrganization(ctx, w.own, limit); return err })
		return deleted
	}
	w.must(t, func(tx identity.Tx) error { return tx.DeleteAccount(ctx, w.own, p.account.ID, p.account.Version) })
	t.Run("ORG-15 a purge takes as much at a time as it is told, until nothing is left", func(t *testing.T) {
		const limit = 2
		rounds := 0
		for n := purge(t, limit); n > 0; n = purge(t, limit) {
			require.LessOrEqual(t, n, limit)
			rounds++
		}
		require.Greater(t, rounds, 5)
		require.Zero(t, purge(t, 1000), "and then there is nothing")
	})
	t.Run("ORG-15 only the organization, its deletion, its audit, its orders and what others did stay", func(t *testing.T) {
		p.partner = identity.Relationship{Managing: w.own, Managed: p.partner.Managed}
		for _, walks := range []map[string]func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error){walk, walkWork, walkClaims} {
			for name, ask := range walks {
				v, err := ask(ctx, w.store, w.own, p)
				if identity.IsNotFound(err) {
					continue
				}
				require.NoError(t, err)
				kept := slices.Contains([]string{"Event", "Events", "Chain", "ChainHead", "OrgDeletion", "Messages", "ClaimAway", "OpenClaims"}, name)
				require.Equal(t, kept, !empty(v), name)
			}
		}
		_, err := w.store.Organization(ctx, w.own)
		require.NoError(t, err)
		kept, err := w.store.Messages(ctx, w.own, identity.MessageQuery{Limit: 10})
		require.NoError(t, err)
		require.ElementsMatch(t, []identity.Message{orders[identity.MessageWaiting], orders[identity.MessageParked]}, kept)
		for name, ask := range map[string]func() error{
			"token":             func() error { _, err := w.store.TokenByHash(ctx, p.token.Hash); return err },
			"identity provider": func() error { _, err := w.store.IdentityProviderOf(ctx, p.provider.Issuer); return err },
			"link":              func() error { _, err := w.store.LinkByHash(ctx, p.link.Hash); return err },
			"binding":           func() error { _, err := w.store.Binding(ctx, p.binding.Issuer, p.binding.Subject); return err },
			"receipt":           func() error { _, err := w.store.Receipt(ctx, receipt.Caller, receipt.Key); return err },
			"claim":             func() error { _, err := w.store.Claim(ctx, w.own, p.moves.claim.ID); return err },
		} {
			require.True(t, identity.IsNotFound(ask()), name)
		}
		holders, err := w.store.DomainHolders(ctx, p.domain.Name)
		require.NoError(t, err)
		require.Empty(t, holders, "ORG-20: its domains are free")
		grants, err := w.store.GrantsOf(ctx, p.grant.Issuer, p.grant.Subject)
		require.NoError(t, err)
		require.Empty(t, grants)
		partners, err := w.store.ManagedBy(ctx, p.partner.Managed)
		require.NoError(t, err)
		require.Empty(t, partners)
	})
	t.Run("nothing of others is touched", func(t *testing.T) {
		require.Equal(t, theirs, w.readWork(t, bob, theirs))
		require.Equal(t, moved, w.readMoves(t, bob, moved))
		claimed, err := w.store.Claim(ctx, w.other, between.ID)
		require.NoError(t, err, "CLM-03: a claim of one of its users is the claimant's to know")
		require.Equal(t, between, claimed)
		got, err := w.store.Account(ctx, bob.Org, bob.ID)
		require.NoError(t, err)
		require.Equal(t, bob, got)
		require.Equal(t, []bool{true}, w.held(t, "bob@example.org"))
		r, err := w.store.Receipt(ctx, foreign.Caller, foreign.Key)
		require.NoError(t, err)
		require.Equal(t, foreign, r)
	})
	t.Run("a limit asks for something", func(t *testing.T) {
		err := w.do(func(tx identity.Tx) error { _, err := tx.PurgeOrganization(ctx, w.own, 0); return err })
		refused(t, err, identity.Invalid, identity.RuleInvalidValue)
	})
}

// orders stores a work order of an organization in each state.
func (w world) orders(t testing.TB, org identity.OrgID) map[identity.MessageState]identity.Message {
	t.Helper()
	all := map[identity.MessageState]identity.Message{}
	for _, state := range []identity.MessageState{identity.MessageWaiting, identity.MessageParked, identity.MessageSent, identity.MessageDropped} {
		m := w.order(org, "order/"+string(org)+"/"+string(state), start)
		m.State = state
		require.True(t, w.enqueue(t, m))
		all[state] = m
	}
	return all
}

// Furnished is an organization that has one thing of each kind.
type Furnished struct {
	Org       identity.OrgID
	Account   identity.Account // its only one
	Addresses []string         // of its people; nobody else has them
}

// Furnish stores an organization with one thing of each kind, for tests of what an engine keeps of it.
func Furnish(t testing.TB, s identity.Store) Furnished {
	t.Helper()
	w := newWorld(t, s)
	p := w.property(t)
	w.orders(t, w.own)
	w.must(t, func(tx identity.Tx) error {
		r := identity.Receipt{Caller: "i s", Key: "k", Fingerprint: "f", CreatedAt: start}
		if err := tx.InsertReceipt(ctx, r); err != nil {
			return err
		}
		r.Org, r.Answer = w.own, []byte(`{"email":"ada@example.com"}`)
		return tx.UpdateReceipt(ctx, r)
	})
	return Furnished{Org: w.own, Account: p.account, Addresses: []string{"ada@example.com"}}
}
