package identity

import (
	"context"
	"errors"
	"slices"
)

// ClaimCase is everything that decides whether and how an organization may claim a user (CLM-02, CLM-10, CLM-21 to 26).
type ClaimCase struct {
	Claimant           Organization
	Source             Organization // the user's present organization
	Account            Account
	VerifiedByClaimant bool // the claimant verified the domain of the address
	VerifiedByAnyOther bool // another organization verified it too
	Pending            bool // a claim of this user is not settled yet
	OwnsTrial          bool // the user created the trial organization that the account is in, or is its organization's last full administrator
	Overlap            bool // the user's organization verified a domain that is one of the claimant's, or above or below one
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
	add(foreign && c.Source.SynchronizesPeople(), RuleClaimSourceDirSync, "the user's organization synchronizes its directory")
	add(c.VerifiedByAnyOther, RuleClaimVerifiedElsewhere, "another organization has verified the domain of this address")
	add(!c.VerifiedByClaimant, RuleClaimDomainNotVerified, "your organization has not verified the domain of this address")
	add(!foreign, RuleClaimAlreadyMember, "the user already belongs to your organization")
	add(c.Account.Shadow || c.Account.Status == DeferredClaim || c.Pending, RuleClaimAlreadyPending,
		"the user has been claimed and has not decided yet")
	add(foreign && c.Source.State == OrgDeleting, RuleClaimSourceDeleting, "the user's organization is being deleted")
	add(foreign && c.OwnsTrial, RuleUserOwnsTrialOrg, "the user runs an organization of their own and has to delete it first, or to hand it over")
	add(foreign && c.Overlap, RuleClaimOverlap, "the user's organization has verified a domain that overlaps with one of yours")
	add(foreign && c.Account.State() == StateDeleted, RuleEmailHeld,
		"the user is gone from a directory and about to be deleted; try again when the address is free, or when the user is back")
	return reasons
}

// Deferrable reports whether the user could bring their content along: only from a personal account, and only within a region
// (CLM-24, CLM-25).
func (c ClaimCase) Deferrable() bool {
	return c.Source.Kind == Consumer && c.Source.Region == c.Claimant.Region
}

// Mode decides how the user is claimed (CLM-21): as was asked for, if that is possible, and without a wish as the organization's
// settings say.
func (c ClaimCase) Mode(wish ClaimMode, rules Rules) (ClaimMode, error) {
	allowed := c.Claimant.AllowContentTransfer && rules.DeferredClaims
	switch wish {
	case ClaimImmediate:
		return ClaimImmediate, nil
	case "":
		if allowed && c.Deferrable() {
			return ClaimDeferred, nil
		}
		return ClaimImmediate, nil
	case ClaimDeferred:
		switch {
		case !allowed:
			return "", Refuse(Conflict, RuleContentTransferDisabled, "your organization does not let claimed users bring their content along").At("mode")
		case !c.Deferrable():
			return "", Refuse(Conflict, RuleClaimNotDeferrable, "the content of this user cannot be brought along, so the claim cannot be deferred").At("mode")
		}
		return ClaimDeferred, nil
	}
	return "", Refuse(Invalid, RuleInvalidValue, "the mode %s is not known; use immediate or deferred", quoteShort(string(wish))).At("mode")
}

// The warnings of CLM-45: the claim is possible, and the user may lose access to something.
const (
	WarnSiteLicence   Rule = "MEETING_SITE_LICENSE"
	WarnExternalAdmin Rule = "EXTERNAL_ADMIN"
)

// ClaimPreview says what a claim of an address would come to. Of somebody who cannot be claimed it says no more than why.
type ClaimPreview struct {
	Email       string    `json:"email"`
	Eligible    bool      `json:"eligible"`
	Reasons     []Reason  `json:"reasons,omitempty"`
	Name        string    `json:"name,omitempty"`
	Status      Status    `json:"status,omitempty"` // that the user would have, once a deferred claim is settled
	Mode        ClaimMode `json:"mode,omitempty"`   // as wished for, or as it is without a wish
	Deferrable  bool      `json:"deferrable"`       // the user could bring the content along, if the settings let them
	ContentLost bool      `json:"contentLost"`      // with that mode the content of the old account is lost (CLM-26)
	Warnings    []Reason  `json:"warnings,omitempty"`
}

// PreviewClaim tells whether an organization may claim the user of an address, with every reason that holds. Of an address
// in a domain that the organization has not verified it tells just that, so that nobody learns about people elsewhere
// (EML-13). That the mode that is wished for cannot be is a reason against the claim (CLM-21); without a wish it is as the settings say.
func (s *Service) PreviewClaim(ctx context.Context, claimant OrgID, address string, wish ClaimMode) (ClaimPreview, error) {
	email, err := ParseEmail(address, s.policy)
	if err != nil {
		return ClaimPreview{}, err
	}
	org, err := s.store.Organization(ctx, claimant)
	if err != nil {
		return ClaimPreview{}, err
	}
	return s.previewClaim(ctx, s.store, org, email, wish)
}

func (s *Service) previewClaim(ctx context.Context, r Reader, claimant Organization, email Email, wish ClaimMode) (ClaimPreview, error) {
	found, reasons, err := findClaim(ctx, r, claimant, email)
	if err != nil || len(reasons) > 0 {
		return ClaimPreview{Email: email.Display, Reasons: reasons}, err
	}
	preview, err := found.predict(email.Display, wish, s.rules)
	if err != nil || !preview.Eligible {
		return preview, err
	}
	sites, err := r.SiteLinks(ctx, found.Source.ID)
	if err != nil {
		return preview, err
	}
	preview.Warnings, err = claimWarnings(ctx, r, found, sites)
	return preview, err
}

