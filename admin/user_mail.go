package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
)

// Invitation says whether an invitation goes out.
type Invitation struct {
	Sent bool `json:"sent" doc:"False if the last one was sent less than 24 hours ago; then none is sent"`
}

// NewEmail is the address that a user shall have.
type NewEmail struct {
	Email string `json:"email" maxLength:"320" example:"ada.lovelace@example.com"`
}

func (a *api) addUserMail() {
	add(a, operation{
		id: "inviteUser", method: http.MethodPost, path: userPath + "/invitation", scope: scopeWriteUsers, status: http.StatusAccepted,
		summary: "Send an invitation again", about: "For users who have never signed in, also while the directory manages them. " +
			"The link in the mail can be used once; the ones before it end. At most one invitation a user is sent in 24 hours.",
	}, a.inviteUser)
	add(a, operation{
		id: "changeUserEmail", method: http.MethodPost, path: userPath + "/email", scope: scopeWriteUsers, status: http.StatusAccepted,
		summary: "Change a user's primary address", about: "The user keeps the present address until the new one is confirmed by the link that is mailed to it; " +
			"after 15 days the change is taken back. The present address gets a mail too, with a link to cancel it. " +
			"Refused with 409 while the directory manages the organization's users.",
		refusals: []int{http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.changeUserEmail)
	add(a, operation{
		id: "cancelUserEmail", method: http.MethodDelete, path: userPath + "/email", scope: scopeWriteUsers, status: http.StatusOK,
		summary: "Cancel the change of a user's address", about: "Takes back a change that is not confirmed yet.",
		refusals: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, a.cancelUserEmail)
}

func (a *api) inviteUser(ctx context.Context, in *UserPath) (*body[Invitation], error) {
	var sent bool
	err := a.service.Transact(ctx, in.id(), callerOf(ctx).actor(), func(c *identity.Acts) error {
		var err error
		sent, err = c.Invite(ctx, in.account(), nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &body[Invitation]{Invitation{sent}}, nil
}

func (a *api) changeUserEmail(ctx context.Context, in *struct {
	UserVersion
	Body NewEmail
}) (*user, error) {
	return a.act(ctx, &in.UserVersion, func(c *identity.Acts, ctx context.Context, id identity.AccountID, expect func(identity.Account) error) (identity.Account, error) {
		return c.ChangeEmail(ctx, id, expect, in.Body.Email)
	})
}

func (a *api) cancelUserEmail(ctx context.Context, in *UserVersion) (*user, error) {
	return a.act(ctx, in, (*identity.Acts).CancelEmailChange)
}
