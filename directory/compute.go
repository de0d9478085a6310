package directory

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"rollcall/identity"
)

// Compute plans what to do so that the accounts are what the directory says. It is a pure function: the same input, in any
// order, gives the same plan.
//
// Losses come first, then gains in the order in which addresses become free: a rename frees an address for another entry of
// the same plan. A removal does not, because the removed account keeps its address for 7 days (EML-04).
func Compute(in Input) Plan { return surveyOf(in).plan() }

func (s *survey) plan() Plan {
	p, held := s.planPeople()
	return s.planGroups(p, held)
}

// planGroups completes a plan with the steps of groups and the guard's judgement. held says why an administrator must look first.
func (s *survey) planGroups(p Plan, held string) Plan {
	if p.Refused != "" {
		s.guardLosses(&p, "")
		return p
	}
	steps, hold := s.groupSteps(p.Steps)
	p.Steps = append(p.Steps, steps...)
	p.Figures.Groups, p.Figures.StrayMembers = len(s.Snapshot.Groups), s.strayMembers
	for i, step := range p.Steps {
		p.Steps[i].Was = s.former(step)
		p.Figures.Ops[step.Op]++
		if step.Claimed {
			p.Figures.ClaimedUnknown++
		}
	}
	s.guardLosses(&p, strings.TrimSpace(held+" "+hold))
	p.review(s.Org)
	return p
}

// planPeople plans everything about people.
func (s *survey) planPeople() (p Plan, held string) {
	p = Plan{
		Connector: s.Connector.ID, ConnectorName: s.Connector.Name, Steps: []Step{},
		Reading: Reading{Server: s.Snapshot.Server, InvocationID: s.Snapshot.InvocationID, HighestUSN: s.Snapshot.HighestUSN,
			ReadAt: s.Snapshot.ReadAt, Count: len(s.Snapshot.Entries), Complete: s.Snapshot.Complete, Gaps: s.Snapshot.Gaps, Kind: ReadFull,
			Why: s.Why, Cursor: s.Snapshot.Cursor},
		Figures: Figures{Ops: map[Op]int{}, Unchanged: s.unchanged, Linked: len(s.linked), Missing: len(s.missing)},
	}
	if !s.full() {
		p.Reading.Kind, p.Figures.Linked = ReadChanges, s.Population
	}
	if s.refused == "" {
		s.guardDrops()
	}
	if p.Refused = s.refused; p.Refused != "" {
		return p, ""
	}
	p.NoLosses = s.noLosses
	g := newGains(s)
	g.findManagers()
	p.Figures.BadPhotos = int(s.badPhotos.Load())
	p.Figures.StrayManagers, p.Figures.Unchanged = int(s.strays.Load()), s.unchanged
	losses, idle, held := s.losses(g.recovered)
	for _, step := range s.purges {
		if step.Op.Acts() {
			p.Steps = append(p.Steps, step)
		} else {
			idle = append(idle, step)
		}
	}
	gains, unable := g.steps()
	idle = append(idle, unable...)
	if !s.full() {
		p.Reading.Waiting, idle = s.stillWaiting(idle)
	} else {
		mismatchLosses, mismatched := s.mismatched(g.matched)
		p.Figures.Mismatched = len(mismatchLosses) + len(mismatched)
		losses = append(losses, mismatchLosses...)
		idle = append(idle, mismatched...)
	}

	byName := func(list []Step) {
		slices.SortFunc(list, func(a, b Step) int {
			return cmp.Or(cmp.Compare(rank(a.Op), rank(b.Op)), cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Account, b.Account))
		})
	}
	byName(losses)
	byName(idle)
	p.Steps = append(p.Steps, slices.Concat(losses, gains, idle)...)
	return p, held
}

// stillWaiting takes out of the steps those of entries about which nothing is new: earlier plans said what they wait for.
func (s *survey) stillWaiting(idle []Step) (waiting []identity.ObjectID, rest []Step) {
	for id, waits := range s.Waiting {
		if waits && !s.Changed[id] {
			waiting = append(waiting, id)
		}
	}
	for _, step := range idle {
		if step.Unsettled && s.Waiting[step.Object] {
			waiting = append(waiting, step.Object)
		} else {
			rest = append(rest, step)
		}
	}
	slices.Sort(waiting)
	return waiting, rest
}

