package admin

import (
	"context"
	"errors"
	"net/http"

	"rollcall/identity"
	"rollcall/internal/web"
)

// maxClaims is how many addresses one call may name (CLM-30).
const maxClaims = 100

// ClaimRequest names the people whom an organization wants to claim.
type ClaimRequest struct {
	Emails []string `json:"emails" nullable:"false" minItems:"1" doc:"1 to 100 e-mail addresses" example:"[\"ada@example.com\"]"`
}

// ClaimPreview is what a claim would come to for one address.
type ClaimPreview struct {
	Email    string       `json:"email" doc:"As it was given"`
	Eligible bool         `json:"eligible"`
	Reasons  []web.Reason `json:"reasons" nullable:"false" doc:"Every reason against the claim; empty if the user is eligible"`
}

type claimPreviews struct {
	Previews []ClaimPreview `json:"previews" nullable:"false" doc:"One for each address, in the order given"`
}

func (a *api) addClaims() {
	add(a, operation{
		id: "previewClaims", method: http.MethodPost, path: "/api/v1/organizations/{org}/claims/preview", scope: scopePreviewClaim,
		summary: "Preview a claim", about: "Tells for each address whether your organization could claim its user, with every reason that speaks against it. " +
			"Nothing is changed. Of addresses in domains that your organization has not verified it tells nothing else.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.previewClaims)
}

func (a *api) previewClaims(ctx context.Context, in *struct {
	OrgPath
	Body ClaimRequest
}) (*body[claimPreviews], error) {
	if n := len(in.Body.Emails); n > maxClaims {
		return nil, identity.Refuse(identity.Invalid, identity.RuleClaimBatchTooLarge, "there are %d addresses; at most %d are allowed in one call", n, maxClaims).At("body.emails")
	}
	previews := make([]ClaimPreview, 0, len(in.Body.Emails))
	for _, address := range in.Body.Emails {
		p, err := a.previewClaim(ctx, in.id(), address)
		if err != nil {
			return nil, err
		}
		previews = append(previews, p)
	}
	return &body[claimPreviews]{claimPreviews{previews}}, nil
}

// previewClaim previews one address. One that is not an address is a reason of its own, not a fault of the call: the others
// in the list are still worth an answer.
func (a *api) previewClaim(ctx context.Context, org identity.OrgID, address string) (ClaimPreview, error) {
	shown := ClaimPreview{Email: address, Reasons: []web.Reason{}}
	p, err := a.service.PreviewClaim(ctx, org, address)
	var e *identity.Error
	if errors.As(err, &e) && e.Kind == identity.Invalid {
		shown.Reasons = append(shown.Reasons, web.Reason{Code: string(e.Rule), Message: e.Detail})
		return shown, nil
	}
	if err != nil {
		return ClaimPreview{}, err
	}
	shown.Eligible = p.Eligible
	for _, r := range p.Reasons {
		shown.Reasons = append(shown.Reasons, web.Reason{Code: string(r.Code), Message: r.Detail})
	}
	return shown, nil
}
