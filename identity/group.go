package identity

import (
	"context"
	"time"
)

// MaxGroupName is the length of a group's name in bytes.
const MaxGroupName = 256

// Group is a set of accounts of one organization. Membership is direct: groups hold no groups (DIR-13).
type Group struct {
	ID         GroupID    `json:"id"`
	Org        OrgID      `json:"org"`
	Name       string     `json:"name"`
	ExternalID ExternalID `json:"externalId,omitempty"`
	Source     Source     `json:"source"`
	CreatedAt  time.Time  `json:"createdAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`
	Version    int64      `json:"version"`
}

// GroupReader reads groups. It is part of [Reader].
type GroupReader interface {
	Group(ctx context.Context, org OrgID, id GroupID) (Group, error)
	// Groups lists in the order of ids, at most limit beyond the given one.
	Groups(ctx context.Context, org OrgID, after GroupID, limit int) ([]Group, error)
	// Members lists the accounts of a group in the order of their ids, at most limit beyond the given one.
	Members(ctx context.Context, org OrgID, group GroupID, after AccountID, limit int) ([]AccountID, error)
	CountMembers(ctx context.Context, org OrgID, group GroupID) (int, error)
	// GroupsOf lists the groups of an account in the order of their ids.
	GroupsOf(ctx context.Context, org OrgID, account AccountID) ([]Group, error)
}

// GroupTx writes groups. It is part of [Tx].
type GroupTx interface {
	InsertGroup(ctx context.Context, g Group) error
	UpdateGroup(ctx context.Context, g Group) error
	// DeleteGroup removes the group with its memberships and its template.
	DeleteGroup(ctx context.Context, org OrgID, id GroupID, version int64) error
	// AddMember reports whether the account was not a member before. Group and account must exist in the organization.
	AddMember(ctx context.Context, org OrgID, group GroupID, account AccountID) (bool, error)
	// RemoveMember reports whether the account was a member.
	RemoveMember(ctx context.Context, org OrgID, group GroupID, account AccountID) (bool, error)
}
