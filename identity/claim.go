package identity

import "context"

// ClaimCase is everything that decides whether an organization may claim a user (CLM-10 a to f and h, CLM-02).
type ClaimCase struct {
	Claimant            Organization
	Source              Organization // the user's present organization
	Account             Account
	VerifiedByClaimant  bool // the claimant verified the domain of the address
	VerifiedByAnyOther  bool // another organization verified it too
	HeldByUnsettledMove bool // a claim of this user is not settled yet
	OwnsTrial           bool // the user created the trial organization that the account is in, or is its last full administrator
}

// ClaimReasons returns every reason against the claim, in the order of CLM-10, last the state of the account (14.1); none means the user is eligible.
func ClaimReasons(c ClaimCase) []Reason {
	var reasons []Reason
	add := func(holds bool, code Rule, detail string) {
		if holds {
			reasons = append(reasons, Reason{Code: code, Detail: detail})
		}
	}
	add(c.Claimant.ManagedByDirectory(), RuleClaimTargetDirSync,
		"directory synchronization is on in your organization; switch it off before claiming users")
	foreign := c.Source.ID != c.Claimant.ID
	add(foreign && c.Source.UsesSSO(), RuleClaimSourceSSO, "the user's organization uses single sign-on")
	add(foreign && c.Source.ManagedByDirectory(), RuleClaimSourceDirSync, "the user's organization synchronizes its directory")
	add(c.VerifiedByAnyOther, RuleClaimVerifiedElsewhere, "another organization has verified the domain of this address")
	add(!c.VerifiedByClaimant, RuleClaimDomainNotVerified, "your organization has not verified the domain of this address")
	add(!foreign, RuleClaimAlreadyMember, "the user already belongs to your organization")
	add(c.Account.Shadow || c.Account.Status == DeferredClaim || c.HeldByUnsettledMove, RuleClaimAlreadyPending,
		"the user has been claimed and has not decided yet")
	add(foreign && c.OwnsTrial, RuleUserOwnsTrialOrg, "the user runs a trial organization and has to delete it first")
	add(foreign && c.Account.State() == StateDeleted, RuleEmailHeld,
		"the user is gone from a directory and about to be deleted; try again when the address is free, or when the user is back")
	return reasons
}

// ClaimPreview says what a claim of an address would come to.
type ClaimPreview struct {
	Email    string   `json:"email"`
	Eligible bool     `json:"eligible"`
	Reasons  []Reason `json:"reasons,omitempty"`
}

// PreviewClaim tells whether an organization may claim the user of an address, with every reason that holds. Of an address
// in a domain that the organization has not verified it tells just that, so that nobody learns about people elsewhere
// (EML-13).
func (s *Service) PreviewClaim(ctx context.Context, claimant OrgID, address string) (ClaimPreview, error) {
	email, err := ParseEmail(address, s.policy)
	if err != nil {
		return ClaimPreview{}, err
	}
	org, err := s.store.Organization(ctx, claimant)
	if err != nil {
		return ClaimPreview{}, err
	}
	preview, err := previewClaim(ctx, s.store, org, email)
	if err != nil {
		return ClaimPreview{}, err
	}
	return preview, nil
}

func previewClaim(ctx context.Context, r Reader, claimant Organization, email Email) (ClaimPreview, error) {
	preview := ClaimPreview{Email: email.Display}
	holders, err := r.DomainHolders(ctx, email.Domain)
	if err != nil {
		return preview, err
	}
	c := ClaimCase{Claimant: claimant}
	for _, d := range holders {
		if d.Org == claimant.ID {
			c.VerifiedByClaimant = true
		} else {
			c.VerifiedByAnyOther = true
		}
	}
	if !c.VerifiedByClaimant {
		preview.Reasons = ClaimReasons(ClaimCase{Claimant: claimant})
		return preview, nil
	}
	hold, err := r.Hold(ctx, email.Key)
	if IsNotFound(err) {
		preview.Reasons = []Reason{{Code: RuleClaimNoAccount, Detail: "no account has this address; add the user instead"}}
		return preview, nil
	}
	if err != nil {
		return preview, err
	}
	if c.Source, err = r.Organization(ctx, hold.Org); err != nil {
		return preview, err
	}
	if c.Account, err = r.Account(ctx, hold.Org, hold.Account); err != nil {
		return preview, err
	}
	if c.OwnsTrial, err = ownsTrial(ctx, r, hold); err != nil {
		return preview, err
	}
	c.HeldByUnsettledMove = hold.Kind == HoldClaim
	preview.Reasons = ClaimReasons(c)
	preview.Eligible = len(preview.Reasons) == 0
	return preview, nil
}
