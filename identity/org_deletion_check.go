package identity

import (
	"context"
	"slices"
)

// DeletionCase is everything that decides whether an organization can be deleted (ORG-05 to ORG-07).
type DeletionCase struct {
	Org           Organization
	Sites         []SiteLink
	Subscriptions []Subscription
	Connectors    []Connector
	Users         int            // that count, see [DeletionReader]
	ManagedBy     []Organization // those that manage it
	Manages       []Organization // those that it manages
	Handling      UserHandling
	Rules         Rules
}

// DeletionReason is one reason why an organization cannot be deleted now, with what stands in the way and what to do.
type DeletionReason struct {
	Code    Rule
	Message string
	Detail  Rule // says more than the code where it covers several cases; may be empty
	Count   int  // of what stands in the way
	Objects []Blocker
	Remedy  string
}

// Blocker is a thing that stands in the way of a deletion.
type Blocker struct {
	Target
	Status string // may be empty
}

// DeletionReasons returns every reason that holds, in the order of ORG-07; none means that the organization can be deleted.
func DeletionReasons(c DeletionCase) []DeletionReason {
	var reasons []DeletionReason
	add := func(holds bool, code Rule, message string, count int, objects ...Blocker) {
		if holds {
			reasons = append(reasons, DeletionReason{Code: code, Message: message, Count: count, Objects: objects, Remedy: code.Remedy()})
		}
	}
	sites := blockers(slices.DeleteFunc(slices.Clone(c.Sites), func(l SiteLink) bool { return l.Status != SiteCompleted }), SiteLink.blocker)
	add(len(sites) > 0, RuleOrgLinkedSites, "Org cannot be deleted as it has Linked sites.", len(sites), sites...)
	subscriptions, mixed := c.blockingSubscriptions()
	add(len(subscriptions) > 0, RuleOrgSubscriptions, "Org cannot be deleted as it has active subscriptions or licenses.",
		len(subscriptions), blockers(subscriptions, Subscription.blocker)...)
	if mixed {
		last := &reasons[len(reasons)-1]
		last.Detail, last.Remedy = RuleMixedSubscriptions, RuleMixedSubscriptions.Remedy()
	}
	add(c.Org.ManagedByDirectory(), RuleOrgDirSync, "Org cannot be deleted as Directory Synchronization is enabled.",
		len(c.Connectors), blockers(c.Connectors, Connector.blocker)...)
	add(c.Users > 1 && c.Handling == HandleNone, RuleOrgUsers, "Org cannot be deleted as it has more than 1 user.", c.Users)
	add(len(c.ManagedBy) > 1, RuleOrgManagedBy, "Org cannot be deleted as it has more than 1 managed by relationship.",
		len(c.ManagedBy), blockers(c.ManagedBy, Organization.blocker)...)
	add(len(c.Manages) > 0, RuleOrgManages, "Org cannot be deleted as it has managed orgs.",
		len(c.Manages), blockers(c.Manages, Organization.blocker)...)
	return reasons
}

// blockingSubscriptions returns the subscriptions that keep the organization out of every profile of ORG-05. Each has to be such
// that a profile allows it, and all have to be of one type: mixed says that they are not.
func (c DeletionCase) blockingSubscriptions() (blocking []Subscription, mixed bool) {
	counted := slices.DeleteFunc(slices.Clone(c.Subscriptions), func(s Subscription) bool { return !s.counts() })
	types := map[SubscriptionType]bool{}
	for _, s := range counted {
		if !s.deletable(c.Rules) {
			blocking = append(blocking, s)
			continue
		}
		types[s.Type] = true
	}
	if len(types) > 1 {
		return counted, true
	}
	return blocking, false
}

// counts reports whether a subscription is one of those that the profiles of ORG-05 speak of. What was cancelled has ended, and so has
// what was paid for until it expired; what is suspended has not (BEHAVIOUR 17, A1).
func (s Subscription) counts() bool {
	return s.Status != SubscriptionCancelled && (s.Type != Paid || s.Status != SubscriptionExpired)
}

// deletable reports whether a profile of ORG-05 allows a subscription: P1 expired partner-led trials, P2 online trials, P3 free ones.
func (s Subscription) deletable(rules Rules) bool {
	switch s.Type {
	case PartnerTrial:
		return s.Status == SubscriptionExpired
	case OnlineTrial:
		return s.Status == SubscriptionExpired || s.Status == SubscriptionActive && rules.AllowActiveOnlineTrial
	case Free:
		return true
	}
	return false
}

