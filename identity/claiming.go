package identity

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
)

// ClaimRequest is one user whom an organization wants to claim.
type ClaimRequest struct {
	Email    string
	Mode     ClaimMode // empty: as the organization's settings say (CLM-21)
	Licences []Licence // what the new account gets; nil: what the templates say (CLM-32)
}

// ClaimedUser is what came of one request.
type ClaimedUser struct {
	Request ClaimRequest
	Claim   Claim
	Account Account // the new one
	Err     *Error  // why nothing came of it
}

// ClaimUsers claims the users of some addresses, each in a transaction of its own, and tells what came of each. It is not a change
// that can be taken back by itself, so whoever asks for it has to acknowledge that (CLM-05).
func (s *Service) ClaimUsers(ctx context.Context, by Actor, org OrgID, requests []ClaimRequest, acknowledged bool) ([]ClaimedUser, error) {
	if _, err := s.store.Organization(ctx, org); err != nil {
		return nil, err
	}
	switch {
	case len(requests) == 0:
		return nil, Refuse(Invalid, RuleInvalidValue, "no user is named").At("users")
	case len(requests) > s.rules.ClaimListLimit:
		return nil, Refuse(Invalid, RuleClaimBatchTooLarge, "%d users are named; at most %d can be claimed in one call", len(requests), s.rules.ClaimListLimit).At("users")
	case !acknowledged:
		return nil, Refuse(Invalid, RuleAcknowledgement, "a claim moves people for good; acknowledge that to claim them").At("acknowledgePermanent")
	}
	results := make([]ClaimedUser, 0, len(requests))
	for _, r := range requests {
		done := ClaimedUser{Request: r}
		var err error
		done.Claim, done.Account, err = s.ClaimUser(ctx, by, org, r)
		var refusal *Error
		switch {
		case err == nil:
		case errors.As(err, &refusal) && refusal.Kind != Internal && refusal.Kind != Unavailable:
			done.Err = refusal
		default:
			return results, err
		}
		results = append(results, done)
	}
	return results, nil
}

// ClaimUser claims one user.
func (s *Service) ClaimUser(ctx context.Context, by Actor, org OrgID, r ClaimRequest) (Claim, Account, error) {
	var claim Claim
	var account Account
	err := s.TransactClaims(ctx, by, org, []string{r.Email}, func(c *Acts) error {
		var err error
		claim, account, err = c.Claim(ctx, r)
		return err
	})
	if err != nil {
		return Claim{}, Account{}, err
	}
	return claim, account, nil
}

// TransactClaims is [Service.Transact] for claims of some addresses: it locks the organizations that have them too, so that what
// decides about a claim stays as it is until it is made. Who has an address is looked at here only to know what to lock; [Acts.Claim] looks
// again in the transaction, by when somebody else may have it.
func (s *Service) TransactClaims(ctx context.Context, by Actor, org OrgID, addresses []string, fn func(*Acts) error) error {
	orgs := []OrgID{org}
	for _, address := range addresses {
		email, err := ParseEmail(address, s.policy)
		if err != nil {
			continue // the claim itself says so
		}
		hold, err := s.store.Hold(ctx, email.Key)
		if err != nil && !IsNotFound(err) {
			return err
		}
		if err == nil && !slices.Contains(orgs, hold.Org) {
			orgs = append(orgs, hold.Org)
		}
	}
	return s.transact(ctx, Exclusive(orgs...), org, by, fn)
}

