package main

import (
	"database/sql"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoeverChangesTheAuditIsFoundOut changes an event in the database file itself.
func TestWhoeverChangesTheAuditIsFoundOut(t *testing.T) {
	db := database(t)
	org := command(t, db, "org", "create", "Acme")["id"].(string)
	command(t, db, "user", "add", "--org", org, "ada@acme.example")
	verify := func() (string, error) {
		out, err := exec.Command(binary, "verify", "--org", org, "--database", db).CombinedOutput()
		return string(out), err
	}
	said, err := verify()
	require.NoError(t, err, said)
	require.Contains(t, said, "good")

	file, err := sql.Open("sqlite3", strings.TrimPrefix(db, "sqlite:"))
	require.NoError(t, err)
	changed, err := file.Exec(`UPDATE events SET actor_name = 'nobody' WHERE kind = 'account.created'`)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	n, err := changed.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	said, err = verify()
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	require.Equal(t, 1, ended.ExitCode())
	require.Contains(t, said, "event 2 was changed")
	require.Contains(t, said, "compare with a backup")
}
