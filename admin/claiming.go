package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
	"rollcall/internal/web"
)

// NewClaims names users to claim.
type NewClaims struct {
	Users                []NewClaim `json:"users" nullable:"false" minItems:"1" doc:"At most 100; a file takes more"`
	AcknowledgePermanent bool       `json:"acknowledgePermanent,omitempty" doc:"Has to be true: a claim moves people for good"`
}

// NewClaim is one user to claim.
type NewClaim struct {
	Email    string    `json:"email" maxLength:"1000" example:"ada@example.com"`
	Mode     string    `json:"mode,omitempty" enum:"immediate,deferred" doc:"Absent: deferred if the organization lets users bring their content along and this one can, else immediate"`
	Licences *[]string `json:"licences,omitempty" maxItems:"100" doc:"What the new account gets; absent: what the licence templates say"`
}

// ClaimResult is what came of one user.
type ClaimResult struct {
	Email   string       `json:"email" doc:"As it was given"`
	Claimed bool         `json:"claimed"`
	Claim   *Claim       `json:"claim,omitempty"`
	Code    string       `json:"code,omitempty" doc:"Why the user was not claimed"`
	Message string       `json:"message,omitempty"`
	Reasons []web.Reason `json:"reasons,omitempty" doc:"Every reason that holds"`
}

type claimResults struct {
	Results   []ClaimResult `json:"results" nullable:"false" doc:"One for each user, in the order given"`
	Succeeded int           `json:"succeeded"`
	Failed    int           `json:"failed"`
}

func (a *api) addClaiming() {
	add(a, operation{
		id: "claimUsers", method: http.MethodPost, path: claimsPath, scope: scopeWriteClaims,
		summary: "Claim users", about: "Each user is claimed or not by itself. The answer is 200 with what came of each, except that a call that names one user answers with the refusal, " +
			"if that user cannot be claimed. Users get a mail, whatever the settings, and decide about their old account at the next sign-in.",
		refusals: []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.claimUsers)
}

func (a *api) claimUsers(ctx context.Context, in *struct {
	OrgPath
	Body NewClaims
}) (*body[claimResults], error) {
	requests := make([]identity.ClaimRequest, len(in.Body.Users))
	for i, u := range in.Body.Users {
		requests[i] = identity.ClaimRequest{Email: u.Email, Mode: identity.ClaimMode(u.Mode)}
		if u.Licences != nil {
			requests[i].Licences = licencesIn(*u.Licences)
		}
	}
	done, err := a.service.ClaimUsers(ctx, callerOf(ctx).actor(), in.id(), requests, in.Body.AcknowledgePermanent)
	if err != nil {
		return nil, err
	}
	if len(done) == 1 && done[0].Err != nil {
		return nil, done[0].Err
	}
	var made []identity.Claim
	for _, d := range done {
		if d.Err == nil {
			made = append(made, d.Claim)
		}
	}
	shown, err := a.showClaims(ctx, in.id(), made...)
	if err != nil {
		return nil, err
	}
	results := claimResults{Results: []ClaimResult{}}
	for _, d := range done {
		r := ClaimResult{Email: d.Request.Email, Claimed: d.Err == nil}
		if d.Err != nil {
			results.Failed++
			r.Code, r.Message, r.Reasons = string(d.Err.Rule), d.Err.Detail, showReasons(d.Err.Why)
		} else {
			r.Claim = &shown[results.Succeeded]
			results.Succeeded++
		}
		results.Results = append(results.Results, r)
	}
	return &body[claimResults]{results}, nil
}
