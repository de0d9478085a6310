package model_test

import (
	"slices"
	"time"

	"rollcall/identity"
)

// pipe is the way by which somebody is added, changed or removed.
type pipe string

const (
	byHand pipe = "administrator"
	byFeed pipe = "SCIM"
	bySync pipe = "directory"
)

// mayEdit is USR-22: while a directory owns the people, nobody else changes them.
func (m *model) mayEdit(org int, by pipe) verdict {
	return refusedIf(m.orgs[org].synced && by != bySync, identity.RuleManagedByDirectory)
}

// untouchable is CLM-43 for the old account of a claimed user and USR-20 for a new one who has not decided.
func untouchable(a *account) verdict {
	return refusedIf(a.shadow, identity.RuleClaimedByOther).or(refusedIf(!a.shadow && a.status == identity.DeferredClaim, identity.RuleInvalidTransition))
}

// taken is EML-15, rows 2 to 11: whether an organization can give somebody an address. self is who asks; -1 for somebody new.
func (m *model) taken(org int, address string, self int) verdict {
	who, how := m.holder(address)
	switch {
	case who < 0:
		return refusedIf(m.claimedElsewhere(org, domainOf(address)), identity.RuleDomainClaimed)
	case who == self:
		return allowed()
	case how == byDeleted || how == byPending || how == byClaim:
		return refused(identity.RuleEmailHeld)
	case m.accounts[who].org == org:
		return refused(identity.RuleEmailTaken)
	case m.runsTrial(who):
		return refused(identity.RuleUserOwnsTrialOrg)
	case how == byPrimary && len(m.reasonsAgainst(org, address)) == 0:
		return refused(identity.RuleEmailClaimable)
	case m.orgs[m.accounts[who].org].consumer:
		return refused(identity.RuleDomainNotAvailable)
	}
	return refused(identity.RuleEmailTaken)
}

// newcomer is somebody to add.
type newcomer struct {
	org      int
	by       pipe
	address  string
	others   []string
	inactive bool               // the provider says active=false, or the entry is disabled
	licences []identity.Licence // nil: what the template says
}

func (m *model) add(n newcomer) (verdict, int) {
	v := m.mayEdit(n.org, n.by).or(m.taken(n.org, n.address, -1))
	for _, other := range n.others {
		if m.orgs[n.org].alias == domainOf(other) {
			v = v.or(m.taken(n.org, other, -1))
		}
	}
	if v = v.or(m.seatsFor(n.org, n.licences)); !v.ok() {
		return v, -1
	}
	a := &account{org: n.org, address: n.address, others: n.others, status: identity.NotVerified, linked: n.by == bySync}
	if m.verified(n.org, domainOf(n.address)) && n.by != bySync { // USR-03; the organizations of the model do send mails
		a.status = identity.Verified
	}
	m.accounts = append(m.accounts, a)
	m.tell(n.org, identity.AccountCreated)
	if n.inactive {
		m.deactivate(a, map[pipe]identity.InactiveReason{byFeed: identity.ByProvider, bySync: identity.DirectoryDisabled}[n.by])
	}
	m.firstLicences(a, n.licences)
	return allowed(), len(m.accounts) - 1
}

// deactivate makes somebody inactive: the way back leads to where they stood before all of it (USR-21).
func (m *model) deactivate(a *account, why identity.InactiveReason) {
	if a.status != identity.Inactive {
		a.previous = a.status
	}
	a.status, a.why, a.since = identity.Inactive, why, m.now
	m.tell(a.org, identity.AccountDeactivated)
}

func (m *model) reactivate(a *account) {
	a.status, a.previous, a.why = a.previous, "", ""
	m.tell(a.org, identity.AccountReactivated)
}

