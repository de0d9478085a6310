package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// deletions says what a watch means for deletions.
func deletions(w identity.ClockWatch) string {
	switch {
	case w.Paused():
		return "paused"
	case w.Waiting():
		return "wait"
	default:
		return "go on"
	}
}

func TestRetention_TheFirstLookOfAProcess(t *testing.T) {
	for name, c := range map[string]struct {
		mark time.Time // zero: a fresh store
		now  time.Time
		want string
	}{
		"a fresh store":                         {time.Time{}, t0, "go on"},
		"a minute after the mark":               {t0, t0.Add(time.Minute), "go on"},
		"at the instant of the mark":            {t0, t0, "go on"},
		"off for an hour":                       {t0, t0.Add(time.Hour), "go on"},
		"off for an hour and a microsecond":     {t0, t0.Add(time.Hour + time.Microsecond), "wait"},
		"off for a year, or the clock jumped":   {t0, t0.Add(366 * identity.Day), "wait"},
		"an hour before the mark":               {t0, t0.Add(-time.Hour), "go on"},
		"an hour and a microsecond before":      {t0, t0.Add(-time.Hour - time.Microsecond), "paused"},
		"the clock of a machine without a cell": {t0, time.Unix(0, 0).UTC(), "paused"},
	} {
		t.Run(name, func(t *testing.T) {
			w := identity.ClockWatch{At: c.mark}.See(identity.Look{Now: c.now})
			require.Equal(t, c.want, deletions(w))
			require.Equal(t, c.want == "go on", w.MayDelete())
			if c.want == "paused" {
				require.Equal(t, c.now, w.PausedAt)
				require.Contains(t, w.Why, "before it was last seen")
				require.Equal(t, c.mark, w.At, "the place of the clock is where it was")
				return
			}
			require.Equal(t, c.now, w.At)
		})
	}
}

func TestRetention_TheNextLookOfTheSameProcess(t *testing.T) {
	const us = time.Microsecond
	for name, c := range map[string]struct {
		elapsed time.Duration
		moved   time.Duration // by how much the clock moved in that time
		mark    time.Duration // what another process marked meanwhile, as an offset to the first look; zero: nothing
		want    string
	}{
		"an even minute":                               {time.Minute, time.Minute, 0, "go on"},
		"a round every day":                            {24 * time.Hour, 24 * time.Hour, 0, "go on"},
		"an hour too far":                              {time.Minute, time.Minute + time.Hour, 0, "go on"},
		"an hour and a microsecond too far":            {time.Minute, time.Minute + time.Hour + us, 0, "paused"},
		"an hour too little":                           {time.Minute, time.Minute - time.Hour, 0, "go on"},
		"an hour and a microsecond too little":         {time.Minute, time.Minute - time.Hour - us, 0, "paused"},
		"a day that took no time":                      {time.Minute, 24 * time.Hour, 0, "paused"},
		"a day without the clock moving":               {24 * time.Hour, 0, 0, "paused"},
		"another marked in between":                    {10 * time.Minute, 10 * time.Minute, 5 * time.Minute, "go on"},
		"another is an hour ahead":                     {10 * time.Minute, 10 * time.Minute, 70 * time.Minute, "go on"},
		"another is more than an hour ahead":           {10 * time.Minute, 10 * time.Minute, 70*time.Minute + us, "paused"},
		"another is an hour behind the last look":      {10 * time.Minute, 10 * time.Minute, -time.Hour, "go on"},
		"another is more than an hour behind":          {10 * time.Minute, 10 * time.Minute, -time.Hour - us, "paused"},
		"another marked an hour ago in a long pause":   {9 * time.Hour, 9 * time.Hour, 8 * time.Hour, "go on"},
		"another marked nothing sensible, far in 9999": {time.Minute, time.Minute, 1 << 62, "paused"},
	} {
		t.Run(name, func(t *testing.T) {
			left := identity.ClockWatch{}.See(identity.Look{Now: t0})
			stored := left
			if c.mark != 0 {
				stored.At = t0.Add(c.mark)
			}
			w := stored.See(identity.Look{Now: t0.Add(c.moved), Elapsed: c.elapsed, Before: t0, Left: left})
			require.Equal(t, c.want, deletions(w), w.Why)
			if c.want == "paused" {
				require.Equal(t, t0.Add(c.elapsed), w.At, "where the clock should be")
				require.NotEmpty(t, w.Why)
			}
		})
	}
}

