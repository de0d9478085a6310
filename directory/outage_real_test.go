package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
)

// meanwhile does something once when a phase of a reading has come to done entries.
func meanwhile(t *testing.T, phase string, done int, do func()) directory.Progress {
	var once sync.Once
	did := false
	t.Cleanup(func() { require.True(t, did, "the reading came to %q", phase) })
	return func(now string, n, _ int) {
		if now == phase && n >= done {
			once.Do(func() { did = true; do() })
		}
	}
}

// planMeanwhile plans, and does something when the first entries of a phase have come.
func (w *world) planMeanwhile(t *testing.T, phase string, do func()) directory.Plan {
	_, plan, err := w.syncer.Plan(t.Context(), w.org, w.connector, admin, meanwhile(t, phase, 1, do))
	require.NoError(t, err)
	return plan
}

// TestDIR16_ADomainControllerThatGoesWhileItIsRead stops and sets back a real one, with people and groups.
func TestDIR16_ADomainControllerThatGoesWhileItIsRead(t *testing.T) {
	t.Parallel()
	d := fixtures.StartSamba(t, fixtures.SambaOptions{})
	staff := d.AddOU(t, "", "Staff")
	add := func(login string) string {
		return d.AddUser(t, fixtures.User{OU: staff, Login: login, Given: login, Surname: "Example", Mail: login + "@corp.example.com"})
	}
	var ids []string
	for i := range 12 {
		ids = append(ids, add(fmt.Sprintf("p%02d", i)))
	}
	for i := range 10 {
		d.AddGroup(t, staff, fmt.Sprintf("Team %d", i), ids[i], ids[i+1])
	}
	readers := d.AddGroup(t, staff, "Readers", ids...)
	b := bothJoined(t, d, func(s *ldap.Settings) {
		s.PageSize, s.RetryDelay = 2, ldap.Duration(10*time.Millisecond)
		withGroups(directory.NestedMembers)(s)
	}, staff)
	people, teams := b.full.standings(), b.full.teams()

	for _, phase := range []string{"reading the directory", "reading the groups"} {
		t.Run("it comes back while it is "+phase, func(t *testing.T) {
			plan := b.full.planMeanwhile(t, phase, func() { d.Stop(t); d.Start(t) })
			require.Empty(t, plan.Refused)
			require.Empty(t, plan.Steps, "nothing is read twice, and nobody is missed")
			require.True(t, plan.Reading.Complete, plan.Reading.Gaps)
			require.Equal(t, len(people), plan.Figures.Linked)
		})
		t.Run("it stays away while it is "+phase, func(t *testing.T) {
			d.Set(t, ids[0], "title", phase)
			plan := b.full.planMeanwhile(t, phase, func() { d.Stop(t) })
			require.Contains(t, plan.Refused, "The directory could not be read, so nothing is planned.")
			require.Empty(t, plan.Steps)
			_, plan, err := b.changes.syncer.PlanChanges(t.Context(), b.changes.org, b.changes.connector, admin, nil)
			require.NoError(t, err)
			require.Contains(t, plan.Refused, "nobody answers there")
			require.Empty(t, plan.Steps)
			require.Equal(t, people, b.full.standings())
			require.Equal(t, teams, b.full.teams())
			d.Start(t)
			b.same(t, "")
			people = b.full.standings()
		})
	}

	t.Run("it goes before missing entries are looked up", func(t *testing.T) {
		goes := add("goes")
		teamOf := d.AddGroup(t, staff, "Team of those who go", goes)
		b.same(t, "")
		people, teams := b.full.standings(), b.full.teams()
		d.Delete(t, goes)
		d.Delete(t, teamOf)
		const phase = "looking up missing entries"
		_, plan, err := b.full.syncer.Plan(t.Context(), b.full.org, b.full.connector, admin, meanwhile(t, phase, 0, func() { d.Stop(t) }))
		require.NoError(t, err)
		require.NotEmpty(t, plan.Steps)
		for _, step := range plan.Steps {
			require.Equal(t, directory.RuleLossUnproven, step.Code, "%v", step)
			require.Contains(t, step.Evidence.Detail, "nobody answers there")
		}
		d.Start(t)
		stored, plan, err := b.changes.syncer.PlanChanges(t.Context(), b.changes.org, b.changes.connector, admin, meanwhile(t, phase, 0, func() { d.Stop(t) }))
		require.NoError(t, err)
		require.Contains(t, plan.Refused, "The directory could not be read, so nothing is planned.", "groups were still to be read")
		require.Equal(t, identity.PlanRefused, stored.State)
		require.Equal(t, people, b.full.standings())
		require.Equal(t, teams, b.full.teams())
		d.Start(t)
		b.same(t, "")
		require.Equal(t, identity.DirectoryDeleted, b.changes.standings()[identity.ObjectID(goes)].reason)
		require.NotContains(t, b.changes.teams(), "Team of those who go")
	})
	people, teams = b.full.standings(), b.full.teams()

	for _, c := range []struct {
		name string
		anew bool
		more int // changes of which nobody was told before it was set back
		why  string
	}{
		{"it is set back", false, 0, "it was set back"},
		{"it is restored, and much changes before anybody asks", true, 40, "are another copy than at the last reading"},
	} {
		t.Run(c.name, func(t *testing.T) {
			then := d.Image(t)
			late := add(fmt.Sprintf("late%d", c.more))
			d.Set(t, ids[1], "title", "Countess")
			d.Disable(t, ids[2])
			d.Delete(t, ids[3])
			d.AddMember(t, readers, late)
			d.RemoveMember(t, readers, ids[4])
			lost := d.AddGroup(t, staff, "Lost", late, ids[5])
			b.same(t, "")
			require.Contains(t, b.changes.teams(), "Lost")

			d.SetBack(t, then, c.anew)
			require.False(t, d.Exists(t, late))
			require.False(t, d.Exists(t, lost))
			for i := range c.more {
				d.Set(t, ids[6], "title", fmt.Sprint(i))
			}
			b.same(t, c.why)
			after := b.changes.teams()
			for name := range after {
				after[name] = slices.DeleteFunc(after[name], func(member string) bool { return strings.HasPrefix(member, "late") })
			}
			require.Equal(t, teams, after, "but for the memberships of those who are gone")
			now := b.changes.standings()
			require.Equal(t, identity.Inactive, now[identity.ObjectID(late)].status, "nobody has this entry any more")
			for id, before := range people {
				require.Equal(t, before.status, now[id].status, "neither deleted nor disabled then")
			}
		})
	}
}
