package directory

import (
	"cmp"
	"slices"

	"rollcall/identity"
)

// candidate is an entry whose account could become what the entry says, if everything that it needs is free.
type candidate struct {
	view    *view
	account int // none for a new account
	op      Op
	needs   []need
	code    identity.Rule // why it cannot be, once that is known
	reason  string
	manager *candidate // whose account is made by the same plan
	depth   int        // managers above who are made by the same plan, and one; see [rankManagers]
	place   int        // in the order of steps, from 1
}

// need is one address or userName of a candidate; the other one is empty.
type need struct {
	email identity.EmailKey
	user  identity.NameKey
}

// gains plans everything that is not a loss.
type gains struct {
	*survey
	candidates []*candidate
	byAccount  map[int]*candidate
	holder     map[need]int // account of this organization, by need
	matched    map[int]bool // accounts that hold something an entry wants, whether or not they are tied to it
	recovered  map[int]bool // accounts whose entry is gone and that get a new link instead of a loss
	idle       []Step
}

func newGains(s *survey) *gains {
	g := &gains{survey: s, byAccount: map[int]*candidate{}, matched: map[int]bool{}, recovered: map[int]bool{}}
	if len(s.unsettled) == 0 {
		return g
	}
	g.indexHolders()
	duplicates := g.duplicates()
	matches := map[int][]*candidate{}
	for _, v := range s.unsettled {
		c := g.candidate(v, duplicates)
		if c == nil {
			continue
		}
		if c.account != none {
			matches[c.account] = append(matches[c.account], c)
		}
		g.candidates = append(g.candidates, c)
	}
	for i, list := range matches {
		if len(list) == 1 {
			g.byAccount[i] = list[0]
			continue
		}
		for _, c := range list {
			c.code, c.reason = RuleSeveralEntries, conflictSeveral(s.Accounts.At(i).UserName)
		}
	}
	g.settle()
	for _, c := range g.candidates {
		if c.reason != "" || c.account == none || c.view.account != none {
			continue
		}
		if s.Accounts.glance(c.account).Linked {
			g.recovered[c.account] = true
		}
	}
	return g
}

// indexHolders notes which account of the organization holds which address and userName.
func (g *gains) indexHolders() {
	g.holder = make(map[need]int, 3*g.Accounts.Len())
	for i, a := range g.Accounts.All() {
		if g.purged[a.ID] {
			continue // it is deleted before anybody needs what it has
		}
		for _, n := range g.needsOf(a.Draft()) {
			g.holder[n] = i
		}
	}
}

func (g *gains) needsOf(d identity.Draft) []need {
	holds, err := d.Holds(func(domain string) bool { return g.Verified[domain] }, g.EmailPolicy)
	if err != nil {
		holds = nil // an address that was accepted under another policy; the store judges it when it is written
	}
	return needs(d.UserName, holds)
}

func needs(userName string, holds []identity.Hold) []need {
	list := make([]need, 0, len(holds)+1) // addresses first: they tell more than the userName that is often made of one
	for _, h := range holds {
		list = append(list, need{email: h.Key})
	}
	return append(list, need{user: identity.KeyOfUserName(userName)})
}

// duplicates returns, for every address or userName that more than one entry has, those entries.
func (g *gains) duplicates() map[need][]*Entry {
	users := make(map[need]*Entry, 2*len(g.unsettled)) // the first that has it
	several := map[need][]*Entry{}
	add := func(n need, e *Entry) {
		if first, taken := users[n]; !taken {
			users[n] = e
		} else if several[n] == nil {
			several[n] = []*Entry{first, e}
		} else {
			several[n] = append(several[n], e)
		}
	}
	unsettled := make(map[identity.ObjectID]bool, len(g.unsettled))
	for _, v := range g.unsettled {
		unsettled[v.entry.ID] = true
		g.holdsOf(v)
		if v.problem != "" {
			continue
		}
		for _, n := range needs(v.entry.UserName, v.holds) {
			add(n, v.entry)
			if i, held := g.holder[n]; held {
				g.matched[i] = true
			}
		}
	}
	// An entry that stands as it should keeps what its account holds; it is found by its account.
	for object, i := range g.linked {
		if !g.present[object] || unsettled[object] {
			continue
		}
		a := g.Accounts.At(i)
		for _, n := range g.needsOf(a.Draft()) {
			if users[n] != nil {
				add(n, &Entry{ID: object, DN: a.Directory.DN})
			}
		}
	}
	return several
}

