package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var instanceFights = flag.Int("fights", 20, "how often each pair of acts of TestInstances happens at once")

// contested is the domain of those who are fought for. The second organization has verified it.
const contested = "contested.example"

// fought is what came of an act: the status, and the code of a refusal.
type fought struct {
	status int
	code   string
}

// fight is two acts at once on one situation, which is made anew for every round.
type fight struct {
	// set makes the situation and returns the acts, given the servers that they ask, and what the database holds afterwards, in words.
	set func(t *testing.T, w instances, round int) (one, other func(server string) fought, holds func() string)
	// allowed are the outcomes, and what they leave: those of the acts one after the other, in either order.
	allowed map[[2]fought]string
}

var fightsOverHTTP = map[string]fight{
	"I12 two administrators claim one user": {
		set: func(t *testing.T, w instances, round int) (one, other func(string) fought, holds func() string) {
			address := fmt.Sprintf("claimed%d@%s", round, contested)
			w.created(t, w.tenants[0], address)
			claim := func(server string) fought { return w.claim(t, server, address) }
			return claim, claim, func() string { return w.whereabouts(t, address) }
		},
		allowed: map[[2]fought]string{
			{{200, ""}, {409, "CLAIM_ALREADY_MEMBER"}}: "two true",
			{{409, "CLAIM_ALREADY_MEMBER"}, {200, ""}}: "two true",
		},
	},
	"CLM-43 a claim and the deletion of the user": {
		set: func(t *testing.T, w instances, round int) (one, other func(string) fought, holds func() string) {
			address := fmt.Sprintf("leaver%d@%s", round, contested)
			id := w.created(t, w.tenants[0], address)
			return func(server string) fought { return w.claim(t, server, address) },
				func(server string) fought {
					return w.asked(t, w.tenants[0], http.MethodDelete, server, "/Users/"+id, nil)
				},
				func() string { return w.whereabouts(t, address) }
		},
		allowed: map[[2]fought]string{
			{{200, ""}, {409, ""}}:                 "two true",
			{{409, "CLAIM_NO_ACCOUNT"}, {204, ""}}: "",
		},
	},
	"EML-01 two organizations create one user": {
		set: func(t *testing.T, w instances, round int) (one, other func(string) fought, holds func() string) {
			address := fmt.Sprintf("twice%d@elsewhere.example", round)
			create := func(n tenant) func(string) fought {
				return func(server string) fought {
					return w.asked(t, n, http.MethodPost, server, "/Users", newcomerOf(address))
				}
			}
			return create(w.tenants[0]), create(w.tenants[1]), func() string { return w.whereabouts(t, address) }
		},
		allowed: map[[2]fought]string{
			{{201, ""}, {409, "uniqueness"}}: "one true",
			{{409, "uniqueness"}, {201, ""}}: "two true",
		},
	},
	"EML-01 two users change to one address": {
		set: func(t *testing.T, w instances, round int) (one, other func(string) fought, holds func() string) {
			wanted := fmt.Sprintf("wish%d@elsewhere.example", round)
			var addresses [2]string
			var acts [2]func(string) fought
			for i, n := range w.tenants {
				addresses[i] = fmt.Sprintf("wisher%d-%d@elsewhere.example", round, i)
				id := w.created(t, n, addresses[i])
				acts[i] = func(server string) fought {
					return w.asked(t, n, http.MethodPatch, server, "/Users/"+id, rename(wanted))
				}
			}
			return acts[0], acts[1], func() string {
				return w.whereabouts(t, wanted) + "; " + w.whereabouts(t, addresses[0]) + "; " + w.whereabouts(t, addresses[1])
			}
		},
		allowed: map[[2]fought]string{
			{{200, ""}, {409, "uniqueness"}}: "one true; ; two true",
			{{409, "uniqueness"}, {200, ""}}: "two true; one true; ",
		},
	},
	"a user changes to two addresses": {
		set: func(t *testing.T, w instances, round int) (one, other func(string) fought, holds func() string) {
			n := w.tenants[0]
			before := fmt.Sprintf("mover%d@elsewhere.example", round)
			id := w.created(t, n, before)
			addresses := [2]string{"first-" + before, "second-" + before}
			change := func(address string) func(string) fought {
				return func(server string) fought {
					return w.asked(t, n, http.MethodPatch, server, "/Users/"+id, rename(address))
				}
			}
			return change(addresses[0]), change(addresses[1]), func() string {
				all := []string{w.whereabouts(t, addresses[0]), w.whereabouts(t, addresses[1])}
				slices.Sort(all) // whoever came last
				// What was given up is free: somebody else can have it.
				for _, address := range append(addresses[:], before) {
					if w.whereabouts(t, address) == "" {
						w.created(t, w.tenants[1], address)
					}
				}
				return w.whereabouts(t, before) + strings.Join(all, ";")
			}
		},
		allowed: map[[2]fought]string{{{200, ""}, {200, ""}}: "two true;one true"},
	},
}

