package admin

import (
	"context"
	"net/http"
	"slices"

	"rollcall/identity"
)

// MemberChange says who joins and who leaves a group.
type MemberChange struct {
	Add    []string `json:"add,omitempty" nullable:"false" maxItems:"500" doc:"Ids of users; members already change nothing"`
	Remove []string `json:"remove,omitempty" nullable:"false" maxItems:"500" doc:"Ids of users; who is no member changes nothing"`
}

type memberList struct {
	Members    []UserName `json:"members" nullable:"false" doc:"In the order of their ids"`
	NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

type userGroups struct {
	Groups []Group `json:"groups" nullable:"false" doc:"In the order in which they were created"`
}

func (a *api) addGroupMembers() {
	add(a, operation{
		id: "listGroupMembers", method: http.MethodGet, path: groupPath + "/members", scope: scopeReadGroups,
		summary: "List a group's members", about: "The direct ones: groups hold no groups.",
	}, a.listGroupMembers)
	add(a, operation{
		id: "changeGroupMembers", method: http.MethodPost, path: groupPath + "/members", scope: scopeWriteGroups,
		summary: "Change a group's members", about: "All of it happens or nothing. Who joins gets what the group's licence template has and a seat is free for; who leaves keeps every licence.",
		refusals: []int{http.StatusPreconditionFailed},
	}, a.changeGroupMembers)
	add(a, operation{
		id: "listUserGroups", method: http.MethodGet, path: userPath + "/groups", scope: scopeReadGroups,
		summary: "List a user's groups", about: "Those that the user is a direct member of.",
	}, a.listUserGroups)
}

func (a *api) listGroupMembers(ctx context.Context, in *struct {
	GroupPath
	Page
}) (*body[memberList], error) {
	scope := []any{"members", in.Org, in.Group}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	read := a.service.Reader()
	if _, err := read.Group(ctx, in.id(), in.group()); err != nil {
		return nil, err
	}
	ids, err := read.Members(ctx, in.id(), in.group(), identity.AccountID(after), in.Limit+1)
	if err != nil {
		return nil, err
	}
	list := memberList{Members: []UserName{}}
	if len(ids) > in.Limit {
		ids = ids[:in.Limit]
		list.NextCursor = nextCursor(string(ids[in.Limit-1]), scope...)
	}
	for _, id := range ids {
		account, err := read.Account(ctx, in.id(), id)
		if identity.IsNotFound(err) {
			continue // deleted since the list was read
		}
		if err != nil {
			return nil, err
		}
		list.Members = append(list.Members, *nameUser(account))
	}
	return &body[memberList]{list}, nil
}

func (a *api) changeGroupMembers(ctx context.Context, in *struct {
	GroupVersion
	Body MemberChange
}) (*group, error) {
	add, remove := accountIDs(in.Body.Add), accountIDs(in.Body.Remove)
	switch {
	case len(add)+len(remove) == 0:
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "name somebody to add or to remove").At("body")
	case slices.ContainsFunc(add, func(id identity.AccountID) bool { return slices.Contains(remove, id) }):
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "somebody is both in add and in remove; decide for one").At("body")
	}
	return a.changeGroup(ctx, in.OrgPath, in.IfMatch, func(c *identity.Acts, expect func(identity.Group) error) (identity.Group, error) {
		g, err := c.AddMember(ctx, in.group(), expect, add...)
		if err != nil || len(remove) == 0 {
			return g, err
		}
		return c.RemoveMember(ctx, in.group(), nil, remove...)
	})
}

func (a *api) listUserGroups(ctx context.Context, in *UserPath) (*body[userGroups], error) {
	read := a.service.Reader()
	if _, err := read.Account(ctx, in.id(), in.account()); err != nil {
		return nil, err
	}
	groups, err := read.GroupsOf(ctx, in.id(), in.account())
	if err != nil {
		return nil, err
	}
	return &body[userGroups]{userGroups{showGroups(groups)}}, nil
}

func accountIDs(ids []string) []identity.AccountID {
	all := make([]identity.AccountID, 0, len(ids))
	for _, id := range ids {
		all = append(all, identity.AccountID(id))
	}
	return all
}
