package scim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

const (
	testSchema    = "urn:example:params:scim:schemas:core:2.0:TestResource"
	testExtension = "urn:example:params:scim:schemas:extension:test:2.0:TestResource"
	tests         = "/TestResources"
)

// withTypes makes a world whose server has the types of the fixtures.
func withTypes(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	types, err := scim.ReadTypes("../fixtures/schemas")
	require.NoError(t, err)
	w.server = scim.New(w.service, scim.Options{BaseURL: "https://id.example.org", Log: logTo(w.log), Types: types})
	return w
}

// withPrinters makes a world whose server has printers with the attributes given.
func withPrinters(t testing.TB, attributes string) *world {
	t.Helper()
	w := newWorld(t)
	text := registration(`{"id":"urn:example:Printer","attributes":[`+attributes+`]}`, printerType)
	types, err := scim.ReadTypes(write(t, t.TempDir(), "types.json", text))
	require.NoError(t, err)
	w.server = scim.New(w.service, scim.Options{BaseURL: "https://id.example.org", Log: logTo(w.log), Types: types})
	return w
}

func printer(members string) string { return `{"schemas":["urn:example:Printer"],` + members + `}` }

// thing is a test resource with what it needs and the members given.
func thing(name string, members ...string) string {
	all := append([]string{fmt.Sprintf(`"schemas":[%q,%q],"name":%q,%q:{"category":"tool"}`, testSchema, testExtension, name, testExtension)}, members...)
	return "{" + strings.Join(all, ",") + "}"
}

func (w *world) make(name string, members ...string) answer {
	w.t.Helper()
	return w.call("POST", tests, thing(name, members...)).is(201)
}

// found lists the names of the test resources that a filter matches.
func (w *world) found(filter string, more ...string) []string {
	w.t.Helper()
	a := w.get(tests + "?filter=" + url.QueryEscape(filter) + strings.Join(more, "")).is(200)
	names := []string{}
	for i := range a.at("Resources").([]any) {
		names = append(names, a.str("Resources", i, "name"))
	}
	a.total(len(names))
	return names
}

func TestALifeOfARegisteredResource(t *testing.T) {
	w := withTypes(t)
	made := w.call("POST", tests, thing("Hammer", `"code":"H-1"`, `"externalId":"x1"`, `"count":9007199254740993`, `"ratio":0.10`, `"enabled":true`,
		`"tags":["new","new","red"]`, `"place":{"Room":"B7","floor":2}`, `"rating":5`, `"unknown":null`)).is(201)
	id := made.str("id")
	require.Equal(t, "https://id.example.org/scim/"+string(w.org)+"/v2/TestResources/"+id, made.header.Get("Location"))
	require.Equal(t, made.header.Get("Location"), made.str("meta", "location"))
	require.Equal(t, "TestResource", made.str("meta", "resourceType"))
	require.Equal(t, []any{testSchema, testExtension}, made.at("schemas"))
	require.Equal(t, json.Number("9007199254740993"), made.at("count"))
	require.Equal(t, json.Number("0.10"), made.at("ratio"), "as it was written")
	require.Equal(t, []any{"new", "red"}, made.at("tags"))
	require.Equal(t, map[string]any{"room": "B7", "floor": json.Number("2")}, made.at("place"))
	require.Nil(t, made.at("rating"), "nobody writes what is read-only")
	require.Equal(t, made.text, w.get(tests+"/"+id).is(200).text)
	w.get(tests+"/"+id, "If-None-Match", made.header.Get("ETag")).is(304)

	patched := w.call("PATCH", tests+"/"+id, patch(`{"op":"replace","path":"count","value":-1}`, `{"op":"add","path":"tags","value":["old"]}`,
		`{"op":"remove","path":"place.floor"}`, `{"op":"replace","path":"`+testExtension+`:level","value":3}`)).is(200)
	require.Equal(t, []any{"new", "red", "old"}, patched.at("tags"))
	require.Equal(t, map[string]any{"room": "B7"}, patched.at("place"))
	require.Equal(t, map[string]any{"category": "tool", "level": json.Number("3")}, patched.at(testExtension))
	same := w.call("PATCH", tests+"/"+id, patch(`{"op":"replace","path":"count","value":-1}`)).is(200)
	require.Equal(t, patched.text, same.text, "what changes nothing changes no version")

	w.call("PUT", tests+"/"+id, thing("Hammer"), "If-Match", made.header.Get("ETag")).fails(412, "")
	replaced := w.call("PUT", tests+"/"+id, thing("Hammer"), "If-Match", patched.header.Get("ETag")).is(200)
	require.Nil(t, replaced.at("tags"))
	require.Nil(t, replaced.at("externalId"))
	require.Equal(t, map[string]any{"category": "tool"}, replaced.at(testExtension))

	w.call("DELETE", tests+"/"+id, "").is(204)
	w.get(tests+"/"+id).fails(404, "")
	w.call("DELETE", tests+"/"+id, "").fails(404, "")
	require.Empty(t, w.log.String())
}

