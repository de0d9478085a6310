package bulk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

func (w *world) template(group identity.GroupID, licences ...identity.Licence) {
	w.t.Helper()
	_, err := w.service.PutTemplate(w.ctx, admin, w.org, group, licences)
	require.NoError(w.t, err)
}

func (w *world) startTemplate(group identity.GroupID, removed []identity.Licence, preserve bool) (job identity.Job, err error) {
	err = w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
		job, err = w.StartTemplate(w.ctx, c, admin, group, removed, preserve)
		return err
	})
	return job, err
}

func (w *world) applied(group identity.GroupID, removed []identity.Licence, preserve bool) []string {
	w.t.Helper()
	j, err := w.startTemplate(group, removed, preserve)
	require.NoError(w.t, err)
	w.work()
	require.Equal(w.t, identity.JobDone, w.job(j.ID).State)
	return w.outcomes(w.job(j.ID))
}

func TestLIC03_ATemplateIsBroughtToExistingUsersByAJob(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.add(w.org, "ada@example.com", ""), w.add(w.org, "bob@example.com", "")
	w.seats(2, "calling", "meetings")
	w.template("", "calling", "meetings")
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(ada), "a template by itself touches nobody")
	require.Equal(t, []string{bulk.Changed, bulk.Changed}, w.applied("", nil, true))
	require.Equal(t, []string{bulk.Unchanged, bulk.Unchanged}, w.applied("", nil, true))
	require.Equal(t, []identity.Licence{"calling", "meetings"}, w.licences(bob))

	w.template("", "meetings")
	require.Equal(t, []string{bulk.Unchanged, bulk.Unchanged}, w.applied("", []identity.Licence{"calling"}, true), "preserved")
	require.Equal(t, []identity.Licence{"calling", "meetings"}, w.licences(ada))
	require.Equal(t, []string{bulk.Changed, bulk.Changed}, w.applied("", []identity.Licence{"calling"}, false))
	require.Equal(t, []identity.Licence{"meetings"}, w.licences(ada))

	w.add(w.org, "cy@example.com", "")
	w.template("", "calling", "meetings")
	require.Equal(t, []string{bulk.Changed, bulk.Changed, "NO_LICENSES"}, w.applied("", nil, true))
}

func TestLIC03_AGroupsTemplateGoesToItsMembersOnly(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.add(w.org, "ada@example.com", ""), w.add(w.org, "bob@example.com", "")
	w.seats(5, "calling")
	var group identity.Group
	require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
		var err error
		if group, err = c.CreateGroup(w.ctx, "Sales", "", identity.Origin{Source: identity.SourceManual}); err != nil {
			return err
		}
		_, err = c.Tx().AddMembers(w.ctx, w.org, group.ID, identity.Member{Account: ada.ID})
		return err
	}))
	w.template(group.ID, "calling")
	require.Equal(t, []string{bulk.Changed}, w.applied(group.ID, nil, true))
	require.Equal(t, []identity.Licence{"calling"}, w.licences(ada))
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(bob))
	_, err := w.startTemplate("x", nil, true)
	refusedWith(t, err, identity.RuleUnknownGroup)
}

func TestLIC03_OneTemplateJobAtATime(t *testing.T) {
	w := newWorld(t)
	_, err := w.startTemplate("", nil, true)
	require.NoError(t, err)
	_, err = w.startTemplate("", nil, true)
	refusedWith(t, err, identity.RuleJobRunning)
	w.work()
	_, err = w.startTemplate("", nil, true)
	require.NoError(t, err)
}
