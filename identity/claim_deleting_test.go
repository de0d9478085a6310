package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// leaving is a user whose old account is in an organization that is being deleted.
func (w *world) leaving() (claim identity.Claim, p identity.Person) {
	w.t.Helper()
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	_, p = w.bound(source, "ada@corp.example")
	claim, _ = w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	_, err := w.RequestDeletion(w.ctx, operator, source, guided(identity.HandleConvert))
	require.NoError(w.t, err)
	return claim, p
}

func TestORG19_NobodyGoesBackToAnOrganizationThatIsBeingDeleted(t *testing.T) {
	w := newWorld(t)
	claim, _ := w.leaving()
	require.Empty(t, w.revocable(claim.Target), "I2: what is listed can be revoked")
	refusedWith(t, w.revoke(claim), identity.RuleOrgDeleting)
	w.end()
	w.gone(claim.Source, claim.OldAccount)
	require.False(t, w.at(claim.Target, claim.NewAccount).Shadow)
}

func TestORG19_NoAccountIsKeptInAnOrganizationThatIsBeingDeleted(t *testing.T) {
	w := newWorld(t)
	claim, p := w.leaving()
	_, err := w.choose(p, identity.OptionKeep, "ada@private.example")
	refusedWith(t, err, identity.RuleOrgDeleting)
	require.Equal(t, identity.ClaimOpen, w.stateOf(claim), "a refusal is no sign-in either")
	_, err = w.choose(p, identity.OptionDelete, "")
	require.NoError(t, err)
	w.end()
}

func TestCLM55_AnAccountIsKeptThoughTheOrganizationThatClaimedIsGone(t *testing.T) {
	for name, inactive := range map[string]bool{"active": false, "inactive": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, source := w.claimant("Corp", "corp.example"), w.org("Source")
			old, p := w.bound(source, "ada@corp.example")
			if inactive {
				_, err := w.deactivate(admin, old)
				require.NoError(t, err)
			}
			_, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
			if inactive {
				_, err := w.reactivate(admin, a)
				require.NoError(t, err)
			}
			_, err := w.choose(p, identity.OptionKeep, "ada@private.example")
			require.NoError(t, err)
			_, err = w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleDelete))
			require.NoError(t, err)
			w.end()
			w.clock.move(identity.Day)
			require.NoError(t, w.follow(secretOf(w.mails(source, identity.MessageKeepConfirm)[0])))
			kept := w.account(old)
			require.False(t, kept.Shadow)
			require.Equal(t, "ada@private.example", kept.PrimaryEmail())
			if inactive {
				require.Equal(t, w.Now(), kept.StatusAt, "how long it was a shadow is not known any more, so its time begins anew")
			}
		})
	}
}

// TestCLM03_AClaimIsKnownThoughTheOrganizationOfTheUserIsGone holds that what an organization did stays known to it, whatever others delete.
func TestCLM03_AClaimIsKnownThoughTheOrganizationOfTheUserIsGone(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	w.connected(org, "AD")
	w.switchOff(org)
	_, p := w.bound(source, "ada@corp.example")
	claim, _ := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	w.deleted(source, operator, identity.HandleConvert)

	require.Equal(t, identity.ClaimSettledDelete, w.stateOf(claim))
	_, err := w.EnableSync(w.ctx, admin, org)
	refusedWith(t, err, identity.RuleDryRunRequired)
	mine, err := w.MyClaim(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Equal(t, "Corp", mine.Into)
	require.Empty(t, mine.From, "a tombstone's name is nobody's business")
	require.Empty(t, mine.Options)
	_, err = w.choose(p, identity.OptionDelete, "")
	refusedWith(t, err, identity.RuleClaimSettled)
	_, err = w.KeepAddress(w.ctx, w.caller(p), identity.Request{}, "ada@private.example")
	refusedWith(t, err, identity.RuleClaimSettled)
	refusedWith(t, w.revoke(claim), identity.RuleClaimNotRevocable)
	w.deleted(org, operator, identity.HandleDelete)
}