func TestRegisteredResourcesAreOneOrganizations(t *testing.T) {
	w := withTypes(t)
	id := w.make("Hammer", `"code":"H-1"`, `"externalId":"x1"`).str("id")
	other := w.in(w.newOrg("Theirs"))
	none := other.get(tests+"/00000000-0000-7000-8000-000000000009").fails(404, "")
	for _, method := range []string{"GET", "DELETE"} {
		require.Equal(t, none.text, other.call(method, tests+"/"+id, "").is(404).text)
	}
	require.Equal(t, none.text, other.call("PUT", tests+"/"+id, thing("Mine")).is(404).text)
	require.Equal(t, none.text, other.call("PATCH", tests+"/"+id, patch(`{"op":"remove","path":"code"}`)).is(404).text)
	require.Empty(t, other.found(`externalId eq "x1"`))
	other.make("Hammer", `"code":"H-1"`)
	w.get("/Users/"+id).fails(404, "")
}

func TestWhatASchemaWantsIsHeld(t *testing.T) {
	w := withTypes(t)
	head := fmt.Sprintf(`{"schemas":[%q],"name":"x"`, testSchema)
	for name, c := range map[string]struct{ body, kind, says string }{
		"without the required extension":            {head + `}`, "invalidValue", testExtension + " is required"},
		"with an empty one":                         {head + `,"` + testExtension + `":{}}`, "invalidValue", testExtension + " is required"},
		"without its required attribute":            {head + `,"` + testExtension + `":{"level":1}}`, "invalidValue", testExtension + ":category is required"},
		"with an empty required attribute":          {head + `,"` + testExtension + `":{"category":""}}`, "invalidValue", "category is required"},
		"without the core's required attribute":     {`{"schemas":["` + testSchema + `"],"` + testExtension + `":{"category":"a"}}`, "invalidValue", "name is required"},
		"without the core schema":                   {strings.Replace(thing("x"), testSchema, "urn:x", 1), "invalidSyntax", "schemas must be"},
		"without a required part":                   {thing("x", `"place":{"floor":1}`), "invalidValue", "place.room is required"},
		"without a required part of one of several": {thing("x", `"readings":[{"value":1},{"type":"weight"}]`), "invalidValue", "readings.value is required"},
		"an attribute that there is not":            {thing("x", `"colour":"red"`), "invalidSyntax", "colour"},
		"a fraction for an integer":                 {thing("x", `"count":1.5`), "invalidValue", "count must be"},
		"a text for an integer":                     {thing("x", `"count":"1"`), "invalidValue", "count must be"},
		"a text for a decimal":                      {thing("x", `"ratio":"1"`), "invalidValue", "ratio must be"},
		"a number for a text":                       {thing("x", `"code":1`), "invalidValue", "code must be"},
		"no base64":                                 {thing("x", `"data":"a*b"`), "invalidValue", "data must be"},
		"no time":                                   {thing("x", `"checkedAt":"2024-01-31"`), "invalidValue", "checkedAt must be"},
		"a number for a reference":                  {thing("x", `"link":1`), "invalidValue", "link must be"},
		"one value for many":                        {thing("x", `"tags":"new"`), "invalidValue", "tags must be an array"},
		"two primary values":                        {thing("x", `"readings":[{"value":1,"primary":true},{"value":2,"primary":true}]`), "invalidValue", "primary"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call("POST", tests, c.body).fails(400, c.kind)
			require.Contains(t, a.body["detail"], c.says)
		})
	}
	id := w.make("x", `"place":{"room":"B7"}`, `"serial":"S1"`).str("id")
	for name, c := range map[string]struct{ op, kind string }{
		"removing the required extension":    {`{"op":"remove","path":"` + testExtension + `"}`, "mutability"},
		"removing its required attribute":    {`{"op":"remove","path":"` + testExtension + `:category"}`, "mutability"},
		"removing a required attribute":      {`{"op":"remove","path":"name"}`, "mutability"},
		"removing a required part":           {`{"op":"replace","path":"place","value":{"room":"","floor":1}}`, "invalidValue"},
		"writing what is read-only":          {`{"op":"replace","path":"rating","value":1}`, "mutability"},
		"writing again what is written once": {`{"op":"replace","path":"serial","value":"S2"}`, "mutability"},
		"removing what is written once":      {`{"op":"remove","path":"serial"}`, "mutability"},
	} {
		t.Run(name, func(t *testing.T) { w.call("PATCH", tests+"/"+id, patch(c.op)).fails(400, c.kind) })
	}
	t.Run("a PUT that leaves out what is written once keeps it", func(t *testing.T) {
		require.Equal(t, "S1", w.call("PUT", tests+"/"+id, thing("x")).is(200).at("serial"))
		w.call("PUT", tests+"/"+id, thing("x", `"serial":"S2"`)).fails(400, "mutability")
	})
	t.Run("canonical values are suggestions", func(t *testing.T) { w.make("x", `"tags":["neither"]`) })
}

