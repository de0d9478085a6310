package scim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
	"rollcall/scim"
)

// people fills an organization for queries.
func people(w *world) map[string]string {
	ids := map[string]string{}
	add := func(userName string, members ...string) {
		ids[userName] = w.create(userName, members...)
		w.clock.now = w.clock.now.Add(time.Minute)
	}
	add("Ada@x.org", work("Ada@X.org"), `"externalId":"E1","title":"Countess","name":{"familyName":"Lovelace"}`)
	add("bob", `"emails":[{"value":"bob@x.org","type":"work"},{"value":"bob@home.org","type":"home"}],"externalId":"e1","title":"builder"`)
	add("carl", `"active":false,"title":"Émile \"the\" \\ baker","name":{"familyName":"Abel"}`)
	add("dora", `"`+scim.EnterpriseSchema+`":{"department":"R&D","manager":{"value":"`+ids["bob"]+`"}},"roles":[{"value":"admin","primary":true}]`)
	return ids
}

func TestSCM06_Filters(t *testing.T) {
	w := newWorld(t)
	ids := people(w)
	all := "Ada@x.org bob carl dora"
	tests := map[string]string{
		`userName eq "ADA@X.ORG"`:                                      "Ada@x.org",
		`USERNAME EQ "ada@x.org"`:                                      "Ada@x.org",
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bob"`: "bob",
		`userName ne "bob"`:                                            "Ada@x.org carl dora",
		`userName sw "A"`:                                              "Ada@x.org",
		`userName co "O"`:                                              "Ada@x.org bob dora",
		`userName ew ".ORG"`:                                           "Ada@x.org",
		`userName gt "bob"`:                                            "carl dora",
		`userName le "bob"`:                                            "Ada@x.org bob",
		`userName pr`:                                                  all,
		`userName eq ""`:                                               "",
		`userName eq null`:                                             "",
		`externalId eq "E1"`:                                           "Ada@x.org",
		`externalId eq "e1"`:                                           "bob",
		`externalId pr`:                                                "Ada@x.org bob",
		`externalId ne "E1"`:                                           "bob carl dora",
		`externalId co ""`:                                             "Ada@x.org bob",
		`not (externalId pr)`:                                          "carl dora",
		`id eq "` + ids["carl"] + `"`:                                  "carl",
		`active eq false`:                                              "carl",
		`active ne false`:                                              "Ada@x.org bob dora",
		`active pr`:                                                    all,
		`emails.value eq "BOB@home.org"`:                               "bob",
		`emails eq "ada@x.org"`:                                        "Ada@x.org",
		`emails.value co "x.org"`:                                      "Ada@x.org bob",
		`emails.value ne "bob@x.org"`:                                  "Ada@x.org carl dora",
		`emails pr`:                                                    "Ada@x.org bob",
		`emails[type eq "work"].value eq "bob@x.org"`:                  "bob",
		`emails[type eq "home"].value eq "bob@x.org"`:                  "",
		`emails[type eq "work" and value co "ada"]`:                    "Ada@x.org",
		`emails[type eq "home"]`:                                       "bob",
		`emails[type eq "work"].value ne "ada@x.org"`:                  "bob",
		`emails[type eq "work"].value ne "bob@home.org"`:               "Ada@x.org bob",
		`meta.created ne "2026-01-01T12:01:00.1234567Z"`:               all,
		`meta.created ge "2026-01-01T12:01:00.1234567Z"`:               "carl dora",
		`meta.created lt "2026-01-01T12:01:00.1234567Z"`:               "Ada@x.org bob",
		`externalId ne ""`:                                             all,
		`externalId gt ""`:                                             "Ada@x.org bob",
		`emails.value co ""`:                                           "Ada@x.org bob",
		`emails[primary eq true]`:                                      "Ada@x.org",
		`meta.created gt "2026-01-01T12:01:00.123456Z"`:                "carl dora",
		`meta.created eq "2026-01-01T12:01:00.123456Z"`:                "bob",
		`meta.created eq "2026-01-01T12:01:00.1234567Z"`:               "",
		`meta.lastModified le "2026-01-01T13:00:00.123456+01:00"`:      "Ada@x.org",
		`meta.resourceType eq "User"`:                                  all,
		`meta.location eq "https://id.example.org/scim/` + string(w.org) + `/v2/Users/` + ids["bob"] + `"`: "bob",
		`meta.location sw "https://id.example.org/"`:                                                       all,
		`meta.version eq "W/\"1\""`:                                                                        all,
		`title co "É"`:                                                                                     "carl",
		`title eq "émile \"the\" \\ baker"`:                                                                "carl",
		`title pr and not (active eq false)`:                                                               "Ada@x.org bob",
		`name.familyName gt "b"`:                                                                           "Ada@x.org",
		`manager eq "` + ids["bob"] + `"`:                                                                  "dora",
		`id eq "` + ids["dora"] + `" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "` + ids["bob"] + `"`: "dora",
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r&d"`:                                                   "dora",
		`roles[primary eq true].value eq "admin"`:                                                                                          "dora",
		`urn:rollcall:params:scim:schemas:extension:account:2.0:User:accountStatus eq "inactive"`:                                          "carl",
		`userName eq "bob" or title sw "c"`:                                                                                                "Ada@x.org bob",
		`userName eq "bob" or externalId eq "E1"`:                                                                                          "Ada@x.org bob",
		`(userName eq "bob" or userName eq "carl") and (title sw "b" or active eq true)`:                                                   "bob",
		`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`:                                                          "dora",
	}
	for filter, want := range tests {
		t.Run(filter, func(t *testing.T) {
			a := w.find(filter)
			require.Equal(t, strings.Fields(want), a.names())
			a.total(len(strings.Fields(want)))
			require.Equal(t, strings.Fields(want), w.call("POST", "/Users/.search", jsonOf(map[string]any{"filter": filter})).is(200).names(), "as a search")
		})
	}
}

func TestFiltersThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for filter, says := range map[string]string{
		`userName is "x"`:                "at byte 9",
		`shoeSize eq 5`:                  "shoeSize is no attribute",
		`userName eq 5`:                  "in double quotes",
		`active eq "true"`:               "without quotes",
		`password eq "x"`:                "never returned",
		`name eq "x"`:                    "name the one to compare",
		strings.Repeat("(", 100_000):     "at most 8192",
		strings.Repeat("(", 8_000):       "nested deeper than 32",
		`userName eq "x" or ' or '1'='1`: "at byte 19",
	} {
		t.Run(filter[:min(30, len(filter))], func(t *testing.T) {
			w.get("/Users?filter="+url.QueryEscape(filter)).fails(400, "invalidFilter").says(says)
		})
	}
	w.as("entra").find(`active eq "True"`).total(0)
	for _, endpoint := range []string{"/Users?filter=%zz", "/Users/" + w.newID() + "?attributes=%zz", "/Schemas?filter=%zz"} {
		w.get(endpoint).fails(400, "invalidValue").says("The query of the URL is malformed")
	}
	w.call("POST", "/Users?attributes=%zz", user("a")).fails(400, "invalidValue")
	w.get("/Users?filter=userName+pr&filter=title+pr").fails(400, "invalidValue").says("filter stands twice")
	t.Run("a member in two spellings", func(t *testing.T) {
		w.call("POST", "/Users/.search", `{"count":0,"Count":5}`).fails(400, "invalidSyntax").says("count stands twice")
	})
}

// What the store answers by itself and what is decided over documents must be the same: "x or title eq …" takes the push
// away from x.
func TestPushedAndEvaluatedFiltersAgree(t *testing.T) {
	w := newWorld(t)
	people(w)
	w.create("kim", `"title":"sK","name":{"familyName":"ſtraße"},"displayName":"Kim/<Kim>"`) // a Kelvin sign is a k in lower case
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFilter(rt, 3, "")
		pushed := w.find(f).names()
		evaluated := w.find("(" + f + `) or not (title pr or not (title pr))`).names() // the store can say nothing about the second part
		require.Equal(rt, evaluated, pushed, f)
	})
}