func rank(op Op) int { return slices.Index(Ops, op) }

func (s *survey) account(id identity.AccountID) identity.Account {
	i := sort.Search(len(s.Accounts), func(i int) bool { return s.Accounts[i].ID >= id })
	return s.Accounts[i]
}

// losses plans what becomes of the accounts whose entry is missing, given those that another entry takes over.
func (s *survey) losses(recovered map[int]bool) (steps, idle []Step, held string) {
	for _, i := range s.missing {
		if s.noLosses != "" {
			break // the plan says so once, for all of them
		}
		if recovered[i] {
			continue
		}
		step, hold := s.loss(s.Accounts[i])
		if hold {
			held = "People left the synchronized part of the directory, and the connector's policy asks an administrator first."
		}
		if step.Op.Acts() {
			steps = append(steps, step)
		} else {
			idle = append(idle, step)
		}
	}
	return steps, idle, held
}

func (s *survey) loss(a identity.Account) (step Step, hold bool) {
	step = Step{Op: OpSkip, Account: a.ID, Version: a.Version, Object: a.Directory.Object, DN: a.Directory.DN, UserName: a.UserName}
	f, ok := s.Findings[a.Directory.Object]
	if !ok {
		f = Finding{Kind: Unknown, Detail: "The entry was not looked up."}
	}
	step.Evidence = &Evidence{Finding: f.Kind, DN: f.DN, Detail: f.Detail}
	remove := func(loss identity.InactiveReason, reason string) {
		step.Op, step.Standing, step.Loss, step.Reason = OpRemove, identity.DirectoryMissing, loss, reason
		step.Changes = []Change{{Attribute: "status", Before: standing(a), After: inactive(loss)}}
	}
	switch {
	case a.Status == identity.DeferredClaim:
		step.Code, step.Reason, step.Unsettled = RuleClaimUndecided, reasonClaimUndecided, true
	case f.Kind == Tombstone:
		remove(identity.DirectoryDeleted, reasonTombstone)
	case f.Kind == Absent:
		remove(identity.DirectoryDeleted, reasonAbsent)
	case f.Kind == OutOfScope && s.Policy.OutOfScope == ScopeRetain:
		step.Code, step.Reason = RuleRetained, reasonOutOfScopeRetained
	case f.Kind == OutOfScope:
		remove(identity.DirectoryOutOfScope, reasonOutOfScope)
		if f.DN != "" {
			step.DN = f.DN
		}
		return step, s.Policy.OutOfScope == ScopeHold
	default:
		step.Code, step.Reason, step.Unsettled = RuleLossUnproven, reasonUnknown, true
	}
	return step, false
}

// mismatched plans what becomes of the accounts that no entry matches and no connector knows (DIR-04).
func (s *survey) mismatched(matched map[int]bool) (losses, idle []Step) {
	unsynced := slices.ContainsFunc(s.Others, func(c identity.Connector) bool { return c.LastGoodAt.IsZero() })
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if a.Directory != nil || matched[i] || a.Shadow || a.InactiveReason.GoneFromDirectory() {
			continue
		}
		step := Step{Op: OpSkip, Account: a.ID, Version: a.Version, UserName: a.UserName, Code: RuleMismatched,
			Claimed: a.Source == identity.SourceClaim || a.Status == identity.DeferredClaim}
		if step.Claimed {
			step.Notes = []string{noteClaimed}
		}
		switch {
		case a.Status == identity.DeferredClaim:
			step.Code, step.Reason = RuleClaimUndecided, reasonClaimAbsent
		case s.Policy.Mismatched == MismatchRetain:
			step.Reason = reasonMismatchRetained
		case unsynced:
			step.Reason = reasonMismatchOthers
		case s.noLosses != "":
			step.Reason = reasonMismatchNoLosses
		default:
			step.Op, step.Standing, step.Loss = OpRemove, identity.DirectoryMissing, identity.DirectoryDeleted
			step.Reason = reasonMismatchDeleted
			step.Changes = []Change{{Attribute: "status", Before: standing(*a), After: inactive(identity.DirectoryDeleted)}}
			step.Evidence = &Evidence{Finding: Absent, Detail: "No entry of the complete reading has one of the user's addresses."}
			losses = append(losses, step)
			continue
		}
		idle = append(idle, step)
	}
	return losses, idle
}