func TestUniqueValuesAreHeld(t *testing.T) {
	w := withTypes(t)
	ticket := func(number string) string {
		return `"` + testExtension + `":{"category":"tool","ticket":"` + number + `"}`
	}
	plain := fmt.Sprintf(`{"schemas":[%q],"name":"x",`, testSchema)
	w.make("first", `"code":"A"`, `"numbers":[1,20,20]`)
	w.call("POST", tests, plain+ticket("T-1")+"}").is(201)
	w.make("second", `"code":"a"`)
	for name, body := range map[string]string{
		"the same text":                thing("x", `"code":"A"`),
		"one of several numbers":       thing("x", `"numbers":[3,20]`),
		"of an extension, in any case": plain + ticket("t-1") + "}",
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call("POST", tests, body).fails(409, "uniqueness")
			require.Contains(t, a.body["detail"], "another resource of this type has this")
		})
	}
	third := w.make("third", `"code":"B"`).str("id")
	w.call("PATCH", tests+"/"+third, patch(`{"op":"replace","path":"code","value":"A"}`)).fails(409, "uniqueness").says("code")
	w.call("PUT", tests+"/"+third, thing("third", `"code":"A"`)).fails(409, "uniqueness")
	w.call("PATCH", tests+"/"+third, patch(`{"op":"replace","path":"name","value":"renamed"}`)).is(200)
	w.call("PATCH", tests+"/"+third, patch(`{"op":"remove","path":"code"}`)).is(200)
	w.make("fourth", `"code":"B"`)
}

