package model_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// TestI8_LateOrTwiceIsAsOnTime plays one sequence in two worlds. In one the workers run whenever something is due. In the other they
// run late, twice and in another order, just before anybody does anything. What is left is the same.
func TestI8_LateOrTwiceIsAsOnTime(t *testing.T) {
	o := newOrigin(t)
	dir := t.TempDir()
	rapid.Check(t, func(t2 *rapid.T) {
		punctual, end := o.begin(t, t2, filepath.Join(dir, "punctual"))
		defer end()
		late, end := o.begin(t, t2, filepath.Join(dir, "late"))
		defer end()
		m := newModel()
		t2.Repeat(actions(func() *model { return m }, func(t *rapid.T, e event) {
			t.Log(e)
			both := &pair{t: t, punctual: punctual, late: late}
			both.play(m, e)
		}))
	})
}

// pair is two worlds in which the same happens.
type pair struct {
	t              require.TestingT
	punctual, late *actual
}

func (p *pair) play(m *model, e event) {
	if e.what == "time" {
		p.pass(m, e)
		return
	}
	fresh := m.people
	v, n := m.play(e)
	for _, x := range []*actual{p.punctual, p.late} {
		id, claim, err := x.perform(e, fresh)
		require.Equal(p.t, v.ok(), err == nil, "%v", err)
		x.noted(n, id, claim)
	}
}

// pass lets time go by, in small steps in the one world and at once in the other.
func (p *pair) pass(m *model, e event) {
	for left := e.time; ; {
		step := left
		if at, do := m.nextDeadline(); do != nil && at.Sub(m.now) < left {
			step = max(0, at.Sub(m.now))
		}
		m.pass(step)
		p.punctual.clock.move(step)
		p.punctual.work(0)
		if left -= step; left <= 0 {
			break
		}
	}
	p.late.clock.move(e.time)
	p.late.work(e.order)
	p.late.work(5 - e.order)
	require.Equal(p.t, p.punctual.view(), p.late.view())
	require.Equal(p.t, p.punctual.shown(), p.late.shown())
}

// shown is what else of time there is to be seen: when claims ended, and since when people are what they are.
func (x *actual) shown() map[string]time.Time {
	times := map[string]time.Time{}
	for _, id := range x.claims {
		if c, known := x.claimNow(id); known {
			times[c.Email+" "+string(c.Outcome)] = c.SettledAt
		}
	}
	for _, org := range x.orgs {
		if _, err := x.Reader().Organization(x.ctx, org); identity.IsNotFound(err) {
			continue
		}
		all, err := x.Reader().Accounts(x.ctx, org, identity.AccountQuery{Limit: 1000})
		require.NoError(x.t, err)
		for _, a := range all {
			times[a.UserName] = a.StatusAt
		}
	}
	return times
}