func (w instances) fightEach(t *testing.T) {
	for name, f := range fightsOverHTTP {
		t.Run(name, func(t *testing.T) {
			judge := func(came [2]fought, holds func() string) {
				left, ok := f.allowed[came]
				require.True(t, ok, "%v", came)
				require.Equal(t, left, holds(), "after %v", came)
			}
			// One after the other, in both orders, so that what is allowed is what they come to when they do not meet.
			var came [2]fought
			one, other, holds := f.set(t, w, -1)
			came[0] = one(w.Servers[0])
			came[1] = other(w.Servers[1])
			judge(came, holds)
			one, other, holds = f.set(t, w, -2)
			came[1] = other(w.Servers[1])
			came[0] = one(w.Servers[2])
			judge(came, holds)
			seen := map[[2]fought]int{}
			for round := range *instanceFights {
				one, other, holds := f.set(t, w, round)
				var acts sync.WaitGroup
				var came [2]fought
				acts.Go(func() { came[0] = one(w.Servers[round%3]) })
				acts.Go(func() { came[1] = other(w.Servers[(round+1+round/3%2)%3]) })
				acts.Wait()
				judge(came, holds)
				seen[came]++
			}
			t.Log(seen)
		})
	}
}

func newcomerOf(address string) map[string]any {
	return map[string]any{"schemas": []string{userSchema}, "userName": address, "active": true, "emails": []any{map[string]any{"value": address, "primary": true}}}
}

// rename is the body of a PATCH that gives a user another userName and address.
func rename(address string) map[string]any {
	return map[string]any{"schemas": deactivation["schemas"], "Operations": []any{map[string]any{"op": "replace",
		"value": map[string]any{"userName": address, "emails": []any{map[string]any{"value": address, "primary": true}}}}}}
}

// created makes a user and returns the id.
func (w instances) created(t *testing.T, n tenant, address string) string {
	t.Helper()
	a, err := n.create(w.URL, address)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, a.status, "%s: %v", address, a.body)
	return a.body["id"].(string)
}

// asked sends a SCIM request and returns what came of it. It may be called by another goroutine than the test's.
func (w instances) asked(t *testing.T, n tenant, method, server, path string, body any) fought {
	a, err := n.ask(method, server, path, body)
	if err != nil {
		t.Error(err)
	}
	code, _ := a.body["scimType"].(string)
	return fought{a.status, code}
}

// claim has the second organization claim a user by the API of a server. It may be called by another goroutine than the test's.
func (w instances) claim(t *testing.T, server, address string) fought {
	body := fmt.Sprintf(`{"users":[{"email":%q,"mode":"immediate"}],"acknowledgePermanent":true}`, address)
	r, err := http.NewRequest(http.MethodPost, server+"/api/v1/organizations/"+w.tenants[1].org+"/claims", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return fought{}
	}
	r.Header.Set("Authorization", "Bearer "+w.admin)
	r.Header.Set("Content-Type", "application/json")
	response, err := patient.Do(r)
	if err != nil {
		t.Error(err)
		return fought{}
	}
	defer response.Body.Close()
	var refusal struct{ Code string }
	if err := json.NewDecoder(response.Body).Decode(&refusal); err != nil {
		t.Error(err)
	}
	return fought{response.StatusCode, refusal.Code}
}

// whereabouts tells which organizations have a user with an address, and whether the user is active there.
func (w instances) whereabouts(t *testing.T, address string) string {
	t.Helper()
	var all []string
	for i, n := range w.tenants {
		a, err := n.ask(http.MethodGet, w.URL, "/Users?filter="+url.QueryEscape(fmt.Sprintf("emails.value eq %q", address)), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.status, a.body)
		found, _ := a.body["Resources"].([]any)
		for _, u := range found {
			require.Equal(t, address, u.(map[string]any)["userName"], "both were changed")
			all = append(all, fmt.Sprint([]string{"one ", "two "}[i], u.(map[string]any)["active"]))
		}
	}
	return strings.Join(all, ", ")
}
