package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// inTurn lets callers wait, in this order, while somebody writes in their lane, and returns what each of them hears when that one has ended.
func inTurn(t *testing.T, s *Store, ahead []identity.Ahead, fn func(i int, tx identity.Tx) error) []error {
	t.Helper()
	begun, goOn := make(chan struct{}), make(chan struct{})
	heard := make([]error, len(ahead))
	var all sync.WaitGroup
	all.Go(func() {
		require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(identity.Tx) error {
			close(begun)
			<-goOn
			return nil
		}))
	})
	<-begun
	for i := range ahead {
		lock := identity.Shared(identity.ConsumerOrgID)
		lock.Ahead = ahead[i]
		all.Go(func() { heard[i] = s.Do(ctx, lock, func(tx identity.Tx) error { return fn(i, tx) }) })
		require.Eventually(t, func() bool { return personalLane(s).length() == i+1 }, time.Minute, time.Millisecond)
	}
	close(goOn)
	all.Wait()
	return heard
}

// change does with an account what PATCH does: it reads it, records an event and writes it.
func change(tx identity.Tx, id identity.AccountID, more string) error {
	if _, err := tx.Organization(ctx, identity.ConsumerOrgID); err != nil {
		return err
	}
	a, err := tx.Account(ctx, identity.ConsumerOrgID, id)
	if err != nil {
		return err
	}
	a.ExternalID += identity.ExternalID(more)
	e := identity.Event{ID: identity.EventID(fmt.Sprint(id, more)), Org: a.Org, At: time.Unix(1, 0), Kind: identity.AccountChanged, Account: id}
	return errors.Join(tx.Record(ctx, e), tx.UpdateAccount(ctx, a, nil))
}

func TestPostgres_ManyChangesTakeAsManyMessagesAsOne(t *testing.T) {
	relay, through := startCutter(t, serverURL(t))
	s := openServer(t, through)
	var ahead []identity.Ahead
	for i := range 10 {
		a := newAccount(fmt.Sprint("user-", i), 10)
		require.NoError(t, insert(s, a))
		ahead = append(ahead, identity.Ahead{Accounts: []identity.AccountID{a.ID}})
	}
	messages := func(ahead []identity.Ahead, more string) int {
		before := relay.messages.Load()
		require.NoError(t, errors.Join(inTurn(t, s, ahead, func(i int, tx identity.Tx) error { return change(tx, ahead[i].Accounts[0], more) })...))
		return int(relay.messages.Load() - before)
	}
	messages(ahead[:1], "prepares statements ")
	one := messages(ahead[:1], "a")
	require.Equal(t, one, messages(ahead, "b"))
	// Whoever is there first begins, asks and commits; so do those who wait, with one message each for all of them.
	require.LessOrEqual(t, one, 6)
	for i, want := range []string{"prepares statements ab", "b"} {
		a, err := s.Account(ctx, identity.ConsumerOrgID, ahead[i].Accounts[0])
		require.NoError(t, err)
		require.EqualValues(t, want, a.ExternalID)
	}
}

func TestPostgres_WhatWasLookedUpAheadIsWhatTheOneBeforeHasLeft(t *testing.T) {
	s := openServer(t, serverURL(t))
	a := newAccount("ada", 10)
	require.NoError(t, insert(s, a))
	same := identity.Ahead{Accounts: []identity.AccountID{a.ID}}
	t.Run("changed", func(t *testing.T) {
		require.NoError(t, errors.Join(inTurn(t, s, []identity.Ahead{same, same, same}, func(i int, tx identity.Tx) error {
			return change(tx, a.ID, fmt.Sprint(i))
		})...))
		now, err := s.Account(ctx, a.Org, a.ID)
		require.NoError(t, err)
		require.Len(t, now.ExternalID, 3, "nobody wrote over what somebody else had written")
		require.EqualValues(t, 4, now.Version)
	})
	t.Run("in a group, by somebody who never looked", func(t *testing.T) {
		g := identity.Group{ID: identity.GroupID(system.IDs{}.New()), Org: a.Org, Name: "g", CreatedAt: a.CreatedAt, UpdatedAt: a.CreatedAt,
			Source: identity.SourceManual}
		require.NoError(t, s.Do(ctx, identity.Shared(a.Org), func(tx identity.Tx) error { return tx.InsertGroup(ctx, g) }))
		require.NoError(t, errors.Join(inTurn(t, s, []identity.Ahead{{}, same}, func(i int, tx identity.Tx) error {
			if i == 0 {
				_, err := tx.AddMembers(ctx, a.Org, g.ID, identity.Member{Account: a.ID})
				return err
			}
			now, err := tx.Account(ctx, a.Org, a.ID)
			require.True(t, now.InGroups)
			return err
		})...))
	})
	t.Run("deleted, by somebody who never looked", func(t *testing.T) {
		heard := inTurn(t, s, []identity.Ahead{{}, same}, func(i int, tx identity.Tx) error {
			if i == 0 {
				return tx.DeleteAccount(ctx, a.Org, a.ID, 4)
			}
			return change(tx, a.ID, "x")
		})
		require.NoError(t, heard[0])
		require.Equal(t, identity.RuleUnknownAccount, identity.RuleOf(heard[1]))
	})
	t.Run("not there", func(t *testing.T) {
		heard := inTurn(t, s, []identity.Ahead{{Token: "none", Accounts: []identity.AccountID{"nobody", a.ID}}}, func(_ int, tx identity.Tx) error {
			_, err := tx.TokenByHash(ctx, "none")
			require.Equal(t, identity.RuleUnknownToken, identity.RuleOf(err))
			_, err = tx.Account(ctx, a.Org, "nobody")
			return err
		})
		require.Equal(t, identity.NotFound, identity.KindOf(heard[0]))
	})
}

