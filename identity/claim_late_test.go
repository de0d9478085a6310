package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// TestI8_WhoIsDeletedLateGoesBackAsIfOnTime plays a user who was claimed, is gone from the directory a day later and due after seven
// more, while the claim can still be revoked: whenever the worker runs, the user is back where they were.
func TestI8_WhoIsDeletedLateGoesBackAsIfOnTime(t *testing.T) {
	for name, late := range map[string]time.Duration{"on time": 0, "when the claim is locked": 10 * identity.Day, "a year late": 365 * identity.Day} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, source := w.claimant("Corp", "corp.example"), w.org("Source")
			old := w.must(source, provider, person("ada@corp.example"))
			_, err := w.deactivate(admin, old)
			require.NoError(t, err)
			w.clock.move(identity.Day)
			claim, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
			link := w.link(org, "ada")
			w.clock.move(identity.Day)
			_, err = act(w, org, connector, func(c *identity.Acts) (identity.Account, error) {
				return c.Mirror(w.ctx, a.ID, nil, identity.Mirror{Draft: a.Draft(), Link: *link, Standing: identity.DirectoryMissing, Loss: identity.DirectoryDeleted})
			})
			require.NoError(t, err)
			w.clock.move(7*identity.Day + late)
			w.purge()
			w.purge()
			require.Equal(t, identity.ClaimRevoked, w.stateOf(claim))
			if late > 30*identity.Day {
				w.gone(source, old.ID) // the 30 days began to run again when the user came back
				return
			}
			back := w.account(old)
			require.False(t, back.Shadow)
			require.Equal(t, t0.Add(8*identity.Day), back.StatusAt, "the time elsewhere does not count, and the worker's delay does")
		})
	}
}

// TestI8_ORG21_AClaimEndsAsItStoodWhenTheDeletionWasAskedFor asks for the deletion of a claiming organization while its claims can still be
// revoked, and lets the workers run before or after that is over: everybody is back where they were.
func TestI8_ORG21_AClaimEndsAsItStoodWhenTheDeletionWasAskedFor(t *testing.T) {
	for _, mode := range []identity.ClaimMode{identity.ClaimImmediate, identity.ClaimDeferred} {
		for name, late := range map[string]time.Duration{"on time": 0, "when the claim is over": 2 * identity.Day, "a year late": 365 * identity.Day} {
			t.Run(string(mode)+" "+name, func(t *testing.T) {
				w := newWorld(t)
				org := w.claimant("Corp", "corp.example")
				old, _ := w.personal("ada@corp.example")
				claim, _ := w.claimed(org, "ada@corp.example", mode)
				w.clock.move(13 * identity.Day)
				asked := w.Now()
				_, err := w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleDelete))
				require.NoError(t, err)
				w.clock.move(late)
				n, err := w.SettleDueClaims(w.ctx, 10)
				require.NoError(t, err)
				require.Zero(t, n, "the deletion ends the claim")
				for w.claimNow(claim).Open() {
					_, err := w.ContinueDeletion(w.ctx, org)
					require.NoError(t, err)
				}
				require.Equal(t, identity.OutcomeRevoked, w.claimNow(claim).Outcome)
				require.Equal(t, asked, w.claimNow(claim).SettledAt)
				w.end()
				back := w.account(old)
				require.False(t, back.Shadow)
				require.Equal(t, "ada@corp.example", back.PrimaryEmail())
				require.Empty(t, w.mails(org, identity.OrderTransfer))
			})
		}
	}
}

func TestI8_ORG21_AClaimThatWasOverBeforeTheDeletionWasAskedForEndsByItself(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	old, _ := w.personal("ada@corp.example")
	claim, _ := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	w.clock.move(15 * identity.Day)
	_, err := w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleDelete))
	require.NoError(t, err)
	for w.claimNow(claim).Open() {
		_, err := w.ContinueDeletion(w.ctx, org)
		require.NoError(t, err)
	}
	require.Equal(t, identity.OutcomeAutomatic, w.claimNow(claim).Outcome)
	require.Equal(t, claim.Deadline(), w.claimNow(claim).SettledAt)
	w.end()
	w.gone(identity.ConsumerOrgID, old.ID)
}
