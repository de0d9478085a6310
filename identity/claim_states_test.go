package identity_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// The tables are written out here a second time, by hand from the rule book: the code's own copy is what is tested.
var section14_2 = map[identity.ClaimState][7]string{
	//              sign in      KEEP                     TRANSFER                DELETE                  revoke                 +14 d         closed
	"OPEN":           {"SIGNED_IN", "–", "OPTION_NOT_AVAILABLE", "–", "REVOKED", "OPEN_LOCKED", "REVOKED"},
	"OPEN_LOCKED":    {"SIGNED_IN", "–", "OPTION_NOT_AVAILABLE", "–", "CLAIM_NOT_REVOCABLE", "=", "SETTLED_DELETE"},
	"SIGNED_IN":      {"=", "SETTLED_KEEP", "OPTION_NOT_AVAILABLE", "SETTLED_DELETE", "CLAIM_NOT_REVOCABLE", "=", "SETTLED_DELETE"},
	"SETTLED_KEEP":   {"=", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
	"SETTLED_DELETE": {"=", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
	"REVOKED":        {"–", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
}

var section14_3 = map[identity.ClaimState][7]string{
	"WAITING":            {"WAITING_SIGNED_IN", "–", "–", "–", "REVOKED", "DONE_AUTO_TRANSFER", "REVOKED"},
	"WAITING_SIGNED_IN":  {"=", "DONE_KEEP", "DONE_TRANSFER", "DONE_DELETE", "CLAIM_NOT_REVOCABLE", "DONE_AUTO_TRANSFER", "DONE_DELETE"},
	"DONE_KEEP":          {"=", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
	"DONE_TRANSFER":      {"=", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
	"DONE_DELETE":        {"=", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
	"DONE_AUTO_TRANSFER": {"=", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
	"REVOKED":            {"–", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_ALREADY_SETTLED", "CLAIM_NOT_REVOCABLE", "=", "="},
}

func TestTheDocumentedClaimTablesAreTheOnesInForce(t *testing.T) {
	page, err := os.ReadFile("../docs/claim-states.md")
	require.NoError(t, err)
	for _, mode := range []identity.ClaimMode{identity.ClaimImmediate, identity.ClaimDeferred} {
		require.Contains(t, string(page), identity.ClaimTable(mode), "docs/claim-states.md shows another table than the code has:\n%s", identity.ClaimTable(mode))
	}
}

func TestTheTablesOfClaimsAreThoseOfTheRuleBook(t *testing.T) {
	for mode, want := range map[identity.ClaimMode]map[identity.ClaimState][7]string{identity.ClaimImmediate: section14_2, identity.ClaimDeferred: section14_3} {
		table := "| State | sign in | KEEP | TRANSFER | DELETE | revoke | +14 d | closed |\n|---|---|---|---|---|---|---|---|\n"
		require.Len(t, want, len(identity.ClaimStates[mode]))
		for _, state := range identity.ClaimStates[mode] {
			table += "| " + string(state) + " |"
			for _, cell := range want[state] {
				table += " " + cell + " |"
			}
			table += "\n"
		}
		require.Equal(t, table, identity.ClaimTable(mode))
	}
}

func TestCLM61_StatesFollowFromWhatIsStored(t *testing.T) {
	deadline := t0.Add(14 * identity.Day)
	for name, c := range map[string]struct {
		mode      identity.ClaimMode
		signedIn  time.Time
		outcome   identity.ClaimOutcome
		now       time.Time
		want      identity.ClaimState
		revocable bool
		due       bool
	}{
		"immediate, new":                        {identity.ClaimImmediate, time.Time{}, "", t0, "OPEN", true, false},
		"immediate, a second before 14 days":    {identity.ClaimImmediate, time.Time{}, "", deadline.Add(-time.Second), "OPEN", true, false},
		"immediate, at 14 days":                 {identity.ClaimImmediate, time.Time{}, "", deadline, "OPEN_LOCKED", false, false},
		"immediate, a second after 14 days":     {identity.ClaimImmediate, time.Time{}, "", deadline.Add(time.Second), "OPEN_LOCKED", false, false},
		"immediate, signed in":                  {identity.ClaimImmediate, t0, "", t0, "SIGNED_IN", false, false},
		"immediate, signed in, after 14 days":   {identity.ClaimImmediate, t0, "", deadline, "SIGNED_IN", false, false},
		"immediate, kept":                       {identity.ClaimImmediate, t0, identity.OutcomeKept, deadline, "SETTLED_KEEP", false, false},
		"immediate, deleted":                    {identity.ClaimImmediate, t0, identity.OutcomeDeleted, deadline, "SETTLED_DELETE", false, false},
		"immediate, revoked":                    {identity.ClaimImmediate, time.Time{}, identity.OutcomeRevoked, t0, "REVOKED", false, false},
		"deferred, new":                         {identity.ClaimDeferred, time.Time{}, "", t0, "WAITING", true, false},
		"deferred, a second before 14 days":     {identity.ClaimDeferred, time.Time{}, "", deadline.Add(-time.Second), "WAITING", true, false},
		"deferred, at 14 days, nobody noted it": {identity.ClaimDeferred, time.Time{}, "", deadline, "DONE_AUTO_TRANSFER", false, true},
		"deferred, signed in":                   {identity.ClaimDeferred, t0, "", t0, "WAITING_SIGNED_IN", false, false},
		"deferred, signed in, at 14 days":       {identity.ClaimDeferred, t0, "", deadline, "DONE_AUTO_TRANSFER", false, true},
		"deferred, ended by itself":             {identity.ClaimDeferred, time.Time{}, identity.OutcomeAutomatic, deadline, "DONE_AUTO_TRANSFER", false, false},
		"deferred, transferred":                 {identity.ClaimDeferred, t0, identity.OutcomeTransferred, t0, "DONE_TRANSFER", false, false},
		"deferred, kept":                        {identity.ClaimDeferred, t0, identity.OutcomeKept, t0, "DONE_KEEP", false, false},
		"deferred, deleted":                     {identity.ClaimDeferred, t0, identity.OutcomeDeleted, t0, "DONE_DELETE", false, false},
		"deferred, revoked":                     {identity.ClaimDeferred, time.Time{}, identity.OutcomeRevoked, t0, "REVOKED", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			claim := identity.Claim{Mode: c.mode, ClaimedAt: t0, SignedInAt: c.signedIn, Outcome: c.outcome}
			require.Equal(t, c.want, claim.State(c.now))
			require.Equal(t, c.revocable, claim.Revocable(c.now))
			require.Equal(t, c.due, claim.Due(c.now))
		})
	}
}
