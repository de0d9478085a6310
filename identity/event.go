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
	OrgCreated         EventKind = "organization.created"
	OrgChanged         EventKind = "organization.changed"
	TokenCreated       EventKind = "token.created"
	TokenRevoked       EventKind = "token.revoked"
	GrantCreated       EventKind = "administrator.granted"
	GrantRevoked       EventKind = "administrator.revoked"
	DomainAttested     EventKind = "domain.attested"
	DomainRemoved      EventKind = "domain.removed"
	ConnectorCreated   EventKind = "connector.created"
	ConnectorRemoved   EventKind = "connector.removed"
	EventPlanApproved  EventKind = "plan.approved"
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
	Person        ActorKind = "person"        // the account's owner
)

// Actor is who does something.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id,omitempty"`   // token id, connector id, or issuer and subject
	Name string    `json:"name,omitempty"` // for people to read
	Org  OrgID     `json:"-"`              // the actor's own organization
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
	Reason      InactiveReason  `json:"reason,omitempty"`
	Evidence    json.RawMessage `json:"evidence,omitempty"` // what a directory showed (DIR-18), or what was changed
}
