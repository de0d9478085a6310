package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// retentionActor is who deletes accounts whose time is over.
var retentionActor = Actor{Kind: System, Name: "retention"}

// failuresTold is how many accounts that could not be deleted an error names.
const failuresTold = 10

// PurgeDue deletes the accounts whose retention is over by the service's clock, at most limit, and returns how many it
// deleted. It looks at each account again inside the transaction that deletes it, so it is safe to run twice, late, or on
// several instances at once. Accounts that cannot be deleted do not keep the others waiting, however many they are; the
// error tells of them. It trusts the clock; [Retention] does not.
func (s *Service) PurgeDue(ctx context.Context, limit int) (int, error) {
	now := s.clock.Now()
	deleted, failures := 0, []error(nil)
	kept := map[AccountID]bool{} // looked at and still there
	for deleted < limit && ctx.Err() == nil {
		most := limit - deleted + len(kept)
		due, err := s.store.AccountsDue(ctx, now, most)
		if err != nil {
			return deleted, errors.Join(append(failures, err)...)
		}
		fresh := 0
		for _, a := range due {
			if kept[a.ID] {
				continue
			}
			fresh++
			gone, err := s.purge(ctx, a)
			switch {
			case gone && err == nil:
				deleted++
				continue
			case err != nil && len(failures) < failuresTold:
				failures = append(failures, fmt.Errorf("the account %s of the organization %s: %w", a.ID, a.Org, err))
			}
			kept[a.ID] = true
		}
		if fresh == 0 || len(due) < most {
			break
		}
	}
	return deleted, errors.Join(failures...)
}

// purge deletes one account if its retention is still over.
func (s *Service) purge(ctx context.Context, a Account) (gone bool, err error) {
	err = s.Transact(ctx, a.Org, retentionActor, func(c *Acts) error {
		gone = false
		now, err := c.tx.Account(ctx, a.Org, a.ID)
		if IsNotFound(err) {
			return nil
		}
		if err != nil || !now.Due(c.org, c.now) {
			return err
		}
		gone = true
		return c.Delete(ctx, a.ID, nil)
	})
	return gone, err
}

// WatchClock notes what a process sees of the clock and returns the watch as it is then.
func (s *Service) WatchClock(ctx context.Context, look Look) (ClockWatch, error) {
	return s.changeWatch(ctx, func(w ClockWatch) ClockWatch { return w.See(look) })
}

// ResumeDeletions lets deletions go on by what the clock shows now, and returns the watch as it was before.
func (s *Service) ResumeDeletions(ctx context.Context) (ClockWatch, error) {
	var before ClockWatch
	_, err := s.changeWatch(ctx, func(w ClockWatch) ClockWatch {
		before = w
		return w.Resume(s.clock.Now())
	})
	return before, err
}

// changeWatch changes the watch. The lock is that of the one organization which every store has: processes must look one after
// another, or the mark of one could cover the pause of another.
func (s *Service) changeWatch(ctx context.Context, change func(ClockWatch) ClockWatch) (ClockWatch, error) {
	var watch ClockWatch
	err := s.store.Do(ctx, Exclusive(ConsumerOrgID), func(tx Tx) error {
		before, err := tx.ClockWatch(ctx)
		if err != nil {
			return err
		}
		watch = change(before)
		return tx.PutClockWatch(ctx, watch)
	})
	return watch, err
}

// Retention is one process's part in deleting accounts whose time is over: it looks at the clock first, every time, and deletes
// nobody while the clock cannot be trusted.
type Retention struct {
	service *Service
	uptime  func() time.Duration
	told    func(before, now ClockWatch)

	mu     sync.Mutex
	before time.Time     // the clock at the last look
	up     time.Duration // the uptime at the last look
	left   ClockWatch    // the watch as the last look left it
}

// NewRetention returns the retention of a process. uptime is how long the process has been running, by a measure that setting the
// clock does not touch. told hears of every look that changed whether deletions go on.
func NewRetention(service *Service, uptime func() time.Duration, told func(before, now ClockWatch)) *Retention {
	return &Retention{service: service, uptime: uptime, told: told}
}

// Mark looks at the clock. It is to be called once a minute or so, however seldom there is a round: a mark that is older than
// an hour tells the next process nothing.
func (r *Retention) Mark(ctx context.Context) error {
	_, err := r.look(ctx)
	return err
}

// Round looks at the clock and then does what [Service.PurgeDue] does; nothing, without an error, while deletions are paused.
func (r *Retention) Round(ctx context.Context, limit int) (int, error) {
	watch, err := r.look(ctx)
	if err != nil || !watch.MayDelete() {
		return 0, err
	}
	return r.service.PurgeDue(ctx, limit)
}

// Watch returns the watch as the process's last look left it; the zero value before the first.
func (r *Retention) Watch() ClockWatch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left
}

func (r *Retention) look(ctx context.Context) (ClockWatch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, up := r.service.clock.Now(), r.uptime()
	look := Look{Now: now, Elapsed: (up - r.up).Truncate(time.Microsecond), Before: r.before, Left: r.left}
	if look.first() {
		look.Elapsed = 0
	}
	watch, err := r.service.WatchClock(ctx, look)
	if err != nil {
		return ClockWatch{}, fmt.Errorf("looking at the clock: %w", err)
	}
	if r.left.differs(watch) {
		r.told(r.left, watch)
	}
	r.before, r.up, r.left = now, up, watch
	return watch, nil
}

// differs reports whether another watch means something else for deletions.
func (w ClockWatch) differs(other ClockWatch) bool {
	return w.MayDelete() != other.MayDelete() || w.Waiting() != other.Waiting() || !w.PausedAt.Equal(other.PausedAt)
}
