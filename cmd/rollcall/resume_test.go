package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/internal/demodirectory"
)

// TestARunThatWasKilledGoesOnWhereItStopped kills "sync apply" in the middle of 3,000 people and applies the same plan again
// (DIR-16).
func TestARunThatWasKilledGoesOnWhereItStopped(t *testing.T) {
	const people, password = 3000, "the directory's password"
	directory := demodirectory.New()
	for i := range people {
		directory.Add(demodirectory.Person{GivenName: "Person", FamilyName: fmt.Sprint(i), Mail: fmt.Sprintf("p%d@corp.example", i)})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ldap := demodirectory.Serve(l, directory, password, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, ldap.Close()) })
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte(password), 0o600))

	db := database(t)
	command(t, db, "org", "create", "Corp")
	command(t, db, "connector", "create", "--org", "Corp", "--name", "AD", "--kind", "ad", "--url", ldap.URL(),
		"--bind-dn", demodirectory.BindDN, "--bind-password-file", secret, "--base-dn", demodirectory.PeopleDN)
	plan := planned(t, db)

	apply := exec.Command(binary, "sync", "apply", "--database", db, "--org", "Corp", plan)
	talk, err := apply.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, apply.Start())
	lines := bufio.NewScanner(talk)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "applying: ") {
	}
	require.NoError(t, apply.Process.Kill())
	for lines.Scan() { // to the end, so that Wait may close the pipe
	}
	require.Error(t, apply.Wait(), "it was killed")
	history, err := exec.Command(binary, "sync", "history", "--database", db, "--org", "Corp").Output()
	require.NoError(t, err)
	require.Contains(t, string(history), "running", "it was killed in the middle")

	report := command(t, db, "sync", "apply", "--org", "Corp", plan)
	require.Equal(t, "completed", report["state"])
	require.EqualValues(t, people, report["done"])
	require.EqualValues(t, people, report["applied"].(map[string]any)["create"], "everybody once, over both attempts")
	again := exec.Command(binary, "sync", "plan", "--database", db, "--org", "Corp")
	require.NoError(t, again.Run(), "exit status 0: nothing to do")
}

// planned makes a plan with changes, which is exit status 2, and returns its id.
func planned(t *testing.T, db string) string {
	t.Helper()
	out, err := exec.Command(binary, "sync", "plan", "--database", db, "--org", "Corp").Output()
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	require.Equal(t, 2, ended.ExitCode(), "%s", ended.Stderr)
	fields := strings.Fields(string(out)) // "Plan ID of NAME: ready …"
	require.Greater(t, len(fields), 1)
	return fields[1]
}
