package identity

import (
	"errors"
	"fmt"
)

// Kind sorts errors by what the caller can do about them. Each surface maps kinds once.
type Kind uint8

// The kinds of errors.
const (
	// Internal is what no caller can mend: logged in full, told as "internal".
	Internal Kind = iota
	// Invalid is input that no state of the store would accept.
	Invalid
	// NotFound is an id that does not exist or is not visible to the caller.
	NotFound
	// Forbidden is an act that the caller's role does not allow.
	Forbidden
	// Conflict is an act that the present state does not allow.
	Conflict
	// Stale is an act bound to a version that is no longer the present one.
	Stale
	// Gone is something that existed and is not kept any longer.
	Gone
	// Unavailable is a store that cannot answer now; the same call may succeed later.
	Unavailable
)

func (k Kind) String() string {
	return [...]string{"internal", "invalid", "not found", "forbidden", "conflict", "stale", "gone", "unavailable"}[k]
}

// Rule is the stable code of a refusal (BEHAVIOUR section 15). Clients may depend on it; the Detail is for people.
type Rule string

// The codes that identity refuses with.
const (
	RuleInvalidEmail      Rule = "INVALID_EMAIL"
	RuleReservedDomain    Rule = "RESERVED_DOMAIN"
	RuleInvalidUserName   Rule = "INVALID_USER_NAME"
	RuleInvalidValue      Rule = "INVALID_VALUE"
	RuleUnknownOrg        Rule = "UNKNOWN_ORGANIZATION"
	RuleUnknownAccount    Rule = "UNKNOWN_USER"
	RuleUnknownToken      Rule = "UNKNOWN_TOKEN"
	RuleUnknownConnector  Rule = "UNKNOWN_CONNECTOR"
	RuleUnknownPlan       Rule = "UNKNOWN_PLAN"
	RuleUnknownRun        Rule = "UNKNOWN_RUN"
	RuleUnknownEvent      Rule = "UNKNOWN_EVENT"
	RuleUnknownDomain     Rule = "UNKNOWN_DOMAIN"
	RuleUnknownGrant      Rule = "UNKNOWN_ADMINISTRATOR"
	RuleUnknownGroup      Rule = "UNKNOWN_GROUP"
	RuleUnknownSub        Rule = "UNKNOWN_SUBSCRIPTION"
	RuleUnknownTemplate   Rule = "UNKNOWN_TEMPLATE"
	RuleUnknownProvider   Rule = "UNKNOWN_IDENTITY_PROVIDER"
	RuleUnknownPartner    Rule = "UNKNOWN_PARTNER"
	RuleUnknownLink       Rule = "UNKNOWN_LINK"
	RuleUnknownMessage    Rule = "UNKNOWN_MESSAGE"
	RuleUnknownJob        Rule = "UNKNOWN_JOB"
	RuleUnknownReceipt    Rule = "UNKNOWN_RECEIPT"
	RuleUnknownClaim      Rule = "UNKNOWN_CLAIM"
	RuleUnknownSite       Rule = "UNKNOWN_SITE"
	RuleUnknownDeletion   Rule = "UNKNOWN_DELETION"
	RuleUnknownPhoto      Rule = "UNKNOWN_PHOTO"
	RuleUnknownPrompt     Rule = "UNKNOWN_PROMPT"
	RuleUnknownItem       Rule = "UNKNOWN_ITEM"
	RuleFileGone          Rule = "FILE_GONE"
	RuleNoHold            Rule = "ADDRESS_FREE"
	RuleForbiddenRole     Rule = "FORBIDDEN_ROLE"
	RuleAccountInactive   Rule = "ACCOUNT_INACTIVE"
	RuleVersionMismatch   Rule = "VERSION_MISMATCH"
	RuleUserNameTaken     Rule = "USER_NAME_TAKEN"
	RuleObjectLinked      Rule = "DIRECTORY_OBJECT_LINKED"
	RuleConnectorExists   Rule = "CONNECTOR_EXISTS"
	RuleTooManyConnectors Rule = "TOO_MANY_CONNECTORS"
	RuleItemKeyTaken      Rule = "ITEM_KEY_TAKEN"
	RuleNoConnector       Rule = "NO_CONNECTOR"

	RuleEmailTaken              Rule = "EMAIL_TAKEN"
	RuleEmailHeld               Rule = "EMAIL_HELD"
	RuleEmailClaimable          Rule = "EMAIL_CLAIMABLE"
	RuleDomainNotAvailable      Rule = "DOMAIN_NOT_AVAILABLE_FOR_CONVERSION"
	RuleDomainClaimed           Rule = "DOMAIN_CLAIMED"
	RuleManagedByDirectory      Rule = "MANAGED_BY_DIRECTORY"
	RuleInvalidTransition       Rule = "INVALID_STATUS_TRANSITION"
	RuleClaimedByOther          Rule = "USER_CLAIMED_BY_OTHER_ORG"
	RuleClaimSourceSSO          Rule = "CLAIM_SOURCE_SSO"
	RuleClaimSourceDirSync      Rule = "CLAIM_SOURCE_DIRSYNC"
	RuleClaimVerifiedElsewhere  Rule = "CLAIM_DOMAIN_VERIFIED_ELSEWHERE"
	RuleClaimDomainNotVerified  Rule = "CLAIM_DOMAIN_NOT_VERIFIED"
	RuleClaimAlreadyMember      Rule = "CLAIM_ALREADY_MEMBER"
	RuleClaimAlreadyPending     Rule = "CLAIM_ALREADY_PENDING"
	RuleClaimTargetDirSync      Rule = "CLAIM_TARGET_DIRSYNC_ENABLED"
	RuleClaimNoAccount          Rule = "CLAIM_NO_ACCOUNT"
	RuleClaimSourceDeleting     Rule = "CLAIM_SOURCE_DELETING"
	RuleClaimOverlap            Rule = "CLAIM_SOURCE_ORG_DOMAIN_OVERLAP"
	RuleClaimNotDeferrable      Rule = "CLAIM_NOT_DEFERRABLE"
	RuleContentTransferDisabled Rule = "CONTENT_TRANSFER_DISABLED"
	RuleClaimBatchTooLarge      Rule = "CLAIM_BATCH_TOO_LARGE"
	RuleClaimSettled            Rule = "CLAIM_ALREADY_SETTLED"
	RuleClaimNotRevocable       Rule = "CLAIM_NOT_REVOCABLE"
	RuleRevokeDomainClaimed     Rule = "REVOKE_DOMAIN_CLAIMED"
	RuleBulkRevoke              Rule = "BULK_REVOKE_NOT_SUPPORTED"
	RuleOptionNotAvailable      Rule = "OPTION_NOT_AVAILABLE"
	RuleAcknowledgement         Rule = "ACKNOWLEDGEMENT_REQUIRED"
	RuleDomainHasOpenClaims     Rule = "DOMAIN_HAS_OPEN_CLAIMS"
	RulePartnerCannotDelete     Rule = "PARTNER_CANNOT_DELETE"
	RuleOrgLinkedSites          Rule = "ORG_HAS_LINKED_SITES"
	RuleOrgSubscriptions        Rule = "ORG_HAS_ACTIVE_SUBSCRIPTIONS_OR_LICENSES"
	RuleOrgDirSync              Rule = "ORG_DIRSYNC_ENABLED"
	RuleOrgUsers                Rule = "ORG_HAS_MORE_THAN_ONE_USER"
	RuleOrgManagedBy            Rule = "ORG_HAS_MORE_THAN_ONE_MANAGED_BY"
	RuleOrgManages              Rule = "ORG_HAS_MANAGED_ORGS"
	RuleOrgDeleting             Rule = "ORG_DELETING"
	RuleIrreversible            Rule = "IRREVERSIBLE"
	RuleMixedSubscriptions      Rule = "MIXED_SUBSCRIPTION_TYPES"
	RuleSiteCompleted           Rule = "SITE_LINK_COMPLETED"
	RuleSyncSourceConflict      Rule = "SYNC_SOURCE_CONFLICT"
	RuleDryRunRequired          Rule = "DRY_RUN_REQUIRED"
	RuleFullSyncRequired        Rule = "FULL_SYNC_REQUIRED"
	RuleMismatchesLeft          Rule = "MISMATCHES_LEFT"
	RuleUserOwnsTrialOrg        Rule = "USER_OWNS_TRIAL_ORG"
	RuleDomainNotVerified       Rule = "DOMAIN_NOT_VERIFIED"
	RuleDomainTokenMissing      Rule = "DOMAIN_TOKEN_MISSING"
	RuleDomainTXTNotFound       Rule = "DOMAIN_TXT_NOT_FOUND"
	RuleDomainNotVerifiedYet    Rule = "DOMAIN_NOT_VERIFIED_YET"
	RuleDomainNotClaimed        Rule = "DOMAIN_NOT_CLAIMED"
	RuleDomainStillClaimed      Rule = "DOMAIN_STILL_CLAIMED"
	RuleDomainVerifiedElsewhere Rule = "DOMAIN_VERIFIED_ELSEWHERE"
	RuleAdminDomainFirst        Rule = "ADMIN_DOMAIN_FIRST"
	RulePublicSuffix            Rule = "PUBLIC_SUFFIX"
	RuleDNSUnavailable          Rule = "DNS_UNAVAILABLE"
	RuleLastFullAdmin           Rule = "LAST_FULL_ADMIN"
	RuleNoLicences              Rule = "NO_LICENSES"
	RuleLicencesInUse           Rule = "LICENCES_IN_USE"
	RuleUnknownLicence          Rule = "UNKNOWN_LICENCE"
	RuleSelfRegistrationOff     Rule = "SELF_REGISTRATION_DISABLED"
	RuleAlreadyBound            Rule = "ALREADY_BOUND"
	RuleConsumerAdmin           Rule = "CONSUMER_NOT_ADMINISTRATOR"
	RuleNotBound                Rule = "NOT_BOUND"
	RuleEmailNotVerified        Rule = "EMAIL_NOT_VERIFIED"
	RuleIssuerTaken             Rule = "ISSUER_TAKEN"
	RuleIssuerNotForAddress     Rule = "ISSUER_NOT_FOR_ADDRESS"
	RuleLinkUsed                Rule = "LINK_USED"
	RuleLinkExpired             Rule = "LINK_EXPIRED"
	RuleJobRunning              Rule = "JOB_RUNNING"
	RuleTooManyRows             Rule = "TOO_MANY_ROWS"
	RuleTooManyUsers            Rule = "TOO_MANY_USERS"
	RuleAttributeRequired       Rule = "ATTRIBUTE_REQUIRED"
	RuleReceiptExists           Rule = "RECEIPT_EXISTS"
	RuleUnavailable             Rule = "UNAVAILABLE"
	RuleNoDatabase              Rule = "NO_DATABASE"
	RuleStoreNotEmpty           Rule = "STORE_NOT_EMPTY"
	RuleExportDamaged           Rule = "EXPORT_DAMAGED"
	RuleExportVersion           Rule = "EXPORT_VERSION"
	RuleAuditChanged            Rule = "AUDIT_CHANGED"
	RuleInternal                Rule = "INTERNAL"
)

