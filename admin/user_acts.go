package admin

import (
	"context"

	"rollcall/identity"
)

// UserVersion is the user in the path, in the version that the caller has seen.
type UserVersion struct {
	UserPath
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag that the act is bound to; 412 if the user has changed since. Without it the act takes the user as it is."`
}

type user struct {
	ETag string `header:"ETag" doc:"The user's version, for If-Match"`
	Body User
}

// act is one of the things that an administrator does to a user.
type act func(*identity.Acts, context.Context, identity.AccountID, func(identity.Account) error) (identity.Account, error)

func (a *api) deactivateUser(ctx context.Context, in *UserVersion) (*user, error) {
	return a.act(ctx, in, (*identity.Acts).Deactivate)
}

func (a *api) reactivateUser(ctx context.Context, in *UserVersion) (*user, error) {
	return a.act(ctx, in, (*identity.Acts).Reactivate)
}

// act does something to a user and shows the user as it is then.
func (a *api) act(ctx context.Context, in *UserVersion, do act) (*user, error) {
	expect, err := expectation(in.IfMatch)
	if err != nil {
		return nil, err
	}
	var result user
	err = a.service.Transact(ctx, in.id(), callerOf(ctx).actor(), func(c *identity.Acts) error {
		account, err := do(c, ctx, in.account(), expect)
		if err != nil {
			return err
		}
		assigned, err := c.Tx().Assignments(ctx, account.Org, account.ID)
		if err != nil {
			return err
		}
		transient, err := a.service.Transients(ctx, c.Tx(), c.Org())
		if err != nil {
			return err
		}
		shown := []User{showUser(account, c.Org(), assigned, transient)}
		if err := a.addClaimsTo(ctx, c.Tx(), account.Org, []identity.Account{account}, shown); err != nil {
			return err
		}
		result = user{ETag: etag(account.Version), Body: shown[0]}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &result, nil
}

// expectation returns what compares If-Match with the account inside the transaction; nil if there is nothing to compare.
func expectation(ifMatch string) (func(identity.Account) error, error) {
	unchanged, err := ifUnchanged(ifMatch, "user")
	if unchanged == nil {
		return nil, err
	}
	return func(a identity.Account) error { return unchanged(a.Version) }, nil
}
