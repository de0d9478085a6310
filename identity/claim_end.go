package identity

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

func (c Claim) target() Target {
	return Target{Type: TargetClaim, ID: string(c.ID), Name: string(c.Mode)}
}

// evidence is what the events of the claiming organization say of a claim.
func (c Claim) evidence() (json.RawMessage, error) {
	said := map[string]any{"claim": c.ID, "mode": c.Mode, "email": c.Email, "contentLost": c.ContentLost}
	if c.Mode == ClaimDeferred {
		said["deadline"] = c.Deadline()
	}
	if c.Outcome != "" {
		said["outcome"] = c.Outcome
	}
	return json.Marshal(said)
}

// openClaim returns the claim that an account came by, if it is still open. One whose time is over is settled first, so that being late
// changes nothing.
func (c *Acts) openClaim(ctx context.Context, a Account) (claim Claim, open bool, err error) {
	if a.Source != SourceClaim {
		return Claim{}, false, nil
	}
	claim, err = c.tx.ClaimOf(ctx, a.Org, a.ID)
	if IsNotFound(err) {
		return Claim{}, false, nil
	}
	if err != nil || !claim.Open() {
		return claim, false, err
	}
	if claim.Due(c.now) {
		return claim, false, c.settleClaim(ctx, claim, OutcomeAutomatic, claim.Deadline())
	}
	return claim, true, nil
}

// mayMoveAddress refuses another primary address for a claimed user as long as the claim can be revoked: the user would go back to an
// address that somebody else could have by then (CLM-60).
func (c *Acts) mayMoveAddress(ctx context.Context, a Account) error {
	claim, open, err := c.openClaim(ctx, a)
	if err != nil || !open || !claim.Revocable(c.now) {
		return err
	}
	return Refuse(Conflict, RuleInvalidTransition, "this user was claimed and the claim can still be revoked, until %s or the user signs in; the address cannot be changed until then",
		claim.Deadline().Format(time.RFC3339)).At("emails")
}

// settleClaim ends a claim that is open: both accounts become what the outcome makes of them. c is in either of the claim's
// organizations. A deferred claim that ended by itself has ended at its deadline, whenever that is noted.
func (c *Acts) settleClaim(ctx context.Context, claim Claim, outcome ClaimOutcome, at time.Time) error {
	here, err := c.elsewhere(ctx, claim.Target)
	if err != nil {
		return err
	}
	there, err := c.elsewhere(ctx, claim.Source)
	if err != nil {
		return err
	}
	claim.Outcome, claim.SettledAt = outcome, at
	if err := c.tx.UpdateClaim(ctx, claim); err != nil {
		return err
	}
	claim.Version++
	if outcome == OutcomeRevoked {
		return here.takeBack(ctx, claim, there)
	}
	order, err := there.endShadow(ctx, claim, here)
	if err != nil {
		return err
	}
	return here.stay(ctx, claim, order)
}

// stay makes the new account of a settled claim an ordinary one.
func (c *Acts) stay(ctx context.Context, claim Claim, order MessageID) error {
	before, err := c.tx.Account(ctx, claim.Target, claim.NewAccount)
	if err != nil {
		return err
	}
	trigger := ClaimGivenUp
	switch claim.Outcome {
	case OutcomeKept:
		trigger = ClaimKept
	case OutcomeAutomatic:
		trigger = ClaimTimedOut
	}
	a := before
	if before.Status == DeferredClaim {
		if a, _, err = before.Apply(trigger, "", claim.SettledAt); err != nil {
			return err
		}
		if claim.Outcome == OutcomeAutomatic && claim.Carried.Status == Inactive {
			if a, _, err = a.Deactivate(ClaimedInactive, claim.SettledAt); err != nil {
				return err
			}
		}
	}
	e := before.event(ClaimSettled, settlementRule(claim), c.now)
	e.Target = claim.target()
	if e.Evidence, err = claim.settlement(order); err != nil {
		return err
	}
	id, err := c.record(ctx, e)
	if err != nil || a.Status == before.Status {
		return err
	}
	a.StatusEvent, a.UpdatedAt = id, c.now
	holds, err := c.addresses(ctx, a.Draft())
	if err != nil {
		return err
	}
	if holds, err = c.stillHeld(ctx, a, holds); err != nil {
		return err
	}
	return c.tx.UpdateAccount(ctx, a, a.holds(holds))
}

