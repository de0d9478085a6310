package identity

import "context"

// ExpiredLinkDays is how long a link that has expired is remembered, so that whoever follows it late is told so.
const ExpiredLinkDays = 30

// ForgetLinks forgets links that expired more than [ExpiredLinkDays] ago. It is the worker's, and may run late or twice.
func (s *Service) ForgetLinks(ctx context.Context) error {
	expired := s.clock.Now().Add(-ExpiredLinkDays * Day)
	return s.forget(ctx, func(tx Tx, limit int) (int, error) { return tx.DeleteLinksBefore(ctx, expired, limit) })
}
