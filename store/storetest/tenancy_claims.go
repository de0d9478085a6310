package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// moves is the part of a property that is about people and organizations that come and go.
type moves struct {
	claim    identity.Claim // that the organization made
	away     identity.Claim // by which it lost somebody
	site     identity.SiteLink
	deletion identity.OrgDeletion
	later    time.Time // when somebody put the prompt off
}

const prompt = "ORG_DELETE_REMINDER"

// crossingClaims continues crossing.
var crossingClaims = map[string]string{
	"ClaimsDue":        "finds everybody whose time to decide is over",
	"Candidates":       "finds people of other organizations",
	"CountCandidates":  "counts people of other organizations",
	"DomainsAround":    "finds out which organizations have a domain like one's own",
	"OrgDeletionsOpen": "finds every organization that is being deleted",
}

// walkClaims continues walk.
var walkClaims = map[string]func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error){
	"Claim": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Claim(ctx, org, p.moves.claim.ID)
	},
	"Claims": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Claims(ctx, org, identity.ClaimQuery{Limit: 10})
	},
	"ClaimOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ClaimOf(ctx, org, p.moves.claim.NewAccount)
	},
	"ClaimsOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ClaimsOf(ctx, org, []identity.AccountID{p.moves.claim.NewAccount})
	},
	"ClaimAway": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ClaimAway(ctx, org, p.moves.away.OldAccount)
	},
	"OpenClaims": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.OpenClaims(ctx, org, 10)
	},
	"SiteLinks": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.SiteLinks(ctx, org)
	},
	"OrgDeletion": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.OrgDeletion(ctx, org)
	},
	"ReminderLater": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ReminderLater(ctx, org, p.account.ID, prompt)
	},
}

// trespassClaims continues trespass.
var trespassClaims = map[string]func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error{
	"UpdateClaim": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.moves.claim.Target, p.moves.claim.Outcome = org, identity.OutcomeRevoked
		return tx.UpdateClaim(ctx, p.moves.claim)
	},
	"DeleteSiteLink": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteSiteLink(ctx, org, p.moves.site.Site)
	},
	"UpdateOrgDeletion": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.moves.deletion.Org, p.moves.deletion.State = org, identity.DeletionDone
		return tx.UpdateOrgDeletion(ctx, p.moves.deletion)
	},
}

// moves stores one thing of each kind for an account. The other organization of its claims is a third one.
func (w world) moves(t testing.TB, a identity.Account, third identity.OrgID) moves {
	t.Helper()
	m := moves{
		claim: w.claim(a.Org, third), away: w.claim(third, a.Org), site: siteLink(a.Org, "meet.example.com"),
		deletion: w.deletion(a.Org, start), later: start.Add(time.Hour),
	}
	m.claim.NewAccount, m.away.OldAccount = a.ID, a.ID
	for _, write := range []func(identity.Tx) error{
		func(tx identity.Tx) error { return tx.InsertClaim(ctx, m.claim) },
		func(tx identity.Tx) error { return tx.InsertClaim(ctx, m.away) },
		func(tx identity.Tx) error { return tx.PutSiteLink(ctx, m.site) },
		func(tx identity.Tx) error { return tx.InsertOrgDeletion(ctx, m.deletion) },
		func(tx identity.Tx) error { return tx.PutReminder(ctx, a.Org, a.ID, prompt, m.later) },
	} {
		w.must(t, write)
	}
	return m
}

// readMoves reads what was stored for an account again.
func (w world) readMoves(t testing.TB, a identity.Account, m moves) moves {
	t.Helper()
	var got moves
	var err error
	got.claim, err = w.store.Claim(ctx, a.Org, m.claim.ID)
	require.NoError(t, err)
	got.away, err = w.store.ClaimAway(ctx, a.Org, a.ID)
	require.NoError(t, err)
	sites, err := w.store.SiteLinks(ctx, a.Org)
	require.NoError(t, err)
	require.Len(t, sites, 1)
	got.site = sites[0]
	got.deletion, err = w.store.OrgDeletion(ctx, a.Org)
	require.NoError(t, err)
	got.later, err = w.store.ReminderLater(ctx, a.Org, a.ID, prompt)
	require.NoError(t, err)
	return got
}
