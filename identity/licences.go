package identity

import (
	"context"
	"encoding/json"
	"slices"
)

// LicencesOf lists what an account may use, in the order of the names; [FreeLicence] alone if nothing is assigned (LIC-04).
func (s *Service) LicencesOf(ctx context.Context, org OrgID, account AccountID) ([]Licence, error) {
	if _, err := s.store.Account(ctx, org, account); err != nil {
		return nil, err
	}
	assigned, err := s.store.Assignments(ctx, org, account)
	if err != nil {
		return nil, err
	}
	return LicencesIn(assigned), nil
}

// LicencesIn returns what somebody with these assignments may use, in the order of the names; [FreeLicence] alone for none
// (LIC-04). The free licence is derived and never stored, so that nobody can be without it or have it beside another.
func LicencesIn(assigned []Assignment) []Licence {
	if len(assigned) == 0 {
		return []Licence{FreeLicence}
	}
	names := make([]Licence, 0, len(assigned))
	for _, a := range assigned {
		names = append(names, a.Licence)
	}
	return licenceSet(names)
}

// SetLicences makes an account's licences exactly these and returns what it then may use. Licences do not depend on the status:
// an inactive user keeps them, can get more and can lose them (USR-06, LIC-06). Nor are they an attribute that a directory
// maps, so they can be changed while the directory owns the people too. A licence that no subscription has is Invalid with
// UNKNOWN_LICENCE; one without a free seat is Conflict with NO_LICENSES. A refusal leaves everything as it was.
func (c *Acts) SetLicences(ctx context.Context, a Account, want []Licence) ([]Licence, error) {
	had, err := c.mayLicense(ctx, a, want)
	if err != nil {
		return nil, err
	}
	want = licenceSet(want)
	change := licensing{add: lacking(had, want)}
	for _, h := range had {
		if !slices.Contains(want, h.Licence) {
			change.remove = append(change.remove, h.Licence)
		}
	}
	if err := c.relicense(ctx, a, had, change); err != nil {
		return nil, err
	}
	if len(want) == 0 {
		return []Licence{FreeLicence}, nil
	}
	return want, nil
}

// AddLicences gives an account licences beside those that it has; those that it has already stay as they are. What is refused
// is what [Acts.SetLicences] refuses.
func (c *Acts) AddLicences(ctx context.Context, a Account, licences []Licence) error {
	had, err := c.mayLicense(ctx, a, licences)
	if err != nil {
		return err
	}
	return c.relicense(ctx, a, had, licensing{add: lacking(had, licences)})
}

// RemoveLicences takes licences away and frees their seats; those that the account has not are no error. A licence that no
// subscription has is Invalid with UNKNOWN_LICENCE.
func (c *Acts) RemoveLicences(ctx context.Context, a Account, licences []Licence) error {
	had, err := c.mayLicense(ctx, a, licences)
	if err != nil {
		return err
	}
	if absent := lacking(had, licences); len(absent) > 0 {
		if err := c.licencesKnown(ctx, absent); err != nil {
			return err
		}
	}
	return c.relicense(ctx, a, had, licensing{remove: licences})
}

// mayLicense refuses accounts whose licences cannot be changed and licences that cannot be assigned, and returns what the
// account has.
func (c *Acts) mayLicense(ctx context.Context, a Account, licences []Licence) ([]Assignment, error) {
	c.about = a
	if err := c.settled(a); err != nil {
		return nil, err
	}
	if err := assignable(licences); err != nil {
		return nil, err
	}
	return c.tx.Assignments(ctx, c.org.ID, a.ID)
}

// mayLicenseNew refuses the explicit licences of an account that is about to be created, before there is anything of it. So a
// refusal does not leave an account behind in a transaction that goes on.
func (c *Acts) mayLicenseNew(ctx context.Context, explicit []Licence) error {
	if len(explicit) == 0 {
		return nil
	}
	if err := assignable(explicit); err != nil {
		return err
	}
	subscriptions, err := c.tx.Subscriptions(ctx, c.org.ID)
	if err != nil {
		return err
	}
	for _, l := range explicit {
		if _, err := freeSeat(subscriptions, l); err != nil {
			return err
		}
	}
	return nil
}

