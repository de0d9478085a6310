package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// Group is a set of users.
type Group struct {
	ID         string    `json:"id" format:"uuid"`
	Name       string    `json:"name" doc:"Need not be unique"`
	ExternalID string    `json:"externalId,omitempty" doc:"The identity provider's own id"`
	Source     string    `json:"source" enum:"manual,csv,scim,directory,self,claim" doc:"Who made it; a group of a directory is changed there"`
	Directory  *Entry    `json:"directory,omitempty" doc:"The entry that it mirrors"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	Version    int64     `json:"version" doc:"Counts changes of the name and the members; the ETag shows it"`
}

// NewGroup is a group that shall be, or what one shall be called.
type NewGroup struct {
	Name string `json:"name" doc:"At most 256 bytes" example:"Support"`
}

// GroupPath is the group in the path.
type GroupPath struct {
	OrgPath
	Group string `path:"group" doc:"The group's id"`
}

func (p GroupPath) group() identity.GroupID { return identity.GroupID(p.Group) }

// GroupVersion is the group in the path, in the version that the caller has seen.
type GroupVersion struct {
	GroupPath
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag that the act is bound to; 412 if the group has changed since"`
}

type group struct {
	ETag     string `header:"ETag" doc:"The group's version, for If-Match"`
	Location string `header:"Location" doc:"Of a new group: where it is"`
	Body     Group
}

type groupList struct {
	Groups     []Group `json:"groups" nullable:"false" doc:"In the order in which they were created"`
	NextCursor string  `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

const (
	groupsPath = orgPath + "/groups"
	groupPath  = groupsPath + "/{group}"
)

func (a *api) addGroups() {
	add(a, operation{
		id: "listGroups", method: http.MethodGet, path: groupsPath, scope: scopeReadGroups,
		summary: "List groups", about: "In the order in which they were created.",
	}, a.listGroups)
	add(a, operation{
		id: "createGroup", method: http.MethodPost, path: groupsPath, scope: scopeWriteGroups, status: http.StatusCreated,
		summary: "Create a group", about: "Without members.",
	}, a.createGroup)
	add(a, operation{
		id: "getGroup", method: http.MethodGet, path: groupPath, scope: scopeReadGroups,
		summary: "Show a group", about: "The ETag is for If-Match.",
	}, a.getGroup)
	add(a, operation{
		id: "renameGroup", method: http.MethodPatch, path: groupPath, scope: scopeWriteGroups,
		summary: "Rename a group", about: "Refused with 409 for a group of a directory while that manages the organization's users.",
		refusals: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, a.renameGroup)
	add(a, operation{
		id: "deleteGroup", method: http.MethodDelete, path: groupPath, scope: scopeWriteGroups,
		summary: "Delete a group", about: "With its memberships and its licence template. Its members keep their licences.",
		refusals: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, a.deleteGroup)
	a.addGroupMembers()
}

func (a *api) listGroups(ctx context.Context, in *struct {
	OrgPath
	Page
}) (*body[groupList], error) {
	after, err := in.after("groups", in.Org)
	if err != nil {
		return nil, err
	}
	groups, err := a.service.Reader().Groups(ctx, in.id(), identity.GroupQuery{After: identity.GroupID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	list := groupList{}
	if len(groups) > in.Limit {
		groups = groups[:in.Limit]
		list.NextCursor = nextCursor(string(groups[in.Limit-1].ID), "groups", in.Org)
	}
	list.Groups = showGroups(groups)
	return &body[groupList]{list}, nil
}

func (a *api) createGroup(ctx context.Context, in *struct {
	OrgPath
	Body NewGroup
}) (*group, error) {
	shown, err := a.changeGroup(ctx, in.OrgPath, "", func(c *identity.Acts, _ func(identity.Group) error) (identity.Group, error) {
		return c.CreateGroup(ctx, in.Body.Name, "", identity.Origin{Source: identity.SourceManual})
	})
	if err != nil {
		return nil, err
	}
	shown.Location = "/api/v1/organizations/" + in.Org + "/groups/" + shown.Body.ID
	return shown, nil
}

func (a *api) getGroup(ctx context.Context, in *GroupPath) (*group, error) {
	g, err := a.service.Reader().Group(ctx, in.id(), in.group())
	if err != nil {
		return nil, err
	}
	return &group{ETag: etag(g.Version), Body: showGroup(g)}, nil
}

func (a *api) renameGroup(ctx context.Context, in *struct {
	GroupVersion
	Body NewGroup `contentType:"application/merge-patch+json"`
}) (*group, error) {
	return a.changeGroup(ctx, in.OrgPath, in.IfMatch, func(c *identity.Acts, expect func(identity.Group) error) (identity.Group, error) {
		return c.RenameGroup(ctx, in.group(), expect, in.Body.Name)
	})
}

func (a *api) deleteGroup(ctx context.Context, in *GroupVersion) (*struct{}, error) {
	_, err := a.changeGroup(ctx, in.OrgPath, in.IfMatch, func(c *identity.Acts, expect func(identity.Group) error) (identity.Group, error) {
		return identity.Group{}, c.DeleteGroup(ctx, in.group(), expect, nil)
	})
	return nil, err
}

// changeGroup does something to a group in one transaction and shows the group as it is then. do gets what compares If-Match
// with the group.
func (a *api) changeGroup(ctx context.Context, org OrgPath, ifMatch string, do func(*identity.Acts, func(identity.Group) error) (identity.Group, error)) (*group, error) {
	unchanged, err := ifUnchanged(ifMatch, "group")
	if err != nil {
		return nil, err
	}
	var expect func(identity.Group) error
	if unchanged != nil {
		expect = func(g identity.Group) error { return unchanged(g.Version) }
	}
	var g identity.Group
	err = a.service.Transact(ctx, org.id(), callerOf(ctx).actor(), func(c *identity.Acts) error {
		var err error
		g, err = do(c, expect)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &group{ETag: etag(g.Version), Body: showGroup(g)}, nil
}

func showGroup(g identity.Group) Group {
	shown := Group{ID: string(g.ID), Name: g.Name, ExternalID: string(g.ExternalID), Source: string(g.Source),
		CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt, Version: g.Version}
	if d := g.Directory; d != nil {
		shown.Directory = &Entry{Connector: string(d.Connector), Object: string(d.Object), DN: d.DN}
	}
	return shown
}

func showGroups(groups []identity.Group) []Group {
	shown := make([]Group, 0, len(groups))
	for _, g := range groups {
		shown = append(shown, showGroup(g))
	}
	return shown
}
