package model_test

import (
	"slices"
	"time"

	"rollcall/identity"
)

// The seats of an organization.

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

// Who administers an organization.

// inCharge lists the accounts whose owners are full administrators of their own organization. Nobody counts who cannot act, nor
// somebody claimed who has not signed in since: they could be gone at any moment because the claim is revoked.
func (m *model) inCharge(org int) []int {
	full := m.live(func(a *account) bool {
		return a.org == org && !a.shadow && a.status != identity.Inactive && a.status != identity.DeferredClaim &&
			slices.ContainsFunc(a.people, func(p int) bool { return m.orgs[org].roles[p] == identity.RoleFull })
	})
	return slices.DeleteFunc(full, func(who int) bool {
		c := m.openClaim(who)
		return c != nil && c.signedIn.IsZero()
	})
}

// lastFullAdmin is USR-26.
func (m *model) lastFullAdmin(who int) bool {
	all := m.inCharge(m.accounts[who].org)
	return len(all) == 1 && all[0] == who
}

// runsTrial is ORG-23.
func (m *model) runsTrial(who int) bool {
	o := m.orgs[m.accounts[who].org]
	return o.trial && (o.creator == who || m.lastFullAdmin(who))
}

func (m *model) grant(org, person int, role identity.Role) verdict {
	o, who := m.orgs[org], m.ownerOf(person)
	home := m.accounts[who].org
	if home != org && m.orgs[home].consumer { // ROL-03
		return refused(identity.RuleConsumerAdmin)
	}
	if role != identity.RoleFull && o.roles[person] == identity.RoleFull && home == org && m.lastFullAdmin(who) {
		return refused(identity.RuleLastFullAdmin)
	}
	o.roles[person] = role
	return allowed()
}

func (m *model) ungrant(org, person int) verdict {
	o, who := m.orgs[org], m.ownerOf(person)
	switch {
	case o.roles[person] == "":
		return refused(identity.RuleUnknownGrant)
	case o.roles[person] == identity.RoleFull && who >= 0 && m.accounts[who].org == org && m.lastFullAdmin(who):
		return refused(identity.RuleLastFullAdmin)
	}
	delete(o.roles, person)
	return allowed()
}

// dropRoles ends what the owners of an account may do anywhere (CLM-46, CLM-47).
func (m *model) dropRoles(a *account) {
	for _, p := range a.people {
		for _, o := range m.orgs {
			delete(o.roles, p)
		}
	}
}

// The domains of an organization: 14.4.

func (m *model) attest(org int, name string) verdict {
	v := refusedIf(m.claimedElsewhere(org, name), identity.RuleDomainClaimed)
	if v.ok() && !m.verified(org, name) {
		m.orgs[org].domains[name] = identity.DomainVerified
		m.tell(org, identity.DomainAttested)
	}
	return v
}

func (m *model) challenge(org int, name string) verdict {
	o := m.orgs[org]
	v := refusedIf(m.claimedElsewhere(org, name) || o.domains[name] == identity.DomainClaimed, identity.RuleDomainClaimed)
	if v.ok() && o.domains[name] == "" {
		o.domains[name] = identity.DomainPending
		m.tell(org, identity.DomainChallenged)
	}
	return v
}

func (m *model) claimDomain(org int, name string) verdict {
	switch o := m.orgs[org]; {
	case !m.verified(org, name):
		return refused(identity.RuleDomainNotVerifiedYet)
	case o.domains[name] == identity.DomainClaimed:
		return allowed()
	case m.verifiedElsewhere(org, name):
		return refused(identity.RuleDomainVerifiedElsewhere)
	default:
		o.domains[name] = identity.DomainClaimed
		m.tell(org, identity.DomainChanged)
		return allowed()
	}
}

func (m *model) releaseDomain(org int, name string) verdict {
	o := m.orgs[org]
	if o.domains[name] != identity.DomainClaimed {
		return refused(identity.RuleDomainNotClaimed)
	}
	o.domains[name] = identity.DomainVerified
	m.tell(org, identity.DomainChanged)
	return allowed()
}

func (m *model) removeDomain(org int, name string) verdict {
	o := m.orgs[org]
	open := slices.ContainsFunc(m.claims, func(c *claim) bool {
		return c.outcome == "" && c.mode == identity.ClaimDeferred && c.target == org && domainOf(c.address) == name
	})
	switch {
	case o.domains[name] == "":
		return refused(identity.RuleUnknownDomain)
	case o.domains[name] == identity.DomainClaimed:
		return refused(identity.RuleDomainStillClaimed)
	case m.verified(org, name) && open:
		return refused(identity.RuleDomainHasOpenClaims) // DOM-18
	}
	delete(o.domains, name)
	m.tell(org, identity.DomainRemoved)
	return allowed()
}

// The clock.

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
		if c.outcome == "" && c.mode == identity.ClaimDeferred {
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
