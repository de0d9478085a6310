package directory_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/store/fresh"
)

// earlier gives an input runs of the past.
func earlier(past ...directory.Past) func(*directory.Input) {
	return func(in *directory.Input) { in.Now, in.Past = readAt, past }
}

// ago is what a run did so long ago.
func ago(d time.Duration, what directory.Spending, n int) directory.Past {
	return directory.Past{At: readAt.Add(-d), Spent: map[directory.Spending]int{what: n}}
}

func approved(p directory.Past) directory.Past {
	p.Approved = true
	return p
}

// removals, for short, is a policy with budgets for removals.
func removals(b directory.Budget) func(*directory.Input) {
	return policy(directory.Policy{Budgets: directory.Budgets{Removals: b}})
}

// changing is an organization of n people of whom the first so many get another address and the next lose their title.
func changing(n, moved, blank int, edit ...func(*directory.Input)) directory.Input {
	in := input(nil, nil, edit...)
	for i := range n {
		id := fmt.Sprintf("p%04d", i)
		a, e := account(id), entry(id)
		switch {
		case i < moved:
			mail("new-" + id + "@corp.example")(&e)
		case i < moved+blank:
			a.Profile = identity.Profile(`{"displayName":"` + e.Attributes["displayName"] + `","title":"Dr."}`)
		}
		in.Accounts.Add(a)
		in.Snapshot.Entries = append(in.Snapshot.Entries, e)
	}
	return in
}

func TestI13_BudgetsOverManyRuns(t *testing.T) {
	hour := time.Hour
	for name, c := range map[string]struct {
		in   directory.Input
		held string // empty: not held
	}{
		"nothing before":                        {losing(100, 4, 0, earlier()), ""},
		"a day's share in two runs":             {losing(100, 4, 0, earlier(ago(hour, directory.Removals, 16))), ""},
		"more than a day's share":               {losing(100, 4, 0, earlier(ago(hour, directory.Removals, 24))), "28 removals in 24 hours would be more than 24 (4 now, and 24 by earlier runs that nobody approved)."},
		"just not in the window any more":       {losing(100, 4, 0, earlier(ago(24*hour, directory.Removals, 20))), ""},
		"disables have a budget of their own":   {losing(100, 4, 0, earlier(ago(hour, directory.Disables, 20))), ""},
		"more disables than a day's share":      {losing(100, 0, 4, earlier(ago(hour, directory.Disables, 17))), "21 disabled users in 24 hours would be more than 20"},
		"who plans nothing of the kind is free": {losing(100, 0, 4, earlier(ago(hour, directory.Removals, 90))), ""},
		"what somebody approved does not count": {losing(100, 4, 0, earlier(approved(ago(hour, directory.Removals, 60)))), ""},
		"a week's share, day by day": {losing(100, 4, 0, earlier(ago(30*hour, directory.Removals, 30), ago(60*hour, directory.Removals, 30), ago(90*hour, directory.Removals, 30))),
			"94 removals in 7 days would be more than 76"},
		"eight days ago":                {losing(100, 4, 0, earlier(ago(192*hour, directory.Removals, 90))), ""},
		"a budget for a run":            {losing(100, 4, 0, removals(directory.Budget{Run: 3})), "4 removals in one run would be more than 3."},
		"exactly that":                  {losing(100, 3, 0, removals(directory.Budget{Run: 3})), ""},
		"a budget for a day":            {losing(100, 1, 0, removals(directory.Budget{Day: 3}), earlier(ago(hour, directory.Removals, 3))), "4 removals in 24 hours would be more than 3 (1 now, and 3 by"},
		"a budget for a week":           {losing(100, 1, 0, removals(directory.Budget{Week: 3}), earlier(ago(100*hour, directory.Removals, 3))), "4 removals in 7 days would be more than 3"},
		"no limit for a day and a week": {losing(100, 4, 0, removals(directory.Budget{Day: -1, Week: -1}), earlier(ago(hour, directory.Removals, 90))), ""},
		"the other guard stays":         {losing(100, 21, 0, removals(directory.Budget{Run: -1, Day: -1, Week: -1})), "21 of 100 people would be lost, more than 20 %."},
		"both say so":                   {losing(100, 21, 0, removals(directory.Budget{Run: 5})), "more than 20 %. 21 removals in one run would be more than 5."},
		"half of the addresses":         {changing(40, 20, 0), ""},
		"more than half of them":        {changing(40, 21, 0), "21 changed addresses in one run would be more than 20."},
		"half of them, a bit before":    {changing(40, 10, 0, earlier(ago(hour, directory.EmailChanges, 11))), "21 changed addresses in 24 hours would be more than 20"},
		"few in a small organization":   {changing(8, 8, 0), ""},
		"some lose an attribute":        {changing(100, 0, 10, earlier(ago(hour, directory.Blanked, 40))), ""},
		"many, one after another":       {changing(100, 0, 11, earlier(ago(hour, directory.Blanked, 40))), "51 users who lose an attribute in 24 hours would be more than 50"},
		"a budget for blanked attributes": {changing(100, 0, 2, policy(directory.Policy{Budgets: directory.Budgets{Blanked: directory.Budget{Run: 1}}})),
			"2 users who lose an attribute in one run would be more than 1."},
	} {
		t.Run(name, func(t *testing.T) {
			p := directory.Compute(c.in)
			require.Empty(t, p.Refused)
			if c.held == "" {
				require.Empty(t, p.Guard.Why)
				return
			}
			require.Contains(t, p.Guard.Why, c.held)
			require.Equal(t, identity.PlanHeld, p.State())
		})
	}
}

