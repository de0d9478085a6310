package directory

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"rollcall/identity"
)

// Print writes the plan for people: what it comes to, the guard's figures, then every step with its reason and evidence.
// Text of the directory is shown without control characters.
func (p Plan) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	p.Summary().print(b)
	if !p.DroppedAt.IsZero() {
		fmt.Fprintf(b, "The steps are not kept any more since %s: those of an applied plan are kept for %d days, others for %d.\n",
			at(p.DroppedAt), identity.AppliedPlanDays, identity.OtherPlanDays)
		return b.Flush()
	}
	p.printFates(b)
	p.printEmailChanges(b)
	if err := p.printClaimed(b); err != nil {
		return err
	}
	for _, op := range Ops {
		n := p.Figures.Ops[op]
		if n == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s (%d)\n", titles[op], n)
		err := p.each(op, func(step Step) error {
			step.print(b)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return b.Flush()
}

// printClaimed names the users who were claimed and whom the directory does not know, apart from everybody else: whoever reads a plan after
// a claim looks for them.
func (p Plan) printClaimed(b *bufio.Writer) error {
	if p.Figures.ClaimedUnknown == 0 {
		return nil
	}
	fmt.Fprintf(b, "\nClaimed users whom the directory does not know (%d)\n", p.Figures.ClaimedUnknown)
	return p.Each(func(step Step) error {
		if step.Claimed {
			fmt.Fprintf(b, "  %s: %s\n", orNone(printable(step.UserName)), step.fate())
		}
		return nil
	})
}

// fate says in short what becomes of a claimed user whom no entry matches.
func (s Step) fate() string {
	switch {
	case s.Op == OpRemove:
		return "REMOVED: inactive, and deleted 7 days later"
	case s.Code == RuleClaimUndecided:
		return "left alone until the user has decided about the old account"
	}
	return "stays as before"
}

// Print writes what was read for people.
func (r Reading) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	r.print(b)
	return b.Flush()
}

// Print writes the figures of a plan for people.
func (s Summary) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	s.print(b)
	return b.Flush()
}

var titles = map[Op]string{
	OpPurge: "Purge: deleted for good, at once", OpRemove: "Remove", OpDisable: "Disable", OpRestore: "Restore", OpEnable: "Enable", OpCreate: "Create", OpAdopt: "Adopt",
	OpRename: "Rename", OpUpdate: "Update", OpUntie: "Untie from the directory", OpConflict: "Conflict: somebody has to decide", OpSkip: "Skip: left as it is",
	OpGroupCreate: "New groups", OpGroupUpdate: "Groups that change", OpGroupDelete: "Groups that go", OpGroupRelease: "Groups that are yours from now on",
	OpGroupSkip: "Groups left as they are",
}

func (r Reading) print(b *bufio.Writer) {
	if u := r.Undoes; u != nil {
		fmt.Fprintf(b, "UNDO of the run %s of %s. %s\n", u.Run, at(u.At), u.Caution)
		return
	}
	what := "entries"
	if r.Kind == ReadChanges {
		what = "changed entries"
	}
	if r.Why != "" {
		fmt.Fprintf(b, "Everything was read, though changes were asked for. %s\n", printable(r.Why))
	}
	fmt.Fprintf(b, "Read %d %s from %s at %s", r.Count, what, orNone(printable(r.Server)), r.ReadAt.UTC().Format(time.DateTime+" MST"))
	if r.Complete {
		fmt.Fprint(b, ", proven complete.\n")
	} else {
		fmt.Fprint(b, ", not proven complete:\n")
		for _, gap := range r.Gaps {
			fmt.Fprintf(b, "  - %s\n", printable(gap))
		}
	}
}