func TestEveryTypeOfValueIsFilteredByItsOwnRules(t *testing.T) {
	w := withTypes(t)
	w.make("Anvil", `"code":"Ab"`, `"externalId":"E"`, `"count":9007199254740992`, `"ratio":0.1`, `"data":"aGk="`, `"checkedAt":"2024-01-31T12:00:00+02:00"`,
		`"link":"https://example.org/A"`, `"enabled":true`, `"tags":["Red","blue"]`, `"readings":[{"value":1.50,"type":"weight"},{"value":20,"type":"temperature"}]`)
	w.make("Brush", `"code":"aB"`, `"externalId":"e"`, `"count":9007199254740993`, `"ratio":0.10000000000000000001`, `"data":"AGk"`,
		`"checkedAt":"2024-01-31T10:00:00.5Z"`, `"enabled":false`, `"readings":[{"value":20,"type":"weight"}]`)
	w.make("Clamp", `"count":-3`)
	all := []string{"Anvil", "Brush", "Clamp"}
	for filter, want := range map[string][]string{
		`name eq "anvil"`:                          {"Anvil"},
		`NAME sw "BR"`:                             {"Brush"},
		`code eq "Ab"`:                             {"Anvil"},
		`code eq "aB"`:                             {"Brush"},
		`code eq "ab"`:                             {},
		`code sw "a"`:                              {"Brush"},
		`externalId eq "E"`:                        {"Anvil"},
		`externalId eq "E" and name pr`:            {"Anvil"},
		`count eq 9007199254740993`:                {"Brush"},
		`count gt 9007199254740992`:                {"Brush"},
		`count ge 9007199254740992`:                {"Anvil", "Brush"},
		`count lt 0`:                               {"Clamp"},
		`count eq 9007199254740993.0`:              {"Brush"},
		`ratio eq 0.10`:                            {"Anvil"},
		`ratio gt 0.1`:                             {"Brush"},
		`ratio le 1e-1`:                            {"Anvil"},
		`not (ratio pr)`:                           {"Clamp"},
		`data eq "aGk="`:                           {"Anvil"},
		`data eq "aGk"`:                            {"Anvil"},
		`data ne "AGk="`:                           {"Anvil", "Clamp"},
		`data pr`:                                  {"Anvil", "Brush"},
		`checkedAt eq "2024-01-31T10:00:00Z"`:      {"Anvil"},
		`checkedAt gt "2024-01-31T11:00:00+01:00"`: {"Brush"},
		`checkedAt le "2024-01-31T02:00:00.500000-08:00"`:     {"Anvil", "Brush"},
		`link eq "https://example.org/A"`:                     {"Anvil"},
		`link eq "https://example.org/a"`:                     {},
		`link co "example"`:                                   {"Anvil"},
		`enabled eq true`:                                     {"Anvil"},
		`enabled ne true`:                                     {"Brush", "Clamp"},
		`tags eq "red"`:                                       {"Anvil"},
		`readings[type eq "weight" and value gt 1.5]`:         {"Brush"},
		`readings[type eq "temperature"].value eq 20.0`:       {"Anvil"},
		testExtension + `:category eq "TOOL"`:                 all,
		`category eq "tool" and not (name eq "clamp")`:        {"Anvil", "Brush"},
		`schemas eq "` + testExtension + `"`:                  all,
		`meta.resourceType eq "TestResource" and count eq -3`: {"Clamp"},
	} {
		require.Equal(t, want, w.found(filter), filter)
	}
	for _, filter := range []string{`data co "aG"`, `data gt "aG"`, `count eq "1"`, `ratio co 1`, `checkedAt co "2024"`, `checkedAt eq "now"`,
		`enabled gt true`, `place eq "x"`, `nothing pr`} {
		w.get(tests+"?filter="+url.QueryEscape(filter)).fails(400, "invalidFilter")
	}
	t.Run("and sorted", func(t *testing.T) {
		require.Equal(t, []string{"Clamp", "Anvil", "Brush"}, w.found("name pr", "&sortBy=count"))
		require.Equal(t, []string{"Clamp", "Brush", "Anvil"}, w.found("name pr", "&sortBy=ratio&sortOrder=descending"))
		require.Equal(t, []string{"Anvil", "Brush", "Clamp"}, w.found("name pr", "&sortBy=checkedAt"))
		require.Equal(t, []string{"Anvil", "Brush", "Clamp"}, w.found("name pr", "&sortBy=readings.value"))
	})
	t.Run("and in pages", func(t *testing.T) {
		page := w.get(tests + "?startIndex=2&count=1").is(200).total(3)
		require.Equal(t, "Brush", page.str("Resources", 0, "name"))
		first := w.get(tests + "?cursor=&count=2").is(200).total(3)
		next := w.get(tests + "?count=2&cursor=" + url.QueryEscape(first.str("nextCursor"))).is(200)
		require.Equal(t, "Clamp", next.str("Resources", 0, "name"))
	})
	t.Run("and among all types", func(t *testing.T) {
		w.create("ada@example.com")
		w.get("/?filter=" + url.QueryEscape(`count lt 0 or userName sw "ada"`)).is(200).total(2)
	})
}

