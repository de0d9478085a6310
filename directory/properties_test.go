package directory_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/store/fresh"
)

// directoryOf draws a directory of a few people who fight for a few addresses.
func directoryOf(t *rapid.T, domain string) []directory.Entry {
	var list []directory.Entry
	for i := range 7 {
		if rapid.IntRange(0, 4).Draw(t, "there") == 0 {
			continue
		}
		e := entry(fmt.Sprintf("%s-%d", domain, i))
		mail(fmt.Sprintf("m%d@%s.example", rapid.IntRange(0, 8).Draw(t, "mail"), domain))(&e)
		if rapid.IntRange(0, 5).Draw(t, "second") == 0 {
			e.Emails = append(e.Emails, fmt.Sprintf("M%d@%s.example", rapid.IntRange(0, 8).Draw(t, "alternate"), domain))
		}
		if rapid.IntRange(0, 5).Draw(t, "own userName") == 0 {
			e.UserName = fmt.Sprintf("name%d", rapid.IntRange(0, 3).Draw(t, "userName"))
		}
		called(rapid.SampledFrom([]string{"A", "B"}).Draw(t, "name"))(&e)
		e.Disabled = rapid.IntRange(0, 4).Draw(t, "disabled") == 0
		if rapid.IntRange(0, 9).Draw(t, "unmapped") == 0 {
			off := e.Disabled
			noMail(&e)
			e.Disabled = off
		}
		list = append(list, e)
	}
	return list
}

// ledDirectoryOf draws a directory like [directoryOf] whose people have managers, themselves and each other among them. Two of the names
// that it draws are nobody's.
func ledDirectoryOf(t *rapid.T, domain string) []directory.Entry {
	list := directoryOf(t, domain)
	for i := range list {
		if n := rapid.IntRange(-4, 8).Draw(t, "manager"); n >= 0 && list[i].Problem == "" {
			list[i].Manager = fmt.Sprintf("CN=%s-%d, OU=People", domain, n)
		}
	}
	return list
}

// accountsOf draws accounts as earlier runs and other hands may have left them; they keep the promises of the store.
func accountsOf(t *rapid.T) []identity.Account {
	addresses := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}).Draw(t, "addresses")
	var list []identity.Account
	for i := range 6 {
		if rapid.IntRange(0, 4).Draw(t, "account") == 0 {
			continue
		}
		a := account(fmt.Sprintf("corp-%d", i), address(fmt.Sprintf("m%d@corp.example", addresses[i])))
		switch rapid.IntRange(0, 8).Draw(t, "state") {
		case 0:
			unlinked(&a)
		case 1:
			lost(identity.DirectoryDisabled)(&a)
		case 2:
			lost(identity.DirectoryDeleted)(&a)
		case 3:
			lost(identity.ByAdministrator)(&a)
		case 4:
			lost(identity.DirectoryOutOfScope)(&a)
		case 5:
			a.Status = identity.DeferredClaim
		}
		list = append(list, a)
	}
	return list
}

func inputOf(t *rapid.T) directory.Input {
	in := input(ledDirectoryOf(t, "corp"), accountsOf(t))
	in.Findings = map[identity.ObjectID]directory.Finding{}
	for i := range 7 {
		kind := rapid.SampledFrom([]directory.FindingKind{directory.Tombstone, directory.Absent, directory.OutOfScope, directory.Unknown}).Draw(t, "finding")
		found(fmt.Sprintf("corp-%d", i), kind)(&in)
	}
	in.Policy.Mismatched = rapid.SampledFrom([]directory.MismatchPolicy{directory.MismatchRetain, directory.MismatchDelete}).Draw(t, "mismatched")
	in.Policy.MaxDropPercent = 100
	return in
}

func TestPropertyAPlanDependsOnNothingButItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputOf(t)
		_, first, err := directory.Compute(in).Encode()
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		in.Snapshot.Entries = slices.Clone(in.Snapshot.Entries)
		accounts := listed(in)
		r.Shuffle(len(in.Snapshot.Entries), func(i, j int) {
			in.Snapshot.Entries[i], in.Snapshot.Entries[j] = in.Snapshot.Entries[j], in.Snapshot.Entries[i]
		})
		r.Shuffle(len(accounts), func(i, j int) { accounts[i], accounts[j] = accounts[j], accounts[i] })
		in.Accounts = directory.RosterOf(accounts...)
		_, second, err := directory.Compute(in).Encode()
		require.NoError(t, err)
		require.Equal(t, first, second)
	})
}

// TestPropertyManagersAreWhomTheDirectoryNames: after a plan was applied, everybody's manager is the account of the entry that the
// directory names, if that has one and is still there.
func TestPropertyManagersAreWhomTheDirectoryNames(t *testing.T) {
	s := fresh.Open(t)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		domain := fmt.Sprintf("d%d", number)
		w := worldOver(t, s, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		for range 2 {
			w.source.entries = ledDirectoryOf(t, domain)
			stored, plan := w.plan()
			if stored.State != identity.PlanReady {
				continue
			}
			w.apply(stored.ID)
			linked := map[identity.ObjectID]identity.Account{}
			for _, a := range w.accounts() {
				linked[a.Directory.Object] = a
			}
			conflicts := map[identity.ObjectID]bool{}
			for _, step := range plan.Steps {
				conflicts[step.Object] = !step.Op.Acts() || len(step.Notes) > 0
			}
			for _, e := range w.source.entries {
				a, there := linked[e.ID]
				if !there || e.Problem != "" || conflicts[e.ID] {
					continue
				}
				want := ""
				for _, boss := range w.source.entries {
					if e.Manager == strings.NewReplacer("cn=", "CN=", ",ou=people", ", OU=People").Replace(boss.DN) {
						want = string(linked[boss.ID].ID)
					}
				}
				require.Equal(t, want, managerOf(a), "%s", said(plan))
			}
		}
	})
}

