package identity

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Status is what an account may do (USR-01).
type Status string

// The statuses.
const (
	NotVerified   Status = "not_verified"
	Verified      Status = "verified"
	Active        Status = "active"
	Inactive      Status = "inactive"
	DeferredClaim Status = "deferred_claim"
)

// InactiveReason says why an account is inactive. It decides how long the account is kept (USR-10, USR-11, USR-17).
type InactiveReason string

// The reasons.
const (
	ByAdministrator     InactiveReason = "deactivated"             // by an administrator or operator
	ByProvider          InactiveReason = "deactivated_by_provider" // by an identity provider, SCIM active=false
	ClaimedInactive     InactiveReason = "inactive_when_claimed"   // inactive in the organization that the user was claimed from (CLM-42)
	DirectoryDisabled   InactiveReason = "directory_disabled"      // present in the directory, but disabled there
	DirectoryDeleted    InactiveReason = "directory_deleted"       // gone from the directory
	DirectoryOutOfScope InactiveReason = "directory_out_of_scope"  // still in the directory, outside base or filter (DIR-18)
)

// GoneFromDirectory reports whether the reason is a loss that the directory reported: kept 7 days (USR-11a, DIR-18).
func (r InactiveReason) GoneFromDirectory() bool {
	return r == DirectoryDeleted || r == DirectoryOutOfScope
}

// FromDirectory reports whether a directory, not a person or provider, made the account inactive.
func (r InactiveReason) FromDirectory() bool { return r == DirectoryDisabled || r.GoneFromDirectory() }

// Source is the pipe through which an account came to be.
type Source string

// The sources.
const (
	SourceManual    Source = "manual"
	SourceCSV       Source = "csv"
	SourceSCIM      Source = "scim"
	SourceDirectory Source = "directory"
	SourceSelf      Source = "self"
	SourceClaim     Source = "claim"
)

// The limits of an account's values, in bytes.
const (
	MaxUserName   = 256
	MaxExternalID = 256
	MaxEmails     = 20
	MaxEmailText  = 256 // the type and the display of an address
	MaxProfile    = 256 << 10
)

// AccountEmail is one address of an account as the client gave it (RFC 7643 section 4.1.2, "emails").
type AccountEmail struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Display string `json:"display,omitempty"`
	Primary bool   `json:"primary,omitempty"`
	// NotPrimary says that whoever wrote the address said that it is not the primary one, which they want to read again.
	NotPrimary bool `json:"notPrimary,omitempty"`
}

// DirectoryLink ties an account to the directory entry it mirrors.
type DirectoryLink struct {
	Connector ConnectorID `json:"connector"`
	Object    ObjectID    `json:"object"`
	DN        string      `json:"dn"` // where the entry was last seen; an attribute, never an identity
}

// Draft is the part of an account that a pipe may write. All pipes write the same part; who may write at all is a
// question of the organization (USR-22), not of the attribute.
type Draft struct {
	UserName   string
	ExternalID ExternalID
	Emails     []AccountEmail
	Profile    Profile
	Active     bool
}

// Account is a person in an organization.
type Account struct {
	ID         AccountID
	Org        OrgID
	UserName   string // unique in the organization under KeyOfUserName; kept as it was spelt
	ExternalID ExternalID
	Emails     []AccountEmail
	Profile    Profile

	Status         Status
	PreviousStatus Status // the status before Inactive, for the way back; empty otherwise
	InactiveReason InactiveReason
	StatusAt       time.Time // since when Status and InactiveReason are what they are: the start of the retention clock
	StatusEvent    EventID   // the event that made them so

	Source    Source
	Directory *DirectoryLink // nil: no connector knows this account
	Shadow    bool           // the old account of a claimed user (CLM-40)

	PendingEmail  string    // the address that the owner has not confirmed yet (EML-14); empty: none
	PendingSince  time.Time // when it was asked for
	InvitedAt     time.Time // when an invitation that may still be used was sent (USR-23); zero: none
	FirstSignInAt time.Time // zero: never
	LastSignInAt  time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64 // counts writes; what an ETag shows

	InGroups bool // whether it was a direct member of a group when it was read; no write of the account changes it
}

// AccountKey names an account of an organization: by its id or, if that is empty, by the key of its userName.
type AccountKey struct {
	Org  OrgID
	ID   AccountID
	Name NameKey
}

// Draft returns the writable part of the account.
func (a Account) Draft() Draft {
	return Draft{UserName: a.UserName, ExternalID: a.ExternalID, Emails: a.Emails, Profile: a.Profile, Active: a.Status != Inactive}
}

