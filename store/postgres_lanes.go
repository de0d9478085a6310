package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"rollcall/identity"
)

// crowdLimit is how many callers share a transaction at most.
const crowdLimit = 64

// lane is where those wait who want to write in the organizations of one bucket. They could not write side by side, because everybody adds to
// the same chain of events; so all who wait when a transaction has its locks have their turns in it, one after another, and
// share its commit. Whoever comes later waits for the next one: what was acknowledged before they came may be newer than what the
// transaction sees.
type lane struct {
	mu      sync.Mutex
	waiting []*call
	served  bool // a goroutine sees to them

	domains []string // that the last transaction asked for; whoever has the turn
}

// enter lets a caller wait and reports whether nobody serves the lane yet.
func (l *lane) enter(c *call) (unserved bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	unserved = !l.served
	l.waiting, l.served = append(l.waiting, c), true
	return unserved
}

// gather takes those who wait and are still there.
func (l *lane) gather() (crowd []*call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 && len(crowd) < crowdLimit {
		if l.waiting[0].take() {
			crowd = append(crowd, l.waiting[0])
		}
		l.waiting = l.waiting[1:]
	}
	return crowd
}

// leave reports whether nobody waits any more; then nobody serves the lane.
func (l *lane) leave() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.served = len(l.waiting) > 0
	return !l.served
}

// do waits for the turn and runs fn in it. Only what is certainly not stored is tried again.
func (w *sessions) do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, numbers := newCall(), bucketsOf(lock)
	c.lock = lock
	if len(numbers) != 1 || lock.Everybody {
		go w.write(numbers, lock.Everybody, c.alone)
	} else if l := &w.lanes[numbers[0]]; l.enter(c) {
		go w.serve(l, numbers)
	}
	select {
	case first := <-c.turn:
		return c.follow(first, fn)
	case <-ctx.Done():
		if c.take() {
			return ctx.Err()
		}
	}
	return c.follow(<-c.turn, fn)
}

// alone is the crowd of a caller who shares a transaction with nobody.
func (c *call) alone() []*call {
	if c.take() {
		return []*call{c}
	}
	return nil
}

// serve writes for those of a lane until nobody waits.
func (w *sessions) serve(l *lane, numbers []uint32) {
	for {
		w.write(numbers, false, l.gather)
		if l.leave() {
			return
		}
	}
}

// write runs a transaction for the crowd that is there once it has its locks, tries until it is over, and tells them what came of it.
// With alone nobody else writes meanwhile.
func (w *sessions) write(numbers []uint32, alone bool, gather func() []*call) {
	r := round{sessions: w, numbers: numbers, alone: alone}
	for _, n := range numbers {
		w.turns[n] <- struct{}{} // in this store, which takes no connection: those who wait for a busy organization leave the pool to the others
		defer func() { <-w.turns[n] }()
	}
	var err error
	for n := 1; ; n++ {
		var end ending
		end, err = r.attempt(gather)
		var asked *unanswered
		if errors.As(err, &asked) {
			end, err = w.inquire(asked)
		}
		if end == spoiled {
			r.how = runInSavepoint
			continue
		}
		if end == settled || n >= attempts || end == disputed && r.alone {
			break
		}
		r.alone = r.alone || end == disputed || end == collided && n >= politeness
		pause(n)
	}
	if r.crowd == nil && err != nil {
		r.crowd = gather() // no transaction could be begun: all who wait hear of it, so that they do not wait one after another
	}
	for _, c := range r.crowd {
		c.turn <- turn{end: true, err: err}
	}
}

// pause lets others go on, longer each time, and not everybody equally long.
func pause(n int) {
	limit := min(firstPause<<n, longPause)
	time.Sleep(limit/2 + rand.N(limit/2))
}
