package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// becomes writes the state of an organization, which may have been deleted before.
func (w world) becomes(t testing.TB, o identity.Organization, state identity.OrgState) identity.Organization {
	t.Helper()
	o.State = state
	w.must(t, func(tx identity.Tx) error { return tx.UpdateOrganization(ctx, o) })
	o.Version++
	return o
}

func testTombstones(t *testing.T, w world) {
	o, err := w.store.Organization(ctx, w.own)
	require.NoError(t, err)
	job := w.insertJob(t, w.job(w.own, identity.JobImport))
	m := w.message(w.own, "about", start)
	require.True(t, w.enqueue(t, m))
	listed := func(r identity.Reader, ask func(identity.Reader) ([]identity.Organization, error)) bool {
		all, err := ask(r)
		require.NoError(t, err)
		for _, found := range all {
			if found.ID == w.own {
				require.Equal(t, o, found)
				return true
			}
		}
		return false
	}
	living := func(r identity.Reader) ([]identity.Organization, error) { return r.Organizations(ctx, "", 10) }
	dead := func(r identity.Reader) ([]identity.Organization, error) { return r.Tombstones(ctx, "", 10) }
	open := func() []identity.Job {
		all, err := w.store.JobsOpen(ctx, allJobs, start, 10)
		require.NoError(t, err)
		return all
	}
	require.Equal(t, []identity.Job{job}, open())
	t.Run("one that is being deleted is still there, and nobody works for it any more", func(t *testing.T) {
		o = w.becomes(t, o, identity.OrgDeleting)
		got, err := w.store.Organization(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, o, got)
		require.True(t, listed(w.store, living))
		require.False(t, listed(w.store, dead))
		_, err = w.store.Tombstone(ctx, w.own)
		refused(t, err, identity.NotFound, identity.RuleUnknownOrg)
		require.Empty(t, open())
	})
	t.Run("one that was deleted is a tombstone and nothing else", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			_, err := tx.Organization(ctx, w.own)
			require.NoError(t, err)
			now := o
			now.State = identity.OrgDeleted
			require.NoError(t, tx.UpdateOrganization(ctx, now))
			_, err = tx.Organization(ctx, w.own)
			refused(t, err, identity.NotFound, identity.RuleUnknownOrg)
			return nil
		})
		o.State, o.Version = identity.OrgDeleted, o.Version+1
		_, err := w.store.Organization(ctx, w.own)
		refused(t, err, identity.NotFound, identity.RuleUnknownOrg)
		require.False(t, listed(w.store, living))
		require.True(t, listed(w.store, dead))
		stone, err := w.store.Tombstone(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, o, stone)
		some, err := w.store.Tombstones(ctx, w.own, 10)
		require.NoError(t, err)
		require.Empty(t, some, "beyond it there is none")
	})
	t.Run("ORG-17 its id is never used again", func(t *testing.T) {
		err := w.do(func(tx identity.Tx) error { return tx.InsertOrganization(ctx, o) })
		require.Equal(t, identity.Internal, identity.KindOf(err), "%v", err)
	})
	t.Run("a message of it can be forgotten", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteMessage(ctx, w.own, m.ID) })
		_, err := w.store.Message(ctx, w.own, m.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownMessage)
	})
}

func testPeople(t *testing.T, w world) {
	shadow := w.account(w.own, "shadow")
	shadow.Shadow = true
	w.add(t, shadow)
	for i, profile := range []string{`{"userType":"room"}`, `{"displayName":"R","userType":"calling_service"}`, `{"userType":"external_calling"}`} {
		a := w.account(w.own, fmt.Sprintf("machine%d", i))
		a.Profile = identity.Profile(profile)
		require.True(t, a.Machine())
		w.add(t, a)
	}
	for i, profile := range []string{"", `{}`, `{"userType":"user"}`, `{"userType":"Room"}`, `{"title":"\"userType\":\"room\""}`} {
		a := w.account(w.own, fmt.Sprintf("person%d", i))
		a.Profile = identity.Profile(profile)
		if i == 0 {
			a.Status, a.InactiveReason = identity.Inactive, identity.DirectoryDeleted
		}
		require.False(t, a.Machine())
		w.add(t, a)
	}
	w.add(t, w.account(w.other, "elsewhere"))
	n, err := w.store.CountUsers(ctx, w.own)
	require.NoError(t, err)
	require.Equal(t, 5, n, "ORG-14: all accounts but shadows and machines")
	shadow.Shadow = false
	for profile, want := range map[identity.Profile]int{`{"userType":"room"}`: 5, `{"userType":"user"}`: 6} {
		shadow.Profile = profile
		w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, shadow, nil) })
		shadow.Version++
		n, err = w.store.CountUsers(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
}