func TestI13_BudgetsAreNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		n    int
		says string
	}{
		"removals.day": {50, ""}, "disables.week": {-1, ""}, "emailChanges.run": {1_000_000, ""}, "blanked.run": {0, ""},
		"removals.week": {-2, "the budget removals.week is -2"}, "blanked.day": {1_000_001, "the budget blanked.day is 1000001"},
		"removals": {5, `"removals" is no budget`}, "hires.day": {5, `"hires.day" is no budget`}, "removals.year": {5, `"removals.year" is no budget`},
	} {
		t.Run(name, func(t *testing.T) {
			var p directory.Policy
			err := p.Budgets.Set(name, c.n)
			if err == nil {
				err = p.Validate()
			}
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				require.Equal(t, identity.Invalid, identity.KindOf(err))
				return
			}
			require.NoError(t, err)
			settings, err := json.Marshal(map[string]any{"policy": p})
			require.NoError(t, err)
			read, err := directory.PolicyOf(settings)
			require.NoError(t, err)
			require.Equal(t, p.Budgets, read.Budgets)
		})
	}
}

// policy gives the world's connector a policy.
func (w *world) policy(p directory.Policy) {
	settings, err := json.Marshal(map[string]any{"policy": p})
	require.NoError(w.t, err)
	require.NoError(w.t, w.service.Transact(w.t.Context(), w.org, admin, func(c *identity.Acts) error {
		n, err := c.Tx().Connector(w.t.Context(), w.org, w.connector)
		if err != nil {
			return err
		}
		n.Settings, n.UpdatedAt = settings, c.Now()
		return c.Tx().UpdateConnector(w.t.Context(), n)
	}))
}

