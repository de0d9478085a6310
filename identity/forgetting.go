package identity

import "context"

// forgottenAtOnce is how much is forgotten in one transaction.
const forgottenAtOnce = 500

// forget deletes what nobody can ask for any more, some at a time: after a busy day nobody who writes waits until all of it is gone. The function
// deletes at most limit in one transaction and says how many it did.
func (s *Service) forget(ctx context.Context, some func(tx Tx, limit int) (int, error)) error {
	for {
		var forgotten int
		err := s.store.Do(ctx, Shared(), func(tx Tx) (err error) {
			forgotten, err = some(tx, forgottenAtOnce)
			return err
		})
		if err != nil || forgotten < forgottenAtOnce {
			return err
		}
	}
}
