package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
)

// OrgPath is the organization in the path. The guard has found out what the caller may do in it by the time it is read.
type OrgPath struct {
	Org string `path:"org" doc:"The organization's id"`
}

func (o OrgPath) id() identity.OrgID { return identity.OrgID(o.Org) }

type organizationList struct {
	Organizations []Organization `json:"organizations" nullable:"false" doc:"In the order of their ids"`
	NextCursor    string         `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

type organization struct {
	ETag string `header:"ETag" doc:"The version of the organization's settings, for If-Match"`
	Body Organization
}

type body[T any] struct {
	Body T
}

func (a *api) addOrganizations() {
	add(a, operation{
		id: "listOrganizations", method: http.MethodGet, path: "/api/v1/organizations", scope: scopeAny,
		summary: "List your organizations", about: "The organizations in which you have a role, also as an external administrator or through a partner.",
	}, a.listOrganizations)
	add(a, operation{
		id: "getOrganization", method: http.MethodGet, path: "/api/v1/organizations/{org}", scope: scopeReadOrg,
		summary: "Show an organization", about: "Its settings are shown to the roles full and readonly. The ETag is for If-Match.",
	}, a.getOrganization)
	a.addSettings()
}

func (a *api) listOrganizations(ctx context.Context, in *struct{ Page }) (*body[organizationList], error) {
	c := callerOf(ctx)
	list := organizationList{Organizations: []Organization{}}
	after, err := in.after("organizations", c.Issuer, c.Subject)
	if err != nil {
		return nil, err
	}
	all, err := a.accesses(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, access := range all {
		if string(access.Org) <= after {
			continue
		}
		if n := len(list.Organizations); n == in.Limit {
			list.NextCursor = nextCursor(list.Organizations[n-1].ID, "organizations", c.Issuer, c.Subject)
			break
		}
		o, err := a.service.Reader().Organization(ctx, access.Org)
		if identity.IsNotFound(err) { // deleted since
			continue
		}
		if err != nil {
			return nil, err
		}
		list.Organizations = append(list.Organizations, showOrganization(o, access))
	}
	return &body[organizationList]{list}, nil
}

func (a *api) getOrganization(ctx context.Context, in *OrgPath) (*organization, error) {
	o, err := a.service.Reader().Organization(ctx, in.id())
	if err != nil {
		return nil, err
	}
	return &organization{etag(o.Version), showOrganization(o, callerOf(ctx).access)}, nil
}
