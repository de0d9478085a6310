package model_test

import (
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

const window = 14 * day // CLM-23, CLM-61

// reasonsAgainst is CLM-02 and CLM-10: everything that speaks against a claim, nothing if the user is eligible.
func (m *model) reasonsAgainst(org int, address string) []identity.Rule {
	var reasons []identity.Rule
	add := func(holds bool, rule identity.Rule) {
		if holds {
			reasons = append(reasons, rule)
		}
	}
	claimant := m.orgs[org]
	add(claimant.synced, identity.RuleClaimTargetDirSync)
	if !m.verified(org, domainOf(address)) { // d and j; nothing is said about people in domains of others (EML-13)
		add(true, identity.RuleClaimDomainNotVerified)
		return reasons
	}
	who, how := m.holder(address)
	if who < 0 {
		return []identity.Rule{identity.RuleClaimNoAccount}
	}
	a := m.accounts[who]
	source, foreign := m.orgs[a.org], a.org != org
	add(foreign && source.sso, identity.RuleClaimSourceSSO)                                                                            // a
	add(foreign && (source.synced || source.authoritative), identity.RuleClaimSourceDirSync)                                           // b
	add(m.verifiedElsewhere(org, domainOf(address)), identity.RuleClaimVerifiedElsewhere)                                              // c
	add(!foreign, identity.RuleClaimAlreadyMember)                                                                                     // e
	add(a.shadow || m.openClaim(who) != nil, identity.RuleClaimAlreadyPending)                                                         // f
	add(foreign && source.deleting, identity.RuleClaimSourceDeleting)                                                                  // g
	add(foreign && !source.consumer && (m.lastFullAdmin(who) || source.trial && source.creator == who), identity.RuleUserOwnsTrialOrg) // h
	add(foreign && !source.consumer && m.overlap(org, a.org), identity.RuleClaimOverlap)                                               // i
	add(foreign && how == byDeleted, identity.RuleEmailHeld)                                                                           // 14.1
	if len(reasons) == 0 && how != byPrimary {
		return []identity.Rule{identity.RuleClaimNoAccount}
	}
	return reasons
}

// overlap is CLM-10 i.
func (m *model) overlap(claimant, source int) bool {
	for _, ours := range domains {
		for _, theirs := range domains {
			if m.verified(claimant, ours) && m.verified(source, theirs) &&
				(ours == theirs || strings.HasSuffix(ours, "."+theirs) || strings.HasSuffix(theirs, "."+ours)) {
				return true
			}
		}
	}
	return false
}

// claimMode is CLM-21 with CLM-24 and CLM-25.
func (m *model) claimMode(org, source int, wish identity.ClaimMode) (identity.ClaimMode, verdict) {
	on := m.orgs[org].transfer
	eligible := m.orgs[source].consumer && !m.orgs[org].far
	switch {
	case wish == identity.ClaimDeferred && !on:
		return "", refused(identity.RuleContentTransferDisabled)
	case wish == identity.ClaimDeferred && !eligible:
		return "", refused(identity.RuleClaimNotDeferrable)
	case wish == "" && on && eligible, wish == identity.ClaimDeferred:
		return identity.ClaimDeferred, allowed()
	}
	return identity.ClaimImmediate, allowed()
}

// claim is CLM-22, 23, 40, 42, 46 and 47. It returns the number of the claim.
func (m *model) claim(org int, address string, wish identity.ClaimMode, licences []identity.Licence) (verdict, int) {
	if against := m.reasonsAgainst(org, address); len(against) > 0 {
		m.tell(org, identity.EventRefused) // AUD-04
		return refused(against...), -1
	}
	old, _ := m.holder(address)
	before := m.accounts[old]
	mode, v := m.claimMode(org, before.org, wish)
	if v = v.or(m.seatsFor(org, licences)); !v.ok() {
		m.tell(org, identity.EventRefused)
		return v, -1
	}
	c := &claim{mode: mode, target: org, source: before.org, young: len(m.accounts), old: old, address: address, at: m.now, carried: *before}
	young := &account{org: org, address: address, status: before.status, previous: before.previous, people: before.people}
	if before.status == identity.Inactive {
		young.why, young.since = identity.ClaimedInactive, m.now // 17, A22
	}
	if mode == identity.ClaimDeferred {
		young.status, young.why, young.previous, young.since = identity.DeferredClaim, "", "", time.Time{}
	}
	m.dropRoles(before)
	c.unpaid = m.returnUnpaid(before)
	before.shadow, before.people, before.pending, before.pendingAt = true, nil, "", time.Time{}
	m.accounts, m.claims = append(m.accounts, young), append(m.claims, c)
	m.firstLicences(young, licences)
	m.tell(org, identity.UserClaimed)
	m.tell(c.source, identity.UserClaimedAway)
	return allowed(), len(m.claims) - 1
}

// revocable is CLM-61.
func (m *model) revocable(c *claim) bool {
	return c.outcome == "" && c.signedIn.IsZero() && m.now.Before(c.at.Add(window))
}

// mayRevoke is CLM-61 and CLM-62.
func (m *model) mayRevoke(c *claim) verdict {
	return refusedIf(!m.revocable(c), identity.RuleClaimNotRevocable).
		or(refusedIf(m.orgs[c.target].domains[domainOf(c.address)] == identity.DomainClaimed, identity.RuleRevokeDomainClaimed)).
		or(m.open(c.source)) // nobody goes back to where everybody has to leave
}

func (m *model) revoke(org int, number int) verdict {
	c := m.claims[number]
	if c.target != org || c.forgotten {
		return refused(identity.RuleUnknownClaim) // CLM-63
	}
	v := m.mayRevoke(c)
	if v.ok() {
		m.takeBack(c)
	} else {
		m.tell(org, identity.EventRefused)
	}
	return v
}

// takeBack is CLM-60 and I10: the old account is what it was. Its roles stay lost, and an address that was to be changed is not any
// more. Of the licences that nobody pays for it gets those that are left.
func (m *model) takeBack(c *claim) {
	young, old := m.accounts[c.young], m.accounts[c.old]
	people := young.people
	m.vanish(c.young)
	m.unshadow(c)
	old.people = people
	m.giveBack(old, c.unpaid)
	m.close(c, identity.OutcomeRevoked, m.now)
	m.tell(c.target, identity.ClaimTakenAway)
	m.tell(c.source, identity.ClaimTakenAway)
}

// unshadow makes the old account an ordinary one. The time as a shadow does not count for anybody's deletion.
func (m *model) unshadow(c *claim) {
	old := m.accounts[c.old]
	old.shadow = false
	if old.status == identity.Inactive {
		old.since = old.since.Add(m.now.Sub(c.at))
	}
}

func (m *model) close(c *claim, outcome identity.ClaimOutcome, at time.Time) {
	c.outcome, c.settledAt = outcome, at
}

// settle is the end of a claim in 14.2 and 14.3, but for revocation.
func (m *model) settle(c *claim, outcome identity.ClaimOutcome) {
	young, old := m.accounts[c.young], m.accounts[c.old]
	if young.status == identity.DeferredClaim {
		young.status = identity.Active
		if outcome == identity.OutcomeAutomatic {
			young.status, young.previous = c.carried.status, c.carried.previous
			if young.status == identity.Inactive {
				young.why, young.since = identity.ClaimedInactive, m.now
			}
		}
	}
	if outcome == identity.OutcomeKept {
		m.giveBack(old, c.unpaid)
	} else {
		*old = account{org: old.org, gone: true}
	}
	m.close(c, outcome, m.now)
	m.tell(c.target, identity.ClaimSettled)
	m.tell(c.source, identity.ClaimSettled)
}

// options is CLM-51 to 53.
func (m *model) options(c *claim) []identity.ClaimOption {
	switch {
	case m.paysFor(m.accounts[c.old]):
		return []identity.ClaimOption{identity.OptionKeep}
	case c.mode == identity.ClaimDeferred:
		return []identity.ClaimOption{identity.OptionKeep, identity.OptionTransfer, identity.OptionDelete}
	}
	return []identity.ClaimOption{identity.OptionKeep, identity.OptionDelete}
}

// latestClaim finds the claim by which a person came to be where they are.
func (m *model) latestClaim(person int) *claim {
	who := m.ownerOf(person)
	for _, c := range slices.Backward(m.claims) {
		if who >= 0 && c.young == who && !c.forgotten {
			return c
		}
	}
	return nil
}

// choose is CLM-51 to 56. To choose is to sign in.
func (m *model) choose(person int, option identity.ClaimOption, address string) verdict {
	c := m.latestClaim(person)
	switch who := m.ownerOf(person); {
	case who >= 0 && m.accounts[who].status == identity.Inactive:
		return refused(identity.RuleAccountInactive)
	case c == nil:
		return refused(identity.RuleUnknownClaim)
	case c.outcome != "" && option == identity.OptionTransfer && c.mode == identity.ClaimImmediate:
		return refused(identity.RuleClaimSettled, identity.RuleOptionNotAvailable)
	case c.outcome != "":
		return refused(identity.RuleClaimSettled)
	case !slices.Contains(m.options(c), option):
		return refused(identity.RuleOptionNotAvailable)
	case option == identity.OptionKeep:
		v := m.open(c.source).or(m.taken(c.source, address, c.old)) // CLM-54
		if who, _ := m.holder(address); who == c.young {
			v = v.or(refused(identity.RuleEmailTaken, identity.RuleEmailClaimable)) // the new account, which is an ordinary one by then
		}
		if !v.ok() {
			return v
		}
	}
	m.signIn(person)
	switch option {
	case identity.OptionDelete:
		m.settle(c, identity.OutcomeDeleted)
	case identity.OptionTransfer:
		m.settle(c, identity.OutcomeTransferred)
	case identity.OptionKeep:
		m.settle(c, identity.OutcomeKept)
		m.accounts[c.old].pending, m.accounts[c.old].pendingAt = address, m.now
	}
	return allowed()
}

// awaits reports whether an old account is kept and has no confirmed address yet.
func (m *model) awaits(c *claim) bool {
	return c.outcome == identity.OutcomeKept && m.accounts[c.old].shadow
}

// keepUnder is another address for an account that is kept.
func (m *model) keepUnder(person int, address string) verdict {
	c := m.latestClaim(person)
	switch who := m.ownerOf(person); {
	case who >= 0 && m.accounts[who].status == identity.Inactive:
		return refused(identity.RuleAccountInactive)
	case c == nil:
		return refused(identity.RuleUnknownClaim)
	case !m.awaits(c):
		return refused(identity.RuleClaimSettled)
	}
	v := m.open(c.source).or(m.taken(c.source, address, c.old))
	if v.ok() {
		m.accounts[c.old].pending, m.accounts[c.old].pendingAt = address, m.now
	}
	return v
}

// confirmKept is the row "claim settled: KEEP" of 14.1: former status, new address. The mailbox has proved itself.
func (m *model) confirmKept(old int) verdict {
	a := m.accounts[old]
	for _, c := range slices.Backward(m.claims) {
		if c.old == old {
			m.unshadow(c)
			if c.forgotten && a.status == identity.Inactive {
				a.since = m.now // nobody knows any more how long it was a shadow
			}
			break
		}
	}
	a.address, a.pending, a.pendingAt = a.pending, "", time.Time{}
	m.proven(a)
	a.people, m.people = []int{m.people}, m.people+1 // whom an operator ties to it, because the former sign-in is the new account's
	return allowed()
}