// setActive is the rows "deactivate", "reactivate" and "SCIM active" of 14.1.
func (m *model) setActive(who int, by pipe, active bool) verdict {
	a := m.accounts[who]
	if v := m.mayEdit(a.org, by).or(untouchable(a)); !v.ok() {
		return v
	}
	inactive, directory := a.status == identity.Inactive, a.status == identity.Inactive && (lost(a.why) || a.why == identity.DirectoryDisabled)
	switch {
	case by == byHand && active && !inactive, by == byHand && !active && inactive:
		return refused(identity.RuleInvalidTransition)
	case by == byFeed && directory && active:
		return refused(identity.RuleInvalidTransition)
	case inactive != active:
		return allowed() // it is so already
	case active:
		m.reactivate(a)
	case m.lastFullAdmin(who):
		return refused(identity.RuleLastFullAdmin)
	case by == byFeed:
		m.deactivate(a, identity.ByProvider)
	default:
		m.deactivate(a, identity.ByAdministrator)
	}
	return allowed()
}

// remove is the rows "delete" and "SCIM DELETE" of 14.1.
func (m *model) remove(who int, by pipe) verdict {
	a := m.accounts[who]
	if m.abandoned(who) {
		m.end(who)
		return allowed()
	}
	isLost, disabled := a.status == identity.Inactive && lost(a.why), a.status == identity.Inactive && a.why == identity.DirectoryDisabled
	v := untouchable(a)
	if !isLost || by == byFeed { // USR-15
		v = v.or(m.mayEdit(a.org, by))
	}
	v = v.or(refusedIf(by == byFeed && (isLost || disabled), identity.RuleInvalidTransition))
	v = v.or(refusedIf(m.lastFullAdmin(who), identity.RuleLastFullAdmin))
	if v.ok() {
		m.end(who)
	}
	return v
}

// abandoned is CLM-43 once its owner has decided to keep an old account: as long as no address is confirmed, its organization may give it up.
func (m *model) abandoned(who int) bool {
	if !m.accounts[who].shadow {
		return false
	}
	for _, c := range slices.Backward(m.claims) {
		if c.old == who {
			return c.outcome == identity.OutcomeKept
		}
	}
	return false
}

// end makes an account go, with what has to be decided about it before (ORG-21, by analogy).
func (m *model) end(who int) {
	if c := m.openClaim(who); c != nil {
		if m.revocable(c) {
			m.takeBack(c)
			return
		}
		m.settle(c, identity.OutcomeDeleted)
	}
	m.tell(m.accounts[who].org, identity.AccountDeleted)
	m.vanish(who)
}

// vanish is what is left of an account that goes: nothing, and nobody has a role through it any more.
func (m *model) vanish(who int) {
	a := m.accounts[who]
	m.dropRoles(a)
	*a = account{org: a.org, gone: true}
}

// directory is the rows "sync" of 14.1.
func (m *model) directory(who int, standing identity.Trigger, loss identity.InactiveReason) verdict {
	a := m.accounts[who]
	if v := untouchable(a); !v.ok() {
		return v
	}
	inactive := a.status == identity.Inactive
	isLost := inactive && lost(a.why)
	disabled := inactive && a.why == identity.DirectoryDisabled
	losing := !inactive && standing != identity.DirectoryPresent
	if losing && m.lastFullAdmin(who) {
		return refused(identity.RuleLastFullAdmin)
	}
	a.linked = true
	switch {
	case standing == identity.DirectoryPresent && inactive:
		m.reactivate(a)
	case standing == identity.DirectoryBlocked && !disabled:
		m.deactivate(a, identity.DirectoryDisabled)
	case standing == identity.DirectoryMissing && !isLost:
		m.deactivate(a, loss)
	}
	return allowed()
}

// signIn is the row "sign-in" of 14.1, and of 14.2 and 14.3.
func (m *model) signIn(person int) verdict {
	who := m.ownerOf(person)
	if who < 0 {
		return refused(identity.RuleNotBound)
	}
	a := m.accounts[who]
	if a.status == identity.Inactive || a.shadow {
		return refused(identity.RuleAccountInactive)
	}
	if c := m.openClaim(who); c != nil && c.signedIn.IsZero() {
		c.signedIn = m.now
	}
	if a.status == identity.NotVerified || a.status == identity.Verified {
		a.status = identity.Active
		m.tell(a.org, identity.AccountActivated)
	}
	return allowed()
}