func TestPostgres_WhatWasLookedUpAheadIsForgottenOnceSomebodyWritesItWhoFoundItOtherwise(t *testing.T) {
	s := openServer(t, serverURL(t))
	a := newAccount("user", 10)
	require.NoError(t, insert(s, a))
	heard := inTurn(t, s, []identity.Ahead{{}, {Accounts: []identity.AccountID{a.ID}}}, func(i int, tx identity.Tx) error {
		if i == 1 {
			return change(tx, a.ID, "second")
		}
		found, err := tx.AccountByUserName(ctx, a.Org, identity.KeyOfUserName(a.UserName))
		if err != nil {
			return err
		}
		found.ExternalID = "first-"
		return tx.UpdateAccount(ctx, found, nil)
	})
	require.NoError(t, errors.Join(heard...))
	after, err := s.Account(ctx, a.Org, a.ID)
	require.NoError(t, err)
	require.Equal(t, identity.ExternalID("first-second"), after.ExternalID)
}

func TestPostgres_ManyExchangesOfATokenTakeAsManyMessagesAsTwo(t *testing.T) {
	relay, through := startCutter(t, serverURL(t))
	s := openServer(t, through)
	at := time.Unix(1, 0).UTC()
	k := identity.Token{ID: identity.TokenID(system.IDs{}.New()), Org: identity.ConsumerOrgID, Name: "k", Profile: "rfc", Hash: "h", CreatedAt: at}
	require.NoError(t, s.Do(ctx, identity.Shared(k.Org), func(tx identity.Tx) error { return tx.InsertToken(ctx, k) }))
	messages := func(n int) int {
		before := relay.messages.Load()
		require.NoError(t, s.Do(ctx, identity.Shared(k.Org), func(tx identity.Tx) error {
			var failed error
			for range n {
				failed = errors.Join(failed, tx.InsertExchange(ctx, identity.Exchange{ID: identity.ExchangeID(system.IDs{}.New()), Org: k.Org, Token: k.ID, At: at}))
			}
			return failed
		}))
		return int(relay.messages.Load() - before)
	}
	messages(2) // prepares statements
	require.Equal(t, messages(2), messages(100))
	kept, err := s.Exchanges(ctx, k.Org, identity.ExchangeQuery{Token: k.ID, Limit: 1000})
	require.NoError(t, err)
	require.Len(t, kept, 104)
}

// add does with an account what POST does: it looks at the domain of its address and inserts it.
func add(tx identity.Tx, name, domain string) (holders []identity.Domain, err error) {
	if _, err := tx.Organization(ctx, identity.ConsumerOrgID); err != nil {
		return nil, err
	}
	if holders, err = tx.DomainHolders(ctx, domain); err != nil {
		return nil, err
	}
	return holders, tx.InsertAccount(ctx, newAccount(name+"@"+domain, 10), nil)
}

func TestPostgres_TheDomainsThatWereAskedForLastAreLookedUpWithoutAMessage(t *testing.T) {
	relay, through := startCutter(t, serverURL(t))
	s := openServer(t, through)
	messages := func(name, domain string) int {
		before := relay.messages.Load()
		require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
			_, err := add(tx, name, domain)
			return err
		}))
		return int(relay.messages.Load() - before)
	}
	for i := range 2 { // prepares statements
		messages(fmt.Sprint("first-", i), "acme.example")
	}
	require.Equal(t, messages("ada", "acme.example")+1, messages("ada", "corp.example"))
	require.Equal(t, 3, messages("grace", "corp.example"), "it begins and takes its locks, looks, and writes and commits")
}

func TestPostgres_ADomainThatIsLookedUpAheadIsAsItIsAndNotAsItWasLast(t *testing.T) {
	s := openServer(t, serverURL(t))
	other := customer(t, s)
	claimed := identity.Domain{Org: other, Name: "acme.example", State: identity.DomainClaimed, UpdatedAt: time.Unix(1, 0).UTC()}
	ours := identity.Domain{Org: identity.ConsumerOrgID, Name: "acme.example", State: identity.DomainVerified, UpdatedAt: time.Unix(1, 0).UTC()}
	holders := func(name string) (found []identity.Domain) {
		require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) (err error) {
			found, err = add(tx, name, "acme.example")
			return err
		}))
		return found
	}
	require.Empty(t, holders("a"))
	require.Empty(t, holders("b"), "nobody's is looked up ahead, too")
	require.NoError(t, s.Do(ctx, identity.Everybody(other), func(tx identity.Tx) error { return tx.PutDomain(ctx, claimed) }))
	require.Equal(t, []identity.Domain{claimed}, holders("c"))
	var seen []identity.Domain
	require.NoError(t, errors.Join(inTurn(t, s, make([]identity.Ahead, 2), func(i int, tx identity.Tx) (err error) {
		if i == 0 {
			return tx.PutDomain(ctx, ours)
		}
		seen, err = add(tx, "d", "acme.example")
		return err
	})...))
	require.ElementsMatch(t, []identity.Domain{claimed, ours}, seen, "a neighbour in the same transaction has added one")
}
