package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"rollcall/identity"
)

// maxItems is how many items a report names; the rest is counted.
const maxItems = 1000

// Report is what a run has done so far.
type Report struct {
	Run     identity.RunID    `json:"run"`
	Plan    identity.PlanID   `json:"plan"`
	State   identity.RunState `json:"state"`
	Done    int               `json:"done"`  // steps of the plan that were gone through
	Total   int               `json:"total"` // steps of the plan
	Applied map[Op]int        `json:"applied"`
	Skipped int               `json:"skipped"` // steps that only report
	Stale   int               `json:"stale"`   // the account changed after the plan was made: left as it is
	Failed  int               `json:"failed"`  // refused, conflicts of the plan among them (EML-12)
	Items   []Item            `json:"items,omitempty"`
	Further int               `json:"further,omitempty"` // items beyond those named
	// Again are the entries of steps that were refused or came too late, for the next reading of changes to look at.
	Again []identity.ObjectID `json:"again,omitempty"`
	// Spent is what the run took from the budgets of the plans that come after it, unless somebody approved it.
	Spent      map[Spending]int `json:"spent,omitempty"`
	ApprovedBy string           `json:"approvedBy,omitempty"`
}

// Item is one step that was not applied.
type Item struct {
	Step     int                `json:"step"`
	Op       Op                 `json:"op"`
	Account  identity.AccountID `json:"account,omitempty"`
	Object   identity.ObjectID  `json:"object,omitempty"`
	UserName string             `json:"userName,omitempty"`
	Group    string             `json:"group,omitempty"` // what the group is called that the step is about
	Code     identity.Rule      `json:"code"`
	Detail   string             `json:"detail"`
}

// applied counts a step that was applied.
func (r *Report) applied(s Step) {
	if r.Applied == nil {
		r.Applied = map[Op]int{}
	}
	r.Applied[s.Op]++
	if r.Spent == nil {
		r.Spent = map[Spending]int{}
	}
	s.spends(r.Spent)
}

// rest counts a step that only reports. Claimed users whom the directory does not know are named even if nothing happens to them (A30).
func (r *Report) rest(n int, s Step) {
	if s.Op == OpConflict {
		r.Failed++
	} else {
		r.Skipped++
	}
	if s.Op == OpSkip && !s.Claimed {
		return
	}
	r.add(Item{Step: n, Op: s.Op, Account: s.Account, Object: s.Object, UserName: s.UserName, Group: s.Name, Code: s.Code, Detail: s.Reason})
}

// fail counts a step that was refused.
func (r *Report) fail(n int, s Step, err error) {
	item := Item{Step: n, Op: s.Op, Account: s.Account, Object: s.Object, UserName: s.UserName, Group: s.Name, Code: identity.RuleOf(err), Detail: sentence(err)}
	switch {
	case identity.KindOf(err) == identity.Stale || identity.IsNotFound(err):
		item.Code = RuleAccountMovedOn
		if item.Detail = "The user was changed or deleted after the plan was made and stays as it is; the next plan looks again."; s.Op.OfGroup() {
			item.Detail = "The group was changed or deleted after the plan was made and stays as it is; the next plan looks again."
		}
		r.Stale++
	default:
		r.Failed++
	}
	if s.Object != "" {
		r.Again = append(r.Again, s.Object)
	}
	r.add(item)
}

func (r *Report) add(item Item) {
	if len(r.Items) < maxItems {
		r.Items = append(r.Items, item)
	} else {
		r.Further++
	}
}

// finalState is how a run ends that went through all of its steps.
func (r *Report) finalState() identity.RunState {
	if r.Failed+r.Stale > 0 {
		return identity.RunErrors
	}
	return identity.RunCompleted
}

func reportOf(run identity.Run) (Report, error) {
	r := Report{Applied: map[Op]int{}}
	if len(run.Report) > 0 {
		if err := json.Unmarshal(run.Report, &r); err != nil {
			return Report{}, fmt.Errorf("directory: decode report of run %s: %w", run.ID, err)
		}
	}
	r.Run, r.Plan, r.State, r.Done = run.ID, run.Plan, run.State, run.NextStep
	return r, nil
}

// ReportOf returns what a stored run has done.
func ReportOf(run identity.Run) (Report, error) { return reportOf(run) }

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "Run %s: %s, %d of %d steps.\n", r.Run, r.State, r.Done, r.Total)
	for _, op := range Ops {
		if n := r.Applied[op]; n > 0 && err == nil {
			_, err = fmt.Fprintf(w, "  %-13s %d\n", op, n)
		}
	}
	for _, line := range []struct {
		n    int
		text string
	}{{r.Skipped, "left as they are, as planned"}, {r.Stale, "left as they are because they changed after the plan was made"}, {r.Failed, "not possible"}} {
		if line.n > 0 && err == nil {
			_, err = fmt.Fprintf(w, "  %d %s\n", line.n, line.text)
		}
	}
	for _, item := range r.Items {
		if err == nil {
			_, err = fmt.Fprintf(w, "    %s: %s (%s)\n", orNone(printable(cmp.Or(item.Group, item.UserName))), printable(item.Detail), item.Code)
		}
	}
	if r.Further > 0 && err == nil {
		_, err = fmt.Fprintf(w, "    and %d more\n", r.Further)
	}
	return err
}

func encodeSummary(p Plan) (json.RawMessage, error) {
	raw, err := json.Marshal(p.Summary())
	if err != nil {
		return nil, fmt.Errorf("directory: encode summary: %w", err)
	}
	return raw, nil
}
