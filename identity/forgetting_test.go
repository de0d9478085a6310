package identity_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// turns is a store that counts transactions.
type turns struct {
	identity.Store
	n int
}

func (s *turns) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	s.n++
	return s.Store.Do(ctx, lock, fn)
}

func TestWhatIsForgottenGoesSomeAtATime(t *testing.T) {
	const atOnce = 500
	w := newWorld(t)
	org := w.org("A")
	ada := w.must(org, provider, person("ada@example.com"))
	job := identity.Job{ID: numberedID[identity.JobID](0), Org: org, Kind: identity.JobImport, State: identity.JobDone, By: admin, CreatedAt: t0, ExpiresAt: t0}
	require.NoError(t, w.under.Do(w.ctx, identity.Shared(org), func(tx identity.Tx) error { return tx.InsertJob(w.ctx, job) }))
	store := &turns{Store: w.under}
	service := identity.NewService(store, w.clock, system.IDs{}, identity.EmailPolicy{})
	for name, c := range map[string]struct {
		add    func(tx identity.Tx, i int) error
		there  func(i int) error
		forget func(context.Context) error
	}{
		"messages that were sent": {
			add: func(tx identity.Tx, i int) error {
				_, err := tx.Enqueue(w.ctx, identity.Message{ID: numberedID[identity.MessageID](i), Org: org, Kind: identity.MessageInvitation,
					Key: strconv.Itoa(i), State: identity.MessageSent, CreatedAt: t0, SentAt: t0})
				return err
			},
			there: func(i int) error {
				_, err := w.Reader().Message(w.ctx, org, numberedID[identity.MessageID](i))
				return err
			},
			forget: service.ForgetSentMessages,
		},
		"receipts": {
			add: func(tx identity.Tx, i int) error {
				return tx.InsertReceipt(w.ctx, identity.Receipt{Caller: "ada", Key: strconv.Itoa(i), CreatedAt: t0})
			},
			there: func(i int) error {
				_, err := w.Reader().Receipt(w.ctx, "ada", strconv.Itoa(i))
				return err
			},
			forget: service.ForgetReceipts,
		},
		"links": {
			add: func(tx identity.Tx, i int) error {
				return tx.InsertLink(w.ctx, identity.Link{Hash: strconv.Itoa(i), Org: org, Account: ada.ID, Purpose: identity.LinkInvitation,
					Address: "ada@example.com", CreatedAt: t0, ExpiresAt: t0})
			},
			there: func(i int) error {
				_, err := w.Reader().LinkByHash(w.ctx, strconv.Itoa(i))
				return err
			},
			forget: service.ForgetLinks,
		},
		"rows of jobs": {
			add: func(tx identity.Tx, i int) error {
				return tx.InsertJobRows(w.ctx, org, job.ID, []identity.JobRow{{Number: i + 1}})
			},
			there: func(i int) error {
				found, err := w.Reader().JobRows(w.ctx, org, job.ID, i, 1)
				if err == nil && len(found) == 0 {
					return identity.Refuse(identity.NotFound, "", "")
				}
				return err
			},
			forget: service.ForgetJobFiles,
		},
	} {
		for n, wanted := range map[int]int{0: 1, atOnce - 1: 1, atOnce: 2, 2*atOnce + 1: 3} {
			t.Run(strconv.Itoa(n)+" "+name, func(t *testing.T) {
				w.clock.move(t0.Sub(w.clock.Now()))
				require.NoError(t, w.under.Do(w.ctx, identity.Shared(org), func(tx identity.Tx) error {
					for i := range n {
						if err := c.add(tx, i); err != nil {
							return err
						}
					}
					return nil
				}))
				w.clock.move(100 * identity.Day)
				store.n = 0
				require.NoError(t, c.forget(w.ctx))
				require.Equal(t, wanted, store.n, "transactions")
				for i := range n {
					require.True(t, identity.IsNotFound(c.there(i)), "the one numbered %d", i)
				}
			})
		}
	}
	t.Run("and what fails is told", func(t *testing.T) {
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		require.ErrorIs(t, service.ForgetLinks(ctx), context.Canceled)
	})
}

func numberedID[ID ~string](n int) ID {
	return ID("00000000-0000-7000-8000-" + strconv.Itoa(100000000000+n))
}