func TestAttributesAreReturnedAsTheirSchemaSays(t *testing.T) {
	w := withPrinters(t, `{"name":"name"},{"name":"always","returned":"always"},{"name":"note","returned":"request"},{"name":"secret","returned":"never"},
		{"name":"place","type":"complex","subAttributes":[{"name":"room"},{"name":"floor","type":"integer"}]}`)
	made := w.call("POST", "/Printers", printer(`"name":"P","always":"a","note":"n","secret":"hush","place":{"room":"B7","floor":1}`)).is(201)
	for query, want := range map[string][]string{
		"":                               {"always", "id", "meta", "name", "place", "schemas"},
		"?attributes=note,secret":        {"always", "id", "note", "schemas"},
		"?attributes=place.room":         {"always", "id", "place", "schemas"},
		"?excludedAttributes=place,meta": {"always", "id", "name", "schemas"},
	} {
		shown := w.get("/Printers/" + made.str("id") + query).is(200)
		require.ElementsMatch(t, want, slices.Collect(maps.Keys(shown.body)), query)
	}
	require.NotContains(t, made.text+w.get("/Printers").text, "hush")
	w.get("/Printers?filter="+url.QueryEscape(`secret eq "hush"`)).fails(400, "invalidFilter")
	for _, v := range w.get("/Schemas/urn:example:Printer").is(200).at("attributes").([]any) {
		a := v.(map[string]any)
		want, ok := map[string]string{"always": "always", "note": "request", "secret": "never"}[a["name"].(string)]
		require.True(t, !ok || a["returned"] == want, a)
	}
	w = withTypes(t)
	id := w.make("Anvil", `"count":1`).str("id")
	for query, want := range map[string][]string{
		"?attributes=" + testExtension:         {"id", "schemas", testExtension},
		"?excludedAttributes=" + testExtension: {"count", "id", "meta", "name", "schemas"},
	} {
		require.ElementsMatch(t, want, slices.Collect(maps.Keys(w.get(tests+"/"+id+query).is(200).body)), query)
	}
}

// TestRFC7643_7_WhatIsReturnedOnRequestIsReturnedToWhoeverWroteIt holds that an answer to a write has what the client specified.
func TestRFC7643_7_WhatIsReturnedOnRequestIsReturnedToWhoeverWroteIt(t *testing.T) {
	w := withPrinters(t, `{"name":"name"},{"name":"note","returned":"request"},{"name":"word","returned":"request"},{"name":"secret","returned":"never"}`)
	for name, c := range map[string]struct {
		method, query, body string
		want                []string
	}{
		"POST":                           {"POST", "", printer(`"Note":"n","secret":"s"`), []string{"note"}},
		"POST that asks for other":       {"POST", "?attributes=name", printer(`"note":"n","name":"P"`), []string{"name"}},
		"PUT":                            {"PUT", "", printer(`"word":"w2"`), []string{"word"}},
		"PUT without it":                 {"PUT", "", printer(`"name":"P"`), []string{"name"}},
		"PATCH of it":                    {"PATCH", "", patch(`{"op":"replace","path":"urn:example:Printer:note","value":"n2"}`), []string{"name", "note"}},
		"PATCH without a path":           {"PATCH", "", patch(`{"op":"add","value":{"word":"w2","secret":"t"}}`), []string{"name", "word"}},
		"PATCH at the schema":            {"PATCH", "", patch(`{"op":"add","path":"urn:example:Printer","value":{"note":"n2"}}`), []string{"name", "note"}},
		"PATCH that changes nothing":     {"PATCH", "", patch(`{"op":"add","path":"note","value":"n"}`), []string{"name", "note"}},
		"PATCH of other":                 {"PATCH", "", patch(`{"op":"replace","path":"name","value":"Q"}`), []string{"name"}},
		"PATCH that takes it away":       {"PATCH", "", patch(`{"op":"remove","path":"note"}`), []string{"name"}},
		"PATCH without other":            {"PATCH", "?excludedAttributes=name", patch(`{"op":"add","path":"note","value":"n2"}`), []string{"note"}},
		"PATCH that leaves it out of it": {"PATCH", "?excludedAttributes=note", patch(`{"op":"add","path":"note","value":"n2"}`), []string{"name"}},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := "/Printers"
			if c.method != "POST" {
				endpoint += "/" + w.call("POST", "/Printers", printer(`"name":"P","note":"n","word":"w","secret":"s"`)).is(201).str("id")
			}
			a := w.call(c.method, endpoint+c.query, c.body)
			require.Less(t, a.status, 300, a.text)
			got := slices.DeleteFunc(slices.Collect(maps.Keys(a.body)), func(name string) bool { return name == "id" || name == "meta" || name == "schemas" })
			require.ElementsMatch(t, c.want, got)
			read := w.get("/Printers/" + a.str("id")).is(200)
			require.NotContains(t, read.body, "note")
			require.NotContains(t, read.body, "word")
		})
	}
	t.Run("of an extension of users", func(t *testing.T) {
		w := withTypes(t)
		const building = "urn:example:params:scim:schemas:extension:building:2.0:User"
		made := w.call("POST", "/Users", user("ada", `"`+building+`":{"badge":"B","pin":"1"}`)).is(201)
		require.Equal(t, map[string]any{"badge": "B", "pin": "1"}, made.at(building))
		require.NotContains(t, made.body, scim.AccountSchema)
		id := "/Users/" + made.str("id")
		require.Equal(t, map[string]any{"badge": "B"}, w.get(id).at(building))
		require.Equal(t, map[string]any{"badge": "B"}, w.call("PATCH", id, patch(`{"op":"add","path":"title","value":"T"}`)).is(200).at(building))
		require.Equal(t, "2", w.call("PATCH", id, patch(`{"op":"add","path":"pin","value":"2"}`)).is(200).str(building, "pin"))
	})
}

