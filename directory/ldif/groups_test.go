package ldif_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldif"
	"rollcall/identity"
)

// team is a group of OpenLDAP below base.
func team(n int, name string, lines ...string) string {
	return at(n, "cn="+name+","+base, append([]string{"objectClass: groupOfNames", "cn: " + name}, lines...)...)
}

func member(n int) string { return fmt.Sprintf("member: UID=p%d, %s", n, base) }

func grouped(path string) ldif.Settings {
	s := settings(path)
	s.Groups = &directory.GroupSettings{}
	return s
}

func TestGroupsOfAFolder(t *testing.T) {
	outside := at(4, "uid=x,ou=Elsewhere,dc=corp", "objectClass: inetOrgPerson", "mail: x@corp.example")
	dir := folder(t, map[string]string{
		"1.ldif": container + team(10, "sales", member(1), member(3), "member: uid=x,ou=Elsewhere,dc=corp", "member: uid=nobody,"+base) +
			team(11, "all", "member: cn=sales,"+base) + person(1),
		"2.ldif": person(3) + outside + team(12, "gone", member(1), "isDeleted: TRUE") + team(13, "part", "member;range=0-0: uid=p1,"+base) + team(14, "empty") +
			at(15, "cn=elsewhere,dc=corp", "objectClass: groupOfNames", "cn: elsewhere", member(1)),
	})
	source := open(t, grouped(dir))
	got, err := source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, got.Complete, got.Gaps)
	require.Len(t, got.Entries, 2)
	byName := map[string]directory.GroupEntry{}
	for _, g := range got.Groups {
		byName[g.Name] = g
	}
	require.Equal(t, []directory.GroupMember{{ID: uuid(1)}, {ID: uuid(3)}, {ID: uuid(4), DN: "uid=x,ou=Elsewhere,dc=corp"}, {DN: "uid=nobody," + base}}, byName["sales"].Members)
	require.Equal(t, []directory.GroupMember{{ID: uuid(10)}}, byName["all"].Members)
	require.Contains(t, byName["part"].Problem, "only a part of the members")
	require.Contains(t, byName["empty"].Problem, "without any member")
	require.Len(t, byName, 4)

	findings, err := source.Find(t.Context(), []identity.ObjectID{uuid(10), uuid(12), uuid(15), uuid(99)}, uuid(1))
	require.NoError(t, err)
	var kinds []directory.FindingKind
	for _, f := range findings {
		kinds = append(kinds, f.Kind)
	}
	require.Equal(t, []directory.FindingKind{directory.Unknown, directory.Tombstone, directory.OutOfScope, directory.Absent}, kinds, "the first is where it belongs")

	without, err := open(t, settings(dir)).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, without.Groups, "off by default (DIR-13)")
}

func TestAGroupAndAPersonWithOneID(t *testing.T) {
	got, err := open(t, grouped(folder(t, map[string]string{"1.ldif": container + person(1) + team(1, "sales", member(1))}))).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"There are two entries with the id " + string(uuid(1)) + "."}, got.Gaps)
}

func TestSettingsOfGroupsInFiles(t *testing.T) {
	dir := folder(t, map[string]string{"1.ldif": container})
	for name, c := range map[string]struct {
		groups directory.GroupSettings
		field  string
	}{
		"a base that is no name":      {directory.GroupSettings{BaseDNs: []string{"Groups"}}, "groups.baseDNs[0]"},
		"a filter that is none":       {directory.GroupSettings{Filter: "cn=App"}, "groups.filter"},
		"a filter that needs schemas": {directory.GroupSettings{Filter: "(member:1.2.840.113556.1.4.1941:=cn=x)"}, "groups.filter"},
		"a name that is no attribute": {directory.GroupSettings{Name: "common name"}, "groups.name"},
		"no such mode":                {directory.GroupSettings{Members: "all"}, "groups.members"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(dir)
			s.Groups = &c.groups
			var refused *identity.Error
			require.ErrorAs(t, s.Validate(), &refused)
			require.Equal(t, c.field, refused.Field)
		})
	}
}
