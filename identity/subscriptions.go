package identity

import (
	"context"
	"slices"
	"strings"
	"time"
)

// The limits of subscriptions. The length of a licence's name is in bytes.
const (
	MaxSeats   = 1_000_000
	MaxPools   = 100
	MaxLicence = 64
)

// PutSubscription adds a subscription, if it has no ID, or changes the one that it names. For a change the Version has to be the
// present one, else it is Stale. A pool that is in use can neither be left out nor become smaller than what is used: Conflict
// with LICENCES_IN_USE. Neither an end nor a suspension takes anybody's licence away; nobody gets a seat from it any more. What
// is said of Used is ignored, and a zero StartedAt is now, or stays what it was.
func (s *Service) PutSubscription(ctx context.Context, by Actor, n Subscription) (Subscription, error) {
	if err := n.validate(); err != nil {
		return Subscription{}, err
	}
	n.StartedAt = n.StartedAt.UTC().Truncate(time.Microsecond) // as every instant here, see Clock
	n.Pools = slices.Clone(n.Pools)
	slices.SortFunc(n.Pools, func(a, b Pool) int { return strings.Compare(string(a.Licence), string(b.Licence)) })
	created := n.ID == ""
	if created {
		n.ID = SubscriptionID(s.ids.New())
	}
	var stored Subscription
	// Which seats there are is a rule of many rows, so nobody takes one meanwhile.
	err := s.transact(ctx, Exclusive(n.Org), n.Org, by, func(c *Acts) error {
		put := c.insertSubscription
		if !created {
			put = c.changeSubscription
		}
		var err error
		stored, err = put(ctx, n)
		return err
	})
	return stored, err
}

func (c *Acts) insertSubscription(ctx context.Context, n Subscription) (Subscription, error) {
	n.Version, n.UpdatedAt = 1, c.now
	if n.StartedAt.IsZero() {
		n.StartedAt = c.now
	}
	n.Pools = n.poolsUsed(nil)
	if err := c.tx.InsertSubscription(ctx, n); err != nil {
		return Subscription{}, err
	}
	return n, c.tellOf(ctx, SubscriptionPut, n.target(), map[string]any{"after": n})
}

func (c *Acts) changeSubscription(ctx context.Context, n Subscription) (Subscription, error) {
	before, err := c.tx.Subscription(ctx, c.org.ID, n.ID)
	if err != nil {
		return Subscription{}, err
	}
	if n.Version != before.Version {
		return Subscription{}, Refuse(Stale, RuleVersionMismatch, "the subscription has changed in the meantime; read it again and decide anew")
	}
	if n.StartedAt.IsZero() {
		n.StartedAt = before.StartedAt
	}
	n.Pools, n.UpdatedAt = n.poolsUsed(before.Pools), before.UpdatedAt
	if n.same(before) {
		return before, nil
	}
	n.UpdatedAt = c.now
	if err := c.tx.UpdateSubscription(ctx, n); err != nil {
		return Subscription{}, err
	}
	n.Version++
	return n, c.tellOf(ctx, SubscriptionPut, n.target(), map[string]any{"before": before, "after": n})
}

// poolsUsed returns the subscription's pools with what is used of them.
func (s Subscription) poolsUsed(before []Pool) []Pool {
	used := map[Licence]int{}
	for _, p := range before {
		used[p.Licence] = p.Used
	}
	var pools []Pool
	for _, p := range s.Pools {
		pools = append(pools, Pool{Licence: p.Licence, Seats: p.Seats, Used: used[p.Licence]})
	}
	return pools
}

func (s Subscription) same(o Subscription) bool {
	return s.Name == o.Name && s.Type == o.Type && s.Status == o.Status && s.StartedAt.Equal(o.StartedAt) && slices.Equal(s.Pools, o.Pools)
}

func (s Subscription) target() Target {
	return Target{Type: TargetSubscription, ID: string(s.ID), Name: s.Name}
}

// validate checks everything that no state of the store could make acceptable.
func (s Subscription) validate() error {
	if err := validName("name", s.Name); err != nil {
		return err
	}
	switch {
	case !slices.Contains(SubscriptionTypes, s.Type):
		return Refuse(Invalid, RuleInvalidValue, "the type %s is not known; use one of %v", quoteShort(string(s.Type)), SubscriptionTypes).At("type")
	case !slices.Contains(SubscriptionStatuses, s.Status):
		return Refuse(Invalid, RuleInvalidValue, "the status %s is not known; use one of %v", quoteShort(string(s.Status)), SubscriptionStatuses).At("status")
	case len(s.Pools) > MaxPools:
		return Refuse(Invalid, RuleInvalidValue, "there are %d licences; at most %d are allowed in a subscription", len(s.Pools), MaxPools).At("pools")
	}
	seen := map[Licence]bool{}
	for i, p := range s.Pools {
		switch {
		case !p.Licence.wellFormed():
			return Refuse(Invalid, RuleInvalidValue,
				"%s is no name for a licence; use at most %d lower-case letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
				quoteShort(string(p.Licence)), MaxLicence).At(indexed("pools", i, "licence"))
		case p.Licence == FreeLicence:
			return Refuse(Invalid, RuleInvalidValue, "the licence %s needs no subscription: whoever has no other has it", FreeLicence).At(indexed("pools", i, "licence"))
		case seen[p.Licence]:
			return Refuse(Invalid, RuleInvalidValue, "the licence %s is listed twice; add the seats up", p.Licence).At(indexed("pools", i, "licence"))
		case p.Seats < Unlimited || p.Seats > MaxSeats:
			return Refuse(Invalid, RuleInvalidValue, "a subscription has 1 to %d seats of a licence, or %d for as many as wanted, not %d",
				MaxSeats, Unlimited, p.Seats).At(indexed("pools", i, "seats"))
		}
		seen[p.Licence] = true
	}
	return nil
}

// wellFormed reports whether a name can stand in a column's heading and in a URL as it is. With one spelling only, nobody is
// licensed for "Calling" while the seats are those of "calling".
func (l Licence) wellFormed() bool {
	if l == "" || len(l) > MaxLicence || strings.ContainsAny(string(l[:1]), "._-") {
		return false
	}
	return !strings.ContainsFunc(string(l), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	})
}
