package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clockwork is a progress whose time stands still until it is moved.
func clockwork(terminal bool) (*progress, *bytes.Buffer, func(time.Duration)) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	p := newProgress(&b)
	p.terminal = terminal
	p.now = func() time.Time { return now }
	return p, &b, func(d time.Duration) { now = now.Add(d) }
}

func TestProgressInAFileIsALineNowAndThen(t *testing.T) {
	p, b, pass := clockwork(false)
	p.tell("reading", 0, 0)
	pass(linePace - time.Millisecond)
	p.tell("reading", 100, 1000) // too soon for another line
	pass(time.Millisecond)
	p.tell("reading", 200, 1000)
	p.tell("reading", 1000, 1000) // the end is always told
	p.tell("applying", 0, 10)     // and so is a beginning
	p.end()
	require.Equal(t, "reading\nreading: 200 of 1000, 40/s, 20s left\nreading: 1000 of 1000, 200/s\napplying: 0 of 10\n", b.String())
}

func TestProgressOnATerminalRewritesItsLine(t *testing.T) {
	p, b, pass := clockwork(true)
	p.tell("reading", 5, 0)
	pass(terminalPace)
	p.tell("reading", 9, 0)
	p.end()
	p.end()
	require.Equal(t, "\r\x1b[Kreading: 5\r\x1b[Kreading: 9\n", b.String())
}

func TestNobodySitsAtTheNullDevice(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	require.False(t, isTerminal(null))
}
