package directory

import (
	"cmp"
	"slices"

	"rollcall/identity"
)

// Former is what an account was before a step.
type Former struct {
	Draft  *Draft                  `json:"draft,omitempty"`  // nil: the step writes no attributes, or the plan says it elsewhere
	Reason identity.InactiveReason `json:"reason,omitempty"` // why it was inactive; empty: it was not
	Link   *identity.DirectoryLink `json:"link,omitempty"`   // nil: no connector knew it
}

// former notes what the account of a step is now.
func (s *survey) former(step Step) *Former {
	if step.Account == "" || !step.Op.Acts() || step.Op == OpPurge {
		return nil
	}
	a := s.account(step.Account)
	was := &Former{Reason: a.InactiveReason, Link: a.Directory}
	if step.Draft != nil {
		was.Draft = stored(a.Draft())
	}
	return was
}

// undoing is everything that a plan to take back a run is made from: its Accounts are those of the run's steps.
type undoing struct {
	Input
	run       identity.Run
	plan      Plan
	report    Report
	holders   map[need]identity.AccountID // who has what is wanted back, by need
	reversals []*reversal
	teams     []Step // of groups, that the run applied
	teamSteps []Step // that take them back
	within    []Step // that put groups back into others, once all are there
	byAccount map[identity.AccountID]*reversal
	idle      []Step
}

// reversal is a step of the run that can be taken back, as far as its account is concerned.
type reversal struct {
	of      Step
	account identity.Account
	draft   identity.Draft // what the account shall say again
	late    []Change       // what a later step of the run did to the same account
	needs   []need         // what it has to get back for that
	gives   map[need]bool
	kept    string // why the attributes stay as they are
}

// computed is the plan, once it is known who has what is wanted back.
func (u *undoing) computed() Plan {
	p := Plan{Connector: u.Connector.ID, ConnectorName: u.Connector.Name, Steps: []Step{}, Figures: Figures{Ops: map[Op]int{}, Linked: u.Population},
		Reading: Reading{Kind: ReadUndo, ReadAt: u.Now, Undoes: &Undone{Run: u.run.ID, Plan: u.run.Plan, At: u.run.FinishedAt, Caution: u.caution()}}}
	u.settle()
	group := 0
	for _, members := range u.order() {
		if len(members) > 1 {
			group++
		}
		for _, r := range members {
			step := r.step()
			if len(members) > 1 {
				step.Exchange = group
			}
			if !step.Op.Acts() {
				u.idle = append(u.idle, step)
				continue
			}
			p.Steps = append(p.Steps, step)
		}
	}
	slices.SortStableFunc(u.idle, func(a, b Step) int {
		return cmp.Or(cmp.Compare(rank(a.Op), rank(b.Op)), cmp.Compare(a.UserName, b.UserName))
	})
	p.Steps = slices.Concat(p.Steps, u.idle, u.teamSteps)
	t := newTally(surveyOf(u.Input), &p)
	for i, step := range p.Steps {
		p.Steps[i] = t.take(step)
	}
	t.judge("")
	return p
}

// look finds the steps that can be taken back, and says why the others cannot.
func (u *undoing) look() {
	late := map[identity.ObjectID][]Change{}
	for _, step := range u.plan.Steps {
		if step.Manager != "" && step.Draft == nil {
			late[step.Object] = append(late[step.Object], step.Changes...)
		}
	}
	byID, byObject := map[identity.AccountID]identity.Account{}, map[identity.ObjectID]identity.Account{}
	for _, a := range u.Accounts.All() {
		byID[a.ID] = a
		if a.Directory != nil && a.Directory.Connector == u.Connector.ID {
			byObject[a.Directory.Object] = a
		}
	}
	done := u.done()
	for i, step := range u.plan.Steps[:min(u.run.NextStep, len(u.plan.Steps))] {
		if !step.Op.Acts() || !done(i, step) || step.Manager != "" && step.Draft == nil {
			continue
		}
		if step.Op.OfGroup() {
			u.teams = append(u.teams, step)
			continue
		}
		a, there := byID[step.Account]
		if step.Op == OpCreate {
			a, there = byObject[step.Object]
		}
		if !there {
			u.rest(step, identity.Account{}, identity.RuleUnknownAccount, reasonUndoGone)
			continue
		}
		if step.onlyPhoto() {
			u.rest(step, a, RuleNotUndoable, reasonUndoPhoto)
			continue
		}
		if code, reason := u.obstacle(step, a, late[step.Object]); reason != "" {
			u.rest(step, a, code, reason)
			continue
		}
		r := u.reversal(step, a, late[step.Object])
		u.reversals = append(u.reversals, r)
		u.byAccount[a.ID] = r
	}
}

// done says which steps the run applied. A report names so many of those that failed and no more; of the others it has the entries.
func (u *undoing) done() func(i int, step Step) bool {
	failed, again := map[int]bool{}, map[identity.ObjectID]bool{}
	for _, item := range u.report.Items {
		failed[item.Step] = true
	}
	if u.report.Further > 0 {
		for _, object := range u.report.Again {
			again[object] = true
		}
	}
	return func(i int, step Step) bool { return !failed[i] && !again[step.Object] }
}

func (u *undoing) rest(step Step, a identity.Account, code identity.Rule, reason string) {
	u.idle = append(u.idle, Step{Op: OpSkip, Account: cmp.Or(a.ID, step.Account), Version: a.Version, Object: step.Object, DN: step.DN,
		UserName: cmp.Or(a.UserName, step.UserName), Code: code, Reason: reason})
}

