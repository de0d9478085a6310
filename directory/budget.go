package directory

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

// Spending is something that happens to people and of which there must not be too much, in one run or in many small ones.
type Spending string

// What there are budgets for.
const (
	Removals     Spending = "removals"     // people who are removed
	Disables     Spending = "disables"     // people who are disabled
	EmailChanges Spending = "emailChanges" // people whose address changes to another one
	Blanked      Spending = "blanked"      // people of whom an attribute vanishes
	GroupLosses  Spending = "groupLosses"  // memberships of groups that end
)

// Spendings lists them in the order in which plans tell of them.
var Spendings = []Spending{Removals, Disables, EmailChanges, Blanked, GroupLosses}

// words say a spending in a sentence.
var words = map[Spending]string{Removals: "removals", Disables: "disabled users", EmailChanges: "changed addresses", Blanked: "users who lose an attribute",
	GroupLosses: "memberships of groups that end"}

// Window is the time that a budget is for.
type Window string

// The windows.
const (
	InRun  Window = "run"
	InDay  Window = "day"
	InWeek Window = "week"
)

// span is how long a window is; a run is no time at all.
type span struct {
	name Window
	long time.Duration
	said string
}

// windows are the windows, the shortest first.
var windows = []span{{InRun, 0, "in one run"}, {InDay, identity.Day, "in 24 hours"}, {InWeek, 7 * identity.Day, "in 7 days"}}

// said is how a sentence names a window.
func said(w Window) string {
	return windows[slices.IndexFunc(windows, func(s span) bool { return s.name == w })].said
}

// longestWindow is how far back earlier runs count.
const longestWindow = 7 * identity.Day

// Budget is how many people something may happen to before a plan is held: 0 stands for the default, -1 for no limit. What runs did after an
// approval does not count: somebody looked at it.
type Budget struct {
	Run  int `json:"run,omitempty"`
	Day  int `json:"day,omitempty"`
	Week int `json:"week,omitempty"`
}

// Budgets are a connector's budgets.
//
// By default a day may lose as many people as one run may, of each kind, and a week twice as many; a run is limited by MaxLosses and
// MaxLossPercent for both kinds together. Half of the people may get another address, or lose an attribute, in a run or a
// day, and three quarters in a week. The same goes for the memberships of groups that end; those of a group that is deleted are among them.
type Budgets struct {
	Removals     Budget `json:"removals,omitzero"`
	Disables     Budget `json:"disables,omitzero"`
	EmailChanges Budget `json:"emailChanges,omitzero"`
	Blanked      Budget `json:"blanked,omitzero"`
	GroupLosses  Budget `json:"groupLosses,omitzero"`
}

// at returns the place of one number.
func (b *Budgets) at(what Spending, in Window) *int {
	budget := map[Spending]*Budget{Removals: &b.Removals, Disables: &b.Disables, EmailChanges: &b.EmailChanges, Blanked: &b.Blanked,
		GroupLosses: &b.GroupLosses}[what]
	if budget == nil {
		return nil
	}
	return map[Window]*int{InRun: &budget.Run, InDay: &budget.Day, InWeek: &budget.Week}[in]
}

// Set sets the number with a name such as "removals.day".
func (b *Budgets) Set(name string, n int) error {
	what, in, _ := strings.Cut(name, ".")
	place := b.at(Spending(what), Window(in))
	if place == nil {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%q is no budget; use removals, disables, emailChanges, blanked or groupLosses, with .run, .day or .week",
			name).At("policy.budgets")
	}
	*place = n
	return nil
}

// Each returns every number that is not the default, as "removals.day", in the order in which plans tell of them.
func (b Budgets) Each() (names []string, limits map[string]int) {
	limits = map[string]int{}
	for _, what := range Spendings {
		for _, w := range windows {
			if n := *b.at(what, w.name); n != 0 {
				name := string(what) + "." + string(w.name)
				names, limits[name] = append(names, name), n
			}
		}
	}
	return names, limits
}

func (b Budgets) validate() error {
	names, limits := b.Each()
	for _, name := range names {
		if n := limits[name]; n < -1 || n > 1_000_000 {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the budget %s is %d; use 1 to 1000000, -1 for no limit, or leave it out for the default",
				name, n).At("policy.budgets." + name)
		}
	}
	return nil
}