// drawFilter draws a filter of any form that the store may be asked about; within is "emails" between its brackets.
func drawFilter(t *rapid.T, depth int, within string) string {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "pick") }
	text := func() string {
		return pick(" eq ", " ne ", " co ", " sw ", " ew ", " gt ", " ge ", " lt ", " le ") +
			jsonOf(pick("", "bob", "BOB@X.ORG", "ada@x.org", "bob@home.org", "work", "E1", "e", "%", "_", "x.org", "É", "countess", "BUILD", "the", `"`, "émile", "Émile \"the\" \\ baker", "r&d", "D", "abel", "K", "k", "admin", "ſ", "s"))
	}
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(t, "form") {
		case 0:
			return "not (" + drawFilter(t, depth-1, within) + ")"
		case 1:
			return "(" + drawFilter(t, depth-1, within) + ") and (" + drawFilter(t, depth-1, within) + ")"
		case 2:
			return "(" + drawFilter(t, depth-1, within) + ") or (" + drawFilter(t, depth-1, within) + ")"
		}
	}
	if within != "" {
		return pick("value"+text(), "type"+text(), "primary"+pick(" eq true", " ne true", " pr"), "value"+pick(" pr", " eq null", " ne null"))
	}
	switch rapid.IntRange(0, 7).Draw(t, "attribute") {
	case 7:
		return pick("title", "name.familyName", "name.formatted", "displayName", "roles.value", "roles", "department", scim.EnterpriseSchema+":manager.value", "timezone") + text()
	case 6:
		return pick("name", "title", "roles", "roles.primary", "department", "manager", "groups") + pick(" pr", " eq null", " ne null") +
			pick("", ` and roles[value eq "ADMIN" and primary eq true]`, ` or roles[type pr]`)
	case 0:
		return "emails[" + drawFilter(t, depth-1, "emails") + "]" + pick("", ".value"+text(), ".type"+text(), ".value pr", ".value eq null", ".primary eq true")
	case 1:
		return pick("active", "emails.primary") + pick(" eq true", " ne true", " eq false", " ne false", " pr", " eq null", " ne null")
	case 2:
		return pick("meta.created", "meta.lastModified") + pick(" eq ", " ne ", " gt ", " ge ", " lt ", " le ") +
			jsonOf(pick("2026-01-01T12:01:00.123456Z", "2026-01-01T13:01:00.123456+01:00", "2026-01-01T12:01:00.1234567Z", "1900-01-01T00:00:00Z", "9999-12-31T23:59:59Z"))
	case 3:
		return pick("userName", "externalId", "emails", "emails.value", "id", "title") + pick(" pr", " eq null", " ne null")
	}
	return pick("userName", "externalId", "emails", "emails.value", "emails.type", "id", scim.AccountSchema+":accountStatus", scim.AccountSchema+":inactiveReason") + text()
}

func TestSCM06_Pages(t *testing.T) {
	w := newWorld(t)
	want := make([]string, 250)
	for i := range want {
		want[i] = fmt.Sprintf("u%03d", i)
		w.create(want[i])
	}
	for name, tt := range map[string]struct {
		query       string
		start, from int
		items       int
	}{
		"100 by default":             {"", 1, 0, 100},
		"the second page":            {"?startIndex=101&count=100", 101, 100, 100},
		"the last, shorter page":     {"?startIndex=201&count=100", 201, 200, 50},
		"pitfall 28: beyond the end": {"?startIndex=1000&count=100", 1000, 0, 0},
		"pitfall 28: from 0":         {"?startIndex=0&count=2", 1, 0, 2},
		"from a negative index":      {"?startIndex=-5&count=2", 1, 0, 2},
		"count 0 asks for the total": {"?count=0", 1, 0, 0},
		"a negative count is 0":      {"?count=-1", 1, 0, 0},
		"more than there are":        {"?count=1000", 1, 0, 250},
		"more than allowed":          {"?count=100000", 1, 0, 250},
		"more than a number holds":   {"?count=99999999999999999999", 1, 0, 250},
		"far below nothing":          {"?startIndex=-99999999999999999999&count=2", 1, 0, 2},
		"a page of a filter":         {`?startIndex=3&count=2&filter=` + url.QueryEscape(`userName sw "u"`), 3, 2, 2},
		"a page of an evaluation":    {`?startIndex=249&count=9&filter=` + url.QueryEscape(`title ne "x"`), 249, 248, 2},
		"a page of an order":         {`?startIndex=3&count=2&sortBy=userName`, 3, 2, 2},
		"an order beyond the end":    {`?startIndex=300&count=2&sortBy=userName`, 300, 0, 0},
		"an evaluation without rows": {`?count=0&filter=` + url.QueryEscape(`title ne "x"`), 1, 0, 0},
		"spaces as plus, an empty &": {`?filter=userName+sw+%22u%22&`, 1, 0, 100},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.get("/Users" + tt.query).is(200).total(250)
			require.Equal(t, want[tt.from:tt.from+tt.items], a.names())
			require.Equal(t, json.Number(fmt.Sprint(tt.items)), a.at("itemsPerPage"), "an integer")
			require.Equal(t, json.Number(fmt.Sprint(tt.start)), a.at("startIndex"), "an integer")
			require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, a.at("schemas"))
		})
	}
	t.Run("numbers that are none", func(t *testing.T) {
		w.get("/Users?count=ten").fails(400, "invalidValue").says("count must be a whole number")
		w.get("/Users?startIndex=1.5").fails(400, "invalidValue").says("startIndex")
	})
}

