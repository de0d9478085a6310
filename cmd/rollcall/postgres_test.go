package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/store/fresh"
)

func TestServersShareADatabaseOnPostgreSQL(t *testing.T) {
	url := fresh.Postgres(t)
	one, two := newTenant(t, url, "One", "okta"), newTenant(t, url, "Two", "entra")
	servers := []*server{serve(t, url), serve(t, url)}
	require.NotContains(t, servers[0].said(), "rollcall:rollcall", "the password is nobody's business")

	const rounds = 6
	var all sync.WaitGroup
	statuses := make([][]int, rounds)
	for round := range rounds {
		statuses[round] = make([]int, 4)
		for i := range 4 {
			all.Go(func() {
				n := []tenant{one, two}[i%2]
				address := fmt.Sprintf("ada%d@example.com", round)
				status, _, err := n.request(http.MethodPost, n.base(servers[i/2])+"/Users", map[string]any{
					"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": address,
					"emails": []any{map[string]any{"value": address, "primary": true}}})
				if err != nil {
					t.Error(err)
				}
				statuses[round][i] = status
			})
		}
	}
	all.Wait()
	for _, found := range statuses {
		require.ElementsMatch(t, []int{http.StatusCreated, http.StatusConflict, http.StatusConflict, http.StatusConflict}, found)
	}
	require.Equal(t, rounds, one.total(t, servers[0])+two.total(t, servers[1]))
	require.NoError(t, servers[0].cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, servers[0].wait(), servers[0].said())
	require.NoError(t, exec.Command(binary, "verify", "--database", url).Run(), "the chains of both are whole")

	// A program that this one does not know takes the database for itself.
	out, err := exec.Command("psql", "--no-psqlrc", "--dbname", url, "--command",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true); UPDATE schema_oldest SET version = 9999").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Error(t, servers[1].wait(), "it ends by itself")
	require.Contains(t, servers[1].said(), "use the newer program here")
	out, err = exec.Command(binary, "org", "list", "--database", url).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "use the newer program here")
}
