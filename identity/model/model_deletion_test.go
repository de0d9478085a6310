package model_test

import (
	"slices"
	"time"

	"rollcall/identity"
)

// open is ORG-19: in an organization that is being deleted nothing else is done, and one that was deleted is not there.
func (m *model) open(org int) verdict {
	switch o := m.orgs[org]; {
	case o.deleted:
		return refused(identity.RuleUnknownOrg)
	case o.deleting:
		return refused(identity.RuleOrgDeleting)
	}
	return allowed()
}

// reasonsAgainstDeletion is ORG-05 to ORG-07, with everybody's subscriptions as the model has them: a paid one, and one that is free
// or an active online trial.
func (m *model) reasonsAgainstDeletion(org int, handling identity.UserHandling) []identity.Rule {
	o := m.orgs[org]
	var reasons []identity.Rule
	add := func(holds bool, rule identity.Rule) {
		if holds {
			reasons = append(reasons, rule)
		}
	}
	completed := false
	for _, status := range o.sites {
		completed = completed || status == identity.SiteCompleted
	}
	users := m.live(func(a *account) bool { return a.org == org && !a.shadow }) // ORG-14
	add(completed, identity.RuleOrgLinkedSites)
	add(!o.partner && o.paid != identity.SubscriptionCancelled, identity.RuleOrgSubscriptions)
	add(o.synced, identity.RuleOrgDirSync)
	add(len(users) > 1 && handling == identity.HandleNone, identity.RuleOrgUsers)
	add(len(o.managers) > 1, identity.RuleOrgManagedBy)
	add(len(m.others(org, func(other *organization) bool { return other.managers[org] })) > 0, identity.RuleOrgManages)
	return reasons
}

// requestDeletion is 14.5, "request", with what ends at once (ORG-20).
func (m *model) requestDeletion(org int, handling identity.UserHandling) verdict {
	o := m.orgs[org]
	switch {
	case o.deleted:
		return refused(identity.RuleUnknownOrg)
	case o.deleting:
		return allowed()
	}
	if reasons := m.reasonsAgainstDeletion(org, handling); len(reasons) > 0 {
		return refused(reasons...)
	}
	o.deleting, o.requested, o.handling, o.sso = true, m.now, handling, false
	o.domains, o.managers = map[string]identity.DomainState{}, map[int]bool{}
	return allowed()
}

// finishDeletions is what goes on by itself: users, then everything else.
func (m *model) finishDeletions() {
	for i, o := range m.orgs {
		if o.deleting && !o.deleted {
			m.closeClaims(i)
			m.dispose(i)
			o.roles, o.deleted = map[int]identity.Role{}, true
			for _, c := range m.claims {
				c.forgotten = c.forgotten || c.target == i
			}
		}
	}
}

// closeClaims is ORG-21. Claims end as they stood when the deletion was asked for (I8).
func (m *model) closeClaims(org int) {
	defer func(now time.Time) { m.now = now }(m.now)
	m.now = m.orgs[org].requested
	for _, c := range m.claims {
		switch {
		case c.outcome != "" || c.source != org && c.target != org:
		case c.target == org && m.revocable(c):
			m.takeBack(c)
		default:
			m.settle(c, identity.OutcomeDeleted)
		}
	}
}

// dispose is ORG-10 to ORG-13.
func (m *model) dispose(org int) {
	for _, who := range m.live(func(a *account) bool { return a.org == org }) {
		a := m.accounts[who]
		if m.orgs[org].handling != identity.HandleConvert || a.shadow {
			m.tell(org, identity.AccountDeleted)
			m.vanish(who)
			continue
		}
		m.tell(org, identity.AccountConverted)
		m.tell(0, identity.AccountConverted)
		m.dropRoles(a)
		if a.status == identity.Inactive { // ORG-12
			a.status, a.previous, a.why = a.previous, "", ""
		}
		a.org, a.licences, a.member, a.linked, a.pending, a.pendingAt = 0, nil, false, false, "", time.Time{}
	}
}

// acts reports in which organization an event is done; -1 if in none.
func (m *model) acts(e event) int {
	switch e.what {
	case "sign in", "choose", "keep under":
		if who := m.ownerOf(e.person); who >= 0 {
			return m.accounts[who].org
		}
		return -1
	case "register", "remove own", "time", "delete org", "finish deletions":
		return -1
	}
	return e.org
}

// shut refuses events in organizations that are being deleted or were. What is refused there like everything else is told like
// everything else (AUD-04).
func (m *model) shut(e event) verdict {
	org := m.acts(e)
	if org < 0 {
		return allowed()
	}
	v := m.open(org)
	if !v.ok() {
		own := e.what == "revoke" && m.claims[e.claim].target == org && !m.claims[e.claim].forgotten
		v = v.or(refusedIf(e.what == "revoke" && !own, identity.RuleUnknownClaim))
		if who := m.ownerOf(e.person); who >= 0 && (e.what == "sign in" || e.what == "choose" || e.what == "keep under") {
			v = v.or(refusedIf(m.accounts[who].status == identity.Inactive, identity.RuleAccountInactive))
			v = v.or(refusedIf(e.what != "sign in", identity.RuleUnknownClaim))
		}
		if m.orgs[org].deleting && !m.orgs[org].deleted && (e.what == "claim" || own) {
			m.tell(org, identity.EventRefused)
		}
	}
	return v
}

// synchronize is CLM-03 and SCM-15: a directory needs a connector, and a look at what it would do since the last claim.
func (m *model) synchronize(org int) verdict {
	o := m.orgs[org]
	switch {
	case !o.directory:
		return refused(identity.RuleNoConnector)
	case o.synced:
		return allowed()
	case slices.ContainsFunc(m.claims, func(c *claim) bool { return c.target == org && !c.forgotten && !o.dryRun.After(c.at) }):
		return refused(identity.RuleDryRunRequired)
	}
	o.synced = true
	return allowed()
}
