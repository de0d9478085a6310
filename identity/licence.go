package identity

import (
	"context"
	"time"
)

// SubscriptionType is what an organization pays, if it does (ORG-05).
type SubscriptionType string

// The types of subscriptions.
const (
	Paid         SubscriptionType = "paid"
	PartnerTrial SubscriptionType = "partner_trial"
	OnlineTrial  SubscriptionType = "online_trial"
	Free         SubscriptionType = "free"
)

// SubscriptionTypes lists the types.
var SubscriptionTypes = []SubscriptionType{Paid, PartnerTrial, OnlineTrial, Free}

// SubscriptionStatus is where a subscription stands.
type SubscriptionStatus string

// The statuses of subscriptions. Seats are assigned from active ones only; those that are assigned stay assigned.
const (
	SubscriptionActive    SubscriptionStatus = "active"
	SubscriptionSuspended SubscriptionStatus = "suspended"
	SubscriptionExpired   SubscriptionStatus = "expired"
	SubscriptionCancelled SubscriptionStatus = "cancelled"
)

// SubscriptionStatuses lists the statuses.
var SubscriptionStatuses = []SubscriptionStatus{SubscriptionActive, SubscriptionSuspended, SubscriptionExpired, SubscriptionCancelled}

// Licence names what a user may use, such as "calling".
type Licence string

// FreeLicence is what everybody has who has no other (LIC-04). It needs no subscription, has no seats and is not stored.
const FreeLicence Licence = "free"

// Unlimited is the number of seats of a pool that never runs out.
const Unlimited = 0

// Pool is the seats that a subscription has for one licence.
type Pool struct {
	Licence Licence `json:"licence"`
	Seats   int     `json:"seats"` // Unlimited: as many as wanted
	Used    int     `json:"used"`  // kept by the store
}

// Subscription is what an organization has bought, is trying or gets for nothing.
type Subscription struct {
	ID        SubscriptionID     `json:"id"`
	Org       OrgID              `json:"org"`
	Name      string             `json:"name"`
	Type      SubscriptionType   `json:"type"`
	Status    SubscriptionStatus `json:"status"`
	Pools     []Pool             `json:"pools"` // in the order of the licences' names
	StartedAt time.Time          `json:"startedAt"`
	UpdatedAt time.Time          `json:"updatedAt"`
	Version   int64              `json:"version"`
}

func (s Subscription) isTrial() bool { return s.Type == PartnerTrial || s.Type == OnlineTrial }

// Assignment is one licence of one account. An account has a licence once, however many reasons there are for it (LIC-01).
type Assignment struct {
	Org          OrgID          `json:"org"`
	Account      AccountID      `json:"account"`
	Licence      Licence        `json:"licence"`
	Subscription SubscriptionID `json:"subscription"`
	At           time.Time      `json:"at"`
}

// Template says which licences users get by themselves: all new users of the organization, or the direct members of a group
// (LIC-01).
type Template struct {
	Org       OrgID     `json:"org"`
	Group     GroupID   `json:"group,omitempty"` // empty: the organization's own
	Licences  []Licence `json:"licences"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// LicenceReader reads subscriptions and who has what. It is part of [Reader].
type LicenceReader interface {
	Subscription(ctx context.Context, org OrgID, id SubscriptionID) (Subscription, error)
	// Subscriptions lists the one that started first first (LIC-05).
	Subscriptions(ctx context.Context, org OrgID) ([]Subscription, error)
	// Assignments lists an account's licences in the order of their names.
	Assignments(ctx context.Context, org OrgID, account AccountID) ([]Assignment, error)
	// AssignmentsAmong lists the licences of several accounts, in no particular order.
	AssignmentsAmong(ctx context.Context, org OrgID, accounts []AccountID) ([]Assignment, error)
	// Templates lists the organization's own first.
	Templates(ctx context.Context, org OrgID) ([]Template, error)
}

// LicenceTx writes subscriptions and who has what. It is part of [Tx].
type LicenceTx interface {
	InsertSubscription(ctx context.Context, s Subscription) error
	// UpdateSubscription replaces the subscription and its pools; what is used stays. A pool that is in use cannot be left
	// out or become smaller than what is used: Conflict with LICENCES_IN_USE.
	UpdateSubscription(ctx context.Context, s Subscription) error
	// TakeSeat stores an assignment and counts its seat. Without a free seat it is Conflict with NO_LICENSES, and the
	// transaction stays usable.
	TakeSeat(ctx context.Context, a Assignment) error
	// ReturnSeat ends an assignment and frees its seat.
	ReturnSeat(ctx context.Context, a Assignment) error
	PutTemplate(ctx context.Context, t Template) error
	DeleteTemplate(ctx context.Context, org OrgID, group GroupID) error
}
