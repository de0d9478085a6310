package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestDOM18_ADomainStaysWhileDeferredClaimsInItAreOpen(t *testing.T) {
	for name, end := range map[string]func(*world, identity.Claim, identity.Person){
		"until it is revoked": func(w *world, c identity.Claim, _ identity.Person) { require.NoError(w.t, w.revoke(c)) },
		"until the user decides": func(w *world, _ identity.Claim, p identity.Person) {
			_, err := w.choose(p, identity.OptionTransfer, "")
			require.NoError(w.t, err)
		},
		"until the time is over, whenever that is noted": func(w *world, _ identity.Claim, _ identity.Person) { w.clock.move(14 * identity.Day) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			w.verify(org, "other.example")
			_, p := w.personal("ada@corp.example")
			claim, _ := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
			refusedWith(t, w.RemoveDomain(w.ctx, admin, org, "corp.example"), identity.RuleDomainHasOpenClaims)
			require.NoError(t, w.RemoveDomain(w.ctx, admin, org, "other.example"))
			end(w, claim, p)
			require.NoError(t, w.RemoveDomain(w.ctx, admin, org, "corp.example"))
		})
	}
	t.Run("an immediate claim holds nothing up", func(t *testing.T) {
		w := newWorld(t)
		org := w.claimant("Corp", "corp.example")
		w.personal("ada@corp.example")
		w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
		require.NoError(t, w.RemoveDomain(w.ctx, admin, org, "corp.example"))
	})
}