// limit returns how much of something is allowed in a window to an organization of so many people; false if there is no limit.
func (p Policy) limit(what Spending, in Window, base int) (int, bool) {
	share := func(percent int) int { return base * percent / 100 }
	switch n := *p.Budgets.at(what, in); {
	case n < 0:
		return 0, false
	case n > 0:
		return n, true
	}
	if what == EmailChanges || what == Blanked || what == GroupLosses {
		if in == InWeek {
			return share(75), true
		}
		return share(50), true
	}
	day := min(p.MaxLosses, share(p.MaxLossPercent))
	switch in {
	case InRun:
		return 0, false // the two together have a limit already
	case InDay:
		return day, true
	}
	return 2 * day, true
}

// Past is what an earlier run did, and when.
type Past struct {
	At       time.Time
	Approved bool // somebody allowed it by name
	Spent    map[Spending]int
}

// pastOf says what a stored run did. One that has not ended is as late as it can be.
func pastOf(run identity.Run, r Report, now time.Time) Past {
	p := Past{At: run.FinishedAt, Approved: r.ApprovedBy != "", Spent: r.Spent}
	if p.At.IsZero() {
		p.At = now
	}
	return p
}

// spentSince adds up what runs without an approval did after an instant.
func spentSince(past []Past, since time.Time) map[Spending]int {
	sum := map[Spending]int{}
	for _, p := range past {
		if p.Approved || !p.At.After(since) {
			continue
		}
		for what, n := range p.Spent {
			sum[what] += n
		}
	}
	return sum
}

// spends adds what a step costs.
func (s Step) spends(sum map[Spending]int) {
	if !s.Op.Acts() {
		return
	}
	if s.Ends > 0 {
		sum[GroupLosses] += s.Ends
	}
	if s.Account == "" {
		return
	}
	switch {
	case s.Loses && s.Standing == identity.DirectoryMissing:
		sum[Removals]++
	case s.Loses:
		sum[Disables]++
	}
	if slices.ContainsFunc(s.Changes, func(c Change) bool {
		return c.Attribute == "emails" && c.Before != "" && c.After != "" && !strings.EqualFold(c.Before, c.After)
	}) {
		sum[EmailChanges]++
	}
	if slices.ContainsFunc(s.Changes, func(c Change) bool {
		return c.Before != "" && c.After == "" && c.Attribute != "status" && c.Attribute != "directory.dn"
	}) {
		sum[Blanked]++
	}
}

// BudgetFigure is how much of a budget is used once a plan is applied.
type BudgetFigure struct {
	What    Spending `json:"what"`
	Window  Window   `json:"window"`
	Count   int      `json:"count"`   // by this plan and earlier runs
	Earlier int      `json:"earlier"` // of those, by earlier runs without an approval
	Limit   int      `json:"limit"`
}

// over says why a budget holds a plan; empty if it does not.
func (f BudgetFigure) over() string {
	if f.Count <= f.Limit {
		return ""
	}
	why := fmt.Sprintf("%d %s %s would be more than %d", f.Count, words[f.What], said(f.Window), f.Limit)
	if f.Earlier > 0 {
		why += fmt.Sprintf(" (%d now, and %d by earlier runs that nobody approved)", f.Count-f.Earlier, f.Earlier)
	}
	return why + "."
}

// budgets says how much of every budget that a plan draws on is used, given what its steps spend. base is how many people there are.
func (s *survey) budgets(now map[Spending]int, base int) []BudgetFigure {
	var figures []BudgetFigure
	for _, what := range Spendings {
		if now[what] == 0 {
			continue
		}
		for _, w := range windows {
			var earlier map[Spending]int
			if w.long > 0 {
				earlier = spentSince(s.Past, s.Now.Add(-w.long))
			}
			// Whoever was removed in the window was there when it began.
			of := base + earlier[Removals]
			if what == GroupLosses {
				of = s.Groups.Memberships + earlier[GroupLosses]
			}
			limit, limited := s.Policy.limit(what, w.name, max(of, s.Policy.MinBase))
			if limited {
				figures = append(figures, BudgetFigure{What: what, Window: w.name, Count: now[what] + earlier[what], Earlier: earlier[what], Limit: limit})
			}
		}
	}
	return figures
}