// TestI13_NoSequenceOfSmallRunsLosesMoreThanTheBudget lets people leave a few at a time, at random, over a real store, and counts for itself
// who was lost when.
func TestI13_NoSequenceOfSmallRunsLosesMoreThanTheBudget(t *testing.T) {
	const people, inDay, inWeek = 120, 5, 12
	budget := directory.Budget{Day: inDay, Week: inWeek}
	held, allowed, sequences := 0, 0, fresh.Rounds(6)
	for seed := range uint64(sequences) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		w.policy(directory.Policy{Budgets: directory.Budgets{Removals: budget, Disables: budget}})
		there := map[string]directory.Entry{}
		for i := range people {
			id := fmt.Sprintf("p%04d", i)
			there[id] = entry(id)
		}
		set := func() {
			w.source.entries = nil
			for _, e := range there {
				w.source.entries = append(w.source.entries, e)
			}
		}
		set()
		w.sync()
		type loss struct {
			at   time.Time
			what identity.InactiveReason
			n    int
		}
		var ledger []loss
		for range 45 {
			w.clock.move(time.Duration(random.IntN(600)) * time.Minute)
			before := map[string]directory.Entry{}
			for id, e := range there {
				before[id] = e
			}
			left := random.IntN(4)
			for id, e := range before { // a map's order is as good as any
				if left--; left < 0 {
					break
				}
				switch {
				case random.IntN(2) == 0:
					delete(there, id)
				case !e.Disabled:
					disabled(&e)
					there[id] = e
				}
			}
			set()
			count := func() map[identity.InactiveReason]int {
				n := map[identity.InactiveReason]int{}
				for _, a := range w.accounts() {
					n[a.InactiveReason]++
				}
				return n
			}
			was := count()
			stored, plan, _, err := w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
			require.NoError(t, err)
			require.Empty(t, plan.Refused)
			now := count()
			if stored.State == identity.PlanHeld {
				held++
				require.Equal(t, was, now, "nobody is lost before the approval")
				if random.IntN(3) == 0 {
					_, err := w.syncer.Approve(t.Context(), w.org, stored.ID, admin)
					require.NoError(t, err)
					w.apply(stored.ID)
				} else {
					there = before // they were not to leave
					set()
				}
				continue
			}
			for _, what := range []identity.InactiveReason{identity.DirectoryDeleted, identity.DirectoryDisabled} {
				n := max(now[what]-was[what], 0)
				if allowed += n; n > 0 {
					ledger = append(ledger, loss{w.clock.Now(), what, n})
				}
				for _, window := range []struct {
					long time.Duration
					most int
				}{{identity.Day, inDay}, {7 * identity.Day, inWeek}} {
					sum := 0
					for _, l := range ledger {
						if l.what == what && l.at.After(w.clock.Now().Add(-window.long)) {
							sum += l.n
						}
					}
					require.LessOrEqual(t, sum, window.most, "seed %d: %s in %s", seed, what, window.long)
				}
			}
		}
	}
	require.Greater(t, held, 5*sequences, "the budgets were tried")
	require.Greater(t, allowed, 15*sequences, "and small runs were not in their way")
}

func TestI13_WhatAHeldPlanSays(t *testing.T) {
	w := newWorld(t)
	w.policy(directory.Policy{Budgets: directory.Budgets{Removals: directory.Budget{Day: 3}}})
	w.source.set(people(40)...)
	w.sync()
	w.source.set(people(37)...)
	require.Equal(t, map[directory.Spending]int{directory.Removals: 3}, w.sync().Spent)
	w.clock.move(time.Hour)
	w.source.set(people(36)...)
	stored, plan := w.plan()
	require.Equal(t, identity.PlanHeld, stored.State)
	require.Equal(t, "4 removals in 24 hours would be more than 3 (1 now, and 3 by earlier runs that nobody approved).", plan.Guard.Why)
	require.Contains(t, plan.Guard.Budgets, directory.BudgetFigure{What: directory.Removals, Window: directory.InDay, Count: 4, Earlier: 3, Limit: 3})
	report := w.sync()
	require.Equal(t, "Olga", report.ApprovedBy)
	w.source.set(people(35)...)
	stored, _ = w.plan()
	require.Equal(t, identity.PlanHeld, stored.State, "what came before the approval still counts")
	w.clock.move(24 * time.Hour)
	stored, plan = w.plan()
	require.Equal(t, identity.PlanReady, stored.State, plan.Guard.Why)
}
