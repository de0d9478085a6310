package identity

import (
	"fmt"
	"time"
)

// ClockTolerance is how far the clock may be from where it should be before deletions stop, and for how long it must have run
// evenly before they go on after a time in which nobody saw it.
const ClockTolerance = time.Hour

// Look is what one process sees of the clock at one moment.
type Look struct {
	Now     time.Time     // the clock
	Elapsed time.Duration // since the process's previous look, by a measure that setting the clock does not touch
	Before  time.Time     // the clock at that look; zero: this is the first one
	Left    ClockWatch    // the watch as that look left it
}

// first reports whether the process has not looked before.
func (l Look) first() bool { return l.Before.IsZero() }

// fresh reports whether the process knows nothing of its own about the time since the mark: it has not looked before, or when it
// did its clock could not be trusted and somebody else has ended that.
func (l Look) fresh() bool { return l.first() || l.Left.Paused() }

// even reports whether two readings agree as well as clocks have to.
func even(a, b time.Time) bool { return a.Sub(b).Abs() <= ClockTolerance }

// Paused reports whether deletions stand still until an operator resumes them or the clock comes back.
func (w ClockWatch) Paused() bool { return !w.PausedAt.IsZero() }

// Waiting reports whether deletions wait for the clock to have run evenly for [ClockTolerance].
func (w ClockWatch) Waiting() bool { return !w.Steady.IsZero() }

// MayDelete reports whether deletions go on.
func (w ClockWatch) MayDelete() bool { return !w.Paused() && !w.Waiting() }

// Resume is what an operator does who has looked at the clock: deletions go on by what it shows now.
func (w ClockWatch) Resume(now time.Time) ClockWatch { return ClockWatch{At: now} }

// See returns the watch after a look at the clock. Several processes share one watch, so its mark is the clock of whoever looked
// last; while deletions are paused it is where the clock should be by now.
//
//   - A process whose clock moved by more than the tolerance other than time did, or whose clock disagrees with a mark that was
//     made since its previous look, pauses deletions. So does one that starts before the last mark.
//   - They go on again once a process whose clock was off sees it back in its place; a process whose clock was right all along
//     says nothing by that about another's.
//   - A process that starts long after the last mark cannot tell a server that was off from a clock that jumped. Then, and
//     after a pause that ended by itself, deletions wait until the clock has been seen to run evenly for the tolerance. Time
//     that nobody saw pass does not count, but a restart does not begin the wait again.
func (w ClockWatch) See(l Look) ClockWatch {
	switch {
	case w.At.IsZero():
		return ClockWatch{At: l.Now}
	case w.Paused():
		return w.seePaused(l)
	}
	if at, why := w.fault(l); why != "" {
		return ClockWatch{At: at, PausedAt: l.Now, Why: why}
	}
	next := ClockWatch{At: l.Now, Steady: w.Steady}
	unseen := l.Now.Sub(w.At)
	if !l.fresh() {
		unseen -= l.Elapsed
	}
	switch {
	case l.fresh() && unseen > ClockTolerance:
		next.Steady = l.Now
	case w.Waiting() && unseen > 0:
		next.Steady = w.Steady.Add(unseen)
	}
	if next.Waiting() && l.Now.Sub(next.Steady) >= ClockTolerance {
		next.Steady = time.Time{}
	}
	return next
}

// seePaused is See while deletions are paused.
func (w ClockWatch) seePaused(l Look) ClockWatch {
	// A process that has seen this pause before knows how long ago, so the place of the clock moves on with it.
	known := !l.first() && l.Left.PausedAt.Equal(w.PausedAt)
	if place := l.Left.At.Add(l.Elapsed); known && place.After(w.At) {
		w.At = place
	}
	wasOff := l.first() || known && !even(l.Before, l.Left.At)
	if wasOff && even(l.Now, w.At) {
		return ClockWatch{At: l.Now, Steady: l.Now}
	}
	return w
}

// fault says what is wrong with the clock, for people, and where it should be; "" if nothing is.
func (w ClockWatch) fault(l Look) (place time.Time, why string) {
	if l.first() {
		if l.Now.Before(w.At) && !even(l.Now, w.At) {
			return w.At, fmt.Sprintf("the clock shows %s, %s before it was last seen", show(l.Now), apart(l.Now, w.At))
		}
		return time.Time{}, ""
	}
	// A pause that has ended says that the mark is right and the place from before it is not.
	place = w.At
	if !l.Left.Paused() {
		place = l.Before.Add(l.Elapsed)
		if !even(l.Now, place) {
			return place, fmt.Sprintf("the clock jumped: it shows %s and should show %s, %s apart", show(l.Now), show(place), apart(l.Now, place))
		}
	}
	// The mark is as old as the process's previous look, or younger.
	if latest := w.At.Add(l.Elapsed); l.Now.Before(w.At) && !even(l.Now, w.At) || l.Now.After(latest) && !even(l.Now, latest) {
		return place, fmt.Sprintf("two servers disagree about the time: the clock of one shows %s, that of another showed %s a moment ago",
			show(l.Now), show(w.At))
	}
	return time.Time{}, ""
}

func show(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// apart says in whole minutes how far two instants are from each other. Days are said as such: jumps of years exist, and a
// duration can hold three centuries only.
func apart(a, b time.Time) string {
	d := a.Sub(b).Abs().Round(time.Minute)
	if d < 2*Day {
		return d.String()
	}
	return fmt.Sprintf("%d days", d/Day)
}
