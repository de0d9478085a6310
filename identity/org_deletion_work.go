package identity

import (
	"context"
	"errors"
	"fmt"
)

// How much of a deletion is done in one transaction: enough that its commit costs little, few enough that others who want to write do
// not wait long.
const (
	usersAtOnce = 100
	rowsAtOnce  = 500
)

// deletionsAtOnce is how many organizations are deleted side by side.
const deletionsAtOnce = 20

// deletionActor is who carries deletions out.
var deletionActor = Actor{Kind: System, Name: "deletion of the organization"}

// ContinueDeletions goes on with the organizations that are being deleted, all of them in turn, and returns how many steps it did: about
// limit, or fewer if nothing is left. Every step is a transaction that finds out by itself where the deletion stands, so it may run late,
// twice, on several instances at once, or after the process died at any point. One deletion that fails does not keep the others.
func (s *Service) ContinueDeletions(ctx context.Context, limit int) (int, error) {
	done := 0
	var failures []error
	failed := map[OrgID]bool{}
	for done < limit && ctx.Err() == nil {
		open, err := s.store.OrgDeletionsOpen(ctx, deletionsAtOnce+len(failed))
		if err != nil {
			return done, errors.Join(append(failures, err)...)
		}
		moved := false
		for _, d := range open {
			if failed[d.Org] || done >= limit {
				continue
			}
			n, err := s.continueDeletion(ctx, d)
			if err != nil {
				failed[d.Org] = true
				failures = append(failures, fmt.Errorf("the deletion of the organization %s: %w", d.Org, err))
				continue
			}
			done += n
			moved = true
		}
		if !moved {
			break
		}
	}
	return done, errors.Join(failures...)
}

// ContinueDeletion does the next step of one deletion and reports whether that was the last.
func (s *Service) ContinueDeletion(ctx context.Context, org OrgID) (last bool, err error) {
	d, err := s.store.OrgDeletion(ctx, org)
	if err != nil || d.State == DeletionDone {
		return err == nil, err
	}
	if _, err := s.continueDeletion(ctx, d); err != nil {
		return false, err
	}
	d, err = s.store.OrgDeletion(ctx, org)
	return err == nil && d.State == DeletionDone, err
}

// continueDeletion does the next step of a deletion as it was a moment ago, and returns how much was done, at least 1.
func (s *Service) continueDeletion(ctx context.Context, d OrgDeletion) (int, error) {
	if d.State == DeletionUsers {
		claims, err := s.store.OpenClaims(ctx, d.Org, 1)
		if err != nil {
			return 0, err
		}
		if len(claims) > 0 {
			return 1, s.endClaim(ctx, d, claims[0])
		}
		return s.deletionStep(ctx, Exclusive(d.Org, ConsumerOrgID), d.Org, (*Acts).disposeUsers)
	}
	return s.deletionStep(ctx, Exclusive(d.Org), d.Org, (*Acts).purge)
}

// deletionStep runs a step if the deletion is not done by now.
func (s *Service) deletionStep(ctx context.Context, lock OrgLock, org OrgID, step func(*Acts, context.Context, OrgDeletion) (int, error)) (int, error) {
	done := 1
	err := s.transactIn(ctx, lock, org, deletionActor, func(c *Acts) error {
		d, stage, err := c.deletion(ctx)
		if err != nil || stage != StageUsers && stage != StagePurge {
			return err
		}
		n, err := step(c, ctx, d)
		done = max(n, 1)
		return err
	})
	if IsNotFound(err) && RuleOf(err) == RuleUnknownOrg {
		return done, nil // somebody else has finished it
	}
	return done, err
}

// endClaim ends one claim of an organization that is being deleted (ORG-21). A claim that it made is taken back if that was still
// possible when the deletion was asked for, however much later this runs (I8). Whoever was claimed from it stays where they are, and the
// old account is deleted with its content.
func (s *Service) endClaim(ctx context.Context, d OrgDeletion, found Claim) error {
	return s.transactIn(ctx, Exclusive(found.Target, found.Source), d.Org, deletionActor, func(c *Acts) error {
		claim, err := c.tx.Claim(ctx, found.Target, found.ID)
		if IsNotFound(err) || err == nil && !claim.Open() {
			return nil
		}
		if err != nil {
			return err
		}
		if claim.Source == d.Org && !claim.Due(d.RequestedAt) {
			return c.settleClaim(ctx, claim, OutcomeDeleted, d.RequestedAt)
		}
		_, err = c.closeClaim(ctx, claim, d.RequestedAt)
		return err
	})
}

