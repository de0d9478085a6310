package identity

import "time"

// Day is 24 hours: no deadline follows the calendar (BEHAVIOUR 17, A12).
const Day = 24 * time.Hour

// DirectoryLossDays is how long an account that is gone from its directory is kept (USR-11a).
const DirectoryLossDays = 7

// CutNotice is how long a shorter retention deletes nobody for being shorter: a date that was shown and moves nearer stays at
// least so far away (USR-16).
const CutNotice = Day

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

// PurgeAt returns when the account will be deleted if nothing changes; false if never. It is derived from stored instants
// every time, so a changed retention moves it and no timer can be lost (USR-16).
//
// It is StatusAt and the days of the account's reason. Where those are the organization's days, it is not before the end of
// [CutNotice] after they last became fewer. Only who was inactive at that moment can be held up by this, since the days are
// more than the notice. What the days were before need not be known: somebody who would have gone within the notice anyway
// goes at its end, later than was shown and never earlier. More days move every date that they decide, at once.
func (a Account) PurgeAt(o Organization) (time.Time, bool) {
	if a.Status != Inactive || a.Shadow {
		return time.Time{}, false
	}
	days, ok := o.Retention(a.InactiveReason)
	if !ok {
		return time.Time{}, false
	}
	at := a.StatusAt.Add(time.Duration(days) * Day)
	if noticed := o.RetentionCutAt.Add(CutNotice); !a.InactiveReason.FromDirectory() && !o.RetentionCutAt.IsZero() && at.Before(noticed) {
		return noticed, true
	}
	return at, true
}

// Due reports whether the account's retention is over: at the very instant, not after it (USR-10).
func (a Account) Due(o Organization, now time.Time) bool {
	at, ok := a.PurgeAt(o)
	return ok && !now.Before(at)
}
