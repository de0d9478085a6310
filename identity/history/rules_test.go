package history_test

import (
	"rollcall/identity"
)

// act is what a client does.
type act string

// The acts.
const (
	create        act = "create"
	move          act = "change address" // of the user to another seat
	deactivate    act = "deactivate"
	reactivate    act = "reactivate"
	remove        act = "delete"
	claim         act = "claim" // south claims whoever has an address
	revoke        act = "revoke claim"
	claimDomain   act = "claim domain"
	releaseDomain act = "release domain"

	readUser   act = "read"    // an account by its id
	readName   act = "find"    // an account of an organization by its address
	readHolder act = "who has" // the account that has an address, wherever it is
	readAll    act = "list"    // all accounts of an organization
	readDomain act = "is claimed"
)

// reads are the acts that change nothing.
func (a act) reads() bool {
	switch a {
	case readUser, readName, readHolder, readAll, readDomain:
		return true
	}
	return false
}

// request is what a client asks for; each act uses what it needs.
type request struct {
	act     act
	org     place
	seat    int
	id      identity.AccountID
	claim   identity.ClaimID
	version int64 // that the account has to have; 0: any
}

// answer is what the client hears.
type answer struct {
	unknown bool          // nobody knows whether it happened
	rule    identity.Rule // why it was refused
	seen    []sighting
	claim   identity.ClaimID
	claimed bool
}

// after tells what a request comes to: the world after it, and what the client has to hear. The ids of what is new are those that the client
// was told.
func (s state) after(r request, told answer) (state, answer) {
	switch r.act {
	case create:
		return s.create(r, told)
	case move, deactivate, reactivate, remove, readUser:
		return s.change(r)
	case claim:
		return s.claim(r, told)
	case revoke:
		return s.revoke(r)
	case releaseDomain:
		if !s.claimed {
			return s, refused(identity.RuleDomainNotClaimed)
		}
		s.claimed = false
		return s, answer{}
	case claimDomain: // once more changes nothing
		s.claimed = true
		return s, answer{}
	case readName:
		for _, g := range s.in(r.org) {
			if g.seat == r.seat && !g.shadow {
				return s, saw(g)
			}
		}
		return s, refused(identity.RuleUnknownAccount)
	case readHolder:
		if h := s.seats[r.seat].holder; h.at != nowhere {
			return s, saw(sighting{at: h.at, seat: r.seat, id: h.id})
		}
		return s, refused(identity.RuleNoHold)
	case readAll:
		return s, saw(s.in(r.org)...)
	case readDomain:
		return s, answer{claimed: s.claimed}
	}
	return s, refused("no such act")
}

func refused(rule identity.Rule) answer { return answer{rule: rule} }

func saw(all ...sighting) answer { return answer{seen: all} }

// idIn is the id of an account that is new.
func idIn(told answer) (id identity.AccountID) {
	if len(told.seen) == 1 {
		id = told.seen[0].id
	}
	return id
}

// taken is why an organization cannot have an address (EML-15, DOM-10); empty if it can.
func (s state) taken(org place, seat int) identity.Rule {
	switch holder := s.seats[seat].holder.at; {
	case holder == nowhere && s.claimed && org == north:
		return identity.RuleDomainClaimed
	case holder == nowhere:
		return ""
	case holder == north && org == south:
		return identity.RuleEmailClaimable
	}
	return identity.RuleEmailTaken
}

func (s state) create(r request, told answer) (state, answer) {
	if rule := s.taken(r.org, r.seat); rule != "" {
		return s, refused(rule)
	}
	u := user{at: r.org, id: idIn(told), version: 1, status: identity.NotVerified}
	if r.org == south { // USR-03
		u.status = identity.Verified
	}
	s.seats[r.seat] = seat{holder: u}
	return s, saw(u.seen(r.seat, false))
}

// change is an act on one account.
func (s state) change(r request) (state, answer) {
	at, shadow, found := s.find(r.id)
	switch {
	case !found:
		return s, refused(identity.RuleUnknownAccount)
	case r.act == readUser && shadow:
		return s, saw(s.seats[at].shadow.seen(at, true))
	case r.act == readUser:
		return s, saw(s.seats[at].holder.seen(at, false))
	}
	u := s.seats[at].holder
	if shadow {
		u = s.seats[at].shadow
	}
	switch {
	case r.version != 0 && r.version != u.version:
		return s, refused(identity.RuleVersionMismatch)
	case shadow:
		return s, refused(identity.RuleClaimedByOther)
	case r.act == remove:
		return s.without(at), answer{}
	case r.act == move:
		return s.move(at, r.seat)
	case (u.status == identity.Inactive) == (r.act == deactivate):
		return s, refused(identity.RuleInvalidTransition)
	case r.act == deactivate:
		u.previous, u.status = u.status, identity.Inactive
	default:
		u.status, u.previous = u.previous, ""
	}
	u.version++
	s.seats[at].holder = u
	return s, saw(u.seen(at, false))
}

// without is the world after an account went. One that came by a claim goes back to where it came from (ORG-21).
func (s state) without(at int) state {
	back := s.seats[at].shadow
	if back.at != nowhere {
		back.version++
	}
	s.seats[at] = seat{holder: back}
	return s
}

// move gives an account another address. One that can still go back to where it came from keeps the one that it has (CLM-60).
func (s state) move(from, to int) (state, answer) {
	u := s.seats[from].holder
	if from == to {
		return s, saw(u.seen(from, false))
	}
	if s.seats[from].shadow.at != nowhere {
		return s, refused(identity.RuleInvalidTransition)
	}
	if rule := s.taken(u.at, to); rule != "" {
		return s, refused(rule)
	}
	u.version++
	s.seats[from], s.seats[to] = seat{}, seat{holder: u}
	return s, saw(u.seen(to, false))
}

// claim moves whoever has an address in north to south (CLM-22). The old account stays as a shadow.
func (s state) claim(r request, told answer) (state, answer) {
	old := s.seats[r.seat].holder
	switch old.at {
	case nowhere:
		return s, refused(identity.RuleClaimNoAccount)
	case south:
		return s, refused(identity.RuleClaimAlreadyMember)
	}
	arrived := user{at: south, id: idIn(told), version: 1, status: old.status, previous: old.previous}
	old.version++
	s.seats[r.seat] = seat{holder: arrived, shadow: old, claim: told.claim}
	return s, answer{seen: []sighting{arrived.seen(r.seat, false)}, claim: told.claim}
}

// revoke undoes a claim (CLM-60), unless it is over already (CLM-61) or the domain is claimed (CLM-62).
func (s state) revoke(r request) (state, answer) {
	for i, x := range s.seats {
		if x.claim != r.claim {
			continue
		}
		if s.claimed {
			return s, refused(identity.RuleRevokeDomainClaimed)
		}
		return s.without(i), answer{}
	}
	return s, refused(identity.RuleClaimNotRevocable)
}
