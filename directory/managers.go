package directory

import (
	"rollcall/identity"
)

// managers find the accounts of the entries that other entries name as their managers.
type managers struct {
	entries map[string]*Entry // of the reading, by the key of their DN
	// others are accounts whose entry the reading lacks, by the key of the DN that it had when it was last seen.
	others map[string]int
}

// managersOf prepares for finding managers. Most of the work is spared where nobody has one.
func (s *survey) managersOf(order []*Entry) managers {
	var m managers
	for _, e := range order {
		if e.Manager != "" {
			m.entries = make(map[string]*Entry, len(order))
			break
		}
	}
	if m.entries == nil {
		return m
	}
	for _, e := range order {
		if key := DNKey(e.DN); m.entries[key] == nil {
			m.entries[key] = e
		}
	}
	m.others = map[string]int{}
	for name, object := range s.Managers {
		if i, linked := s.linked[object]; linked && !s.Accounts.glance(i).gone() {
			m.others[DNKey(name)] = i
		}
	}
	read := s.present
	if !s.full() { // whoever is present without having been read is where they were
		read = make(map[identity.ObjectID]bool, len(order))
		for _, e := range order {
			read[e.ID] = true
		}
	}
	for i := range s.Accounts.Len() {
		a := s.Accounts.glance(i)
		if !a.Linked || a.gone() || a.Connector == s.Connector.ID && read[a.Object] {
			continue
		}
		if key := DNKey(a.DN); key != "" {
			if _, taken := m.others[key]; !taken {
				m.others[key] = i
			}
		}
	}
	return m
}

// managerStanding is what is known about an entry's manager before the plan is made.
type managerStanding int

const (
	managerFound managerStanding = iota // or there is none
	managerOpen                         // it depends on what else the plan does
	managerStray                        // nobody who is synchronized
)

// managerOf returns the account of an entry's manager.
func (s *survey) managerOf(e *Entry) (identity.AccountID, managerStanding) {
	if e.Manager == "" || s.managers.entries == nil {
		return "", managerFound
	}
	key := DNKey(e.Manager)
	if boss := s.managers.entries[key]; boss != nil {
		if i, linked := s.linked[boss.ID]; linked {
			return s.Accounts.id(i), managerFound
		}
		return "", managerOpen
	}
	i, known := s.managers.others[key]
	if !known {
		return "", managerStray
	}
	a := s.Accounts.glance(i)
	if a.linkedBy(s.Connector.ID) && !s.present[a.Object] {
		return "", managerOpen // the plan may make it a loss
	}
	return a.ID, managerFound
}

// findManagers settles what was open, now that it is known which entries get an account and whom the plan loses.
func (g *gains) findManagers() {
	byEntry := map[identity.ObjectID]*candidate{}
	open := false
	for _, c := range g.candidates {
		byEntry[c.view.entry.ID] = c
		open = open || c.view.open
	}
	if !open {
		return
	}
	kept := g.candidates[:0]
	for _, c := range g.candidates {
		if c.view.open && c.reason == "" {
			g.findManager(c, byEntry)
			if c.op != OpCreate && c.manager == nil && c.account == c.view.account && len(c.view.changes) == 0 && g.standsRight(g.Accounts.At(c.account), c.view.entry) {
				g.unchanged++
				continue
			}
		}
		kept = append(kept, c)
	}
	g.candidates = kept
}

func (g *gains) findManager(c *candidate, byEntry map[identity.ObjectID]*candidate) {
	v := c.view
	key := DNKey(v.entry.Manager)
	var id identity.AccountID
	if boss := g.managers.entries[key]; boss != nil {
		switch b := byEntry[boss.ID]; {
		case b == nil || b.reason != "": // a conflict keeps the manager from having an account
		case b.account != none:
			id = g.Accounts.id(b.account)
		default:
			c.manager = b
		}
	} else if i := g.managers.others[key]; !g.recovered[i] {
		if step, _ := g.loss(g.Accounts.At(i)); g.noLosses != "" || !step.Op.Acts() {
			id = g.Accounts.id(i)
		}
	}
	if c.account == none {
		v.boss = id
		v.stray = c.manager == nil && id == ""
		if v.stray {
			g.strays.Add(1)
		}
		return
	}
	object, err := v.draft.Profile.Object()
	before := identity.AccountID(valueAt(object, ManagerPath))
	switch {
	case err != nil:
	case c.manager != nil:
		v.changes = append(v.changes, Change{Attribute: ManagerPath, Before: string(before), After: accountOf(c.manager.view.entry.DN)})
	case before != id:
		setAt(object, ManagerPath, string(id))
		v.draft.Profile, err = identity.ProfileOf(object)
		v.changes = append(v.changes, Change{Attribute: ManagerPath, Before: string(before), After: string(id)})
	}
	if err != nil {
		c.code, c.reason = RuleEntryUnusable, "The attributes of the account cannot be read."
		return
	}
	if c.manager == nil && id == "" {
		v.stray = true
		g.strays.Add(1)
	}
	c.op = g.opOf(c)
}

// rankManagers gives every new account a place behind its manager's, so that the manager is there when the account is made. Those
// who manage each other in a circle come first; see [gains.later].
func rankManagers(list []*candidate) {
	for _, c := range list {
		var way []*candidate
		on := map[*candidate]int{}
		at := c
		for at != nil && at.depth == 0 {
			if from, circle := on[at]; circle {
				for _, member := range way[from:] {
					member.depth = 1
				}
				way = way[:from]
				break
			}
			on[at] = len(way)
			way = append(way, at)
			at = at.manager
		}
		for i := len(way) - 1; i >= 0; i-- {
			way[i].depth = 1
			if boss := way[i].manager; boss != nil {
				way[i].depth = boss.depth + 1
			}
		}
	}
}

// later takes the manager out of a step that comes before the manager's account is made, and returns a step of its own for them, to be taken
// last; false if the step can stay as it is.
func later(step *Step, c *candidate) (Step, bool) {
	if boss := c.manager; boss == nil || boss.op == OpCreate && boss.place < c.place {
		return Step{}, false
	}
	own := Step{Op: OpUpdate, Object: step.Object, DN: step.DN, UserName: step.UserName, Evidence: step.Evidence, Standing: step.Standing,
		Manager: step.Manager, Reason: reasonManagerLater}
	step.Manager = ""
	var rest []Change
	for _, change := range step.Changes {
		if change.Attribute == ManagerPath {
			own.Changes = append(own.Changes, change)
		} else {
			rest = append(rest, change)
		}
	}
	step.Changes = rest
	return own, true
}
