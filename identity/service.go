package identity

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Service is where every change begins: it joins the pure rules to a store, a clock and a source of ids.
type Service struct {
	store  Store
	clock  Clock
	ids    IDs
	policy EmailPolicy
	rules  Rules

	recognized recognized
}

// NewService returns a service over a store.
func NewService(store Store, clock Clock, ids IDs, policy EmailPolicy) *Service {
	return &Service{store: store, clock: clock, ids: ids, policy: policy, rules: DefaultRules()}
}

// Reader gives read access to the same store.
func (s *Service) Reader() Reader { return s.store }

// Now tells the time by the service's clock.
func (s *Service) Now() time.Time { return s.clock.Now() }

// SharedNow tells the time by the clock that all programs of the database share: what is due to whoever comes first is looked for by it.
func (s *Service) SharedNow(ctx context.Context) (time.Time, error) {
	return s.store.SharedNow(ctx, s.clock.Now())
}

// NewID returns a new identifier.
func (s *Service) NewID() string { return s.ids.New() }

// EmailPolicy returns the operator's decision about addresses.
func (s *Service) EmailPolicy() EmailPolicy { return s.policy }

// Transact runs fn in one transaction on one organization under a shared lock. fn may run more than once. A refusal of
// one act (an *Error that a rule made) leaves the transaction usable; an error of the store does not. When the whole of it is
// refused, an event tells so (AUD-04).
func (s *Service) Transact(ctx context.Context, org OrgID, by Actor, fn func(*Acts) error) error {
	return s.transact(ctx, Shared(org), org, by, fn)
}

// TransactAhead is Transact of which it is known what it is going to look at.
func (s *Service) TransactAhead(ctx context.Context, org OrgID, by Actor, ahead Ahead, fn func(*Acts) error) error {
	lock := Shared(org)
	lock.Ahead = ahead
	return s.transact(ctx, lock, org, by, fn)
}

// transact refuses what somebody wants to do in an organization that is being deleted (ORG-19).
func (s *Service) transact(ctx context.Context, lock OrgLock, org OrgID, by Actor, fn func(*Acts) error) error {
	return s.transactIn(ctx, lock, org, by, func(c *Acts) error {
		if err := c.org.open(by); err != nil {
			return err
		}
		return fn(c)
	})
}

// transactIn is transact in an organization in whatever state, as long as it is there.
func (s *Service) transactIn(ctx context.Context, lock OrgLock, org OrgID, by Actor, fn func(*Acts) error) error {
	var acts *Acts
	attempt := func(careful bool) error {
		return s.store.Do(ctx, lock, func(tx Tx) error {
			o, err := tx.Organization(ctx, org)
			if err != nil {
				return err
			}
			acts = &Acts{service: s, tx: tx, org: o, by: by, now: s.clock.Now(), careful: careful}
			return fn(acts)
		})
	}
	err := attempt(false)
	for n := 0; onlyTheStoreSays(err, RuleEmailTaken) && n < secondLooks; n++ {
		err = attempt(true) // once more if somebody else took the address after it was looked up
	}
	if acts != nil && isRefusal(err) {
		err = errors.Join(err, s.recordRefusal(ctx, org, by, acts.about, Target{}, err))
	}
	return err
}

// secondLooks is how often the reason is looked for why an address is taken.
const secondLooks = 8

// onlyTheStoreSays reports whether a refusal is of the store's uniqueness, which ends a transaction and knows no more than that something is
// taken.
func onlyTheStoreSays(err error, rule Rule) bool {
	var e *Error
	return errors.As(err, &e) && e.Rule == rule && e.Err != nil
}

// Acts is what one actor does in one transaction on one organization. Every account that the server creates, changes or
// deletes goes through here.
type Acts struct {
	service  *Service
	tx       Tx
	org      Organization
	by       Actor
	now      time.Time
	domains  map[string]domainStanding // as far as asked for
	released map[AccountID]bool
	about    Account // whom the latest act is about, as far as known: for the event of a refusal
	careful  bool    // look every address up before it is taken, for the better message and a transaction that survives
}

// Org returns the organization as the transaction sees it.
func (c *Acts) Org() Organization { return c.org }

// Now returns the instant of the transaction: everything in it happens at once.
func (c *Acts) Now() time.Time { return c.now }

// SharedNow returns the instant by the clock that all programs of the database share. Whoever takes a turn writes down by it until when
// nobody else has one, because another program's clock may be wrong.
func (c *Acts) SharedNow(ctx context.Context) (time.Time, error) { return c.tx.SharedNow(ctx, c.now) }

// Tx gives access to the transaction, for records that travel with the change (plans, runs).
func (c *Acts) Tx() Tx { return c.tx }

// record completes an event and stores it. It returns the event's id.
func (c *Acts) record(ctx context.Context, e Event) (EventID, error) {
	e = c.complete(e)
	return e.ID, c.tx.Record(ctx, e)
}

// complete gives an event its id and says who did it, where and when.
func (c *Acts) complete(e Event) Event {
	e.ID, e.Org, e.Actor, e.At = EventID(c.service.ids.New()), c.org.ID, c.by, c.now
	return e
}

func indexed(list string, i int, sub string) string {
	return list + "[" + strconv.Itoa(i) + "]." + sub
}
