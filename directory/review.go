package directory

import (
	"bufio"
	"fmt"
	"time"

	"rollcall/identity"
)

// Mover is who can settle what a plan leaves open.
type Mover string

// The movers.
const (
	MoveDirectory    Mover = "directory"    // whoever administers the directory
	MoveRollcall     Mover = "rollcall"     // whoever administers the organization here
	MoveOrganization Mover = "organization" // the other organization
	MoveNobody       Mover = "nobody"       // it passes by itself
)

var moves = map[Mover]string{
	MoveDirectory:    "the directory's administrator",
	MoveRollcall:     "an administrator of the organization here",
	MoveOrganization: "the other organization",
	MoveNobody:       "nobody's; it passes by itself, or stays so on purpose",
}

// movers are whose move it is, by the code of a step. Where a code is not in it, an entry says something that cannot be used, and whoever
// administers the directory can change that.
var movers = map[identity.Rule]Mover{
	RuleNotConverted:               MoveRollcall, // a claim
	RuleMismatched:                 MoveRollcall,
	identity.RuleDomainNotVerified: MoveRollcall,
	RuleNotUndoable:                MoveRollcall,
	identity.RuleDomainClaimed:     MoveOrganization,
	identity.RuleUserOwnsTrialOrg:  MoveOrganization,
	identity.RuleEmailHeld:         MoveNobody,
	RuleClaimUndecided:             MoveNobody,
	RuleRetained:                   MoveNobody,
	RuleNotPurged:                  MoveNobody,
	RuleAccountMovedOn:             MoveNobody,
	identity.RuleUnknownAccount:    MoveNobody,
}

// moverOf says whose move a step is; nobody's if it acts.
func moverOf(s Step) Mover {
	switch m, ok := movers[s.Code]; {
	case s.Op.Acts():
		return ""
	case ok:
		return m
	}
	return MoveDirectory
}

// EmailChange is one person's address on its way from before to after.
type EmailChange struct {
	UserName string             `json:"userName"`
	Account  identity.AccountID `json:"account"`
	Before   string             `json:"before,omitempty"`
	After    string             `json:"after,omitempty"`
}

// reviewed adds to a step what somebody wants to know who reads a plan before it is applied: whose move it is where nothing can be done, and
// when those are deleted for good who become inactive. The plan gets their number, and a list of whose address changes.
func (p *Plan) reviewed(s Step, o identity.Organization) Step {
	s.Move = moverOf(s)
	if !s.Op.Acts() {
		return s
	}
	s.PurgeAt, s.Then = p.fate(s, o)
	p.Fates.add(s)
	for _, c := range s.Changes {
		if c.Attribute == "emails" && s.Op != OpCreate {
			p.EmailChanges = append(p.EmailChanges, EmailChange{UserName: s.UserName, Account: s.Account, Before: c.Before, After: c.After})
		}
	}
	return s
}

// fate says what becomes of somebody whom a step makes inactive, and when, if the plan is applied as soon as it is made.
func (p *Plan) fate(s Step, o identity.Organization) (at time.Time, then string) {
	reason := leaves(s)
	if s.Back != nil {
		reason = s.Back.Reason
	}
	switch {
	case s.Op == OpPurge || reason == "":
		return time.Time{}, ""
	case reason == identity.DirectoryDisabled:
		return time.Time{}, "Kept for as long as the entry is disabled."
	}
	days, _ := o.Retention(reason)
	at = p.Reading.ReadAt.Add(time.Duration(days) * identity.Day)
	return at, fmt.Sprintf("Deleted for good %d days after this is applied, so not before %s.", days, at.UTC().Format(time.DateOnly))
}

// Fates is what the steps of a plan lead to in the end, if it is applied as soon as it is made.
type Fates struct {
	Kept    int       `json:"kept,omitempty"`    // for as long as their entry is disabled
	Deleted int       `json:"deleted,omitempty"` // unless they are back by then
	First   time.Time `json:"first,omitzero"`    // when the first of them is
}

func (f *Fates) add(s Step) {
	switch {
	case s.Then == "":
	case s.PurgeAt.IsZero():
		f.Kept++
	default:
		f.Deleted++
		if f.First.IsZero() || s.PurgeAt.Before(f.First) {
			f.First = s.PurgeAt
		}
	}
}

// printFates says in short what the steps lead to in the end.
func (p Plan) printFates(b *bufio.Writer) {
	f := p.Fates
	if p.kept == nil { // whoever got the plan by way of steps has it of them
		f = Fates{}
		for _, step := range p.Steps {
			f.add(step)
		}
	}
	if f.Deleted > 0 {
		fmt.Fprintf(b, "Later: users who are deleted for good unless they are back by then: %d, the first not before %s.\n", f.Deleted, f.First.UTC().Format(time.DateOnly))
	}
	if f.Kept > 0 {
		fmt.Fprintf(b, "Later: users who are kept for as long as their entry is disabled: %d.\n", f.Kept)
	}
	if n := p.Figures.Ops[OpPurge]; n > 0 {
		fmt.Fprintf(b, "At once: users who are deleted for good when this is applied: %d.\n", n)
	}
}

// printEmailChanges names everybody whose address changes, apart from everything else: by the address people sign in and are found.
func (p Plan) printEmailChanges(b *bufio.Writer) {
	if len(p.EmailChanges) == 0 {
		return
	}
	fmt.Fprintf(b, "\nAddresses that change (%d)\n", len(p.EmailChanges))
	for _, c := range p.EmailChanges {
		fmt.Fprintf(b, "  %s: %s -> %s\n", orNone(printable(c.UserName)), shown(c.Before), shown(c.After))
	}
}

// print writes how much of a budget the plan uses.
func (f BudgetFigure) print(b *bufio.Writer) {
	fmt.Fprintf(b, "  %d of %d %s %s", f.Count, f.Limit, words[f.What], said(f.Window))
	if f.Earlier > 0 {
		fmt.Fprintf(b, ", %d of them by earlier runs", f.Earlier)
	}
	fmt.Fprintln(b)
}
