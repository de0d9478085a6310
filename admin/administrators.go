package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// AdministratorGrant is a person's role in the organization.
type AdministratorGrant struct {
	Issuer    string    `json:"issuer" doc:"Issuer and subject together are who the person is"`
	Subject   string    `json:"subject"`
	Role      string    `json:"role" enum:"full,user,group,readonly,device"`
	Standing  string    `json:"standing" enum:"own,external" doc:"external: the person is at home in another organization"`
	User      *UserName `json:"user,omitempty" doc:"The person's account, if it is one of this organization"`
	CreatedAt time.Time `json:"createdAt" doc:"When the role was given"`
}

// UserName is a user of the organization as lists of other things show one.
type UserName struct {
	ID          string `json:"id" format:"uuid"`
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName,omitempty"`
}

// NewAdministrator says who gets which role.
type NewAdministrator struct {
	User    string `json:"user,omitempty" doc:"A user of the organization who has signed in here before; instead of issuer and subject"`
	Issuer  string `json:"issuer,omitempty" maxLength:"1000" doc:"As in the person's tokens, together with subject"`
	Subject string `json:"subject,omitempty" maxLength:"255"`
	Role    string `json:"role" enum:"full,user,group,readonly,device"`
}

type administratorList struct {
	Administrators []AdministratorGrant `json:"administrators" nullable:"false"`
}

const administratorsPath = orgPath + "/administrators"

func (a *api) addAdministrators() {
	add(a, operation{
		id: "listAdministrators", method: http.MethodGet, path: administratorsPath, scope: scopeReadAdministrators,
		summary: "List administrators", about: "Everybody with a role in the organization, except the administrators of its partners.",
	}, a.listAdministrators)
	add(a, operation{
		id: "putAdministrator", method: http.MethodPut, path: administratorsPath, scope: scopeWriteAdministrators,
		summary: "Give a person a role", about: "Or another role than before; a person has one in an organization. The person is a user of the organization, or anybody by issuer and subject. " +
			"People of other organizations are made administrators by the organization's own full administrators only. " +
			"The last full administrator stays one.",
		refusals: []int{http.StatusConflict},
	}, a.putAdministrator)
	add(a, operation{
		id: "deleteAdministrator", method: http.MethodDelete, path: administratorsPath, scope: scopeWriteAdministrators,
		summary: "Take a person's role away", about: "At once, also from tokens that are in use. The last full administrator keeps the role.",
		refusals: []int{http.StatusConflict},
	}, a.deleteAdministrator)
}

func (a *api) listAdministrators(ctx context.Context, in *OrgPath) (*body[administratorList], error) {
	grants, err := a.service.Reader().Grants(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := administratorList{Administrators: []AdministratorGrant{}}
	for _, g := range grants {
		shown, err := a.showAdministrator(ctx, g)
		if err != nil {
			return nil, err
		}
		list.Administrators = append(list.Administrators, shown)
	}
	return &body[administratorList]{list}, nil
}

func (a *api) putAdministrator(ctx context.Context, in *struct {
	OrgPath
	Body NewAdministrator
}) (*body[AdministratorGrant], error) {
	n := in.Body
	if named := n.Issuer != "" || n.Subject != ""; named == (n.User != "") {
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "name the person either by user or by issuer and subject").At("body")
	}
	by, role := callerOf(ctx).actor(), identity.Role(n.Role)
	var grants []identity.Grant
	var err error
	if n.User != "" {
		grants, err = a.service.GrantTo(ctx, by, in.id(), identity.AccountID(n.User), role)
	} else {
		grants = make([]identity.Grant, 1)
		grants[0], err = a.service.Grant(ctx, by, identity.Grant{Org: in.id(), Issuer: n.Issuer, Subject: n.Subject, Role: role})
	}
	if err != nil {
		return nil, err
	}
	// Of several issuers through which a user signs in, each has the same role now.
	shown, err := a.showAdministrator(ctx, grants[0])
	if err != nil {
		return nil, err
	}
	return &body[AdministratorGrant]{shown}, nil
}

func (a *api) deleteAdministrator(ctx context.Context, in *struct {
	OrgPath
	Issuer  string `query:"issuer" required:"true" maxLength:"1000"`
	Subject string `query:"subject" required:"true" maxLength:"255"`
}) (*struct{}, error) {
	return nil, a.service.RevokeGrant(ctx, callerOf(ctx).actor(), in.id(), in.Issuer, in.Subject)
}

// showAdministrator tells of people of other organizations no more than that they are.
func (a *api) showAdministrator(ctx context.Context, g identity.Grant) (AdministratorGrant, error) {
	shown := AdministratorGrant{Issuer: g.Issuer, Subject: g.Subject, Role: string(g.Role), Standing: string(identity.StandingOwn), CreatedAt: g.CreatedAt}
	b, err := a.service.Reader().Binding(ctx, g.Issuer, g.Subject)
	switch {
	case identity.IsNotFound(err):
		return shown, nil
	case err != nil:
		return shown, err
	case b.Org != g.Org:
		shown.Standing = string(identity.StandingExternal)
		return shown, nil
	}
	account, err := a.service.Reader().Account(ctx, b.Org, b.Account)
	switch {
	case identity.IsNotFound(err): // deleted since the binding was read
		return shown, nil
	case err != nil:
		return shown, err
	}
	shown.User = nameUser(account)
	return shown, nil
}

func nameUser(a identity.Account) *UserName {
	return &UserName{ID: string(a.ID), UserName: a.UserName, DisplayName: a.Profile.DisplayName()}
}
