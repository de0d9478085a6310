package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestCLM10_EveryReasonThatHolds(t *testing.T) {
	claimant := identity.Organization{ID: "c", SyncMode: identity.SyncDisabled}
	source := identity.Organization{ID: "s", SyncMode: identity.SyncDisabled}
	eligible := identity.ClaimCase{Claimant: claimant, Source: source, VerifiedByClaimant: true}
	for name, c := range map[string]struct {
		change func(*identity.ClaimCase)
		want   []identity.Rule
	}{
		"a personal user of a verified domain": {func(*identity.ClaimCase) {}, nil},
		"a the source uses SSO":                {func(c *identity.ClaimCase) { c.Source.SSOProvider = "https://idp" }, []identity.Rule{identity.RuleClaimSourceSSO}},
		"b the source synchronizes":            {func(c *identity.ClaimCase) { c.Source.SyncMode = identity.SyncManual }, []identity.Rule{identity.RuleClaimSourceDirSync}},
		"b a paused synchronization counts":    {func(c *identity.ClaimCase) { c.Source.SyncMode = identity.SyncPaused }, []identity.Rule{identity.RuleClaimSourceDirSync}},
		"c another has verified the domain":    {func(c *identity.ClaimCase) { c.VerifiedByAnyOther = true }, []identity.Rule{identity.RuleClaimVerifiedElsewhere}},
		"d the claimant has not":               {func(c *identity.ClaimCase) { c.VerifiedByClaimant = false }, []identity.Rule{identity.RuleClaimDomainNotVerified}},
		"e already a member":                   {func(c *identity.ClaimCase) { c.Source = c.Claimant }, []identity.Rule{identity.RuleClaimAlreadyMember}},
		"e a member of an SSO organization is a member, not a foreign SSO user": {func(c *identity.ClaimCase) {
			c.Claimant.SSOProvider = "https://idp"
			c.Source = c.Claimant
		}, []identity.Rule{identity.RuleClaimAlreadyMember}},
		"f a shadow":         {func(c *identity.ClaimCase) { c.Account.Shadow = true }, []identity.Rule{identity.RuleClaimAlreadyPending}},
		"f a deferred claim": {func(c *identity.ClaimCase) { c.Account.Status = identity.DeferredClaim }, []identity.Rule{identity.RuleClaimAlreadyPending}},
		"14.1 gone from the directory of an organization that has switched it off": {func(c *identity.ClaimCase) {
			c.Account.Status, c.Account.InactiveReason = identity.Inactive, identity.DirectoryDeleted
		}, []identity.Rule{identity.RuleEmailHeld}},
		"14.1 disabled in such a directory": {func(c *identity.ClaimCase) {
			c.Account.Status, c.Account.InactiveReason = identity.Inactive, identity.DirectoryDisabled
		}, nil},
		"CLM-02 the claimant synchronizes": {func(c *identity.ClaimCase) { c.Claimant.SyncMode = identity.SyncAuto }, []identity.Rule{identity.RuleClaimTargetDirSync}},
		"a b and c together are all told": {func(c *identity.ClaimCase) {
			c.Source.SSOProvider, c.Source.SyncMode, c.VerifiedByAnyOther = "x", identity.SyncAuto, true
		}, []identity.Rule{identity.RuleClaimSourceSSO, identity.RuleClaimSourceDirSync, identity.RuleClaimVerifiedElsewhere}},
		"an inactive user is claimable (A22)": {func(c *identity.ClaimCase) { c.Account.Status = identity.Inactive }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			asked := eligible
			c.change(&asked)
			var got []identity.Rule
			for _, r := range identity.ClaimReasons(asked) {
				require.NotEmpty(t, r.Detail)
				got = append(got, r.Code)
			}
			require.Equal(t, c.want, got)
		})
	}
}
