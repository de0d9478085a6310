package model_test

import (
	"slices"

	"rollcall/identity"
)

// attest and what follows are the columns of 14.4, with what another organization has done with the domain (DOM-06 to DOM-09).
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
