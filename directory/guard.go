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
		if v.problem != "" && len(v.entry.Emails) == 0 && s.Accounts[v.account].PrimaryEmail() != "" {
			dropped["emails"]++
		}
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

// guardLosses counts the losses of a plan and says whether an administrator must approve it (DIR-09).
func (s *survey) guardLosses(p *Plan, held string) {
	base := 0
	for _, i := range s.linked {
		if !s.Accounts[i].InactiveReason.GoneFromDirectory() {
			base++
		}
	}
	if !s.full() {
		base = s.Population
	}
	losses := 0
	for i, step := range p.Steps {
		if s.loses(step) {
			p.Steps[i].Loses = true
			losses++
			if step.Object == "" {
				base++ // somebody whom no entry matches is not among the linked
			}
		}
	}
	g := Guard{Losses: losses, Base: max(base, s.Policy.MinBase), MaxLosses: s.Policy.MaxLosses, MaxPercent: s.Policy.MaxLossPercent}
	g.Percent = float64(losses*1000/g.Base) / 10
	switch {
	case losses*100 > g.Base*g.MaxPercent:
		g.Why = fmt.Sprintf("%d of %d people would be lost, more than %d %%.", losses, g.Base, g.MaxPercent)
	case losses > g.MaxLosses:
		g.Why = fmt.Sprintf("%d people would be lost, more than %d.", losses, g.MaxLosses)
	case held != "":
		g.Why = held
	}
	g.Budgets = s.budgets(p.Steps, base)
	for _, f := range g.Budgets {
		if f.Window != InRun && f.Earlier == 0 && g.Why != "" {
			continue // nothing that has not been said
		}
		if why := f.over(); why != "" {
			g.Why = strings.TrimSpace(g.Why + " " + why)
		}
	}
	p.Guard = g
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
