package directory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// losing is an organization of n people of whom the first gone were deleted and the next off were disabled.
func losing(n, gone, off int, edit ...func(*directory.Input)) directory.Input {
	in := input(nil, nil, edit...)
	for i := range n {
		id := fmt.Sprintf("p%04d", i)
		in.Accounts.Add(account(id))
		switch {
		case i < gone:
			found(id, directory.Tombstone)(&in)
		case i < gone+off:
			in.Snapshot.Entries = append(in.Snapshot.Entries, entry(id, disabled))
		default:
			in.Snapshot.Entries = append(in.Snapshot.Entries, entry(id))
		}
	}
	return in
}

func TestDIR09_LossGuard(t *testing.T) {
	for name, c := range map[string]struct {
		in   directory.Input
		held string
	}{
		"nobody":                              {losing(100, 0, 0), ""},
		"20 of 100 deleted, the limit":        {losing(100, 20, 0), ""},
		"21 of 100 deleted":                   {losing(100, 21, 0), "21 of 100 people would be lost, more than 20 %."},
		"20 of 100 disabled":                  {losing(100, 0, 20), ""},
		"21 of 100 disabled":                  {losing(100, 0, 21), "more than 20 %"},
		"deleted and disabled count together": {losing(100, 10, 11), "more than 20 %"},
		"4 of 5, a small organization":        {losing(5, 4, 0), ""},
		"5 of 6, more than a handful":         {losing(6, 5, 0), "5 of 20 people"},
		"500 of 4000, the limit":              {losing(4000, 500, 0), ""},
		"501 of 4000":                         {losing(4000, 501, 0), "501 people would be lost, more than 500."},
		"another limit":                       {losing(100, 6, 0, policy(directory.Policy{MaxLossPercent: 5})), "more than 5 %"},
		"people who left the scope, policy hold": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.OutOfScope),
			policy(directory.Policy{OutOfScope: directory.ScopeHold})), "asks an administrator first"},
		"one person who left the scope": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.OutOfScope)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := directory.Compute(c.in)
			require.Empty(t, p.Refused)
			require.Empty(t, p.NoLosses)
			if c.held == "" {
				require.Empty(t, p.Guard.Why)
				require.Equal(t, identity.PlanReady, p.State())
				return
			}
			require.Contains(t, p.Guard.Why, c.held)
			require.Equal(t, identity.PlanHeld, p.State())
		})
	}
}

func TestDIR19_WithoutProofNobodyIsLost(t *testing.T) {
	lastGood := func(n int) func(*directory.Input) {
		return func(in *directory.Input) { in.Connector.LastGoodCount, in.Connector.LastGoodAt = n, time.Unix(1, 0) }
	}
	for name, c := range map[string]struct {
		in      directory.Input
		says    string // empty: losses are planned
		refused string
	}{
		"complete":                           {losing(40, 2, 2, lastGood(40)), "", ""},
		"a gap":                              {losing(40, 2, 2, incomplete), "Page 2 came without the paging control.", ""},
		"half of the last good reading":      {losing(40, 2, 2, lastGood(76)), "", ""},
		"less than half of it":               {losing(40, 2, 2, lastGood(77)), "less than 50 % of the 77", ""},
		"less than half of a small one":      {losing(9, 2, 2, lastGood(19)), "", ""},
		"another share":                      {losing(40, 2, 2, lastGood(42), policy(directory.Policy{MinCountPercent: 95})), "less than 95 %", ""},
		"nobody, where people are known":     {input(nil, accounts{account("ada")}), "", "returned nobody, where 1 people are known"},
		"nobody, the first time":             {input(nil, nil), "", "returned nobody"},
		"nobody, and the last time somebody": {input(nil, nil, lastGood(3)), "", "where 3 people are known"},
	} {
		t.Run(name, func(t *testing.T) {
			p := directory.Compute(c.in)
			if c.refused != "" {
				require.Contains(t, p.Refused, c.refused)
				require.Equal(t, identity.PlanRefused, p.State())
				require.Empty(t, p.Steps)
				return
			}
			if c.says == "" {
				require.Equal(t, 4, p.Guard.Losses)
				return
			}
			require.Contains(t, p.NoLosses, c.says)
			require.Zero(t, p.Guard.Losses)
			require.Equal(t, map[directory.Op]int{directory.OpSkip: 2}, p.Figures.Ops, "those who are disabled are named, those who are missing counted")
			require.Equal(t, 2, p.Figures.Missing)
		})
	}
}

func TestAGainNeedsNoProof(t *testing.T) {
	in := losing(40, 1, 0, incomplete)
	in.Snapshot.Entries = append(in.Snapshot.Entries, entry("new"))
	in.Snapshot.Entries[3] = entry("p0004", called("Renamed"))
	require.Equal(t, "create new; update p0004", said(directory.Compute(in)))
}

func TestAnAttributeThatVanishesEverywhere(t *testing.T) {
	titled := func(n, without int, p directory.Policy) directory.Input {
		in := input(nil, nil, policy(p))
		for i := range n {
			id := fmt.Sprintf("p%04d", i)
			in.Accounts.Add(account(id, func(a *identity.Account) {
				a.Profile = identity.Profile(fmt.Sprintf(`{"displayName":"P%04d","title":"Dr."}`, i))
			}))
			e := entry(id)
			if i >= without {
				e.Attributes["title"] = "Dr."
			}
			in.Snapshot.Entries = append(in.Snapshot.Entries, e)
		}
		return in
	}
	require.Empty(t, directory.Compute(titled(100, 20, directory.Policy{})).Refused)
	require.Contains(t, directory.Compute(titled(100, 21, directory.Policy{})).Refused, "The attribute title vanished from 21 of 100 people")
	require.Empty(t, directory.Compute(titled(4, 4, directory.Policy{})).Refused, "a handful in a small organization")
	require.Contains(t, directory.Compute(titled(5, 5, directory.Policy{})).Refused, "title")
	require.Empty(t, directory.Compute(titled(100, 100, directory.Policy{MaxDropPercent: 100})).Refused)
}

func TestPolicyOf(t *testing.T) {
	for settings, wrong := range map[string]string{
		`{"policy":{"outOfScope":"delete"}}`: "policy.outOfScope",
		`{"policy":{"mismatched":"remove"}}`: "policy.mismatched",
		`{"policy":{"maxLossPercent":101}}`:  "policy.maxLossPercent",
		`{"policy":{"maxLosses":-1}}`:        "policy.maxLosses",
		`{"policy":{"minBase":1000001}}`:     "policy.minBase",
		`{"policy":{"maxDropPercent":100}}`:  "",
		`{"url":"ldaps://x","policy":{}}`:    "",
		`[]`:                                 "settings",
	} {
		_, err := directory.PolicyOf([]byte(settings))
		if wrong == "" {
			require.NoError(t, err, settings)
			continue
		}
		var e *identity.Error
		require.ErrorAs(t, err, &e, settings)
		require.Equal(t, wrong, e.Field)
	}
}
