package identity

import (
	"context"
	"encoding/json"
	"errors"
)

// isRefusal reports whether an error says that the state of things or the caller's standing does not allow an act. Mistakes in
// the input are not worth an event, and what is broken is not a refusal.
func isRefusal(err error) bool {
	k := KindOf(err)
	return err != nil && (k == Conflict || k == Forbidden)
}

// RecordRefusal records that an act was refused before it reached a transaction, such as for want of a role (AUD-04).
func (s *Service) RecordRefusal(ctx context.Context, org OrgID, by Actor, target Target, err error) error {
	return s.recordRefusal(ctx, org, by, Account{}, target, err)
}

func (s *Service) recordRefusal(ctx context.Context, org OrgID, by Actor, about Account, target Target, err error) error {
	var refusal *Error
	if !errors.As(err, &refusal) {
		return nil
	}
	e := Event{Kind: EventRefused, Rule: refusal.Rule, Account: about.ID, AccountName: about.UserName, Target: target,
		Error: refusal.Rule, Message: refusal.Detail}
	if len(refusal.Why) > 0 {
		var broken error
		if e.Evidence, broken = json.Marshal(map[string]any{"reasons": refusal.Why}); broken != nil {
			return broken
		}
	}
	// The caller may have gone; what was refused is recorded all the same.
	ctx = context.WithoutCancel(ctx)
	return s.store.Do(ctx, Shared(org), func(tx Tx) error {
		acts := &Acts{service: s, tx: tx, org: Organization{ID: org}, by: by, now: s.clock.Now()}
		_, err := acts.record(ctx, e)
		return err
	})
}