func (c Claim) settlement(order MessageID) (json.RawMessage, error) {
	said := map[string]any{"claim": c.ID, "outcome": c.Outcome}
	if order != "" {
		said["order"] = order
	}
	return json.Marshal(said)
}

func settlementRule(c Claim) Rule {
	if c.Outcome == OutcomeAutomatic {
		return "CLM-23"
	}
	return "CLM-55"
}

// endShadow does to the old account what was decided, and returns the order about its content, if there is one. An account that is kept
// stays a shadow until its new address is confirmed.
func (c *Acts) endShadow(ctx context.Context, claim Claim, target *Acts) (order MessageID, err error) {
	shadow, err := c.tx.Account(ctx, claim.Source, claim.OldAccount)
	if err != nil {
		return "", err
	}
	e := shadow.event(ClaimSettled, settlementRule(claim), c.now)
	switch claim.Outcome {
	case OutcomeKept:
		if err := c.relicenseLater(ctx, shadow, claim.Carried.Licences); err != nil {
			return "", err
		}
	case OutcomeDeleted:
		order, err = c.orderPurge(ctx, "purge-claim:"+string(claim.ID), claim.OldAccount, ContentScopes)
	case OutcomeTransferred, OutcomeAutomatic:
		order, err = target.orderTransfer(ctx, claim)
	}
	if err != nil {
		return "", err
	}
	if e.Evidence, err = json.Marshal(map[string]any{"outcome": claim.Outcome}); err != nil {
		return "", err
	}
	if _, err := c.record(ctx, e); err != nil || claim.Outcome == OutcomeKept {
		return order, err
	}
	if err := c.returnSeats(ctx, shadow); err != nil {
		return "", err
	}
	return order, c.tx.DeleteAccount(ctx, shadow.Org, shadow.ID, shadow.Version)
}

// relicenseLater gives an old account back the licences whose seats others could have meanwhile, as far as there are any.
func (c *Acts) relicenseLater(ctx context.Context, a Account, licences []Licence) error {
	if len(licences) == 0 {
		return nil
	}
	had, err := c.tx.Assignments(ctx, c.org.ID, a.ID)
	if err != nil {
		return err
	}
	return c.relicense(ctx, a, had, licensing{add: lacking(had, licences), rule: "CLM-60", lenient: true, back: true})
}

// takeBack undoes a claim: the new account goes without a trace but the audit, and the old one is what it was (CLM-60).
func (c *Acts) takeBack(ctx context.Context, claim Claim, there *Acts) error {
	a, err := c.tx.Account(ctx, claim.Target, claim.NewAccount)
	if err != nil {
		return err
	}
	shadow, err := c.tx.Account(ctx, claim.Source, claim.OldAccount)
	if err != nil {
		return err
	}
	// Whoever can be taken back is nobody's last full administrator, see inCharge.
	if err := c.takeAwayRoles(ctx, a, "CLM-60", "the claim of the administrator was revoked"); err != nil {
		return err
	}
	if err := c.returnSeats(ctx, a); err != nil {
		return err
	}
	if err := c.moveBindings(ctx, a, shadow); err != nil {
		return err
	}
	e := a.event(ClaimTakenAway, "CLM-60", c.now)
	e.Target = claim.target()
	if e.Evidence, err = claim.evidence(); err != nil {
		return err
	}
	if _, err := c.record(ctx, e); err != nil {
		return err
	}
	if err := c.tx.DeleteAccount(ctx, a.Org, a.ID, a.Version); err != nil {
		return err
	}
	if err := there.comeBack(ctx, claim, shadow); err != nil {
		return err
	}
	return there.Mail(ctx, MessageClaimRevoked, claim.Email, "claim-revoked:"+string(claim.ID),
		map[string]string{"name": shadow.Profile.DisplayName(), "organization": c.org.Name})
}

// comeBack makes a shadow the account that it was.
func (c *Acts) comeBack(ctx context.Context, claim Claim, shadow Account) error {
	a, _, err := shadow.Apply(ClaimTakenBack, "", c.now)
	if err != nil {
		return err
	}
	a = a.restored().released(claim.ClaimedAt, claim.SettledAt)
	a.StatusEvent, a.UpdatedAt = claim.Carried.StatusEvent, c.now
	holds, err := c.addresses(ctx, a.Draft())
	if err != nil {
		return err
	}
	if holds, err = c.stillHeld(ctx, a, holds); err != nil {
		return err
	}
	e := a.event(ClaimTakenAway, "CLM-60", c.now)
	if _, err := c.record(ctx, e); err != nil {
		return err
	}
	if err := c.tx.UpdateAccount(ctx, a, a.holds(holds)); err != nil {
		return err
	}
	return c.relicenseLater(ctx, a, claim.Carried.Licences)
}

