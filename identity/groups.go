package identity

import (
	"context"
	"encoding/json"
	"strings"
)

// CreateGroup adds a group without members. Names need not be unique: providers tell groups apart by their ids. Of where it comes from,
// source, link and evidence count.
func (c *Acts) CreateGroup(ctx context.Context, name string, externalID ExternalID, from Origin) (Group, error) {
	g := Group{ID: GroupID(c.service.ids.New()), Org: c.org.ID, Name: name, ExternalID: externalID, Source: from.Source, Directory: from.Link,
		CreatedAt: c.now, UpdatedAt: c.now, Version: 1}
	if err := g.Validate(); err != nil {
		return Group{}, err
	}
	if err := c.mayEditGroup(g); err != nil {
		return Group{}, err
	}
	if err := c.tx.InsertGroup(ctx, g); err != nil {
		return Group{}, err
	}
	said := map[string]any{"name": g.Name, "externalId": g.ExternalID, "source": g.Source}
	prove(said, from.Evidence)
	return g, c.tellOf(ctx, GroupCreated, g.target(), said)
}

// GroupEdit is what becomes of a group. What is nil stays as it is. Members leave before others join.
type GroupEdit struct {
	Name        *string
	ExternalID  *ExternalID
	Attributes  *Profile
	Only        bool // nobody stays but those who join
	Join, Leave []Member

	Link     *DirectoryLink  // the entry that it mirrors from now on
	Release  bool            // it mirrors no entry any more, and is the administrators' own
	Evidence json.RawMessage // what a directory showed; stored with the event
}

// prove adds what a directory showed to what an event says.
func prove(said map[string]any, evidence json.RawMessage) {
	if evidence != nil {
		said["directory"] = evidence
	}
}

// EditGroup changes a group; what it is already changes nothing, not even the version. expect, if not nil, sees the group first and may
// refuse (an ETag that no longer fits). Accounts that join get what the group's template has and they lack; without a free seat they
// become members all the same, and the event of their licences says what is missing (LIC-01). Leaving takes no licence back: whether
// somebody has a licence for the group alone is not known, and a person who is moved from one group to another would lose it in between.
// Only an administrator, or a template brought to existing users, takes licences away. How many members one call may name is for the
// surface to say.
func (c *Acts) EditGroup(ctx context.Context, id GroupID, expect func(Group) error, edit func(Group) (GroupEdit, error)) (Group, error) {
	g, err := c.loadGroup(ctx, id, expect)
	if err != nil {
		return Group{}, err
	}
	e, err := edit(g)
	if err != nil {
		return Group{}, err
	}
	said := map[string]any{}
	if e.Name != nil && *e.Name != g.Name {
		said["before"], said["after"] = g.Name, *e.Name
		g.Name = *e.Name
	}
	if e.ExternalID != nil && *e.ExternalID != g.ExternalID {
		said["externalId"] = *e.ExternalID
		g.ExternalID = *e.ExternalID
	}
	if e.Attributes != nil && *e.Attributes != g.Attributes {
		said["changed"] = []string{"attributes"}
		g.Attributes = *e.Attributes
	}
	g.tie(e, said)
	if err := g.Validate(); err != nil {
		return Group{}, err
	}
	if err := c.editMembers(ctx, g, e, said); err != nil {
		return Group{}, err
	}
	if len(said) == 0 {
		return g, nil
	}
	prove(said, e.Evidence)
	return c.writeGroup(ctx, g, said)
}

// tie ties the group to another entry, or to none.
func (g *Group) tie(e GroupEdit, said map[string]any) {
	switch {
	case e.Release && g.Directory != nil:
		g.Directory, g.Source = nil, SourceManual
		said["released"] = true
	case e.Link != nil && (g.Directory == nil || *g.Directory != *e.Link):
		g.Directory, g.Source = e.Link, SourceDirectory
		said["dn"] = e.Link.DN
	}
}

// DeleteGroup removes a group with its memberships and its template. Its members keep the licences that they got by it: only an
// administrator, or a template brought to existing users, takes licences away (LIC-03). evidence is what a directory showed, if one did.
func (c *Acts) DeleteGroup(ctx context.Context, id GroupID, expect func(Group) error, evidence json.RawMessage) error {
	g, err := c.loadGroup(ctx, id, expect)
	if err != nil {
		return err
	}
	members, err := c.tx.CountMembers(ctx, c.org.ID, id)
	if err != nil {
		return err
	}
	if err := c.tx.DeleteGroup(ctx, c.org.ID, id, g.Version); err != nil {
		return err
	}
	if c.org.LicenceTemplates > 0 {
		if err := c.countTemplates(ctx); err != nil {
			return err
		}
	}
	said := map[string]any{"name": g.Name, "members": members}
	prove(said, evidence)
	return c.tellOf(ctx, GroupDeleted, g.target(), said)
}

// licenceMember gives somebody who has just joined a group what its template has and the account lacks. Explicit licences at
// creation do not keep it away: they were about that moment, and joining is a new decision.
func (c *Acts) licenceMember(ctx context.Context, a Account, template []Licence) error {
	had, err := c.tx.Assignments(ctx, c.org.ID, a.ID)
	if err != nil {
		return err
	}
	return c.relicense(ctx, a, had, licensing{add: lacking(had, template), rule: "LIC-01", lenient: true})
}

func (c *Acts) loadGroup(ctx context.Context, id GroupID, expect func(Group) error) (Group, error) {
	g, err := c.tx.Group(ctx, c.org.ID, id)
	if err != nil {
		return Group{}, err
	}
	if expect != nil {
		if err := expect(g); err != nil {
			return Group{}, err
		}
	}
	return g, c.mayEditGroup(g)
}

// writeGroup stores a group whose name or members changed: its version counts both.
func (c *Acts) writeGroup(ctx context.Context, g Group, evidence map[string]any) (Group, error) {
	g.UpdatedAt = c.now
	if err := c.tx.UpdateGroup(ctx, g); err != nil {
		return Group{}, err
	}
	g.Version++
	return g, c.tellOf(ctx, GroupChanged, g.target(), evidence)
}

// mayEditGroup refuses groups of a directory as long as the directory owns the organization: its next run would undo the change.
func (c *Acts) mayEditGroup(g Group) error {
	if g.Source != SourceDirectory {
		return nil
	}
	return c.mayEdit()
}

func (g Group) target() Target { return Target{Type: TargetGroup, ID: string(g.ID), Name: g.Name} }

// Validate checks everything that no state of the store could make acceptable.
func (g Group) Validate() error {
	switch {
	case strings.TrimSpace(g.Name) == "":
		return Refuse(Invalid, RuleInvalidValue, "a group needs a name").At("name")
	case len(g.Name) > MaxGroupName:
		return Refuse(Invalid, RuleInvalidValue, "the name has %d bytes; at most %d are allowed", len(g.Name), MaxGroupName).At("name")
	case !printable(g.Name):
		return Refuse(Invalid, RuleInvalidValue, "the name has control characters or is not valid UTF-8").At("name")
	case len(g.ExternalID) > MaxExternalID:
		return Refuse(Invalid, RuleInvalidValue, "externalId has %d bytes; at most %d are allowed", len(g.ExternalID), MaxExternalID).At("externalId")
	case !printable(string(g.ExternalID)):
		return Refuse(Invalid, RuleInvalidValue, "externalId has control characters or is not valid UTF-8").At("externalId")
	}
	return nil
}