func TestRetention_APauseEndsWhereTheClockIsBackOrAnOperatorSaysSo(t *testing.T) {
	c := newClocks()
	p := c.start(0)
	c.pass(time.Minute)
	c.jump(0, 5*time.Hour)
	require.Equal(t, "paused", c.look(p))
	require.Contains(t, c.watch.Why, "the clock jumped: it shows 2026-")
	require.Contains(t, c.watch.Why, "5h0m0s apart")
	for range 600 {
		c.pass(time.Minute)
		require.Equal(t, "paused", c.look(p), "time alone heals nothing")
	}
	c.jump(0, time.Hour)
	require.Equal(t, "wait", c.look(p), "back within an hour of where it should be")
	c.pass(time.Hour - time.Microsecond)
	require.Equal(t, "wait", c.look(p))
	c.pass(time.Microsecond)
	require.Equal(t, "go on", c.look(p))

	c.jump(0, -5*time.Hour)
	require.Equal(t, "paused", c.look(p))
	c.watch = c.watch.Resume(c.now(0))
	require.Equal(t, "go on", c.look(p), "an operator knows better")
}

func TestRetention_AClockThatCameBackWhileTheServerWasDown(t *testing.T) {
	c := newClocks()
	p := c.start(0)
	c.jump(0, 48*time.Hour)
	require.Equal(t, "paused", c.look(p))
	require.Equal(t, "paused", c.look(c.start(0)), "a restart with the wrong clock ends no pause")
	c.jump(0, 0)
	require.Equal(t, "wait", c.look(c.start(0)))
}

func TestRetention_TwoServersWhoseClocksDisagree(t *testing.T) {
	c := newClocks()
	right, wrong := c.start(0), c.start(1)
	c.jump(1, 2*time.Hour)
	c.pass(time.Minute)
	require.Equal(t, "go on", c.look(right))
	require.Equal(t, "paused", c.look(wrong), "it saw its own clock jump")
	for range 90 {
		c.pass(time.Minute)
		require.Equal(t, "paused", c.look(right), "nobody deletes, and a right clock says nothing about a wrong one")
		require.Equal(t, "paused", c.look(wrong))
	}
	c.jump(1, 0)
	require.Equal(t, "wait", c.look(wrong), "its own clock is back")
	require.Equal(t, "wait", c.look(right))

	// One that begins with the wrong clock is told apart by the marks of the other.
	for range 70 {
		c.pass(time.Minute)
		c.look(right)
	}
	require.Equal(t, "go on", c.look(right))
	c.jump(1, 2*time.Hour)
	late := c.start(1)
	require.Equal(t, "wait", c.look(late), "it cannot know how old the mark is")
	require.Equal(t, "paused", c.look(right))
	require.Contains(t, c.watch.Why, "two servers disagree about the time")
	require.Equal(t, "paused", c.look(late))
	c.watch = c.watch.Resume(c.now(0))
	require.Equal(t, "paused", c.look(late), "an operator does not make two clocks agree")
}

func TestRetention_AnOperatorElsewhereResumedWhileTheClockWasOff(t *testing.T) {
	c := newClocks()
	p := c.start(0)
	c.jump(0, 3*time.Hour)
	require.Equal(t, "paused", c.look(p))
	c.pass(150 * time.Minute) // so long that the clock could be the operator's
	c.watch = c.watch.Resume(c.now(1))
	require.Equal(t, "wait", c.look(p))
}

func TestRetention_TwoServersOfOneMachineWhoseClockIsSetRight(t *testing.T) {
	c := newClocks()
	p, q := c.start(0), c.start(0)
	c.jump(0, -3*time.Hour)
	require.Equal(t, "paused", c.look(p))
	require.Equal(t, "paused", c.look(q))
	c.jump(0, 0)
	require.Equal(t, "wait", c.look(p))
	require.Equal(t, "wait", c.look(q), "the jump back is no jump")
}

func TestRetention_AProcessThatRestartsEveryTenMinutesEndsItsHour(t *testing.T) {
	c := newClocks()
	c.look(c.start(0))
	c.pass(3 * time.Hour)
	minutes := 0
	for state := "wait"; state == "wait"; {
		require.Less(t, minutes, 90)
		p := c.start(0)
		for range 10 {
			state = c.look(p)
			c.pass(time.Minute)
			minutes++
		}
	}
	require.GreaterOrEqual(t, minutes, 60)
}