func TestPitfall29_WhatIsBeyondTheFirstThousandIsFound(t *testing.T) {
	w := newWorld(t)
	const people = scim.MaxCount + 1
	require.NoError(t, w.service.Transact(t.Context(), w.org, operator, func(acts *identity.Acts) error {
		for i := range people {
			d := identity.Draft{UserName: fmt.Sprintf("u%04d", i), Active: true}
			if _, err := acts.Create(t.Context(), d, identity.Origin{Source: identity.SourceSCIM}); err != nil {
				return err
			}
		}
		return nil
	}))
	last := fmt.Sprintf("u%04d", people-1)
	w.find(`userName eq "` + last + `"`).total(1)
	require.Equal(t, []string{last}, w.find(`title ne "x" and not (userName lt "`+last+`")`).total(1).names())
	require.Equal(t, []string{last}, w.get(fmt.Sprintf("/Users?startIndex=%d", people)).total(people).names())
	require.Equal(t, []string{last}, w.get("/Users?sortBy=userName&sortOrder=descending&count=1").total(people).names())
	for _, count := range []int{scim.MaxCount, scim.MaxCount + 1} {
		for _, query := range []string{"", "&sortBy=userName", "&filter=" + url.QueryEscape(`title ne "x"`)} {
			require.Len(t, w.get(fmt.Sprintf("/Users?count=%d%s", count, query)).total(people).names(), scim.MaxCount, query)
		}
	}
}

func TestSCM16_SortByAnyAttribute(t *testing.T) {
	w := newWorld(t)
	people(w)
	for query, want := range map[string]string{
		"sortBy=userName":                          "Ada@x.org bob carl dora",
		"sortBy=userName&sortOrder=descending":     "dora carl bob Ada@x.org",
		"sortBy=title":                             "bob Ada@x.org carl dora",
		"sortBy=title&sortOrder=descending":        "dora carl Ada@x.org bob",
		"sortBy=name.familyName":                   "carl Ada@x.org bob dora",
		"sortBy=emails":                            "Ada@x.org bob carl dora",
		"sortBy=emails.type":                       "Ada@x.org bob carl dora",
		"sortBy=active":                            "carl Ada@x.org bob dora",
		"sortBy=meta.created&sortOrder=Descending": "dora carl bob Ada@x.org",
		"sortBy=ID":                                "Ada@x.org bob carl dora",
		"sortBy=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "dora Ada@x.org bob carl",
		"sortOrder=descending": "Ada@x.org bob carl dora",
	} {
		t.Run(query, func(t *testing.T) {
			require.Equal(t, strings.Fields(want), w.get("/Users?"+query).is(200).total(4).names())
		})
	}
	t.Run("times by their instants, not by their spelling", func(t *testing.T) {
		var want []string
		w.clock.now = w.clock.now.Truncate(time.Second)
		for _, after := range []time.Duration{0, 100, 120_000, 123_400} { // ends in "…00Z", "…00.0001Z", "…00.12Z", "…00.1234Z"
			name := fmt.Sprint("t", int64(after))
			want = append(want, name)
			start := w.clock.now
			w.clock.now = start.Add(after * time.Microsecond)
			w.create(name)
			w.clock.now = start
		}
		require.Equal(t, want, w.find(`userName sw "t"`, "&sortBy=meta.created").names())
		slices.Reverse(want)
		require.Equal(t, want, w.find(`userName sw "t"`, "&sortBy=meta.lastModified&sortOrder=descending").names())
	})
	w.get("/Users?sortBy=shoeSize").fails(400, "invalidPath")
	w.get("/Users?sortBy=password").fails(400, "invalidPath")
	w.get("/Users?sortBy=name").fails(400, "invalidPath")
	w.get("/Users?sortBy=title&sortOrder=up").fails(400, "invalidValue")
}

