package history_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"rollcall/identity"
)

// clients is how many work in a world at once, each with one of its services.
const clients = 8

// doubts is in how many acts of a world a client goes away before the answer. Each of them may happen at any time from then on, which is
// what makes checking slow.
const doubts = 4

// play lets clients do n acts in a world and returns what they were told, and what failed.
func (w *world) play(ctx context.Context, seed uint64, n int) ([]porcupine.Operation, error) {
	var clock, left, doubted atomic.Int64
	left.Store(int64(n))
	known := &knowledge{}
	var mu sync.Mutex
	var history []porcupine.Operation
	var failures []error
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			chance := rand.New(rand.NewPCG(seed, uint64(i)))
			for left.Add(-1) >= 0 {
				r := known.next(chance)
				away := !r.act.reads() && chance.IntN(30) == 0 && doubted.Add(1) <= doubts
				op := porcupine.Operation{ClientId: i, Input: r, Call: clock.Add(1)}
				told, err := w.ask(ctx, w.services[i%len(w.services)], r, away, chance)
				op.Output, op.Return = told, clock.Add(1)
				if told.unknown {
					op.Return = never
				}
				known.learn(told)
				mu.Lock()
				history = append(history, op)
				if err != nil {
					failures = append(failures, err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return history, errors.Join(failures...)
}

// ask is one act of a client, who goes away before the answer comes or just misses it. It returns an error if the service fails and not the client.
func (w *world) ask(ctx context.Context, s *identity.Service, r request, away bool, chance *rand.Rand) (answer, error) {
	if away {
		short, cancel := context.WithTimeout(ctx, time.Duration(chance.IntN(int(5*time.Millisecond))))
		defer cancel()
		ctx = short
	}
	told, err := w.do(ctx, s, r)
	switch {
	case away:
		return answer{unknown: true}, nil
	case err == nil:
		return told, nil
	case outcomeKnown(err):
		return refused(identity.RuleOf(err)), nil
	}
	return answer{unknown: true}, err
}

// knowledge is what the clients of a world have heard of: the latest accounts and claims.
type knowledge struct {
	mu     sync.Mutex
	users  []sighting
	claims []identity.ClaimID
}

// remembered is how many of them they speak of.
const remembered = 8

func (k *knowledge) learn(told answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.users = append(k.users, told.seen...)
	k.users = k.users[max(0, len(k.users)-remembered):]
	if told.claim != "" {
		k.claims = append(k.claims, told.claim)
		k.claims = k.claims[max(0, len(k.claims)-remembered/2):]
	}
}

// frequencies says how often each act is tried.
var frequencies = map[act]int{create: 7, move: 4, deactivate: 2, reactivate: 2, remove: 5, claim: 4, revoke: 2, claimDomain: 1, releaseDomain: 2,
	readUser: 4, readName: 3, readHolder: 3, readAll: 3, readDomain: 1}

// lots has each act so often as it is tried.
var lots = func() (all []act) {
	for _, a := range []act{create, move, deactivate, reactivate, remove, claim, revoke, claimDomain, releaseDomain, readUser, readName, readHolder, readAll, readDomain} {
		for range frequencies[a] {
			all = append(all, a)
		}
	}
	return all
}()

// next makes up a request about what is known.
func (k *knowledge) next(chance *rand.Rand) request {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := request{act: lots[chance.IntN(len(lots))], org: north + place(chance.IntN(2)), seat: chance.IntN(seats)}
	switch r.act {
	case move, deactivate, reactivate, remove, readUser:
		if len(k.users) == 0 {
			return request{act: create, org: r.org, seat: r.seat}
		}
		u := k.users[chance.IntN(len(k.users))]
		r.org, r.id = u.at, u.id
		if r.act != readUser && chance.IntN(4) == 0 {
			r.version = u.version
		}
	case revoke:
		if len(k.claims) == 0 {
			return request{act: claim, seat: r.seat}
		}
		r.claim = k.claims[chance.IntN(len(k.claims))]
	}
	return r
}
