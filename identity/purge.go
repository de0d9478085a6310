package identity

import (
	"context"
	"errors"
)

// retentionActor is who deletes accounts whose time is over.
var retentionActor = Actor{Kind: System, Name: "retention"}

// PurgeDue deletes the accounts whose retention is over by the service's clock, at most limit, and returns how many it
// deleted. It looks at each account again inside the transaction that deletes it, so it is safe to run twice, late, or on
// several instances at once. An account that cannot be deleted does not keep the others waiting.
func (s *Service) PurgeDue(ctx context.Context, limit int) (int, error) {
	due, err := s.store.AccountsDue(ctx, s.clock.Now(), limit)
	if err != nil {
		return 0, err
	}
	deleted := 0
	var failures []error
	for _, a := range due {
		gone := false
		err := s.Transact(ctx, a.Org, retentionActor, func(c *Acts) error {
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
		switch {
		case err != nil:
			failures = append(failures, err)
		case gone:
			deleted++
		}
	}
	return deleted, errors.Join(failures...)
}
