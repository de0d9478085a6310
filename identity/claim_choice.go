package identity

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// ClaimOption is what a claimed user can decide about the old account (CLM-51, CLM-52).
type ClaimOption string

// The options.
const (
	OptionKeep     ClaimOption = "KEEP"     // under another address, apart from the new account
	OptionTransfer ClaimOption = "TRANSFER" // its content goes to the new account
	OptionDelete   ClaimOption = "DELETE"   // with its content
)

// ClaimOptions returns what a user can decide. An account that somebody pays for can only be kept (CLM-53).
func ClaimOptions(mode ClaimMode, paid bool) []ClaimOption {
	switch {
	case paid:
		return []ClaimOption{OptionKeep}
	case mode == ClaimDeferred:
		return []ClaimOption{OptionKeep, OptionTransfer, OptionDelete}
	}
	return []ClaimOption{OptionKeep, OptionDelete}
}

// event returns what choosing the option is to the claim's state machine.
func (o ClaimOption) event() (ClaimEvent, error) {
	if e := ClaimEvent(o); e == ClaimKeep || e == ClaimTransfer || e == ClaimDelete {
		return e, nil
	}
	return "", Refuse(Invalid, RuleInvalidValue, "the option %s is not known; use KEEP, TRANSFER or DELETE", quoteShort(string(o))).At("option")
}

// MyClaim is a claim as the person sees it whom it is about.
type MyClaim struct {
	Mode        ClaimMode
	State       ClaimState
	Email       string
	Into        string // the name of the organization that claimed
	From        string // the name of the organization of the old account; empty if that has been deleted since
	Personal    bool   // the old account is a personal one
	ClaimedAt   time.Time
	Deadline    time.Time     // of a deferred claim: when it ends by itself; zero otherwise
	Options     []ClaimOption // none once the claim is settled
	ContentLost bool          // DELETE, and for an immediate claim KEEP too, leave the content behind
	NewEmail    string        // of an old account that is kept, while the address is not confirmed
	AwaitsEmail bool          // the old account is kept and has no confirmed address yet
}

// MyClaim tells a person about the claim by which they came to be where they are. It is NotFound for whoever was not claimed.
func (s *Service) MyClaim(ctx context.Context, p Caller) (MyClaim, error) {
	claim, err := s.claimOf(ctx, p)
	if err != nil {
		return MyClaim{}, err
	}
	return s.viewClaim(ctx, claim)
}

func (s *Service) claimOf(ctx context.Context, p Caller) (Claim, error) {
	if p.Binding == nil {
		return Claim{}, Refuse(NotFound, RuleUnknownClaim, "no account is known to be yours, so nobody has claimed it")
	}
	claim, err := s.store.ClaimOf(ctx, p.Binding.Org, p.Binding.Account)
	if IsNotFound(err) {
		return Claim{}, Refuse(NotFound, RuleUnknownClaim, "your account did not come by a claim")
	}
	return claim, err
}

func (s *Service) viewClaim(ctx context.Context, claim Claim) (MyClaim, error) {
	into, err := s.store.Organization(ctx, claim.Target)
	if err != nil {
		return MyClaim{}, err
	}
	from, err := s.store.Organization(ctx, claim.Source)
	if err != nil && !IsNotFound(err) { // it may have been deleted since, and the old account with it
		return MyClaim{}, err
	}
	m := MyClaim{Mode: claim.Mode, State: claim.State(s.clock.Now()), Email: claim.Email, Into: into.Name, From: from.Name, Personal: from.Kind == Consumer,
		ClaimedAt: claim.ClaimedAt, ContentLost: claim.ContentLost}
	if claim.Mode == ClaimDeferred {
		m.Deadline = claim.Deadline()
	}
	shadow, err := s.store.Account(ctx, claim.Source, claim.OldAccount)
	switch {
	case IsNotFound(err):
		return m, nil
	case err != nil:
		return MyClaim{}, err
	}
	if claim.Outcome == OutcomeKept {
		m.NewEmail, m.AwaitsEmail = shadow.PendingEmail, shadow.Shadow
	}
	if !claim.Open() || claim.Due(s.clock.Now()) {
		return m, nil
	}
	paid, err := paysFor(ctx, s.store, shadow)
	m.Options = ClaimOptions(claim.Mode, paid)
	return m, err
}

// paysFor reports whether an account has a licence that is paid for.
func paysFor(ctx context.Context, r Reader, a Account) (bool, error) {
	assigned, err := r.Assignments(ctx, a.Org, a.ID)
	if err != nil || len(assigned) == 0 {
		return false, err
	}
	subscriptions, err := r.Subscriptions(ctx, a.Org)
	return slices.ContainsFunc(assigned, func(h Assignment) bool { return paidFor(subscriptions, h) }), err
}

// ChooseClaim decides about the old account, once and for good (CLM-55). Whoever chooses signs in by that. To keep the account it
// needs another address, which is confirmed from its mailbox (CLM-54).
func (s *Service) ChooseClaim(ctx context.Context, p Caller, req Request, option ClaimOption, newEmail string) (MyClaim, error) {
	event, err := option.event()
	if err != nil {
		return MyClaim{}, err
	}
	return s.decide(ctx, p, req, func(c *Acts, claim Claim, there *Acts) error {
		outcome, err := claim.after(event, c.now)
		if err != nil {
			return err
		}
		shadow, err := c.tx.Account(ctx, claim.Source, claim.OldAccount)
		if err != nil {
			return err
		}
		paid, err := paysFor(ctx, c.tx, shadow)
		if err != nil {
			return err
		}
		if !slices.Contains(ClaimOptions(claim.Mode, paid), option) {
			return Refuse(Conflict, RuleOptionNotAvailable, "the old account has services that somebody pays for, so it can only be kept under another address").At("option")
		}
		if option != OptionKeep {
			if newEmail != "" {
				return Refuse(Invalid, RuleInvalidValue, "only an account that is kept gets another address").At("newEmail")
			}
			return c.settleClaim(ctx, claim, outcome, c.now)
		}
		if _, err := there.keepableAddress(newEmail); err != nil {
			return err
		}
		if err := c.settleClaim(ctx, claim, outcome, c.now); err != nil {
			return err
		}
		return there.keepUnder(ctx, claim.OldAccount, newEmail)
	})
}

