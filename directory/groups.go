package directory

import (
	"encoding/json"
	"slices"

	"rollcall/identity"
)

// GroupSettings say which groups of a directory are mirrored. Without them none are (DIR-13). They stand in a connector's settings under the
// key "groups".
type GroupSettings struct {
	Members GroupMode `json:"members,omitempty"` // default: DirectMembers
	BaseDNs []string  `json:"baseDNs,omitempty"` //nolint:staticcheck // several DNs, not the DNS; default: the connector's
	Filter  string    `json:"filter,omitempty"`  // which entries are groups; the default depends on the directory
	Name    string    `json:"name,omitempty"`    // the attribute that a group is called by; default: cn
}

// GroupMode says what becomes of groups in groups.
type GroupMode string

// The modes.
const (
	DirectMembers    GroupMode = "direct"    // groups in a group are passed over (DIR-13)
	NestedMembers    GroupMode = "nested"    // a group in a group is a group in a group here
	FlattenedMembers GroupMode = "flattened" // whoever is in a group by way of others is a direct member here
)

// WithDefaults returns the settings filled in, given those of the connector and what its kind of directory has.
func (g GroupSettings) WithDefaults(bases []string, filter string) GroupSettings {
	if g.Members == "" {
		g.Members = DirectMembers
	}
	if len(g.BaseDNs) == 0 {
		g.BaseDNs = bases
	}
	if g.Filter == "" {
		g.Filter = filter
	}
	if g.Name == "" {
		g.Name = "cn"
	}
	return g
}

// Validate refuses a mode that there is not. What only a kind of directory can judge, its package does.
func (g GroupSettings) Validate() error {
	if !slices.Contains([]GroupMode{"", DirectMembers, NestedMembers, FlattenedMembers}, g.Members) {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "members is %q; use direct, nested or flattened", g.Members).At("groups.members")
	}
	return nil
}

// groupMode reads from a connector's settings what becomes of its groups; empty: they are not mirrored.
func groupMode(settings json.RawMessage) (GroupMode, error) {
	var v struct{ Groups *GroupSettings }
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &v); err != nil {
			return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "groups is not an object of settings").At("settings")
		}
	}
	if v.Groups == nil {
		return "", nil
	}
	return v.Groups.WithDefaults(nil, "").Members, v.Groups.Validate()
}

// GroupEntry is a group in a directory.
type GroupEntry struct {
	ID      identity.ObjectID
	DN      string
	Name    string
	Members []GroupMember // direct ones, people and groups
	Problem string        // why it cannot be mirrored as it is, as a sentence; empty if it can
}

// GroupMember is an entry that is in a group.
type GroupMember struct {
	ID identity.ObjectID // empty: the directory does not tell
	DN string            // may be left out where the reading has the entry
}

// Groups is what is known here of a connector's groups.
type Groups struct {
	Mode        GroupMode     // empty: groups are not mirrored
	Linked      []LinkedGroup // of a reading of changes those that it concerns
	Memberships int           // of all groups of the connector
	// Others are groups that members are and that a reading of changes was not about, by their entries.
	Others map[identity.ObjectID]identity.Group
	// People are who the members of groups are that the plan's accounts do not tell: linked by another connector, or not changed.
	People map[identity.ObjectID]identity.LinkedMember
}

// LinkedGroup is a group that mirrors an entry, with its members.
type LinkedGroup struct {
	identity.Group
	Members []identity.LinkedMember
}

// MemberID is a member of a group here: an account or a group.
type MemberID struct {
	Account identity.AccountID `json:"account,omitempty"`
	Group   identity.GroupID   `json:"group,omitempty"`
}

// The codes of groups that a plan leaves as they are.
const (
	RuleGroupUnread identity.Rule = "GROUP_NOT_READ"
)

// membersPerStep is how many members join and leave in one step: a step is applied in one transaction, and a large group must not keep
// everybody else waiting.
const membersPerStep = 500

// namesShown is how many members a step names.
const namesShown = 10