// predict says what a claim would come to that nothing speaks against, unless the wish for a mode does.
func (c ClaimCase) predict(email string, wish ClaimMode, rules Rules) (ClaimPreview, error) {
	mode, err := c.Mode(wish, rules)
	var refusal *Error
	if errors.As(err, &refusal) && refusal.Kind == Conflict {
		return ClaimPreview{Email: email, Reasons: []Reason{{Code: refusal.Rule, Detail: refusal.Detail}}}, nil
	}
	return ClaimPreview{Email: email, Eligible: true, Name: c.Account.Profile.DisplayName(), Status: c.Account.Status, Mode: mode,
		Deferrable: c.Deferrable(), ContentLost: mode == ClaimImmediate}, err
}

// findClaim gathers what decides about claiming the user of an address, and says what speaks against it.
func findClaim(ctx context.Context, r Reader, claimant Organization, email Email) (ClaimCase, []Reason, error) {
	c := ClaimCase{Claimant: claimant}
	holders, err := r.DomainHolders(ctx, email.Domain)
	if err != nil {
		return c, nil, err
	}
	for _, d := range holders {
		if d.Org == claimant.ID {
			c.VerifiedByClaimant = true
		} else {
			c.VerifiedByAnyOther = true
		}
	}
	if !c.VerifiedByClaimant {
		return c, ClaimReasons(ClaimCase{Claimant: claimant}), nil
	}
	hold, err := r.Hold(ctx, email.Key)
	if IsNotFound(err) {
		return c, nobodyToClaim("no account has this address; add the user instead"), nil
	}
	if err != nil {
		return c, nil, err
	}
	if c.Source, err = r.Organization(ctx, hold.Org); err != nil {
		return c, nil, err
	}
	if c.Account, err = r.Account(ctx, hold.Org, hold.Account); err != nil {
		return c, nil, err
	}
	if c.Pending, err = beingClaimed(ctx, r, c.Account, hold); err != nil {
		return c, nil, err
	}
	if c.OwnsTrial, err = ownsOrganization(ctx, r, c.Source, c.Account); err != nil {
		return c, nil, err
	}
	if c.Overlap, err = overlaps(ctx, r, claimant.ID, c.Source); err != nil {
		return c, nil, err
	}
	reasons := ClaimReasons(c)
	if len(reasons) == 0 && hold.Kind != HoldPrimary {
		reasons = nobodyToClaim("no account has this as its primary address, and users are claimed by that")
	}
	return c, reasons, nil
}

func nobodyToClaim(detail string) []Reason {
	return []Reason{{Code: RuleClaimNoAccount, Detail: detail}}
}

// beingClaimed reports whether an account came by a claim that is not settled yet.
func beingClaimed(ctx context.Context, r Reader, a Account, hold Hold) (bool, error) {
	if hold.Kind == HoldClaim {
		return true, nil
	}
	if a.Source != SourceClaim {
		return false, nil
	}
	claim, err := r.ClaimOf(ctx, a.Org, a.ID)
	if IsNotFound(err) {
		return false, nil
	}
	return err == nil && claim.Open(), err
}

// ownsOrganization reports whether somebody has to delete an organization, or to hand it over, before they can leave it
// (CLM-10 h).
func ownsOrganization(ctx context.Context, r Reader, o Organization, a Account) (bool, error) {
	if o.Kind == Consumer {
		return false, nil
	}
	owns, err := ownsTrial(ctx, r, Hold{Org: o.ID, Account: a.ID})
	if err != nil || owns {
		return owns, err
	}
	return lastFullAdmin(ctx, r, a)
}

// overlaps reports whether an organization has verified a domain that is one of the claimant's, or above or below one (CLM-10 i).
func overlaps(ctx context.Context, r Reader, claimant OrgID, source Organization) (bool, error) {
	if source.Kind == Consumer || source.ID == claimant {
		return false, nil
	}
	theirs, err := r.Domains(ctx, source.ID)
	if err != nil || len(theirs) == 0 {
		return false, err
	}
	ours, err := r.Domains(ctx, claimant)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(theirs, func(t Domain) bool {
		return slices.ContainsFunc(ours, func(o Domain) bool { return within(t.Name, o.Name) || within(o.Name, t.Name) })
	}), nil
}

// claimWarnings returns what an administrator should know before claiming somebody, whose organization has some sites (CLM-45).
func claimWarnings(ctx context.Context, r Reader, c ClaimCase, sites []SiteLink) ([]Reason, error) {
	var warnings []Reason
	if len(sites) > 0 {
		assigned, err := r.Assignments(ctx, c.Source.ID, c.Account.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(assigned, func(a Assignment) bool {
			return slices.ContainsFunc(sites, func(l SiteLink) bool { return l.Licence != "" && l.Licence == a.Licence })
		}) {
			warnings = append(warnings, Reason{Code: WarnSiteLicence,
				Detail: "the user has a licence of a meeting site that is administered elsewhere; have it taken away first, claim, and license the user again, or access to meetings may be lost"})
		}
	}
	bindings, err := r.BindingsOf(ctx, c.Source.ID, c.Account.ID)
	if err != nil {
		return nil, err
	}
	for _, b := range bindings {
		grants, err := r.GrantsOf(ctx, b.Issuer, b.Subject)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(grants, func(g Grant) bool { return g.Org != c.Source.ID }) {
			return append(warnings, Reason{Code: WarnExternalAdmin,
				Detail: "the user is an external administrator; the claim ends that, so have the role taken away first and given again afterwards if it is still wanted"}), nil
		}
	}
	return warnings, nil
}