// register is DOM-11 for somebody whose issuer vouches for the address.
func (m *model) register(address string) (verdict, int) {
	home := 0
	for i, o := range m.orgs {
		if o.domains[domainOf(address)] == identity.DomainClaimed {
			home = i
		}
	}
	o := m.orgs[home]
	v := refusedIf(!o.consumer && !o.registers, identity.RuleSelfRegistrationOff).or(m.mayEdit(home, byHand)).or(m.taken(home, address, -1))
	if !v.ok() {
		return v, -1
	}
	a := &account{org: home, address: address, status: identity.Active, people: []int{m.people}}
	m.people++
	m.accounts = append(m.accounts, a)
	m.tell(home, identity.AccountCreated)
	m.tell(home, identity.AccountActivated)
	m.firstLicences(a, nil)
	return allowed(), len(m.accounts) - 1
}

// removeOwn is EML-08 and EML-11.
func (m *model) removeOwn(person int) verdict {
	who := m.ownerOf(person)
	switch {
	case who < 0:
		return refused(identity.RuleNotBound)
	case m.accounts[who].status == identity.Inactive:
		return refused(identity.RuleAccountInactive)
	case !m.orgs[m.accounts[who].org].consumer:
		return refused(identity.RuleForbiddenRole)
	}
	m.end(who)
	m.given++
	return allowed()
}

// movable is CLM-60: as long as a claimed user could go back, the address stays where it is.
func (m *model) movable(who int) verdict {
	c := m.openClaim(who)
	return refusedIf(c != nil && m.revocable(c), identity.RuleInvalidTransition)
}

// readdress is another primary address by a provider.
func (m *model) readdress(who int, address string) verdict {
	a := m.accounts[who]
	v := m.mayEdit(a.org, byFeed).or(untouchable(a))
	if v.ok() && a.address == address {
		return allowed()
	}
	if v = v.or(m.movable(who)).or(m.taken(a.org, address, who)); v.ok() {
		a.address = address
	}
	return v
}

// askAddress is EML-14: an administrator asks for another address, and its owner has 15 days to confirm it.
func (m *model) askAddress(who int, address string) verdict {
	a := m.accounts[who]
	v := m.mayEdit(a.org, byHand).or(untouchable(a)).or(m.movable(who)).or(refusedIf(a.status == identity.Inactive, identity.RuleInvalidTransition))
	if v = v.or(refusedIf(a.address == address, identity.RuleEmailTaken)).or(m.taken(a.org, address, who)); v.ok() {
		a.pending, a.pendingAt = address, m.now
	}
	return v
}

func (m *model) dropAddress(who int) verdict {
	a := m.accounts[who]
	if a.pending == "" {
		return refused(identity.RuleInvalidTransition)
	}
	a.pending, a.pendingAt = "", time.Time{}
	return allowed()
}

// confirmAddress is the link that was mailed to the new address. Of somebody inactive it is 403 (14.1).
func (m *model) confirmAddress(who int) verdict {
	a := m.accounts[who]
	if a.shadow {
		return m.confirmKept(who)
	}
	if a.status == identity.Inactive {
		return refused(identity.RuleAccountInactive)
	}
	if v := untouchable(a).or(m.movable(who)); !v.ok() {
		return v
	}
	a.others = slices.DeleteFunc(slices.Clone(a.others), func(o string) bool { return o == a.pending })
	a.address, a.pending, a.pendingAt = a.pending, "", time.Time{}
	m.proven(a)
	return allowed()
}

// proven is the row "e-mail verified" of 14.1.
func (m *model) proven(a *account) {
	if a.status == identity.NotVerified {
		a.status = identity.Verified
		m.tell(a.org, identity.AccountVerified)
	}
}