// disposeUsers converts or deletes the next users, and begins the purge when there are none left.
func (c *Acts) disposeUsers(ctx context.Context, d OrgDeletion) (int, error) {
	if d.State != DeletionUsers {
		return 0, nil
	}
	people, err := c.tx.Accounts(ctx, c.org.ID, AccountQuery{Limit: usersAtOnce + 1})
	if err != nil {
		return 0, err
	}
	if len(people) == 0 {
		return 0, c.beginPurge(ctx, d)
	}
	claims, err := c.tx.OpenClaims(ctx, c.org.ID, 1)
	if err != nil || len(claims) > 0 {
		return 0, err // claimed while the deletion began; the claim comes first
	}
	batch := lastly(people, d.By.Account)
	for _, a := range batch {
		converted, err := c.dispose(ctx, d, a)
		if err != nil {
			return 0, err
		}
		if converted {
			d.Converted++
		} else {
			d.Removed++
		}
	}
	return len(batch), c.tx.UpdateOrgDeletion(ctx, d)
}

// lastly leaves the account of whoever asked for the deletion until it is the only one left (ORG-13), and everybody beyond a batch.
func lastly(people []Account, last AccountID) []Account {
	if len(people) == 1 {
		return people
	}
	batch := make([]Account, 0, len(people))
	for _, a := range people {
		if a.ID != last {
			batch = append(batch, a)
		}
	}
	return batch
}

// beginPurge notes that no user is left, and orders the content of the organization to be purged.
func (c *Acts) beginPurge(ctx context.Context, d OrgDeletion) error {
	next, err := c.org.stage(d).after(DeletionNoUsers)
	if err != nil || next != StagePurge {
		return err
	}
	d.State, d.UsersAt = DeletionPurge, c.now
	if err := c.tx.UpdateOrgDeletion(ctx, d); err != nil {
		return err
	}
	order, err := c.orderPurgeAll(ctx, d)
	if err != nil {
		return err
	}
	return c.tellOf(ctx, OrgUsersGone, c.org.target(), map[string]any{"deletion": d.ID, "converted": d.Converted, "removed": d.Removed, "order": order})
}

// purge deletes the next rows of what the organization has, and buries it with the last of them.
func (c *Acts) purge(ctx context.Context, d OrgDeletion) (int, error) {
	if d.State != DeletionPurge {
		return 0, nil
	}
	purged := 0
	for purged < rowsAtOnce {
		n, err := c.tx.PurgeOrganization(ctx, c.org.ID, rowsAtOnce-purged)
		if err != nil {
			return purged, err
		}
		if n == 0 {
			// Together with the last rows: whoever may watch does so until it is done.
			return purged, c.bury(ctx, d)
		}
		purged += n
	}
	return purged, nil
}

// bury leaves a tombstone: the id, which is never used again, and the name, for whoever reads the audit.
func (c *Acts) bury(ctx context.Context, d OrgDeletion) error {
	if _, err := c.org.stage(d).after(DeletionPurged); err != nil {
		return err
	}
	d.State, d.DeletedAt = DeletionDone, c.now
	if err := c.tx.UpdateOrgDeletion(ctx, d); err != nil {
		return err
	}
	stone := Organization{ID: c.org.ID, Name: c.org.Name, Kind: c.org.Kind, State: OrgDeleted, SyncMode: SyncDisabled, RetentionDays: DefaultRetentionDays,
		CreatedAt: c.org.CreatedAt, UpdatedAt: c.now, Version: c.org.Version}
	if err := c.tx.UpdateOrganization(ctx, stone); err != nil {
		return err
	}
	return c.tellOf(ctx, OrgDeletionDone, c.org.target(), map[string]any{"deletion": d.ID, "userHandling": d.Handling, "converted": d.Converted, "removed": d.Removed})
}
