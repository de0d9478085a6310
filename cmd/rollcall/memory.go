package main

import (
	"os"
	"runtime/debug"
)

// memoryGoal is how much memory Go may have before it collects more often than it otherwise would. It is a goal: work that needs more
// has more.
const memoryGoal = 224 << 20

// collectInTime keeps what is thrown away during large work from doubling the memory that it needs, unless GOMEMLIMIT says otherwise.
func collectInTime() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
}

// collectLess lets the heap grow to five times what is alive before it is collected, unless GOGC says otherwise. The server
// keeps a few megabytes alive, so by default it would spend a tenth of its time on collecting almost nothing.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