// obstacle says why a step cannot be taken back; nothing if its account is as the run left it.
func (u *undoing) obstacle(step Step, a identity.Account, late []Change) (identity.Rule, string) {
	left := leaves(step)
	settled := left == "" || !a.StatusAt.After(u.run.FinishedAt) // whoever is not inactive may have signed in since
	switch {
	case a.Shadow || a.Status == identity.DeferredClaim:
		return RuleClaimUndecided, reasonUndoClaimed
	case step.Op != OpCreate && step.Was == nil:
		return RuleNotUndoable, reasonUndoUnknown
	case step.Op == OpCreate && (a.CreatedAt.Before(u.run.StartedAt) || a.CreatedAt.After(u.run.FinishedAt)):
		return RuleAccountMovedOn, reasonUndoMadeAnew
	case a.InactiveReason != left:
		return RuleAccountMovedOn, undoOtherStatus(standing(a))
	case !settled && (step.Was == nil || step.Was.Reason != left):
		return RuleAccountMovedOn, reasonUndoLostAgain
	case step.Object != "" && (a.Directory == nil || *a.Directory != identity.DirectoryLink{Connector: u.Connector.ID, Object: step.Object, DN: step.DN}):
		return RuleAccountMovedOn, reasonUndoMoved
	case step.Draft != nil && !saysStill(*step.Draft, a.Draft(), step.Manager != "" || len(late) > 0):
		return RuleAccountMovedOn, reasonUndoChanged
	case step.Was != nil && step.Was.still(a):
		return RuleAccountMovedOn, reasonUndoAsBefore
	}
	return "", ""
}

// still reports whether the account is what it was.
func (f *Former) still(a identity.Account) bool {
	return f.Reason == a.InactiveReason && sameEntry(f.Link, a.Directory) && (f.Draft == nil || saysStill(*f.Draft, a.Draft(), false))
}

// leaves is why an account is inactive after a step; empty if it is not.
func leaves(step Step) identity.InactiveReason {
	switch step.Standing {
	case identity.DirectoryMissing:
		return step.Loss
	case identity.DirectoryBlocked:
		return identity.DirectoryDisabled
	}
	return ""
}

// saysStill reports whether an account says what a step wrote. Who the manager is, a step may not have known.
func saysStill(wrote Draft, now identity.Draft, butManager bool) bool {
	if wrote.UserName != now.UserName || wrote.ExternalID != now.ExternalID || !slices.Equal(wrote.Emails, now.Emails) {
		return false
	}
	return wrote.Profile == now.Profile || butManager && withoutManager(wrote.Profile) == withoutManager(now.Profile)
}

func withoutManager(p identity.Profile) identity.Profile {
	without, _, err := overlay(p, []string{ManagerPath}, texts{})
	if err != nil {
		return p // it differs from what it is compared with, so that nothing is taken back
	}
	return without
}

func (u *undoing) reversal(step Step, a identity.Account, late []Change) *reversal {
	r := &reversal{of: step, account: a, draft: a.Draft(), late: late}
	if step.Was != nil && step.Was.Draft != nil {
		r.draft = step.Was.Draft.identity()
	}
	has, needed := u.needsOf(a.Draft()), u.needsOf(r.draft)
	r.gives = map[need]bool{}
	for _, n := range has {
		r.gives[n] = !slices.Contains(needed, n)
	}
	r.needs = slices.DeleteFunc(needed, func(n need) bool { return slices.Contains(has, n) })
	return r
}

func (u *undoing) needsOf(d identity.Draft) []need {
	holds, err := d.Holds(func(domain string) bool { return u.Verified[domain] }, u.EmailPolicy)
	if err != nil {
		holds = nil // it was accepted under another policy; the store judges it when it is written
	}
	return needs(d.UserName, holds)
}

// wanted lists what accounts have to get back.
func (u *undoing) wanted() (list []need) {
	for _, r := range u.reversals {
		list = append(list, r.needs...)
	}
	return list
}

// settle finds the greatest set of accounts that can all have back what they had: it is free, or its holder gives it up for the same reason.
func (u *undoing) settle() {
	for changed := true; changed; {
		changed = false
		for _, r := range u.reversals {
			for _, n := range r.needs {
				giver := u.giver(n)
				if r.kept == "" && u.holders[n] != "" && (giver == nil || giver.kept != "") {
					r.kept, changed = undoTaken(n), true
				}
			}
		}
	}
}

// giver is the reversal that makes free what another one needs; nil if there is none.
func (u *undoing) giver(n need) *reversal {
	if r := u.byAccount[u.holders[n]]; r != nil && r.gives[n] {
		return r
	}
	return nil
}

// order returns the reversals in groups, as [gains.order] does.
func (u *undoing) order() [][]*reversal {
	slices.SortFunc(u.reversals, func(a, b *reversal) int {
		return cmp.Or(cmp.Compare(rank(a.op()), rank(b.op())), cmp.Compare(a.account.UserName, b.account.UserName), cmp.Compare(a.account.ID, b.account.ID))
	})
	return components(u.reversals, func(r *reversal) []*reversal {
		if r.kept != "" {
			return nil
		}
		var after []*reversal
		for _, n := range r.needs {
			if giver := u.giver(n); giver != nil {
				after = append(after, giver)
			}
		}
		return after
	})
}
