package identity

import (
	"context"
	"time"
)

// MaxGroupName is the length of a group's name in bytes.
const MaxGroupName = 256

// Group is a set of accounts of one organization, and of other groups of it. Licences come by direct membership only: what a group in a
// group has gives nothing (DIR-13).
type Group struct {
	ID         GroupID        `json:"id"`
	Org        OrgID          `json:"org"`
	Name       string         `json:"name"`
	ExternalID ExternalID     `json:"externalId,omitempty"`
	Attributes Profile        `json:"attributes,omitempty"` // what else is known of it, in canonical form; identity reads nothing in it
	Source     Source         `json:"source"`
	Directory  *DirectoryLink `json:"directory,omitempty"` // the entry that it is a mirror of
	CreatedAt  time.Time      `json:"createdAt"`
	UpdatedAt  time.Time      `json:"updatedAt"`
	Version    int64          `json:"version"`
}

// Member is an account or a group that is in a group: exactly one of them is set.
type Member struct {
	Account AccountID
	Group   GroupID
	Display string // what whoever added the member calls it; empty: its own name is shown. It stays as it was when the member joined
}

// id is the member without what it is called.
func (m Member) id() Member { return Member{Account: m.Account, Group: m.Group} }

// Membership is one member of one group.
type Membership struct {
	Group  GroupID
	Member Member
	Name   string // of the member, as it is shown, or of the group where memberships of a member are listed
	Direct bool   // false: by way of other groups
}

// GroupQuery selects groups of one organization, in the order of ids.
type GroupQuery struct {
	ID         GroupID     // empty: any
	Name       string      // as [Fold] makes it; empty: any
	ExternalID ExternalID  // empty: any
	Member     string      // id of an account or a group that is directly in them; empty: any
	Connector  ConnectorID // whose entries they mirror; empty: any
	After      GroupID     // only groups beyond this one; empty: from the start
	Skip       int         // pass over so many of them, by an index only
	Limit      int         // at most so many; must be positive
}

// LinkedMember is an account or a group with its tie to a directory, if it has one.
type LinkedMember struct {
	Account   AccountID // or
	Group     GroupID
	Connector ConnectorID
	Object    ObjectID
	Name      string // of the user or the group
	// Set apart are accounts whose memberships stay as they are: the directory lost them, and may yet give them back, or a claim is under
	// way.
	SetApart bool
}

// GroupReader reads groups. It is part of [Reader].
type GroupReader interface {
	Group(ctx context.Context, org OrgID, id GroupID) (Group, error)
	Groups(ctx context.Context, org OrgID, q GroupQuery) ([]Group, error)
	// CountGroups tells how many [GroupReader.Groups] finds without a limit.
	CountGroups(ctx context.Context, org OrgID, q GroupQuery) (int, error)
	// MembersOf lists the direct members of several groups: of each group accounts first, then groups, in the order of their ids.
	MembersOf(ctx context.Context, org OrgID, groups []GroupID) ([]Membership, error)
	// MembershipsOf lists the groups that several accounts are in, directly or by way of other groups, in the order of accounts and groups.
	MembershipsOf(ctx context.Context, org OrgID, accounts []AccountID) ([]Membership, error)
	// Members lists the accounts of a group in the order of their ids, at most limit beyond the given one.
	Members(ctx context.Context, org OrgID, group GroupID, after AccountID, limit int) ([]AccountID, error)
	CountMembers(ctx context.Context, org OrgID, group GroupID) (int, error)
	// GroupsOf lists the groups of an account in the order of their ids.
	GroupsOf(ctx context.Context, org OrgID, account AccountID) ([]Group, error)
	// LinkedGroups lists the groups that mirror some of the given entries, in any order.
	LinkedGroups(ctx context.Context, org OrgID, connector ConnectorID, objects []ObjectID) ([]Group, error)
	// LinkedMembers lists the direct members of a group with their ties: accounts first, then groups, in the order of their ids.
	LinkedMembers(ctx context.Context, org OrgID, group GroupID) ([]LinkedMember, error)
	// LinkedPeople lists the accounts that are linked to some of the given entries, in any order.
	LinkedPeople(ctx context.Context, org OrgID, connector ConnectorID, objects []ObjectID) ([]LinkedMember, error)
	// CountMemberships tells how many direct members all groups of a connector have together.
	CountMemberships(ctx context.Context, org OrgID, connector ConnectorID) (int, error)
}

// GroupTx writes groups. It is part of [Tx].
type GroupTx interface {
	InsertGroup(ctx context.Context, g Group) error
	UpdateGroup(ctx context.Context, g Group) error
	// DeleteGroup removes the group with its memberships and its template.
	DeleteGroup(ctx context.Context, org OrgID, id GroupID, version int64) error
	// AddMembers returns those who were no members before, in the order given. Group and members must exist in the organization.
	AddMembers(ctx context.Context, org OrgID, group GroupID, members ...Member) ([]Member, error)
	// RemoveMember reports whether the member was one.
	RemoveMember(ctx context.Context, org OrgID, group GroupID, m Member) (bool, error)
}
