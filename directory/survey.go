package directory

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/identity"
)

// Input is everything that a plan is made from.
type Input struct {
	Org         identity.Organization
	Connector   identity.Connector
	Others      []identity.Connector // the organization's other connectors
	Policy      Policy
	EmailPolicy identity.EmailPolicy
	Now         time.Time
	Past        []Past // what the connector's runs of the last days did
	Snapshot    Snapshot
	Accounts    Roster                        // every account of the organization; of a reading of changes those that it concerns
	Findings    map[identity.ObjectID]Finding // about the entries that the reading lacks
	Verified    map[string]bool               // domains that the organization verified
	Photos      map[identity.AccountID]identity.Photo
	Purge       []identity.Account // who is to be deleted for good, of those who are gone
	Claimed     map[string]bool    // domains that another organization claimed
	Held        map[identity.EmailKey]identity.Hold

	// Changed are the entries that a reading of changes was about; nil for a reading of everything. Whoever is not among them is as
	// they were.
	Changed    map[identity.ObjectID]bool
	Waiting    map[identity.ObjectID]bool   // of the changed and others, those of which nothing was told, and which wait for somebody else
	Population int                          // the accounts of this connector that are not known to be gone, of a reading of changes
	Managers   map[string]identity.ObjectID // of a reading of changes: entries that others name as their managers, by the name they are given
	Why        string                       // everything was read, though changes were asked for
	Known      identity.ObjectID            // an entry that should exist, of a reading of changes; empty: none
	Groups     Groups
}

// full reports whether everything was read.
func (in *Input) full() bool { return in.Changed == nil }

// none is the index of no account.
const none = -1

// view is an entry beside the account that is linked to it. Of an entry without one, what it shall become and how that differs from nothing is
// made when its step is: most of them are many.
type view struct {
	entry   *Entry
	account int // none if no account is linked
	draft   identity.Draft
	changes []Change
	holds   []identity.Hold
	checked bool               // holds and problem are known
	open    bool               // the manager depends on what else the plan does
	boss    identity.AccountID // who it is, once it is known
	stray   bool               // the manager is nobody who is synchronized
	photo   *identity.Photo    // which one the account gets, without a digest: none; nil: it stays
	problem string             // why the entry's attributes cannot be used
	code    identity.Rule
}

// survey is the first look: what stands as it should, who is missing, and who needs more thought.
type survey struct {
	Input
	rendered     renderer
	linked       map[identity.ObjectID]int // accounts of this connector, by entry
	standing     int                       // of the linked, those who are not known to be gone
	present      map[identity.ObjectID]bool
	unsettled    []*view
	unchanged    int
	missing      []int // accounts whose entry must be looked up
	managers     managers
	strays       atomic.Int64 // entries whose manager is nobody who is synchronized
	badPhotos    atomic.Int64 // entries whose photo cannot be taken
	refused      string
	noLosses     string
	strayMembers int
	purges       []Step                      // what becomes of those in Purge
	purged       map[identity.AccountID]bool // of those, who is deleted
}

func surveyOf(in Input) *survey {
	in.Policy = in.Policy.WithDefaults()
	s := &survey{Input: in, linked: make(map[identity.ObjectID]int, in.Accounts.Len()), present: make(map[identity.ObjectID]bool, len(in.Snapshot.Entries))}
	s.rendered = newRenderer(slices.Sorted(slices.Values(in.Snapshot.Owns)))
	s.Accounts = in.Accounts.sorted()
	for i := range s.Accounts.Len() {
		if a := s.Accounts.glance(i); a.linkedBy(in.Connector.ID) {
			s.linked[a.Object] = i
			if !a.Reason.GoneFromDirectory() {
				s.standing++
			}
		}
	}
	order := make([]*Entry, len(in.Snapshot.Entries))
	for i := range in.Snapshot.Entries {
		order[i] = &in.Snapshot.Entries[i]
	}
	slices.SortFunc(order, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.DN, b.DN))
	})
	for _, e := range order {
		s.present[e.ID] = true
	}
	if !s.full() {
		for object, i := range s.linked {
			if a := s.Accounts.glance(i); !s.Changed[object] && !a.Reason.GoneFromDirectory() {
				s.present[object] = true // nothing was told of it
			}
		}
	}
	if slices.Contains(in.Snapshot.Owns, ManagerPath) {
		s.managers = s.managersOf(order)
	}
	for _, v := range s.lookAtAll(order) {
		if v != nil {
			s.unsettled = append(s.unsettled, v)
		} else {
			s.unchanged++
		}
	}
	s.judgeReading(len(order))
	s.findMissing()
	s.judgePurges()
	return s
}

