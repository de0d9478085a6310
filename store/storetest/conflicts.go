package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testConflicts(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	linked := w.account(w.own, "Ada")
	linked.Directory = &identity.DirectoryLink{Connector: n.ID, Object: "1"}
	w.add(t, linked, hold("ada@example.com", identity.HoldPrimary))
	second := w.add(t, w.account(w.own, "Bob"))
	sameObject := w.account(w.own, "Cyd")
	sameObject.Directory = &identity.DirectoryLink{Connector: n.ID, Object: "1", DN: "elsewhere"}
	sameName := n
	sameName.ID = identity.ConnectorID(w.ids.New())
	change := func(edit func(*identity.Account)) func(identity.Tx) error {
		a := second
		edit(&a)
		return func(tx identity.Tx) error { return tx.UpdateAccount(ctx, a, nil) }
	}
	for name, c := range map[string]struct {
		write func(identity.Tx) error
		rule  identity.Rule
	}{
		"a userName in another spelling": {
			func(tx identity.Tx) error { return tx.InsertAccount(ctx, w.account(w.own, "aDA"), nil) }, identity.RuleUserNameTaken},
		"an address": {
			func(tx identity.Tx) error {
				return tx.InsertAccount(ctx, w.account(w.own, "Cyd"), []identity.Hold{hold("ada@example.com", "")})
			}, identity.RuleEmailTaken},
		"a directory object": {
			func(tx identity.Tx) error { return tx.InsertAccount(ctx, sameObject, nil) }, identity.RuleObjectLinked},
		"a userName, by a change": {
			change(func(a *identity.Account) { a.UserName = "ADA" }), identity.RuleUserNameTaken},
		"an address, by a change": {
			func(tx identity.Tx) error {
				return tx.UpdateAccount(ctx, second, []identity.Hold{hold("ada@example.com", "")})
			}, identity.RuleEmailTaken},
		"a directory object, by a change": {
			change(func(a *identity.Account) { a.Directory = sameObject.Directory }), identity.RuleObjectLinked},
		"the name of a connector": {
			func(tx identity.Tx) error { return tx.InsertConnector(ctx, sameName) }, identity.RuleConnectorExists},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, w.do(c.write), identity.Conflict, c.rule)
		})
	}
	t.Run("none of them has left anything", func(t *testing.T) {
		accounts, err := w.store.Accounts(ctx, w.own, identity.AccountQuery{Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []identity.Account{linked, second}, accounts)
	})
	t.Run("two organizations may have the same userName, object and connector name", func(t *testing.T) {
		other := w.connector(t, w.other, "Head office")
		a := w.account(w.other, "Ada")
		a.Directory = &identity.DirectoryLink{Connector: other.ID, Object: "1"}
		w.add(t, a)
	})
	t.Run("any number of accounts are linked to no object", func(t *testing.T) {
		w.add(t, w.account(w.own, "Eve"))
		w.add(t, w.account(w.own, "Fay"))
	})
	t.Run("userNames that differ beyond ASCII are two", func(t *testing.T) {
		w.add(t, w.account(w.own, "Ärger"))
		w.add(t, w.account(w.own, "ärger"))
	})
	t.Run("one organization can claim a domain", func(t *testing.T) {
		put := func(org identity.OrgID, state identity.DomainState) error {
			return w.do(func(tx identity.Tx) error {
				return tx.PutDomain(ctx, identity.Domain{Org: org, Name: "example.com", State: state, UpdatedAt: start})
			})
		}
		require.NoError(t, put(w.own, identity.DomainClaimed))
		require.NoError(t, put(w.other, identity.DomainVerified))
		refused(t, put(w.other, identity.DomainClaimed), identity.Conflict, identity.RuleDomainClaimed)
	})
}
