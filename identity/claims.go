package identity

import (
	"context"
	"slices"
	"time"
)

// ClaimMode says when a claimed user belongs to the claiming organization (CLM-22, CLM-23).
type ClaimMode string

// The modes.
const (
	ClaimImmediate ClaimMode = "immediate" // at once; what becomes of the old account is decided at the next sign-in
	ClaimDeferred  ClaimMode = "deferred"  // when the user has decided, or by itself when [ClaimDays] are over
)

// ClaimDays is how long a claim can be revoked, and how long the user of a deferred one has time to decide (CLM-23, CLM-61).
const ClaimDays = 14

// ClaimOutcome is how a claim ended.
type ClaimOutcome string

// The outcomes. An open claim has none.
const (
	OutcomeKept        ClaimOutcome = "kept"        // the user keeps the old account under another address
	OutcomeDeleted     ClaimOutcome = "deleted"     // the old account is deleted with its content
	OutcomeTransferred ClaimOutcome = "transferred" // the old account's content was moved, by the user's choice
	OutcomeAutomatic   ClaimOutcome = "automatic"   // the same, because nobody chose in time (CLM-23)
	OutcomeRevoked     ClaimOutcome = "revoked"     // the user is back where they were (CLM-60)
)

// Carried is what a user was in the organization that they were claimed from. It is what the new account becomes (CLM-42); the rest of
// it the old account still has.
type Carried struct {
	Status      Status    `json:"status"`
	StatusEvent EventID   `json:"statusEvent,omitempty"` // that had made it so
	Licences    []Licence `json:"licences,omitempty"`    // that nobody pays for, and whose seats others can have meanwhile
}

// Claim is the move of one user from one organization to another (BEHAVIOUR 14.2, 14.3). Its state is derived from what is
// stored, see [Claim.State].
type Claim struct {
	ID          ClaimID
	Target      OrgID // the claiming organization
	Source      OrgID
	NewAccount  AccountID // in the claiming organization
	OldAccount  AccountID // the shadow account, see [Account.Shadow]
	Mode        ClaimMode
	Email       string // as the old account had it
	Domain      string // of the address, as A-labels
	Carried     Carried
	ContentLost bool // the content of the old account cannot come along (CLM-26)
	ClaimedAt   time.Time
	SignedInAt  time.Time    // when the user first signed in after the claim; zero: not yet
	Outcome     ClaimOutcome // empty: open
	SettledAt   time.Time
	Version     int64
}

// Deadline is when the claim can no longer be revoked, and when a deferred one ends by itself.
func (c Claim) Deadline() time.Time { return c.ClaimedAt.Add(ClaimDays * Day) }

// ClaimQuery selects claims that one organization made, the newest first.
type ClaimQuery struct {
	Open      bool      // only those that are not settled
	Mode      ClaimMode // empty: any
	Revocable time.Time // only those that could be revoked at this instant (CLM-61, CLM-62, ORG-19); zero: any
	Domain    string    // of the address; empty: any
	IDs       []ClaimID // only these; empty: any
	After     ClaimID   // only older ones; empty: from the newest
	Limit     int
}

// RevocableAmong tells which of the claims that an organization made can be revoked at an instant. It asks what [ClaimQuery.Revocable] asks,
// so that what is shown of a claim and what is listed agree.
func RevocableAmong(ctx context.Context, r ClaimReader, target OrgID, claims []Claim, now time.Time) (map[ClaimID]bool, error) {
	var ids []ClaimID
	for _, c := range claims {
		if c.Revocable(now) {
			ids = append(ids, c.ID)
		}
	}
	revocable := map[ClaimID]bool{}
	for some := range slices.Chunk(ids, candidatesAtOnce) {
		found, err := r.Claims(ctx, target, ClaimQuery{IDs: some, Revocable: now, Limit: len(some)})
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			revocable[c.ID] = true
		}
	}
	return revocable, nil
}

// CandidateQuery selects users of other organizations by what can be read off them in one look: they hold an address in a domain as
// their primary one, they did not come by a claim that is open, and their organization neither synchronizes its people nor uses
// single sign-on nor is being deleted (CLM-10 a, b, e, f, g). Shadows, users who have to decide about a claim and users who are about
// to be deleted hold no address in that way, see [HoldClaim] and [HoldSoftDeleted].
type CandidateQuery struct {
	Claimant OrgID
	Domain   string
	Without  []OrgID  // organizations whose users stay out (CLM-10 i)
	After    EmailKey // only addresses beyond this one; empty: from the start
	InCharge bool     // only those who may be the last full administrator of their organization or created it (CLM-10 h)
	Any      bool     // everybody of another organization by whom an address in the domain is held as the primary one or in those ways
	Limit    int
}

// Candidate is somebody whom [ClaimReader.Candidates] found, with the address that they were found by.
type Candidate struct {
	Key     EmailKey
	Account Account
}

// ClaimReader reads claims. It is part of [Reader].
type ClaimReader interface {
	// Claim finds a claim that the organization made.
	Claim(ctx context.Context, target OrgID, id ClaimID) (Claim, error)
	// Claims lists claims that the organization made.
	Claims(ctx context.Context, target OrgID, q ClaimQuery) ([]Claim, error)
	// ClaimOf finds the claim that an account came by.
	ClaimOf(ctx context.Context, target OrgID, account AccountID) (Claim, error)
	// ClaimsOf finds the claims that several accounts came by, in no particular order.
	ClaimsOf(ctx context.Context, target OrgID, accounts []AccountID) ([]Claim, error)
	// ClaimAway finds the latest claim by which an account of the organization was claimed away.
	ClaimAway(ctx context.Context, source OrgID, account AccountID) (Claim, error)
	// OpenClaims lists the open claims that an organization made or whose users it has, at most limit.
	OpenClaims(ctx context.Context, org OrgID, limit int) ([]Claim, error)
	// ClaimsDue is crossing: open deferred claims that were made at or before an instant, by organizations that are not being
	// deleted, the oldest first, at most limit.
	ClaimsDue(ctx context.Context, claimed time.Time, limit int) ([]Claim, error)
	// Candidates is crossing: it finds users of other organizations, in the order of their addresses.
	Candidates(ctx context.Context, q CandidateQuery) ([]Candidate, error)
	// CountCandidates is crossing: how many [ClaimReader.Candidates] finds without a limit.
	CountCandidates(ctx context.Context, q CandidateQuery) (int, error)
	// DomainsAround is crossing: the domains that organizations have verified and that are a domain, above it or below it.
	DomainsAround(ctx context.Context, name string) ([]Domain, error)
}

// ClaimTx writes claims. It is part of [Tx].
type ClaimTx interface {
	// InsertClaim refuses a user who is being claimed already with Conflict and CLAIM_ALREADY_PENDING.
	InsertClaim(ctx context.Context, c Claim) error
	// UpdateClaim writes SignedInAt, Outcome and SettledAt.
	UpdateClaim(ctx context.Context, c Claim) error
}
