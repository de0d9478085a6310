package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is synchronized both ways: before somebody leaves the directory, and after. PLAN and RUN are the last ones that a command showed.
var (
	synchronized = []string{
		"sync status",
		"? sync run",
		"! sync plan",
		"sync apply PLAN --first 1",
		"? sync run",
		"sync apply PLAN",
		"? sync apply PLAN",
		"? sync end PLAN",
		"sync show PLAN",
		"sync show RUN",
		"? sync show nothing",
		"sync history",
		"sync history --plans --limit 1",
		"sync plan",
		"sync deleted",
		"sync schedule --full 12h --incremental off",
		"? sync schedule --full 1m",
		"? sync resume",
		"? sync plan --connector nothing",
		"? sync undo nothing",
	}
	synchronizedAfter = []string{
		"sync run",
		"sync status",
		"sync deleted --connector Files",
		"! sync undo RUN",
		"? sync plan --purge ada@corp.example",
		"? sync plan --purge nobody@corp.example",
		"! sync plan --purge bob@corp.example",
		"sync apply PLAN --first 1",
		"sync deleted",
		"sync disable",
		"? sync run",
		"sync plan",
		"sync status",
		"sync enable",
	}
)

// ldifOf is a directory in a file.
func ldifOf(names ...string) string {
	text := "version: 1\n\ndn: ou=People,dc=corp\nobjectClass: organizationalUnit\nou: People\nentryUUID: 00000000-0000-4000-8000-000000000000\n"
	for _, name := range names {
		text += "\ndn: uid=" + name + ",ou=People,dc=corp\nobjectClass: inetOrgPerson\nuid: " + name + "\ncn: " + name + "\nsn: " + name + "\nmail: " + name +
			"@corp.example\nentryUUID: 00000000-0000-4000-8000-000000000" + hex.EncodeToString([]byte(name[:1])) + "0" + "\n"
	}
	return text
}

// TestSynchronizationIsTheSameOnADatabaseAndOnAServer compares what people and programs read, as the test of the other commands does.
func TestSynchronizationIsTheSameOnADatabaseAndOnAServer(t *testing.T) {
	t.Parallel()
	issuer := newDemoIssuer(t)
	me := operator().Name
	token, err := issuer.Token(me, demoAudience, time.Now(), time.Hour)
	require.NoError(t, err)
	here, there := database(t), database(t)
	local := way{t, t.TempDir(), []string{"--database", here}, "Corp", map[string]string{}}
	remote := way{t, t.TempDir(), nil, "Corp", map[string]string{}}
	holds := func(names ...string) {
		for _, w := range []way{local, remote} {
			require.NoError(t, os.WriteFile(filepath.Join(w.folder, "export.ldif"), []byte(ldifOf(names...)), 0o600))
		}
	}
	holds("ada", "bob", "eve")
	for db, w := range map[string]way{here: local, there: remote} {
		command(t, db, "org", "create", "Corp")
		command(t, db, "admin", "grant", "--org", "Corp", "--issuer", issuer.URL(), "--subject", me, "--role", "full")
		command(t, db, "connector", "create", "--org", "Corp", "--name", "Files", "--kind", "ldif", "--schema", "openldap", "--base-dn", "ou=People,dc=corp",
			"--path", filepath.Join(w.folder, "export.ldif"))
	}
	s := serve(t, there, "--oidc-issuer", issuer.URL(), "--oidc-audience", demoAudience)
	remote.flags = []string{"--server", s.url, "--token", token}
	for _, line := range synchronized {
		require.Equal(t, local.run(line), remote.run(line), line)
	}
	holds("ada", "eve")
	for _, line := range synchronizedAfter {
		require.Equal(t, local.run(line), remote.run(line), line)
	}
}
