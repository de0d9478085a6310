package directory_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/fixtures"
	"rollcall/identity"
)

// mismatched makes the world's connector one with a policy for users whom no entry matches.
func (w *world) mismatched(p directory.MismatchPolicy) *world {
	require.NoError(w.t, w.service.RemoveConnector(w.t.Context(), admin, w.org, w.connector))
	settings, err := json.Marshal(map[string]any{"policy": directory.Policy{Mismatched: p}})
	require.NoError(w.t, err)
	n, err := w.service.CreateConnector(w.t.Context(), admin, identity.Connector{Org: w.org, Name: "corp", Kind: "ad", Settings: settings})
	require.NoError(w.t, err)
	w.connector = n.ID
	return w
}

func (w *world) off() {
	_, err := w.service.DisableSync(w.t.Context(), admin, w.org)
	require.NoError(w.t, err)
}

func (w *world) on() error {
	_, err := w.service.EnableSync(w.t.Context(), admin, w.org)
	return err
}

// claims takes a personal account with an address of the organization over.
func (w *world) claims(address string, mode identity.ClaimMode) (identity.Claim, identity.Account) {
	_, domain, _ := strings.Cut(address, "@")
	_, err := w.service.AttestDomain(w.t.Context(), admin, w.org, domain)
	require.NoError(w.t, err)
	w.elsewhere(identity.ConsumerOrgID, address)
	claim, a, err := w.service.ClaimUser(w.t.Context(), admin, w.org, identity.ClaimRequest{Email: address, Mode: mode})
	require.NoError(w.t, err)
	return claim, a
}

func (w *world) lists(name string) (directory.Plan, string) {
	_, plan := w.plan()
	var b strings.Builder
	require.NoError(w.t, plan.Print(&b))
	require.Contains(w.t, b.String(), "CLAIMED, NOT IN THE DIRECTORY: 1\n")
	_, rest, found := strings.Cut(b.String(), "\nClaimed users whom the directory does not know (1)\n  "+name+": ")
	require.True(w.t, found, b.String())
	line, _, _ := strings.Cut(rest, "\n")
	return plan, line
}

// TestCLM03_CLM04_AClaimedUserWhomTheDirectoryDoesNotHave goes the whole way: synchronization off, claim, dry run, on, full
// synchronization.
func TestCLM03_CLM04_AClaimedUserWhomTheDirectoryDoesNotHave(t *testing.T) {
	for policy, c := range map[directory.MismatchPolicy]struct {
		fate string
		op   directory.Op
	}{
		directory.MismatchRetain: {"stays as before", directory.OpSkip},
		directory.MismatchDelete: {"REMOVED: inactive, and deleted 7 days later", directory.OpRemove},
	} {
		t.Run(string(policy), func(t *testing.T) {
			w := newWorld(t).mismatched(policy)
			w.source.set(people(20)...)
			w.sync()
			w.off()
			_, ada := w.claims("ada@corp.example", identity.ClaimImmediate)
			require.Equal(t, identity.RuleDryRunRequired, identity.RuleOf(w.on()))

			before := w.accounts()
			stored, _ := w.plan()
			plan, line := w.lists("ada@corp.example")
			require.Equal(t, before, w.accounts(), "DIR-03: a dry run changes nobody, not even while synchronization is off")
			require.Equal(t, c.fate, line)
			require.Equal(t, 1, plan.Figures.Ops[c.op])
			require.Equal(t, string(c.op)+" ada MISMATCHED", said(plan))
			require.Equal(t, ada.ID, plan.Steps[0].Account)
			require.Contains(t, plan.Steps[0].Notes[0], "This user was claimed")
			_, err := w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
			require.Equal(t, directory.RuleSyncOff, identity.RuleOf(err), "a dry run is no synchronization")
			_, _, _, err = w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
			require.Equal(t, directory.RuleSyncOff, identity.RuleOf(err))

			require.NoError(t, w.on(), "the administrator has seen it and goes on")
			_, _, report, err := w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
			require.NoError(t, err)
			require.Equal(t, identity.RunCompleted, report.State)
			now := w.user("ada@corp.example")
			at, ever := w.purgeAt("ada@corp.example")
			if policy == directory.MismatchRetain {
				require.Equal(t, ada.Status, now.Status)
				require.False(t, ever)
				require.Equal(t, 1, report.Skipped)
				require.Len(t, report.Items, 1, "who stays unknown to the directory is named")
				return
			}
			require.Equal(t, identity.Inactive, now.Status)
			require.Equal(t, identity.DirectoryDeleted, now.InactiveReason)
			require.Equal(t, ada.Status, now.PreviousStatus)
			require.True(t, ever)
			require.Equal(t, now.StatusAt.Add(7*identity.Day), at)
			w.clock.move(at.Sub(w.clock.Now()))
			require.Equal(t, 1, w.purge())
		})
	}
}

func TestDIR04_AClaimedUserWithAnEntryIsAdopted(t *testing.T) {
	w := newWorld(t).mismatched(directory.MismatchDelete)
	w.source.set(people(20)...)
	w.sync()
	w.off()
	_, ada := w.claims("ada@corp.example", identity.ClaimImmediate)
	w.lists("ada@corp.example")
	w.source.set(append(people(20), entry("ada"))...)
	_, plan := w.plan()
	require.Equal(t, "adopt ada", said(plan))
	require.Zero(t, plan.Figures.ClaimedUnknown)
	require.NoError(t, w.on())
	w.sync()
	require.Equal(t, ada.ID, w.user("ada@corp.example").ID)
	require.Equal(t, identity.ObjectID("object-ada"), w.user("ada@corp.example").Directory.Object)
}

