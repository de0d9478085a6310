package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"

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
		result = user{ETag: etag(account.Version), Body: showUser(account, c.Org(), assigned)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &result, nil
}

// expectation reads If-Match (RFC 9110 section 13.1.1) and returns what compares it with the account inside the transaction;
// nil if there is nothing to compare. The comparison is strong, so a weak tag never matches.
func expectation(ifMatch string) (func(identity.Account) error, error) {
	if ifMatch == "" || ifMatch == "*" {
		return nil, nil
	}
	var versions []string
	for tag := range strings.SplitSeq(ifMatch, ",") {
		tag = strings.TrimSpace(tag)
		opaque := strings.TrimPrefix(tag, "W/")
		if len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' || strings.Contains(opaque[1:len(opaque)-1], `"`) {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
				`give the ETag of the user as it was shown, such as "3", or *`).At("header.If-Match")
		}
		if tag == opaque {
			versions = append(versions, opaque[1:len(opaque)-1])
		}
	}
	return func(a identity.Account) error {
		if slices.Contains(versions, strconv.FormatInt(a.Version, 10)) {
			return nil
		}
		return identity.Refuse(identity.Stale, identity.RuleVersionMismatch,
			"the user has changed since; it is in version %s now. Look at it again and repeat the call with its present ETag", etag(a.Version))
	}, nil
}
