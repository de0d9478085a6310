package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
)

// UserPatch changes a user: what is absent stays, and null takes the value away (RFC 7396).
type UserPatch struct {
	UserName        patched[string]   `json:"userName,omitempty" maxLength:"256" doc:"Cannot be taken away"`
	AlternateEmails patched[[]string] `json:"alternateEmails,omitempty" maxItems:"19" doc:"All addresses of the user but the primary one; new ones in domains that the organization has verified"`
	AttributesPatch
	ExternalID patched[string] `json:"externalId,omitempty" maxLength:"256"`
}

func (a *api) addUserChanges() {
	add(a, operation{
		id: "changeUser", method: http.MethodPatch, path: userPath, scope: scopeWriteUsers,
		summary: "Change a user", about: "A JSON merge patch (RFC 7396): what is absent stays, null takes a value away, a list replaces the whole list. " +
			"The primary address is not among it, because its owner has to confirm another one. Refused with 409 while the directory manages the organization's users.",
		refusals: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.changeUser)
	add(a, operation{
		id: "deleteUser", method: http.MethodDelete, path: userPath, scope: scopeWriteUsers,
		summary: "Delete a user", about: "At once and for good: the user cannot sign in any longer, licences and memberships are gone, and the addresses are free. " +
			"Refused with 409 while the directory manages the organization's users, except for those who are gone from it.",
		refusals: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, a.deleteUser)
}

func (a *api) changeUser(ctx context.Context, in *struct {
	UserVersion
	Body UserPatch `contentType:"application/merge-patch+json"`
}) (*user, error) {
	return a.act(ctx, &in.UserVersion, func(c *identity.Acts, ctx context.Context, id identity.AccountID, expect func(identity.Account) error) (identity.Account, error) {
		return c.Update(ctx, id, expect, func(d identity.Draft) (identity.Draft, error) {
			verified, err := a.verified(ctx, c.Tx(), in.id())
			if err != nil {
				return identity.Draft{}, err
			}
			return in.Body.apply(d, verified)
		})
	})
}

// apply returns the draft with the patch.
func (p UserPatch) apply(d identity.Draft, verified addressTest) (identity.Draft, error) {
	var err error
	if d.Profile, err = p.AttributesPatch.apply(d.Profile); err != nil {
		return d, err
	}
	if p.UserName.given {
		d.UserName = p.UserName.value
	}
	if p.ExternalID.given {
		d.ExternalID = identity.ExternalID(p.ExternalID.value)
	}
	if p.AlternateEmails.given {
		d.Emails, err = withAlternates(d.Emails, p.AlternateEmails.value, verified)
	}
	return d, err
}

func (a *api) deleteUser(ctx context.Context, in *UserVersion) (*struct{}, error) {
	expect, err := expectation(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, a.service.Transact(ctx, in.id(), callerOf(ctx).actor(), func(c *identity.Acts) error {
		return c.Delete(ctx, in.account(), expect)
	})
}
