package model_test

import (
	"slices"

	"rollcall/identity"
)

// made is what an event brought into being: numbers, -1 for none.
type made struct{ account, claim int }

// play lets an event happen in the model.
func (m *model) play(e event) (v verdict, n made) {
	n = made{account: -1, claim: -1}
	if v = m.shut(e); !v.ok() {
		return v, n
	}
	switch e.what {
	case "add":
		v, n.account = m.add(newcomer{org: e.org, by: e.by, address: e.address, others: e.others, inactive: !e.active, licences: e.licences})
		if v.ok() {
			m.tie(n.account)
		}
	case "register":
		v, n.account = m.register(e.address)
	case "remove":
		v = m.remove(e.who, e.by)
	case "remove own":
		v = m.removeOwn(e.person)
	case "set active":
		v = m.setActive(e.who, e.by, e.active)
	case "directory":
		v = m.directory(e.who, e.standing, e.loss)
	case "sign in":
		v = m.signIn(e.person)
	case "readdress":
		v = m.readdress(e.who, e.address)
	case "ask address":
		v = m.askAddress(e.who, e.address)
	case "drop address":
		v = m.dropAddress(e.who)
	case "confirm address":
		v = m.confirmAddress(e.who)
	case "set licences":
		v = m.setLicences(e.who, e.licences)
	case "join":
		if v = untouchable(m.accounts[e.who]); v.ok() {
			m.accounts[e.who].member = true
		}
	case "grant":
		v = m.grant(e.org, e.person, e.role)
	case "ungrant":
		v = m.ungrant(e.org, e.person)
	case "claim":
		if v, n.claim = m.claim(e.org, e.address, e.mode, e.licences); v.ok() {
			n.account = m.claims[n.claim].young
		}
	case "revoke":
		v = m.revoke(e.org, e.claim)
	case "choose":
		v = m.choose(e.person, e.option, e.address)
	case "keep under":
		v = m.keepUnder(e.person, e.address)
	case "time":
		m.pass(e.time)
	default:
		v = m.playSettings(e)
	}
	return v, n
}

func (m *model) playSettings(e event) verdict {
	o := m.orgs[e.org]
	switch e.what {
	case "attest":
		return m.attest(e.org, e.domain)
	case "challenge":
		return m.challenge(e.org, e.domain)
	case "claim domain":
		return m.claimDomain(e.org, e.domain)
	case "release domain":
		return m.releaseDomain(e.org, e.domain)
	case "remove domain":
		return m.removeDomain(e.org, e.domain)
	case "dry run":
		o.dryRun = m.now
	case "sync on":
		return m.synchronize(e.org)
	case "sync off":
		o.synced = false
	case "sso":
		o.sso = e.active
	case "authoritative":
		if e.active && o.directory {
			return refused(identity.RuleSyncSourceConflict) // SCM-15
		}
		o.authoritative = e.active
	case "transfer":
		o.transfer = e.active
	case "registers":
		o.registers = e.active
	case "paid":
		o.paid = e.paid
	case "creator":
		o.creator = e.who
	case "site":
		if e.site == "" {
			delete(o.sites, e.address)
		} else if o.sites[e.address] == "" || e.site == identity.SiteCompleted {
			o.sites[e.address] = e.site
		}
	case "partner":
		if e.active {
			o.managers[e.who] = true
		} else {
			delete(o.managers, e.who)
		}
	case "delete org":
		return m.requestDeletion(e.org, e.handling)
	case "finish deletions":
		m.finishDeletions()
	default:
		panic("no such event: " + e.what)
	}
	return allowed()
}

// tie gives a new account somebody who signs in to it.
func (m *model) tie(who int) {
	m.accounts[who].people = []int{m.people}
	m.people++
}

// newModel returns the world as every sequence finds it: organizations with an administrator each, and what the opening adds.
func newModel() *model {
	m := &model{now: t0, told: map[telling]int{}}
	for i := range orgNames {
		o := &organization{consumer: i == 0, partner: i > 3, creator: -1, transfer: true, registers: true, domains: map[string]identity.DomainState{},
			roles: map[int]identity.Role{}, sites: map[string]identity.SiteStatus{}, managers: map[int]bool{}}
		m.orgs = append(m.orgs, o)
		if o.consumer {
			continue
		}
		o.alias, o.trial, o.far, o.directory = aliases[i], i == 2, i == 3, i < 3
		if i == 3 {
			o.template = []identity.Licence{lite}
		}
		if !o.partner {
			o.seats, o.paid = map[identity.Licence]int{pro: 2, lite: 2}, identity.SubscriptionActive
		}
		o.domains[o.alias] = identity.DomainVerified
		m.accounts = append(m.accounts, &account{org: i, address: "root@" + o.alias, status: identity.Active, people: []int{m.people}})
		o.roles[m.people] = identity.RoleFull
		m.people++
	}
	m.accounts[2].licences = slices.Clone(m.orgs[3].template)
	for _, e := range opening {
		if v, _ := m.play(e); !v.ok() {
			panic(e.String())
		}
	}
	m.told = map[telling]int{}
	return m
}

// opening is what has happened before every sequence: there are people to be claimed, and organizations that may.
var opening = []event{
	{what: "attest", org: 1, domain: corp}, {what: "attest", org: 2, domain: firm},
	{what: "register", address: "ada@" + corp}, {what: "register", address: "eve@" + corpPart}, {what: "register", address: "fay@" + firm},
	{what: "add", org: 0, by: byFeed, address: "bob@" + corp, active: true},
	{what: "add", org: 3, by: byFeed, address: "cyd@" + corp, active: true, licences: []identity.Licence{lite, pro}},
	{what: "add", org: 3, by: byHand, address: "gus@" + firm, active: true, licences: []identity.Licence{}},
}
