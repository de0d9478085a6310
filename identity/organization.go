package identity

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// OrgKind is what an organization is for (BEHAVIOUR 1.1).
type OrgKind string

// The kinds of organizations. There is exactly one of kind Consumer, built in.
const (
	Consumer OrgKind = "consumer"
	Customer OrgKind = "customer"
	Partner  OrgKind = "partner"
)

// SyncMode is where an organization stands with directory synchronization (BEHAVIOUR 14.6). Whatever is not SyncDisabled
// makes the directory the owner of the organization's people (USR-22).
type SyncMode string

// The modes of directory synchronization.
const (
	SyncDisabled   SyncMode = "disabled"
	SyncRegistered SyncMode = "registered" // a connector exists, no run has succeeded yet
	SyncManual     SyncMode = "manual"
	SyncAuto       SyncMode = "auto"
	SyncPaused     SyncMode = "paused"
)

// SyncModes lists the modes in the order of the life cycle.
var SyncModes = []SyncMode{SyncDisabled, SyncRegistered, SyncManual, SyncAuto, SyncPaused}

// The bounds of the retention of inactive accounts, in days of 24 hours (USR-16).
const (
	MinRetentionDays     = 30
	MaxRetentionDays     = 90
	DefaultRetentionDays = 30
)

// MaxOrgName is the length of an organization's name in bytes.
const MaxOrgName = 200

// MaxRegion is the length of a region's name in bytes.
const MaxRegion = 64

// Organization is a tenant.
type Organization struct {
	ID       OrgID    `json:"id"`
	Name     string   `json:"name"`
	Kind     OrgKind  `json:"kind"`
	State    OrgState `json:"state"`
	SyncMode SyncMode `json:"syncMode"`
	// SSOProvider names the active single-sign-on provider (an issuer URL or entity id); empty means none.
	SSOProvider string `json:"ssoProvider,omitempty"`
	// RequireEmail refuses accounts without an address and userNames that differ from the primary address (SCM-16).
	RequireEmail bool `json:"requireEmail"`
	// ActivationEmails says whether new users get an activation mail (NTF-03). With it off and SSO on, a synchronized
	// user starts as Verified (USR-03).
	ActivationEmails bool `json:"activationEmails"`
	RetentionDays    int  `json:"retentionDays"` // of ordinary inactive accounts
	// RetentionCutAt is when RetentionDays last became smaller; nobody is deleted for that within a day of it.
	RetentionCutAt time.Time `json:"retentionCutAt,omitzero"`
	// EnforceVerifiedDomains refuses new users whose address is in no verified domain of the organization (DOM-17).
	EnforceVerifiedDomains bool `json:"enforceVerifiedDomains"`
	// SelfRegistration lets people with an address in a claimed domain create their own account here (DOM-11).
	SelfRegistration bool `json:"selfRegistration"`
	// RequiredAttributes are what an administrator must give for a new user, separated by blanks; with any, users are added
	// one at a time (CSV-08).
	RequiredAttributes string `json:"requiredAttributes,omitempty"`
	// AllowContentTransfer lets claimed users bring their content along: who can is claimed deferred (CLM-20).
	AllowContentTransfer bool `json:"allowContentTransfer"`
	// Region is where the organization's content is kept; content does not move between regions (CLM-25). Empty: the usual one.
	Region string `json:"region,omitempty"`
	// ProviderAuthoritative says that what the organization's identity provider pushes is a synchronization of its people: nobody
	// else can claim them (BEHAVIOUR 17, A3), and no directory can be synchronized beside it (SCM-15).
	ProviderAuthoritative bool `json:"providerAuthoritative"`
	// Creator is the account of whoever signed the organization up (ORG-23); empty: an operator or partner made it.
	Creator AccountID `json:"creator,omitempty"`
	// ActiveProviders counts the active identity providers, LicenceTemplates the templates. Both are kept with the rows that
	// they count, so that a new account needs no look-up.
	ActiveProviders  int       `json:"activeProviders"`
	LicenceTemplates int       `json:"licenceTemplates"`
	CreatedAt        time.Time `json:"createdAt"`
	UpdatedAt        time.Time `json:"updatedAt"`
	Version          int64     `json:"version"`
}

