package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// What happens to a user at the same moment: sixteen callers at a time, two for each of eight users, until a thousand users have been
// fought for. Those who fight ask two of three servers, each of which has opened the database for itself. Whatever comes first, what is left is one of
// the outcomes that the rule book allows.

const abreast = 8 // fights at the same time

var fights = fresh.Rounds(1000) // in each test

// arena is a world in which many users are fought for, each in a ring of its own.
type arena struct {
	*world
	servers [3]*world // the same world, as each of the servers has it
}

func newArena(t *testing.T) *arena {
	t.Helper()
	w := &arena{world: newWorld(t)}
	for i := range w.servers {
		server := *w.world
		if i > 0 {
			server.under = fresh.OpenAgain(t, w.url)
			server.Service = identity.NewService(server.under, w.clock, system.IDs{}, identity.EmailPolicy{})
		}
		w.servers[i] = &server
	}
	return w
}

// of returns the server that the first one in a fight asks, and the one that the other does.
func (w *arena) of(fight int) (one, other *world) {
	return w.servers[fight%3], w.servers[(fight+1+fight/3%2)%3]
}

// ring is the place of one fight: an organization that claims, one that has users, and a domain.
type ring struct {
	claimant, source identity.OrgID
	domain           string
}

func (w *arena) rings() []ring {
	w.t.Helper()
	rings := make([]ring, abreast)
	for i := range rings {
		r := ring{domain: fmt.Sprintf("ring%d.example", i)}
		r.claimant, r.source = w.claimant(fmt.Sprint("Claimant", i), r.domain), w.org(fmt.Sprint("Source", i))
		rings[i] = r
	}
	return rings
}

// users adds a user to each ring's source, or with a personal account, and a person who signs in as that user.
func (w *arena) users(rings []ring, number int, personal bool) ([]identity.Account, []identity.Person) {
	w.t.Helper()
	accounts, people := make([]identity.Account, len(rings)), make([]identity.Person, len(rings))
	var acts []func() error
	for i, r := range rings {
		address := fmt.Sprintf("user%d@%s", number, r.domain)
		people[i] = visitor(address)
		acts = append(acts, func() error {
			var err error
			if personal {
				accounts[i], err = w.RegisterSelf(w.ctx, people[i], identity.Request{})
				return err
			}
			if accounts[i], err = w.add(r.source, provider, person(address)); err == nil {
				_, err = w.Bind(w.ctx, operator, identity.Binding{Issuer: people[i].Issuer, Subject: people[i].Subject, Org: r.source, Account: accounts[i].ID})
			}
			return err
		})
	}
	w.all(acts)
	return accounts, people
}

// all does what has to succeed.
func (w *arena) all(acts []func() error) {
	w.t.Helper()
	for _, err := range race(acts...) {
		require.NoError(w.t, err)
	}
}

func (w *arena) claimAll(rings []ring, users []identity.Account, mode identity.ClaimMode) []identity.Claim {
	w.t.Helper()
	claims := make([]identity.Claim, len(rings))
	var acts []func() error
	for i, r := range rings {
		acts = append(acts, func() error {
			var err error
			claims[i], _, err = w.claim(r.claimant, users[i].UserName, mode)
			return err
		})
	}
	w.all(acts)
	return claims
}

// fight lets two acts for each of several users happen at the same time, each on a server of its own, and hands on what came of each pair.
func (w *arena) fight(one, other func(s *world, i int) error, judge func(i int, one, other error)) {
	w.t.Helper()
	var acts []func() error
	for i := range abreast {
		first, second := w.of(i)
		acts = append(acts, func() error { return one(first, i) }, func() error { return other(second, i) })
	}
	results := race(acts...)
	for i := range abreast {
		judge(i, results[2*i], results[2*i+1])
	}
}

// oneOf requires that one of two succeeded, and that the other was refused with one of some rules.
func (w *arena) oneOf(one, other error, rules ...identity.Rule) {
	w.t.Helper()
	require.True(w.t, (one == nil) != (other == nil), "%v, %v", one, other)
	if one == nil {
		one = other
	}
	require.Contains(w.t, rules, identity.RuleOf(one), "%v", one)
}

func (w *arena) claimNow(c identity.Claim) identity.Claim {
	w.t.Helper()
	now, err := w.Reader().Claim(w.ctx, c.Target, c.ID)
	require.NoError(w.t, err)
	return now
}

func (w *arena) exists(a identity.Account) bool {
	w.t.Helper()
	_, err := w.Reader().Account(w.ctx, a.Org, a.ID)
	require.True(w.t, err == nil || identity.IsNotFound(err), "%v", err)
	return err == nil
}

