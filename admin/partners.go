package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// Relation is an organization that manages this one, or is managed by it.
type Relation struct {
	Organization string    `json:"organization" format:"uuid"`
	Name         string    `json:"name"`
	Role         string    `json:"role" enum:"full,user,readonly" doc:"The most that the partner's administrators may be in the managed organization"`
	CreatedAt    time.Time `json:"createdAt"`
}

type partnerList struct {
	Partners []Relation `json:"partners" nullable:"false" doc:"In the order of their ids"`
}

type managedList struct {
	Managed []Relation `json:"managed" nullable:"false" doc:"In the order of their ids"`
}

// PartnerRole is how much a partner's administrators may do.
type PartnerRole struct {
	Role string `json:"role" enum:"full,user,readonly"`
}

// PartnerPath is the partner in the path.
type PartnerPath struct {
	OrgPath
	Partner string `path:"partner" doc:"The id of the partner's organization"`
}

const (
	partnersPath = orgPath + "/partners"
	managedPath  = orgPath + "/managed"
)

func (a *api) addPartners() {
	add(a, operation{
		id: "listPartners", method: http.MethodGet, path: partnersPath, scope: scopeReadPartners,
		summary: "List partners", about: "The organizations whose administrators may work in this one.",
	}, a.listPartners)
	add(a, operation{
		id: "putPartner", method: http.MethodPut, path: partnersPath + "/{partner}", scope: scopeWritePartners,
		summary: "Let a partner manage the organization", about: "Or change how much it may do. The partner's administrators are then at most this here, and never more than they are at home.",
		refusals: []int{http.StatusConflict},
	}, a.putPartner)
	add(a, operation{
		id: "deletePartner", method: http.MethodDelete, path: partnersPath + "/{partner}", scope: scopeWritePartners,
		summary: "End a partner's access", about: "At once, for all of its administrators.",
	}, a.deletePartner)
	add(a, operation{
		id: "listManaged", method: http.MethodGet, path: managedPath, scope: scopeReadPartners,
		summary: "List managed organizations", about: "The organizations that this one manages as a partner.",
	}, a.listManaged)
	add(a, operation{
		id: "deleteManaged", method: http.MethodDelete, path: managedPath + "/{customer}", scope: scopeWritePartners,
		summary: "Stop managing an organization", about: "At once, for all administrators of this organization.",
	}, a.deleteManaged)
}

func (a *api) listPartners(ctx context.Context, in *OrgPath) (*body[partnerList], error) {
	relations, err := a.service.Reader().ManagedBy(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list, err := a.showRelations(ctx, relations, func(r identity.Relationship) identity.OrgID { return r.Managing })
	return &body[partnerList]{partnerList{list}}, err
}

func (a *api) listManaged(ctx context.Context, in *OrgPath) (*body[managedList], error) {
	relations, err := a.service.Reader().Manages(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list, err := a.showRelations(ctx, relations, func(r identity.Relationship) identity.OrgID { return r.Managed })
	return &body[managedList]{managedList{list}}, err
}

func (a *api) putPartner(ctx context.Context, in *struct {
	PartnerPath
	Body PartnerRole
}) (*body[Relation], error) {
	r, err := a.service.PutPartner(ctx, callerOf(ctx).actor(), identity.OrgID(in.Partner), in.id(), identity.Role(in.Body.Role))
	if err != nil {
		return nil, err
	}
	shown, err := a.showRelation(ctx, r, r.Managing)
	return &body[Relation]{shown}, err
}

func (a *api) deletePartner(ctx context.Context, in *PartnerPath) (*struct{}, error) {
	return nil, a.service.RemovePartner(ctx, callerOf(ctx).actor(), in.id(), identity.OrgID(in.Partner), in.id())
}

func (a *api) deleteManaged(ctx context.Context, in *struct {
	OrgPath
	Customer string `path:"customer" doc:"The id of the managed organization"`
}) (*struct{}, error) {
	return nil, a.service.RemovePartner(ctx, callerOf(ctx).actor(), in.id(), in.id(), identity.OrgID(in.Customer))
}

// showRelations shows relationships by the organization on the other side.
func (a *api) showRelations(ctx context.Context, all []identity.Relationship, other func(identity.Relationship) identity.OrgID) ([]Relation, error) {
	list := []Relation{}
	for _, r := range all {
		shown, err := a.showRelation(ctx, r, other(r))
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

func (a *api) showRelation(ctx context.Context, r identity.Relationship, other identity.OrgID) (Relation, error) {
	o, err := a.service.Reader().Organization(ctx, other)
	return Relation{Organization: string(other), Name: o.Name, Role: string(r.Role), CreatedAt: r.CreatedAt}, err
}
