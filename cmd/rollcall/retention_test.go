package main

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// standstill is a clock that shows one instant.
type standstill time.Time

func (c standstill) Now() time.Time { return time.Time(c) }

// past opens a database beside the servers, with a service that lives so many days ago.
func past(t *testing.T, db string, days int) (*store.Store, *identity.Service) {
	t.Helper()
	opened, err := store.Open(t.Context(), db)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	then := system.Clock{}.Now().Add(-time.Duration(days) * identity.Day)
	return opened, identity.NewService(opened, standstill(then), system.IDs{}, identity.EmailPolicy{})
}

// deactivated adds people who are inactive since the service's now.
func deactivated(t *testing.T, s *identity.Service, org identity.OrgID, name string, n int) []identity.AccountID {
	t.Helper()
	var people []identity.AccountID
	provider := identity.Actor{Kind: identity.Provider, Name: "test"}
	require.NoError(t, s.Transact(t.Context(), org, provider, func(c *identity.Acts) error {
		people = nil
		for i := range n {
			a, err := c.Create(t.Context(), identity.Draft{UserName: fmt.Sprintf("%s%d", name, i)}, identity.Origin{Source: identity.SourceSCIM})
			if err != nil {
				return err
			}
			people = append(people, a.ID)
		}
		return nil
	}))
	return people
}

// TestTwoServersDeleteEverybodyOnce lets two servers delete the same people, and kills one of them in the middle.
func TestTwoServersDeleteEverybodyOnce(t *testing.T) {
	db := database(t)
	org := identity.OrgID(newTenant(t, db, "Acme", "rfc").org)
	read, longAgo := past(t, db, 31)
	_, lately := past(t, db, 29)
	spared := deactivated(t, lately, org, "spared", 20)
	servers := []*server{serve(t, db, "--retention-every", "30ms"), serve(t, db, "--retention-every", "50ms")}

	const many = 1500
	due := deactivated(t, longAgo, org, "due", many)
	left := func() int {
		n, err := read.CountAccounts(t.Context(), org, nil)
		require.NoError(t, err)
		return n - len(spared)
	}
	require.Eventually(t, func() bool { return left() < many-50 }, 20*time.Second, time.Millisecond)
	require.NoError(t, servers[0].cmd.Process.Kill())
	require.Error(t, servers[0].wait(), "it was killed")
	require.Positive(t, left(), "it was killed in the middle")
	require.Eventually(t, func() bool { return left() == 0 }, 30*time.Second, 20*time.Millisecond, "the other goes on: %s", servers[1].said())

	deleted := map[identity.AccountID]int{}
	q := identity.EventQuery{Kinds: []identity.EventKind{identity.AccountDeleted}, Limit: 500}
	for {
		page, err := read.Events(t.Context(), org, q)
		require.NoError(t, err)
		for _, e := range page {
			deleted[e.Account]++
		}
		if len(page) == 0 {
			break
		}
		q.After = page[len(page)-1].ID
	}
	want := map[identity.AccountID]int{}
	for _, id := range due {
		want[id] = 1
	}
	require.Equal(t, want, deleted, "everybody once, and nobody whose time is not over")
}

// TestDeletionsPauseUntilAnOperatorHasSeenTheClock starts a server on a database whose last mark is in the future.
func TestDeletionsPauseUntilAnOperatorHasSeenTheClock(t *testing.T) {
	db := database(t)
	org := identity.OrgID(newTenant(t, db, "Acme", "rfc").org)
	read, longAgo := past(t, db, 31)
	deactivated(t, longAgo, org, "due", 3)
	_, yesterday := past(t, db, 29)
	deactivated(t, yesterday, org, "tomorrow", 2)
	require.NoError(t, read.Do(t.Context(), identity.Shared(org), func(tx identity.Tx) error {
		return tx.PutClockWatch(t.Context(), identity.ClockWatch{At: system.Clock{}.Now().Add(2 * time.Hour)})
	}))

	s := serve(t, db, "--retention-every", "20ms")
	count := func() int {
		n, err := read.CountAccounts(t.Context(), org, nil)
		require.NoError(t, err)
		return n
	}
	require.Eventually(t, func() bool { return metric(t, s, "rollcall_deletions_paused 1") }, 10*time.Second, 5*time.Millisecond)
	require.Contains(t, s.said(), "deletions are paused: the clock shows")
	require.Regexp(t, "(2h0m0s|1h59m[0-9]+s) before it was last seen", s.said())
	require.Equal(t, http.StatusOK, readiness(s), "it can do everything else")
	require.Equal(t, 5, count())

	shown := command(t, db, "retention", "show")
	require.Equal(t, "paused", shown["deletions"])
	require.Contains(t, shown["why"], "before it was last seen")
	require.Equal(t, 5.0, shown["due"].([]any)[0].(map[string]any)["users"], "within a day, those whose time is over among them")

	out, err := exec.Command(binary, "retention", "resume", "--database", db).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "Deletions go on by this clock")
	require.Eventually(t, func() bool { return count() == 2 }, 10*time.Second, 5*time.Millisecond)
	require.Eventually(t, func() bool { return metric(t, s, "rollcall_deletions_paused 0") }, 10*time.Second, 5*time.Millisecond)
	require.Eventually(t, func() bool { return strings.Contains(s.said(), "deletions go on") }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, "go on", command(t, db, "retention", "show")["deletions"])
}

// metric reports whether the server's metrics have a line.
func metric(t *testing.T, s *server, line string) bool {
	response, err := http.Get(s.url + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return slices.Contains(strings.Split(string(body), "\n"), line)
}

func TestHousekeepingForgetsWhatNobodyCanAskForAnyMore(t *testing.T) {
	db := database(t)
	org := identity.OrgID(newTenant(t, db, "Acme", "rfc").org)
	read, then := past(t, db, 40)
	account := deactivated(t, then, org, "ada", 1)[0]
	now := system.Clock{}.Now()
	require.NoError(t, read.Do(t.Context(), identity.Shared(org), func(tx identity.Tx) error {
		for hash, expired := range map[string]time.Time{"old": now.Add(-31 * identity.Day), "new": now.Add(-29 * identity.Day)} {
			if err := tx.InsertLink(t.Context(), identity.Link{Hash: hash, Org: org, Account: account, Purpose: identity.LinkInvitation,
				Address: "ada@acme.example", CreatedAt: then.Now(), ExpiresAt: expired}); err != nil {
				return err
			}
		}
		return nil
	}))
	service := identity.NewService(read, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	require.NoError(t, housekeeping(service)(t.Context()))
	_, err := read.LinkByHash(t.Context(), "old")
	require.True(t, identity.IsNotFound(err))
	_, err = read.LinkByHash(t.Context(), "new")
	require.NoError(t, err)
}
