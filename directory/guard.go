package directory

import (
	"fmt"
	"strings"

	"rollcall/identity"
)

// judgeReading decides what a reading is good for: nothing, everything but losses, or everything (DIR-16, DIR-19).
func (s *survey) judgeReading(count int) {
	last := s.Connector.LastGoodCount
	if !s.full() { // how many people there are is not known, and nobody is missing for not being among the changes
		if !s.Snapshot.Complete {
			s.noLosses = "The reading is not proven complete (DIR-19): " + strings.Join(s.Snapshot.Gaps, " ")
		}
		return
	}
	switch {
	case count == 0 && (last > 0 || len(s.linked) > 0):
		s.refused = fmt.Sprintf("The directory answered without an error but returned nobody, where %d people are known. "+
			"An empty answer never counts as everybody deleted (DIR-16): check the base, the filter and the rights of the connector's account.",
			max(last, len(s.linked)))
	case count == 0:
		s.refused = "The directory answered without an error but returned nobody: check the base, the filter and the rights of the connector's account."
	case !s.Snapshot.Complete:
		s.noLosses = "The reading is not proven complete (DIR-19): " + strings.Join(s.Snapshot.Gaps, " ")
	case last >= s.Policy.MinBase && count*100 < last*s.Policy.MinCountPercent:
		s.noLosses = fmt.Sprintf("The directory returned %d people, less than %d %% of the %d at the last good reading (DIR-19). "+
			"If so many are really gone, lower minCountPercent in the connector's policy and plan again.",
			count, s.Policy.MinCountPercent, last)
	}
}

// guardDrops refuses a plan in which an attribute vanishes from many people at once.
func (s *survey) guardDrops() {
	dropped := map[string]int{}
	for _, v := range s.unsettled {
		if v.account == none {
			continue
		}
		for _, c := range v.changes {
			unknown := c.Attribute == ManagerPath && v.entry.Manager != "" // the entry says who it is all the same
			if c.After == "" && c.Before != "" && !unknown {
				dropped[c.Attribute]++
			}
		}
		if v.problem != "" && len(v.entry.Emails) == 0 && s.Accounts.At(v.account).PrimaryEmail() != "" {
			dropped["emails"]++
		}
	}
	if len(dropped) == 0 {
		return
	}
	linked := 0
	for object := range s.linked {
		if s.present[object] {
			linked++
		}
	}
	if !s.full() {
		linked = s.Population
	}
	base := max(linked, s.Policy.MinBase)
	for _, attribute := range append([]string{"emails", photoAttribute}, s.Snapshot.Owns...) {
		if n := dropped[attribute]; n*100 > base*s.Policy.MaxDropPercent {
			s.refused = fmt.Sprintf("The attribute %s vanished from %d of %d people, more than %d %%. That looks like a right that the connector's account lost, "+
				"not like a change of the people. If it is one, raise maxDropPercent in the connector's policy and plan again.",
				attribute, n, linked, s.Policy.MaxDropPercent)
			return
		}
	}
}

// tally goes through the steps of a plan one by one, completes each with what somebody wants to know who reads it, and counts them for the
// guard.
type tally struct {
	*survey
	plan   *Plan
	losses int
	beyond int // of those, whom no entry matches: they are not among the linked
	spent  map[Spending]int
}

func newTally(s *survey, p *Plan) *tally {
	return &tally{survey: s, plan: p, spent: map[Spending]int{}}
}

// take counts a step and returns it completed.
func (t *tally) take(step Step) Step {
	t.plan.Figures.Ops[step.Op]++
	if step.Claimed {
		t.plan.Figures.ClaimedUnknown++
	}
	if t.loses(step) {
		step.Loses = true
		t.losses++
		if step.Object == "" {
			t.beyond++
		}
	}
	step.spends(t.spent)
	return t.plan.reviewed(step, t.Org)
}

// judge says whether an administrator must approve the plan (DIR-09), once all of its steps are counted.
func (t *tally) judge(held string) {
	base := t.standing
	if !t.full() {
		base = t.Population
	}
	base += t.beyond
	g := Guard{Losses: t.losses, Base: max(base, t.Policy.MinBase), MaxLosses: t.Policy.MaxLosses, MaxPercent: t.Policy.MaxLossPercent}
	g.Percent = float64(t.losses*1000/g.Base) / 10
	switch {
	case t.losses*100 > g.Base*g.MaxPercent:
		g.Why = fmt.Sprintf("%d of %d people would be lost, more than %d %%.", t.losses, g.Base, g.MaxPercent)
	case t.losses > g.MaxLosses:
		g.Why = fmt.Sprintf("%d people would be lost, more than %d.", t.losses, g.MaxLosses)
	case held != "":
		g.Why = held
	}
	g.Budgets = t.budgets(t.spent, base)
	for _, f := range g.Budgets {
		if f.Window != InRun && f.Earlier == 0 && g.Why != "" {
			continue // nothing that has not been said
		}
		if why := f.over(); why != "" {
			g.Why = strings.TrimSpace(g.Why + " " + why)
		}
	}
	t.plan.Guard = g
}

// loses reports whether somebody who is not lost yet would be removed or disabled by the step.
func (s *survey) loses(step Step) bool {
	switch {
	case step.Account == "" || !step.Op.Acts():
		return false
	case step.Standing == identity.DirectoryMissing:
		return true
	}
	return (step.Standing == identity.DirectoryBlocked || step.Standing == identity.Deactivate) && s.account(step.Account).Status != identity.Inactive
}
