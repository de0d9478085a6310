package history_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"rollcall/identity"
)

// never is when an act ends whose outcome nobody knows: it may happen at any time from when it began, or not at all, which is as if it
// happened after everything else.
const never = math.MaxInt64

// patience is how long one history may take to check. A good one takes milliseconds.
const patience = time.Minute

// sequential is the model in porcupine's terms. A world is not divided, because claims and changes of address touch several seats and
// organizations; it is small instead.
var sequential = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(before, input, output any) (bool, any) {
		told := output.(answer)
		s := before.(state).named(told.seen)
		next, expected := s.after(input.(request), told)
		return told.unknown || told.says(expected), next
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v: %v", input, output) },
	DescribeState:     func(s any) string { return s.(state).String() },
}

// says reports whether two answers are the same.
func (a answer) says(b answer) bool {
	return a.rule == b.rule && a.claim == b.claim && a.claimed == b.claimed && slices.Equal(a.seen, b.seen)
}

// check returns whether a history can have happened one after another.
func check(history []porcupine.Operation) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(sequential, history, patience)
}

// unexplained checks a history and returns what is wrong with it, or nothing. What cannot have happened is drawn, for a browser.
func unexplained(name string, history []porcupine.Operation) error {
	if check(history) == porcupine.Ok {
		return nil
	}
	result, info := porcupine.CheckOperationsVerbose(sequential, history, patience)
	folder, err := os.MkdirTemp("", "rollcall-history-") // is still there when the test is over
	if err != nil {
		return err
	}
	drawing := filepath.Join(folder, strings.ReplaceAll(name, " ", "-")+".html")
	return errors.Join(fmt.Errorf("%s is %s: no order of its %d acts explains what the clients were told; open %s in a browser\n%s",
		name, result, len(history), drawing, stuck(info, history)), porcupine.VisualizePath(sequential, info, drawing))
}

// stuck tells how far the longest explanation goes, and what was answered first of all that it leaves out.
func stuck(info porcupine.LinearizationInfo, history []porcupine.Operation) string {
	var longest []porcupine.Operation
	for _, explained := range info.PartialLinearizationsOperations()[0] {
		if len(explained) > len(longest) {
			longest = explained
		}
	}
	s := sequential.Init()
	done := map[int64]bool{} // by when they began
	for _, op := range longest {
		_, s = sequential.Step(s, op.Input, op.Output)
		done[op.Call] = true
	}
	var first porcupine.Operation
	for _, op := range history {
		if !done[op.Call] && (first.Input == nil || op.Return < first.Return) {
			first = op
		}
	}
	if first.Input == nil {
		return ""
	}
	_, expected := s.(state).after(first.Input.(request), first.Output.(answer))
	return fmt.Sprintf("after %d acts:\n%v%s, and should be %s", len(longest), s, sequential.DescribeOperation(first.Input, first.Output), expected)
}

func (r request) String() string {
	switch r.act {
	case create, readName:
		return fmt.Sprintf("%s %s in %s", r.act, address(r.seat), r.org)
	case readHolder, claim:
		return fmt.Sprintf("%s %s", r.act, address(r.seat))
	case readAll:
		return fmt.Sprintf("%s %s", r.act, r.org)
	case claimDomain, releaseDomain, readDomain:
		return string(r.act)
	case revoke:
		return fmt.Sprintf("%s %s", r.act, short(string(r.claim)))
	}
	text := fmt.Sprintf("%s %s", r.act, short(string(r.id)))
	if r.act == move {
		text += " to " + address(r.seat)
	}
	if r.version != 0 {
		text += fmt.Sprintf(" if version %d", r.version)
	}
	return text
}

func (a answer) String() string {
	switch {
	case a.unknown:
		return "unknown"
	case a.rule != "":
		return string(a.rule)
	case a.claim != "":
		return fmt.Sprintf("%s, by claim %s", a.seen[0], short(string(a.claim)))
	case len(a.seen) > 0:
		return fmt.Sprint(a.seen)
	}
	return map[bool]string{false: "done", true: "yes"}[a.claimed]
}

func (g sighting) String() string {
	text := fmt.Sprintf("%s %s of %s, %s, version %d", address(g.seat), short(string(g.id)), g.at, g.status, g.version)
	if g.shadow {
		text += ", claimed away"
	}
	return text
}

// outcomeKnown reports whether an error tells for certain that nothing happened.
func outcomeKnown(err error) bool {
	switch identity.KindOf(err) {
	case identity.Internal, identity.Unavailable:
		return false
	}
	return true
}
