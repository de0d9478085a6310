package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// The pace of progress: a terminal shows it as it moves, a file gets a line now and then.
const (
	terminalPace = 100 * time.Millisecond
	linePace     = 5 * time.Second
)

// progress tells how far long work has come: phase, n of N, rate and time left.
type progress struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	phase    string
	started  time.Time
	told     time.Time
	open     bool // the last line has no end yet
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, now: time.Now, terminal: isTerminal(w)}
}

// isTerminal reports whether a person may sit at the other end. Nobody sits at /dev/null, though it is a device as well.
func isTerminal(stream any) bool {
	file, isFile := stream.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// tell has the form of directory.Progress. A total of 0 is not known yet.
func (p *progress) tell(phase string, done, total int) {
	now := p.now()
	begins := phase != p.phase
	if begins {
		p.end()
		p.phase, p.started = phase, now
	}
	pace := linePace
	if p.terminal {
		pace = terminalPace
	}
	finished := total > 0 && done >= total
	if !begins && !finished && now.Sub(p.told) < pace {
		return
	}
	p.told = now
	line := p.line(done, total, now.Sub(p.started))
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
		p.open = true
		return
	}
	fmt.Fprintln(p.w, line)
}

// end closes the line that is being rewritten.
func (p *progress) end() {
	if p.open {
		fmt.Fprintln(p.w)
		p.open = false
	}
}

func (p *progress) line(done, total int, taken time.Duration) string {
	line := p.phase
	switch {
	case total > 0:
		line += fmt.Sprintf(": %d of %d", done, total)
	case done > 0:
		line += fmt.Sprintf(": %d", done)
	}
	if done == 0 || taken < time.Second {
		return line
	}
	rate := float64(done) / taken.Seconds()
	line += fmt.Sprintf(", %.0f/s", rate)
	if total > done {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return line
}