// onlyFree reports whether an organization has subscriptions and nothing but free ones: profile P3 (ORG-05).
func onlyFree(subscriptions []Subscription) bool {
	free := false
	for _, s := range subscriptions {
		if !s.counts() {
			continue
		}
		if s.Type != Free {
			return false
		}
		free = true
	}
	return free
}

func blockers[T any](all []T, blocker func(T) Blocker) []Blocker {
	var list []Blocker
	for _, v := range all {
		list = append(list, blocker(v))
	}
	return list
}

func (l SiteLink) blocker() Blocker { return Blocker{l.target(), string(l.Status)} }

func (s Subscription) blocker() Blocker {
	return Blocker{s.target(), string(s.Type) + ", " + string(s.Status)}
}

func (c Connector) blocker() Blocker {
	return Blocker{Target: Target{Type: TargetConnector, ID: string(c.ID), Name: c.Name}}
}

func (o Organization) blocker() Blocker { return Blocker{Target: o.target()} }

func (o Organization) target() Target {
	return Target{Type: TargetOrganization, ID: string(o.ID), Name: o.Name}
}

// valid refuses what is no way to handle users, and one that this server does not offer.
func (h UserHandling) valid(rules Rules) error {
	switch {
	case h == HandleConvert && !rules.AllowConvert:
		return Refuse(Conflict, RuleOptionNotAvailable, "on this server the users of a deleted organization cannot become personal accounts; they can be deleted only").At("userHandling")
	case h == HandleConvert || h == HandleDelete:
		return nil
	}
	return Refuse(Invalid, RuleInvalidValue, "the users can be handled in two ways, convert and delete, and not by %s", quoteShort(string(h))).At("userHandling")
}

// DeletionCheck says whether an organization could be deleted.
type DeletionCheck struct {
	Org      OrgID
	Handling UserHandling
	Users    int
	Reasons  []DeletionReason // why not; none: it could
}

// CheckDeletion tells whether an organization could be deleted now, with every reason why not. It changes nothing.
func (s *Service) CheckDeletion(ctx context.Context, org OrgID, handling UserHandling) (DeletionCheck, error) {
	if handling != HandleNone {
		if err := handling.valid(s.rules); err != nil {
			return DeletionCheck{}, err
		}
	}
	o, err := s.store.Organization(ctx, org)
	if err != nil {
		return DeletionCheck{}, err
	}
	if err := o.open(Actor{}); err != nil {
		return DeletionCheck{}, err
	}
	if err := o.deletable(); err != nil {
		return DeletionCheck{}, err
	}
	c, err := deletionCase(ctx, s.store, o, handling, s.rules)
	if err != nil {
		return DeletionCheck{}, err
	}
	return DeletionCheck{Org: org, Handling: handling, Users: c.Users, Reasons: DeletionReasons(c)}, nil
}

// deletionCase reads what decides whether an organization can be deleted.
func deletionCase(ctx context.Context, r Reader, o Organization, handling UserHandling, rules Rules) (c DeletionCase, err error) {
	c = DeletionCase{Org: o, Handling: handling, Rules: rules}
	if c.Sites, err = r.SiteLinks(ctx, o.ID); err != nil {
		return c, err
	}
	if c.Subscriptions, err = r.Subscriptions(ctx, o.ID); err != nil {
		return c, err
	}
	if c.Connectors, err = r.Connectors(ctx, o.ID); err != nil {
		return c, err
	}
	if c.Users, err = r.CountUsers(ctx, o.ID); err != nil {
		return c, err
	}
	managedBy, err := r.ManagedBy(ctx, o.ID)
	if err != nil {
		return c, err
	}
	if c.ManagedBy, err = named(ctx, r, managedBy, func(n Relationship) OrgID { return n.Managing }); err != nil {
		return c, err
	}
	manages, err := r.Manages(ctx, o.ID)
	if err != nil {
		return c, err
	}
	c.Manages, err = named(ctx, r, manages, func(n Relationship) OrgID { return n.Managed })
	return c, err
}

// named reads the organizations on the other side of relationships.
func named(ctx context.Context, r Reader, relations []Relationship, other func(Relationship) OrgID) ([]Organization, error) {
	var all []Organization
	for _, n := range relations {
		o, err := r.Organization(ctx, other(n))
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}
