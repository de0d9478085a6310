package bulk_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

func TestCLM33_OneFileOfClaimsAtATime(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.personal("ada@" + corp)
	file := lines(only, "ada@corp.example")
	first, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(file), acknowledged)
	require.NoError(t, err)
	require.Equal(t, identity.JobClaim, first.Kind)
	_, err = w.StartClaims(w.ctx, admin, w.org, strings.NewReader(file), acknowledged)
	refusedWith(t, err, identity.RuleJobRunning)
	_, err = w.StartImport(w.ctx, admin, w.org, strings.NewReader(lines(only, "new@corp.example")), bulk.ImportOptions{})
	require.NoError(t, err, "an import is another thing")
	w.work()
	_, outcomes := w.claimFile(file, acknowledged)
	require.Equal(t, []string{bulk.Unchanged}, outcomes, "after the first one is done")
}

func TestCLM33_TwentyThousandClaimsInOneFileAndNotOneMore(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	addresses := somebody(bulk.MaxRows + 1)
	w.personal(addresses[:3]...)
	_, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(lines(append([]string{only}, addresses...)...)), acknowledged)
	refusedWith(t, err, identity.RuleTooManyRows)
	require.ErrorContains(t, err, "line 20002")
	w.work()
	require.Empty(t, w.claimsMade(), "nothing of a file that is too long is done")

	j, outcomes := w.claimFile(lines(append([]string{only}, addresses[:bulk.MaxRows]...)...), acknowledged)
	require.Len(t, outcomes, bulk.MaxRows)
	require.Equal(t, [4]int{bulk.MaxRows, bulk.MaxRows, 3, bulk.MaxRows - 3}, [4]int{j.Total, j.Processed, j.Succeeded, j.Failed})
	require.Equal(t, []string{bulk.Claimed, bulk.Claimed, bulk.Claimed, "CLAIM_NO_ACCOUNT"}, outcomes[:4])
}

// dying is a store that is killed in the middle of a transaction, before it makes the claim with a number.
type dying struct {
	*flaky
	claims int // until it dies; 0: never
}

func (d *dying) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	return d.flaky.Do(ctx, lock, func(tx identity.Tx) error { return fn(dyingTx{tx, d}) })
}

type dyingTx struct {
	identity.Tx
	store *dying
}

func (t dyingTx) InsertClaim(ctx context.Context, c identity.Claim) error {
	if t.store.claims > 0 {
		if t.store.claims--; t.store.claims == 0 {
			t.store.flaky.set(func(int) error { return killedAt(1, 1) }, nil)
			return killedAt(1, 1)
		}
	}
	return t.Tx.InsertClaim(ctx, c)
}

// mixedClaims prepares people and returns a file about them with rows of every outcome.
func (w *world) mixedClaims(n int) string {
	w.t.Helper()
	w.verify(w.org, corp)
	w.seats(n/3, "calling")
	people := somebody(n)
	rows := []string{only + ",Claim Mode,calling"}
	other := w.organization()
	for i, address := range people {
		switch i % 5 {
		case 0, 1:
			w.personal(address)
		case 2:
			w.people(other, address)
		case 3:
			w.people(w.org, address)
		}
		rows = append(rows, address+","+[]string{"DEFERRED", "IMMEDIATE", ""}[i%3]+","+[]string{"TRUE", "TRUE", ""}[i%3])
	}
	return lines(rows...)
}

