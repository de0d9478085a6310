package main

import (
	"fmt"

	"rollcall/identity"
)

// peopleInStore reads users from the database.
type peopleInStore struct{ *session }

func (s peopleInStore) list(f orgFlag, q userQuery) (users []userView, next string, err error) {
	o, err := s.org(f)
	if err != nil {
		return nil, "", err
	}
	var where identity.And
	if q.Status != "" {
		where = append(where, &identity.Compare{Field: identity.FieldStatus, Op: identity.Equal, Text: q.Status})
	}
	if q.Reason != "" {
		where = append(where, &identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: q.Reason})
	}
	users = []userView{}
	after := identity.AccountID(q.After)
	for {
		page, err := s.read.Accounts(s.ctx, o.ID, identity.AccountQuery{Where: where, After: after, Limit: pageOfAll})
		if err != nil {
			return nil, "", err
		}
		for _, a := range page {
			if q.Limit > 0 && len(users) == q.Limit {
				return users, string(users[len(users)-1].ID), nil
			}
			users = append(users, viewOf(a, o))
		}
		if len(page) < pageOfAll {
			return users, "", nil
		}
		after = page[len(page)-1].ID
	}
}

func (s peopleInStore) show(f orgFlag, user string) (userView, error) {
	o, err := s.org(f)
	if err != nil {
		return userView{}, err
	}
	a, err := s.user(o.ID, user)
	if err != nil {
		return userView{}, err
	}
	return viewOf(a, o), nil
}

func (s peopleInStore) why(f orgFlag, user string) (identity.Explanation, error) {
	o, err := s.org(f)
	if err != nil {
		return identity.Explanation{}, err
	}
	id, err := s.userOrDeleted(o.ID, user)
	if err != nil {
		return identity.Explanation{}, err
	}
	return s.service.Why(s.ctx, o.ID, id)
}

// user finds somebody by id, userName or address.
func (s peopleInStore) user(org identity.OrgID, text string) (identity.Account, error) {
	a, err := s.read.Account(s.ctx, org, identity.AccountID(text))
	if !identity.IsNotFound(err) {
		return a, err
	}
	a, err = s.read.AccountByUserName(s.ctx, org, identity.KeyOfUserName(text))
	if !identity.IsNotFound(err) {
		return a, err
	}
	found, err := s.read.Accounts(s.ctx, org, identity.AccountQuery{Limit: 2,
		Where: &identity.Compare{Field: identity.FieldEmail, Op: identity.Equal, Text: identity.Fold(text)}})
	switch {
	case err != nil:
		return identity.Account{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return identity.Account{}, fmt.Errorf("more than one user has the address %s; use an id: %s, %s", text, found[0].ID, found[1].ID)
	}
	return identity.Account{}, unknownUser(text)
}

func unknownUser(text string) error {
	return identity.Refuse(identity.NotFound, identity.RuleUnknownAccount, "no user of this organization has the id, userName or address %q", text)
}

// userOrDeleted finds the id of somebody, also of somebody who has been deleted: events outlive what they tell of.
func (s peopleInStore) userOrDeleted(org identity.OrgID, text string) (identity.AccountID, error) {
	a, unknown := s.user(org, text)
	if unknown == nil {
		return a.ID, nil
	}
	if !identity.IsNotFound(unknown) {
		return "", unknown
	}
	q := identity.EventQuery{Newest: true, Limit: pageOfAll}
	for {
		page, err := s.read.Events(s.ctx, org, q)
		if err != nil {
			return "", err
		}
		for _, e := range page {
			if e.Kind == identity.AccountDeleted && (string(e.Account) == text || identity.Fold(e.AccountName) == identity.Fold(text)) {
				return e.Account, nil
			}
		}
		if len(page) < pageOfAll {
			return "", unknown
		}
		q.After = page[len(page)-1].ID
	}
}
