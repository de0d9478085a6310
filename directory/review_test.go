package directory_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

var update = flag.Bool("update", false, "write the plans in testdata anew")

// everything is the input of a plan that has everything that plans can have.
func everything() directory.Input {
	mismatched := account("mia", unlinked)
	soft := account("pat", lost(identity.DirectoryDeleted))
	held1 := held("held@corp.example", "org-2", identity.HoldSoftDeleted)
	in := input([]directory.Entry{
		entry("adele", mail("adele.new@corp.example"), called("Adele\x1b[31m")),
		entry("bert", mail("Bert@corp.example")),
		entry("carl", disabled),
		entry("dora"),
		entry("swap1", mail("swap2@corp.example")), entry("swap2", mail("swap1@corp.example")),
		entry("new"), entry("newoff", disabled),
		entry("taken"), entry("held"), entry("claimed", mail("x@claimed.example")), entry("twin1", mail("twin@corp.example")), entry("twin2", mail("twin@corp.example")),
		entry("empty", noMail),
		entry("waits", called("Other")),
	}, []identity.Account{
		account("adele"), account("bert"), account("carl"), account("dora", lost(identity.DirectoryDisabled)), account("swap1"), account("swap2"),
		account("gone"), account("moved"), account("unsure"), mismatched, soft,
		account("waits", func(a *identity.Account) { a.Status = identity.DeferredClaim }),
	}, found("gone", directory.Tombstone), found("moved", directory.OutOfScope), found("unsure", directory.Unknown), held1)
	in.Held["taken@corp.example"] = identity.Hold{Key: "taken@corp.example", Org: "org-2", Kind: identity.HoldPrimary}
	in.Claimed = map[string]bool{"claimed.example": true}
	in.Policy.Budgets.Removals.Day = 2
	in.Past = []directory.Past{{At: readAt.Add(-time.Hour), Spent: map[directory.Spending]int{directory.Removals: 1}}}
	in.Purge, in.Now = []identity.Account{soft}, readAt
	return in
}

// TestAPlanWithEverythingReadsLikeAReview compares a plan that has everything with the text that somebody looked at: the summary first, then the addresses that
// change, then every step with its reason, its evidence, whose move it is, and what comes of it.
func TestAPlanWithEverythingReadsLikeAReview(t *testing.T) {
	t.Parallel()
	plan := directory.Compute(everything())
	var text strings.Builder
	require.NoError(t, plan.Print(&text))
	body, err := json.MarshalIndent(plan, "", "  ")
	require.NoError(t, err)
	for name, got := range map[string]string{"plan.txt": text.String(), "plan.json": string(body) + "\n"} {
		file := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "if this is how it should read: go test ./directory -run Review -update")
	}
}

func TestEveryStepThatDoesNothingSaysWhoseMoveItIs(t *testing.T) {
	t.Parallel()
	moves := map[string]directory.Mover{}
	for _, s := range directory.Compute(everything()).Steps {
		require.Equal(t, s.Op.Acts(), s.Move == "", "%+v", s)
		who, _, _ := strings.Cut(s.UserName, "@")
		moves[who] = s.Move
	}
	for who, want := range map[string]directory.Mover{"taken": directory.MoveRollcall, "held": directory.MoveNobody, "x": directory.MoveOrganization,
		"twin": directory.MoveDirectory, "mia": directory.MoveRollcall, "waits": directory.MoveNobody, "unsure": directory.MoveDirectory} {
		require.Equal(t, want, moves[who], who)
	}
}