// licenceNewAccount gives a new account its first licences: those that its creator named, be it none, or else those of the
// organization's template (LIC-01, LIC-02). The template's that have no free seat are left out, and the event says so:
// provisioning must not stop because seats ran out.
func (c *Acts) licenceNewAccount(ctx context.Context, a Account, explicit []Licence) error {
	if explicit != nil {
		return c.relicense(ctx, a, nil, licensing{add: licenceSet(explicit), rule: "LIC-02"})
	}
	if c.org.LicenceTemplates == 0 {
		return nil
	}
	template, err := c.templateFor(ctx, nil)
	if err != nil {
		return err
	}
	return c.relicense(ctx, a, nil, licensing{add: template, rule: "LIC-01", lenient: true})
}

// returnSeats frees everything that an account has, because it is about to be deleted (USR-24).
func (c *Acts) returnSeats(ctx context.Context, a Account) error {
	had, err := c.tx.Assignments(ctx, c.org.ID, a.ID)
	if err != nil || len(had) == 0 {
		return err
	}
	return c.relicense(ctx, a, had, licensing{remove: LicencesIn(had), rule: "USR-24"})
}

// licensing is what shall become of one account's licences.
type licensing struct {
	add     []Licence // none that the account has
	remove  []Licence
	rule    Rule // that decided it; empty: somebody wanted it so
	lenient bool // leave out what has no free seat instead of refusing everything
	back    bool // the account had what is added, so none of it is its first (NTF-03)
}

// licenceChange is what became of one account's licences: the evidence of its event.
type licenceChange struct {
	Added   []Licence `json:"added"`
	Removed []Licence `json:"removed"`
	Missing []Licence `json:"missing"` // a template has them, but no seat is free
}

// relicense is the one way in which licences come and go. It looks for every seat before it takes the first, so that a refusal
// changes nothing, and records one event, unless nothing is different afterwards.
func (c *Acts) relicense(ctx context.Context, a Account, had []Assignment, l licensing) error {
	change := licenceChange{Added: []Licence{}, Removed: []Licence{}, Missing: []Licence{}}
	var subscriptions []Subscription
	if len(l.add) > 0 {
		var err error
		if subscriptions, err = c.tx.Subscriptions(ctx, c.org.ID); err != nil {
			return err
		}
	}
	for _, licence := range l.add {
		_, err := freeSeat(subscriptions, licence)
		switch {
		case err == nil:
			change.Added = append(change.Added, licence)
		case l.lenient:
			change.Missing = append(change.Missing, licence)
		default:
			return err
		}
	}
	for _, h := range had {
		if !slices.Contains(l.remove, h.Licence) {
			continue
		}
		if err := c.tx.ReturnSeat(ctx, h); err != nil {
			return err
		}
		change.Removed = append(change.Removed, h.Licence)
	}
	for _, licence := range slices.Clone(change.Added) {
		taken, err := c.takeSeat(ctx, a, subscriptions, licence)
		switch {
		case err != nil:
			return err
		case !taken && !l.lenient:
			// A part of it is done, so the whole transaction has to be tried again.
			return Refuse(Unavailable, RuleUnavailable, "somebody else took the last seat of the licence %s at the same moment; try again", licence)
		case !taken:
			change.Added = slices.DeleteFunc(change.Added, func(l Licence) bool { return l == licence })
			change.Missing = licenceSet(append(change.Missing, licence))
		}
	}
	if len(change.Added)+len(change.Removed)+len(change.Missing) == 0 {
		return nil
	}
	e := a.event(LicencesChanged, l.rule, c.now)
	var err error
	if e.Evidence, err = json.Marshal(change); err != nil {
		return err
	}
	if _, err := c.record(ctx, e); err != nil {
		return err
	}
	if len(had) == 0 && len(change.Added) > 0 && !l.back && c.org.ActivationEmails && a.InvitedAt.IsZero() {
		return c.activate(ctx, a)
	}
	return nil
}

