package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// cells are a row as people read it: what, measured, control, ratio, wanted, met.
func (r row) cells() [6]string {
	c := [6]string{r.What, r.Measured.String(), "", "", "", ""}
	if r.Control != nil {
		c[2], c[3] = r.Control.String(), short(r.Ratio)
	}
	if r.Bound == shown {
		return c
	}
	unit := ""
	if r.Control == nil {
		unit = " " + r.Measured.Unit
	}
	c[4] = strings.TrimSuffix(string(r.Bound)+" "+short(r.Wanted)+unit, " ")
	if r.Reach > 0 {
		c[4] += " (better: " + short(r.Reach) + ")"
	}
	c[5] = "no"
	if r.Met {
		c[5] = "yes"
	}
	return c
}

func (f figure) String() string {
	value := short(f.Value)
	if f.Unit == "/s" || f.Unit == "rows/s" {
		value = thousands(int(math.Round(f.Value)))
	}
	if !strings.HasPrefix(f.Unit, "/") && f.Unit != "" {
		value += " "
	}
	return f.Of + ": " + value + f.Unit
}

// short writes a number with as many digits as say something.
func short(v float64) string {
	switch {
	case v == math.Trunc(v) || v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// thousands writes 1000000 as 1,000,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var columns = [6]string{"what", "measured", "control", "ratio", "wanted", "met"}

// writeTable writes the report for a terminal.
func (r *report) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns[:], "\t"))
	for _, row := range r.Rows {
		cells := row.cells()
		fmt.Fprintln(t, strings.Join(cells[:], "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.summary())
	return err
}

// summary says what was measured where, and how much of what is wanted is met.
func (r *report) summary() string {
	met, asked := 0, 0
	for _, row := range r.Rows {
		if row.Bound != shown {
			asked++
			if row.Met {
				met++
			}
		}
	}
	return fmt.Sprintf("%d of %d wanted numbers are met. %s users; medians of %d rounds of %s; %d wrong answers; %s on %d cores of %s, %s, an fsync takes %s ms, the machine's load was %s beforehand; measured %s, which took %s.",
		met, asked, thousands(r.Users), r.Rounds, r.Phase, r.Failures, r.Machine.OS, r.Machine.Cores, r.Machine.Processor, r.Machine.Go, short(r.Machine.Fsync), short(r.Machine.Load),
		r.At.Format("2006-01-02 15:04 MST"), r.Took)
}

// markdown is the table for a page, with the plots below it.
func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString(r.summary() + "\n\n| " + strings.Join(columns[:], " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, row := range r.Rows {
		cells := row.cells()
		if row.Bound != shown && !row.Met {
			cells[5] = "**no**"
		}
		b.WriteString("| " + strings.Join(cells[:], " | ") + " |\n")
	}
	for _, p := range r.plots() {
		fmt.Fprintf(&b, "\n![%s](performance/%s)\n", p.title, p.file)
	}
	return b.String()
}
