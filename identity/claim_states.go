package identity

import (
	"slices"
	"time"
)

// ClaimState is where a claim stands: the rows of BEHAVIOUR 14.2 and 14.3.
type ClaimState string

// The states of an immediate claim.
const (
	ClaimOpen          ClaimState = "OPEN"        // can be revoked
	ClaimLocked        ClaimState = "OPEN_LOCKED" // cannot be revoked any more; the choice waits for a sign-in
	ClaimSignedIn      ClaimState = "SIGNED_IN"   // the choice is the user's
	ClaimSettledKeep   ClaimState = "SETTLED_KEEP"
	ClaimSettledDelete ClaimState = "SETTLED_DELETE"
	ClaimRevoked       ClaimState = "REVOKED" // of a deferred claim too
)

// The states of a deferred claim.
const (
	ClaimWaiting         ClaimState = "WAITING" // can be revoked
	ClaimWaitingSignedIn ClaimState = "WAITING_SIGNED_IN"
	ClaimDoneKeep        ClaimState = "DONE_KEEP"
	ClaimDoneTransfer    ClaimState = "DONE_TRANSFER"
	ClaimDoneDelete      ClaimState = "DONE_DELETE"
	ClaimDoneAuto        ClaimState = "DONE_AUTO_TRANSFER"
)

// ClaimEvent is what can happen to a claim: the columns of the tables.
type ClaimEvent string

// The events.
const (
	ClaimUserSignsIn ClaimEvent = "sign in"
	ClaimKeep        ClaimEvent = "KEEP"
	ClaimTransfer    ClaimEvent = "TRANSFER"
	ClaimDelete      ClaimEvent = "DELETE"
	ClaimRevoke      ClaimEvent = "revoke"
	ClaimTimeOver    ClaimEvent = "+14 d"
	ClaimClosed      ClaimEvent = "closed" // one of its organizations, or the new account, goes away (ORG-21)
)

// ClaimEvents lists the events in the order of the tables.
var ClaimEvents = []ClaimEvent{ClaimUserSignsIn, ClaimKeep, ClaimTransfer, ClaimDelete, ClaimRevoke, ClaimTimeOver, ClaimClosed}

// ClaimStates lists the states of each mode in the order of the tables.
var ClaimStates = map[ClaimMode][]ClaimState{
	ClaimImmediate: {ClaimOpen, ClaimLocked, ClaimSignedIn, ClaimSettledKeep, ClaimSettledDelete, ClaimRevoked},
	ClaimDeferred:  {ClaimWaiting, ClaimWaitingSignedIn, ClaimDoneKeep, ClaimDoneTransfer, ClaimDoneDelete, ClaimDoneAuto, ClaimRevoked},
}