// Claim moves one user of another organization into this one (CLM-22, CLM-23): a new account has the address from now on, and the
// old one becomes a shadow until the user has decided (CLM-40). A refusal gives every reason (CLM-10). One that comes with a claim
// came when a part of it was done, so that nothing of the transaction can be kept.
func (c *Acts) Claim(ctx context.Context, r ClaimRequest) (Claim, Account, error) {
	c.about = Account{}
	email, err := ParseEmail(r.Email, c.service.policy)
	if err != nil {
		return Claim{}, Account{}, atField(err, "email")
	}
	c.about.UserName = email.Display
	if c.org.Kind == Consumer {
		return Claim{}, Account{}, Refuse(Forbidden, RuleForbiddenRole, "the organization of personal accounts claims nobody")
	}
	found, against, err := findClaim(ctx, c.tx, c.org, email)
	if err != nil {
		return Claim{}, Account{}, err
	}
	if len(against) > 0 {
		refusal := Refuse(Conflict, against[0].Code, "%s cannot be claimed: %s", email.Key, against[0].Detail).At("email")
		refusal.Why = against
		return Claim{}, Account{}, refusal
	}
	mode, err := found.Mode(r.Mode, c.service.rules)
	if err != nil {
		return Claim{}, Account{}, err
	}
	if err := c.mayLicenseNew(ctx, r.Licences); err != nil {
		return Claim{}, Account{}, err
	}
	there, err := c.elsewhere(ctx, found.Source.ID)
	if err != nil {
		return Claim{}, Account{}, err
	}
	old := found.Account
	claim := Claim{
		ID: ClaimID(c.service.ids.New()), Target: c.org.ID, Source: old.Org, NewAccount: AccountID(c.service.ids.New()), OldAccount: old.ID,
		Mode: mode, Email: old.PrimaryEmail(), Domain: email.Domain, ContentLost: mode == ClaimImmediate, ClaimedAt: c.now, Version: 1,
		Carried: Carried{Status: old.Status, StatusEvent: old.StatusEvent},
	}
	proven := !old.unproven()
	if claim.Carried.Licences, err = there.giveUp(ctx, old, email.Key); err != nil {
		return claim, Account{}, err
	}
	a, err := c.arrive(ctx, claim, old)
	if err != nil {
		return claim, Account{}, err
	}
	if proven {
		if err := c.moveBindings(ctx, old, a); err != nil {
			return claim, Account{}, err
		}
	} else if err := there.unbindOthers(ctx, old, Person{}); err != nil {
		return claim, Account{}, err
	}
	if err := c.tx.InsertClaim(ctx, claim); err != nil {
		return claim, Account{}, err
	}
	if err := c.mailClaim(ctx, claim, a); err != nil {
		return claim, Account{}, err
	}
	a.InvitedAt = c.now // so that the first licence sends no other mail (CLM-50)
	return claim, a, c.licenceNewAccount(ctx, a, r.Licences)
}

// giveUp makes an account of this organization a shadow because another one claims it. Its groups and the licences that are paid for
// stay; the seats of others are free meanwhile, and which they were is returned. What its owner may do anywhere ends (CLM-46,
// CLM-47).
func (c *Acts) giveUp(ctx context.Context, before Account, key EmailKey) ([]Licence, error) {
	if err := c.takeAwayRoles(ctx, before, "CLM-46", "another organization claimed the administrator"); err != nil {
		return nil, err
	}
	for _, purpose := range []LinkPurpose{LinkInvitation, LinkChangeEmail, LinkCancelChange} {
		if err := c.tx.DeleteLinks(ctx, before.Org, before.ID, purpose); err != nil {
			return nil, err
		}
	}
	unpaid, err := c.returnUnpaid(ctx, before)
	if err != nil {
		return nil, err
	}
	a, e, err := before.Apply(ClaimedAway, "", c.now)
	if err != nil {
		return nil, err
	}
	a = a.renamed(key, c.service.policy)
	if err := c.userNameFree(ctx, a.UserName, a.ID); RuleOf(err) == RuleUserNameTaken {
		a = a.apart()
	} else if err != nil {
		return nil, err
	}
	a.clearPending()
	a.UpdatedAt = c.now
	holds, err := c.addressesOf(ctx, a)
	if err != nil {
		return nil, err
	}
	if holds, err = c.stillHeld(ctx, a, holds); err != nil {
		return nil, err
	}
	if a.StatusEvent, err = c.record(ctx, e); err != nil {
		return nil, err
	}
	return unpaid, c.tx.UpdateAccount(ctx, a, a.holds(holds))
}

