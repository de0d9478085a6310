package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// logSomeExchanges makes a token and stores exchanges with it: one in two is refused.
func logSomeExchanges(t *testing.T, db, org, name string) {
	t.Helper()
	id := command(t, db, "org", "show", org)["id"].(string)
	token := command(t, db, "token", "create", "--org", id, "--name", name, "--profile", "entra")["id"].(string)
	opened, err := store.Open(t.Context(), db)
	require.NoError(t, err)
	var all []identity.Exchange
	for n := range 4 {
		all = append(all, identity.Exchange{
			Org: identity.OrgID(id), Token: identity.TokenID(token), At: time.Date(2026, 3, 1, 12, 0, n, 0, time.UTC), Method: "GET",
			Path: fmt.Sprintf("/scim/%s/v2/Users", id), Query: `filter=userName eq "xxx"`, Status: 200 + n%2*200, Took: 1234567 * time.Microsecond,
		})
	}
	all[3].Code, all[3].Detail = "invalidFilter", "The filter cannot be read at position 3."
	service := identity.NewService(opened, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	require.NoError(t, service.KeepExchanges(t.Context(), all))
	require.NoError(t, opened.Close())
}

// listing runs a command for people and returns its lines.
func listing(t *testing.T, args ...string) []string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), args, &stdout, &stderr), stderr.String())
	return strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
}

func TestTheLogOfATokenCanBeReadByPeople(t *testing.T) {
	db := database(t)
	command(t, db, "org", "create", "Acme")
	logSomeExchanges(t, db, "Acme", "Entra")
	lines := listing(t, "token", "log", "--org", "Acme", "Entra", "--failed", "--limit", "1", "--database", db)
	require.Equal(t, []string{
		"AT                       STATUS  METHOD  ENDPOINT                         TOOK   REASON",
		`2026-03-01 12:00:03 UTC  400     GET     /Users?filter=userName eq "xxx"  1.23s  invalidFilter: The filter cannot be read at position 3.`,
	}, lines)
	logSomeExchanges(t, db, "Acme", "Entra")
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(t.Context(), []string{"token", "log", "--org", "Acme", "Entra", "--database", db}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "2 tokens are called \"Entra\"; use the id of one of them")
}

func TestWhatAServerWasAskedIsInTheLogWhenItHasStopped(t *testing.T) {
	db := database(t)
	n := newTenant(t, db, "Acme", "rfc")
	s := serve(t, db)
	for _, want := range []int{http.StatusCreated, http.StatusConflict} {
		status, body, err := n.request(http.MethodPost, n.base(s)+"/Users", userOf("ada", "ada@acme.example"))
		require.NoError(t, err)
		require.Equal(t, want, status, "%s", body)
	}
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, s.wait(), s.said())
	lines := listing(t, "token", "log", "--org", "Acme", "test", "--database", db)
	require.Len(t, lines, 3)
	require.Contains(t, lines[1], "409     POST    /Users")
	require.Contains(t, lines[1], "uniqueness: ")
	require.Contains(t, lines[2], "201     POST    /Users")
}

func TestWhatARunningServerIsAskedGetsIntoTheLog(t *testing.T) {
	db := database(t)
	n := newTenant(t, db, "Acme", "rfc")
	s := serve(t, db, "--scim-rate-limit", "25")
	limited := false
	for range 5000 {
		if limited {
			break
		}
		status, _, err := n.request(http.MethodGet, n.base(s)+"/ServiceProviderConfig", nil)
		require.NoError(t, err)
		limited = status == http.StatusTooManyRequests
	}
	require.True(t, limited, "500 at once, and 25 a second")
	require.Eventually(t, func() bool {
		return strings.Contains(strings.Join(listing(t, "token", "log", "--org", "Acme", "test", "--failed", "--database", db), "\n"), "429     GET")
	}, 20*time.Second, 100*time.Millisecond)
}

func TestTheRateOfSCIMIsNotBelowWhatProvidersCountOn(t *testing.T) {
	for value, ok := range map[string]bool{"25": true, "100000": true, "24.9": false, "0": false, "100001": false, "NaN": false} {
		t.Setenv("ROLLCALL_SCIM_RATE_LIMIT", value)
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), []string{"serve", "--shutdown-delay", "2h"}, &stdout, &stderr)
		require.Equal(t, 1, status)
		require.Contains(t, stderr.String(), map[bool]string{true: "shutdown-delay: ", false: "scim-rate-limit: "}[ok])
	}
}
