package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// some deletes at most limit of what there is to delete.
type some func(tx identity.Tx, limit int) (int, error)

// deleted says how many were deleted in one transaction.
func (w world) deleted(t testing.TB, what some, limit int) (n int) {
	t.Helper()
	w.must(t, func(tx identity.Tx) (err error) {
		n, err = what(tx, limit)
		return err
	})
	return n
}

// goInTurn expects that things, the oldest first, are deleted, some of them at a time, and that they have to be more than none.
func (w world) goInTurn(t testing.TB, what some, left func() []bool) {
	t.Helper()
	all := left()
	require.Len(t, all, 3)
	require.NotContains(t, all, false)
	for _, limit := range []int{0, -1} {
		refused(t, w.do(func(tx identity.Tx) error { _, err := what(tx, limit); return err }), identity.Invalid, identity.RuleInvalidValue)
	}
	require.Equal(t, 2, w.deleted(t, what, 2), "one less than there are")
	require.Equal(t, []bool{false, false, true}, left(), "the oldest first")
	require.Equal(t, 1, w.deleted(t, what, 2))
	require.NotContains(t, left(), true)
	require.Zero(t, w.deleted(t, what, 2))
}