// closeClaim ends an open claim because one of its organizations or the new account goes away: it is revoked if it still can be, and
// else settled as if the user had deleted the old account (ORG-21). What can be revoked is decided by the instant at which it had to go,
// whenever that is noted. It reports whether the new account went with it.
func (c *Acts) closeClaim(ctx context.Context, claim Claim, at time.Time) (gone bool, err error) {
	if claim.Due(at) {
		return false, c.settleClaim(ctx, claim, OutcomeAutomatic, claim.Deadline())
	}
	outcome, err := claim.after(ClaimClosed, at)
	if err != nil {
		return false, err
	}
	return outcome == OutcomeRevoked, c.settleClaim(ctx, claim, outcome, at)
}

// RevokeClaim brings a claimed user back to where they were (CLM-60). Only the organization that made the claim can (CLM-63), while
// the claim can be revoked (CLM-61) and the organization has not claimed the domain (CLM-62).
func (s *Service) RevokeClaim(ctx context.Context, by Actor, org OrgID, id ClaimID) (Claim, error) {
	known, err := s.store.Claim(ctx, org, id)
	if IsNotFound(err) {
		known, err = Claim{Target: org, Source: org}, nil // an organization that is being deleted says so first
	}
	if err != nil {
		return Claim{}, err
	}
	var claim Claim
	err = s.transact(ctx, Exclusive(known.Target, known.Source), org, by, func(c *Acts) error {
		if claim, err = c.tx.Claim(ctx, org, id); err != nil {
			return err
		}
		if a, err := c.tx.Account(ctx, org, claim.NewAccount); err == nil {
			c.about = a
		}
		outcome, err := claim.after(ClaimRevoke, c.now)
		if err != nil {
			return err
		}
		standing, err := c.standing(ctx, claim.Domain)
		if err != nil {
			return err
		}
		if standing.State == DomainClaimed {
			return Refuse(Conflict, RuleRevokeDomainClaimed, "your organization has claimed %s; release the domain for the moment, revoke the claim, and claim the domain again", claim.Domain)
		}
		there, err := c.elsewhere(ctx, claim.Source)
		if err != nil {
			return err
		}
		if there.org.State != OrgActive {
			return Refuse(Conflict, RuleOrgDeleting, "the organization that the user comes from is being deleted, so nobody can go back there")
		}
		if err := c.settleClaim(ctx, claim, outcome, c.now); err != nil {
			return err
		}
		claim.Outcome, claim.SettledAt = outcome, c.now
		return nil
	})
	return claim, err
}

// claimActor is who settles claims whose time is over.
var claimActor = Actor{Kind: System, Name: "claims"}

// SettleDueClaims settles the deferred claims whose time is over by the service's clock, at most limit, and returns how many it
// settled (CLM-23). It is safe to run twice, late, or on several instances at once. Claims of an organization that is being deleted are
// left to the deletion, which ends them as they stood when it was asked for (ORG-21).
func (s *Service) SettleDueClaims(ctx context.Context, limit int) (int, error) {
	due, err := s.store.ClaimsDue(ctx, s.clock.Now().Add(-ClaimDays*Day), limit)
	if err != nil {
		return 0, err
	}
	settled := 0
	var failures []error
	for _, d := range due {
		done := false
		err := s.transact(ctx, Exclusive(d.Target, d.Source), d.Target, claimActor, func(c *Acts) error {
			done = false
			if c.org.State != OrgActive {
				return nil
			}
			now, err := c.tx.Claim(ctx, d.Target, d.ID)
			if IsNotFound(err) || err == nil && !now.Due(c.now) {
				return nil
			}
			if err != nil {
				return err
			}
			done = true
			return c.settleClaim(ctx, now, OutcomeAutomatic, now.Deadline())
		})
		switch {
		case err != nil:
			failures = append(failures, err)
		case done:
			settled++
		}
	}
	return settled, errors.Join(failures...)
}

// SettleClaims looks at the clock and then does what [Service.SettleDueClaims] does; nothing while deletions are paused, because the
// end of a claim deletes the old account.
func (r *Retention) SettleClaims(ctx context.Context, limit int) (int, error) {
	watch, err := r.look(ctx)
	if err != nil || !watch.MayDelete() {
		return 0, err
	}
	return r.service.SettleDueClaims(ctx, limit)
}