func (s Summary) print(b *bufio.Writer) {
	s.Reading.print(b)
	if s.Refused != "" {
		fmt.Fprintf(b, "REFUSED, nothing will change: %s\n", printable(s.Refused))
		return
	}
	var parts []string
	for _, op := range Ops {
		if n := s.Figures.Ops[op]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, verbs[op]))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing to do")
	}
	fmt.Fprintf(b, "Plan: %s; %d unchanged.\n", strings.Join(parts, ", "), s.Figures.Unchanged)
	if n := s.Figures.ClaimedUnknown; n > 0 {
		fmt.Fprintf(b, "CLAIMED, NOT IN THE DIRECTORY: %d\n", n)
	}
	if n := s.Figures.StrayManagers; n > 0 {
		fmt.Fprintf(b, "Managers: %d people have a manager who is not synchronized, and none here.\n", n)
	}
	fmt.Fprint(b, s.Figures.photos())
	if n := s.Figures.StrayMembers; n > 0 {
		fmt.Fprintf(b, "Groups: memberships of somebody who is not synchronized, which are not made here: %d.\n", n)
	}
	g := s.Guard
	fmt.Fprintf(b, "Guard: %d of %d people would be lost (%.1f %%); more than %d %% or more than %d need an approval.\n",
		g.Losses, g.Base, g.Percent, g.MaxPercent, g.MaxLosses)
	for _, f := range g.Budgets {
		f.print(b)
	}
	if g.Why != "" {
		fmt.Fprintf(b, "HELD until an administrator approves this plan: %s\n", g.Why)
	}
	if s.NoLosses != "" {
		fmt.Fprintf(b, "NO LOSSES PLANNED: %s\n", printable(s.NoLosses))
		if s.Figures.Missing > 0 {
			fmt.Fprintf(b, "  %d users whose entry was not read stay as before.\n", s.Figures.Missing)
		}
	}
}

var verbs = map[Op]string{
	OpPurge: "purge", OpRemove: "remove", OpDisable: "disable", OpRestore: "restore", OpEnable: "enable", OpCreate: "create", OpAdopt: "adopt",
	OpRename: "rename", OpUpdate: "update", OpUntie: "untie", OpConflict: "settle by hand", OpSkip: "leave alone",
	OpGroupCreate: "create as groups", OpGroupUpdate: "change as groups", OpGroupDelete: "delete as groups", OpGroupRelease: "release as groups",
	OpGroupSkip: "leave alone as groups",
}

func (s Step) print(b *bufio.Writer) {
	fmt.Fprintf(b, "  %s", orNone(printable(s.title())))
	if s.DN != "" {
		fmt.Fprintf(b, "   %s", printable(s.DN))
	}
	fmt.Fprintln(b)
	if s.Op != OpCreate && s.Op != OpGroupCreate {
		for _, c := range s.Changes {
			fmt.Fprintf(b, "      %s: %s -> %s\n", c.Attribute, shown(c.Before), shown(c.After))
		}
	} else if len(s.Changes) > 0 {
		values := make([]string, len(s.Changes))
		for i, c := range s.Changes {
			values[i] = c.Attribute + "=" + shown(c.After)
		}
		fmt.Fprintf(b, "      %s\n", strings.Join(values, ", "))
	}
	if s.Code != "" && !s.Op.Acts() {
		fmt.Fprintf(b, "      Code: %s\n", s.Code)
	}
	fmt.Fprintf(b, "      Why: %s\n", printable(s.Reason))
	if s.Move != "" {
		fmt.Fprintf(b, "      Whose move: %s.\n", moves[s.Move])
	}
	if s.Then != "" {
		fmt.Fprintf(b, "      Then: %s\n", s.Then)
	}
	for _, note := range s.Notes {
		fmt.Fprintf(b, "      Note: %s\n", printable(note))
	}
	if s.Exchange > 0 {
		fmt.Fprintf(b, "      Exchange %d: applied together with the other steps of this exchange, or not at all.\n", s.Exchange)
	}
	if e := s.Evidence; e != nil && (s.Loses || e.Finding != Present) {
		fmt.Fprintf(b, "      Evidence: %s", strings.ReplaceAll(string(e.Finding), "_", " "))
		if e.DN != "" {
			fmt.Fprintf(b, ", %s", printable(e.DN))
		}
		if e.Detail != "" {
			fmt.Fprintf(b, ". %s", printable(e.Detail))
		}
		fmt.Fprintln(b)
	}
}

func shown(value string) string {
	const most = 200
	if value == "" {
		return "(none)"
	}
	value = printable(value)
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return value
}

// printable keeps a directory's text from steering the terminal it is shown on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 {
			return '·'
		}
		return r
	}, text)
}
