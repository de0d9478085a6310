package scim_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/scim"
	"rollcall/store"
	"rollcall/store/fresh"
)

// What is kept is set to another number here, so an answer with that number has counted nothing.
func TestTheTotalOfAListWithoutAFilterIsNotCounted(t *testing.T) {
	path := fresh.Database(t)
	s, err := store.Open(context.Background(), "sqlite:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := newWorld(t)
	w.service = identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{})
	w.server = scim.New(w.service, scim.Options{BaseURL: "https://id.example.org", Limit: unlimited, Log: logTo(w.log)})
	w.org = w.newOrg("Crowded")
	w.token = w.newToken(w.org, "rfc")
	for i := range 3 {
		w.create(fmt.Sprintf("user%d", i))
		w.call("POST", "/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Group %d"}`, i)).is(201)
	}
	lists := []string{"/Users?count=2", "/Users?count=2&startIndex=2", "/Users?count=2&cursor", "/Users?count=0", "/Groups?count=2", "/Groups?count=2&cursor"}
	totals := func() (all []string) {
		for _, list := range lists {
			all = append(all, fmt.Sprint(w.get(list).is(200).body["totalResults"]))
		}
		return all
	}
	require.Equal(t, []string{"3", "3", "3", "3", "3", "3"}, totals())

	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "UPDATE org_counts SET n = 100000")
	require.NoError(t, err)
	require.Equal(t, []string{"100000", "100000", "100000", "100000", "100000", "100000"}, totals())
	require.Equal(t, "3", fmt.Sprint(w.find(`userName sw "user"`, "&count=2").body["totalResults"]), "what a filter finds is counted")
}
