package bulk

import (
	"context"

	"rollcall/identity"
)

// member finds the user whom a file means: by primary address or userName. Somebody who has the address beside another one is
// not meant, and neither is somebody who has merely asked for it.
func member(ctx context.Context, read identity.Reader, org identity.OrgID, policy identity.EmailPolicy, name string) (identity.Account, bool, error) {
	if e, err := identity.ParseEmail(name, policy); err == nil {
		a, found, err := holder(ctx, read, org, e.Key, policy)
		if err != nil || found {
			return a, found, err
		}
	}
	a, err := read.AccountByUserName(ctx, org, identity.KeyOfUserName(name))
	if identity.IsNotFound(err) {
		return identity.Account{}, false, nil
	}
	return a, err == nil, err
}

// nameKey is what two ways to write the same user's name have in common.
func nameKey(name string, policy identity.EmailPolicy) string {
	if e, err := identity.ParseEmail(name, policy); err == nil {
		name = string(e.Key)
	}
	return identity.Fold(name)
}

func holder(ctx context.Context, read identity.Reader, org identity.OrgID, key identity.EmailKey, policy identity.EmailPolicy) (identity.Account, bool, error) {
	h, err := read.Hold(ctx, key)
	if identity.IsNotFound(err) {
		return identity.Account{}, false, nil
	}
	if err != nil || h.Org != org || h.Account == "" {
		return identity.Account{}, false, err
	}
	a, err := read.Account(ctx, org, h.Account)
	if err != nil {
		return identity.Account{}, false, err
	}
	primary, err := identity.ParseEmail(a.PrimaryEmail(), policy)
	return a, err == nil && primary.Key == key || identity.KeyOfUserName(a.UserName) == identity.NameKey(key), nil
}

// managerName returns how a file names somebody's manager. A provider may have sent anything; what is no user of the organization
// is shown as it is.
func managerName(ctx context.Context, read identity.Reader, org identity.OrgID, profile map[string]any) (string, error) {
	id := managerOf(profile)
	if id == "" {
		return "", nil
	}
	manager, err := read.Account(ctx, org, identity.AccountID(id))
	if identity.IsNotFound(err) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	return nameOf(manager), nil
}

// assigned fills in the licences of one user.
func assigned(ctx context.Context, read identity.Reader, v view) error {
	list, err := read.Assignments(ctx, v.account.Org, v.account.ID)
	for _, a := range list {
		v.licences[a.Licence] = true
	}
	return err
}
