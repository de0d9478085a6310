package model_test

import (
	"slices"

	"rollcall/identity"
)

// used counts the seats of a licence that are taken (I5, USR-06): status has nothing to do with it.
func (m *model) used(org int, l identity.Licence) int {
	return len(m.live(func(a *account) bool { return a.org == org && slices.Contains(a.licences, l) }))
}

func (m *model) free(org int, l identity.Licence) bool {
	o := m.orgs[org]
	return (l != pro || o.paid == identity.SubscriptionActive) && m.used(org, l) < o.seats[l]
}

// seatsFor refuses licences that have no seat left.
func (m *model) seatsFor(org int, licences []identity.Licence) verdict {
	if m.orgs[org].seats == nil {
		return refusedIf(len(licences) > 0, identity.RuleUnknownLicence)
	}
	return refusedIf(slices.ContainsFunc(licences, func(l identity.Licence) bool { return !m.free(org, l) }), identity.RuleNoLicences)
}

// firstLicences is LIC-01 and LIC-02: what was asked for, or what of the template has seats left.
func (m *model) firstLicences(a *account, asked []identity.Licence) {
	if asked != nil {
		m.giveBack(a, asked)
		return
	}
	m.giveBack(a, m.orgs[a.org].template)
}

// giveBack gives licences as far as there are seats.
func (m *model) giveBack(a *account, licences []identity.Licence) {
	for _, l := range licences {
		if !slices.Contains(a.licences, l) && m.free(a.org, l) {
			a.licences = append(slices.Clone(a.licences), l)
		}
	}
	slices.Sort(a.licences)
}

func (m *model) setLicences(who int, want []identity.Licence) verdict {
	a := m.accounts[who]
	fresh := slices.DeleteFunc(slices.Clone(want), func(l identity.Licence) bool { return slices.Contains(a.licences, l) })
	v := untouchable(a).or(m.seatsFor(a.org, fresh))
	if v.ok() {
		a.licences = slices.Clone(want)
		slices.Sort(a.licences)
	}
	return v
}

// isPaid is 17, A1: ended subscriptions do not count, suspended ones do.
func (m *model) isPaid(org int, l identity.Licence) bool {
	return l == pro && (m.orgs[org].paid == identity.SubscriptionActive || m.orgs[org].paid == identity.SubscriptionSuspended)
}

func (m *model) paysFor(a *account) bool {
	return slices.ContainsFunc(a.licences, func(l identity.Licence) bool { return m.isPaid(a.org, l) })
}

// returnUnpaid takes the licences that nobody pays for from an account that becomes a shadow (I5).
func (m *model) returnUnpaid(a *account) []identity.Licence {
	var kept, unpaid []identity.Licence
	for _, l := range a.licences {
		if m.isPaid(a.org, l) {
			kept = append(kept, l)
		} else {
			unpaid = append(unpaid, l)
		}
	}
	a.licences = kept
	return unpaid
}
