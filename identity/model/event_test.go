package model_test

import (
	"fmt"
	"reflect"
	"time"

	"pgregory.net/rapid"

	"rollcall/identity"
)

// event is something that somebody does, or that happens. It names everything by number, so that the same sequence can be played in
// several worlds.
type event struct {
	what     string
	by       pipe
	org      int
	who      int // an account
	person   int
	claim    int
	address  string
	others   []string
	active   bool
	licences []identity.Licence
	mode     identity.ClaimMode
	option   identity.ClaimOption
	role     identity.Role
	domain   string
	standing identity.Trigger
	loss     identity.InactiveReason
	paid     identity.SubscriptionStatus
	site     identity.SiteStatus
	handling identity.UserHandling
	time     time.Duration
	order    int // in which the workers run
}

// String says what of an event means something.
func (e event) String() string {
	text := e.what
	v := reflect.ValueOf(e)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "what" && name != "time" && !v.Field(i).IsZero() && !(v.Field(i).CanInt() && v.Field(i).Int() < 0) {
			text += fmt.Sprintf(" %s=%v", name, v.Field(i))
		}
	}
	if e.what == "time" {
		text += " " + e.time.String()
	}
	return text
}

// deck is what can happen, and how often one thing more than another.
var deck = []struct {
	what   string
	weight int
	draw   func(*rapid.T, *model, *event) bool
}{
	{"add", 4, func(t *rapid.T, m *model, e *event) bool {
		e.org, e.active = below(t, "org", 4), often(t, "active")
		e.address = someAddress(t, m, e.org)
		e.by = some(t, "by", []pipe{byHand, byFeed, byFeed})
		if m.orgs[e.org].synced {
			e.by = some(t, "by", []pipe{bySync, bySync, byHand})
		}
		e.active = e.active || e.by == byHand
		if rarely(t, "others") && !m.orgs[e.org].consumer {
			e.others = []string{some(t, "other", append(elsewhere, "x@"+m.orgs[e.org].alias, "y@"+m.orgs[e.org].alias))}
		}
		if e.by != bySync && e.org > 0 && coin(t, "explicit") {
			e.licences = someLicences(t)
		}
		return true
	}},
	{"register", 3, func(t *rapid.T, m *model, e *event) bool {
		e.address = someAddress(t, m, 0)
		return true
	}},
	{"remove", 2, func(t *rapid.T, m *model, e *event) bool {
		e.by = some(t, "by", []pipe{byHand, byFeed})
		return someAccount(t, m, e, func(a *account) bool { return !m.orgs[a.org].consumer })
	}},
	{"remove", 1, func(t *rapid.T, m *model, e *event) bool {
		e.by = some(t, "by", []pipe{byHand, byFeed})
		kept := false
		found := someAccount(t, m, e, func(a *account) bool { return a.shadow })
		for _, who := range m.live(func(a *account) bool { return a.shadow }) {
			if !kept && m.abandoned(who) {
				e.who, e.org, kept = who, m.accounts[who].org, true
			}
		}
		return found
	}},
	{"remove own", 1, somePerson},
	{"set active", 3, func(t *rapid.T, m *model, e *event) bool {
		e.by, e.active = some(t, "by", []pipe{byHand, byFeed}), coin(t, "active")
		return someAccount(t, m, e, func(a *account) bool { return !m.orgs[a.org].consumer })
	}},
	{"directory", 4, func(t *rapid.T, m *model, e *event) bool {
		e.standing = some(t, "standing", []identity.Trigger{identity.DirectoryMissing, identity.DirectoryBlocked, identity.DirectoryPresent})
		e.loss = some(t, "loss", []identity.InactiveReason{identity.DirectoryDeleted, identity.DirectoryOutOfScope})
		return someAccount(t, m, e, func(a *account) bool { return m.orgs[a.org].synced })
	}},
	{"sign in", 4, somePerson},
	{"readdress", 2, func(t *rapid.T, m *model, e *event) bool {
		found := someAccount(t, m, e, func(a *account) bool { return !m.orgs[a.org].consumer })
		e.address = someAddress(t, m, e.org)
		return found
	}},
	{"ask address", 2, func(t *rapid.T, m *model, e *event) bool {
		found := someAccount(t, m, e, func(a *account) bool { return !m.orgs[a.org].consumer })
		e.address = someAddress(t, m, e.org)
		return found
	}},
	{"drop address", 1, func(t *rapid.T, m *model, e *event) bool {
		waits := often(t, "waits")
		return someAccount(t, m, e, func(a *account) bool { return !a.shadow && (a.pending != "" || !waits) })
	}},
	{"confirm address", 3, func(t *rapid.T, m *model, e *event) bool {
		return someAccount(t, m, e, func(a *account) bool { return a.pending != "" })
	}},
	{"set licences", 3, func(t *rapid.T, m *model, e *event) bool {
		e.licences = someLicences(t)
		return someAccount(t, m, e, func(a *account) bool { return !m.orgs[a.org].consumer })
	}},
	{"join", 1, func(t *rapid.T, m *model, e *event) bool {
		return someAccount(t, m, e, func(a *account) bool { return !a.shadow && !m.orgs[a.org].consumer })
	}},
	{"grant", 2, func(t *rapid.T, m *model, e *event) bool {
		e.org, e.role = someCustomer(t, m), some(t, "role", []identity.Role{identity.RoleFull, identity.RoleFull, identity.RoleUser})
		return somePerson(t, m, e) && m.accounts[m.ownerOf(e.person)].status != identity.DeferredClaim
	}},
	{"ungrant", 2, func(t *rapid.T, m *model, e *event) bool {
		e.org = someCustomer(t, m)
		roles := map[int]bool{}
		for p := range m.orgs[e.org].roles {
			roles[p] = true
		}
		if len(roles) == 0 {
			return false
		}
		e.person = some(t, "person", numbers(roles))
		return true
	}},
	{"claim", 10, func(t *rapid.T, m *model, e *event) bool {
		e.org, e.address = someCustomer(t, m), some(t, "address", addresses)
		var eligible []string
		for _, a := range addresses {
			if len(m.reasonsAgainst(e.org, a)) == 0 {
				eligible = append(eligible, a)
			}
		}
		if len(eligible) > 0 && often(t, "eligible") {
			e.address = some(t, "whom", eligible)
		}
		e.mode = some(t, "mode", []identity.ClaimMode{"", "", identity.ClaimImmediate, identity.ClaimDeferred})
		if coin(t, "explicit") {
			e.licences = someLicences(t)
		}
		return true
	}},
	{"revoke", 4, func(t *rapid.T, m *model, e *event) bool {
		if len(m.claims) == 0 {
			return false
		}
		var candidates, may []int
		for i, c := range m.claims {
			candidates = append(candidates, i)
			if m.revocable(c) {
				may = append(may, i)
			}
		}
		if len(may) > 0 && often(t, "revocable") {
			candidates = may
		}
		e.claim = some(t, "claim", candidates)
		e.org = m.claims[e.claim].target
		if rarely(t, "foreign") {
			e.org = someCustomer(t, m)
		}
		return true
	}},
	{"choose", 6, func(t *rapid.T, m *model, e *event) bool {
		e.option = some(t, "option", []identity.ClaimOption{identity.OptionKeep, identity.OptionTransfer, identity.OptionDelete})
		if !someClaimed(t, m, e, func(c *claim) bool { return c.outcome == "" }) {
			return false
		}
		if c := m.latestClaim(e.person); c != nil && e.option == identity.OptionKeep {
			e.address = someAddress(t, m, c.source)
		}
		return true
	}},
	{"keep under", 1, func(t *rapid.T, m *model, e *event) bool {
		found := someClaimed(t, m, e, m.awaits)
		e.address = some(t, "address", addresses)
		return found
	}},
	{"attest", 3, someDomain}, {"challenge", 1, someDomain}, {"claim domain", 2, someDomain}, {"release domain", 3, someDomain}, {"remove domain", 2, someDomain},
	{"sync on", 4, someSettings}, {"sync off", 3, someSettings},
	{"sso", 1, someSettings}, {"authoritative", 1, someSettings}, {"transfer", 1, someSettings}, {"registers", 1, someSettings},
	{"paid", 1, func(t *rapid.T, m *model, e *event) bool {
		e.paid = some(t, "paid", []identity.SubscriptionStatus{identity.SubscriptionActive, identity.SubscriptionSuspended, identity.SubscriptionCancelled})
		return someSettings(t, m, e)
	}},
	{"dry run", 2, someSettings},
	{"site", 1, func(t *rapid.T, m *model, e *event) bool {
		e.address, e.site = "meet.example", some(t, "site", []identity.SiteStatus{"", "", identity.SitePending, identity.SiteCompleted})
		someSettings(t, m, e)
		return e.site != "" || m.orgs[e.org].sites[e.address] != ""
	}},
	{"partner", 1, func(t *rapid.T, m *model, e *event) bool {
		e.who = 4 + below(t, "partner", len(m.orgs)-4)
		someSettings(t, m, e)
		return m.open(e.who).ok() && m.orgs[e.org].managers[e.who] != e.active
	}},
	{"delete org", 2, func(t *rapid.T, m *model, e *event) bool {
		e.org = 1 + below(t, "org", len(m.orgs)-1)
		e.handling = some(t, "handling", []identity.UserHandling{identity.HandleNone, identity.HandleConvert, identity.HandleConvert, identity.HandleDelete})
		// Two at a time would go on in an order that no rule tells.
		return len(m.others(e.org, func(o *organization) bool { return o.deleting && !o.deleted })) == 0
	}},
	{"finish deletions", 3, func(_ *rapid.T, m *model, _ *event) bool {
		return len(m.others(-1, func(o *organization) bool { return o.deleting && !o.deleted })) > 0
	}},
	{"creator", 1, func(t *rapid.T, m *model, e *event) bool {
		return someAccount(t, m, e, func(a *account) bool { return m.orgs[a.org].trial && !a.shadow })
	}},
	{"time", 6, func(t *rapid.T, m *model, e *event) bool {
		e.time = some(t, "time", []time.Duration{time.Second, time.Hour, day, 3 * day, 8 * day, 15 * day, 40 * day})
		if at, do := m.nextDeadline(); do != nil && often(t, "deadline") {
			e.time = max(0, at.Sub(m.now)+some(t, "around", []time.Duration{-time.Microsecond, 0, time.Microsecond}))
		}
		e.order = below(t, "order", 6)
		return true
	}},
}