func TestA30_ADeferredClaimIsSkippedAndReported(t *testing.T) {
	for name, entries := range map[string][]directory.Entry{
		"absent from the directory": people(20),
		"known to the directory":    append(people(20), entry("ada")),
		"disabled in the directory": append(people(20), entry("ada", disabled)),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).mismatched(directory.MismatchDelete)
			w.source.set(people(20)...)
			w.sync()
			w.off()
			_, ada := w.claims("ada@corp.example", identity.ClaimDeferred)
			w.source.set(entries...)
			stored, plan := w.plan()
			require.Equal(t, "skip ada CLAIM_UNDECIDED", said(plan))
			if len(entries) == 20 {
				_, line := w.lists("ada@corp.example")
				require.Contains(t, line, "left alone until the user has decided")
			}
			require.NoError(t, w.on())
			report := w.apply(stored.ID)
			require.Equal(t, identity.RunCompleted, report.State)
			require.Equal(t, 1, report.Skipped)
			if len(entries) == 20 {
				require.Len(t, report.Items, 1)
				require.Equal(t, directory.RuleClaimUndecided, report.Items[0].Code)
			}
			now := w.user("ada@corp.example")
			require.Equal(t, identity.DeferredClaim, now.Status)
			require.Equal(t, ada.Version, now.Version)
		})
	}
}

// during is a directory that something happens beside while it is read.
type during struct {
	*madeUp
	happens func()
}

func (d during) Snapshot(ctx context.Context, p directory.Progress) (directory.Snapshot, error) {
	d.happens()
	return d.madeUp.Snapshot(ctx, p)
}

func TestCLM03_AClaimWhileTheDirectoryIsReadSpoilsThePlan(t *testing.T) {
	w := newWorld(t).mismatched(directory.MismatchDelete)
	w.source.set(people(20)...)
	w.sync()
	w.off()
	syncer := directory.New(w.service, func(context.Context, identity.Connector) (directory.Source, error) {
		return during{w.source, func() { w.claims("ada@corp.example", identity.ClaimImmediate) }}, nil
	})
	_, _, err := syncer.Plan(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, directory.RulePlanStale, identity.RuleOf(err))
	require.Equal(t, identity.RuleDryRunRequired, identity.RuleOf(w.on()))
}

func TestCLM03_APlanFromBeforeAClaimIsNotApplied(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(20)...)
	w.sync()
	w.source.set(people(21)...)
	old, _ := w.plan()
	w.off()
	w.claims("ada@corp.example", identity.ClaimImmediate)
	seen, _ := w.plan()
	require.NoError(t, w.on())
	_, err := w.syncer.Apply(t.Context(), w.org, old.ID, admin, nil)
	require.Equal(t, identity.RuleDryRunRequired, identity.RuleOf(err))
	require.Len(t, w.accounts(), 21)
	require.Equal(t, map[directory.Op]int{directory.OpCreate: 1}, w.apply(seen.ID).Applied)
}

func TestUSR14_SwitchingOffEndsTheRunThatIsUnderWay(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(450)...)
	stored, _ := w.plan()
	report, err := w.syncer.Apply(t.Context(), w.org, stored.ID, admin, func(string, int, int) { w.off() })
	require.NoError(t, err)
	require.Equal(t, identity.RunFailed, report.State)
	require.Equal(t, 400, report.Done)
	require.Len(t, w.accounts(), 400, "nobody is changed after it is off")
	o, err := w.store.Organization(t.Context(), w.org)
	require.NoError(t, err)
	require.Equal(t, identity.SyncDisabled, o.SyncMode)

	require.NoError(t, w.on())
	_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err))
	require.Equal(t, 50, w.sync().Applied[directory.OpCreate], "another plan does the rest")
}

// TestSurprise12_SyncingAfterAClaimWithoutTheEntryLosesTheUser plays it with a real directory.
func TestSurprise12_SyncingAfterAClaimWithoutTheEntryLosesTheUser(t *testing.T) {
	d := fixtures.StartSlapd(t, fixtures.SlapdOptions{})
	for _, login := range []string{"bob", "cyd", "dan"} {
		d.AddUser(t, fixtures.User{Login: login, Given: strings.ToUpper(login), Mail: login + "@example.com"})
	}
	w := newWorld(t)
	require.NoError(t, w.service.RemoveConnector(t.Context(), admin, w.org, w.connector))
	w.joined(t, d, "ou=People,"+d.BaseDN)
	require.Equal(t, identity.RunCompleted, w.sync().State)

	w.elsewhere(identity.ConsumerOrgID, "ada@example.com")
	_, err := w.service.AttestDomain(t.Context(), admin, w.org, "example.com")
	require.NoError(t, err)
	claim := func() error {
		_, _, err := w.service.ClaimUser(t.Context(), admin, w.org, identity.ClaimRequest{Email: "ada@example.com", Mode: identity.ClaimImmediate})
		return err
	}
	require.Equal(t, identity.RuleClaimTargetDirSync, identity.RuleOf(claim()), "claiming while synchronization is on fails")
	w.off()
	require.NoError(t, claim())
	w.lists("ada@example.com")

	d.AddUser(t, fixtures.User{Login: "ada", Given: "Ada", Mail: "Ada@example.com"})
	_, plan := w.plan()
	require.Equal(t, "adopt Ada CASE_MISMATCH", said(plan))
	require.NoError(t, w.on())
	report := w.sync()
	require.Equal(t, identity.RunCompleted, report.State, "%+v", report.Items)
	a := w.user("ada@example.com")
	require.NotNil(t, a.Directory)
	w.clock.move(time.Hour)
	d.Delete(t, string(a.Directory.Object))
	w.sync()
	require.Equal(t, identity.DirectoryDeleted, w.user("ada@example.com").InactiveReason, "from now on the directory owns the claimed user")
}