// lookAtAll looks at every entry, on all processors: comparing is most of the work when nothing changed.
func (s *survey) lookAtAll(order []*Entry) []*view {
	views := make([]*view, len(order))
	var all sync.WaitGroup
	share := len(order)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(order); from += share {
		all.Go(func() {
			for i := from; i < min(from+share, len(order)); i++ {
				e := order[i]
				twice := i > 0 && order[i-1].ID == e.ID || i+1 < len(order) && order[i+1].ID == e.ID
				views[i] = s.look(e, twice)
			}
		})
	}
	all.Wait()
	return views
}

// look returns nil for an entry whose account is as it should be.
func (s *survey) look(e *Entry, twice bool) *view {
	v := &view{entry: e, account: none, problem: e.Problem, code: RuleEntryUnusable}
	if i, ok := s.linked[e.ID]; ok {
		v.account = i
	}
	if twice {
		v.problem = "The directory returned two entries with the same id."
	}
	var before identity.Account
	if v.account != none {
		before = s.Accounts.At(v.account)
	}
	if v.problem == "" {
		if err := s.draftOf(v, before); err != nil {
			v.problem = "The attributes of the account cannot be read."
		}
	}
	if v.stray {
		s.strays.Add(1)
	}
	if e.badPhoto() != "" {
		s.badPhotos.Add(1)
	}
	if v.account == none {
		s.holdsOf(v)
		v.draft, v.changes, v.photo = identity.Draft{}, nil, nil
	}
	if v.account == none || v.open || v.problem != "" || len(v.changes) > 0 || !s.standsRight(before, e) {
		return v
	}
	return nil
}

// standsRight reports whether the account's status already says what the entry says.
func (s *survey) standsRight(a identity.Account, e *Entry) bool {
	if a.Status == identity.DeferredClaim || a.Shadow {
		return true
	}
	if e.Disabled {
		return a.State() == identity.StateDisabled
	}
	return a.Status != identity.Inactive
}

// draftOf fills in what the account shall be, and how that differs from what it is.
func (s *survey) draftOf(v *view, before identity.Account) error {
	e, d := v.entry, before.Draft()
	note := func(attribute, from, to string) {
		if from != to {
			v.changes = append(v.changes, Change{Attribute: attribute, Before: from, After: to})
		}
	}
	note("userName", d.UserName, e.UserName)
	d.UserName = e.UserName
	if slices.Contains(s.Snapshot.Owns, "externalId") {
		note("externalId", string(d.ExternalID), string(e.ExternalID))
		d.ExternalID = e.ExternalID
	}
	if emails := emailsOf(e.Emails, before.PrimaryEmail()); !slices.Equal(emails, d.Emails) {
		from, to := addressList(d.Emails), addressList(emails)
		if from == to {
			from += " (labels differ)"
		}
		note("emails", from, to)
		d.Emails = emails
	}
	values := texts{of: e.Attribute}
	var standing managerStanding
	values.manager, standing = s.managerOf(e)
	v.open, v.stray = standing == managerOpen, standing == managerStray
	if standing == managerOpen {
		object, err := d.Profile.Object()
		if err != nil {
			return err
		}
		values.manager = cmp.Or(v.boss, identity.AccountID(valueAt(object, ManagerPath)))
	}
	if d.Profile == "" || !s.rendered.makes(d.Profile, values) {
		profile, changed, err := s.overlay(d.Profile, values)
		if err != nil {
			return err
		}
		d.Profile = profile
		v.changes = append(v.changes, changed...)
	}
	if before.Directory != nil && before.Directory.Connector == s.Connector.ID {
		note("directory.dn", before.Directory.DN, e.DN)
	}
	s.notePhoto(v, before.ID)
	v.draft = d
	return nil
}

