package admin

import (
	"context"
	"errors"
	"net/http"

	"rollcall/identity"
	"rollcall/internal/web"
)

// ClaimRequest names the people whom an organization wants to claim.
type ClaimRequest struct {
	Emails []string `json:"emails" nullable:"false" minItems:"1" doc:"1 to 100 e-mail addresses" example:"[\"ada@example.com\"]"`
	Mode   string   `json:"mode,omitempty" enum:"immediate,deferred" doc:"How they are to be claimed; absent: as the organization's settings say"`
}

// ClaimPreview is what a claim would come to for one address.
type ClaimPreview struct {
	Email       string       `json:"email" doc:"As it was given"`
	Eligible    bool         `json:"eligible"`
	Reasons     []web.Reason `json:"reasons" nullable:"false" doc:"Every reason against the claim; empty if the user is eligible"`
	Name        string       `json:"name,omitempty"`
	Status      string       `json:"status,omitempty" enum:"not_verified,verified,active,inactive" doc:"That the user would have; of a deferred claim once it is settled"`
	Mode        string       `json:"mode,omitempty" enum:"immediate,deferred" doc:"How the user is claimed: as was asked for, else as the settings say"`
	Deferrable  bool         `json:"deferrable,omitempty" doc:"The user could bring the content along, if the organization's settings let users do so"`
	ContentLost bool         `json:"contentLost,omitempty" doc:"With that mode the content of the old account does not come along"`
	Warnings    []web.Reason `json:"warnings" nullable:"false" doc:"What the user may lose access to; the claim is possible all the same"`
}

type claimPreviews struct {
	Previews []ClaimPreview `json:"previews" nullable:"false" doc:"One for each address, in the order given"`
}

// ClaimableUsers are the users whom an organization can claim.
type ClaimableUsers struct {
	Users                []ClaimPreview `json:"users" nullable:"false"`
	Total                int            `json:"total" doc:"How many there are"`
	Truncated            bool           `json:"truncated" doc:"There are more than the list shows; a file has all of them"`
	ClaimAvailable       bool           `json:"claimAvailable" doc:"There is somebody to claim"`
	AllowContentTransfer bool           `json:"allowContentTransfer" doc:"The organization's setting: who can bring the content along is claimed deferred"`
}

const claimsPath = orgPath + "/claims"

func (a *api) addClaims() {
	add(a, operation{
		id: "listCandidates", method: http.MethodGet, path: claimsPath + "/candidates", scope: scopeReadClaims,
		summary: "List users who can be claimed", about: "Users of other organizations, or with personal accounts, who have an address in one of the domains that only your organization has verified. " +
			"At most 100 are shown, unless the server's operator says otherwise; a file has all of them. With `blocked` it lists those who cannot be claimed, each with every reason; nobody in a domain that another organization has verified too.",
	}, a.listCandidates)
	add(a, operation{
		id: "previewClaims", method: http.MethodPost, path: claimsPath + "/preview", scope: scopeReadClaims,
		summary: "Preview a claim", about: "Tells for each address whether your organization could claim its user, with every reason that speaks against it, and what would come of it. " +
			"Nothing is changed. Of addresses in domains that your organization has not verified it tells nothing else.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.previewClaims)
	a.addClaiming()
	a.addClaimsMade()
	a.addClaimFiles()
}

func (a *api) listCandidates(ctx context.Context, in *struct {
	OrgPath
	Sort    string `query:"sort" enum:"email,domain" default:"email" doc:"By address, or by domain and then by address"`
	Blocked bool   `query:"blocked" doc:"Instead: those who cannot be claimed"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" doc:"How many to show at most; absent, and at most: the server's limit, which is 100 unless its operator says otherwise"`
}) (*body[ClaimableUsers], error) {
	o, err := a.service.Reader().Organization(ctx, in.id())
	if err != nil {
		return nil, err
	}
	found, err := a.service.Claimable(ctx, in.id(), identity.ClaimableQuery{Sort: in.Sort, Blocked: in.Blocked, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	list := ClaimableUsers{Users: []ClaimPreview{}, Total: found.Total, Truncated: found.Truncated, AllowContentTransfer: o.AllowContentTransfer,
		ClaimAvailable: found.Total > 0 && !in.Blocked}
	for _, p := range found.Users {
		list.Users = append(list.Users, showPreview(p.Email, p))
	}
	return &body[ClaimableUsers]{list}, nil
}

func (a *api) previewClaims(ctx context.Context, in *struct {
	OrgPath
	Body ClaimRequest
}) (*body[claimPreviews], error) {
	if n, most := len(in.Body.Emails), a.service.Rules().ClaimListLimit; n > most {
		return nil, identity.Refuse(identity.Invalid, identity.RuleClaimBatchTooLarge, "there are %d addresses; at most %d are allowed in one call", n, most).At("body.emails")
	}
	previews := make([]ClaimPreview, 0, len(in.Body.Emails))
	for _, address := range in.Body.Emails {
		p, err := a.previewClaim(ctx, in.id(), address, identity.ClaimMode(in.Body.Mode))
		if err != nil {
			return nil, err
		}
		previews = append(previews, p)
	}
	return &body[claimPreviews]{claimPreviews{previews}}, nil
}

// previewClaim previews one address. One that is not an address is a reason of its own, not a fault of the call: the others
// in the list are still worth an answer.
func (a *api) previewClaim(ctx context.Context, org identity.OrgID, address string, wish identity.ClaimMode) (ClaimPreview, error) {
	p, err := a.service.PreviewClaim(ctx, org, address, wish)
	var e *identity.Error
	if errors.As(err, &e) && e.Kind == identity.Invalid {
		p.Reasons, err = []identity.Reason{{Code: e.Rule, Detail: e.Detail}}, nil
	}
	return showPreview(address, p), err
}

func showPreview(address string, p identity.ClaimPreview) ClaimPreview {
	return ClaimPreview{Email: address, Eligible: p.Eligible, Reasons: showReasons(p.Reasons), Name: p.Name, Status: string(p.Status), Mode: string(p.Mode),
		Deferrable: p.Deferrable, ContentLost: p.ContentLost, Warnings: showReasons(p.Warnings)}
}

func showReasons(reasons []identity.Reason) []web.Reason {
	shown := []web.Reason{}
	for _, r := range reasons {
		shown = append(shown, web.Reason{Code: string(r.Code), Message: r.Detail})
	}
	return shown
}
