package identity_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// seatsInUse is what an organization's pools say is used, compared with the assignments that there are.
func seatsInUse(w *world, t require.TestingT, org identity.OrgID) map[string]int {
	all, err := w.Reader().Subscriptions(w.ctx, org)
	require.NoError(t, err)
	said := map[string]int{}
	for _, s := range all {
		for _, p := range s.Pools {
			require.True(t, p.Seats == identity.Unlimited || p.Used <= p.Seats, "%s: %d of %d", p.Licence, p.Used, p.Seats)
			if p.Used > 0 {
				said[s.Name+" "+string(p.Licence)] = p.Used
			}
		}
	}
	accounts, err := w.Reader().Accounts(w.ctx, org, identity.AccountQuery{Limit: 1000})
	require.NoError(t, err)
	assigned, err := w.Reader().AssignmentsAmong(w.ctx, org, ids(accounts))
	require.NoError(t, err)
	counted := map[string]int{}
	for _, a := range assigned {
		i := slices.IndexFunc(all, func(s identity.Subscription) bool { return s.ID == a.Subscription })
		counted[all[i].Name+" "+string(a.Licence)]++
	}
	require.Equal(t, counted, said, "usage is the number of assignments")
	return said
}

func TestI5_UsageIsTheNumberOfAssignmentsAndNeverAboveThePool(t *testing.T) {
	w := newWorld(t)
	rounds := 0
	names := []identity.Licence{"l1", "l2", "l3"}
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		org := w.org(fmt.Sprint("org", rounds))
		w.subscribe(org, "S", seats("l1", 2), seats("l2", 1))
		younger := w.subscribe(org, "T", seats("l1", 1), seats("l3", identity.Unlimited))
		g := w.group(org, "G")
		w.template(org, "", "l1")
		w.template(org, g.ID, "l2", "l3")

		people := map[identity.AccountID]identity.Account{}
		anybody := func() (identity.Account, bool) {
			if len(people) == 0 {
				return identity.Account{}, false
			}
			id := rapid.SampledFrom(slices.Sorted(maps.Keys(people))).Draw(t, "who")
			return w.account(people[id]), true
		}
		licences := rapid.SliceOfN(rapid.SampledFrom(names), 0, 3)
		changesNothing := map[string]bool{"deactivate": true, "reactivate": true, "sign in": true, "suspend": true, "resume": true}
		acts := []string{"create", "create by template", "add", "remove", "set", "apply", "join", "leave", "delete",
			"deactivate", "reactivate", "sign in", "suspend", "resume"}

		for step := range rapid.IntRange(1, 25).Draw(t, "steps") {
			before := seatsInUse(w, t, org)
			what := rapid.SampledFrom(acts).Draw(t, "act")
			var err error
			a, someone := anybody()
			switch {
			case what == "create" || what == "create by template":
				from := identity.Origin{Source: identity.SourceCSV}
				if what == "create" {
					from.Licences = licences.Draw(t, "explicit")
				}
				address := fmt.Sprintf("user%d-%d@example.com", rounds, step)
				if a, err = w.addFrom(org, admin, person(address), from); err == nil {
					people[a.ID] = a
				}
			case what == "suspend" || what == "resume":
				s := w.subscription(younger)
				s.Status = map[string]identity.SubscriptionStatus{"suspend": identity.SubscriptionSuspended, "resume": identity.SubscriptionActive}[what]
				_, err = w.PutSubscription(w.ctx, admin, s)
			case !someone:
				continue
			case what == "add":
				err = w.addLicences(a, licences.Draw(t, "licences")...)
			case what == "remove":
				err = w.removeLicences(a, licences.Draw(t, "licences")...)
			case what == "set":
				_, err = w.setLicences(admin, a, licences.Draw(t, "licences")...)
			case what == "apply":
				err = w.applyTemplate(a, licences.Draw(t, "licences"), rapid.Bool().Draw(t, "preserve"))
			case what == "join":
				w.join(g, a)
			case what == "leave":
				w.leave(g, a)
			case what == "delete":
				err = w.delete(admin, a)
				delete(people, a.ID)
			case what == "deactivate":
				_, err = w.deactivate(admin, a)
			case what == "reactivate":
				_, err = w.reactivate(admin, a)
			case what == "sign in":
				_, err = act(w, org, identity.Actor{Kind: identity.Owner}, func(c *identity.Acts) (identity.Account, error) { return c.SignIn(w.ctx, a.ID) })
			}
			if err != nil {
				require.Contains(t, []identity.Rule{identity.RuleNoLicences, identity.RuleInvalidTransition, identity.RuleAccountInactive}, identity.RuleOf(err), "%v", err)
			}
			after := seatsInUse(w, t, org)
			if err != nil || changesNothing[what] {
				require.Equal(t, before, after, "%s changes no usage", what)
			}
		}
		for _, a := range people {
			require.NoError(t, w.delete(admin, w.account(a)))
		}
		require.Empty(t, seatsInUse(w, t, org), "with nobody left every seat is free")
	})
}
