package directory

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"rollcall/identity"
)

// Compute plans what to do so that the accounts are what the directory says. It is a pure function: the same input, in any
// order, gives the same plan.
//
// Losses come first, then gains in the order in which addresses become free: a rename frees an address for another entry of
// the same plan. A removal does not, because the removed account keeps its address for 7 days (EML-04).
func Compute(in Input) Plan {
	var steps []Step
	p := surveyOf(in).plan(func(step Step) { steps = append(steps, step) })
	p.Steps = append(p.Steps, steps...)
	return p
}

// plan makes the plan and gives its steps, in order, to put. The plan that it returns has none.
func (s *survey) plan(put func(Step)) Plan {
	p, people, held := s.planPeople()
	return s.complete(p, people, held, put)
}

// complete adds the steps of groups to those of people, and the guard's judgement. held says why an administrator must look first.
func (s *survey) complete(p Plan, people iter.Seq[Step], held string, put func(Step)) Plan {
	t := newTally(s, &p)
	if p.Refused != "" {
		t.judge("")
		return p
	}
	groups := newGrouping(s)
	take := func(step Step) {
		step.Was = s.former(step)
		put(t.take(step))
	}
	for step := range people {
		groups.observe(step)
		take(step)
	}
	steps, hold := groups.plan()
	for _, step := range steps {
		take(step)
	}
	p.Figures.Groups, p.Figures.StrayMembers = len(s.Snapshot.Groups), s.strayMembers
	t.judge(strings.TrimSpace(held + " " + hold))
	return p
}

// nobody is the steps of people of whom nothing is planned.
func nobody(func(Step) bool) {}

// planPeople plans everything about people. The steps can be gone through once.
func (s *survey) planPeople() (p Plan, people iter.Seq[Step], held string) {
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
		return p, nobody, ""
	}
	p.NoLosses = s.noLosses
	g := newGains(s)
	g.findManagers()
	p.Figures.BadPhotos = int(s.badPhotos.Load())
	p.Figures.StrayManagers, p.Figures.Unchanged = int(s.strays.Load()), s.unchanged
	losses, idle, held := s.losses(g.recovered)
	var purges []Step
	for _, step := range s.purges {
		if step.Op.Acts() {
			purges = append(purges, step)
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
	return p, func(yield func(Step) bool) {
		for _, part := range []iter.Seq[Step]{slices.Values(purges), slices.Values(losses), gains, slices.Values(idle)} {
			for step := range part {
				if !yield(step) {
					return
				}
			}
		}
	}, held
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
	i, _ := s.Accounts.find(id)
	return s.Accounts.At(i)
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
		step, hold := s.loss(s.Accounts.At(i))
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
	for i := range s.Accounts.Len() {
		if s.Accounts.glance(i).Linked || matched[i] {
			continue
		}
		a := s.Accounts.At(i)
		if a.Shadow || a.InactiveReason.GoneFromDirectory() {
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
			step.Changes = []Change{{Attribute: "status", Before: standing(a), After: inactive(identity.DirectoryDeleted)}}
			step.Evidence = &Evidence{Finding: Absent, Detail: "No entry of the complete reading has one of the user's addresses."}
			losses = append(losses, step)
			continue
		}
		idle = append(idle, step)
	}
	return losses, idle
}