func TestI12_OfTwoAdministratorsWhoClaimOneUserOneDoes(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	for n := range fights / abreast {
		users, _ := w.users(rings, n, true)
		claim := func(s *world, i int) error {
			_, _, err := s.claim(rings[i].claimant, users[i].UserName, "")
			return err
		}
		w.fight(claim, claim, func(i int, one, other error) {
			w.oneOf(one, other, identity.RuleClaimAlreadyMember)
		})
	}
	for _, r := range rings {
		made, err := w.Reader().Claims(w.ctx, r.claimant, identity.ClaimQuery{Limit: fights})
		require.NoError(t, err)
		require.Len(t, made, fights/abreast)
		require.Len(t, w.mails(r.claimant, identity.MessageClaim), min(100, len(made)), "I9: each is told once")
	}
}

func TestI12_OfTwoOrganizationsThatTakeADomainFromEachOtherOneClaimsTheUser(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	for n := range fights / abreast {
		users, _ := w.users(rings, n, true)
		first := func(s *world, i int) error {
			_, _, err := s.claim(rings[i].claimant, users[i].UserName, identity.ClaimImmediate)
			return err
		}
		second := func(s *world, i int) error {
			if err := s.RemoveDomain(w.ctx, admin, rings[i].claimant, rings[i].domain); err != nil {
				return err
			}
			if _, err := s.AttestDomain(w.ctx, operator, rings[i].source, rings[i].domain); err != nil {
				return err
			}
			_, _, err := s.claim(rings[i].source, users[i].UserName, identity.ClaimImmediate)
			return err
		}
		w.fight(first, second, func(i int, one, other error) {
			w.oneOf(one, other, identity.RuleClaimDomainNotVerified, identity.RuleClaimVerifiedElsewhere, identity.RuleClaimAlreadyPending)
			require.NoError(t, w.RemoveDomain(w.ctx, admin, rings[i].source, rings[i].domain))
			w.verify(rings[i].claimant, rings[i].domain)
		})
	}
}

func TestCLM56_AClaimAndASignInOfTheOldAccount(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	before, after, neither := 0, 0, 0
	for n := range fights / abreast {
		users, people := w.users(rings, n, false)
		claims := make([]identity.Claim, len(rings))
		claim := func(s *world, i int) (err error) {
			claims[i], _, err = s.claim(rings[i].claimant, users[i].UserName, "")
			return err
		}
		signIn := func(s *world, i int) error {
			c, err := s.Caller(w.ctx, people[i])
			if err == nil {
				_, err = s.SignInCaller(w.ctx, c, identity.Request{})
			}
			return err
		}
		w.fight(claim, signIn, func(i int, one, other error) {
			require.NoError(t, one)
			c := w.claimNow(claims[i])
			status := w.at(c.Target, c.NewAccount).Status
			switch {
			case other != nil: // it had begun where the user no longer is
				require.Contains(t, []identity.Rule{identity.RuleClaimedByOther, identity.RuleAccountInactive, identity.RuleNotBound}, identity.RuleOf(other), "%v", other)
				require.True(t, c.SignedInAt.IsZero())
				require.Equal(t, identity.NotVerified, status)
				neither++
			case c.SignedInAt.IsZero():
				require.Equal(t, identity.Active, status, "carried over")
				require.True(t, c.Revocable(w.Now()))
				before++
			default:
				require.Equal(t, identity.NotVerified, c.Carried.Status)
				require.Equal(t, identity.Active, status)
				after++
			}
		})
	}
	t.Logf("signed in before %d, after %d, not at all %d", before, after, neither)
}

func TestCLM02_AClaimAndSwitchingTheDirectoryOnNeverBothHappen(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	connectors := make([]identity.Connector, len(rings))
	for i, r := range rings {
		connectors[i] = w.connected(r.claimant, "AD")
		w.switchOff(r.claimant)
	}
	for n := range fights / abreast {
		users, _ := w.users(rings, n, true)
		w.clock.move(time.Second)
		for _, c := range connectors {
			w.planned(c, identity.PlanReady)
		}
		claim := func(s *world, i int) error {
			_, _, err := s.claim(rings[i].claimant, users[i].UserName, identity.ClaimImmediate)
			return err
		}
		enable := func(s *world, i int) error {
			_, err := s.EnableSync(w.ctx, admin, rings[i].claimant)
			return err
		}
		w.fight(claim, enable, func(i int, one, other error) {
			w.oneOf(one, other, identity.RuleClaimTargetDirSync, identity.RuleDryRunRequired)
			w.switchOff(rings[i].claimant)
		})
	}
}

