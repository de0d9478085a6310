package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// revocable lists the claims that an organization is shown as those it can revoke.
func (w *world) revocable(org identity.OrgID) []identity.Claim {
	w.t.Helper()
	claims, err := w.Reader().Claims(w.ctx, org, identity.ClaimQuery{Revocable: w.Now(), Limit: 100})
	require.NoError(w.t, err)
	return claims
}

func TestUSR26_WhoeverCouldBeGoneByARevocationIsNobodysLastAdministrator(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	boss, _ := w.boss(org, "boss@corp.example")
	_, p := w.personal("ada@corp.example")
	claim, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	_, err := w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleFull)
	require.NoError(t, err)
	_, err = w.deactivate(admin, boss)
	refusedWith(t, err, identity.RuleLastFullAdmin)
	w.signInAs(p)
	_, err = w.deactivate(admin, boss)
	require.NoError(t, err, "now that the claim is final the other one is enough")
	require.Empty(t, w.revocable(org))
	refusedWith(t, w.revoke(claim), identity.RuleClaimNotRevocable)
}

func TestI2_TheOnlyAdministratorCanBeOneWhoseClaimIsRevoked(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	claim, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	_, err := w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleFull)
	require.NoError(t, err)
	require.Len(t, w.revocable(org), 1)
	require.NoError(t, w.revoke(claim), "what is listed can be revoked")
}