// candidate returns the candidate of an entry, or nil after planning something else for it.
func (g *gains) candidate(v *view, duplicates map[need][]*Entry) *candidate {
	c := &candidate{view: v, account: v.account}
	if v.account != none {
		if a := g.Accounts.At(v.account); a.Shadow || a.Status == identity.DeferredClaim {
			g.rest(c, OpSkip, RuleClaimUndecided, reasonClaimUndecided)
			return nil
		}
	}
	if v.problem != "" {
		op := OpConflict
		if v.code == RuleEntryUnusable {
			op = OpSkip
		}
		g.rest(c, op, v.code, v.problem)
		return nil
	}
	c.needs = needs(v.entry.UserName, v.holds)
	for _, n := range c.needs {
		if entries := duplicates[n]; len(entries) > 1 {
			g.rest(c, OpConflict, RuleDuplicateEntry, conflictDuplicate(namesOfOthers(entries, v.entry)))
			return nil
		}
	}
	if v.account == none {
		if !g.match(c) {
			return nil
		}
	}
	if c.account != none && g.noLosses != "" && v.entry.Disabled && g.Accounts.At(c.account).Status != identity.Inactive {
		g.rest(c, OpSkip, RuleLossNotPlanned, reasonDisableNotPlanned)
		return nil
	}
	c.op = g.opOf(c)
	return c
}

func namesOfOthers(entries []*Entry, own *Entry) []string {
	var dns []string
	for _, e := range entries {
		if e.ID != own.ID {
			dns = append(dns, e.DN)
		}
	}
	slices.Sort(dns)
	return dns
}

// match looks for the account of an entry that none is linked to, by its primary address (DIR-04). It reports whether the entry
// remains a candidate.
func (g *gains) match(c *candidate) bool {
	i, found := g.holderOfPrimary(c.view)
	if !found {
		return true
	}
	a := g.Accounts.At(i)
	switch {
	case a.Shadow || a.Status == identity.DeferredClaim:
		g.rest(c, OpSkip, RuleClaimUndecided, reasonClaimUndecided)
		return false
	case a.Directory == nil || g.entryIsGone(i):
		c.account = i
		return g.compareWith(c, a)
	}
	return true
}

func (g *gains) holderOfPrimary(v *view) (account int, found bool) {
	for _, h := range v.holds {
		if h.Kind == identity.HoldPrimary {
			account, found = g.holder[need{email: h.Key}]
		}
	}
	return account, found
}

// compareWith makes the entry's draft anew, from the account that it matches.
func (g *gains) compareWith(c *candidate, a identity.Account) bool {
	v := c.view
	v.changes, v.holds, v.checked = nil, nil, false
	if err := g.draftOf(v, a); err != nil {
		v.problem, v.code = "The attributes of the account cannot be read.", RuleEntryUnusable
	}
	g.holdsOf(v)
	if v.problem != "" {
		g.rest(c, OpConflict, v.code, v.problem)
		return false
	}
	c.needs = needs(v.entry.UserName, v.holds)
	return true
}

// entryIsGone reports whether the account's own entry is proven to be deleted, so that a new entry may take it over (DIR-10).
func (g *gains) entryIsGone(i int) bool {
	a := g.Accounts.At(i)
	if a.Directory.Connector != g.Connector.ID || g.present[a.Directory.Object] || g.noLosses != "" {
		return false
	}
	f := g.Findings[a.Directory.Object].Kind
	return a.InactiveReason == identity.DirectoryDeleted || f == Tombstone || f == Absent
}

