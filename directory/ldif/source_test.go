package ldif_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldif"
	"rollcall/directory/mapping"
	"rollcall/fixtures"
	"rollcall/identity"
)

const base = "ou=People,dc=corp"

// uuid is the id of the n-th entry.
func uuid(n int) identity.ObjectID {
	return identity.ObjectID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}

// person is an entry of OpenLDAP below base.
func person(n int, lines ...string) string {
	return at(n, fmt.Sprintf("uid=p%d,%s", n, base), append([]string{"objectClass: inetOrgPerson", fmt.Sprintf("mail: p%d@corp.example", n)}, lines...)...)
}

func at(n int, dn string, lines ...string) string {
	return "dn: " + dn + "\nentryUUID: " + string(uuid(n)) + "\n" + strings.Join(lines, "\n") + "\n\n"
}

const container = "dn: " + base + "\nobjectClass: organizationalUnit\n\n"

// folder writes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func settings(path string) ldif.Settings {
	return ldif.Settings{Kind: ldif.Kind, Path: path, Schema: mapping.OpenLDAP, BaseDNs: []string{base}}
}

func open(t *testing.T, s ldif.Settings) *ldif.Source {
	source, err := ldif.Open(s, time.Now)
	require.NoError(t, err)
	return source
}

func TestPeopleOfAFolder(t *testing.T) {
	dir := folder(t, map[string]string{
		"1.ldif": container + person(1, "displayName: Ada", "pwdAccountLockedTime: 000001010000Z") + person(2),
		"2.LDIF": person(3) + at(4, "uid=x,ou=Elsewhere,dc=corp", "objectClass: inetOrgPerson", "mail: x@corp.example") +
			at(5, "cn=printer,"+base, "objectClass: device") + at(6, "uid=gone,"+base, "objectClass: inetOrgPerson", "isDeleted: TRUE") +
			at(7, "uid=nomail,"+base, "objectClass: inetOrgPerson"),
		"readme.txt": "not ours",
	})
	got, err := open(t, settings(dir)).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, got.Complete, got.Gaps)
	require.Equal(t, dir, got.Server)
	var names []string
	for _, e := range got.Entries {
		names = append(names, e.DN)
	}
	require.Equal(t, []string{"uid=p1," + base, "uid=p2," + base, "uid=p3," + base, "uid=nomail," + base}, names)
	require.Equal(t, uuid(1), got.Entries[0].ID)
	require.Equal(t, "Ada", got.Entries[0].Attribute("displayName"))
	require.True(t, got.Entries[0].Disabled)
	require.Contains(t, got.Entries[3].Problem, "no e-mail address")
	require.Contains(t, got.Owns, "displayName")
}

func TestDIR19_WhatCannotBeProvenIsAGapOrNoAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		edit  func(*ldif.Settings)
		gap   string
		fails string
	}{
		"the same id twice":           {files: map[string]string{"a.ldif": person(1), "b.ldif": person(1)}, gap: "two entries with the id"},
		"an entry without an id":      {files: map[string]string{"a.ldif": person(1) + "dn: uid=x," + base + "\nobjectClass: inetOrgPerson\n\n"}, gap: "without a usable entryUUID"},
		"a part elsewhere":            {files: map[string]string{"a.ldif": person(1) + "ref: ldap://x/ou=Sales," + base + "\n"}, gap: "a part of the directory is elsewhere"},
		"no files":                    {files: map[string]string{"a.txt": person(1)}, fails: "no file whose name ends in .ldif"},
		"one of the files is cut off": {files: map[string]string{"a.ldif": person(1), "b.ldif": "dn: uid=x," + base + "\nma"}, fails: "b.ldif, line 2: the last line does not end"},
		"changes":                     {files: map[string]string{"a.ldif": "dn: uid=x," + base + "\nchangetype: add\n"}, fails: "a list of changes"},
		"a name that is none":         {files: map[string]string{"a.ldif": "dn: hello\ncn: a\n"}, fails: `"hello" is not a distinguished name`},
		"a base that is not there": {files: map[string]string{"a.ldif": person(1)}, edit: func(s *ldif.Settings) { s.BaseDNs = append(s.BaseDNs, "ou=Sales,dc=corp") },
			fails: "at or below the base DN ou=Sales,dc=corp"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(folder(t, c.files))
			if c.edit != nil {
				c.edit(&s)
			}
			got, err := open(t, s).Snapshot(t.Context(), nil)
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
				require.Equal(t, identity.Unavailable, identity.KindOf(err))
				require.Empty(t, got)
				return
			}
			require.NoError(t, err)
			require.False(t, got.Complete)
			require.Contains(t, strings.Join(got.Gaps, "\n"), c.gap)
		})
	}
}

