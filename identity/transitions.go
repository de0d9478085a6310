package identity

import "time"

// Apply is the one way from one state to the next: it looks up the cell of the state machine, and returns the account as
// it then is with the event that tells so. An account that stays as it is comes back with a zero event. The reason says
// why an account becomes inactive and is ignored otherwise. Deletion leaves the account untouched and returns an event of
// kind [AccountDeleted].
func (a Account) Apply(t Trigger, why InactiveReason, now time.Time) (Account, Event, error) {
	cell := outcome(t, a.State())
	switch cell {
	case stays:
		if t == SignIn {
			a.LastSignInAt = now
		}
		return a, Event{}, nil
	case gone:
		return a, a.event(AccountDeleted, deletionRule(t, a), now), nil
	case former:
		a.Shadow = false
		return a, a.event(ClaimSettled, "CLM-55", now), nil
	case previous, carried:
		a.Status, a.PreviousStatus, a.InactiveReason = a.wayBack(), "", ""
		a.StatusAt = now
		return a, a.event(AccountReactivated, reactivationRule(t), now), nil
	case refused, forbidden, never:
		return Account{}, Event{}, a.refusal(t, cell)
	}
	before := a.Status
	switch State(cell) {
	case StateVerified:
		a.Status, a.StatusAt = Verified, now
		return a, a.event(AccountVerified, "USR-04", now), nil
	case StateShadow:
		a.Shadow = true
		return a, a.event(UserClaimedAway, "CLM-40", now), nil
	case StateActive:
		a.PreviousStatus = ""
		a.Status, a.StatusAt, a.LastSignInAt = Active, now, now
		if a.FirstSignInAt.IsZero() {
			a.FirstSignInAt = now
		}
		return a, a.event(AccountActivated, "USR-04", now), nil
	}
	// Inactive to inactive keeps the way back, so that it leads to where the person stood before all of it (USR-21).
	if before != Inactive {
		a.PreviousStatus = before
	}
	a.Status, a.InactiveReason, a.StatusAt = Inactive, why, now
	return a, a.event(AccountDeactivated, why.rule(), now), nil
}

// Deactivate makes the account inactive for a reason that starts the retention clock of that reason (USR-10, USR-11).
func (a Account) Deactivate(why InactiveReason, now time.Time) (Account, Event, error) {
	return a.Apply(triggerOf(why), why, now)
}

// Reactivate brings an account that an administrator or provider deactivated back to its previous status (USR-21).
func (a Account) Reactivate(now time.Time) (Account, Event, error) {
	return a.Apply(Reactivate, "", now)
}

// SignIn records that the person signed in; the first time makes the account active (USR-04).
func (a Account) SignIn(now time.Time) (Account, Event, error) { return a.Apply(SignIn, "", now) }

func triggerOf(why InactiveReason) Trigger {
	switch why {
	case ByProvider:
		return ProviderDeactivate
	case DirectoryDisabled:
		return DirectoryBlocked
	case DirectoryDeleted, DirectoryOutOfScope:
		return DirectoryMissing
	default:
		return Deactivate
	}
}

func (a Account) wayBack() Status {
	if a.PreviousStatus == "" {
		return NotVerified
	}
	return a.PreviousStatus
}

func (a Account) refusal(t Trigger, cell string) error {
	kind := Conflict
	if cell == forbidden {
		kind = Forbidden
	}
	switch {
	case a.Shadow:
		return Refuse(kind, RuleClaimedByOther,
			"another organization has claimed this user; nothing can be changed here, and the entry settles by itself once the user has decided")
	case cell == forbidden:
		return Refuse(kind, RuleAccountInactive, "this account is inactive")
	default:
		return Refuse(kind, RuleInvalidTransition, "%q is not possible for a user who is %s%s", t, a.Status, a.InactiveReason.inBrackets())
	}
}

func (r InactiveReason) inBrackets() string {
	if r == "" {
		return ""
	}
	return " (" + string(r) + ")"
}

// event returns an event about the account; the transaction that stores it adds id, actor and organization.
func (a Account) event(kind EventKind, rule Rule, now time.Time) Event {
	return Event{Kind: kind, Rule: rule, At: now, Account: a.ID, AccountName: a.UserName, Reason: a.InactiveReason}
}

// rule returns the rule that decides how long an account inactive for this reason is kept.
func (r InactiveReason) rule() Rule {
	switch r {
	case DirectoryDeleted:
		return "USR-11a"
	case DirectoryDisabled:
		return "USR-11b"
	case DirectoryOutOfScope:
		return "DIR-18"
	case ByProvider:
		return "USR-17"
	case ByAdministrator:
		return "USR-10"
	case ClaimedInactive:
		return "CLM-42"
	}
	return ""
}

func reactivationRule(t Trigger) Rule {
	switch t {
	case DirectoryPresent:
		return "USR-12"
	case ProviderReactivate:
		return "SCM-09"
	default:
		return "USR-21"
	}
}

func deletionRule(t Trigger, a Account) Rule {
	switch t {
	case RetentionOver:
		return a.InactiveReason.rule()
	case ProviderDelete:
		return "SCM-11"
	default:
		return "USR-24"
	}
}
