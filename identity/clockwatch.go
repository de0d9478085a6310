package identity

import (
	"context"
	"time"
)

// ClockWatch is what the last round of retention saw of the clock. There is one for the whole store.
type ClockWatch struct {
	At       time.Time // the clock at the last round; zero: there was none
	PausedAt time.Time // zero: deletions go on
	Why      string    // for people, while deletions are paused
	Steady   time.Time // deletions wait until the clock has been seen to run evenly from here for an hour; zero: no wait
}

// ClockReader reads the clock's watch. It is part of [Reader].
type ClockReader interface {
	// ClockWatch is crossing; the zero value if there was no round yet.
	ClockWatch(ctx context.Context) (ClockWatch, error)
	// SharedNow is crossing: the instant by the clock of the database, which all programs that work on it share. A database without a clock,
	// such as a file, has the clock of its machine, and so has the caller: it answers own, the caller's instant.
	SharedNow(ctx context.Context, own time.Time) (time.Time, error)
}

// ClockTx writes the clock's watch. It is part of [Tx].
type ClockTx interface {
	PutClockWatch(ctx context.Context, w ClockWatch) error
}