func TestDiscoveryTellsOfRegisteredTypes(t *testing.T) {
	w := withTypes(t)
	kind := w.get("/ResourceTypes/TestResource").is(200)
	require.Equal(t, "/TestResources", kind.at("endpoint"))
	require.Equal(t, testSchema, kind.at("schema"))
	require.Equal(t, []any{map[string]any{"schema": testExtension, "required": true}}, kind.at("schemaExtensions"))
	w.get("/ResourceTypes").total(3)
	require.Len(t, w.get("/ResourceTypes/User").at("schemaExtensions"), 3)
	shown := map[string]map[string]any{}
	for _, v := range w.get("/Schemas/" + testSchema).is(200).at("attributes").([]any) {
		a := v.(map[string]any)
		shown[a["name"].(string)] = a
	}
	require.Equal(t, []any{"new", "old"}, shown["tags"]["canonicalValues"])
	require.Equal(t, []any{"User", "Group"}, shown["owner"]["referenceTypes"])
	require.Equal(t, true, shown["link"]["caseExact"])
	require.Equal(t, "server", shown["code"]["uniqueness"])
	require.Equal(t, "immutable", shown["serial"]["mutability"])
	require.Equal(t, true, shown["place"]["subAttributes"].([]any)[0].(map[string]any)["required"])
	w.call("DELETE", tests, "").fails(405, "")
}

func TestRegisteredResourcesTakePartInBulkRequests(t *testing.T) {
	w := withTypes(t)
	operation := func(path, id, data string) string {
		return `{"method":"POST","path":"` + path + `","bulkId":"` + id + `","data":` + data + `}`
	}
	done := w.call("POST", "/Bulk", `{"schemas":["`+scim.BulkRequestSchema+`"],"Operations":[`+strings.Join([]string{
		operation(tests, "a", thing("Anvil", `"parent":"bulkId:b"`)), operation(tests, "b", thing("Bench")), operation(tests, "c", thing("", `"count":1`)),
	}, ",")+`]}`).is(200)
	require.Equal(t, []any{"201", "201", "400"}, []any{done.at("Operations", 0, "status"), done.at("Operations", 1, "status"), done.at("Operations", 2, "status")})
	parent := done.str("Operations", 1, "location")
	require.Equal(t, []string{"Anvil"}, w.found(`parent eq "`+parent[strings.LastIndex(parent, "/")+1:]+`"`))
	found := w.call("POST", tests+"/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"name sw \"b\""}`).is(200).total(1)
	require.Equal(t, "Bench", found.str("Resources", 0, "name"))
}
