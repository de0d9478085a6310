package admin

import (
	"context"

	"rollcall/identity"
)

// UserFilter is what a list of users is narrowed by.
type UserFilter struct {
	Status string `query:"status" enum:"not_verified,verified,active,inactive,deferred_claim" doc:"Only users with this status"`
	Reason string `query:"reason" enum:"deactivated,deactivated_by_provider,inactive_when_claimed,directory_disabled,directory_deleted,directory_out_of_scope" doc:"Only users who are inactive for this reason"`
	Source string `query:"source" enum:"manual,csv,scim,directory,self,claim" doc:"Only users who came through this pipe"`
	Claim  string `query:"claim" enum:"revocable" doc:"Only users who came by a claim that can be revoked now; no other filter goes with it"`
	Q      string `query:"q" maxLength:"256" doc:"Only users with this text in their userName or in one of their addresses; upper and lower case are the same"`
}

// condition is the filter as the store understands it; nil for no filter.
func (f UserFilter) condition() identity.Condition {
	var all identity.And
	for field, text := range map[identity.Field]string{
		identity.FieldStatus: f.Status, identity.FieldReason: f.Reason, identity.FieldSource: f.Source,
	} {
		if text != "" {
			all = append(all, &identity.Compare{Field: field, Op: identity.Equal, Text: text})
		}
	}
	if f.Q != "" {
		text := identity.Fold(f.Q)
		all = append(all, identity.Or{
			&identity.Compare{Field: identity.FieldUserName, Op: identity.Contains, Text: text},
			&identity.Compare{Field: identity.FieldEmail, Op: identity.Contains, Text: text},
		})
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

type userList struct {
	Users      []User `json:"users" nullable:"false" doc:"In the order in which they were created"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

func (a *api) listUsers(ctx context.Context, in *struct {
	OrgPath
	Page
	UserFilter
}) (*body[userList], error) {
	scope := []any{"users", in.Org, in.UserFilter}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	read := a.service.Reader()
	o, err := read.Organization(ctx, in.id())
	if err != nil {
		return nil, err
	}
	if in.Claim != "" {
		return a.listRevocable(ctx, o, in.UserFilter, in.Page, scope)
	}
	// One more than asked for tells whether there is another page.
	accounts, err := read.Accounts(ctx, in.id(), identity.AccountQuery{
		Where: in.condition(), After: identity.AccountID(after), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	list := userList{}
	if len(accounts) > in.Limit {
		accounts = accounts[:in.Limit]
		list.NextCursor = nextCursor(string(accounts[in.Limit-1].ID), scope...)
	}
	if list.Users, err = a.showUsers(ctx, o, accounts); err != nil {
		return nil, err
	}
	return &body[userList]{list}, nil
}

// listRevocable lists exactly the users whose claim can be revoked now, those who were claimed last first (CLM-65).
func (a *api) listRevocable(ctx context.Context, o identity.Organization, filter UserFilter, page Page, scope []any) (*body[userList], error) {
	if filter != (UserFilter{Claim: filter.Claim}) {
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "no other filter goes with this one").At("query.claim")
	}
	after, err := page.after(scope...)
	if err != nil {
		return nil, err
	}
	read := a.service.Reader()
	claims, err := read.Claims(ctx, o.ID, identity.ClaimQuery{Revocable: a.service.Now(), After: identity.ClaimID(after), Limit: page.Limit + 1})
	if err != nil {
		return nil, err
	}
	list := userList{}
	if len(claims) > page.Limit {
		claims = claims[:page.Limit]
		list.NextCursor = nextCursor(string(claims[page.Limit-1].ID), scope...)
	}
	var accounts []identity.Account
	for _, c := range claims {
		account, err := read.Account(ctx, o.ID, c.NewAccount)
		if identity.IsNotFound(err) { // revoked since
			continue
		}
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	list.Users, err = a.showUsers(ctx, o, accounts)
	return &body[userList]{list}, err
}