func TestRetention_TimeThatNobodySawDoesNotCount(t *testing.T) {
	c := newClocks()
	c.look(c.start(0))
	c.pass(3 * time.Hour)
	require.Equal(t, "wait", c.look(c.start(0)))
	c.pass(50 * time.Minute)
	p := c.start(0) // 50 minutes later, or a clock that jumped by 50 minutes
	require.Equal(t, "wait", c.look(p))
	c.pass(59 * time.Minute)
	require.Equal(t, "wait", c.look(p))
	c.pass(time.Minute)
	require.Equal(t, "go on", c.look(p))
}

// TestRetention_NobodyIsDeletedByAClockThatJumped lets the clocks of two machines jump, by more than the tolerance and back, with
// processes that are never restarted: whoever may delete has the right clock, or one that an
// operator has agreed to.
func TestRetention_NobodyIsDeletedByAClockThatJumped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClocks()
		processes := []*process{c.start(0), c.start(0), c.start(1)}
		for _, p := range processes {
			require.Equal(t, "go on", c.look(p))
		}
		agreed := []time.Duration{0}
		look := func(p *process) {
			if c.look(p) == "go on" {
				require.Contains(t, agreed, c.offsets[p.machine])
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"time, and every process marks": func(t *rapid.T) {
				c.pass(time.Duration(rapid.IntRange(0, 55).Draw(t, "minutes")) * time.Minute)
				for _, p := range processes {
					look(p)
				}
			},
			"jump": func(t *rapid.T) {
				c.jump(rapid.IntRange(0, 1).Draw(t, "machine"), 3*time.Hour*time.Duration(rapid.IntRange(-2, 2).Draw(t, "times")))
			},
			"look": func(t *rapid.T) { look(processes[rapid.IntRange(0, 2).Draw(t, "process")]) },
			"resume": func(t *rapid.T) {
				machine := rapid.IntRange(0, 1).Draw(t, "machine")
				agreed = append(agreed, c.offsets[machine])
				c.watch = c.watch.Resume(c.now(machine))
			},
		})
	})
}

// TestRetention_UnderAnEvenClockDeletionsAlwaysGoOn restarts processes at will after anything at all happened.
func TestRetention_UnderAnEvenClockDeletionsAlwaysGoOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClocks()
		processes := []*process{c.start(0), c.start(0)}
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			c.pass(time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute)
			c.jump(0, time.Duration(rapid.IntRange(-300, 300).Draw(t, "offset"))*time.Minute)
			if i := rapid.IntRange(0, 1).Draw(t, "process"); rapid.Bool().Draw(t, "restart") {
				processes[i] = c.start(0)
			} else {
				c.look(processes[i])
			}
		}
		if c.watch.Paused() {
			c.watch = c.watch.Resume(c.now(0))
		}
		// From here on the clock runs evenly and somebody looks at it every minute.
		paused := 0
		for minute := range 240 {
			c.pass(time.Minute)
			if minute%10 == 9 {
				processes[0] = c.start(0)
			}
			for _, p := range processes {
				if c.look(p) == "paused" {
					// The last jump, seen by the process only now.
					paused++
					c.watch = c.watch.Resume(c.now(0))
				}
			}
		}
		require.LessOrEqual(t, paused, 2, "each process can have missed one jump")
		require.True(t, c.watch.MayDelete())
	})
}

// clocks is time as it passes, two machines with clocks that are off by something, and the watch that their processes share.
type clocks struct {
	passed  time.Duration
	offsets [2]time.Duration
	watch   identity.ClockWatch
}

type process struct {
	machine int
	before  time.Time
	up      time.Duration
	left    identity.ClockWatch
}

func newClocks() *clocks { return &clocks{} }

func (c *clocks) now(machine int) time.Time { return t0.Add(c.passed + c.offsets[machine]) }

func (c *clocks) pass(d time.Duration) { c.passed += d }

// jump sets the clock of a machine to so much away from the right time.
func (c *clocks) jump(machine int, offset time.Duration) { c.offsets[machine] = offset }

// start returns a process that has not looked yet, unless there was no mark at all.
func (c *clocks) start(machine int) *process {
	p := &process{machine: machine}
	if c.watch.At.IsZero() || c.passed == 0 {
		c.look(p)
	}
	return p
}

func (c *clocks) look(p *process) string {
	look := identity.Look{Now: c.now(p.machine), Before: p.before, Left: p.left}
	if !p.before.IsZero() {
		look.Elapsed = c.passed - p.up
	}
	c.watch = c.watch.See(look)
	p.before, p.up, p.left = look.Now, c.passed, c.watch
	return deletions(c.watch)
}
