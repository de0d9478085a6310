package directory_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
)

// TestDIR18_AnAccountThatDoesNotSeeDeletions lets the account of a connector lose the right to see what is left of deleted entries.
func TestDIR18_AnAccountThatDoesNotSeeDeletions(t *testing.T) {
	t.Parallel()
	d := fixtures.SharedSamba(t)
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte(d.PlainPassword), 0o600))
	for name, edit := range map[string]func(*ldap.Settings){
		"DirSync":                 func(*ldap.Settings) {},
		"update sequence numbers": func(s *ldap.Settings) { s.Changes = ldap.ChangesUSN },
	} {
		t.Run(name, func(t *testing.T) {
			staff, outside := d.AddOU(t, "", "Blind "+name), d.AddOU(t, "", "Out "+name)
			ids := map[string]string{}
			for _, login := range []string{"ada", "bob", "cy", "dora", "eve"} {
				ids[login] = d.AddUser(t, fixtures.User{OU: staff, Login: name[:3] + login, Given: login, Mail: login + "@" + name[:3] + ".example.com"})
			}
			for _, team := range []string{"Stays", "Goes", "Moves"} {
				ids[team] = d.AddGroup(t, staff, name[:3]+team, ids["ada"], ids["bob"])
			}
			b := bothJoined(t, d, func(s *ldap.Settings) { withGroups(directory.NestedMembers)(s); edit(s) }, staff)
			before := b.changes.standings()
			blind := false
			for _, w := range []*world{b.changes, b.full} {
				w.syncer = directory.New(w.service, func(_ context.Context, n identity.Connector) (directory.Source, error) {
					s, err := ldap.ParseSettings(n.Settings)
					require.NoError(t, err)
					if blind {
						s.BindDN, s.BindPasswordFile = d.PlainDN, password
					}
					return ldap.Open(s, w.clock.Now)
				})
			}
			require.Len(t, before, 5)
			require.Len(t, b.full.teams(), 3)

			blind = true
			d.Delete(t, ids["bob"])
			d.Delete(t, ids["Goes"])
			d.Move(t, ids["cy"], outside)
			d.Move(t, ids["Moves"], outside)
			d.Disable(t, ids["dora"])
			plan, _ := b.changes.syncChanges()
			require.Equal(t, directory.ReadFull, plan.Reading.Kind)
			require.Contains(t, plan.Reading.Why, "may not read CN=Deleted Objects")
			b.full.sync()
			require.Equal(t, b.full.standings(), b.changes.standings())
			require.Equal(t, b.full.teams(), b.changes.teams())

			found := map[string]directory.FindingKind{}
			for _, step := range plan.Steps {
				if step.Evidence != nil && step.Op.Acts() {
					found[string(step.Object)] = step.Evidence.Finding
				}
				if step.Object == identity.ObjectID(ids["bob"]) || step.Object == identity.ObjectID(ids["Goes"]) {
					require.Contains(t, step.Evidence.Detail, "it may lack the right to see what is left of a deleted entry")
				}
			}
			require.Equal(t, map[string]directory.FindingKind{ids["bob"]: directory.Absent, ids["Goes"]: directory.Absent, ids["cy"]: directory.OutOfScope,
				ids["Moves"]: directory.OutOfScope, ids["dora"]: directory.Present}, found)
			now := b.changes.standings()
			for _, login := range []string{"ada", "eve"} {
				require.Equal(t, before[identity.ObjectID(ids[login])], now[identity.ObjectID(ids[login])])
			}
			require.Equal(t, identity.DirectoryDisabled, now[identity.ObjectID(ids["dora"])].reason)
			require.Len(t, b.changes.teams(), 1)

			plan, _ = b.changes.syncChanges()
			require.Equal(t, directory.ReadFull, plan.Reading.Kind, "as long as it is so")
			require.Empty(t, plan.Steps)
			blind = false
			plan, _ = b.changes.syncChanges()
			require.Equal(t, directory.ReadFull, plan.Reading.Kind, "once more")
			d.Delete(t, ids["eve"])
			d.Delete(t, ids["Stays"])
			b.same(t, "")
			require.Equal(t, identity.DirectoryDeleted, b.changes.standings()[identity.ObjectID(ids["eve"])].reason)
			require.Empty(t, b.changes.teams())
		})
	}
}
