package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
	"rollcall/store/fresh"
)

// instance is what a server does its work with: a store of its own, and a clock that need not be right.
type instance struct {
	service *identity.Service
	later   time.Duration
}

func newInstance(t *testing.T, database string, later time.Duration) *instance {
	t.Helper()
	opened, err := store.Open(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	i := &instance{later: later}
	i.service = identity.NewService(opened, shifted{&i.later}, system.IDs{}, identity.EmailPolicy{})
	return i
}

// turns are all kinds of work that servers take turns at. Each prepares something to do and returns what does it at a server: do calls
// held as soon as the turn is its own, and reports how much it had to do.
var turns = map[string]func(t *testing.T, at *instance) (do func(i *instance, held func()) (int, error)){
	"mail": func(t *testing.T, at *instance) func(*instance, func()) (int, error) {
		org := newOrganization(t, at, "Mail")
		invite(t, at, org, "ada@mail.example")
		return func(i *instance, held func()) (int, error) {
			claimed, err := i.service.ClaimMessages(t.Context(), identity.ByMail, 10, 5*time.Minute)
			if err != nil || len(claimed) == 0 {
				return 0, err
			}
			held()
			return len(claimed), i.service.Delivered(t.Context(), claimed[0])
		}
	},
	"a file on its way in": func(t *testing.T, at *instance) func(*instance, func()) (int, error) {
		org := newOrganization(t, at, "File")
		begun := false
		return func(i *instance, held func()) (int, error) {
			jobs := bulk.New(i.service, slog.New(slog.DiscardHandler))
			if begun {
				return jobs.Work(t.Context(), 10)
			}
			begun = true
			job, err := jobs.StartImport(t.Context(), olga, org, io.MultiReader(rowsOfUsers(600), &pause{held}, rowsAfter(600)), bulk.ImportOptions{})
			if err != nil {
				return 0, err
			}
			return 1, jobGoesOn(t, i, org, job.ID)
		}
	},
	"a plan that was asked for": func(t *testing.T, at *instance) func(*instance, func()) (int, error) {
		_, n := automatic(t, at.service)
		discard := slog.New(slog.DiscardHandler)
		_, err := directory.NewJobs(at.service, directory.New(at.service, nil), discard).StartPlan(t.Context(), olga, n.Org, n.ID, identity.SyncFull, directory.Purging{})
		require.NoError(t, err)
		return func(i *instance, held func()) (int, error) {
			return directory.NewJobs(i.service, directory.New(i.service, holding(i, held)), discard).Work(t.Context(), 10)
		}
	},
	"a synchronization by itself": func(t *testing.T, at *instance) func(*instance, func()) (int, error) {
		_, n := automatic(t, at.service)
		// Long due by everybody's clock, and not due again for long.
		require.NoError(t, at.service.Transact(t.Context(), n.Org, olga, func(c *identity.Acts) error {
			s, err := c.Tx().Schedule(t.Context(), n.Org, n.ID)
			if err != nil {
				return err
			}
			s.NextFullAt = c.Now().Add(-identity.Day)
			return c.Tx().UpdateSchedule(t.Context(), s)
		}))
		return func(i *instance, held func()) (int, error) {
			return directory.NewScheduler(i.service, directory.New(i.service, holding(i, held)), slog.New(slog.DiscardHandler)).Work(t.Context(), 10)
		}
	},
	"a call with an idempotency key": func(t *testing.T, _ *instance) func(*instance, func()) (int, error) {
		return func(i *instance, held func()) (int, error) {
			receipt, err := i.service.BeginReceipt(t.Context(), "ada", "key", "call")
			if identity.RuleOf(err) == identity.RuleKeyInProgress || err == nil && receipt.Answer != nil {
				return 0, nil
			}
			if err != nil {
				return 0, err
			}
			held()
			return 1, i.service.FinishReceipt(t.Context(), receipt, []byte("done"))
		}
	},
}

// TestATurnIsTakenByTheDatabasesClock has the clock of one server ten minutes off, which is longer than every turn lasts: whoever has a turn
// keeps it, and whoever comes meanwhile finds nothing to do, whichever of them has the wrong clock.
func TestATurnIsTakenByTheDatabasesClock(t *testing.T) {
	for name, prepare := range turns {
		for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
			t.Run(fmt.Sprintf("%s, %s", name, off), func(t *testing.T) {
				t.Parallel()
				database := fresh.Postgres(t)
				first, second := newInstance(t, database, off), newInstance(t, database, 0)
				do := prepare(t, first)
				holds := 0
				done, err := do(first, func() {
					holds++
					for _, other := range []*instance{second, newInstance(t, database, -off)} {
						found, err := do(other, func() { holds++ })
						require.NoError(t, err)
						require.Zero(t, found, "it is the other's turn")
					}
				})
				require.NoError(t, err)
				require.Equal(t, 1, done, "the turn was kept to its end")
				require.Equal(t, 1, holds)
				if name == "a file on its way in" {
					return // what is done with it is the next turn
				}
				done, err = do(second, func() { holds++ })
				require.NoError(t, err)
				require.Zero(t, done, "it was done once")
				require.Equal(t, 1, holds)
			})
		}
	}
}

var olga = identity.Actor{Kind: identity.Operator, Name: "Olga"}

func newOrganization(t *testing.T, i *instance, name string) identity.OrgID {
	t.Helper()
	o, err := i.service.CreateOrganization(t.Context(), olga, identity.Organization{Name: name, Kind: identity.Customer})
	require.NoError(t, err)
	return o.ID
}

// invite adds somebody to whom a mail goes.
func invite(t *testing.T, i *instance, org identity.OrgID, address string) {
	t.Helper()
	_, err := i.service.AddUsers(t.Context(), olga, org, []identity.NewUser{{Draft: identity.Draft{UserName: address, Active: true, Emails: []identity.AccountEmail{{Value: address, Primary: true}}}}})
	require.NoError(t, err)
}

// holding opens directories as the servers do, after calling held.
func holding(i *instance, held func()) directory.Open {
	open := ldap.OpenConnector(i.service.Now)
	return func(ctx context.Context, n identity.Connector) (directory.Source, error) {
		held()
		return open(ctx, n)
	}
}

func rowsOfUsers(n int) io.Reader {
	var rows bytes.Buffer
	rows.WriteString("User ID/Email (Required),First Name,Last Name\r\n")
	for i := range n {
		fmt.Fprintf(&rows, "p%d@file.example,P,%d\r\n", i, i)
	}
	return &rows
}

func rowsAfter(n int) io.Reader {
	return bytes.NewBufferString(fmt.Sprintf("p%d@file.example,P,%d\r\n", n, n))
}

// pause is the middle of a file that takes long to come.
type pause struct{ held func() }

func (p *pause) Read([]byte) (int, error) {
	p.held()
	return 0, io.EOF
}

func jobGoesOn(t *testing.T, i *instance, org identity.OrgID, id identity.JobID) error {
	job, err := i.service.Reader().Job(t.Context(), org, id)
	if err == nil {
		require.Equal(t, identity.JobQueued, job.State, job.Error)
	}
	return err
}
