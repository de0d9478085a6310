package admin

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollcall/identity"
)

// Claim is a claim that the organization made.
type Claim struct {
	ID          string     `json:"id" format:"uuid"`
	User        string     `json:"user" format:"uuid" doc:"The user in your organization"`
	Email       string     `json:"email" doc:"By which the user was claimed"`
	Mode        string     `json:"mode" enum:"immediate,deferred"`
	State       string     `json:"state" enum:"OPEN,OPEN_LOCKED,SIGNED_IN,SETTLED_KEEP,SETTLED_DELETE,WAITING,WAITING_SIGNED_IN,DONE_KEEP,DONE_TRANSFER,DONE_DELETE,DONE_AUTO_TRANSFER,REVOKED"`
	ContentLost bool       `json:"contentLost" doc:"The content of the old account does not come along"`
	Revocable   bool       `json:"revocable" doc:"It can be revoked now"`
	ClaimedAt   time.Time  `json:"claimedAt"`
	Deadline    time.Time  `json:"deadline" doc:"Until then it can be revoked; a deferred claim ends by itself then"`
	SignedInAt  *time.Time `json:"signedInAt,omitempty" doc:"When the user first signed in after the claim"`
	SettledAt   *time.Time `json:"settledAt,omitempty"`
}

// ClaimPath is the claim in the path.
type ClaimPath struct {
	OrgPath
	Claim string `path:"claim" doc:"The claim's id"`
}

type claimList struct {
	Claims     []Claim `json:"claims" nullable:"false" doc:"The newest first"`
	NextCursor string  `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

func (a *api) addClaimsMade() {
	add(a, operation{
		id: "listClaims", method: http.MethodGet, path: claimsPath, scope: scopeReadClaims,
		summary: "List claims", about: "Those that your organization made, the newest first.",
	}, a.listClaims)
	add(a, operation{
		id: "getClaim", method: http.MethodGet, path: claimsPath + "/{claim}", scope: scopeReadClaims,
		summary: "Show a claim", about: "Where it stands.",
	}, a.getClaim)
	add(a, operation{
		id: "revokeClaim", method: http.MethodPost, path: claimsPath + "/{claim}/revoke", scope: scopeWriteClaims,
		summary: "Revoke a claim", about: "Brings the user back to where they were, with the status from before. Possible for 14 days, until the user signs in, and as long as your organization has not claimed " +
			"the domain: release it for the moment, revoke, and claim it again. One claim at a time.",
		refusals: []int{http.StatusConflict},
	}, a.revokeClaim)
	add(a, operation{
		id: "revokeClaims", method: http.MethodPost, path: claimsPath + "/revoke", scope: scopeWriteClaims,
		summary: "Revoke several claims: never possible", about: "Always refused with 400 `BULK_REVOKE_NOT_SUPPORTED`: claims are revoked one at a time.",
	}, func(context.Context, *OrgPath) (*struct{}, error) { return nil, bulkRevoke() })
}

func bulkRevoke() error {
	return identity.Refuse(identity.Invalid, identity.RuleBulkRevoke, "claims are revoked one at a time; name one in the path and send no body")
}

func (a *api) listClaims(ctx context.Context, in *struct {
	OrgPath
	Page
	State string `query:"state" enum:"open,revocable" doc:"open: only those that are not settled; revocable: only those that can be revoked now"`
}) (*body[claimList], error) {
	scope := []any{"claims", in.Org, in.State}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	q := identity.ClaimQuery{Open: in.State == "open", After: identity.ClaimID(after), Limit: in.Limit + 1}
	if in.State == "revocable" {
		q.Revocable = a.service.Now()
	}
	claims, err := a.service.Reader().Claims(ctx, in.id(), q)
	if err != nil {
		return nil, err
	}
	var list claimList
	if len(claims) > in.Limit {
		claims = claims[:in.Limit]
		list.NextCursor = nextCursor(string(claims[in.Limit-1].ID), scope...)
	}
	list.Claims, err = a.showClaims(ctx, in.id(), claims...)
	return &body[claimList]{list}, err
}

func (a *api) getClaim(ctx context.Context, in *ClaimPath) (*body[Claim], error) {
	c, err := a.service.Reader().Claim(ctx, in.id(), identity.ClaimID(in.Claim))
	return a.showClaim(ctx, c, err)
}

// nothing is the body of a call that has none. A body that names several claims is a call for what there is not (CLM-64).
type nothing struct{ given bool }

// Resolve is how huma lets a handler look whether there is a body.
func (n *nothing) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	read, err := r.Body.Read(make([]byte, 1))
	n.given = read > 0 || err != nil && err != io.EOF
	return nil
}

func (a *api) revokeClaim(ctx context.Context, in *struct {
	ClaimPath
	nothing
}) (*body[Claim], error) {
	if in.given {
		return nil, bulkRevoke()
	}
	claim, err := a.service.RevokeClaim(ctx, callerOf(ctx).actor(), in.id(), identity.ClaimID(in.Claim))
	return a.showClaim(ctx, claim, err)
}

// showClaims shows claims that one organization made.
func (a *api) showClaims(ctx context.Context, org identity.OrgID, claims ...identity.Claim) ([]Claim, error) {
	now := a.service.Now()
	revocable, err := identity.RevocableAmong(ctx, a.service.Reader(), org, claims, now)
	shown := make([]Claim, len(claims))
	for i, c := range claims {
		shown[i] = Claim{ID: string(c.ID), User: string(c.NewAccount), Email: c.Email, Mode: string(c.Mode), State: string(c.State(now)), ContentLost: c.ContentLost,
			Revocable: revocable[c.ID], ClaimedAt: c.ClaimedAt, Deadline: c.Deadline(), SignedInAt: instant(c.SignedInAt), SettledAt: instant(c.SettledAt)}
	}
	return shown, err
}

func (a *api) showClaim(ctx context.Context, c identity.Claim, err error) (*body[Claim], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.showClaims(ctx, c.Target, c)
	return &body[Claim]{shown[0]}, err
}
