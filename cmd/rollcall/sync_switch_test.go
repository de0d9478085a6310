package main

import (
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/demodirectory"
)

// TestCLM03_AfterAClaimTheCommandLineAsksForADryRun claims somebody whom the directory does not know, and goes on at the command line.
func TestCLM03_AfterAClaimTheCommandLineAsksForADryRun(t *testing.T) {
	const password = "the directory's password"
	directory := demodirectory.New()
	directory.Add(demodirectory.Person{GivenName: "Bob", FamilyName: "Stone", Mail: "bob@corp.example"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ldap := demodirectory.Serve(l, directory, password, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, ldap.Close()) })
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte(password), 0o600))

	db := database(t)
	org := identity.OrgID(command(t, db, "org", "create", "Corp")["id"].(string))
	command(t, db, "domain", "attest", "--org", "Corp", "corp.example")
	_, before := past(t, db, 1)
	operator := identity.Actor{Kind: identity.Operator}
	require.NoError(t, before.Transact(t.Context(), identity.ConsumerOrgID, operator, func(c *identity.Acts) error {
		d := identity.Draft{UserName: "ada@corp.example", Emails: []identity.AccountEmail{{Value: "ada@corp.example", Primary: true}}, Active: true}
		_, err := c.Create(t.Context(), d, identity.Origin{Source: identity.SourceSelf})
		return err
	}))
	_, _, err = before.ClaimUser(t.Context(), operator, org, identity.ClaimRequest{Email: "ada@corp.example", Mode: identity.ClaimImmediate})
	require.NoError(t, err)

	run := func(status int, args ...string) string {
		c := exec.Command(binary, args...)
		c.Args = append(c.Args, "--database", db, "--org", "Corp")
		out, err := c.CombinedOutput()
		if status == 0 {
			require.NoError(t, err, "%s", out)
			return string(out)
		}
		var ended *exec.ExitError
		require.ErrorAs(t, err, &ended)
		require.Equal(t, status, ended.ExitCode(), "%s", out)
		return string(out)
	}
	said := run(0, "connector", "create", "--name", "AD", "--kind", "ad", "--url", ldap.URL(), "--bind-dn", demodirectory.BindDN,
		"--bind-password-file", secret, "--base-dn", demodirectory.PeopleDN)
	require.Contains(t, said, "synchronization stays off until somebody has looked")
	said = run(1, "sync", "enable")
	require.Contains(t, said, "DRY_RUN_REQUIRED: ")
	require.Regexp(t, `(?m)^Next: rollcall sync plan --org [0-9a-f-]+ --connector [0-9a-f-]+$`, said)
	said = run(2, "sync", "plan")
	require.Contains(t, said, "CLAIMED, NOT IN THE DIRECTORY: 1\n")
	require.Contains(t, said, "Claimed users whom the directory does not know (1)\n  ada@corp.example: stays as before\n")
	require.Contains(t, said, "Synchronization is off. To switch it on: rollcall sync enable")
	require.Contains(t, run(0, "sync", "enable"), "The directory owns the people of Corp from now on.")
	require.Contains(t, run(0, "sync", "run"), "ada@corp.example: No entry of the directory matches this user.")
}