func TestAReferralToAPartitionOfADIsNoGap(t *testing.T) {
	text := "dn: DC=corp\nobjectClass: domain\n\nref: ldap://DomainDnsZones.corp/DC=DomainDnsZones,DC=corp\n\nref: ldap://corp/CN=Configuration,DC=corp\n\nref: ldap://x/OU=Sales,DC=corp\n"
	s := ldif.Settings{Kind: ldif.Kind, Path: folder(t, map[string]string{"a.ldif": text}), Schema: mapping.AD, BaseDNs: []string{"DC=corp"}}
	got, err := open(t, s).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, got.Gaps, 1)
	require.Contains(t, got.Gaps[0], "OU=Sales")
}

func TestDIR18_EvidenceOutOfTheSameFiles(t *testing.T) {
	dir := folder(t, map[string]string{"a.ldif": person(1) + person(2) + at(3, `uid=gone\0ADEL:x,cn=Deleted Objects,dc=corp`, "isDeleted: TRUE") +
		at(4, "uid=moved,ou=Elsewhere,dc=corp", "objectClass: inetOrgPerson") + at(5, "uid=other,"+base, "objectClass: device") + person(6) + person(6)})
	source := open(t, settings(dir))
	_, err := source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	got, err := source.Find(t.Context(), []identity.ObjectID{uuid(2), uuid(3), uuid(4), uuid(5), uuid(6), uuid(7)}, uuid(1))
	require.NoError(t, err)
	var kinds []directory.FindingKind
	for i, f := range got {
		require.NotEmpty(t, f.Detail)
		require.Equal(t, uuid(i+2), f.ID)
		kinds = append(kinds, f.Kind)
	}
	require.Equal(t, []directory.FindingKind{directory.Unknown, directory.Tombstone, directory.OutOfScope, directory.OutOfScope, directory.Unknown, directory.Absent}, kinds)
	require.Equal(t, "uid=moved,ou=Elsewhere,dc=corp", got[2].DN)

	got, err = source.Find(t.Context(), []identity.ObjectID{uuid(7)}, uuid(9))
	require.NoError(t, err)
	require.Equal(t, directory.Unknown, got[0].Kind, "a look-up that does not find what exists proves nothing")
}

func TestFilesThatChangeBetweenTwoLooksAreNoEvidence(t *testing.T) {
	dir := folder(t, map[string]string{"a.ldif": person(1) + person(2)})
	source := open(t, settings(dir))
	_, err := source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.ldif"), []byte(person(1)), 0o600))
	_, err = source.Find(t.Context(), []identity.ObjectID{uuid(2)}, uuid(1))
	require.ErrorContains(t, err, "changed after they were read")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.ldif"), []byte(person(2)), 0o600))
	_, err = source.Find(t.Context(), []identity.ObjectID{uuid(2)}, uuid(1))
	require.ErrorContains(t, err, "changed after they were read")
}

func TestAReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := open(t, settings(folder(t, map[string]string{"a.ldif": person(1)}))).Snapshot(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestSettingsSayWhatIsWrongAndWhere(t *testing.T) {
	dir := folder(t, map[string]string{"a.ldif": person(1)})
	for name, c := range map[string]struct {
		edit        func(*ldif.Settings)
		field, says string
	}{
		"as it should be":       {func(s *ldif.Settings) {}, "", ""},
		"one file":              {func(s *ldif.Settings) { s.Path = filepath.Join(dir, "a.ldif") }, "", ""},
		"another kind":          {func(s *ldif.Settings) { s.Kind = "ad" }, "kind", "use ldif"},
		"no schema":             {func(s *ldif.Settings) { s.Schema = "" }, "schema", "ad or openldap"},
		"no path":               {func(s *ldif.Settings) { s.Path = "" }, "path", "missing"},
		"a path of a folder":    {func(s *ldif.Settings) { s.Path = "people.ldif" }, "path", "give all of it"},
		"no such path":          {func(s *ldif.Settings) { s.Path = filepath.Join(dir, "none") }, "path", "cannot be read"},
		"no base":               {func(s *ldif.Settings) { s.BaseDNs = nil }, "baseDNs", "no base DN"},
		"a base that is none":   {func(s *ldif.Settings) { s.BaseDNs = []string{base, "x"} }, "baseDNs[1]", "not a distinguished name"},
		"a base in another":     {func(s *ldif.Settings) { s.BaseDNs = []string{base, "dc=CORP"} }, "baseDNs[1]", "overlaps"},
		"a filter that is none": {func(s *ldif.Settings) { s.Filter = "(&(a=b)" }, "filter", "RFC 4515"},
		"a filter for servers":  {func(s *ldif.Settings) { s.Filter = "(cn:caseExactMatch:=a)" }, "filter", "of the matching rules only"},
		"a mapping that is bad": {func(s *ldif.Settings) { s.Mapping = mapping.Mapping{"title": mapping.From("a b")} }, "mapping.title", "not the name"},
		"entries of 1 KiB":      {func(s *ldif.Settings) { s.MaxEntryBytes = 1 << 10 }, "", ""},
		"entries of less":       {func(s *ldif.Settings) { s.MaxEntryBytes = 1<<10 - 1 }, "maxEntryBytes", "use 1024 to"},
		"entries of 64 MiB":     {func(s *ldif.Settings) { s.MaxEntryBytes = 64 << 20 }, "", ""},
		"entries of more":       {func(s *ldif.Settings) { s.MaxEntryBytes = 64<<20 + 1 }, "maxEntryBytes", "use 1024 to"},
		"a policy that is none": {func(s *ldif.Settings) { s.Policy.OutOfScope = "burn" }, "policy.outOfScope", "retain"},
		"a receiver that is no": {func(s *ldif.Settings) { s.ReportTo = []string{"x"} }, "reportTo[0]", "not an e-mail address"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(dir)
			c.edit(&s)
			err := s.Validate()
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.field, e.Field)
			require.Contains(t, e.Detail, c.says)
		})
	}
	raw, err := json.Marshal(settings(dir))
	require.NoError(t, err)
	again, err := ldif.ParseSettings(raw)
	require.NoError(t, err)
	require.Equal(t, settings(dir), again)
	_, err = ldif.ParseSettings([]byte(`{"kind":"ldif","url":"x"}`))
	require.ErrorContains(t, err, "unknown field")
}

// TestTheTreesOfTheFixtures reads what the real directories of the tests are filled with; ids are added, as a server does.
func TestTheTreesOfTheFixtures(t *testing.T) {
	for kind, root := range map[fixtures.Kind]string{fixtures.ActiveDirectory: "DC=corp,DC=example,DC=com", fixtures.OpenLDAP: "dc=example,dc=org"} {
		var b bytes.Buffer
		counts, err := fixtures.WriteLDIF(&b, kind, root, 300)
		require.NoError(t, err)
		n := 0
		text := b.String()
		var out strings.Builder
		for line := range strings.Lines(text) {
			out.WriteString(line)
			if strings.HasPrefix(line, "dn:") {
				n++
				if kind == fixtures.OpenLDAP {
					fmt.Fprintf(&out, "entryUUID: %s\n", uuid(n))
				} else {
					fmt.Fprintf(&out, "objectGUID:: %s\n", base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%016d", n)))
				}
			}
		}
		s := ldif.Settings{Kind: ldif.Kind, Path: filepath.Join(folder(t, map[string]string{"tree.ldif": out.String()}), "tree.ldif"), Schema: string(kind), BaseDNs: []string{root}}
		got, err := open(t, s).Snapshot(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, counts.People, len(got.Entries))
	}
}
