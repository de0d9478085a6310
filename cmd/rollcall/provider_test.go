package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
)

// TestIdentityProvidersGetWhatTheyExpect replays what identity providers send, in the dialect of the token that each would be
// given, to one server with an organization for each.
func TestIdentityProvidersGetWhatTheyExpect(t *testing.T) {
	db := database(t)
	s := serve(t, db)
	for _, file := range fixtures.Sequences() {
		t.Run(strings.TrimSuffix(file, ".json"), func(t *testing.T) {
			n := newTenant(t, db, file, fixtures.Profile(t, file))
			fixtures.Replay(t, n.base(s), n.token, file)
		})
	}
}

// TestEML01_OneOfSixteenCreatorsWins sends one e-mail in several spellings into two organizations at once.
func TestEML01_OneOfSixteenCreatorsWins(t *testing.T) {
	db := database(t)
	s := serve(t, db)
	tenants := []tenant{newTenant(t, db, "Acme", "rfc"), newTenant(t, db, "Bergen", "entra")}
	for round := range 5 {
		spellings := []string{"ada.%d@bücher.example", "ADA.%d@BÜCHER.EXAMPLE", "Ada.%d@xn--bcher-kva.example", "ada.%d@Bücher.Example"}
		statuses := map[int]int{}
		var mu sync.Mutex
		var creators sync.WaitGroup
		for i := range 16 {
			creators.Go(func() {
				n := tenants[i%2]
				mail := fmt.Sprintf(spellings[i/2%len(spellings)], round)
				status, body, err := n.request(http.MethodPost, n.base(s)+"/Users", userOf(fmt.Sprintf("login-%d-%d", round, i), mail))
				mu.Lock()
				defer mu.Unlock()
				if err != nil || status == http.StatusConflict && !strings.Contains(string(body), `"scimType":"uniqueness"`) {
					status = -1
				}
				statuses[status]++
			})
		}
		creators.Wait()
		require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusConflict: 15}, statuses, "round %d", round)
		require.Equal(t, round+1, tenants[0].total(t, s)+tenants[1].total(t, s))
	}
}

// TestABombOfParenthesesIs400AndTheServerLives sends a filter that would overflow the stack of a recursive parser.
func TestABombOfParenthesesIs400AndTheServerLives(t *testing.T) {
	db := database(t)
	s := serve(t, db)
	n := newTenant(t, db, "Acme", "rfc")
	filter := strings.Repeat("(", 100_000) + `userName eq "x"` + strings.Repeat(")", 100_000)

	search := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "filter": filter}
	status, body, err := n.request(http.MethodPost, n.base(s)+"/Users/.search", search)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status, "%s", body)
	var answer struct{ ScimType string }
	require.NoError(t, json.Unmarshal(body, &answer))
	require.Equal(t, "invalidFilter", answer.ScimType)

	// In the address the filter is longer than the server reads at all.
	status, _, err = n.request(http.MethodGet, n.base(s)+"/Users?filter="+url.QueryEscape(filter), nil)
	if err == nil { // or the connection is cut while the rest of the address is on its way
		require.GreaterOrEqual(t, status, 400)
		require.Less(t, status, 500)
	}
	// As long as an address may be, and one level deeper than allowed.
	for _, depth := range []int{33, 4000} {
		deep := strings.Repeat("(", depth) + `userName eq "x"` + strings.Repeat(")", depth)
		status, body, err = n.request(http.MethodGet, n.base(s)+"/Users?filter="+url.QueryEscape(deep), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, status, "%s", body)
	}
	require.Equal(t, 0, n.total(t, s))
}

func userOf(userName, mail string) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": userName,
		"emails": []map[string]any{{"value": mail, "primary": true}}}
}
