package identity

import (
	"context"
	"time"
)

// OrgState is whether an organization can be used (BEHAVIOUR 14.5).
type OrgState string

// The states of an organization.
const (
	OrgActive   OrgState = "active"
	OrgDeleting OrgState = "deleting" // nothing but its deletion goes on
	OrgDeleted  OrgState = "deleted"  // only the tombstone and the audit are left
)

// UserHandling is what becomes of the users of an organization that is deleted (ORG-10).
type UserHandling string

// The ways to handle users. None is for an organization that has one user at most.
const (
	HandleNone    UserHandling = ""
	HandleConvert UserHandling = "convert" // they become personal accounts with a free licence
	HandleDelete  UserHandling = "delete"
)

// DeletionState is how far the deletion of an organization is (BEHAVIOUR 14.5).
type DeletionState string

// The states of a deletion.
const (
	DeletionUsers DeletionState = "users" // its users are converted or deleted
	DeletionPurge DeletionState = "purge" // everything else is deleted
	DeletionDone  DeletionState = "deleted"
)

// DeletionID names the deletion of an organization.
type DeletionID string

// OrgDeletion is the deletion of an organization. It cannot be taken back (ORG-17).
type OrgDeletion struct {
	ID          DeletionID
	Org         OrgID
	Handling    UserHandling
	State       DeletionState
	By          Actor
	RequestedAt time.Time
	UsersAt     time.Time // when the last user was gone
	DeletedAt   time.Time
	Converted   int // users who have a personal account now
	Removed     int // users who were deleted
	Version     int64
}

// DeletionReader reads deletions of organizations. It is part of [Reader].
type DeletionReader interface {
	OrgDeletion(ctx context.Context, org OrgID) (OrgDeletion, error)
	// OrgDeletionsOpen is crossing: deletions that are not done, the oldest first, at most limit.
	OrgDeletionsOpen(ctx context.Context, limit int) ([]OrgDeletion, error)
	// CountUsers counts the accounts of an organization that stand for people: all but shadows and those whose userType is one of
	// the [MachineTypes] (ORG-14).
	CountUsers(ctx context.Context, org OrgID) (int, error)
	// ReminderLater returns when somebody put a prompt off; NotFound if never.
	ReminderLater(ctx context.Context, org OrgID, account AccountID, prompt string) (time.Time, error)
}

// DeletionTx writes deletions of organizations. It is part of [Tx].
type DeletionTx interface {
	InsertOrgDeletion(ctx context.Context, d OrgDeletion) error
	// UpdateOrgDeletion writes State, UsersAt, DeletedAt, Converted and Removed.
	UpdateOrgDeletion(ctx context.Context, d OrgDeletion) error
	// PurgeOrganization deletes at most about limit rows of what an organization has, other than itself, its accounts, its
	// deletion, its audit and the work orders that wait, and returns how many it deleted; zero: nothing is left. The accounts
	// have to be gone before. What its people did elsewhere stays told in the runs, jobs and audit of those organizations, and
	// that others claimed its users in the claims of those, which name its id.
	PurgeOrganization(ctx context.Context, org OrgID, limit int) (int, error)
	// PutReminder notes when somebody put a prompt off.
	PutReminder(ctx context.Context, org OrgID, account AccountID, prompt string, at time.Time) error
}
