package scim_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestRFC7644_3_4_2_1_AQueryOverAllTypes(t *testing.T) {
	w := newWorld(t)
	w.create("ada", `"displayName":"Sales"`)
	w.create("bob")
	w.newGroup("Sales")
	for filter, want := range map[string]int{
		"":                               3,
		`displayName eq "Sales"`:         2,
		`userName pr`:                    2,
		`userName eq "ADA"`:              1,
		`not (userName pr)`:              1,
		`members pr`:                     0,
		`meta.resourceType eq "Group"`:   1,
		`emails[type eq "work"]`:         0,
		`name.givenName ne "x"`:          3,
		`urn:nobody:shoeSize gt 3`:       0,
		`id pr and meta.lastModified pr`: 3,
	} {
		w.get("?filter=" + url.QueryEscape(filter)).is(200).total(want)
		w.call("POST", "/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":`+quoted(filter)+`}`).is(200).total(want)
	}
	w.get("?filter="+url.QueryEscape(`userName is`)).fails(400, "invalidFilter")
	w.get("?sortBy=nothing").fails(400, "invalidPath")
	a := w.get("?startIndex=2&count=2&attributes=userName,displayName").is(200).total(3)
	require.Equal(t, []any{"bob", "Sales"}, []any{a.at("Resources", 0, "userName"), a.at("Resources", 1, "displayName")})
	a = w.get("?sortBy=displayName&count=2").is(200).total(3)
	require.Equal(t, []any{"ada", "Sales"}, []any{a.at("Resources", 0, "userName"), a.at("Resources", 1, "displayName")}, "equal ones in the order of the types")
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestRFC7644_3_11_MeIsTheUserThatTheTokenStandsFor(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	_, secret, err := w.service.CreateToken(context.Background(), operator, w.org, identity.NewToken{Name: "n", Profile: "rfc", Me: identity.AccountID(id)})
	require.NoError(t, err)
	_, _, err = w.service.CreateToken(context.Background(), operator, w.org, identity.NewToken{Name: "n", Profile: "rfc", Me: "nobody"})
	require.True(t, identity.IsNotFound(err))
	own := *w
	own.token = secret
	a := own.get("/Me").is(200)
	require.Equal(t, w.get("/Users/"+id).body, a.body)
	location := "https://id.example.org/scim/" + string(w.org) + "/v2/Users/" + id
	require.Equal(t, location, a.str("meta", "location"))
	patched := own.call("PATCH", "/Me", patch(`{"op":"add","path":"title","value":"T"}`)).is(200)
	put := own.call("PUT", "/Me", user("ada", `"title":"T"`)).is(200)
	require.Equal(t, "T", put.str("title"))
	own.call("POST", "/Me", user("ada")).fails(405, "")
	unchanged := own.get("/Me", "If-None-Match", put.header.Get("ETag")).is(304)
	refused := own.call("PUT", "/Me", user("ada"), "If-Match", `W/"1"`).fails(412, "")
	for _, answer := range []answer{a, patched, put, unchanged, refused, own.call("DELETE", "/Me", "").is(204)} {
		require.Equal(t, location, answer.header.Get("Location"))
	}
	own.get("/Me").fails(404, "")
}