func TestCLM61_ARevocationAndTheEndOfFourteenDays(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	// The worker's clock is ahead by the last microsecond that a claim can be revoked in.
	ahead := &clock{}
	s := fresh.OpenAgain(t, w.url)
	worker := identity.NewService(s, ahead, system.IDs{}, identity.EmailPolicy{})
	revoked := 0
	for n := range fights / abreast {
		users, _ := w.users(rings, n, true)
		claims := w.claimAll(rings, users, identity.ClaimDeferred)
		w.clock.move(14*identity.Day - time.Microsecond)
		ahead.now = w.Now().Add(time.Microsecond)
		w.fight(func(s *world, i int) error { return s.revoke(claims[i]) }, func(*world, int) error {
			_, err := worker.SettleDueClaims(w.ctx, abreast)
			return err
		}, func(i int, one, other error) {
			require.NoError(t, other)
			if one == nil {
				revoked++
				require.Equal(t, identity.ClaimRevoked, w.stateOf(claims[i]))
				require.False(t, w.account(users[i]).Shadow)
				return
			}
			refusedWith(t, one, identity.RuleClaimNotRevocable)
			require.Equal(t, identity.ClaimDoneAuto, w.stateOf(claims[i]))
			require.False(t, w.exists(users[i]))
		})
	}
	t.Logf("%d of %d were revoked", revoked, fights)
}

func TestCLM56_ARevocationAndASignIn(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	for n := range fights / abreast {
		users, people := w.users(rings, n, true)
		claims := w.claimAll(rings, users, "")
		signIn := func(s *world, i int) error {
			c, err := s.Caller(w.ctx, people[i])
			if err == nil {
				_, err = s.SignInCaller(w.ctx, c, identity.Request{})
			}
			return err
		}
		w.fight(func(s *world, i int) error { return s.revoke(claims[i]) }, signIn, func(i int, one, other error) {
			c := w.claimNow(claims[i])
			if one == nil {
				require.Equal(t, identity.OutcomeRevoked, c.Outcome)
				require.True(t, c.SignedInAt.IsZero())
				require.False(t, w.account(users[i]).Shadow)
				if other != nil { // it had begun where the user no longer is
					require.Equal(t, identity.RuleUnknownAccount, identity.RuleOf(other), "%v", other)
				}
				return
			}
			require.NoError(t, other)
			refusedWith(t, one, identity.RuleClaimNotRevocable)
			require.False(t, c.SignedInAt.IsZero())
			require.Empty(t, c.Outcome)
		})
	}
}

func TestCLM55_OfTwoChoicesOneCounts(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	for n := range fights / abreast {
		users, people := w.users(rings, n, true)
		claims := w.claimAll(rings, users, identity.ClaimDeferred)
		choose := func(option identity.ClaimOption) func(*world, int) error {
			return func(s *world, i int) error {
				c, err := s.Caller(w.ctx, people[i])
				if err == nil {
					_, err = s.ChooseClaim(w.ctx, c, identity.Request{}, option, "")
				}
				return err
			}
		}
		w.fight(choose(identity.OptionTransfer), choose(identity.OptionDelete), func(i int, one, other error) {
			w.oneOf(one, other, identity.RuleClaimSettled)
			want := map[bool]identity.ClaimOutcome{true: identity.OutcomeTransferred, false: identity.OutcomeDeleted}[one == nil]
			require.Equal(t, want, w.claimNow(claims[i]).Outcome)
			require.False(t, w.exists(users[i]))
		})
	}
}

func TestCLM43_AClaimAndTheDeletionOfTheUser(t *testing.T) {
	w := newArena(t)
	rings := w.rings()
	for n := range fights / abreast {
		users, _ := w.users(rings, n, false)
		claim := func(s *world, i int) error {
			_, _, err := s.claim(rings[i].claimant, users[i].UserName, "")
			return err
		}
		w.fight(claim, func(s *world, i int) error { return s.delete(admin, users[i]) }, func(i int, one, other error) {
			w.oneOf(one, other, identity.RuleClaimNoAccount, identity.RuleClaimedByOther)
			require.Equal(t, one == nil, w.exists(users[i]))
		})
	}
}

func TestORG07_TheDeletionOfAnOrganizationAndAnotherUserInIt(t *testing.T) {
	w := newArena(t)
	for n := range fights / abreast {
		orgs := make([]identity.OrgID, abreast)
		var acts []func() error
		for i := range orgs {
			acts = append(acts, func() error {
				o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: fmt.Sprint("Org ", n, " ", i), Kind: identity.Customer})
				if err == nil {
					orgs[i] = o.ID
					_, err = w.add(o.ID, provider, person(fmt.Sprintf("only%d-%d@example.com", n, i)))
				}
				return err
			})
		}
		w.all(acts)
		remove := func(s *world, i int) error {
			_, err := s.DeleteOrganization(w.ctx, operator, orgs[i])
			return err
		}
		create := func(s *world, i int) error {
			_, err := s.add(orgs[i], provider, person(fmt.Sprintf("other%d-%d@example.com", n, i)))
			return err
		}
		w.fight(remove, create, func(i int, one, other error) {
			w.oneOf(one, other, identity.RuleOrgUsers, identity.RuleOrgDeleting)
		})
	}
	w.end()
	left, err := w.Reader().OrgDeletionsOpen(w.ctx, 10)
	require.NoError(t, err)
	require.Empty(t, left)
}