// Error is the one error type of the domain. It carries no HTTP status and no SCIM type: every surface maps Kind and Rule
// in one place. An error that is not an *Error is internal.
type Error struct {
	Kind   Kind
	Rule   Rule
	Detail string           // a sentence for the person who called: what is wrong, where, and what to do
	Field  string           // the attribute the error is about, if it is about one: "emails[1].value"
	Why    []Reason         // every reason that holds, where a rule lists several (CLM-10, ORG-07)
	Blocks []DeletionReason // of a deletion: the reasons in Why with what stands in the way
	Ways   []Remedy         // ways out that depend on the case (EML-09); without any, see [Rule.Remedy]
	Err    error            // the cause, for the log only
}

// Remedy is one way out of a refusal.
type Remedy struct {
	Text     string `json:"text"`
	DataLoss bool   `json:"dataLoss,omitempty"` // somebody's data is lost for good by it
}

// Reason is one of several reasons for a refusal.
type Reason struct {
	Code   Rule   `json:"code"`
	Detail string `json:"message"`
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s (%s): %s", e.Rule, e.Kind, e.Detail)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err; Internal if it is not an *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// RuleOf returns the stable code of err; RuleInternal if it is not an *Error.
func RuleOf(err error) Rule {
	var e *Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return RuleInternal
}

// IsNotFound reports whether err says that something does not exist.
func IsNotFound(err error) bool { return err != nil && KindOf(err) == NotFound }

// Refuse makes an *Error with a formatted detail.
func Refuse(k Kind, r Rule, format string, args ...any) *Error {
	return &Error{Kind: k, Rule: r, Detail: fmt.Sprintf(format, args...)}
}

// At names the attribute that the error is about.
func (e *Error) At(field string) *Error {
	e.Field = field
	return e
}
