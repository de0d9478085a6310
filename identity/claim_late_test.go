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