// actions are the deck as rapid wants it: one action, because rapid would prefer the first of several.
func actions(m func() *model, play func(*rapid.T, event)) map[string]func(*rapid.T) {
	var cards []int
	for i, card := range deck {
		for range card.weight {
			cards = append(cards, i)
		}
	}
	return map[string]func(*rapid.T){"an event": func(t *rapid.T) {
		card := deck[some(t, "card", cards)]
		e := event{what: card.what, who: -1, person: -1, claim: -1}
		if !card.draw(t, m(), &e) {
			t.Skip("nobody to do it to")
		}
		play(t, e)
	}}
}

// some draws one of several, each as likely as the others.
func some[T any](t *rapid.T, label string, from []T) T { return from[below(t, label, len(from))] }

// below draws a number below another. By itself rapid draws small numbers much more often than great ones, which is good for finding
// the end of a range, and bad for a deck of cards; of single bits it has no opinion.
func below(t *rapid.T, label string, n int) int {
	v := 0
	for _, bit := range bits.Draw(t, label) {
		v *= 2
		if bit {
			v++
		}
	}
	return v % n
}

var bits = rapid.SliceOfN(rapid.Bool(), 12, 12)

func coin(t *rapid.T, label string) bool { return below(t, label, 2) == 0 }

func often(t *rapid.T, label string) bool { return below(t, label, 4) > 0 }