// Equal reports whether two drafts say the same.
func (d Draft) Equal(o Draft) bool {
	return d.UserName == o.UserName && d.ExternalID == o.ExternalID && d.Active == o.Active &&
		slices.Equal(d.Emails, o.Emails) && string(d.Profile) == string(o.Profile)
}

// PrimaryEmail returns the primary address: the one marked so, else the first of type work, else the first (EML-16);
// false if there is none.
func (d Draft) PrimaryEmail() (AccountEmail, bool) {
	if len(d.Emails) == 0 {
		return AccountEmail{}, false
	}
	for _, e := range d.Emails {
		if e.Primary {
			return e, true
		}
	}
	for _, e := range d.Emails {
		if strings.EqualFold(e.Type, "work") {
			return e, true
		}
	}
	return d.Emails[0], true
}

// PrimaryEmail is [Draft.PrimaryEmail] of the account; the empty string if it has no address.
func (a Account) PrimaryEmail() string {
	e, _ := Draft{Emails: a.Emails}.PrimaryEmail()
	return e.Value
}

// Check refuses what no state of the store could make acceptable in the organization.
func (d Draft) Check(org Organization, policy EmailPolicy) error { return d.validate(org, policy) }

// validate checks everything that no state of the store could make acceptable.
func (d Draft) validate(org Organization, policy EmailPolicy) error {
	switch {
	case d.UserName == "":
		return Refuse(Invalid, RuleInvalidUserName, "userName is missing or empty; it is required").At("userName")
	case len(d.UserName) > MaxUserName:
		return Refuse(Invalid, RuleInvalidUserName, "userName has %d bytes; at most %d are allowed", len(d.UserName), MaxUserName).At("userName")
	case !printable(d.UserName):
		return Refuse(Invalid, RuleInvalidUserName, "userName has control characters or is not valid UTF-8").At("userName")
	case strings.TrimSpace(d.UserName) != d.UserName:
		return Refuse(Invalid, RuleInvalidUserName, "userName begins or ends with white space").At("userName")
	case len(d.ExternalID) > MaxExternalID:
		return Refuse(Invalid, RuleInvalidValue, "externalId has %d bytes; at most %d are allowed", len(d.ExternalID), MaxExternalID).At("externalId")
	case !printable(string(d.ExternalID)):
		return Refuse(Invalid, RuleInvalidValue, "externalId has control characters or is not valid UTF-8").At("externalId")
	case len(d.Emails) > MaxEmails:
		return Refuse(Invalid, RuleInvalidValue, "there are %d e-mail addresses; at most %d are allowed", len(d.Emails), MaxEmails).At("emails")
	case len(d.Profile) > MaxProfile:
		return Refuse(Invalid, RuleInvalidValue, "the profile has %d bytes; at most %d are allowed", len(d.Profile), MaxProfile)
	}
	if reservedAddress(d.UserName) {
		return Refuse(Invalid, RuleReservedDomain, "userName is in the domain %s, which is reserved for claimed users", ReservedDomain).At("userName")
	}
	for i, e := range d.Emails {
		if err := cmp.Or(checkEmailText(i, "type", e.Type), checkEmailText(i, "display", e.Display)); err != nil {
			return err
		}
	}
	if !org.RequireEmail {
		return nil
	}
	primary, ok := d.PrimaryEmail()
	if !ok {
		return Refuse(Invalid, RuleInvalidValue, "this organization requires an e-mail address for every user").At("emails")
	}
	a, err := ParseEmail(primary.Value, policy)
	if err != nil {
		return err
	}
	b, err := ParseEmail(d.UserName, policy)
	if err != nil || a.Key != b.Key {
		return Refuse(Invalid, RuleInvalidUserName, "this organization requires userName to be the primary e-mail address").At("userName")
	}
	return nil
}

// checkEmailText returns nil for a text that may stand beside an address.
func checkEmailText(i int, sub, text string) *Error {
	switch {
	case len(text) > MaxEmailText:
		field := indexed("emails", i, sub)
		return Refuse(Invalid, RuleInvalidValue, "%s has %d bytes; at most %d are allowed", field, len(text), MaxEmailText).At(field)
	case !printable(text):
		field := indexed("emails", i, sub)
		return Refuse(Invalid, RuleInvalidValue, "%s has control characters or is not valid UTF-8", field).At(field)
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// reservedAddress reports whether a userName is an address in [ReservedDomain], in any spelling of the domain.
func reservedAddress(userName string) bool {
	_, domain, found := strings.Cut(userName, "@")
	if !found {
		return false
	}
	if isASCII(domain) {
		return InReservedDomain(Fold(domain))
	}
	ascii, err := ParseDomain(domain)
	return err == nil && InReservedDomain(ascii)
}