// claimMachine is BEHAVIOUR 14.2 and 14.3: what each event leads to, or the rule that refuses it. What depends on more than the
// claim is looked at besides: whether the domain is claimed (CLM-62), whether the old account is paid for (CLM-53), whether a new
// address is free (CLM-54).
var claimMachine = map[ClaimMode]map[ClaimState][7]string{
	ClaimImmediate: {
		//                  sign in       KEEP            TRANSFER          DELETE            revoke      +14 d          closed
		ClaimOpen:          {"SIGNED_IN", optionLater, optionMissing, optionLater, "REVOKED", "OPEN_LOCKED", "REVOKED"},
		ClaimLocked:        {"SIGNED_IN", optionLater, optionMissing, optionLater, notRevocable, stays, "SETTLED_DELETE"},
		ClaimSignedIn:      {stays, "SETTLED_KEEP", optionMissing, "SETTLED_DELETE", notRevocable, stays, "SETTLED_DELETE"},
		ClaimSettledKeep:   {stays, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
		ClaimSettledDelete: {stays, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
		ClaimRevoked:       {never, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
	},
	ClaimDeferred: {
		ClaimWaiting:         {"WAITING_SIGNED_IN", optionLater, optionLater, optionLater, "REVOKED", "DONE_AUTO_TRANSFER", "REVOKED"},
		ClaimWaitingSignedIn: {stays, "DONE_KEEP", "DONE_TRANSFER", "DONE_DELETE", notRevocable, "DONE_AUTO_TRANSFER", "DONE_DELETE"},
		ClaimDoneKeep:        {stays, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
		ClaimDoneTransfer:    {stays, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
		ClaimDoneDelete:      {stays, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
		ClaimDoneAuto:        {stays, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
		ClaimRevoked:         {never, settledAlready, settledAlready, settledAlready, notRevocable, stays, stays},
	},
}

// The refusals in the tables. An option is offered once the user has signed in.
const (
	optionLater    = never
	optionMissing  = string(RuleOptionNotAvailable)
	settledAlready = string(RuleClaimSettled)
	notRevocable   = string(RuleClaimNotRevocable)
)

// outcomes says in which state a claim is that ended so.
var outcomes = map[ClaimMode]map[ClaimOutcome]ClaimState{
	ClaimImmediate: {OutcomeKept: ClaimSettledKeep, OutcomeDeleted: ClaimSettledDelete, OutcomeRevoked: ClaimRevoked},
	ClaimDeferred: {OutcomeKept: ClaimDoneKeep, OutcomeTransferred: ClaimDoneTransfer, OutcomeDeleted: ClaimDoneDelete,
		OutcomeAutomatic: ClaimDoneAuto, OutcomeRevoked: ClaimRevoked},
}

// State returns where the claim stands at an instant. A deferred claim whose time is over stands where the time has brought it, also
// before anybody has noted so: late is the same as on time.
func (c Claim) State(now time.Time) ClaimState {
	over := !now.Before(c.Deadline())
	switch {
	case c.Outcome != "":
		return outcomes[c.Mode][c.Outcome]
	case c.Mode == ClaimDeferred && over:
		return ClaimDoneAuto
	case c.Mode == ClaimDeferred && c.SignedInAt.IsZero():
		return ClaimWaiting
	case c.Mode == ClaimDeferred:
		return ClaimWaitingSignedIn
	case !c.SignedInAt.IsZero():
		return ClaimSignedIn
	case over:
		return ClaimLocked
	}
	return ClaimOpen
}

// Open reports whether the claim is not settled yet.
func (c Claim) Open() bool { return c.Outcome == "" }

// Due reports whether a deferred claim has to be settled because its time is over: at the very instant (CLM-23).
func (c Claim) Due(now time.Time) bool {
	return c.Open() && c.Mode == ClaimDeferred && !now.Before(c.Deadline())
}

// Revocable reports whether the claim itself can still be revoked (CLM-61); the domain has a word in it besides (CLM-62).
func (c Claim) Revocable(now time.Time) bool {
	s := c.State(now)
	return s == ClaimOpen || s == ClaimWaiting
}

// after returns the outcome that an event leads to, empty if the claim stays open, or the refusal.
func (c Claim) after(e ClaimEvent, now time.Time) (ClaimOutcome, error) {
	state := c.State(now)
	cell := claimMachine[c.Mode][state][slices.Index(ClaimEvents, e)]
	switch cell {
	case never:
		return "", Refuse(Conflict, RuleOptionNotAvailable, "the user has to sign in before there is anything to choose")
	case optionMissing:
		return "", Refuse(Conflict, RuleOptionNotAvailable, "%s is no option of this claim", e)
	case settledAlready:
		return "", Refuse(Conflict, RuleClaimSettled, "this claim is settled: it is %s", state)
	case notRevocable:
		return "", c.notRevocable(now)
	}
	for outcome, s := range outcomes[c.Mode] {
		if s == ClaimState(cell) {
			return outcome, nil
		}
	}
	return "", nil
}

// The reasons why a claim cannot be revoked any more (CLM-56, CLM-61).
const (
	WhyUserSignedIn  Rule = "USER_SIGNED_IN"
	WhyWindowExpired Rule = "WINDOW_EXPIRED"
	WhySettled       Rule = "SETTLED"
)

func (c Claim) notRevocable(now time.Time) error {
	why := Reason{Code: WhySettled, Detail: "the claim is settled"}
	switch {
	case !c.Open():
	case !c.SignedInAt.IsZero():
		why = Reason{Code: WhyUserSignedIn, Detail: "the user has signed in since"}
	default:
		why = Reason{Code: WhyWindowExpired, Detail: "14 days have passed"}
	}
	refusal := Refuse(Conflict, RuleClaimNotRevocable, "this claim cannot be revoked any more: %s", why.Detail)
	refusal.Why = []Reason{why}
	return refusal
}

// ClaimTable prints the state machine of a mode as a Markdown table, one row a state.
func ClaimTable(mode ClaimMode) string {
	return table("State", ClaimStates[mode], ClaimEvents, func(s ClaimState) []string { row := claimMachine[mode][s]; return row[:] })
}
