package directory_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
	"rollcall/store/fresh"
)

// A crowd is in one group, but for the last of it.
const (
	crowded   = 5000 // in the group
	crowd     = crowded + 100
	crowdName = "Everybody"
)

// crowdIn writes the LDIF of a crowd for one kind of directory, and returns the base that it is below.
func crowdIn(t *testing.T, kind fixtures.Kind) (file, base string) {
	file, base = filepath.Join(t.TempDir(), "crowd.ldif"), "OU=Crowd,DC=corp,DC=example,DC=com"
	if kind == fixtures.OpenLDAP {
		base = "ou=Crowd,dc=example,dc=org"
	}
	f, err := os.Create(file)
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	if kind == fixtures.OpenLDAP {
		fmt.Fprint(w, "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example Corp\n\n")
	}
	fmt.Fprintf(w, "dn: %s\nobjectClass: organizationalUnit\nou: Crowd\n\n", base)
	for i := range crowd {
		fmt.Fprintf(w, "dn: %s\nsn: Example\nmail: c%d@corp.example.com\n", crowdDN(kind, base, i), i)
		if kind == fixtures.OpenLDAP {
			fmt.Fprintf(w, "objectClass: inetOrgPerson\nuid: c%d\ncn: c%d\n\n", i, i)
		} else {
			fmt.Fprintf(w, "objectClass: user\nsAMAccountName: c%d\nuserAccountControl: 544\n\n", i)
		}
	}
	fmt.Fprintf(w, "dn: CN=%s,%s\n", crowdName, base)
	if kind == fixtures.OpenLDAP {
		fmt.Fprintf(w, "objectClass: groupOfNames\ncn: %s\n", crowdName)
	} else {
		fmt.Fprintf(w, "objectClass: group\nsAMAccountName: %s\n", crowdName)
	}
	for i := range crowded {
		fmt.Fprintf(w, "member: %s\n", crowdDN(kind, base, i))
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	return file, base
}

func crowdDN(kind fixtures.Kind, base string, i int) string {
	if kind == fixtures.OpenLDAP {
		return fmt.Sprintf("uid=c%d,%s", i, base)
	}
	return fmt.Sprintf("CN=c%d,%s", i, base)
}

// afterwards are two worlds that both went through what fn did to the first. The second reads with other settings.
func afterwards(t *testing.T, fn func(w *world), edit func(*ldap.Settings)) (first, second *world) {
	path := fresh.Database(t)
	open := func(path string) *store.Store {
		s, err := store.Open(t.Context(), "sqlite:"+path)
		require.NoError(t, err)
		return s
	}
	once := open(path)
	first = worldOver(t, once, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	fn(first)
	require.NoError(t, once.Close())
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Dir(path)))) // what was written last is beside the file
	again := func(path string, edit func(*ldap.Settings)) *world {
		w := *first
		s := open(path)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		w.store, w.service = s, identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{})
		w.syncer = directory.New(w.service, func(_ context.Context, n identity.Connector) (directory.Source, error) {
			settings, err := ldap.ParseSettings(n.Settings)
			require.NoError(t, err)
			edit(&settings)
			return ldap.Open(settings, w.clock.Now)
		})
		return &w
	}
	return again(path, func(*ldap.Settings) {}), again(filepath.Join(folder, filepath.Base(path)), edit)
}

// TestDIR13_AGroupOfThousands reads first everything and then what changed through the limits of Microsoft's domain controllers, where there
// are any: in pages, ranges and rounds. Who reads from the server itself comes to the same.
func TestDIR13_AGroupOfThousands(t *testing.T) {
	for _, kind := range []fixtures.Kind{fixtures.ActiveDirectory, fixtures.OpenLDAP} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			file, base := crowdIn(t, kind)
			var d *fixtures.Directory
			limited := func(s *ldap.Settings) { s.Groups, s.PageSize = &directory.GroupSettings{}, 3000 }
			if kind == fixtures.OpenLDAP {
				d = fixtures.StartSlapd(t, fixtures.SlapdOptions{LDIF: file})
			} else {
				d = fixtures.StartSamba(t, fixtures.SambaOptions{LDIF: file})
				url, unlimited := fixtures.Limited(t, d, fixtures.Limits{Round: 100}), limited
				limited = func(s *ldap.Settings) { unlimited(s); s.URLs, s.AllowPlaintext = []string{url}, true }
			}
			var b both
			b.changes, b.full = afterwards(t, func(w *world) {
				w.joinedWith(t, d, limited, base)
				w.sync()
			}, func(s *ldap.Settings) { s.URLs = []string{d.LDAPSURL} })
			require.Len(t, b.full.teams()[crowdName], crowded)
			require.Len(t, b.full.standings(), crowd)
			_, plan := b.full.plan()
			require.Empty(t, plan.Steps, "the server itself tells the same")
			require.Empty(t, plan.Refused)

			group := d.IDOf(t, "CN="+crowdName+","+base)
			ids := func(from, to int) (ids []string) {
				for i := from; i < to; i++ {
					ids = append(ids, d.IDOf(t, crowdDN(kind, base, i)))
				}
				return ids
			}
			leaving, joining := ids(1000, 1550), ids(crowded, crowd)
			d.RemoveMember(t, group, leaving...)
			d.AddMember(t, group, joining...)
			for _, id := range leaving[:300] {
				d.Set(t, id, "title", "Countess")
			}
			gone := leaving[300:305]
			for _, id := range gone {
				d.Delete(t, id)
			}
			b.same(t, "")
			require.Len(t, b.full.teams()[crowdName], crowded-len(leaving)+len(joining)+len(gone), "memberships of the deleted stay as they were")
		})
	}
}
