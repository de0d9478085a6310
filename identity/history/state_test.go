// Package history_test asks whether what concurrent clients saw can have happened one after another.
//
// Its one idea: a small world of two organizations and a few addresses, told a second time as a value and a pure function, is compared by
// porcupine with what clients of several services over one database did and were told, and when. A history is good if every act can
// have happened at one instant between its beginning and its end, and all of them in that order make the sequential story that the
// function tells.
//
// It must not know how a store keeps such promises: it sees what callers of [identity.Service] see.
package history_test

import (
	"fmt"
	"strings"

	"rollcall/identity"
)

// place is one of the two organizations of a world, or nowhere.
type place int

// South has verified the domain of all addresses, so it can claim users of north, and north nobody.
const (
	nowhere place = iota
	north
	south
)

func (p place) String() string { return [...]string{"nowhere", "north", "south"}[p] }

// seats is how many addresses a world has. A seat is an address by its number.
const seats = 3

// user is an account as the world sees it.
type user struct {
	at       place
	id       identity.AccountID // empty while nobody was told it
	version  int64
	status   identity.Status
	previous identity.Status
}

// seat is an address: who has it, and who had it before a claim and has it again when that is over.
type seat struct {
	holder user
	shadow user
	claim  identity.ClaimID // by which the holder came; empty while nobody was told it
}

// state is a world at an instant. Two of the same content are equal, as porcupine wants it.
type state struct {
	seats   [seats]seat
	claimed bool // south has claimed the domain
}

// sighting is what somebody sees of an account.
type sighting struct {
	at      place
	seat    int
	id      identity.AccountID
	version int64
	status  identity.Status
	shadow  bool
}

func (u user) seen(at int, shadow bool) sighting {
	return sighting{at: u.at, seat: at, id: u.id, version: u.version, status: u.status, shadow: shadow}
}

// find returns where an account is.
func (s state) find(id identity.AccountID) (at int, shadow, found bool) {
	for i, x := range s.seats {
		switch {
		case x.holder.at != nowhere && x.holder.id == id:
			return i, false, true
		case x.shadow.at != nowhere && x.shadow.id == id:
			return i, true, true
		}
	}
	return 0, false, false
}

// named gives an account the id by which somebody saw it, if it came about by an act whose answer nobody got.
func (s state) named(all []sighting) state {
	for _, g := range all {
		if g.seat < 0 || g.seat >= seats {
			continue
		}
		u := &s.seats[g.seat].holder
		if g.shadow {
			u = &s.seats[g.seat].shadow
		}
		if u.at == g.at && u.at != nowhere && u.id == "" {
			u.id = g.id
		}
	}
	return s
}

// in lists an organization's accounts.
func (s state) in(org place) []sighting {
	var all []sighting
	for i, x := range s.seats {
		if x.holder.at == org {
			all = append(all, x.holder.seen(i, false))
		}
		if x.shadow.at == org {
			all = append(all, x.shadow.seen(i, true))
		}
	}
	return all
}

func (s state) String() string {
	var b strings.Builder
	for i, x := range s.seats {
		if x.holder.at != nowhere {
			fmt.Fprintf(&b, "%s: %v\n", address(i), x.holder)
		}
		if x.shadow.at != nowhere {
			fmt.Fprintf(&b, "%s was: %v\n", address(i), x.shadow)
		}
	}
	if s.claimed {
		b.WriteString("the domain is claimed\n")
	}
	return b.String()
}

func (u user) String() string {
	return fmt.Sprintf("%s of %s, %s, version %d", short(string(u.id)), u.at, u.status, u.version)
}

// address is how a seat is shown.
func address(seat int) string { return string(rune('a'+seat)) + "@" }

// short is an id as it can be told from others.
func short(id string) string {
	if id == "" {
		return "somebody"
	}
	return "…" + id[max(0, len(id)-6):]
}
