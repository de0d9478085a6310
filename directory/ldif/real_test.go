package ldif_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
	"rollcall/fixtures"
)

// TestAnExportSaysWhatTheDirectorySays reads real directories over a connection and out of what ldapsearch writes: the people are
// the same.
func TestAnExportSaysWhatTheDirectorySays(t *testing.T) {
	for name, c := range map[string]struct {
		start func() *fixtures.Directory
		ask   []string
	}{
		"OpenLDAP": {func() *fixtures.Directory { return fixtures.StartSlapd(t, fixtures.SlapdOptions{People: 250}) }, []string{"(objectClass=*)", "*", "+"}},
		"Samba": {func() *fixtures.Directory { return fixtures.StartSamba(t, fixtures.SambaOptions{People: 250}) },
			[]string{"-E", "pr=100/noprompt", "(|(objectClass=user)(objectClass=organizationalUnit)(objectClass=group)(objectClass=foreignSecurityPrincipal))"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := c.start()
			password := filepath.Join(t.TempDir(), "password")
			require.NoError(t, os.WriteFile(password, []byte(d.SyncPassword), 0o600))
			server, err := ldap.Open(ldap.Settings{Kind: string(d.Kind), URLs: []string{d.LDAPSURL}, CAFile: d.CAFile, BindDN: d.SyncDN, BindPasswordFile: password, BaseDNs: []string{d.BaseDN},
				Groups: &directory.GroupSettings{}}, time.Now)
			require.NoError(t, err)
			want, err := server.Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.True(t, want.Complete, want.Gaps)
			require.Greater(t, len(want.Entries), 200)

			export := exec.Command("ldapsearch", append([]string{"-x", "-H", d.URL, "-D", d.SyncDN, "-y", password, "-b", d.BaseDN}, c.ask...)...)
			out, err := export.Output()
			require.NoError(t, err)
			dir := folder(t, map[string]string{"export.ldif": string(out)})
			source := open(t, ldif.Settings{Kind: ldif.Kind, Path: dir, Schema: string(d.Kind), BaseDNs: []string{d.BaseDN}, Groups: &directory.GroupSettings{}})
			got, err := source.Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.True(t, got.Complete, got.Gaps)
			byID := func(a, b directory.Entry) int { return strings.Compare(string(a.ID), string(b.ID)) }
			slices.SortFunc(want.Entries, byID)
			slices.SortFunc(got.Entries, byID)
			require.Equal(t, want.Entries, got.Entries)
			require.NotEmpty(t, want.Groups)
			require.Equal(t, inOrder(want.Groups), inOrder(got.Groups))
		})
	}
}

// inOrder sorts groups and their members by their ids.
func inOrder(groups []directory.GroupEntry) []directory.GroupEntry {
	slices.SortFunc(groups, func(a, b directory.GroupEntry) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for _, g := range groups {
		slices.SortFunc(g.Members, func(a, b directory.GroupMember) int { return strings.Compare(string(a.ID)+a.DN, string(b.ID)+b.DN) })
	}
	return groups
}