// A job of claims that is killed before, in or after any of its transactions ends as one that was left alone.
func TestCLM36_AJobOfClaimsThatIsKilledAnywhereClaimsNobodyTwice(t *testing.T) {
	const people = 15
	w := newWorld(t)
	j, outcomes := w.claimFile(w.mixedClaims(people), acknowledged)
	require.Subset(t, outcomes, []string{bulk.Claimed, bulk.Changed, bulk.Unchanged, "CLAIM_NO_ACCOUNT", "CLAIM_NOT_DEFERRABLE", "NO_LICENSES"})
	want, claims := w.settled(j), len(w.claimsMade())
	require.Greater(t, claims, 4)
	delete(want.events, identity.EventRefused)

	type death struct {
		name string
		kill func(d *dying)
	}
	var deaths []death
	for at := 1; at <= 4; at++ {
		deaths = append(deaths,
			death{fmt.Sprintf("before transaction %d", at), func(d *dying) { d.set(func(n int) error { return killedAt(n, at) }, nil) }},
			death{fmt.Sprintf("after transaction %d was committed", at), func(d *dying) { d.set(nil, func(n int) error { return killedAt(n, at) }) }})
	}
	for k := 1; k <= claims; k++ {
		deaths = append(deaths, death{fmt.Sprintf("before claim %d", k), func(d *dying) { d.claims = k }})
	}
	for _, c := range deaths {
		t.Run(c.name, func(t *testing.T) {
			s := fresh.Open(t)
			d := &dying{flaky: &flaky{Store: s}}
			w := newWorldOver(t, d)
			j, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(w.mixedClaims(people)), acknowledged)
			require.NoError(t, err)
			c.kill(d)
			if _, err := w.Work(w.ctx, 1000); err != nil {
				require.ErrorIs(t, err, errKilled)
			}
			d.set(nil, nil)
			w.clock.move(time.Hour) // the lease of the dead one is over
			w.work()
			got := w.settled(j)
			delete(got.events, identity.EventRefused)
			require.Equal(t, want, got)
			require.Len(t, w.claimsMade(), claims)
		})
	}
}

func TestCLM36_KilledAfterEveryHundredRowsAJobOfClaimsGoesOn(t *testing.T) {
	w, f := newFlakyWorld(t)
	w.verify(w.org, corp)
	people := somebody(350)
	w.personal(people...)
	j, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(lines(append([]string{only}, people...)...)), acknowledged)
	require.NoError(t, err)
	var processed []int
	for w.job(j.ID).State != identity.JobDone {
		f.set(nil, func(n int) error { return killedAt(n, 2) }) // taken, and one step done
		if _, err := w.Work(w.ctx, 1000); err != nil {
			require.ErrorIs(t, err, errKilled)
		}
		f.set(nil, nil)
		processed = append(processed, w.job(j.ID).Processed)
		w.clock.move(time.Hour)
	}
	require.Equal(t, []int{100, 200, 300, 350, 350}, processed)
	got := w.settled(j)
	require.Equal(t, 350, got.succeeded)
	require.Equal(t, 350, got.events[identity.UserClaimed])
	require.Len(t, w.claimsMade(), 350)
}

func TestCLM36_TwoWorkersClaimEverybodyOnce(t *testing.T) {
	url := fresh.URL(t)
	s := fresh.OpenAgain(t, url)
	w := newWorldOver(t, s)
	w.verify(w.org, corp)
	const n = 1000
	people := somebody(n)
	w.personal(people...)
	j, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(w.claimable()), acknowledged)
	require.NoError(t, err)

	var wait sync.WaitGroup
	failures := make(chan error, 2)
	for range 2 {
		second := fresh.OpenAgain(t, url)
		runner := bulk.New(identity.NewService(second, w.clock, system.IDs{}, identity.EmailPolicy{}), slog.New(slog.DiscardHandler))
		wait.Go(func() {
			for range 1000 {
				if _, err := runner.Work(w.ctx, 1); err != nil {
					failures <- err
					return
				}
				if job, err := w.service.Reader().Job(w.ctx, w.org, j.ID); err != nil || job.State == identity.JobDone {
					return
				}
			}
		})
	}
	wait.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	w.work()
	got := w.settled(j)
	require.Equal(t, n, got.succeeded)
	require.Equal(t, n, got.events[identity.UserClaimed])
	require.Equal(t, n, got.users)
	require.Len(t, w.claimsMade(), n)
}
