package identity

// State is a status with its reason folded in: the columns of the state machine of BEHAVIOUR 14.1.
type State string

// The states of an account.
const (
	StateNotVerified   State = "NV"
	StateVerified      State = "V"
	StateActive        State = "A"
	StateInactive      State = "Ia" // by an administrator or a provider, or brought along by a claim
	StateDeleted       State = "Id" // gone from the directory
	StateDisabled      State = "Ix" // disabled in the directory
	StateDeferredClaim State = "DC"
	StateShadow        State = "SH"
)

// States lists the states in the order of the table.
var States = []State{StateNotVerified, StateVerified, StateActive, StateInactive, StateDeleted, StateDisabled, StateDeferredClaim, StateShadow}

// State returns the column of the state machine in which the account stands.
func (a Account) State() State {
	switch {
	case a.Shadow:
		return StateShadow
	case a.Status == DeferredClaim:
		return StateDeferredClaim
	case a.Status == Inactive && a.InactiveReason == DirectoryDisabled:
		return StateDisabled
	case a.Status == Inactive && a.InactiveReason.GoneFromDirectory():
		return StateDeleted
	case a.Status == Inactive:
		return StateInactive
	case a.Status == Active:
		return StateActive
	case a.Status == Verified:
		return StateVerified
	default:
		return StateNotVerified
	}
}

// Trigger is what can happen to an account: the rows of the state machine.
type Trigger string

// The triggers.
const (
	EmailVerified      Trigger = "e-mail verified"
	SignIn             Trigger = "sign-in"
	Resend             Trigger = "resend invitation"
	Deactivate         Trigger = "deactivate"
	Reactivate         Trigger = "reactivate"
	Delete             Trigger = "delete"
	ProviderDeactivate Trigger = "SCIM active=false"
	ProviderReactivate Trigger = "SCIM active=true"
	ProviderDelete     Trigger = "SCIM DELETE"
	DirectoryMissing   Trigger = "sync: missing"
	DirectoryBlocked   Trigger = "sync: present, disabled"
	DirectoryPresent   Trigger = "sync: present, enabled"
	RetentionOver      Trigger = "timer"

	ClaimedAway    Trigger = "claimed by another organization"
	ClaimKept      Trigger = "claim settled: KEEP"
	ClaimGivenUp   Trigger = "claim settled: TRANSFER or DELETE"
	ClaimTimedOut  Trigger = "claim: 14 days over"
	ClaimTakenBack Trigger = "claim revoked"
)

// Triggers lists the triggers in the order of the table.
var Triggers = []Trigger{EmailVerified, SignIn, Resend, Deactivate, Reactivate, Delete, ProviderDeactivate, ProviderReactivate,
	ProviderDelete, DirectoryMissing, DirectoryBlocked, DirectoryPresent, RetentionOver, ClaimedAway, ClaimKept, ClaimGivenUp, ClaimTimedOut,
	ClaimTakenBack}

// The outcomes of a cell that are not the name of a state.
const (
	stays     = "="       // nothing changes and nobody is told
	previous  = "prev"    // back to the status before Inactive
	gone      = "DEL"     // deleted for good
	former    = "former"  // as before the claim (CLM-60, CLM-55)
	carried   = "carried" // the status from before the claim (CLM-42)
	refused   = "409"
	forbidden = "403"
	never     = "–" // cannot happen
)

// machine is BEHAVIOUR 14.1. Guards that depend on more than the account (the directory owns the organization) stand
// before it, in Service.
var machine = map[Trigger][8]string{
	//                   NV        V         A         Ia         Id         Ix         DC       SH
	EmailVerified:      {"V", stays, stays, forbidden, forbidden, forbidden, stays, forbidden},
	SignIn:             {"A", "A", stays, forbidden, forbidden, forbidden, stays, forbidden},
	Resend:             {stays, stays, refused, refused, refused, refused, refused, refused},
	Deactivate:         {"Ia", "Ia", "Ia", refused, refused, refused, refused, refused},
	Reactivate:         {refused, refused, refused, previous, previous, previous, refused, refused},
	Delete:             {gone, gone, gone, gone, gone, gone, refused, refused},
	ProviderDeactivate: {"Ia", "Ia", "Ia", stays, refused, refused, refused, refused},
	ProviderReactivate: {stays, stays, stays, previous, refused, refused, refused, refused},
	ProviderDelete:     {gone, gone, gone, gone, refused, refused, refused, refused},
	DirectoryMissing:   {"Id", "Id", "Id", "Id", stays, "Id", stays, never},
	DirectoryBlocked:   {"Ix", "Ix", "Ix", "Ix", "Ix", stays, stays, never},
	DirectoryPresent:   {stays, stays, stays, previous, previous, previous, stays, never},
	RetentionOver:      {never, never, never, gone, gone, never, never, never},
	ClaimedAway:        {"SH", "SH", "SH", "SH", refused, "SH", refused, refused},
	ClaimKept:          {stays, stays, stays, stays, stays, stays, "A", former},
	ClaimGivenUp:       {stays, stays, stays, stays, stays, stays, "A", gone},
	ClaimTimedOut:      {never, never, never, never, never, never, carried, gone},
	ClaimTakenBack:     {gone, gone, gone, gone, gone, gone, gone, former},
}

// outcome returns the cell of the state machine.
func outcome(t Trigger, s State) string {
	for i, column := range States {
		if column == s {
			return machine[t][i]
		}
	}
	return never
}

// StateTable prints the state machine as a Markdown table, one row a trigger.
func StateTable() string {
	return table("Event", Triggers, States, func(t Trigger) []string { row := machine[t]; return row[:] })
}