// takeSeat takes a seat that was free when it was looked for. Should somebody else have been faster, the next subscription is
// tried; false if there is none.
func (c *Acts) takeSeat(ctx context.Context, a Account, subscriptions []Subscription, licence Licence) (bool, error) {
	for {
		i, err := freeSeat(subscriptions, licence)
		if err != nil {
			return false, nil
		}
		err = c.tx.TakeSeat(ctx, Assignment{Org: c.org.ID, Account: a.ID, Licence: licence, Subscription: subscriptions[i].ID, At: c.now})
		if RuleOf(err) != RuleNoLicences {
			return err == nil, err
		}
		subscriptions = slices.Delete(slices.Clone(subscriptions), i, i+1)
	}
}

// freeSeat returns the index of the subscription that a licence is taken from: the oldest active one that has a free seat
// (LIC-05). The subscriptions come in the order of their age.
func freeSeat(subscriptions []Subscription, licence Licence) (int, error) {
	known, used := false, 0
	for i, s := range subscriptions {
		pool, has := s.pool(licence)
		known = known || has
		switch {
		case !has || s.Status != SubscriptionActive:
		case pool.Seats == Unlimited || pool.Used < pool.Seats:
			return i, nil
		default:
			used += pool.Used
		}
	}
	switch {
	case !known:
		return 0, unknownLicence(licence)
	case used == 0:
		return 0, Refuse(Conflict, RuleNoLicences,
			"the licence %s is in no active subscription at the moment; activate one that has it", licence).At("licences")
	}
	return 0, Refuse(Conflict, RuleNoLicences,
		"all %d seats of the licence %s are used; take one away from another user or get more seats", used, licence).At("licences")
}

func (s Subscription) pool(licence Licence) (Pool, bool) {
	i := slices.IndexFunc(s.Pools, func(p Pool) bool { return p.Licence == licence })
	if i < 0 {
		return Pool{}, false
	}
	return s.Pools[i], true
}

// licencesKnown refuses licences that no subscription of the organization has, whatever its status.
func (c *Acts) licencesKnown(ctx context.Context, licences []Licence) error {
	subscriptions, err := c.tx.Subscriptions(ctx, c.org.ID)
	if err != nil {
		return err
	}
	for _, l := range licences {
		if !slices.ContainsFunc(subscriptions, func(s Subscription) bool { _, has := s.pool(l); return has }) {
			return unknownLicence(l)
		}
	}
	return nil
}

func unknownLicence(l Licence) *Error {
	return Refuse(Invalid, RuleUnknownLicence, "no subscription of this organization has a licence %s; look at the subscriptions for the names",
		quoteShort(string(l))).At("licences")
}

// assignable refuses the licence that is never assigned because everybody has it who has no other.
func assignable(licences []Licence) error {
	if !slices.Contains(licences, FreeLicence) {
		return nil
	}
	return Refuse(Invalid, RuleInvalidValue,
		"the licence %s can be neither assigned nor removed: whoever has no other has it; leave it out", FreeLicence).At("licences")
}

// lacking returns the wanted licences that are not among the assignments.
func lacking(had []Assignment, want []Licence) []Licence {
	return slices.DeleteFunc(licenceSet(want), func(l Licence) bool {
		return slices.ContainsFunc(had, func(h Assignment) bool { return h.Licence == l })
	})
}

// licenceSet returns the licences in the order of their names, each once (LIC-01).
func licenceSet(licences []Licence) []Licence {
	set := slices.Clone(licences)
	slices.Sort(set)
	return slices.Compact(set)
}
