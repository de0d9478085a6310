package scim_test

import (
	"context"

	"rollcall/identity"
)

// counting is a store that counts how often the members of groups are read.
type counting struct {
	identity.Store
	reads *int
}

func (s counting) MembersOf(ctx context.Context, org identity.OrgID, groups []identity.GroupID) ([]identity.Membership, error) {
	*s.reads++
	return s.Store.MembersOf(ctx, org, groups)
}

func (s counting) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return s.Store.Do(ctx, lock, func(tx identity.Tx) error { return fn(countingTx{tx, s.reads}) })
}

type countingTx struct {
	identity.Tx
	reads *int
}

func (t countingTx) MembersOf(ctx context.Context, org identity.OrgID, groups []identity.GroupID) ([]identity.Membership, error) {
	*t.reads++
	return t.Tx.MembersOf(ctx, org, groups)
}
