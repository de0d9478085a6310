package identity

import (
	"context"
	"time"
)

// How long the steps of plans are kept. What a run did can be taken back for so long; a plan that nobody applied tells of a directory that is
// another one by then.
const (
	AppliedPlanDays = 30
	OtherPlanDays   = 7
)

// PlanDropped is the state of a plan that nobody applied and whose steps are not kept any more.
const PlanDropped PlanState = "dropped"

// PlanTx drops plans.
type PlanTx interface {
	// DropPlan writes the state of a plan and when it was dropped, and forgets its body and the photos that wait for it.
	DropPlan(ctx context.Context, p Plan) error
}

// Dropped reports whether the plan's body is not kept any more.
func (p Plan) Dropped() bool { return !p.DroppedAt.IsZero() }

// drop is the plan without its body. One that waited to be applied, or to be approved, waits no longer.
func (p Plan) drop(now time.Time) Plan {
	p.DroppedAt, p.Body = now, nil
	switch p.State {
	case PlanReady, PlanHeld, PlanApproved:
		p.State = PlanDropped
	}
	return p
}

// ForgetPlans forgets the steps of plans that are too old, at most limit, and returns of how many. What a plan came to stays, and so does what
// its run did. A run that has not ended keeps its plan. It is the worker's, and may run late or twice.
func (s *Service) ForgetPlans(ctx context.Context, limit int) (int, error) {
	dropped := 0
	err := s.store.Do(ctx, Shared(), func(tx Tx) error {
		dropped = 0
		now := s.clock.Now()
		due, err := tx.PlansToDrop(ctx, now.Add(-AppliedPlanDays*Day), now.Add(-OtherPlanDays*Day), limit)
		if err != nil {
			return err
		}
		for _, p := range due {
			if err := tx.DropPlan(ctx, p.drop(now)); err != nil {
				return err
			}
			dropped++
		}
		return tx.DropStrayPhotos(ctx, now.Add(-Day))
	})
	return dropped, err
}
