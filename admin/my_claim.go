package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// MyClaim is the claim by which somebody came to be where they are.
type MyClaim struct {
	Mode         string     `json:"mode" enum:"immediate,deferred"`
	State        string     `json:"state"`
	Email        string     `json:"email" doc:"By which you were claimed"`
	Organization string     `json:"organization" doc:"The name of the organization that claimed you"`
	OldAccount   string     `json:"oldAccount" doc:"The name of the organization of your old account; empty if that has been deleted since"`
	Personal     bool       `json:"personal" doc:"The old account is a personal one"`
	ClaimedAt    time.Time  `json:"claimedAt"`
	Deadline     *time.Time `json:"deadline,omitempty" doc:"When the content of the old account is moved by itself; only for a deferred claim"`
	Options      []string   `json:"options" nullable:"false" enum:"KEEP,TRANSFER,DELETE" doc:"What you can decide about the old account; empty once it is decided"`
	ContentLost  bool       `json:"contentLost" doc:"The content of the old account does not come along"`
	NewEmail     string     `json:"newEmail,omitempty" doc:"Of an old account that you keep, while the address is not confirmed"`
	AwaitsEmail  bool       `json:"awaitsEmail" doc:"You keep the old account, and it has no confirmed address yet"`
}

// ClaimChoice is what somebody decides about their old account.
type ClaimChoice struct {
	Option   string `json:"option" enum:"KEEP,TRANSFER,DELETE" doc:"KEEP: it stays an account of its own under another address. TRANSFER: its content comes along and it is deleted. DELETE: it is deleted with its content."`
	NewEmail string `json:"newEmail,omitempty" maxLength:"1000" doc:"For KEEP: the other address, which gets a mail to be confirmed"`
}

// KeptAddress is another address for an old account that is kept.
type KeptAddress struct {
	NewEmail string `json:"newEmail" maxLength:"1000"`
}

func (a *api) addMyClaim() {
	add(a, operation{
		id: "getMyClaim", method: http.MethodGet, path: mePath + "/claim", scope: scopeAny, undecided: true,
		summary: "Show the claim of your account", about: "And what you can decide about your old account. 404 if nobody has claimed you.",
		refusals: []int{http.StatusNotFound},
	}, a.getMyClaim)
	add(a, operation{
		id: "chooseMyClaim", method: http.MethodPost, path: mePath + "/claim/choose", scope: scopeAny, undecided: true,
		summary: "Decide about your old account", about: "Once and for good. It signs you in, so the claim cannot be revoked any more.",
		refusals: []int{http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.chooseMyClaim)
	add(a, operation{
		id: "setKeptAddress", method: http.MethodPost, path: mePath + "/claim/address", scope: scopeAny, undecided: true,
		summary: "Give an old account that you keep another address", about: "Instead of one that you have not confirmed. The address gets a mail.",
		refusals: []int{http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.setKeptAddress)
}

func (a *api) getMyClaim(ctx context.Context, _ *struct{}) (*body[MyClaim], error) {
	return showMyClaim(a.service.MyClaim(ctx, callerOf(ctx).Caller))
}

func (a *api) chooseMyClaim(ctx context.Context, in *struct{ Body ClaimChoice }) (*body[MyClaim], error) {
	c := callerOf(ctx)
	return showMyClaim(a.service.ChooseClaim(ctx, c.Caller, c.request, identity.ClaimOption(in.Body.Option), in.Body.NewEmail))
}

func (a *api) setKeptAddress(ctx context.Context, in *struct{ Body KeptAddress }) (*body[MyClaim], error) {
	c := callerOf(ctx)
	return showMyClaim(a.service.KeepAddress(ctx, c.Caller, c.request, in.Body.NewEmail))
}

func showMyClaim(m identity.MyClaim, err error) (*body[MyClaim], error) {
	if err != nil {
		return nil, err
	}
	return &body[MyClaim]{MyClaim{Mode: string(m.Mode), State: string(m.State), Email: m.Email, Organization: m.Into, OldAccount: m.From, Personal: m.Personal,
		ClaimedAt: m.ClaimedAt, Deadline: instant(m.Deadline), Options: texts(m.Options), ContentLost: m.ContentLost, NewEmail: m.NewEmail, AwaitsEmail: m.AwaitsEmail}}, nil
}
