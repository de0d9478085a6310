package scim

import (
	"context"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// users are the accounts of an organization.
type users struct{ index *index }

// user is one account, with what its document tells besides.
type user struct {
	identity.Account
	index  *index
	org    identity.Organization // for the date of deletion of inactive accounts
	groups []identity.Membership
}

func (u *user) id() string     { return string(u.ID) }
func (u *user) version() int64 { return u.Version }

func (k users) of(a identity.Account) *user { return &user{Account: a, index: k.index} }

// in is of where the organization is known already.
func (k users) in(acts *identity.Acts, a identity.Account) *user {
	return &user{Account: a, index: k.index, org: acts.Org()}
}

func (k users) create(ctx context.Context, acts *identity.Acts, _ Dialect, doc map[string]any) (entity, error) {
	if err := managerExists(ctx, acts, managerOf(doc), ""); err != nil {
		return nil, err
	}
	draft, err := draftOf(doc, true)
	if err != nil {
		return nil, err
	}
	a, err := acts.Create(ctx, draft, identity.Origin{Source: identity.SourceSCIM})
	return k.in(acts, a), err
}

// change leaves "active" as it is if a PUT leaves it out: whoever does so neither deactivates nor reactivates anybody by it.
func (k users) change(ctx context.Context, acts *identity.Acts, id string, check check, e edit) (entity, error) {
	expect := func(a identity.Account) error { return check(a.Version) }
	a, err := acts.Update(ctx, identity.AccountID(id), expect, func(d identity.Draft) (identity.Draft, error) {
		before, err := draftDocument(identity.AccountID(id), d)
		if err != nil {
			return d, err
		}
		after, err := e.apply(before)
		if err != nil {
			return d, err
		}
		if err := managerExists(ctx, acts, managerOf(after), managerOf(before)); err != nil {
			return d, err
		}
		return draftOf(after, d.Active)
	})
	return k.in(acts, a), err
}

func (k users) delete(ctx context.Context, acts *identity.Acts, id string, check check) error {
	return acts.Delete(ctx, identity.AccountID(id), func(a identity.Account) error { return check(a.Version) })
}

func (k users) get(ctx context.Context, read identity.Reader, org identity.OrgID, id string) (entity, error) {
	a, err := read.Account(ctx, org, identity.AccountID(id))
	return k.of(a), err
}

// find gets a user and confirms a token in one question.
func (k users) find(ctx context.Context, service *identity.Service, t identity.Token, key identity.AccountKey) (entity, error) {
	a, err := service.Find(ctx, t, key)
	return k.of(a), err
}

func (k users) push(n filter.Node) (where any, exact bool) {
	c, exact := k.index.push(n)
	if c == nil {
		return nil, exact
	}
	return c, exact
}

func conditionOf(where any) identity.Condition {
	c, _ := where.(identity.Condition)
	return c
}

// userNameOf is the one userName that a condition selects, if it is nothing else: the look-up before every create.
func userNameOf(where any) (string, bool) {
	c, ok := where.(*identity.Compare)
	if !ok || c.Field != identity.FieldUserName || c.Op != identity.Equal {
		return "", false
	}
	return c.Text, true
}

func (k users) batch(ctx context.Context, read identity.Reader, org identity.OrgID, where any, after string, skip, limit int) ([]entity, error) {
	accounts, err := read.Accounts(ctx, org, identity.AccountQuery{Where: conditionOf(where), After: identity.AccountID(after), Skip: skip, Limit: limit})
	list := make([]entity, len(accounts))
	for i, a := range accounts {
		list[i] = k.of(a)
	}
	return list, err
}

func (k users) count(ctx context.Context, read identity.Reader, org identity.OrgID, where any) (int, error) {
	return read.CountAccounts(ctx, org, conditionOf(where))
}

func (k users) complete(ctx context.Context, read identity.Reader, org identity.OrgID, list []entity, links bool) error {
	var o identity.Organization
	var ids []identity.AccountID
	byID := make(map[identity.AccountID]*user, len(list))
	for _, e := range list {
		u := e.(*user)
		if u.InGroups {
			ids = append(ids, u.ID)
			byID[u.ID] = u
		}
		if u.Status != identity.Inactive || u.org.ID != "" {
			continue
		}
		if o.ID == "" {
			var err error
			if o, err = read.Organization(ctx, org); err != nil {
				return err
			}
		}
		u.org = o
	}
	if !links || len(ids) == 0 {
		return nil
	}
	memberships, err := read.MembershipsOf(ctx, org, ids)
	for _, m := range memberships {
		u := byID[m.Member.Account]
		u.groups = append(u.groups, m)
	}
	return err
}

func managerOf(doc map[string]any) string {
	enterprise, _ := doc[EnterpriseSchema].(map[string]any)
	manager, _ := enterprise["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// managerExists holds SCM-14: a manager is a user of the same organization. A reference that stays as it was is not
// looked at again: its user may have been deleted since.
func managerExists(ctx context.Context, acts *identity.Acts, manager, before string) error {
	if manager == before || manager == "" {
		return nil
	}
	_, err := acts.Tx().Account(ctx, acts.Org().ID, identity.AccountID(manager))
	if identity.IsNotFound(err) {
		return invalid(scimerrors.ScimTypeInvalidValue, "manager.value must be the id of a user of this organization.")
	}
	return err
}