func TestProjection(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", work("ada@x.org"), `"name":{"givenName":"Ada","familyName":"L"},"title":"T"`, `"`+scim.EnterpriseSchema+`":{"department":"D","costCenter":"C"}`)
	keys := func(a answer) []string {
		var out []string
		for k := range a.body {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	const enterprise, account = scim.EnterpriseSchema, scim.AccountSchema
	for query, want := range map[string][]string{
		"attributes=userName":       {"id", "schemas", "userName"},
		"attributes=USERNAME,title": {"id", "schemas", "title", "userName"},
		"attributes=urn:ietf:params:scim:schemas:core:2.0:User:title": {"id", "schemas", "title"},
		"attributes=" + enterprise:                                    {"id", "schemas", enterprise},
		"attributes=" + enterprise + ":department":                    {"id", "schemas", enterprise},
		"attributes=" + account:                                       {"id", "schemas", account},
		"attributes=password,nothing,,":                               {"id", "schemas"},
		"attributes=name.givenName":                                   {"id", "name", "schemas"},
		"attributes=emails.value, id":                                 {"emails", "id", "schemas"},
		"excludedAttributes=emails,name,title,id,meta":                {"active", "id", "schemas", enterprise, "userName"},
		"excludedAttributes=" + enterprise + "," + account:            {"active", "emails", "id", "meta", "name", "schemas", "title", "userName"},
		"excludedAttributes=members":                                  {"active", "emails", "id", "meta", "name", "schemas", "title", enterprise, "userName"},
	} {
		t.Run(query, func(t *testing.T) {
			slices.Sort(want)
			require.Equal(t, want, keys(w.get("/Users/"+id+"?"+strings.ReplaceAll(query, " ", "%20")).is(200)))
			one := w.get("/Users?" + strings.ReplaceAll(query, " ", "%20")).is(200)
			require.Equal(t, w.get("/Users/"+id+"?"+strings.ReplaceAll(query, " ", "%20")).body, one.at("Resources", 0))
		})
	}
	require.Equal(t, map[string]any{"givenName": "Ada"}, w.get("/Users/"+id+"?attributes=name.givenName").at("name"))
	require.Equal(t, map[string]any{"familyName": "L"}, w.get("/Users/"+id+"?excludedAttributes=name.givenName").at("name"))
	require.Equal(t, map[string]any{"department": "D"}, w.get("/Users/"+id+"?attributes="+enterprise+":department").at(enterprise))
	require.Equal(t, []any{map[string]any{"value": "ada@x.org"}}, w.get("/Users/"+id+"?attributes=emails.value").at("emails"))
	w.get("/Users/"+id+"?attributes=id&excludedAttributes=name").fails(400, "invalidValue")
	t.Run("on writes too", func(t *testing.T) {
		require.Equal(t, []string{"id", "schemas", "title"}, keys(w.call("PATCH", "/Users/"+id+"?attributes=title", patch(`{"op":"add","path":"title","value":"N"}`)).is(200)))
		require.Equal(t, []string{"id", "schemas"}, keys(w.call("POST", "/Users?attributes=id", user("b")).is(201)))
		require.Equal(t, []string{"id", "schemas"}, keys(w.call("POST", "/Users/.search", `{"attributes":["id"],"filter":"title eq \"N\""}`).is(200).resource(0)))
	})
}

func (a answer) resource(i int) answer {
	a.body, _ = a.at("Resources", i).(map[string]any)
	return a
}