func (g *gains) opOf(c *candidate) Op {
	if c.account == none {
		return OpCreate
	}
	a, disabled := g.Accounts.At(c.account), c.view.entry.Disabled
	switch {
	case a.Directory == nil:
		return OpAdopt
	case a.State() == identity.StateDeleted:
		return OpRestore
	case c.view.account == none:
		return OpAdopt
	case disabled && a.State() != identity.StateDisabled:
		return OpDisable
	case !disabled && a.Status == identity.Inactive:
		return OpEnable
	}
	for _, change := range c.view.changes {
		if change.Attribute == "userName" || change.Attribute == "emails" || change.Attribute == "directory.dn" {
			return OpRename
		}
	}
	return OpUpdate
}

// settle finds the greatest set of candidates that can all have what they need: an address is free if nobody holds it, or if
// its holder is a candidate that gives it up.
func (g *gains) settle() {
	for changed := true; changed; {
		changed = false
		for _, c := range g.candidates {
			if c.reason != "" {
				continue
			}
			if c.code, c.reason = g.obstacle(c); c.reason != "" {
				changed = true
			}
		}
	}
}

// obstacle says what keeps a candidate from what it needs; nothing if it can have all of it.
func (g *gains) obstacle(c *candidate) (identity.Rule, string) {
	for _, n := range c.needs {
		i, held := g.holder[n]
		switch {
		case held && i == c.account:
		case held && g.gives(i, n):
		case held && n.email == "":
			return identity.RuleUserNameTaken, conflictUserName(c.view.entry.UserName, g.Accounts.At(i).UserName)
		case held && g.Accounts.At(i).State() == identity.StateDeleted:
			return identity.RuleEmailHeld, conflictHeld(string(n.email))
		case held:
			return identity.RuleEmailTaken, conflictTaken(string(n.email), g.Accounts.At(i).UserName)
		case n.email != "":
			if code, reason := g.elsewhere(n.email); reason != "" {
				return code, reason
			}
		}
	}
	return "", ""
}

// gives reports whether the candidate of an account will no longer hold something.
func (g *gains) gives(account int, n need) bool {
	c := g.byAccount[account]
	return c != nil && c.reason == "" && !slices.Contains(c.needs, n)
}

// elsewhere says what other organizations have against an address, without saying who (EML-13).
func (g *gains) elsewhere(key identity.EmailKey) (identity.Rule, string) {
	h, held := g.Held[key]
	held = held && !g.purged[h.Account]
	switch {
	case held && h.Org == g.Org.ID: // held since the accounts were read
		return identity.RuleEmailTaken, conflictTaken(string(key), "that was just changed")
	case held && (h.Kind == identity.HoldSoftDeleted || h.Kind == identity.HoldPending || h.Kind == identity.HoldClaim):
		return identity.RuleEmailHeld, conflictHeld(string(key))
	case held:
		return RuleNotConverted, conflictForeign(string(key))
	case g.Claimed[key.DomainOf()]:
		return identity.RuleDomainClaimed, conflictDomain(key.DomainOf())
	}
	return "", ""
}

// order returns the candidates that can act, in groups: each group after those that free what it needs, and more than one
// candidate in a group only if they exchange something.
func (g *gains) order() [][]*candidate {
	var able []*candidate
	for _, c := range g.candidates {
		if c.reason == "" {
			able = append(able, c)
		}
	}
	rankManagers(able)
	slices.SortFunc(able, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(rank(a.op), rank(b.op)), cmp.Compare(a.depth, b.depth), cmp.Compare(a.view.entry.UserName, b.view.entry.UserName), cmp.Compare(a.view.entry.ID, b.view.entry.ID))
	})
	return components(able, func(c *candidate) []*candidate {
		var after []*candidate
		for _, n := range c.needs {
			if i, held := g.holder[n]; held && i != c.account {
				after = append(after, g.byAccount[i])
			}
		}
		return after
	})
}
