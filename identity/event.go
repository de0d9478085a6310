package identity

import (
	"encoding/json"
	"time"
)

// EventKind names what happened.
type EventKind string

// The kinds of events.
const (
	AccountCreated     EventKind = "account.created"
	AccountChanged     EventKind = "account.changed"
	AccountVerified    EventKind = "account.verified"
	AccountActivated   EventKind = "account.activated"
	AccountDeactivated EventKind = "account.deactivated"
	AccountReactivated EventKind = "account.reactivated"
	AccountDeleted     EventKind = "account.deleted"
	AccountLinked      EventKind = "account.linked" // to a directory entry
	PhotoChanged       EventKind = "account.photo_changed"
	OrgCreated         EventKind = "organization.created"
	OrgChanged         EventKind = "organization.changed"
	TokenCreated       EventKind = "token.created"
	TokenRevoked       EventKind = "token.revoked"
	GrantCreated       EventKind = "administrator.granted"
	GrantRevoked       EventKind = "administrator.revoked"
	DomainAttested     EventKind = "domain.attested"
	DomainChallenged   EventKind = "domain.challenged"
	DomainChanged      EventKind = "domain.changed"
	DomainRemoved      EventKind = "domain.removed"
	ConnectorCreated   EventKind = "connector.created"
	ConnectorChanged   EventKind = "connector.changed"
	ConnectorRemoved   EventKind = "connector.removed"
	ScheduleChanged    EventKind = "connector.scheduled"
	SyncQuarantined    EventKind = "connector.quarantined"
	SyncResumed        EventKind = "connector.resumed"
	EventPlanApproved  EventKind = "plan.approved"
	OrgDeletionAsked   EventKind = "organization.deletion_requested"
	OrgUsersGone       EventKind = "organization.users_disposed"
	OrgDeletionDone    EventKind = "organization.deleted"
	CustomerDeleted    EventKind = "customer.deleted"  // in the organization that managed it
	AccountConverted   EventKind = "account.converted" // into a personal account
	SitePut            EventKind = "site.changed"
	SiteDeleted        EventKind = "site.unlinked"
	EventRefused       EventKind = "request.refused"
	AccountInvited     EventKind = "account.invited"
	AccountBound       EventKind = "account.bound" // to a person whom an issuer knows
	AccountUnbound     EventKind = "account.unbound"
	SignedIn           EventKind = "account.signed_in"
	EmailChangeAsked   EventKind = "email_change.requested"
	EmailChangeDone    EventKind = "email_change.confirmed"
	EmailChangeOver    EventKind = "email_change.reverted"
	LicencesChanged    EventKind = "licences.changed"
	SubscriptionPut    EventKind = "subscription.changed"
	TemplatePut        EventKind = "template.changed"
	TemplateDeleted    EventKind = "template.deleted"
	GroupCreated       EventKind = "group.created"
	GroupChanged       EventKind = "group.changed"
	GroupDeleted       EventKind = "group.deleted"
	ProviderPut        EventKind = "identity_provider.changed"
	ProviderDeleted    EventKind = "identity_provider.removed"
	PartnerPut         EventKind = "partner.changed"
	PartnerDeleted     EventKind = "partner.removed"
	JobStarted         EventKind = "job.started"
	JobFinished        EventKind = "job.finished"
	MessageGivenUp     EventKind = "message.parked"
	MessageRetried     EventKind = "message.retried"
	UserClaimed        EventKind = "user.claimed"      // in the claiming organization
	UserClaimedAway    EventKind = "user.claimed_away" // in the organization that the user was claimed from
	ClaimSettled       EventKind = "claim.settled"
	ClaimTakenAway     EventKind = "claim.revoked"
	ItemCreated        EventKind = "item.created"
	ItemChanged        EventKind = "item.changed"
	ItemDeleted        EventKind = "item.deleted"
)

// ActorKind says through which door an actor came.
type ActorKind string

// The kinds of actors.
const (
	Administrator ActorKind = "administrator" // a person with an OIDC token
	Provider      ActorKind = "provider"      // an identity provider with a bearer token
	ConnectorRun  ActorKind = "connector"     // a synchronization run
	Operator      ActorKind = "operator"      // whoever runs the server, at its command line
	System        ActorKind = "system"        // the server itself: retention
	Owner         ActorKind = "person"        // the account's owner
)

// Actor is who does something.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id,omitempty"`   // token id, connector id, or issuer and subject
	Name string    `json:"name,omitempty"` // for people to read
	Org  OrgID     `json:"-"`              // the actor's own organization

	Standing Standing  `json:"-"` // of an administrator, in the organization acted in
	Account  AccountID `json:"-"` // the actor's account, if known; it may be in another organization than the one acted in
	Request  Request   `json:"-"`
}

// Request says where an act came from (AUD-01). Everything in it may be empty.
type Request struct {
	Email      string `json:"email,omitempty"` // as the issuer says, for people to read
	Role       Role   `json:"role,omitempty"`
	IP         string `json:"ip,omitempty"`
	UserAgent  string `json:"userAgent,omitempty"`
	TrackingID string `json:"trackingId,omitempty"`
	Operation  string `json:"operation,omitempty"` // what was asked for, in the words of the surface
}

// TargetType says what kind of thing an event is about.
type TargetType string

// The types of targets. The target of an event about an account is the account.
const (
	TargetUser          TargetType = "user"
	TargetGroup         TargetType = "group"
	TargetOrganization  TargetType = "organization"
	TargetDomain        TargetType = "domain"
	TargetToken         TargetType = "token"
	TargetAdministrator TargetType = "administrator"
	TargetProvider      TargetType = "identity_provider"
	TargetPartner       TargetType = "partner"
	TargetConnector     TargetType = "connector"
	TargetPlan          TargetType = "plan"
	TargetSubscription  TargetType = "subscription"
	TargetTemplate      TargetType = "template"
	TargetJob           TargetType = "job"
	TargetSite          TargetType = "site"
	TargetMessage       TargetType = "message"
	TargetClaim         TargetType = "claim"
	TargetItem          TargetType = "item"
	TargetOperation     TargetType = "operation" // an attempt that was refused before it reached anything
)

// Target is what an event is about when it is not an account.
type Target struct {
	Type TargetType `json:"type,omitempty"`
	ID   string     `json:"id,omitempty"`
	Name string     `json:"name,omitempty"`
}

// Event records one change, in the transaction that made it. Events are never changed and outlive what they tell of.
type Event struct {
	ID          EventID         `json:"id"`
	Org         OrgID           `json:"org"`
	At          time.Time       `json:"at"`
	Kind        EventKind       `json:"kind"`
	Rule        Rule            `json:"rule,omitempty"` // the rule that decided it
	Actor       Actor           `json:"actor"`
	Account     AccountID       `json:"account,omitempty"`
	AccountName string          `json:"accountName,omitempty"` // its userName at the time
	Target      Target          `json:"target,omitzero"`       // what it is about, if not an account
	Reason      InactiveReason  `json:"reason,omitempty"`
	Evidence    json.RawMessage `json:"evidence,omitempty"` // what a directory showed (DIR-18), or what was changed
	Error       Rule            `json:"error,omitempty"`    // of a refusal: the code
	Message     string          `json:"message,omitempty"`  // of a refusal: the sentence

	Seq  int64  `json:"seq"`  // counts the events of the organization from 1, without a gap
	Hash string `json:"hash"` // see [Event.Digest]
}