func rarely(t *rapid.T, label string) bool { return !often(t, label) }

func someLicences(t *rapid.T) []identity.Licence {
	return some(t, "licences", [][]identity.Licence{{}, {lite}, {pro}, {lite, pro}})
}

func someCustomer(t *rapid.T, m *model) int { return 1 + below(t, "org", 3) }

func someDomain(t *rapid.T, m *model, e *event) bool {
	e.org, e.domain = someCustomer(t, m), some(t, "domain", domains[:3])
	return true
}

func someSettings(t *rapid.T, m *model, e *event) bool {
	e.org, e.active = someCustomer(t, m), coin(t, "on")
	return true
}

func someAccount(t *rapid.T, m *model, e *event, which func(*account) bool) bool {
	found := m.live(which)
	if len(found) == 0 {
		return false
	}
	e.who = some(t, "who", found)
	e.org = m.accounts[e.who].org
	return true
}

func somePerson(t *rapid.T, m *model, e *event) bool {
	found := m.live(func(a *account) bool { return len(a.people) > 0 })
	if len(found) == 0 {
		return false
	}
	e.person = m.accounts[some(t, "whose", found)].people[0]
	return true
}

// someAddress draws an address, more often than not one that an organization could give somebody.
func someAddress(t *rapid.T, m *model, org int) string {
	var free []string
	for _, a := range addresses {
		if m.taken(org, a, -1).ok() {
			free = append(free, a)
		}
	}
	if len(free) > 0 && often(t, "free") {
		return some(t, "address", free)
	}
	return some(t, "address", addresses)
}

// someClaimed draws a person who came by a claim, more often than not one for which something holds, and now and then somebody else.
func someClaimed(t *rapid.T, m *model, e *event, holds func(*claim) bool) bool {
	all, such := map[int]bool{}, map[int]bool{}
	for _, c := range m.claims {
		for _, p := range m.accounts[c.young].people {
			all[p] = true
			if holds(c) {
				such[p] = true
			}
		}
	}
	switch {
	case len(all) == 0 || below(t, "anybody", 20) == 0:
		return somePerson(t, m, e)
	case len(such) > 0 && often(t, "such"):
		e.person = some(t, "person", numbers(such))
	default:
		e.person = some(t, "person", numbers(all))
	}
	return true
}