// KeepAddress gives an old account that is kept another address than the one that was to be confirmed.
func (s *Service) KeepAddress(ctx context.Context, p Caller, req Request, newEmail string) (MyClaim, error) {
	return s.decide(ctx, p, req, func(c *Acts, claim Claim, there *Acts) error {
		shadow, err := c.tx.Account(ctx, claim.Source, claim.OldAccount)
		if err != nil && !IsNotFound(err) {
			return err
		}
		if claim.Outcome != OutcomeKept || err != nil || !shadow.Shadow {
			return Refuse(Conflict, RuleClaimSettled, "no old account of yours waits for an address")
		}
		return there.keepUnder(ctx, claim.OldAccount, newEmail)
	})
}

// decide lets a person do something about the claim of their account, after signing them in. If the claim is settled, the organization of
// the old account may be gone: there is nil then.
func (s *Service) decide(ctx context.Context, p Caller, req Request, do func(c *Acts, claim Claim, there *Acts) error) (MyClaim, error) {
	known, err := s.claimOf(ctx, p)
	if err != nil {
		return MyClaim{}, err
	}
	err = s.transact(ctx, Exclusive(known.Target, known.Source), known.Target, p.Actor(Access{}, req), func(c *Acts) error {
		a, err := c.load(ctx, known.NewAccount, nil)
		if err != nil {
			return err
		}
		claim, open, err := c.openClaim(ctx, a)
		if err != nil {
			return err
		}
		if open && claim.SignedInAt.IsZero() {
			if _, err := c.SignIn(ctx, a.ID); err != nil {
				return err
			}
		}
		if claim, err = c.tx.ClaimOf(ctx, a.Org, a.ID); err != nil {
			return err
		}
		there, err := c.elsewhere(ctx, claim.Source)
		if err != nil && !(IsNotFound(err) && !claim.Open()) {
			return err
		}
		return do(c, claim, there)
	})
	if err != nil {
		return MyClaim{}, err
	}
	return s.MyClaim(ctx, p)
}

// keepableAddress refuses what cannot be the address of an account that is kept.
func (c *Acts) keepableAddress(address string) (Email, error) {
	if address == "" {
		return Email{}, Refuse(Invalid, RuleInvalidValue, "the account can only be kept under another address; name one").At("newEmail")
	}
	email, err := ParseEmail(address, c.service.policy)
	return email, atField(err, "newEmail")
}

// keepUnder holds an address for a shadow that is kept, and asks its mailbox to confirm it.
func (c *Acts) keepUnder(ctx context.Context, id AccountID, address string) error {
	if c.org.State != OrgActive {
		return Refuse(Conflict, RuleOrgDeleting, "the organization of the old account is being deleted, and the account with it, so it cannot be kept").At("option")
	}
	email, err := c.keepableAddress(address)
	if err != nil {
		return err
	}
	before, err := c.load(ctx, id, nil)
	if err != nil {
		return err
	}
	if err := c.forgetChange(ctx, before); err != nil {
		return err
	}
	a := before
	a.PendingEmail, a.PendingSince = email.Display, c.now
	if a, err = c.write(ctx, before, a, Event{}, nil); err != nil {
		return atField(err, "newEmail")
	}
	return c.mail(ctx, a, MessageKeepConfirm, a.PendingEmail, LinkKeepAddress, EmailChangeDays,
		map[string]string{"name": a.Profile.DisplayName(), "new": a.PendingEmail})
}

// keep makes a shadow an ordinary account again, under the address that its owner has confirmed (CLM-55). Whoever claimed it has its
// former sign-in, so it gets an invitation to be tied to another.
func (c *Acts) keep(ctx context.Context, before Account) error {
	claim, err := c.tx.ClaimAway(ctx, before.Org, before.ID)
	if IsNotFound(err) {
		// The claim went with the organization that made it, so nothing tells since when the account was a shadow: its clock begins anew.
		claim, err = Claim{ClaimedAt: before.StatusAt}, nil
	}
	if err != nil {
		return err
	}
	if err := c.forgetChange(ctx, before); err != nil {
		return err
	}
	a, _, err := before.Apply(ClaimTakenBack, "", c.now)
	if err != nil {
		return err
	}
	a = a.withPrimary(before.PendingEmail, c.service.policy).released(claim.ClaimedAt, c.now)
	// An address that was listed twice was renamed twice.
	a.Emails = slices.DeleteFunc(a.Emails, func(e AccountEmail) bool { return reservedAddress(e.Value) })
	a.clearPending()
	var status Event
	if a.Status != Inactive {
		if a, status, err = a.Apply(EmailVerified, "", c.now); err != nil {
			return err
		}
	}
	a.StatusEvent = cmp.Or(claim.Carried.StatusEvent, a.StatusEvent)
	if a, err = c.write(ctx, before, a, status, nil); err != nil {
		return err
	}
	return c.invite(ctx, a, MessageInvitation)
}