func TestPropertyDIR19_AnIncompleteReadingLosesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputOf(t)
		incomplete(&in)
		live := map[identity.AccountID]bool{}
		for _, a := range in.Accounts.All() {
			live[a.ID] = a.Status != identity.Inactive
		}
		p := directory.Compute(in)
		require.Zero(t, p.Guard.Losses)
		for _, s := range p.Steps {
			require.NotEqual(t, directory.OpRemove, s.Op)
			require.False(t, s.Standing == identity.DirectoryBlocked && live[s.Account], "%+v", s)
		}
	})
}

// listed are the accounts that a plan is made from.
func listed(in directory.Input) []identity.Account {
	list := make([]identity.Account, 0, in.Accounts.Len())
	for _, a := range in.Accounts.All() {
		list = append(list, a)
	}
	return list
}

// lostBy names whom a plan would remove or disable, of those who are not lost yet.
func lostBy(p directory.Plan, in directory.Input) map[identity.AccountID]bool {
	names, accounts := map[identity.AccountID]bool{}, listed(in)
	for _, s := range p.Steps {
		i := slices.IndexFunc(accounts, func(a identity.Account) bool { return a.ID == s.Account })
		if i < 0 || !s.Op.Acts() {
			continue
		}
		if s.Standing == identity.DirectoryMissing || s.Standing == identity.DirectoryBlocked && accounts[i].Status != identity.Inactive {
			names[s.Account] = true
		}
	}
	return names
}

func TestPropertyI13_NobodyConfirmsSoNoMoreThanTheThresholdAreLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputOf(t)
		in.Policy.MaxLosses = rapid.IntRange(1, 5).Draw(t, "max losses") // 0 stands for the default
		in.Policy.MaxLossPercent = rapid.IntRange(1, 100).Draw(t, "max percent")
		in.Policy.MinBase = rapid.IntRange(1, 8).Draw(t, "base")
		empty := rapid.IntRange(0, 5).Draw(t, "empty") == 0
		if empty {
			in.Snapshot.Entries = nil
		}
		p := directory.Compute(in)
		lost := lostBy(p, in)
		if len(in.Snapshot.Entries) == 0 {
			require.Equal(t, identity.PlanRefused, p.State())
			require.Empty(t, lost, "an empty directory loses nobody")
		}
		require.Equal(t, len(lost), p.Guard.Losses)
		if p.State() == identity.PlanReady {
			require.LessOrEqual(t, len(lost), in.Policy.MaxLosses)
			require.LessOrEqual(t, len(lost)*100, max(in.Accounts.Len(), in.Policy.MinBase)*in.Policy.MaxLossPercent)
		}
	})
}

func TestPropertyEveryPersonHasAtMostOneStepAndEveryAddressOneOwner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputOf(t)
		touched := map[identity.AccountID]bool{}
		owner := map[identity.NameKey]bool{}
		for _, s := range directory.Compute(in).Steps {
			if !s.Op.Acts() {
				continue
			}
			if s.Account != "" {
				require.False(t, touched[s.Account], "two steps for one account")
				touched[s.Account] = true
			}
			if s.Draft != nil {
				key := identity.KeyOfUserName(s.Draft.UserName)
				require.False(t, owner[key], "two steps give the same userName")
				owner[key] = true
			}
		}
	})
}

// TestPropertyApplyingAPlanLeavesNothingToDo takes an organization through several directories drawn at random. Whatever the plan
// showed happens, no more is lost than it said, and the next plan of the same directory changes nobody.
func TestPropertyApplyingAPlanLeavesNothingToDo(t *testing.T) {
	s := fresh.Open(t)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		domain := fmt.Sprintf("d%d", number)
		w := worldOver(t, s, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		for range 3 {
			w.source.entries = ledDirectoryOf(t, domain)
			if len(w.source.entries) == 0 {
				continue
			}
			for i := range 7 {
				kind := rapid.SampledFrom([]directory.FindingKind{directory.Tombstone, directory.Absent, directory.OutOfScope}).Draw(t, "finding")
				w.source.findings[identity.ObjectID(fmt.Sprintf("object-%s-%d", domain, i))] = kind
			}
			stored, plan := w.plan()
			switch stored.State {
			case identity.PlanRefused:
				continue // an attribute vanished from too many of the few
			case identity.PlanHeld:
				_, err := w.syncer.Approve(w.t.Context(), w.org, stored.ID, admin)
				require.NoError(t, err)
			default:
				require.LessOrEqual(t, plan.Guard.Losses, 4, "20 % of a base of at least 20, without an approval")
			}
			report := w.apply(stored.ID)
			require.Zero(t, report.Stale)
			require.Equal(t, plan.Figures.Ops[directory.OpConflict], report.Failed, "%+v", report.Items)
			for _, op := range directory.Ops {
				if op.Acts() {
					require.Equal(t, plan.Figures.Ops[op], report.Applied[op], op)
				}
			}
			_, again := w.plan()
			require.True(t, again.Empty(), "%s\nthen %s", said(plan), said(again))
		}
	})
}
