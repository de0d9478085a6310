package bulk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

func (w *world) invited(who bulk.Invited) (identity.Job, []string) {
	w.t.Helper()
	j, err := w.StartInvitations(w.ctx, admin, w.org, who)
	require.NoError(w.t, err)
	w.work()
	j = w.job(j.ID)
	require.Equal(w.t, identity.JobDone, j.State, j.Error)
	return j, w.outcomes(j)
}

func TestUSR23_InvitationsForEverybodyWhoIsNotVerified(t *testing.T) {
	w := newWorld(t)
	bob := w.add(w.org, "bob@example.com", "")
	require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
		_, err := c.Deactivate(w.ctx, bob.ID, nil)
		return err
	}))
	w.add(w.org, "ada@example.com", "")
	w.add(w.organization(), "eve@example.com", "")
	j, outcomes := w.invited(bulk.Invited{})
	require.Equal(t, []string{bulk.Sent}, outcomes)
	require.Equal(t, 1, j.Total)
	require.Equal(t, "ada@example.com", w.results(j)[1][1])
}

func TestUSR23_AnInvitationIsHeldBackFor24Hours(t *testing.T) {
	w := newWorld(t)
	ada := w.add(w.org, "ada@example.com", "")
	_, outcomes := w.invited(bulk.Invited{})
	require.Equal(t, []string{bulk.Sent}, outcomes)
	w.clock.move(23 * time.Hour)
	j, outcomes := w.invited(bulk.Invited{})
	require.Equal(t, []string{bulk.Suppressed}, outcomes)
	require.Equal(t, 1, j.Succeeded)
	w.clock.move(2 * time.Hour)
	_, outcomes = w.invited(bulk.Invited{Accounts: []identity.AccountID{ada.ID}})
	require.Equal(t, []string{bulk.Sent}, outcomes)
	messages, err := w.service.Reader().Messages(w.ctx, w.org, identity.MessageQuery{Account: ada.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, messages, 2)
}

func TestUSR23_AListOfUsersSaysForEachWhatCameOfIt(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.add(w.org, "ada@example.com", ""), w.add(w.org, "bob@example.com", "")
	eve := w.add(w.organization(), "eve@example.com", "")
	require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
		_, err := c.Deactivate(w.ctx, bob.ID, nil)
		return err
	}))
	w.set(func(o *identity.Organization) { o.SyncMode = identity.SyncManual }) // USR-22 allows invitations
	j, outcomes := w.invited(bulk.Invited{Accounts: []identity.AccountID{eve.ID, bob.ID, ada.ID, ada.ID}})
	require.Equal(t, []string{bulk.Sent, "INVALID_STATUS_TRANSITION", "UNKNOWN_USER"}, outcomes)
	require.Equal(t, [3]int{3, 1, 2}, [3]int{j.Total, j.Succeeded, j.Failed})
	require.Equal(t, "bob@example.com", w.results(j)[2][1])
	require.Equal(t, string(eve.ID), w.results(j)[3][1], "of somebody else's user the identifier that was given, and nothing more")
}

func TestUSR23_OneInvitationJobAtATime(t *testing.T) {
	w := newWorld(t)
	w.add(w.org, "ada@example.com", "")
	_, err := w.StartInvitations(w.ctx, admin, w.org, bulk.Invited{})
	require.NoError(t, err)
	_, err = w.StartInvitations(w.ctx, admin, w.org, bulk.Invited{Filter: bulk.Filter{Q: "ada"}})
	refusedWith(t, err, identity.RuleJobRunning)
	w.work()
	_, err = w.StartInvitations(w.ctx, admin, w.org, bulk.Invited{})
	require.NoError(t, err)
}

func TestUSR23_AListHasALimit(t *testing.T) {
	w := newWorld(t)
	list := make([]identity.AccountID, bulk.MaxInvited+1)
	for i := range list {
		list[i] = identity.AccountID(w.service.NewID())
	}
	_, err := w.StartInvitations(w.ctx, admin, w.org, bulk.Invited{Accounts: list})
	refusedWith(t, err, identity.RuleTooManyUsers)
	j, err := w.StartInvitations(w.ctx, admin, w.org, bulk.Invited{Accounts: list[1:]})
	require.NoError(t, err)
	require.Equal(t, bulk.MaxInvited, j.Total)
}

func TestUSR23_WhoComesAfterTheJobIsNotMeant(t *testing.T) {
	w := newWorld(t)
	w.add(w.org, "ada@example.com", "")
	j, err := w.StartInvitations(w.ctx, admin, w.org, bulk.Invited{})
	require.NoError(t, err)
	w.clock.move(time.Second)
	w.add(w.org, "bob@example.com", "")
	w.work()
	require.Equal(t, []string{bulk.Sent}, w.outcomes(w.job(j.ID)))
}
