package admin

import (
	"context"
	"net/http"
	"slices"

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
			"if that user cannot be claimed. If the server cannot go on after some were claimed, the rest says why, or `NOT_TRIED`. Users get a mail, whatever the settings, and decide about their old account at the next sign-in.",
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
	claimed := slices.ContainsFunc(done, func(d identity.ClaimedUser) bool { return d.Err == nil })
	if err != nil && !claimed {
		return nil, err
	}
	if len(requests) == 1 && !claimed {
		return nil, done[0].Err
	}
	results, unsure := a.showClaimed(ctx, in.id(), done)
	if unsure != nil {
		a.logger.WarnContext(ctx, "claims are shown as not revocable, because nobody could ask", "request", web.RequestID(ctx), "error", unsure)
	}
	if err != nil {
		results.breakOff(requests[len(done):], mapError(ctx, a.logger, err))
	}
	return &body[claimResults]{results}, nil
}

// showClaimed shows what came of users who were claimed or not, also with an error: what is done is done.
func (a *api) showClaimed(ctx context.Context, org identity.OrgID, done []identity.ClaimedUser) (claimResults, error) {
	var made []identity.Claim
	for _, d := range done {
		if d.Err == nil {
			made = append(made, d.Claim)
		}
	}
	shown, err := a.showClaims(ctx, org, made...)
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
	return results, err
}

// breakOff adds the users who are left when the server could not go on: what it was that it broke off at, and that nobody after that was
// tried. Those who were claimed before are claimed, so the answer has to name them.
func (r *claimResults) breakOff(left []identity.ClaimRequest, why *refusal) {
	for i, request := range left {
		result := ClaimResult{Email: request.Email, Code: string(codeNotTried), Message: "the call broke off before this user"}
		if i == 0 {
			result.Code, result.Message = why.Code, why.Detail
		}
		r.Results = append(r.Results, result)
		r.Failed++
	}
}
