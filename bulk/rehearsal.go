package bulk

import (
	"context"
	"encoding/json"
	"maps"

	"rollcall/identity"
)

// rehearsal is what a dry run has to remember, because nothing of its rows is kept: who would be there by now, and which seats
// would be taken. Without it a row would be judged as if the rows before its own transaction were not in the file.
type rehearsal struct {
	policy identity.EmailPolicy
	there  map[string]bool // by [nameKey]: users whom earlier rows would have created
}

// seatsTaken counts seats by subscription and licence. Less than zero: they would be free again.
type seatsTaken map[identity.SubscriptionID]map[identity.Licence]int

// rehearse finds out what the rows that are done already would have created.
func (t *turn) rehearse(ctx context.Context) (*rehearsal, error) {
	r := &rehearsal{policy: t.jobs.service.EmailPolicy(), there: map[string]bool{}}
	for after, n := 0, resultsAtOnce; n == resultsAtOnce && after < t.mark.Row; {
		rows, err := t.jobs.service.Reader().JobRows(ctx, t.job.Org, t.job.ID, after, resultsAtOnce)
		if err != nil {
			return nil, err
		}
		if n = len(rows); n > 0 {
			after = rows[n-1].Number
		}
		if err := r.learn(rows); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// learn takes note of the users whom rows would have created.
func (r *rehearsal) learn(rows []identity.JobRow) error {
	for _, row := range rows {
		if row.Outcome != Created {
			continue
		}
		var in input
		if err := json.Unmarshal(row.Input, &in); err != nil {
			return err
		}
		r.there[nameKey(in.Name, r.policy)] = true
	}
	return nil
}

// knows reports whether an earlier row would have created this user. In an import that is none it knows nobody.
func (r *rehearsal) knows(name string) bool {
	return r != nil && r.there[nameKey(name, r.policy)]
}

// used counts the seats that are taken now.
func used(ctx context.Context, c *identity.Acts) (seatsTaken, error) {
	subscriptions, err := c.Tx().Subscriptions(ctx, c.Org().ID)
	seats := seatsTaken{}
	for _, s := range subscriptions {
		for _, p := range s.Pools {
			seats.add(s.ID, p.Licence, p.Used)
		}
	}
	return seats, err
}

func (s seatsTaken) add(id identity.SubscriptionID, l identity.Licence, n int) {
	if s[id] == nil {
		s[id] = map[identity.Licence]int{}
	}
	s[id][l] += n
}

// plus adds other, times sign. What comes to nothing is left out.
func (s seatsTaken) plus(other seatsTaken, sign int) seatsTaken {
	sum := seatsTaken{}
	for id, licences := range s {
		for l, n := range licences {
			sum.add(id, l, n)
		}
	}
	for id, licences := range other {
		for l, n := range licences {
			sum.add(id, l, sign*n)
		}
	}
	for id, licences := range sum {
		maps.DeleteFunc(licences, func(_ identity.Licence, n int) bool { return n == 0 })
		if len(licences) == 0 {
			delete(sum, id)
		}
	}
	return sum
}

// reserve makes the seats scarcer, in a transaction that is not kept, by those that earlier rows would have taken. No seats at
// all cannot be said of a pool, because none means as many as wanted; such a pool moves to a subscription that is suspended.
func (s seatsTaken) reserve(ctx context.Context, c *identity.Acts, newID func() string) error {
	if len(s) == 0 {
		return nil
	}
	subscriptions, err := c.Tx().Subscriptions(ctx, c.Org().ID)
	if err != nil {
		return err
	}
	for _, sub := range subscriptions {
		kept, spent := s.split(sub)
		if spent == nil && len(s[sub.ID]) == 0 {
			continue
		}
		scarcer := sub
		scarcer.Pools = kept
		if err := c.Tx().UpdateSubscription(ctx, scarcer); err != nil {
			return err
		}
		if spent == nil {
			continue
		}
		empty := sub
		empty.ID, empty.Status, empty.Pools, empty.Version = identity.SubscriptionID(newID()), identity.SubscriptionSuspended, spent, 1
		if err := c.Tx().InsertSubscription(ctx, empty); err != nil {
			return err
		}
	}
	return nil
}

// split returns the pools of a subscription that have seats left, and those that would have none.
func (s seatsTaken) split(sub identity.Subscription) (kept, spent []identity.Pool) {
	for _, p := range sub.Pools {
		taken := s[sub.ID][p.Licence]
		left := max(p.Seats-taken, p.Used)
		switch {
		case p.Seats == identity.Unlimited || taken == 0:
			kept = append(kept, p)
		case left <= 0:
			spent = append(spent, p)
		default:
			p.Seats = left
			kept = append(kept, p)
		}
	}
	return kept, spent
}