// overlay is [overlay] of everything that the mapping owns. Of the many who are new it decodes nothing.
func (s *survey) overlay(p identity.Profile, values texts) (identity.Profile, []Change, error) {
	if p != "" {
		return overlay(p, s.Snapshot.Owns, values)
	}
	profile, sure := s.rendered.of(values)
	if !sure {
		return overlay(p, s.Snapshot.Owns, values)
	}
	var changed []Change
	for _, path := range s.Snapshot.Owns {
		if after := values.at(path); after != "" && KnownAttribute(path) {
			changed = append(changed, Change{Attribute: path, After: after})
		}
	}
	return profile, changed, nil
}

// emailsOf makes the account's addresses of the entry's. A directory's values have no order of their own (RFC 4512 section
// 2.2), so the address that is the primary one now stays it for as long as the entry has it.
func emailsOf(values []string, primary string) []identity.AccountEmail {
	if len(values) == 0 {
		return nil
	}
	first := max(slices.Index(values, primary), 0)
	emails := []identity.AccountEmail{{Value: values[first], Type: "work", Primary: true}}
	for i, value := range values {
		if i != first {
			emails = append(emails, identity.AccountEmail{Value: value, Type: "other"})
		}
	}
	return emails
}

func addressList(emails []identity.AccountEmail) string {
	values := make([]string, len(emails))
	for i, e := range emails {
		values[i] = e.Value
	}
	return strings.Join(values, ", ")
}

// findMissing lists the accounts whose entry the reading lacks and whose loss is not known yet.
func (s *survey) findMissing() {
	for i := range s.Accounts.Len() {
		if a := s.Accounts.glance(i); a.linkedBy(s.Connector.ID) && !s.present[a.Object] && !a.Shadow && !a.gone() {
			s.missing = append(s.missing, i)
		}
	}
}

// lookUps returns the ids to look up and an entry that is known to exist; none if losses are not planned anyway.
func (s *survey) lookUps() (ids []identity.ObjectID, known identity.ObjectID) {
	if s.refused != "" || s.noLosses != "" {
		return nil, ""
	}
	for _, i := range s.missing {
		ids = append(ids, s.Accounts.glance(i).Object)
	}
	ids = append(ids, s.missingGroups()...)
	if known = s.Known; len(s.Snapshot.Entries) > 0 {
		known = s.Snapshot.Entries[0].ID
	}
	return ids, known
}

// missingGroups returns the entries of groups that the reading lacks.
func (s *survey) missingGroups() (ids []identity.ObjectID) {
	if s.Groups.Mode == "" {
		return nil
	}
	read := make(map[identity.ObjectID]bool, len(s.Snapshot.Groups))
	for i := range s.Snapshot.Groups {
		read[s.Snapshot.Groups[i].ID] = true
	}
	for i := range s.Groups.Linked {
		if id := s.Groups.Linked[i].Directory.Object; !read[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// wanted returns the addresses of the entries that may change something, so that their holders can be asked for.
func (s *survey) wanted() []identity.EmailKey {
	seen := map[identity.EmailKey]bool{}
	var keys []identity.EmailKey
	for _, v := range s.unsettled {
		for _, h := range s.holdsOf(v) {
			if !seen[h.Key] {
				seen[h.Key] = true
				keys = append(keys, h.Key)
			}
		}
	}
	return keys
}

// holdsOf returns the addresses that the entry's account would hold, checking the entry's values the first time.
func (s *survey) holdsOf(v *view) []identity.Hold {
	if v.checked || v.problem != "" {
		return v.holds
	}
	v.checked = true
	err := v.draft.Check(s.Org, s.EmailPolicy)
	if err == nil {
		v.holds, err = v.draft.Holds(func(domain string) bool { return s.Verified[domain] }, s.EmailPolicy)
	}
	if err != nil {
		v.problem, v.code = sentence(err), identity.RuleOf(err)
	}
	return v.holds
}
