package main

import (
	"fmt"
	"io"
	"strings"
)

// teller writes the story down and keeps what was expected and what came.
type teller struct {
	w     io.Writer
	steps []demoStep
}

// demoStep is one step of the story.
type demoStep struct {
	Title  string      `json:"title"`
	Checks []demoCheck `json:"checks"`
}

// demoCheck is one expectation.
type demoCheck struct {
	What     string `json:"what"`
	OK       bool   `json:"ok"`
	Expected string `json:"expected"`
	Came     string `json:"came"`
}

type demoResult struct {
	OK    bool       `json:"ok"`
	Steps []demoStep `json:"steps"`
}

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

// step begins the next step.
func (t *teller) step(format string, args ...any) {
	t.steps = append(t.steps, demoStep{Title: fmt.Sprintf(format, args...)})
	t.say("\n%d. %s", len(t.steps), t.steps[len(t.steps)-1].Title)
}

// note says something that is no expectation.
func (t *teller) note(format string, args ...any) { t.say("   "+format, args...) }

// quote shows the first lines of a longer text.
func (t *teller) quote(text string, most int) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for _, line := range lines[:min(most, len(lines))] {
		t.say("   | %s", line)
	}
	if left := len(lines) - most; left > 0 {
		t.say("   | … and %d lines more", left)
	}
}

// expect compares two values by how they print.
func (t *teller) expect(what string, expected, came any) {
	c := demoCheck{What: what, Expected: fmt.Sprint(expected), Came: fmt.Sprint(came)}
	c.OK = c.Expected == c.Came
	t.check(c)
}

// fail records that something went wrong that nobody expected.
func (t *teller) fail(format string, args ...any) {
	t.check(demoCheck{What: "no error", Expected: "none", Came: fmt.Sprintf(format, args...)})
}

func (t *teller) check(c demoCheck) {
	if len(t.steps) == 0 {
		t.step("Begin")
	}
	step := &t.steps[len(t.steps)-1]
	step.Checks = append(step.Checks, c)
	if c.OK {
		t.say("   ✓ %s: %s", c.What, c.Came)
		return
	}
	t.say("   ✗ %s: expected %s, but it was %s", c.What, c.Expected, c.Came)
}

func (t *teller) count() (good, all int) {
	for _, s := range t.steps {
		for _, c := range s.Checks {
			all++
			if c.OK {
				good++
			}
		}
	}
	return good, all
}

func (t *teller) good() bool {
	good, all := t.count()
	return good == all
}

func (t *teller) conclude() {
	good, all := t.count()
	if good == all {
		t.say("\nAll %d checks came out as expected.", all)
		return
	}
	t.say("\n%d of %d checks came out otherwise.", all-good, all)
}

func (t *teller) result() demoResult { return demoResult{OK: t.good(), Steps: t.steps} }
