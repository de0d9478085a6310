package directory_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/fixtures"
	"rollcall/identity"
)

// TestDIR07_AYearInActiveDirectory takes people of a real Active Directory through everything that can happen to them, and looks at
// what becomes of their accounts.
func TestDIR07_AYearInActiveDirectory(t *testing.T) {
	for name, recycleBin := range map[string]bool{"tombstones": false, "recycle bin": true} {
		t.Run(name, func(t *testing.T) {
			d := fixtures.StartSamba(t, fixtures.SambaOptions{RecycleBin: recycleBin})
			d.AddOU(t, d.BaseDN, "Staff")
			staff := "OU=Staff," + d.BaseDN
			d.AddOU(t, staff, "Sales")
			d.AddOU(t, d.BaseDN, "Outside")
			ids := map[string]string{}
			for _, login := range []string{"ada", "bob", "cyd", "dan", "eve", "fay"} {
				ids[login] = d.AddUser(t, fixtures.User{OU: staff, Login: login, Given: strings.ToUpper(login), Mail: login + "@corp.example.com"})
			}
			d.AddUser(t, fixtures.User{OU: staff, Login: "nobody"})
			d.AddUser(t, fixtures.User{OU: staff, Login: "twin1", Mail: "twin@corp.example.com"})
			d.AddUser(t, fixtures.User{OU: staff, Login: "twin2", Mail: "Twin@corp.example.com"})
			w := newWorld(t).joined(t, d, staff)

			stored, plan := w.plan()
			require.Equal(t, map[directory.Op]int{directory.OpCreate: 6, directory.OpSkip: 1, directory.OpConflict: 2}, plan.Figures.Ops)
			require.Equal(t, identity.RunErrors, w.apply(stored.ID).State)
			bob := w.user("bob@corp.example.com")

			d.Disable(t, ids["ada"])
			d.Delete(t, ids["bob"])
			d.SetMail(t, ids["cyd"], "cynthia@corp.example.com")
			d.Move(t, ids["dan"], "OU=Outside,"+d.BaseDN)
			d.Move(t, ids["eve"], "OU=Sales,"+staff)
			d.Rename(t, ids["fay"], "Fay, the Second")
			stored, plan = w.plan()
			require.Equal(t, "remove bob; remove dan; disable ada", strings.Join(strings.Split(said(plan), "; ")[:3], "; "))
			require.Equal(t, 3, plan.Figures.Ops[directory.OpRename])
			w.apply(stored.ID)
			require.Equal(t, identity.DirectoryDisabled, w.user("ada@corp.example.com").InactiveReason)
			require.Equal(t, identity.DirectoryDeleted, w.user("bob@corp.example.com").InactiveReason)
			require.Equal(t, identity.DirectoryOutOfScope, w.user("dan@corp.example.com").InactiveReason)
			require.Equal(t, identity.ObjectID(ids["cyd"]), w.user("cynthia@corp.example.com").Directory.Object)
			require.Contains(t, w.user("eve@corp.example.com").Directory.DN, "OU=Sales")
			require.Contains(t, w.user("fay@corp.example.com").Directory.DN, "Second")
			_, plan = w.plan()
			require.True(t, plan.Empty(), said(plan))

			d.Enable(t, ids["ada"])
			d.Restore(t, ids["bob"])
			d.Move(t, ids["dan"], staff)
			stored, plan = w.plan()
			require.Equal(t, map[directory.Op]int{directory.OpRestore: 2, directory.OpEnable: 1, directory.OpConflict: 2, directory.OpSkip: 1}, plan.Figures.Ops)
			w.apply(stored.ID)
			for _, who := range []string{"ada", "bob", "dan"} {
				require.NotEqual(t, identity.Inactive, w.user(who+"@corp.example.com").Status, who)
			}
			require.Equal(t, bob.ID, w.user("bob@corp.example.com").ID)
		})
	}
}

func TestDIR07_AYearInOpenLDAP(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	d.AddOU(t, d.BaseDN, "Outside")
	ids := map[string]string{}
	for _, login := range []string{"ada", "bob", "cyd", "dan"} {
		ids[login] = d.AddUser(t, fixtures.User{Login: login, Given: strings.ToUpper(login), Mail: login + "@example.com"})
	}
	w := newWorld(t).joined(t, d, "ou=People,"+d.BaseDN)
	require.Equal(t, identity.RunCompleted, w.sync().State)
	d.Disable(t, ids["ada"])
	d.Delete(t, ids["bob"])
	d.SetMail(t, ids["cyd"], "bob@example.com") // of somebody who still holds it
	d.Move(t, ids["dan"], "ou=Outside,"+d.BaseDN)
	stored, plan := w.plan()
	require.Equal(t, "remove bob; remove dan; disable ada; conflict bob EMAIL_TAKEN", said(plan))
	w.apply(stored.ID)
	require.Equal(t, identity.DirectoryDeleted, w.user("bob@example.com").InactiveReason)
	require.Equal(t, identity.DirectoryOutOfScope, w.user("dan@example.com").InactiveReason)

	d.Stop(t)
	stored, plan = w.plan()
	require.Equal(t, identity.PlanRefused, stored.State)
	require.Contains(t, plan.Refused, "nobody answers there")
	d.Start(t)
	d.Move(t, ids["dan"], "ou=People,"+d.BaseDN)
	d.Enable(t, ids["ada"])
	_, plan = w.plan()
	require.Equal(t, "restore dan; enable ada; conflict bob EMAIL_HELD", said(plan))
}

func TestFiveThousandPeople(t *testing.T) {
	for _, kind := range []fixtures.Kind{fixtures.ActiveDirectory, fixtures.OpenLDAP} {
		t.Run(string(kind), func(t *testing.T) {
			const n = 5000
			var d *fixtures.Directory
			if kind == fixtures.ActiveDirectory {
				d = fixtures.StartSamba(t, fixtures.SambaOptions{People: n})
			} else {
				d = fixtures.StartSlapd(t, fixtures.SlapdOptions{People: n})
			}
			counts := fixtures.CountPeople(kind, n)
			w := newWorld(t).joined(t, d, d.BaseDN)
			stored, plan := w.plan()
			require.True(t, plan.Reading.Complete, plan.Reading.Gaps)
			require.Nil(t, plan.Steps, "so many are left where they are stored")
			require.Equal(t, counts.People, plan.Figures.Ops[directory.OpCreate]+plan.Figures.Ops[directory.OpConflict]+plan.Figures.Ops[directory.OpSkip]-builtIn(t, plan))
			report := w.apply(stored.ID)
			require.Equal(t, plan.Figures.Ops[directory.OpCreate], report.Applied[directory.OpCreate])
			_, plan = w.plan()
			require.True(t, plan.Empty())
			require.Equal(t, report.Applied[directory.OpCreate], plan.Figures.Unchanged)
			t.Logf("%s: %d created, %d conflicts, %d skipped", kind, report.Applied[directory.OpCreate], report.Failed, report.Skipped)
		})
	}
}

// builtIn counts AD's own accounts, which nobody put there: Administrator, Guest, krbtgt and the accounts of the fixture.
func builtIn(t testing.TB, p directory.Plan) int {
	n := 0
	require.NoError(t, p.Each(func(s directory.Step) error {
		if strings.HasPrefix(strings.ToUpper(s.DN), "CN=") && strings.Contains(strings.ToUpper(s.DN), ",CN=USERS,DC=") {
			n++
		}
		return nil
	}))
	return n
}
