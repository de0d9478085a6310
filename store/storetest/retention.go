package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// testRetention compares AccountsDue with identity.Account.Due, around every instant at which it could change.
func testRetention(t *testing.T, w world) {
	t.Run("AccountsDue agrees with Due to the microsecond", rapid.MakeCheck(func(rt *rapid.T) {
		var orgs []identity.Organization
		var accounts []identity.Account
		now := start
		for i := range rapid.IntRange(1, 3).Draw(rt, "organizations") {
			o, err := w.store.Organization(ctx, w.organization(t))
			require.NoError(rt, err)
			o.RetentionDays = rapid.IntRange(identity.MinRetentionDays, identity.MaxRetentionDays).Draw(rt, "days")
			if rapid.Bool().Draw(rt, "retention cut") {
				age := rapid.SampledFrom([]time.Duration{0, identity.CutNotice, identity.MinRetentionDays * identity.Day}).Draw(rt, "cut")
				o.RetentionCutAt = now.Add(-age + time.Duration(rapid.IntRange(-1, 1).Draw(rt, "cut off"))*time.Microsecond)
			}
			w.must(t, func(tx identity.Tx) error { return tx.UpdateOrganization(ctx, o) })
			orgs = append(orgs, o)
			for j := range rapid.IntRange(0, 5).Draw(rt, "accounts") {
				a := w.account(o.ID, strconv.Itoa(i)+"."+strconv.Itoa(j))
				a.Status = rapid.SampledFrom([]identity.Status{identity.Inactive, identity.Inactive, identity.Active}).Draw(rt, "status")
				if a.Status == identity.Inactive {
					a.InactiveReason = rapid.SampledFrom(append(reasons, "")).Draw(rt, "reason")
				}
				a.Shadow = rapid.IntRange(0, 5).Draw(rt, "shadow") == 0
				days := rapid.SampledFrom([]int{0, identity.DirectoryLossDays, o.RetentionDays, identity.MinRetentionDays, identity.MaxRetentionDays}).Draw(rt, "age")
				a.StatusAt = now.Add(-time.Duration(days)*identity.Day + time.Duration(rapid.IntRange(-1, 1).Draw(rt, "off"))*time.Microsecond)
				accounts = append(accounts, a)
			}
		}
		w.must(t, func(tx identity.Tx) error {
			for _, a := range accounts {
				if err := tx.InsertAccount(ctx, a, nil); err != nil {
					return err
				}
			}
			return nil
		})
		want := []identity.AccountID{}
		for _, a := range accounts {
			o := orgs[slices.IndexFunc(orgs, func(o identity.Organization) bool { return o.ID == a.Org })]
			if a.Due(o, now) {
				want = append(want, a.ID)
			}
		}
		due, err := w.store.AccountsDue(ctx, now, 1000)
		require.NoError(rt, err)
		require.ElementsMatch(rt, want, idsOf(due))
		if len(want) > 1 {
			due, err = w.store.AccountsDue(ctx, now, len(want)-1)
			require.NoError(rt, err)
			require.Len(rt, due, len(want)-1)
		}
		// Leave nobody due for the next round.
		w.must(t, func(tx identity.Tx) error {
			for _, a := range accounts {
				if err := tx.DeleteAccount(ctx, a.Org, a.ID, 1); err != nil {
					return err
				}
			}
			return nil
		})
	}))
}
