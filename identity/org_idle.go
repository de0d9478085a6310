package identity

import (
	"context"
	"errors"
	"time"
)

// idleActor is who deletes organizations that nobody uses.
var idleActor = Actor{Kind: System, Name: "idle organizations"}

// DeleteIdleOrganizations begins to delete organizations in which nobody has done anything for [Rules.IdleDeletionDays], and whose
// users can become personal accounts, at most limit (ORG-24). It returns how many. It does nothing unless the operator has switched it on.
// It trusts the clock; [Retention.DeleteIdle] does not.
func (s *Service) DeleteIdleOrganizations(ctx context.Context, limit int) (int, error) {
	if s.rules.IdleDeletionDays <= 0 || !s.rules.AllowConvert {
		return 0, nil
	}
	const page = 200
	begun := 0
	var failures []error
	for after := OrgID(""); ctx.Err() == nil; {
		organizations, err := s.store.Organizations(ctx, after, page)
		if err != nil {
			return begun, errors.Join(append(failures, err)...)
		}
		for _, o := range organizations {
			after = o.ID
			if begun == limit {
				return begun, errors.Join(failures...)
			}
			deleted, err := s.deleteIdle(ctx, o)
			if err != nil {
				failures = append(failures, err)
			}
			if deleted {
				begun++
			}
		}
		if len(organizations) < page {
			break
		}
	}
	return begun, errors.Join(failures...)
}

// deleteIdle begins to delete an organization if it is idle and nothing stands in the way. It looks before it asks, so that what is not to
// be deleted is not refused every time.
func (s *Service) deleteIdle(ctx context.Context, o Organization) (bool, error) {
	since := s.clock.Now().Add(-time.Duration(s.rules.IdleDeletionDays) * Day)
	if o.State != OrgActive || o.deletable() != nil || o.CreatedAt.After(since) {
		return false, nil
	}
	if idle, err := isIdle(ctx, s.store, o.ID, since); err != nil || !idle {
		return false, err
	}
	found, err := s.CheckDeletion(ctx, o.ID, HandleConvert)
	if err != nil || len(found.Reasons) > 0 {
		return false, err
	}
	begun := false
	_, err = s.beginDeletion(ctx, idleActor, o.ID, HandleConvert, func(c *Acts) error {
		begun = false
		idle, err := isIdle(ctx, c.tx, o.ID, since)
		if err == nil && !idle {
			return errBusy
		}
		begun = err == nil && c.org.State == OrgActive
		return err
	})
	switch {
	case errors.Is(err, errBusy), isRefusal(err): // since it was looked at
		return false, nil
	case err != nil:
		return false, err
	}
	return begun, nil
}

// errBusy says that somebody has done something in an organization that was idle a moment ago.
var errBusy = errors.New("identity: the organization is used")

// isIdle reports whether nobody has done anything in an organization after an instant. What the server does by itself does not count.
func isIdle(ctx context.Context, r Reader, org OrgID, since time.Time) (bool, error) {
	const page = 100
	q := EventQuery{From: since.Add(time.Microsecond), Newest: true, Limit: page}
	for {
		events, err := r.Events(ctx, org, q)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			if e.Actor.Kind != System {
				return false, nil
			}
			q.After = e.ID
		}
		if len(events) < page {
			return true, nil
		}
	}
}

// DeleteIdle looks at the clock and then does what [Service.DeleteIdleOrganizations] does; nothing while deletions are paused.
func (r *Retention) DeleteIdle(ctx context.Context, limit int) (int, error) {
	watch, err := r.look(ctx)
	if err != nil || !watch.MayDelete() {
		return 0, err
	}
	return r.service.DeleteIdleOrganizations(ctx, limit)
}
