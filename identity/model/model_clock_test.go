package model_test

import (
	"time"

	"rollcall/identity"
)

// nextDeadline returns the first instant at which something happens by itself, and what: claims whose time is over (CLM-23),
// people whose retention is over (USR-10, USR-11), addresses that nobody confirmed (EML-14).
func (m *model) nextDeadline() (time.Time, func()) {
	var first time.Time
	var then func()
	consider := func(at time.Time, do func()) {
		if first.IsZero() || at.Before(first) {
			first, then = at, do
		}
	}
	for _, c := range m.claims {
		if c.outcome == "" && c.mode == identity.ClaimDeferred && !m.orgs[c.target].deleting {
			consider(c.at.Add(window), func() { m.settle(c, identity.OutcomeAutomatic) })
		}
	}
	for i, a := range m.accounts {
		if a.gone {
			continue
		}
		if a.pending != "" {
			consider(a.pendingAt.Add(15*day), func() { m.dropAddress(i) })
		}
		if a.status != identity.Inactive || a.shadow || a.why == identity.DirectoryDisabled {
			continue
		}
		days := 30 * day
		if lost(a.why) {
			days = 7 * day
		}
		consider(a.since.Add(days), func() { m.end(i) })
	}
	return first, then
}

// pass lets time go by: everything happens when it is due.
func (m *model) pass(d time.Duration) {
	end := m.now.Add(d)
	for {
		at, do := m.nextDeadline()
		if do == nil || at.After(end) {
			m.now = end
			return
		}
		m.now = at
		do()
	}
}
