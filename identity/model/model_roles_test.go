package model_test

import (
	"slices"

	"rollcall/identity"
)

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
