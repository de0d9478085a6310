package identity

import "context"

// LookFirst makes the rest of the transaction look at every address before it is taken. A refusal then comes from a rule, with
// the better message, and leaves the transaction usable. It is for whoever does many things in one transaction and expects that
// some are refused.
func (c *Acts) LookFirst() { c.careful = true }

// TellOfJob records an event about a job.
func (c *Acts) TellOfJob(ctx context.Context, kind EventKind, j Job) error {
	evidence := map[string]any{"kind": j.Kind, "total": j.Total}
	if kind == JobFinished {
		evidence = map[string]any{"kind": j.Kind, "state": j.State, "processed": j.Processed, "succeeded": j.Succeeded, "failed": j.Failed}
	}
	return c.tellOf(ctx, kind, Target{Type: TargetJob, ID: string(j.ID), Name: string(j.Kind)}, evidence)
}

// ForgetJobFiles deletes the rows and files of jobs that have expired (CSV-06).
func (s *Service) ForgetJobFiles(ctx context.Context) error {
	now := s.clock.Now()
	return s.forget(ctx, func(tx Tx, limit int) (int, error) { return tx.DeleteJobFiles(ctx, now, limit) })
}
