package identity

import "time"

// Day is 24 hours: no deadline follows the calendar (BEHAVIOUR 17, A12).
const Day = 24 * time.Hour

// DirectoryLossDays is how long an account that is gone from its directory is kept (USR-11a).
const DirectoryLossDays = 7

// Retention says how many days an account with the given reason is kept once it is inactive; ok is false for those that
// are kept for as long as they are inactive (USR-11b).
func (o Organization) Retention(r InactiveReason) (days int, ok bool) {
	switch {
	case r == DirectoryDisabled:
		return 0, false
	case r.GoneFromDirectory():
		return DirectoryLossDays, true
	default:
		return o.RetentionDays, true
	}
}

// PurgeAt returns when the account will be deleted if nothing changes; false if never. It is derived from the account's
// stored instant every time, so a changed retention moves it and no timer can be lost (USR-16).
func (a Account) PurgeAt(o Organization) (time.Time, bool) {
	if a.Status != Inactive || a.Shadow {
		return time.Time{}, false
	}
	days, ok := o.Retention(a.InactiveReason)
	if !ok {
		return time.Time{}, false
	}
	return a.StatusAt.Add(time.Duration(days) * Day), true
}

// Due reports whether the account's retention is over: at the very instant, not after it (USR-10).
func (a Account) Due(o Organization, now time.Time) bool {
	at, ok := a.PurgeAt(o)
	return ok && !now.Before(at)
}