// stillHeld leaves out alternates that somebody else took before their domain was verified: they are contact data.
func (c *Acts) stillHeld(ctx context.Context, a Account, holds []Hold) ([]Hold, error) {
	kept := make([]Hold, 0, len(holds))
	for _, h := range holds {
		held, err := c.tx.Hold(ctx, h.Key)
		switch {
		case IsNotFound(err), err == nil && held.Account == a.ID:
			kept = append(kept, h)
		case err != nil:
			return nil, err
		}
	}
	return kept, nil
}

// arrive makes the new account of a claim. It has what its owner is called and nothing else of the old one.
func (c *Acts) arrive(ctx context.Context, claim Claim, old Account) (Account, error) {
	profile, err := old.Profile.names()
	if err != nil {
		return Account{}, err
	}
	a := Account{
		ID: claim.NewAccount, Org: c.org.ID, UserName: claim.Email, Profile: profile, Source: SourceClaim,
		Emails: []AccountEmail{{Value: claim.Email, Type: "work", Primary: true}},
		Status: old.Status, PreviousStatus: old.PreviousStatus, StatusAt: c.now, InvitedAt: c.now,
		FirstSignInAt: old.FirstSignInAt, LastSignInAt: old.LastSignInAt, CreatedAt: c.now, UpdatedAt: c.now, Version: 1,
	}
	if old.Status == Inactive {
		a.InactiveReason = ClaimedInactive
	}
	if claim.Mode == ClaimDeferred {
		a.Status, a.InactiveReason = DeferredClaim, ""
		if old.Status != Inactive {
			a.PreviousStatus = old.Status
		}
	}
	if err := c.userNameFree(ctx, a.UserName, ""); err != nil {
		return Account{}, err
	}
	holds, err := c.addresses(ctx, a.Draft())
	if err != nil {
		return Account{}, err
	}
	e := a.event(UserClaimed, "CLM-22", c.now)
	if claim.Mode == ClaimDeferred {
		e.Rule = "CLM-23"
	}
	e.Target = claim.target()
	if e.Evidence, err = claim.evidence(); err != nil {
		return Account{}, err
	}
	if a.StatusEvent, err = c.record(ctx, e); err != nil {
		return Account{}, err
	}
	c.about = a
	return a, c.tx.InsertAccount(ctx, a, a.holds(holds))
}

// mailClaim tells the user (CLM-50). No setting suppresses it. Its link shows that the mailbox is the user's, like an invitation's.
func (c *Acts) mailClaim(ctx context.Context, claim Claim, a Account) error {
	data := map[string]string{"name": a.Profile.DisplayName(), "mode": string(claim.Mode), "contentLost": strconv.FormatBool(claim.ContentLost)}
	if claim.Mode == ClaimDeferred {
		data["deadline"] = claim.Deadline().Format(time.RFC3339)
	}
	return c.mail(ctx, a, MessageClaim, claim.Email, LinkInvitation, InvitationDays, data)
}

// returnUnpaid frees the seats that nobody pays for and returns which licences they were.
func (c *Acts) returnUnpaid(ctx context.Context, a Account) ([]Licence, error) {
	had, err := c.tx.Assignments(ctx, c.org.ID, a.ID)
	if err != nil || len(had) == 0 {
		return nil, err
	}
	subscriptions, err := c.tx.Subscriptions(ctx, c.org.ID)
	if err != nil {
		return nil, err
	}
	var unpaid []Licence
	for _, h := range had {
		if !paidFor(subscriptions, h) {
			unpaid = append(unpaid, h.Licence)
		}
	}
	if len(unpaid) == 0 {
		return nil, nil
	}
	return unpaid, c.relicense(ctx, a, had, licensing{remove: unpaid, rule: "CLM-47"})
}

// paidFor reports whether a licence comes from a subscription that is paid for, also while that is suspended (BEHAVIOUR 17, A1).
func paidFor(subscriptions []Subscription, a Assignment) bool {
	return slices.ContainsFunc(subscriptions, func(s Subscription) bool {
		return s.ID == a.Subscription && s.Type == Paid && (s.Status == SubscriptionActive || s.Status == SubscriptionSuspended)
	})
}