// ManagedByDirectory reports whether the directory owns the organization's people, so that nobody else may add, change,
// deactivate, reactivate or delete them (USR-22).
func (o Organization) ManagedByDirectory() bool {
	return o.SyncMode != SyncDisabled && o.SyncMode != ""
}

// UsesSSO reports whether the organization has an active single-sign-on provider.
// (BEHAVIOUR 17, A29): one that it registered here, or another that the operator named.
func (o Organization) UsesSSO() bool { return o.SSOProvider != "" || o.ActiveProviders > 0 }

// SynchronizesPeople reports whether the organization's people come from elsewhere, a directory or an authoritative identity
// provider, which keeps others from claiming them (CLM-10 b).
func (o Organization) SynchronizesPeople() bool {
	return o.ManagedByDirectory() || o.ProviderAuthoritative
}

func (o Organization) validate() error {
	switch {
	case strings.TrimSpace(o.Name) == "":
		return Refuse(Invalid, RuleInvalidValue, "an organization needs a name").At("name")
	case len(o.Name) > MaxOrgName:
		return Refuse(Invalid, RuleInvalidValue, "the name has %d bytes; at most %d are allowed", len(o.Name), MaxOrgName).At("name")
	case strings.ContainsFunc(o.Name, unicode.IsControl):
		return Refuse(Invalid, RuleInvalidValue, "the name has control characters").At("name")
	case o.Kind != Consumer && o.Kind != Customer && o.Kind != Partner:
		return Refuse(Invalid, RuleInvalidValue, "the kind %q is not known; use customer or partner", o.Kind).At("kind")
	case o.RetentionDays < MinRetentionDays || o.RetentionDays > MaxRetentionDays:
		return Refuse(Invalid, RuleInvalidValue, "inactive accounts can be kept %d to %d days, not %d", MinRetentionDays, MaxRetentionDays, o.RetentionDays).At("retentionDays")
	case len(o.Region) > MaxRegion || !printable(o.Region) || strings.TrimSpace(o.Region) != o.Region:
		return Refuse(Invalid, RuleInvalidValue, "the region is no name of at most %d bytes", MaxRegion).At("region")
	case o.ProviderAuthoritative && o.ManagedByDirectory():
		return Refuse(Conflict, RuleSyncSourceConflict, "the people of an organization are synchronized by its directory or by its identity provider, not by both").At("providerAuthoritative")
	case len(o.SSOProvider) > 1000:
		return Refuse(Invalid, RuleInvalidValue, "the single-sign-on provider has %d bytes; at most 1000 are allowed", len(o.SSOProvider)).At("ssoProvider")
	}
	if err := o.validateRequired(); err != nil {
		return err
	}
	for _, m := range SyncModes {
		if o.SyncMode == m {
			return nil
		}
	}
	return Refuse(Invalid, RuleInvalidValue, "the synchronization mode %q is not known; use one of %v", o.SyncMode, SyncModes).At("syncMode")
}

// validateRequired refuses attributes that nobody could give, because then no user could be added any more.
func (o Organization) validateRequired() error {
	seen := map[string]bool{}
	for _, name := range strings.Fields(o.RequiredAttributes) {
		switch {
		case RequirableAttributes[name] == nil:
			return Refuse(Invalid, RuleInvalidValue, "the attribute %s cannot be required; use some of %s", quoteShort(name),
				strings.Join(slices.Sorted(maps.Keys(RequirableAttributes)), ", ")).At("requiredAttributes")
		case seen[name]:
			return Refuse(Invalid, RuleInvalidValue, "the attribute %s is listed twice; once is enough", name).At("requiredAttributes")
		}
		seen[name] = true
	}
	return nil
}

// DomainState is where an organization stands with a domain (BEHAVIOUR 14.4).
type DomainState string

// The states of a domain in an organization.
const (
	DomainNone     DomainState = "none"
	DomainPending  DomainState = "pending" // a proof was asked for; the organization has no more of the domain than before
	DomainVerified DomainState = "verified"
	DomainClaimed  DomainState = "claimed"
)

// Domain is one organization's relation to a mail domain. Several organizations can have verified the same one (DOM-06).
type Domain struct {
	Org       OrgID       `json:"org"`
	Name      string      `json:"name"` // as A-labels
	State     DomainState `json:"state"`
	UpdatedAt time.Time   `json:"updatedAt"`
}
