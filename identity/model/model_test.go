// Package model_test proves the rules of claims against a second telling of them. The model in its files is written from the rule
// book, sections 2, 4, 5, 6 and 14, and knows nothing of how identity does it: a few slices in memory, and every rule again in the
// shortest way it can be said. A test draws a random sequence of what people, providers, directories, administrators and the clock
// can do, asks the model whether each is allowed and what there is to be seen afterwards, does it over a real store, and compares.
package model_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

const day = 24 * time.Hour

// The domains that organizations fight for. Nobody ever verifies the last one.
const (
	corp     = "corp.example"
	corpPart = "part.corp.example"
	firm     = "firm.example"
	mail     = "mail.example"
)

var domains = []string{corp, corpPart, firm, mail}

// addresses are those that people can have.
var addresses = []string{
	"ada@" + corp, "bob@" + corp, "cyd@" + corp, "dan@" + corpPart, "eve@" + corpPart, "fay@" + firm, "gus@" + firm, "hal@" + mail, "ida@" + mail,
}

// elsewhere are addresses in a domain that nobody verifies: beside a primary address they are contact data (EML-16).
var elsewhere = []string{"contact1@far.example", "contact2@far.example"}

// The licences: one that is paid for, one that is not.
const (
	pro  identity.Licence = "pro"
	lite identity.Licence = "lite"
)

// organization is a tenant. The first is that of personal accounts.
type organization struct {
	consumer      bool
	alias         string // a domain that it has verified from the start and that nobody else can
	partner       bool
	directory     bool // it has a connector
	synced, sso   bool
	authoritative bool
	transfer      bool // claimed users may bring their content (CLM-20)
	registers     bool // people may register (DOM-11)
	far           bool // its content is kept in another region
	trial         bool
	creator       int // the account that created it; -1: none
	template      []identity.Licence
	seats         map[identity.Licence]int
	paid          identity.SubscriptionStatus // of the subscription that has pro
	domains       map[string]identity.DomainState
	roles         map[int]identity.Role // of people
	dryRun        time.Time             // when somebody last looked what its directory would do
	sites         map[string]identity.SiteStatus
	managers      map[int]bool          // the organizations that manage it
	handling      identity.UserHandling // while it is being deleted
	deleting      bool
	requested     time.Time // that it be deleted
	deleted       bool
}

// account is a user of an organization.
type account struct {
	org       int
	address   string
	others    []string // further addresses
	status    identity.Status
	previous  identity.Status
	why       identity.InactiveReason
	since     time.Time // of an inactive one
	pending   string    // an address that waits for its owner's word
	pendingAt time.Time
	people    []int // who signs in
	licences  []identity.Licence
	member    bool // of the organization's group
	linked    bool // to a directory entry
	shadow    bool
	gone      bool
}

// claim is a claim of a user.
type claim struct {
	mode           identity.ClaimMode
	target, source int
	young, old     int
	address        string
	at, signedIn   time.Time
	outcome        identity.ClaimOutcome
	settledAt      time.Time
	carried        account // the old account as it was
	unpaid         []identity.Licence
	forgotten      bool // with the organization that made it
}

// model is all of it at an instant.
type model struct {
	now      time.Time
	orgs     []*organization
	accounts []*account
	claims   []*claim
	people   int // how many there are
	given    int // personal accounts that their owners have deleted
	told     map[telling]int
}

// telling is a kind of event in an organization.
type telling struct {
	org  int
	kind identity.EventKind
}

// verdict is what the model expects of an act: nothing against it, or one of some rules.
type verdict struct {
	against []identity.Rule
}

func allowed() verdict { return verdict{} }

func refused(rules ...identity.Rule) verdict { return verdict{against: rules} }

func (v verdict) ok() bool { return len(v.against) == 0 }

// or adds reasons: where several hold, the rule book does not say which is told.
func (v verdict) or(o verdict) verdict {
	return verdict{against: append(slices.Clone(v.against), o.against...)}
}

func refusedIf(holds bool, rule identity.Rule) verdict {
	if holds {
		return refused(rule)
	}
	return allowed()
}

// tell notes that an event is written (I9).
func (m *model) tell(org int, kind identity.EventKind) { m.told[telling{org, kind}]++ }

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// live returns the numbers of the accounts that there are.
func (m *model) live(which func(*account) bool) []int {
	var found []int
	for i, a := range m.accounts {
		if !a.gone && which(a) {
			found = append(found, i)
		}
	}
	return found
}

// holding is why an account has an address to itself.
type holding string

const (
	byPrimary   holding = "primary"
	byAlternate holding = "alternate"
	byPending   holding = "pending"
	byDeleted   holding = "soft-deleted"
	byClaim     holding = "claim"
)

// holder says who has an address to themselves, in whatever organization (EML-01, EML-16): -1 if nobody has.
func (m *model) holder(address string) (int, holding) {
	for i, a := range m.accounts {
		if a.gone {
			continue
		}
		for have, how := range m.holds(a) {
			if have == address {
				return i, how
			}
		}
	}
	return -1, ""
}

// holds lists the addresses that an account has to itself.
func (m *model) holds(a *account) map[string]holding {
	held := map[string]holding{}
	if a.pending != "" {
		held[a.pending] = byPending
	}
	own := func(address string, how holding) {
		if a.status == identity.Inactive && lost(a.why) {
			how = byDeleted
		}
		held[address] = how
	}
	for _, other := range a.others {
		if m.orgs[a.org].alias == domainOf(other) {
			own(other, byAlternate)
		}
	}
	switch {
	case a.shadow:
	case a.status == identity.DeferredClaim:
		own(a.address, byClaim)
	default:
		own(a.address, byPrimary)
	}
	return held
}

func lost(why identity.InactiveReason) bool {
	return why == identity.DirectoryDeleted || why == identity.DirectoryOutOfScope
}

// held lists every address that somebody has to themselves.
func (m *model) held() map[string]int {
	all := map[string]int{}
	for i, a := range m.accounts {
		if a.gone {
			continue
		}
		for address := range m.holds(a) {
			all[address] = i
		}
	}
	return all
}

// ownerOf finds the account that a person signs in to; -1 if there is none.
func (m *model) ownerOf(person int) int {
	for i, a := range m.accounts {
		if !a.gone && slices.Contains(a.people, person) {
			return i
		}
	}
	return -1
}

// openClaim finds the open claim that an account came by.
func (m *model) openClaim(young int) *claim {
	for _, c := range m.claims {
		if c.young == young && c.outcome == "" {
			return c
		}
	}
	return nil
}

func (m *model) verified(org int, domain string) bool {
	s := m.orgs[org].domains[domain]
	return s == identity.DomainVerified || s == identity.DomainClaimed
}

// others lists the organizations other than one for which something holds.
func (m *model) others(org int, holds func(*organization) bool) []int {
	var found []int
	for i, o := range m.orgs {
		if i != org && holds(o) {
			found = append(found, i)
		}
	}
	return found
}

func (m *model) claimedElsewhere(org int, domain string) bool {
	return len(m.others(org, func(o *organization) bool { return o.domains[domain] == identity.DomainClaimed })) > 0
}

func (m *model) verifiedElsewhere(org int, domain string) bool {
	for i := range m.orgs {
		if i != org && m.verified(i, domain) {
			return true
		}
	}
	return false
}

func numbers(set map[int]bool) []int { return slices.Sorted(maps.Keys(set)) }
